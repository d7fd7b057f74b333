//! The log in a process of its own that is killed, or whose writes fail.
//!
//! The children are tests of this binary, started by name; without their folder they do nothing.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use paceline_schemas::position::{Offset, Partition, Topic};
use paceline_schemas::time::Instant;

use super::{EmbeddedLog, Options};
use crate::error::Error;
use crate::log::{LogReader, LogSink, ReadLimit, Record};

const FOLDER: &str = "PACELINE_LOG_TEST_FOLDER";
const CALLERS: u32 = 3;

type Acknowledged = BTreeMap<(Partition, Offset), String>;

fn open(data: &Path) -> EmbeddedLog {
    let mut options = Options::new(data, || Instant(1_795_428_000_000_000));
    options.events_partitions = CALLERS;
    EmbeddedLog::open(&options).expect("opens")
}

fn tell(line: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout();
    out.write_fmt(line).and_then(|()| out.flush()).expect("parent listens");
}

/// Appends records to one partition and tells the parent of each, until an append fails.
fn append_until_failure(log: &EmbeddedLog, partition: Partition, padding: usize) -> Error {
    for n in 0_u64.. {
        let payload = format!("{partition}-{n}-{}", "x".repeat(padding));
        match log.append(Topic::Events, vec![Record::to(partition, "k", payload)]) {
            Ok(places) => {
                let (partition, offset) = places[0];
                tell(format_args!("acknowledged {partition} {offset} {partition}-{n}-\n"));
            }
            Err(error) => return error,
        }
    }
    unreachable!("the numbers do not end")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the parent names the folder to this process alone"
)]
fn folder_from_parent() -> Option<std::ffi::OsString> {
    std::env::var_os(FOLDER)
}

#[test]
fn child_appends_until_it_is_killed() {
    let Some(folder) = folder_from_parent() else { return };
    let log = open(Path::new(&folder));
    thread::scope(|scope| {
        for partition in 0..CALLERS {
            let log = &log;
            scope.spawn(move || panic!("append: {}", append_until_failure(log, partition, 100)));
        }
    });
}

#[test]
fn child_appends_until_its_file_size_limit() {
    let Some(folder) = folder_from_parent() else { return };
    let log = open(Path::new(&folder));
    let failure = append_until_failure(&log, 0, 4_000);
    assert!(matches!(failure, Error::Poisoned { .. }), "{failure}");
    let again = log.append(Topic::People, vec![Record::new("k", "small enough")]);
    assert!(matches!(again, Err(Error::Poisoned { .. })), "{again:?}");
    let readable = log.read(Topic::Events, 0, 0, ReadLimit::default());
    assert!(readable.is_ok_and(|records| !records.is_empty()), "reads go on");
    tell(format_args!("refused\n"));
}

/// A command that runs one child; `before` are words of the shell ahead of it.
fn child(name: &str, folder: &Path, before: &str) -> Command {
    let mut command = Command::new("sh");
    let test = format!("log::embedded::process_tests::{name}");
    let exe = std::env::current_exe().expect("own path");
    command.arg("-c").arg(format!("{before} exec \"$0\" \"$@\"")).arg(exe);
    command.args(["--exact", &test, "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, folder).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Takes what one line acknowledges, if it does.
fn take(line: &str, acknowledged: &mut Acknowledged) {
    let words: Vec<&str> = line.split(' ').collect();
    if let ["acknowledged", partition, offset, payload] = words[..] {
        let place = (partition.parse().expect("number"), offset.parse().expect("number"));
        assert_eq!(
            acknowledged.insert(place, payload.to_owned()),
            None,
            "no offset is given twice"
        );
    }
}

/// Every acknowledged record is held, and offsets are dense.
fn check_held(log: &EmbeddedLog, acknowledged: &Acknowledged) {
    let mut held = BTreeMap::new();
    for partition in 0..CALLERS {
        let next = log.bounds(Topic::Events, partition).expect("bounds").next;
        let mut from = 0;
        while from < next {
            let page = log
                .read(Topic::Events, partition, from, ReadLimit::default())
                .expect("readable");
            for record in page {
                assert_eq!(record.offset, from);
                from += 1;
                held.insert((partition, record.offset), record.payload);
            }
        }
    }
    for (place, payload) in acknowledged {
        let found = held.get(place).is_some_and(|held| held.starts_with(payload.as_bytes()));
        assert!(found, "{place:?} was acknowledged with {payload}");
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let folder = tempfile::tempdir().expect("temp dir");
    let mut acknowledged = Acknowledged::new();
    for kills in 1..=3 {
        let mut running = child("child_appends_until_it_is_killed", folder.path(), "")
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(running.stdout.take().expect("piped"))
            .lines()
            .map_while(Result::ok);
        lines.by_ref().take(200).for_each(|line| take(&line, &mut acknowledged));
        running.kill().expect("killed");
        running.wait().expect("reaped");
        lines.for_each(|line| take(&line, &mut acknowledged));
        assert!(acknowledged.len() >= 150 * kills, "the child appended");
        check_held(&open(folder.path()), &acknowledged);
    }
}

#[test]
fn after_a_failed_write_nothing_is_acknowledged_and_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().expect("temp dir");
    // A new journal is allocated in full, beyond the limit: it is made before the limit holds.
    drop(open(folder.path()));
    // A write beyond the limit fails as an error only where its signal is ignored.
    let limited = child(
        "child_appends_until_its_file_size_limit",
        folder.path(),
        "trap '' XFSZ; ulimit -f 2048;",
    )
    .output()
    .expect("ran");
    let told = String::from_utf8(limited.stdout).expect("text");
    assert!(told.lines().any(|line| line == "refused"), "{told}");
    let mut acknowledged = Acknowledged::new();
    told.lines().for_each(|line| take(line, &mut acknowledged));
    assert!(!acknowledged.is_empty());

    let log = open(folder.path());
    check_held(&log, &acknowledged);
    let next = log
        .append(Topic::Events, vec![Record::to(0, "k", "v")])
        .expect("goes on")[0]
        .1;
    assert!(next >= acknowledged.len() as Offset);
}
