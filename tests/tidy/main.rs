//! The rules of the house as tests: direction of dependencies, purity, lengths, names, words.
//!
//! Each rule is one function from plain data to a list of faults, with tests beside it that show it can fail.
//! Nothing here changes a file or needs a network, but for the tests that need Python packages.
//! The invariant: a fault names its place and what to do.

mod compose;
mod dependencies;
mod lints;
mod mask;
mod purity;
mod size;
mod source;
mod tree;
mod words;
mod workspace;

use std::fs;
use std::io::{self, Write as _};

use crate::size::Length;
use crate::source::Source;
use crate::workspace::Workspace;

const PURE_CLIPPY_FILES: [&str; 3] = [
    "schemas/clippy.toml",
    "processor/windows/clippy.toml",
    "processor/targets/clippy.toml",
];

#[track_caller]
fn pass(faults: &[String]) {
    assert!(faults.is_empty(), "{} to mend:\n{}", faults.len(), faults.join("\n"));
}

/// Applies one rule to every file that it is about.
#[track_caller]
fn pass_each(about: fn(&Source) -> bool, rule: fn(&Source) -> Vec<String>) {
    let sources = tree::read(&tree::root()).expect("the tree is readable");
    let mut about = sources.iter().filter(|source| about(source)).peekable();
    assert!(
        about.peek().is_some(),
        "no file to judge below {}",
        tree::root().display()
    );
    pass(&about.flat_map(rule).collect::<Vec<_>>());
}

fn known_workspace() -> Workspace {
    let workspace = workspace::parse(&workspace::metadata(&tree::root()).expect("the workspace is known"));
    assert!(
        workspace.graph.contains_key("paceline-schemas"),
        "the graph of cargo lacks the workspace"
    );
    workspace
}

fn read(path: &str) -> String {
    let file = tree::root().join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[test]
fn dependencies_point_one_way() {
    pass(&dependencies::against_the_direction(&known_workspace().edges));
}

#[test]
fn heavy_libraries_are_named_in_their_home_only() {
    pass(&dependencies::outside_their_home(&known_workspace().edges));
}

#[test]
fn pure_crates_reach_no_runtime() {
    pass(&dependencies::runtime_in_pure_crates(&known_workspace().graph));
}

#[test]
fn shared_types_come_in_one_version() {
    pass(&dependencies::several_versions(&read("Cargo.lock")));
}

#[test]
fn pure_crates_have_no_effects() {
    pass_each(purity::is_pure, purity::effects);
}

#[test]
fn pure_crates_iterate_no_hash_map() {
    pass_each(purity::is_pure, purity::hash_iteration);
}

#[test]
fn files_keep_within_their_length() {
    let sources = tree::read(&tree::root()).expect("the tree is readable");
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        match size::file_length(source) {
            Length::Fine => {}
            // Written past the capture of the test runner: a note on a passing test is shown too.
            Length::Long(note) => writeln!(io::stderr(), "note: {note}").expect("standard error is open"),
            Length::TooLong(fault) => faults.push(fault),
        }
    }
    pass(&faults);
}

#[test]
fn functions_keep_within_their_length() {
    pass_each(Source::is_rust, size::long_functions);
}

#[test]
fn files_are_named_after_what_they_hold() {
    pass_each(|_| true, words::file_name);
}

#[test]
fn no_file_holds_a_forbidden_word() {
    pass_each(|_| true, words::forbidden);
}

#[test]
fn no_file_names_the_workplace() {
    pass_each(|_| true, words::workplace);
}

#[test]
fn silenced_lints_have_a_reason() {
    pass_each(Source::is_rust, lints::without_reason);
}

#[test]
fn tests_do_not_sleep() {
    pass_each(Source::is_rust, lints::sleeps);
}

#[test]
fn pure_crates_repeat_the_shared_bans() {
    let shared = read(".clippy.toml");
    let faults = PURE_CLIPPY_FILES
        .iter()
        .flat_map(|path| lints::bans_not_repeated(&shared, &read(path), path));
    pass(&faults.collect::<Vec<_>>());
}

#[test]
#[ignore = "needs Python"]
fn the_compose_file_is_valid_and_keeps_to_the_rules_of_containers() {
    pass(&compose::faults(&read(compose::FILE)));
}
