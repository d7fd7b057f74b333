//! The binary as it is typed: exit codes and where words go.

use std::process::{Command, Output};

fn paceline(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_paceline"))
        .args(words)
        .output()
        .expect("the binary runs")
}

#[test]
fn help_goes_to_standard_output_and_names_the_exit_codes() {
    let output = paceline(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("Exit codes"));
}

#[test]
fn wrong_words_and_missing_tables_are_usage_errors_on_standard_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("none");
    let data = data.to_str().expect("a path");
    for words in [
        &["nonsense"][..],
        &["sql", "--data", data, "-- a comment first\nSELECT 1"],
    ] {
        let output = paceline(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{words:?}");
    }
    let output = paceline(&["sql", "--data", data, "-- a comment first\nSELECT 1"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("holds no tables"));
}
