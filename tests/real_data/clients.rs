//! Other engines read the stored tables and find the same sums.

use std::path::Path;
use std::process::Command;

use paceline_tests::clients::python;
use paceline_tests::sandbox::{Sandbox, Table, root};

use crate::crm::baseline;

const SUMS: [(&str, &str); 5] = [
    (
        "agg_rep_day",
        "SELECT COUNT(*) AS n, SUM(wins) AS a, SUM(losses) AS b, SUM(revenue_minor) AS c FROM",
    ),
    (
        "agg_rep_hour",
        "SELECT COUNT(*) AS n, SUM(wins) AS a, SUM(wins_booked) AS b, SUM(revenue_minor) AS c FROM",
    ),
    (
        "fct_deal_event",
        "SELECT COUNT(*) AS n, SUM(amount_minor) AS a, MIN(business_date) AS b, MAX(rep_id) AS c FROM",
    ),
    (
        "snap_rep_window",
        "SELECT COUNT(*) AS n, SUM(wins) AS a, SUM(losses) AS b, SUM(revenue_minor) AS c FROM",
    ),
    (
        "dim_rep",
        "SELECT COUNT(*) AS n, MIN(rep_id) AS a, MAX(team_id) AS b, MAX(hired_on) AS c FROM",
    ),
];

#[track_caller]
fn assert_same_sums(sandbox: &Sandbox, script: &str) {
    for (table, select) in SUMS {
        // The view of the same name sums what the stored table holds.
        let ours = sandbox.sql(&format!("{select} stored.{table}"));
        let script = root().join("tests").join("clients").join(script);
        let output = Command::new(python(Path::new(env!("CARGO_TARGET_TMPDIR"))))
            .arg(&script)
            .arg(sandbox.data())
            .arg(table)
            .arg(format!("{select} {table}"))
            .output();
        let output = output.expect("python runs");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} on {table}:\n{message}", script.display());
        let theirs = Table::read(&String::from_utf8_lossy(&output.stdout));
        assert_eq!(theirs.rows, ours.rows, "{} on {table}", script.display());
    }
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn duckdb_gives_the_same_sums() {
    let Some(base) = baseline() else { return };
    assert_same_sums(&base.sandbox, "read_delta.py");
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn polars_gives_the_same_sums() {
    let Some(base) = baseline() else { return };
    assert_same_sums(&base.sandbox, "read_delta_polars.py");
}
