//! What the embedded log promises beyond the contract.

use std::path::Path;

use paceline_ingest::error::{Class, Error};
use paceline_ingest::log::LogReader as _;
use paceline_ingest::log::embedded::{EmbeddedLog, Options, RECORD_BYTES_MAX};
use paceline_schemas::time::Instant;

use crate::contract::{appends_are_dense_ordered_and_placed_by_key, contract, reads_return_what_was_appended};

fn options(data: &Path) -> Options {
    let mut options = Options::new(data, || Instant(1_795_428_000_000_000));
    options.events_partitions = 3;
    options
}

fn open(data: &Path) -> EmbeddedLog {
    EmbeddedLog::open(&options(data)).expect("opens")
}

#[test]
fn the_embedded_log_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("temp dir");
    contract(&open(folder.path()), RECORD_BYTES_MAX);
}

#[test]
fn reopening_keeps_everything_acknowledged_and_the_identity() {
    let folder = tempfile::tempdir().expect("temp dir");
    let log = open(folder.path());
    let appended = appends_are_dense_ordered_and_placed_by_key(&log);
    let memory = log.keyspace("memory").expect("keyspace");
    memory
        .write(vec![
            (b"a/1".to_vec(), Some(b"x".to_vec())),
            (b"b/1".to_vec(), Some(b"y".to_vec())),
        ])
        .expect("written");
    memory
        .write(vec![(b"a/2".to_vec(), Some(b"z".to_vec())), (b"b/1".to_vec(), None)])
        .expect("written");
    memory.persist().expect("synced");
    let cluster = log.cluster_id().to_owned();
    drop((memory, log));

    let log = open(folder.path());
    assert_eq!((cluster.len(), log.cluster_id()), (32, cluster.as_str()));
    reads_return_what_was_appended(&log, &appended);
    let memory = log.keyspace("memory").expect("keyspace");
    let rows = memory.scan(b"a/").collect::<Result<Vec<_>, _>>().expect("readable");
    assert_eq!(
        rows,
        [(b"a/1".to_vec(), b"x".to_vec()), (b"a/2".to_vec(), b"z".to_vec())]
    );
    assert_eq!(memory.get(b"b/1").expect("readable"), None);
    for reserved in ["", "log.records"] {
        assert_eq!(log.keyspace(reserved).expect_err("reserved").class(), Class::Input);
    }
}

#[test]
fn opening_twice_or_with_another_partition_count_is_refused() {
    let folder = tempfile::tempdir().expect("temp dir");
    let log = open(folder.path());
    let twice = EmbeddedLog::open(&options(folder.path())).expect_err("locked");
    assert!(matches!(twice, Error::Locked { .. }), "{twice}");
    drop(log);
    let mut other = options(folder.path());
    other.events_partitions = 4;
    let refused = EmbeddedLog::open(&other).expect_err("another count");
    assert!(
        matches!(
            refused,
            Error::PartitionCount {
                stored: 3,
                configured: 4,
                ..
            }
        ),
        "{refused}"
    );
}
