//! A data directory with real Delta logs: queries read the newest published set, and only what it names.

use std::path::Path;
use std::sync::Arc;

use paceline_query::{DataDirectory, Engine, Limits};
use paceline_schemas::tables;
use paceline_snapshots::jobs::replace_table;
use paceline_snapshots::manifest::Sequence;
use paceline_snapshots::set::Reached;
use paceline_snapshots::{Store, Tables, Unit, announce};
use tokio::runtime::{Builder, Runtime};

use crate::seed::{Row, at, batch, code, lines, row};

const TABLE: &str = "dim_metric";
const COUNT: &str = "SELECT COUNT(*) FROM dim_metric";

fn metric(id: &'static str) -> Row {
    row! { metric_id: id, numerator: id }
}

fn replace(runtime: &Runtime, tables: &mut Tables, rows: &[Row]) {
    let rows = batch(tables::stored_table(TABLE).expect("a table"), rows);
    let replaced = runtime.block_on(replace_table(tables, TABLE, &rows, None, at("2026-04-01T00:00:00Z")));
    assert!(replaced.expect("replaced"));
}

fn publish(runtime: &Runtime, tables: &mut Tables, seq: u64) {
    let reached = Reached {
        seq: Sequence(seq),
        next: seq,
        watermark: Some(at("2026-04-01T00:00:00Z")),
    };
    let announced = runtime.block_on(announce(
        tables,
        &[(Unit::Shard(0), reached)],
        at("2026-04-01T00:00:00Z"),
    ));
    announced.expect("announced");
}

fn engine(folder: &Path, store: &Store) -> Engine {
    let directory = DataDirectory::open(folder, store.clone()).expect("opened");
    Engine::open(Arc::new(directory), Limits::default()).expect("an engine")
}

#[test]
fn the_newest_set_is_read_and_what_is_not_published_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::local(folder.path(), true).expect("a store");
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let opened = Tables::open(&store, tables::all(), Default::default(), at("2026-04-01T00:00:00Z"));
    let mut tables = runtime.block_on(opened).expect("tables");
    replace(&runtime, &mut tables, &[metric("dials")]);
    publish(&runtime, &mut tables, 1);
    let engine = engine(folder.path(), &store);
    assert_eq!(lines(&engine, "SELECT metric_id FROM dim_metric"), ["dials"]);
    assert_eq!(
        lines(
            &engine,
            "SELECT \"table\", seq FROM ops_freshness WHERE \"table\" = 'dim_metric'"
        ),
        ["dim_metric 1"]
    );

    replace(&runtime, &mut tables, &[metric("dials"), metric("wins")]);
    assert_eq!(lines(&engine, COUNT), ["1"]);
    publish(&runtime, &mut tables, 2);
    assert_eq!(lines(&engine, COUNT), ["2"]);
    assert_eq!(code(&engine, "SELECT * FROM agg_rep_window"), "ok");
}

#[test]
fn an_empty_directory_has_every_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::local(folder.path(), true).expect("a store");
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let opened = Tables::open(&store, tables::all(), Default::default(), at("2026-04-01T00:00:00Z"));
    drop(runtime.block_on(opened).expect("tables"));
    assert_eq!(lines(&engine(folder.path(), &store), COUNT), ["0"]);
}
