//! Rows, bytes, memory, time and turns of a query.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use paceline_query::Limits;

use crate::seed::{Floor, Row, code, day, lines, row};

fn floor(rows: i64) -> Arc<Floor> {
    let floor = Floor::new();
    let rows: Vec<Row> = (0..rows)
        .map(|n| {
            row! { business_date: day("2026-04-01").plus(i32::try_from(n % 300).expect("small")), rep_id: format!("rep {n}"),
            site_id: "main", currency: "USD", dials: n }
        })
        .collect();
    floor.write("agg_rep_day", &rows);
    floor
}

#[test]
fn an_answer_over_the_limit_is_an_error_and_never_cut() {
    let floor = floor(100);
    let rows = |max| {
        floor.engine_with(Limits {
            rows_max: max,
            ..Limits::default()
        })
    };
    assert_eq!(code(&rows(99), "SELECT * FROM stored.agg_rep_day"), "54000");
    assert_eq!(code(&rows(100), "SELECT * FROM stored.agg_rep_day"), "ok");
    let bytes = floor.engine_with(Limits {
        bytes_max: 1_000,
        ..Limits::default()
    });
    assert_eq!(code(&bytes, "SELECT * FROM stored.agg_rep_day"), "54000");
    assert_eq!(code(&bytes, "SELECT rep_id FROM stored.agg_rep_day LIMIT 3"), "ok");
}

#[test]
fn a_query_past_its_deadline_ends() {
    let engine = floor(3_000).engine_with(Limits {
        timeout: Duration::from_millis(300),
        ..Limits::default()
    });
    let endless =
        "SELECT COUNT(*) FROM stored.agg_rep_day a, stored.agg_rep_day b, stored.agg_rep_day c, stored.agg_rep_day d
        WHERE a.dials + b.dials + c.dials + d.dials < 0";
    assert_eq!(code(&engine, endless), "57014");
    assert_eq!(code(&engine, "SELECT 1"), "ok");
}

#[test]
fn a_query_that_needs_more_memory_than_it_may_have_ends() {
    let engine = floor(20_000).engine_with(Limits {
        memory_bytes: 200_000,
        ..Limits::default()
    });
    let join = "SELECT COUNT(*) FROM stored.agg_rep_day a JOIN stored.agg_rep_day b ON a.rep_id = b.rep_id";
    assert_eq!(code(&engine, join), "53200");
    assert_eq!(code(&engine, "SELECT COUNT(*) FROM stored.agg_rep_day"), "ok");
}

#[test]
fn a_query_without_a_turn_is_told_so_and_a_dropped_one_gives_its_turn_back() {
    let limits = Limits {
        queries_max: 1,
        admission_wait: Duration::from_millis(50),
        ..Limits::default()
    };
    let engine = floor(200_000).engine_with(limits);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        // Its reader waits, so it holds its turn.
        let (_, mut rows) = engine.execute("SELECT * FROM stored.agg_rep_day").await.expect("runs");
        let first = rows.next().await.expect("a batch").expect("no error");
        assert!(first.num_rows() > 0);
        assert_eq!(code(&engine, "SELECT 1"), "53000");
        drop(rows);
        let mut tries = 0;
        while code(&engine, "SELECT 1") != "ok" {
            tries += 1;
            assert!(tries < 100, "the turn does not come back");
        }
    });
}

#[test]
fn rows_come_in_batches_and_all_of_them() {
    let engine = floor(50_000).engine();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (columns, count) = runtime.block_on(async {
        let (schema, mut rows) = engine
            .execute("SELECT rep_id, dials FROM stored.agg_rep_day")
            .await
            .expect("runs");
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            count += batch.expect("no error").num_rows();
        }
        (schema.fields().len(), count)
    });
    assert_eq!((columns, count), (2, 50_000));
}

#[test]
fn an_engine_can_be_asked_and_dropped_within_asynchronous_code() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let floor = floor(1);
    runtime.block_on(async move {
        let engine = floor.engine();
        assert_eq!(lines(&engine, "SELECT COUNT(*) FROM stored.agg_rep_day"), ["1"]);
        drop(engine);
    });
}
