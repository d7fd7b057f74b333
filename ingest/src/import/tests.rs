use super::*;
use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use paceline_schemas::reject::Reason;

use crate::mapping::{self, CompiledMapping};

const DEALS: &str = r#"
mapping = "m"
connection = "c"
entity = ["id"]
[[emit]]
type = "lead.assigned"
[emit.fields]
rep_id = "rep"
origin = { const = "list" }
time = { const = "2026-01-01" }
"#;

fn mapping_with(top: &str) -> CompiledMapping {
    mapping::parse(&format!("{top}\n{DEALS}")).expect("mapping")
}

fn write(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, bytes).expect("write");
    path
}

// What reading gave, in short: line and cells, or line and reason.
fn read_path(path: &Path, mapping: &CompiledMapping, limits: Limits) -> Result<Vec<String>, Error> {
    let rows = open_within(path, mapping, limits)?;
    rows.map(|read| {
        Ok(match read? {
            Read::Row(row) => {
                let cells: Vec<&str> = (0..2).map(|column| row.cell(column).unwrap_or("~")).collect();
                format!("{} {}", row.line, cells.join("|"))
            }
            Read::Refused(refused) => format!("{} {}", refused.line, refused.reject.reason),
        })
    })
    .collect()
}

fn within(limits: Limits) -> impl Fn(&[u8], &str) -> Result<Vec<String>, Error> {
    let folder = tempfile::tempdir().expect("folder");
    move |bytes, top| read_path(&write(&folder, bytes), &mapping_with(top), limits)
}

fn read_within(bytes: &[u8], top: &str, limits: Limits) -> Result<Vec<String>, Error> {
    within(limits)(bytes, top)
}

fn read(bytes: &[u8], top: &str) -> Result<Vec<String>, Error> {
    read_within(bytes, top, Limits::default())
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let mark = if mark { "\u{feff}" } else { "" };
    let units = format!("{mark}{text}").encode_utf16().collect::<Vec<_>>();
    units
        .into_iter()
        .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
        .collect()
}

#[test]
fn rows_are_read_in_the_order_of_the_mappings_columns_with_their_lines() {
    let text = "other,rep,id\r\nx,Ana,1\r\n\r\n\"a\nb\",\"B, ob\",2\r\ny,李雷,3";
    let rows = read(text.as_bytes(), "").expect("rows");
    assert_eq!(rows, ["2 1|Ana", "4 2|B, ob", "6 3|李雷"]);
}

#[test]
fn every_encoding_gives_the_same_rows() {
    let text = "id,rep\n1,José 李雷\n2,é\n";
    let latin = "id,rep\n1,José\n2,é\n";
    let expected = ["2 1|José 李雷", "3 2|é"];
    let gb18030 = encoding_rs::GB18030.encode(text).0.into_owned();
    for (bytes, top) in [
        (text.as_bytes().to_vec(), ""),
        ([b"\xef\xbb\xbf", text.as_bytes()].concat(), ""),
        (utf16(text, false, true), ""),
        (utf16(text, true, true), "encoding = \"utf-16le\""),
        (utf16(text, false, false), "encoding = \"utf-16le\""),
        (utf16(text, true, false), "encoding = \"utf-16be\""),
        (gb18030, "encoding = \"gb18030\""),
    ] {
        assert_eq!(read(&bytes, top).expect("rows"), expected, "{top}");
    }
    let windows = encoding_rs::WINDOWS_1252.encode(latin).0.into_owned();
    assert_eq!(
        read(&windows, "encoding = \"windows-1252\"").expect("rows"),
        ["2 1|José", "3 2|é"]
    );
}

#[test]
fn delimiters_skipped_lines_and_files_without_header_are_read() {
    assert_eq!(
        read(b"a title\n\nid;rep\n1;Ana\n", "delimiter = \";\"\nskip_rows = 2").expect("rows"),
        ["4 1|Ana"]
    );
    assert_eq!(
        read(b"id\trep\n1\tAna\n", "delimiter = \"\\t\"").expect("rows"),
        ["2 1|Ana"]
    );
    let folder = tempfile::tempdir().expect("folder");
    let path = write(&folder, b"1|Ana\n2|Bob\n");
    let text = format!("header = false\ndelimiter = \"|\"\n{DEALS}")
        .replace("\"rep\"", "\"c2\"")
        .replace("\"id\"", "\"c1\"");
    let rows = open(&path, &mapping::parse(&text).expect("mapping")).expect("rows");
    let lines: Vec<u64> = rows
        .filter_map(|read| match read.expect("read") {
            Read::Row(row) => row.cell(1).map(|_| row.line),
            Read::Refused(_) => None,
        })
        .collect();
    assert_eq!(lines, [1, 2]);
}

