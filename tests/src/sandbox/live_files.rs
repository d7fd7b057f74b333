//! The files that published tables consist of, as their logs tell it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The live files of every table of a data directory.
///
/// # Panics
/// When a log is no log, or when its beginning has been cleaned up: then it cannot be followed line by line.
pub fn live_files(data: &Path) -> BTreeSet<PathBuf> {
    let tables = fs::read_dir(data.join("tables")).expect("there are tables");
    let tables = tables.map(|entry| entry.expect("the folder is readable").path());
    tables
        .filter(|table| table.join("_delta_log").is_dir())
        .flat_map(|table| of_table(&table))
        .collect()
}

fn of_table(table: &Path) -> BTreeSet<PathBuf> {
    let log = table.join("_delta_log");
    assert!(
        log.join(format!("{:020}.json", 0)).is_file(),
        "{}: the log has lost its beginning",
        log.display()
    );
    let commits = fs::read_dir(&log).expect("the log is readable");
    let commits = commits.map(|entry| entry.expect("the log is readable").path());
    let mut commits: Vec<PathBuf> = commits
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    commits.sort_unstable();
    let mut live = BTreeSet::new();
    for commit in commits {
        let text = fs::read_to_string(&commit).expect("a commit is text");
        for line in text.lines() {
            let action: Value = serde_json::from_str(line).expect("a commit holds one object per line");
            let path = |kind: &str| {
                action
                    .get(kind)
                    .and_then(|file| file.get("path"))
                    .and_then(Value::as_str)
            };
            if let Some(path) = path("add") {
                live.insert(table.join(path));
            }
            if let Some(path) = path("remove") {
                live.remove(&table.join(path));
            }
        }
    }
    live
}
