//! A process that serves and reads connections, and the clients that write to their topics.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::SystemTime;

use paceline_tests::clients::python;
use paceline_tests::sandbox::{DEADLINE, Running, Sandbox, Table, mapping, root};
use serde_json::{Value, json};

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
    let mut client = Command::new(python(Path::new(env!("CARGO_TARGET_TMPDIR"))));
    client.arg(root().join("tests/clients").join(name)).arg(address);
    client
}

/// Writes records; topics are `name:partitions`.
#[track_caller]
pub(crate) fn produce(address: &str, topics: &[String], records: &[Value]) {
    let mut emitter = Emitter::start(address, topics);
    emitter.send(records);
    emitter.finish();
}

/// A client that writes records for as long as it is given some.
pub(crate) struct Emitter {
    client: Child,
    input: ChildStdin,
    sent: usize,
}

impl Emitter {
    /// Makes the topics, `name:partitions`, before anything is written.
    pub(crate) fn start(address: &str, topics: &[String]) -> Self {
        let mut client = client("produce.py", address)
            .args(topics)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python runs");
        let input = client.stdin.take().expect("piped");
        Self { client, input, sent: 0 }
    }

    pub(crate) fn send(&mut self, records: &[Value]) {
        for record in records {
            writeln!(self.input, "{record}").expect("the client reads");
        }
        self.sent += records.len();
    }

    /// Waits until all is acknowledged.
    #[track_caller]
    pub(crate) fn finish(self) {
        drop(self.input);
        let output = self.client.wait_with_output().expect("it ends");
        let acknowledged = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert_eq!(acknowledged, self.sent.to_string(), "not all was acknowledged");
    }
}

/// The rows of a file as records of a topic, keyed by one of their columns.
pub(crate) fn records(csv: &[u8], topic: &str, key: &str) -> Vec<Value> {
    let mut reader = csv::Reader::from_reader(csv);
    let columns: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| {
        let row = row.expect("a row");
        let cells: BTreeMap<&str, &str> = columns.iter().map(String::as_str).zip(row.iter()).collect();
        json!({"topic": topic, "key": cells[key], "value": json!(cells).to_string()})
    });
    rows.collect()
}

pub(crate) fn connection(name: &str, topic: &str, mapping_name: Option<&str>) -> String {
    let mapping = mapping_name.map_or_else(String::new, |name| {
        format!("mapping = {:?}\n", mapping(name).display().to_string())
    });
    format!("[[connections]]\nname = \"{name}\"\ntopics = [\"{topic}\"]\n{mapping}")
}

/// These connections, and checkpoints that are not waited for.
pub(crate) fn settings(connections: &str) -> String {
    format!("{connections}\n[snapshots]\ncheckpoint_every = \"1s\"\n")
}

/// A serving process over topics of its own that reads connections.
pub(crate) struct Serving {
    pub(crate) sandbox: Sandbox,
    pub(crate) process: Running,
}

impl Serving {
    pub(crate) fn start(sandbox: Sandbox) -> Self {
        let run_file = sandbox.data().join("run.json");
        // One that was killed has left its own.
        drop(std::fs::remove_file(&run_file));
        let mut process = sandbox.start(&["run"]);
        process.wait_until("the process serves", DEADLINE, || run_file.exists());
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

pub(crate) fn unique() -> u128 {
    SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos()
}
