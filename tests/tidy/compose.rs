//! The compose file, judged by `tests/clients/compose.py`: readers of YAML and of JSON Schema are Python's.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use paceline_tests::clients::python;

use crate::tree::root;

pub(crate) const FILE: &str = "deploy/compose.yaml";

/// The faults of `text`, taken for the compose file of this repository.
///
/// # Panics
/// When the judge cannot be run or fails itself.
pub(crate) fn faults(text: &str) -> Vec<String> {
    let mut judge = Command::new(python(Path::new(env!("CARGO_TARGET_TMPDIR"))))
        .arg(root().join("tests").join("clients").join("compose.py"))
        .arg(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python runs");
    let mut input = judge.stdin.take().expect("an open standard input");
    input.write_all(text.as_bytes()).expect("the judge reads");
    drop(input);
    let output = judge.wait_with_output().expect("the judge ends");
    let faults: Vec<String> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| format!("{FILE}: {line}"))
        .collect();
    let is_judged = match output.status.code() {
        Some(0) => faults.is_empty(),
        Some(1) => !faults.is_empty(),
        _ => false,
    };
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(is_judged, "the judge of {FILE} fails:\n{message}");
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text of the file, what is put in its place, and a part of the fault that this must give.
    const CHANGES: [(&str, &str, &str); 20] = [
        ("    cap_drop: [ALL]\n", "    cap_dropped: [ALL]\n", "'cap_dropped'"),
        ("    retries: 3\n", "    retries: [3]\n", "healthcheck.retries: "),
        (
            "name: paceline\n",
            "name: paceline\nname: paceline\n",
            "`name` stands twice",
        ),
        ("services:\n", "services: {}\nx-services:\n", "there is no service"),
        (
            "kafka:4.4.0",
            "kafka:latest",
            "image `apache/kafka:latest` is not pinned",
        ),
        ("kafka:4.4.0", "kafka", "image `apache/kafka` is not pinned"),
        (
            "paceline:0.1.0",
            "paceline:0.0.9",
            "image `paceline:0.0.9`, the workspace is",
        ),
        (
            "- 127.0.0.1:9464:",
            "- 0.0.0.0:9464:",
            "`0.0.0.0:9464:9464` is published",
        ),
        ("- 127.0.0.1:9464:", "- 9464:", "`9464:9464` is published"),
        ("- 127.0.0.1:9464:9464", "- target: 9464", "is published beyond"),
        ("  init: true\n", "  network_mode: host\n", "publishes every port"),
        ("LOG__KIND", "LOG__KINDS", "`PACELINE__LOG__KINDS` names no key"),
        (
            "PACELINE__LOG__KIND",
            "PACELINE_LOG__KIND",
            "`PACELINE_LOG__KIND` names no key",
        ),
        ("LOG__KIND", "LOG__KAFKA", "`PACELINE__LOG__KAFKA` names no key"),
        (
            "KAFKA_HEAP_OPTS: ",
            "KAFKA_SSL_KEY_PASSWORD: ",
            "a secret stands in the file",
        ),
        (
            "kafka:9092\n",
            "kafka://me:mine@kafka:9092\n",
            "a secret stands in the file",
        ),
        ("deploy/Dockerfile", "deploy/Containerfile", "which is not there"),
        ("user: \"10001:10001\"", "user: \"0:10001\"", "`user` is root"),
        ("read_only: true", "read_only: false", "is not read-only"),
        ("- data:/data", "- datum:/data", "volume `datum` is not declared"),
    ];

    #[test]
    #[ignore = "needs Python"]
    fn every_change_for_the_worse_is_told() {
        let text = crate::read(FILE);
        for (from, to, expected) in CHANGES {
            assert!(text.contains(from), "{FILE} lacks `{from}`");
            let faults = faults(&text.replacen(from, to, 1));
            assert!(
                faults.iter().any(|fault| fault.contains(expected)),
                "`{to}` gives {faults:?}, not `{expected}`"
            );
        }
    }

    #[test]
    #[ignore = "needs Python"]
    fn a_secret_from_outside_is_none_in_the_file() {
        let text = crate::read(FILE);
        for value in ["${PASSWORD}", "${PASSWORD:?set it}"] {
            let changed = text.replacen(
                "KAFKA_HEAP_OPTS: -Xmx768m",
                &format!("KAFKA_SSL_KEY_PASSWORD: {value}"),
                1,
            );
            assert_ne!(changed, text);
            assert_eq!(faults(&changed), faults(&text), "{value}");
        }
    }
}
