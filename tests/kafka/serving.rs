//! A process that serves and reads connections, and the clients that write to their topics.

use std::path::Path;
use std::process::Command;

use paceline_tests::clients::python;
use paceline_tests::emitter::{self, Emitter};
use paceline_tests::sandbox::{DEADLINE, Running, Sandbox, Table, mapping, root};
use serde_json::Value;

pub(crate) use paceline_tests::emitter::unique;

/// Does to a cluster what its operators do, see `tests/clients/admin.py`; returns what is printed.
#[track_caller]
pub(crate) fn administer(address: &str, words: &[&str]) -> String {
    let output = client("admin.py", address).args(words).output().expect("python runs");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {message}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// First and next offset of each partition of a topic.
#[track_caller]
pub(crate) fn ends(address: &str, topic: &str) -> Vec<(u64, u64)> {
    let number = |word: Option<&str>| word.and_then(|word| word.parse().ok()).expect("two numbers a line");
    let printed = administer(address, &["ends", topic]);
    let lines = printed.lines().map(|line| {
        let mut words = line.split_whitespace();
        (number(words.next()), number(words.next()))
    });
    lines.collect()
}

fn client(name: &str, address: &str) -> Command {
    let mut client = Command::new(python(temporary()));
    client.arg(root().join("tests/clients").join(name)).arg(address);
    client
}

/// Writes records; topics are `name:partitions`.
#[track_caller]
pub(crate) fn produce(address: &str, topics: &[String], records: &[Value]) {
    emitter::produce(temporary(), address, topics, records);
}

/// Makes topics, `name:partitions`, and takes records for them.
pub(crate) fn emitter_of(address: &str, topics: &[String]) -> Emitter {
    Emitter::start(temporary(), address, topics)
}

fn temporary() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// The rows of a file as records of a topic, keyed by one of their columns.
pub(crate) fn records(csv: &[u8], topic: &str, key: &str) -> Vec<Value> {
    emitter::records(csv, b',', topic, key)
}

/// A connection that reads a topic by a mapping of the product.
pub(crate) fn connection(name: &str, topic: &str, mapping_name: Option<&str>) -> String {
    emitter::connection(name, topic, mapping_name.map(mapping).as_deref())
}

/// These connections, and checkpoints that are not waited for.
pub(crate) fn settings(connections: &str) -> String {
    format!("{connections}\n[snapshots]\ncheckpoint_every = \"1s\"\n")
}

/// A process that takes commands.
pub(crate) fn started(sandbox: &Sandbox, words: &[&str]) -> Running {
    let run_file = sandbox.data().join("run.json");
    // One that was killed has left its own.
    drop(std::fs::remove_file(&run_file));
    let mut process = sandbox.start(words);
    process.wait_until("it takes commands", DEADLINE, || run_file.exists());
    process
}

/// A serving process over topics of its own that reads connections.
pub(crate) struct Serving {
    pub(crate) sandbox: Sandbox,
    pub(crate) process: Running,
}

impl Serving {
    pub(crate) fn start(sandbox: Sandbox) -> Self {
        let process = started(&sandbox, &["run"]);
        Self { sandbox, process }
    }

    #[track_caller]
    pub(crate) fn wait_for(&mut self, statement: &str, expected: usize) {
        let sandbox = &self.sandbox;
        self.process.wait_until(statement, DEADLINE, || {
            let answer = sandbox.run(&["sql", "--format", "csv", statement]);
            answer.code == Some(0) && Table::read(&answer.stdout).value() == expected.to_string()
        });
    }

    /// Waits until this answers what it answers of another sandbox.
    #[track_caller]
    pub(crate) fn wait_for_same(&mut self, statement: &str, other: &Sandbox) {
        let expected = other.sql(statement).number();
        self.wait_for(statement, usize::try_from(expected).expect("a count"));
    }

    pub(crate) fn stop(self) -> Sandbox {
        let stopped = self.process.stop();
        assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
        self.sandbox
    }
}
