//! Runs the files of SQL under `tests/sql`: a query and its rows, or a statement and the code that refuses it.
//!
//! ```text
//! query IT rowsort        -- types are for the reader; with rowsort the order does not count
//! SELECT …
//! ----
//! one line per row, columns joined by a space, NULL for NULL, (empty) for an empty text
//!
//! statement error 42P01
//! SELECT …
//! ```

use std::path::Path;
use std::sync::Arc;

use paceline_query::Engine;

use crate::seed::{Floor, Row, at, day, row, texts};

/// A small floor: two sites, three reps, two currencies.
fn floor() -> Arc<Floor> {
    let floor = Floor::new();
    let rep = |rep: &'static str, team: &'static str, site: &'static str| {
        row! { rep_id: rep, display_name: rep.to_uppercase(), team_id: team, site_id: site, role: "seller", fte_bp: 10_000,
        valid_from: day("2026-01-01") }
    };
    floor.write(
        "dim_rep",
        &[
            rep("ann", "east", "main"),
            rep("bob", "east", "main"),
            rep("李雷", "north", "上海"),
        ],
    );
    let sums = |on: &str,
                rep: &'static str,
                site: &'static str,
                currency: &'static str,
                dials: i64,
                contacts: i64,
                wins: i64| {
        row! { business_date: day(on), rep_id: rep, site_id: site, currency: currency, dials: dials, contacts: contacts,
        wins: wins, revenue_minor: wins * 105_400, wins_booked: wins }
    };
    floor.write(
        "agg_rep_day",
        &[
            sums("2026-04-01", "ann", "main", "USD", 40, 12, 1),
            sums("2026-04-01", "bob", "main", "USD", 35, 0, 0),
            sums("2026-04-01", "李雷", "上海", "CNY", 50, 20, 3),
        ],
    );
    floor.write(
        "agg_rep_day",
        &[
            sums("2026-04-02", "ann", "main", "USD", 38, 9, 2),
            sums("2026-04-02", "ann", "main", "EUR", 0, 0, 1),
        ],
    );
    floor.write("agg_rep_day", &[sums("2026-04-01", "ann", "main", "USD", 2, 1, 0)]);
    let calendar = |site: &'static str| {
        (0..60).map(move |n: i32| {
            let on = day("2026-03-01").plus(n);
            row! { site_id: site, business_date: on, workday: true, weight_bp: 10_000,
            starts_at: paceline_schemas::time::Instant(i64::from(on.0) * 86_400_000_000),
            ends_at: paceline_schemas::time::Instant(i64::from(on.0 + 1) * 86_400_000_000),
            week_start: on.plus(-(on.0 - 4).rem_euclid(7)),
            month_start: if n < 31 { day("2026-03-01") } else { day("2026-04-01") },
            quarter_start: if n < 31 { day("2026-01-01") } else { day("2026-04-01") },
            half_start: day("2026-01-01"), year_start: day("2026-01-01") }
        })
    };
    floor.write(
        "dim_calendar",
        &calendar("main").chain(calendar("上海")).collect::<Vec<Row>>(),
    );
    floor.write(
        "ops_publish_log",
        &[row! { table: "agg_rep_day", shard: "0", version: 3, seq: 3, next_offset: 7, watermark: at("2026-04-02T18:00:00Z"),
        published_at: at("2026-04-02T18:00:05Z") }],
    );
    floor
}

#[test]
fn files_of_sql_give_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql");
    let faults = run_folder(&floor().engine(), &folder);
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// Runs the files of a folder, of which there must be some; what is wrong with them.
pub(crate) fn run_folder(engine: &Engine, folder: &Path) -> Vec<String> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "slt"));
    files.sort();
    assert!(files.len() > 2);
    files.iter().flat_map(|path| run(engine, path)).collect()
}

/// The SQL of the first query of a file.
pub(crate) fn first_query(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a file");
    let block = text
        .split("\n\n")
        .map(without_comments)
        .find(|block| block.starts_with("query"));
    let block = block.expect("a query");
    let sql = block.lines().skip(1).take_while(|line| *line != "----");
    sql.collect::<Vec<_>>().join("\n")
}

fn run(engine: &Engine, path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("a file");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let blocks = text
        .split("\n\n")
        .map(without_comments)
        .filter(|block| !block.is_empty());
    let faults = blocks.filter_map(|block| check(engine, &block).err().map(|fault| format!("{name}: {fault}")));
    faults.collect()
}

fn without_comments(block: &str) -> String {
    let lines: Vec<&str> = block
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .collect();
    lines.join("\n")
}

fn check(engine: &Engine, block: &str) -> Result<(), String> {
    let (head, body) = block
        .split_once('\n')
        .ok_or_else(|| format!("no SQL under `{block}`"))?;
    if let Some(code) = head.strip_prefix("statement error ") {
        let found = engine.query_all(body).map_or_else(|error| error.state.code(), |_| "ok");
        return (found == code)
            .then_some(())
            .ok_or_else(|| format!("{body}\nexpected {code}, found {found}"));
    }
    let Some(options) = head.strip_prefix("query") else {
        return Err(format!("`{head}` is neither query nor statement"));
    };
    let (sql, expected) = body
        .split_once("----")
        .ok_or_else(|| format!("no rows under `{body}`"))?;
    let rows = texts(engine, sql).map_err(|error| format!("{sql}\n{} {error}", error.state.code()))?;
    let shown = |cell: &String| {
        if cell.is_empty() {
            "(empty)".to_owned()
        } else {
            cell.clone()
        }
    };
    let mut found: Vec<String> = rows
        .iter()
        .map(|row| row.iter().map(shown).collect::<Vec<_>>().join(" "))
        .collect();
    let mut expected: Vec<String> = expected
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    if options.ends_with("rowsort") {
        found.sort();
        expected.sort();
    }
    (found == expected)
        .then_some(())
        .ok_or_else(|| format!("{sql}\nexpected\n{}\nfound\n{}", expected.join("\n"), found.join("\n")))
}
