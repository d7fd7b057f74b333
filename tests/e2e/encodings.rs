//! The same rows in other clothes: compressed, in other encodings, as lines of JSON.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use encoding_rs::GB18030;
use flate2::Compression;
use flate2::write::GzEncoder;
use paceline_tests::sandbox::{Dump, Sandbox};

use crate::deals_file::{DealRow, deals_csv, import_people, own_mapping};

const PEOPLE: [(&str, &str); 2] = [("李雷", "main"), ("韩梅梅", "main")];

fn rows() -> Vec<DealRow> {
    let row = |deal: &str, rep: &str, product: &str| {
        let mut row = DealRow::opened(deal, rep, "2025-02-20");
        product.clone_into(&mut row.product);
        row
    };
    vec![
        row("D1", "李雷", "专业版").won("2025-03-01", "1054.00"),
        row("D2", "韩梅梅", "基础版").lost("2025-03-02"),
        row("D3", "韩梅梅", "Über plus").won("2025-03-03", "7.05"),
    ]
}

/// The deals mapping with further lines at its top.
fn mapping_with(sandbox: &Sandbox, name: &str, lines: &str) -> PathBuf {
    let text = fs::read_to_string(own_mapping("deals.toml")).expect("the mapping is there");
    let first_line_end = text.find("mapping =").expect("the mapping has a name");
    let (comment, keys) = text.split_at(first_line_end);
    sandbox.file(name, format!("{comment}{lines}\n{keys}"))
}

fn tables_of(file_name: &str, bytes: &[u8], lines: &str) -> Dump {
    let sandbox = Sandbox::new();
    import_people(&sandbox, &PEOPLE);
    let mapping = mapping_with(&sandbox, "other.toml", lines);
    let report = sandbox.import(&[&sandbox.file(file_name, bytes)], &mapping);
    assert_eq!(report.rejected, 0, "{file_name}: {}", report.whole);
    Dump::of(&sandbox)
}

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything")
}

fn json_lines(text: &str) -> String {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().expect("a header").clone();
    let object = |record: csv::StringRecord| {
        let pairs = names
            .iter()
            .zip(record.iter())
            .map(|(name, value)| (name.to_owned(), value.into()));
        serde_json::Value::Object(pairs.collect()).to_string() + "\n"
    };
    reader.records().map(|record| object(record.expect("a row"))).collect()
}

#[test]
fn every_encoding_ends_in_the_same_tables() {
    let text = deals_csv(&rows());
    let plain = tables_of("plain.csv", text.as_bytes(), "");
    assert_eq!(plain.rows("fct_deal"), 3);
    let tabs = text.replace(',', "\t");
    let bom = ["\u{feff}", &text].concat();
    let (chinese, _, _) = GB18030.encode(&text);
    for (name, bytes, lines) in [
        ("bom.csv", bom.as_bytes(), ""),
        ("deals.csv.gz", &gzip(text.as_bytes()), ""),
        ("gb18030.csv", &chinese, "encoding = \"gb18030\""),
        ("gb18030.csv.gz", &gzip(&chinese), "encoding = \"gb18030\""),
        ("utf16.csv", &utf16(&text), "encoding = \"utf-16le\""),
        ("deals.tsv", tabs.as_bytes(), "delimiter = \"\\t\""),
        ("deals.ndjson", json_lines(&text).as_bytes(), "format = \"jsonl\""),
    ] {
        tables_of(name, bytes, lines).assert_same(&plain, name);
    }
}

#[test]
fn a_wrong_encoding_is_refused_by_line_and_the_other_rows_come_in() {
    let sandbox = Sandbox::new();
    import_people(&sandbox, &[("ada", "main"), ("李雷", "main")]);
    let mut rows = rows();
    let ascii = DealRow::opened("D9", "ada", "2025-02-20").won("2025-03-09", "1.00");
    rows.push(ascii);
    let (chinese, _, _) = GB18030.encode("李雷");
    let text = deals_csv(&rows[3..]);
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(b"D8,");
    bytes.extend_from_slice(&chinese);
    bytes.extend_from_slice(b",acc,Pro,New,2025-02-20,,,,USD\n");
    let report = sandbox.import(&[&sandbox.file("wrong.csv", bytes)], &own_mapping("deals.toml"));
    assert!(
        report.rejected > 0 && report.rejects.iter().all(|reject| reject.line == 3),
        "{}",
        report.whole
    );
    assert_eq!(report.rejects[0].reason, "malformed");
    assert!(
        report.rejects[0].detail.contains("byte"),
        "{}",
        report.rejects[0].detail
    );
    assert_eq!(sandbox.sql("SELECT deal_id FROM fct_deal").value(), "D9");
}

#[test]
fn a_header_in_another_encoding_stops_the_import_with_a_hint() {
    let sandbox = Sandbox::new();
    import_people(&sandbox, &PEOPLE);
    let (chinese, _, _) = GB18030.encode("客户,deal\nx,y\n");
    let file = sandbox.file("header.csv", chinese);
    let finished = sandbox.run(&Sandbox::import_words(&[&file], &own_mapping("deals.toml")));
    assert!(matches!(finished.code, Some(1 | 2)), "{finished:?}");
    assert!(
        finished.stderr.contains("header.csv") && finished.stderr.contains("encoding"),
        "{}",
        finished.stderr
    );
}
