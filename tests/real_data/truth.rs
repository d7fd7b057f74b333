//! Every published sum of crm_maven, cell for cell.

use std::collections::BTreeMap;

use jiff::Unit;
use jiff::civil::Date;
use paceline_tests::sandbox::{Table, live_files};

use crate::crm::{Baseline, Lines, UNDATED, baseline, truth_rows};

const LIVE_FILES_MAX: usize = 40;
const WON_LOST: &str = "SUM(wins) AS won, SUM(losses) AS lost, SUM(revenue_minor) / 100 AS value";

/// Won of all closed deals with six digits.
fn conversion(won: &str, lost: &str) -> String {
    let [won, lost] = [won, lost].map(|count| count.parse::<f64>().expect("a count"));
    format!("{:.6}", won / (won + lost))
}

fn pick(row: &[String], columns: &[usize]) -> Vec<String> {
    columns.iter().map(|at| row[*at].clone()).collect()
}

#[track_caller]
fn assert_windows(base: &Baseline, table: &str) {
    let windows = base.sandbox.sql(&format!(
        "SELECT rep_id, replace(\"window\", 'd', ''), as_of, wins, losses, revenue_minor / 100 FROM {table} \
         WHERE \"window\" IN ('7d', '28d', '90d')"
    ));
    let expected = truth_rows(&base.folder, "gt_rolling.csv");
    assert_eq!(expected.len(), 27_268);
    windows.assert_rows(table, expected);
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn rolling_windows_equal_all_rows_of_the_recount() {
    let Some(base) = baseline() else { return };
    assert_windows(base, "agg_rep_window");
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn the_window_snapshot_holds_the_same_rows() {
    let Some(base) = baseline() else { return };
    assert_windows(base, "snap_rep_window");
    let all =
        "SELECT rep_id, \"window\", as_of, currency, wins, losses, wins_booked, customers_new, revenue_minor FROM";
    let view = base.sandbox.sql(&format!("{all} agg_rep_window"));
    base.sandbox
        .sql(&format!("{all} snap_rep_window"))
        .assert_rows("snap_rep_window", view.rows);
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn the_window_job_may_run_again() {
    let Some(base) = baseline() else { return };
    let sandbox = base.sandbox.copy();
    let count = "SELECT COUNT(*) FROM snap_rep_window WHERE as_of = DATE '2017-12-31'";
    let before = sandbox.sql(count);
    sandbox.succeed(&["jobs", "run", "snap_rep_window", "--as-of", "2017-12-31"]);
    assert_eq!(sandbox.sql(count), before);
    sandbox.fsck();
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn days_and_months_of_agents_equal_the_recount() {
    let Some(base) = baseline() else { return };
    let days = base.sandbox.sql(&format!(
        "SELECT rep_id, business_date, {WON_LOST} FROM agg_rep_day GROUP BY 1, 2 HAVING SUM(wins) + SUM(losses) > 0"
    ));
    days.assert_rows("gt_agent_day", truth_rows(&base.folder, "gt_agent_day.csv"));
    let mut months = base.sandbox.sql(&format!(
        "SELECT rep_id, substr(CAST(business_date AS VARCHAR), 1, 7), {WON_LOST} FROM agg_rep_day GROUP BY 1, 2 \
         HAVING SUM(wins) + SUM(losses) > 0"
    ));
    for row in &mut months.rows {
        row.push(conversion(&row[2], &row[3]));
    }
    months.assert_rows("gt_agent_month", truth_rows(&base.folder, "gt_agent_month.csv"));
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn offices_and_managers_equal_the_recount_through_dim_rep() {
    let Some(base) = baseline() else { return };
    let months = base.sandbox.sql(&format!(
        "SELECT o.ancestor_id, r.manager_id, substr(CAST(d.business_date AS VARCHAR), 1, 7), {WON_LOST} \
         FROM agg_rep_day d JOIN dim_rep r ON r.rep_id = d.rep_id \
         JOIN dim_org o ON o.descendant_id = r.team_id AND o.ancestor_kind = 'site' \
         GROUP BY 1, 2, 3 HAVING SUM(wins) + SUM(losses) > 0"
    ));
    months.assert_rows(
        "gt_office_manager_month",
        truth_rows(&base.folder, "gt_office_manager_month.csv"),
    );
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn engagements_by_month_equal_the_recount() {
    let Some(base) = baseline() else { return };
    let months = base.sandbox.sql(
        "SELECT rep_id, substr(CAST(opened_date AS VARCHAR), 1, 7), COUNT(*) FROM fct_deal \
         WHERE opened_date IS NOT NULL GROUP BY 1, 2",
    );
    months.assert_rows(
        "gt_agent_engage_month",
        truth_rows(&base.folder, "gt_agent_engage_month.csv"),
    );
}

/// Counts by state with the value of wins, for each value of a column of `fct_deal`.
fn states_by(base: &Baseline, column: &str) -> Table {
    base.sandbox.sql(&format!(
        "SELECT {column}, SUM(CASE WHEN state = 'won' THEN 1 ELSE 0 END), SUM(CASE WHEN state = 'lost' THEN 1 ELSE 0 END), \
         SUM(CASE WHEN state = 'open' THEN 1 ELSE 0 END), SUM(CASE WHEN state = 'won' THEN credit_minor ELSE 0 END) / 100 \
         FROM fct_deal GROUP BY 1"
    ))
}

/// How many refused rows have each value of a column of the file, by the lines that the dead letters name.
fn undated_by(base: &Baseline, column: usize) -> BTreeMap<String, i64> {
    let file = Lines::read(&base.folder.join("sales_pipeline.csv"));
    let refused = base
        .sandbox
        .sql("SELECT DISTINCT origin_line FROM ops_dead_letter WHERE reason = 'missing_field'");
    let mut counts = BTreeMap::new();
    for row in refused.rows {
        let line: usize = row[0].parse().expect("a line number");
        let value = file.lines[line - 2].split(',').nth(column).expect("the row is whole");
        *counts.entry(value.to_owned()).or_insert(0) += 1;
    }
    counts
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn products_equal_the_recount_and_their_undated_rows_are_listed() {
    let Some(base) = baseline() else { return };
    let undated = undated_by(base, 2);
    let mut products = states_by(base, "product_id");
    for row in &mut products.rows {
        row.insert(4, undated.get(&row[0]).unwrap_or(&0).to_string());
    }
    products.assert_rows("gt_product", truth_rows(&base.folder, "gt_product.csv"));
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn agents_equal_the_recount_and_undated_rows_are_refused_as_such() {
    let Some(base) = baseline() else { return };
    let undated = undated_by(base, 1);
    assert_eq!(undated.values().sum::<i64>(), UNDATED);
    assert!(
        base.report
            .rejects
            .iter()
            .all(|reject| reject.reason == "missing_field"),
        "{}",
        base.report.whole
    );
    let closed = base
        .sandbox
        .sql("SELECT rep_id, opened_date, COALESCE(won_date, lost_date) FROM fct_deal WHERE state IN ('won', 'lost')");
    let mut cycle_days: BTreeMap<String, i64> = BTreeMap::new();
    for row in closed.rows {
        let [opened, closed] = [&row[1], &row[2]].map(|day| day.parse::<Date>().expect("a date"));
        let days = opened.until((Unit::Day, closed)).expect("both are dates").get_days();
        *cycle_days.entry(row[0].clone()).or_insert(0) += i64::from(days);
    }
    let mut agents = states_by(base, "rep_id");
    for row in &mut agents.rows {
        row.insert(4, undated.get(&row[0]).unwrap_or(&0).to_string());
        row.push(cycle_days[&row[0]].to_string());
        row.push(conversion(&row[1], &row[2]));
    }
    let expected = truth_rows(&base.folder, "gt_agent.csv");
    let expected = expected
        .iter()
        .map(|row| pick(row, &[0, 3, 4, 5, 6, 7, 8, 9]))
        .collect();
    agents.assert_rows("gt_agent", expected);
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn the_import_leaves_few_files() {
    let Some(base) = baseline() else { return };
    let files = live_files(base.sandbox.data());
    assert!(files.len() <= LIVE_FILES_MAX, "{} live files: {files:#?}", files.len());
    base.sandbox.fsck();
}