#[test]
fn packed_files_are_unpacked_and_their_position_is_that_of_the_file() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(b"id,rep\n1,Ana\n").expect("pack");
    let folder = tempfile::tempdir().expect("folder");
    let path = write(&folder, &packed.finish().expect("pack"));
    let size = std::fs::metadata(&path).expect("file").len();
    let mut rows = open(&path, &mapping_with("")).expect("rows");
    assert!(matches!(rows.next(), Some(Ok(Read::Row(_)))));
    assert!(rows.next().is_none());
    assert_eq!(rows.position(), (size, size));
    assert_eq!((rows.file().name.as_str(), rows.file().digest.len()), ("rows.csv", 64));
}

#[test]
fn a_bad_row_is_refused_alone() {
    let rows = read(b"id,rep\n1,Ana\n2\n3,\xff\xfe\n4,a,b\n5,Bob\n", "").expect("rows");
    assert_eq!(
        rows,
        ["2 1|Ana", "3 malformed", "4 malformed", "5 malformed", "6 5|Bob"]
    );
}

#[test]
fn invalid_bytes_are_named_by_line_and_place() {
    let folder = tempfile::tempdir().expect("folder");
    let path = write(&folder, b"id,rep\n1,Ana\n2,J\xe9\n");
    let refused = open(&path, &mapping_with(""))
        .expect("rows")
        .find_map(|read| match read.expect("read") {
            Read::Refused(refused) => Some(refused),
            Read::Row(_) => None,
        });
    let reject = refused.expect("refused").reject;
    assert_eq!(
        (reject.reason, reject.detail.as_str()),
        (
            Reason::Malformed,
            "row at line 3: the bytes at 16 are not valid UTF-8; \
             if the whole file is like this, name its `encoding` in the mapping"
        )
    );
}

#[test]
fn a_quote_left_open_costs_one_row() {
    let mut text = "id,rep\n1,\"Ana\n".to_owned();
    for number in 2..6 {
        text.push_str(&format!("{number},Bob\n"));
    }
    let rows = read(text.as_bytes(), "").expect("rows");
    assert_eq!(rows, ["2 malformed", "3 2|Bob", "4 3|Bob", "5 4|Bob", "6 5|Bob"]);
    let limits = Limits {
        row_bytes_max: 16,
        ..Limits::default()
    };
    let rows = read_within(text.as_bytes(), "", limits).expect("rows");
    assert_eq!(rows, ["2 too_large", "3 2|Bob", "4 3|Bob", "5 4|Bob", "6 5|Bob"]);
    let rows = read(b"id,rep\n1,\"Ana\n\"2\",Bob\n3,Cy\n", "").expect("rows");
    assert_eq!(rows, ["2 malformed", "3 2|Bob", "4 3|Cy"]);
}

#[test]
fn a_row_over_the_limit_is_refused_and_the_file_goes_on() {
    let long = "x".repeat(200_000);
    let text = format!("id,rep\n1,{long}\n2,Bob\n");
    assert_eq!(read(text.as_bytes(), "").expect("rows"), ["2 too_large", "3 2|Bob"]);
}

#[test]
fn files_over_the_limit_are_refused_packed_or_not() {
    let text = format!("id,rep\n{}", "1,Ana\n".repeat(100));
    let limits = Limits {
        file_bytes_max: 300,
        ..Limits::default()
    };
    assert!(matches!(
        read_within(text.as_bytes(), "", limits),
        Err(Error::FileTooLarge { .. })
    ));
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(text.as_bytes()).expect("pack");
    let packed = packed.finish().expect("pack");
    assert!(packed.len() < 300);
    assert!(matches!(
        read_within(&packed, "", limits),
        Err(Error::FileTooLarge { .. })
    ));
}

