//! Files that a filter rules out are not opened; all others are read.

use std::sync::Arc;

use crate::seed::{Floor, Row, at, code, day, lines, row};

fn call(on: &str, rep: &'static str) -> Row {
    row! { shard: 0, source: "//a/b/c", event_id: "e", type: "call.completed", rep_id: rep, site_id: "main", currency: "USD",
    call_id: format!("{on} {rep}"), leg_id: "1", business_date: day(on), occurred_at: at(&format!("{on}T12:00:00.000400Z")),
    business_month: on.chars().take(7).collect::<String>() }
}

/// Two months of calls, and a third one whose file is gone.
fn floor() -> Arc<Floor> {
    let floor = Floor::new();
    floor.write(
        "fct_call_event",
        &[call("2026-01-05", "ann"), call("2026-01-20", "bob")],
    );
    floor.write("fct_call_event", &[call("2026-02-03", "ann")]);
    floor.write("fct_call_event", &[call("2026-03-09", "zoe")]);
    std::fs::remove_file(
        floor
            .folder()
            .join("tables/fct_call_event/business_month=2026-03/2.parquet"),
    )
    .expect("removed");
    floor
}

#[test]
fn a_file_is_not_opened_if_partition_or_bounds_rule_it_out() {
    let engine = floor().engine();
    for filter in [
        "business_month = '2026-01'",
        "business_month <> '2026-03' AND business_date < DATE '2026-02-01'",
        "business_date <= DATE '2026-02-01'",
        "business_date BETWEEN DATE '2026-01-01' AND DATE '2026-01-31'",
        "rep_id IN ('ann', 'bob') AND business_date < DATE '2026-02-01'",
        "occurred_at < TIMESTAMP '2026-02-01T00:00:00Z'",
    ] {
        assert_eq!(
            lines(&engine, &format!("SELECT COUNT(*) FROM fct_call_event WHERE {filter}")),
            ["2"],
            "{filter}"
        );
    }
}

#[test]
fn a_file_that_may_hold_rows_is_opened() {
    let engine = floor().engine();
    for filter in [
        "true",
        "local_hour = 0",
        "rep_id > 'b'",
        "upper(rep_id) = 'ANN'",
        "business_month >= '2026-01'",
    ] {
        let sql = format!("SELECT COUNT(*) FROM fct_call_event WHERE {filter}");
        assert_ne!(code(&engine, &sql), "ok", "{filter}");
    }
}

#[test]
fn the_partition_is_a_column_like_others() {
    let engine = floor().engine();
    let sql =
        "SELECT business_month, COUNT(*) FROM fct_call_event WHERE business_month < '2026-03' GROUP BY 1 ORDER BY 1";
    assert_eq!(lines(&engine, sql), ["2026-01 2", "2026-02 1"]);
    let sql = "SELECT business_month, rep_id FROM fct_call_event WHERE business_month = '2026-02'";
    assert_eq!(lines(&engine, sql), ["2026-02 ann"]);
}

#[test]
fn an_instant_within_the_millisecond_of_a_bound_is_found() {
    let engine = floor().engine();
    let sql = "SELECT rep_id FROM fct_call_event WHERE business_month = '2026-02' AND occurred_at >= TIMESTAMP '2026-02-03T12:00:00.000400Z'";
    assert_eq!(lines(&engine, sql), ["ann"]);
}

#[test]
fn a_file_without_statistics_is_read() {
    let floor = floor();
    floor.change("fct_call_event", |files| {
        files.truncate(2);
        for file in files {
            file.stats = None;
        }
    });
    let engine = floor.engine();
    assert_eq!(
        lines(
            &engine,
            "SELECT COUNT(*) FROM fct_call_event WHERE business_date < DATE '2026-02-01'"
        ),
        ["2"]
    );
}

#[test]
fn a_file_with_other_bytes_than_were_written_is_not_parsed() {
    let floor = floor();
    let path = floor
        .folder()
        .join("tables/fct_call_event/business_month=2026-02/1.parquet");
    let mut bytes = std::fs::read(&path).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let engine = floor.engine();
    assert_eq!(
        code(
            &engine,
            "SELECT COUNT(*) FROM fct_call_event WHERE business_month = '2026-02'"
        ),
        "55000"
    );
    assert_eq!(
        code(
            &engine,
            "SELECT COUNT(*) FROM fct_call_event WHERE business_month = '2026-01'"
        ),
        "ok"
    );
}

#[test]
fn a_table_that_cannot_be_read_says_why_and_the_others_go_on() {
    let floor = floor();
    floor.refuse("fct_deal_event", "it has deletion vectors");
    let engine = floor.engine();
    let error = engine.query_all("SELECT * FROM fct_deal").expect_err("refused");
    assert_eq!(error.state.code(), "55000");
    assert!(
        error.message.contains("`fct_deal_event`") && error.message.contains("deletion vectors"),
        "{error}"
    );
    let others = engine.query_all("SELECT * FROM fct_lead_event");
    assert!(others.is_ok(), "{others:?}");
}

#[test]
fn a_new_file_is_seen_by_the_next_query() {
    let floor = Floor::new();
    floor.write("fct_call_event", &[call("2026-01-05", "ann")]);
    let engine = floor.engine();
    assert_eq!(lines(&engine, "SELECT COUNT(*) FROM fct_call"), ["1"]);
    floor.write("fct_call_event", &[call("2026-01-06", "ann")]);
    assert_eq!(lines(&engine, "SELECT COUNT(*) FROM fct_call"), ["2"]);
}
