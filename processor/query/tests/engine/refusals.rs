//! What is refused, with which code. One row per line of the table of codes.

use std::sync::Arc;

use crate::seed::{Floor, code, day, lines, row};

/// One rep with three dials on one day.
pub(crate) fn floor() -> Arc<Floor> {
    let floor = Floor::new();
    floor.write(
        "agg_rep_day",
        &[row! { business_date: day("2026-04-01"), rep_id: "ann", site_id: "main", currency: "USD", dials: 3 }],
    );
    floor
}

#[test]
fn every_refusal_has_its_code() {
    let engine = floor().engine();
    for (expected, sql) in [
        ("42601", "SELEC 1"),
        ("42601", "SELECT 1 FROM"),
        ("42601", ""),
        ("42601", "SELECT 1; SELECT 2"),
        ("42P01", "SELECT * FROM nothing"),
        ("42P01", "SELECT * FROM stored.nothing"),
        ("42P01", "SELECT * FROM 'Cargo.toml'"),
        ("42P01", "SELECT * FROM \"/etc/passwd\""),
        ("42703", "SELECT calls FROM agg_rep_day"),
        ("42702", "SELECT dials FROM agg_rep_day a, agg_rep_day b"),
        ("42883", "SELECT nothing(1)"),
        ("42883", "SELECT regexp_replace('a', 'a', 'b')"),
        ("42883", "SELECT version()"),
        ("42883", "SELECT * FROM generate_series(1, 9)"),
        ("42804", "SELECT DATE '2026-04-01' + true"),
        ("22P02", "SELECT CAST(rep_id AS INT) FROM agg_rep_day"),
        ("22012", "SELECT dials / 0 FROM agg_rep_day"),
        ("22003", "SELECT CAST(dials * 1000 AS TINYINT) FROM agg_rep_day"),
        ("25006", "INSERT INTO agg_rep_day SELECT * FROM agg_rep_day"),
        ("25006", "DELETE FROM agg_rep_day"),
        ("25006", "UPDATE agg_rep_day SET dials = 0"),
        ("25006", "CREATE TABLE t (a INT)"),
        ("25006", "CREATE TABLE t AS SELECT 1"),
        ("25006", "CREATE VIEW v AS SELECT 1"),
        ("25006", "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'"),
        ("25006", "DROP TABLE agg_rep_day"),
        ("25006", "DROP VIEW agg_rep_day"),
        ("25006", "SELECT 1 AS a INTO t"),
        ("25006", "COPY agg_rep_day TO '/tmp/out.csv'"),
        ("25006", "COPY (SELECT 1) TO '/tmp/out.csv'"),
        ("25006", "EXPLAIN COPY (SELECT 1) TO '/tmp/out.csv'"),
        ("25006", "EXPLAIN INSERT INTO agg_rep_day SELECT * FROM agg_rep_day"),
        ("25006", "SET datafusion.runtime.memory_limit = '9G'"),
        ("0A000", "PREPARE p AS SELECT 1"),
        ("0A000", "BEGIN"),
        ("0A000", "RESET datafusion.runtime.memory_limit"),
        (
            "0A000",
            "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT * FROM n",
        ),
        ("54000", "SELECT repeat('x', 500000000)"),
        ("54000", "SELECT lpad('x', 1000000000)"),
        (
            "54000",
            "SELECT COUNT(*) FROM agg_rep_day WHERE rpad(rep_id, 1000000000) = ''",
        ),
    ] {
        assert_eq!(code(&engine, sql), expected, "{sql}");
    }
}

#[test]
fn what_reads_is_answered() {
    let engine = floor().engine();
    for sql in [
        "SELECT 1",
        "SELECT rep_id || '-' || dials, concat(rep_id, 'x'), repeat('-', 3), lpad(rep_id, 5, '.') FROM agg_rep_day",
        "VALUES (1), (2)",
        "WITH a AS (SELECT dials FROM agg_rep_day) SELECT SUM(dials) FROM a",
        "SELECT rep_id, ROW_NUMBER() OVER (ORDER BY dials DESC) FROM agg_rep_day",
        "SELECT * FROM agg_rep_day UNION ALL SELECT * FROM agg_rep_day",
        "EXPLAIN SELECT * FROM agg_rep_window",
        "EXPLAIN ANALYZE SELECT * FROM agg_rep_day",
        "SHOW TABLES",
        "SHOW COLUMNS FROM agg_rep_day",
        "DESCRIBE agg_rep_day",
        "SELECT table_name FROM information_schema.tables",
        "SELECT now(), current_date, date_trunc('month', business_date), extract(year FROM business_date) FROM agg_rep_day",
    ] {
        assert_eq!(code(&engine, sql), "ok", "{sql}");
    }
}

#[test]
fn text_and_null_are_joined_as_in_standard_sql() {
    let engine = floor().engine();
    assert_eq!(
        lines(
            &engine,
            "SELECT 'a' || 1, 'a' || NULL, rep_id || dials FROM agg_rep_day"
        ),
        ["a1 NULL ann3"]
    );
}

#[test]
fn multiplying_a_text_level_by_level_ends_at_the_cap() {
    let engine = floor().engine();
    let mut sql = "SELECT rep_id AS a FROM agg_rep_day".to_owned();
    for _ in 0..9 {
        sql = format!("SELECT a || a || a || a || a || a || a || a AS a FROM ({sql})");
    }
    assert_eq!(code(&engine, &sql), "54000");
}

#[test]
fn a_query_that_unfolds_without_bound_is_refused_or_ends_at_its_deadline() {
    let engine = floor().engine();
    let mut sql = "WITH a0 AS (SELECT dials FROM agg_rep_day)".to_owned();
    for level in 1..=24 {
        let below = level - 1;
        sql.push_str(&format!(
            ", a{level} AS (SELECT x.dials FROM a{below} x CROSS JOIN a{below} y)"
        ));
    }
    let ended = code(&engine, &format!("{sql} SELECT * FROM a24"));
    assert!(["54001", "57014"].contains(&ended), "{ended}");
}

#[test]
fn a_deep_expression_does_not_end_the_process() {
    let engine = floor().engine();
    assert_eq!(code(&engine, &format!("SELECT 1{}", "+1".repeat(200))), "ok");
    assert_eq!(code(&engine, &format!("SELECT 1{}", "+1".repeat(2_000))), "54001");
    let nested = format!("SELECT {}1{}", "(".repeat(32), ")".repeat(32));
    assert_eq!(code(&engine, &nested), "ok");
    assert_eq!(
        code(&engine, &format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000))),
        "54001"
    );
}

#[test]
fn a_near_name_is_suggested() {
    let engine = floor().engine();
    let error = engine.query_all("SELECT dails FROM agg_rep_day").expect_err("refused");
    assert_eq!(error.message, "column `dails` does not exist");
    assert_eq!(error.hint.as_deref(), Some("there is a column `dials`"));
}