#[test]
fn a_header_that_does_not_fit_says_what_to_try() {
    let message = |bytes: &[u8], top: &str| read(bytes, top).expect_err("refused").to_string();
    let gb = encoding_rs::GB18030.encode("话单号,id,rep\n").0.into_owned();
    let text = message(&gb, "");
    assert!(
        text.contains("as `UTF-8`") && text.contains("encoding = \"gb18030\" or \"windows-1252\""),
        "{text}"
    );
    assert!(message(&utf16("id,rep\n", false, false), "").contains("utf-16le"));
    let text = message(b"id,agent\n1,Ana\n", "");
    assert!(
        text.contains("lacks the columns `rep`") && text.contains("it has `id`, `agent`"),
        "{text}"
    );
    assert!(message(b"id,rep,rep\n", "").contains("`rep` more than once"));
    assert!(message(b"", "skip_rows = 3").contains("no line after the `3`"));
    assert!(message(b"id,rep,more\n", "strict = true").contains("`more`"));
}

#[test]
fn unmapped_columns_are_told() {
    let folder = tempfile::tempdir().expect("folder");
    let path = write(&folder, b"id,note,rep,more\n");
    assert_eq!(
        open(&path, &mapping_with("")).expect("rows").unmapped_columns(),
        ["note", "more"]
    );
}

#[test]
fn rows_without_entity_are_numbered_by_their_repeats() {
    let folder = tempfile::tempdir().expect("folder");
    let path = write(&folder, b"id,rep\n1,Ana\n2,Bob\n1,Ana\r\n");
    let text = DEALS.replace("entity = [\"id\"]", "");
    let mapping = mapping::parse(&text).expect("mapping");
    let names: Vec<String> = open(&path, &mapping)
        .expect("rows")
        .filter_map(|read| match read.expect("read") {
            Read::Row(row) => row.identity.map(record::Identity::text),
            Read::Refused(_) => None,
        })
        .collect();
    assert_eq!(names.len(), 3);
    assert!(
        names[0].ends_with("#1") && names[1].ends_with("#1") && names[2].ends_with("#2"),
        "{names:?}"
    );
    assert_eq!(
        names[0].split_once('#').map(|n| n.0),
        names[2].split_once('#').map(|n| n.0)
    );
}

#[test]
fn json_lines_are_read_by_key_and_by_pointer() {
    let text = concat!(
        "{\"id\":\"1\",\"agent\":{\"names\":[\"An\\u0061\",\"x\"]},\"other\":1}\n\n",
        "{\"id\":1054.10,\"agent\":null}\n",
        "{\"id\":3\n",
        "[1]\n",
        "{\"id\":\"4\",\"agent\":{\"names\":[\"Bob\"]}}\n",
    );
    let folder = tempfile::tempdir().expect("folder");
    let path = write(&folder, text.as_bytes());
    let toml = format!("format = \"jsonl\"\n{}", DEALS.replace("\"rep\"", "\"/agent/names/0\""));
    let mapping = mapping::parse(&toml).expect("mapping");
    let mut rows = open(&path, &mapping).expect("rows");
    let mut got = Vec::new();
    for read in rows.by_ref() {
        got.push(match read.expect("read") {
            Read::Row(row) => format!(
                "{} {}|{}",
                row.line,
                row.cell(0).unwrap_or("~"),
                row.cell(1).unwrap_or("~")
            ),
            Read::Refused(refused) => format!("{} {}", refused.line, refused.reject.reason),
        });
    }
    assert_eq!(got, ["1 1|Ana", "3 1054.10|~", "4 malformed", "5 malformed", "6 4|Bob"]);
    assert_eq!(rows.unmapped_columns(), ["other"]);
}

#[test]
fn deep_json_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let text = format!("{{\"id\":{}1{}}}\n", "[".repeat(20_000), "]".repeat(20_000));
    let path = write(&folder, text.as_bytes());
    let mapping = mapping_with("format = \"jsonl\"");
    let read: Vec<_> = open(&path, &mapping).expect("rows").collect();
    assert!(
        matches!(read.as_slice(), [Ok(Read::Refused(refused))] if refused.reject.detail.contains("deeper than 16"))
    );
}
