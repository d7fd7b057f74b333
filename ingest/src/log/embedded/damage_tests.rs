//! What the log does when its files are not as it left them.

use std::fs;
use std::path::Path;

use paceline_schemas::position::Topic;
use paceline_schemas::time::Instant;

use super::{EmbeddedLog, Loss, Options, codec};
use crate::error::{Class, Error};
use crate::log::{Log, LogReader, LogSink, ReadLimit, Record, SourceEvent};

const NOW: Instant = Instant(1_795_428_000_000_000);

fn options(data: &Path) -> Options {
    Options::new(data, || NOW)
}

fn open(data: &Path) -> EmbeddedLog {
    EmbeddedLog::open(&options(data)).expect("opens")
}

/// Appends `count` groups of one record each.
fn append(log: &EmbeddedLog, count: usize) {
    for _ in 0..count {
        let record = Record::new("rep-1", vec![b'x'; 500]);
        log.append(Topic::Events, vec![record]).expect("appended");
    }
}

/// Cuts the journal inside its last entry, as a crash between two writes does.
fn tear_journal(data: &Path) {
    let journals = fs::read_dir(data.join("log"))
        .expect("folder")
        .map(|entry| entry.expect("entry").path());
    let newest = journals
        .filter(|path| path.extension().is_some_and(|e| e == "jnl"))
        .max()
        .expect("a journal");
    let bytes = fs::read(&newest).expect("readable");
    let written = bytes.iter().rposition(|byte| *byte != 0).expect("not empty");
    fs::write(&newest, &bytes[..written - 3]).expect("writable");
}

fn halted(opened: Result<EmbeddedLog, Error>) -> String {
    let error = opened.expect_err("must not open");
    assert_eq!(error.class(), Class::Fatal);
    assert!(
        matches!(
            error,
            Error::Halt {
                topic: Topic::Events,
                partition: 0,
                ..
            }
        ),
        "{error}"
    );
    error.to_string()
}

#[test]
fn a_torn_group_that_the_tip_does_not_name_is_cut_and_the_log_goes_on() {
    let folder = tempfile::tempdir().expect("temp dir");
    let log = open(folder.path());
    append(&log, 5);
    drop(log);
    let tip = fs::read(folder.path().join("log.tip")).expect("tip of five");
    append(&open(folder.path()), 1);
    fs::write(folder.path().join("log.tip"), tip).expect("writable");
    tear_journal(folder.path());

    let log = open(folder.path());
    assert_eq!(log.bounds(Topic::Events, 0).expect("bounds").next, 5);
    append(&log, 1);
    drop(log);
    let all = open(folder.path())
        .read(Topic::Events, 0, 0, ReadLimit::default())
        .expect("readable");
    assert_eq!(all.len(), 6);
}

#[test]
fn acknowledged_records_that_are_cut_halt_with_their_count_until_the_loss_is_accepted() {
    let folder = tempfile::tempdir().expect("temp dir");
    append(&open(folder.path()), 5);
    tear_journal(folder.path());
    let text = halted(EmbeddedLog::open(&options(folder.path())));
    assert!(
        text.contains("`1` acknowledged records are missing") && text.contains("`4-5`"),
        "{text}"
    );

    let loss = |from, to| Loss {
        topic: Topic::Events,
        partition: 0,
        from,
        to,
    };
    let mut accepting = options(folder.path());
    for wrong in [loss(3, 5), loss(4, 4)] {
        accepting.accepted_losses = vec![wrong];
        halted(EmbeddedLog::open(&accepting));
    }
    accepting.accepted_losses = vec![loss(4, 9)];
    let log = EmbeddedLog::open(&accepting).expect("accepted");
    let mut source = log.subscribe(Topic::Events).expect("subscribed");
    let Ok(Some(SourceEvent::Assigned { reply, .. })) = source.poll(std::time::Duration::ZERO) else {
        panic!()
    };
    assert!(reply.send(vec![(0, 4)]));
    let end = source.poll(std::time::Duration::ZERO).expect("no damage");
    assert!(matches!(end, Some(SourceEvent::End { next: 9, .. })), "{end:?}");
    drop((log, source));

    let log = EmbeddedLog::open(&accepting).expect("a loss that was taken already changes nothing");
    append(&log, 1);
    drop(log);
    let log = open(folder.path());
    let records = log
        .read(Topic::Events, 0, 2, ReadLimit::default())
        .expect("readable over the gap");
    assert_eq!(
        records.iter().map(|record| record.offset).collect::<Vec<_>>(),
        [2, 3, 9]
    );
}

#[test]
fn a_lost_database_is_not_taken_for_a_first_start() {
    let folder = tempfile::tempdir().expect("temp dir");
    append(&open(folder.path()), 3);
    fs::remove_dir_all(folder.path().join("log")).expect("removable");
    assert!(halted(EmbeddedLog::open(&options(folder.path()))).contains("`3` acknowledged records"));
}

#[test]
fn a_missing_or_damaged_tip_refuses_to_open_a_log_with_records() {
    let folder = tempfile::tempdir().expect("temp dir");
    drop(open(folder.path()));
    let tip = folder.path().join("log.tip");
    fs::remove_file(&tip).expect("removable");
    append(&open(folder.path()), 2);
    fs::write(&tip, "paceline log tip 1\n").expect("writable");
    let damaged = EmbeddedLog::open(&options(folder.path())).expect_err("damaged");
    assert!(matches!(damaged, Error::Io { .. }), "{damaged}");
    fs::remove_file(&tip).expect("removable");
    assert!(halted(EmbeddedLog::open(&options(folder.path()))).contains("`2-2`"));

    let mut accepting = options(folder.path());
    accepting.accepted_losses = vec![Loss {
        topic: Topic::Events,
        partition: 0,
        from: 2,
        to: 2,
    }];
    drop(EmbeddedLog::open(&accepting).expect("accepted"));
    drop(open(folder.path()));
}

#[test]
fn a_damaged_or_missing_record_stops_the_read_at_its_offset() {
    let other = codec::record_key(Topic::Events, 0, 8);
    let wrong = codec::encode_record(&other, NOW, b"rep-1", b"of another offset");
    for (value, word) in [(Some(wrong.as_slice()), "checksum"), (None, "missing")] {
        let folder = tempfile::tempdir().expect("temp dir");
        let log = open(folder.path());
        append(&log, 10);
        log.shared.store.overwrite((Topic::Events, 0), 7, value);
        drop(log);

        let log = open(folder.path());
        let before = log
            .read(Topic::Events, 0, 0, ReadLimit::default())
            .expect("what lies before is delivered");
        assert_eq!(before.len(), 7);
        let error = log
            .read(Topic::Events, 0, 7, ReadLimit::default())
            .expect_err("damaged");
        assert!(
            matches!(
                error,
                Error::Halt {
                    topic: Topic::Events,
                    partition: 0,
                    offset: 7,
                    ..
                }
            ),
            "{error}"
        );
        assert!(error.to_string().contains(word), "{error}");
        assert_eq!(error.class(), Class::Fatal);
    }
}

#[test]
fn a_store_that_disagrees_with_its_bookkeeping_halts() {
    let folder = tempfile::tempdir().expect("temp dir");
    let log = open(folder.path());
    append(&log, 3);
    log.shared.store.overwrite((Topic::Events, 0), 2, None);
    drop(log);
    assert!(halted(EmbeddedLog::open(&options(folder.path()))).contains("end at `2`"));
}
