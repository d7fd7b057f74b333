//! An ordinary Kafka client that writes records to topics of its own, as dialers and CRMs do.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::{Value, json};

use crate::clients::python;
use crate::sandbox::root;

/// Writes records and waits for their acknowledgement, as [`Emitter`] does.
///
/// # Panics
/// When a record is not acknowledged.
#[track_caller]
pub fn produce(temporary: &Path, address: &str, topics: &[String], records: &[Value]) {
    let mut emitter = Emitter::start(temporary, address, topics);
    emitter.send(records);
    emitter.finish();
}

/// A client that writes records for as long as it is given some.
#[derive(Debug)]
pub struct Emitter {
    client: Child,
    input: ChildStdin,
    sent: usize,
}

impl Emitter {
    /// Makes the topics, `name:partitions`, before anything is written. `temporary` is `CARGO_TARGET_TMPDIR` of the test.
    ///
    /// # Panics
    /// When the client cannot be started.
    pub fn start(temporary: &Path, address: &str, topics: &[String]) -> Self {
        let mut client = Command::new(python(temporary))
            .arg(root().join("tests/clients/produce.py"))
            .arg(address)
            .args(topics)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python runs");
        let input = client.stdin.take().expect("piped");
        Self { client, input, sent: 0 }
    }

    /// Hands records over.
    ///
    /// # Panics
    /// When the client has ended.
    pub fn send(&mut self, records: &[Value]) {
        for record in records {
            writeln!(self.input, "{record}").expect("the client reads");
        }
        self.sent += records.len();
    }

    /// Waits until all is acknowledged.
    ///
    /// # Panics
    /// When something is not.
    #[track_caller]
    pub fn finish(self) {
        drop(self.input);
        let output = self.client.wait_with_output().expect("it ends");
        let acknowledged = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert_eq!(acknowledged, self.sent.to_string(), "not all was acknowledged");
    }
}

/// The rows of a file as records of a topic: JSON objects, keyed by one of their columns.
///
/// # Panics
/// When the file is no table or has no such column.
pub fn records(csv: &[u8], delimiter: u8, topic: &str, key: &str) -> Vec<Value> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(csv);
    let columns: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| {
        let row = row.expect("a row");
        let cells: BTreeMap<&str, &str> = columns.iter().map(String::as_str).zip(row.iter()).collect();
        json!({"topic": topic, "key": cells[key], "value": json!(cells).to_string()})
    });
    rows.collect()
}

/// The settings of a connection that reads a topic, by a mapping or, without one, as CloudEvents.
pub fn connection(name: &str, topic: &str, mapping: Option<&Path>) -> String {
    let mapping = mapping.map_or_else(String::new, |path| {
        format!("mapping = {:?}\n", path.display().to_string())
    });
    format!("[[connections]]\nname = \"{name}\"\ntopics = [\"{topic}\"]\n{mapping}")
}

/// A number that no other test and no earlier run has.
pub fn unique() -> u128 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("the clock is past 1970").as_nanos()
}
