//! Queries within queries are computed level by level, with names or without.

use crate::refusals::floor;
use crate::seed::{code, lines};

#[test]
fn levels_that_read_alike_are_each_computed() {
    let engine = floor().engine();
    let innermost = "SELECT dials AS a FROM agg_rep_day";
    for sql in [
        format!("SELECT a + a AS a FROM (SELECT a + a AS a FROM ({innermost}))"),
        format!("SELECT a + a AS a FROM (SELECT a + a AS a FROM ({innermost}) s) t"),
        format!("WITH p AS ({innermost}), q AS (SELECT a + a AS a FROM p) SELECT a + a AS a FROM q"),
        format!("SELECT MAX(a) FROM (SELECT a + a AS a FROM (SELECT a + a AS a FROM ({innermost})))"),
        format!("SELECT a FROM (SELECT a + a AS a FROM (SELECT a + a AS a FROM ({innermost})) UNION SELECT 12)"),
        format!("SELECT (SELECT MAX(a + a) FROM (SELECT a + a AS a FROM ({innermost})))"),
    ] {
        assert_eq!(lines(&engine, &sql), ["12"], "{sql}");
    }
    let texts = "SELECT a || a AS a FROM (SELECT a || a AS a FROM (SELECT rep_id AS a FROM agg_rep_day))";
    assert_eq!(lines(&engine, texts), ["annannannann"]);
}

#[test]
fn explain_shows_the_plan_that_runs() {
    let engine = floor().engine();
    let plan = lines(
        &engine,
        "EXPLAIN SELECT a + a AS a FROM (SELECT a + a AS a FROM (SELECT dials AS a FROM agg_rep_day))",
    );
    assert!(plan.iter().any(|line| line.contains("unnamed subquery")), "{plan:?}");
}

#[test]
fn a_table_is_not_seen_through_the_subquery_that_reads_it() {
    let engine = floor().engine();
    assert_eq!(
        code(&engine, "SELECT agg_rep_day.dials FROM (SELECT dials FROM agg_rep_day)"),
        "42703"
    );
}
