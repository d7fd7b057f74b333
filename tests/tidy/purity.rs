//! What a pure crate must not contain: I/O, clocks, threads, async, and the order of a hash map.
//!
//! The checks read text, tests apart. They catch the habit, not the intent; `clippy.toml` of each pure crate bans the same by type.

use std::collections::BTreeSet;

use crate::source::{Source, has_word, is_word};

const STD_MODULES: [&str; 5] = ["fs", "net", "env", "thread", "process"];
const CLOCKS: [&str; 4] = ["SystemTime", "Instant::now", "Timestamp::now", "Zoned::now"];
const ASYNC: [&str; 3] = ["async fn", "async move", ".await"];
const ITERATIONS: [&str; 9] = [
    ".iter()",
    ".iter_mut()",
    ".into_iter()",
    ".keys()",
    ".values()",
    ".values_mut()",
    ".into_keys()",
    ".into_values()",
    ".drain(",
];

/// The folders of the pure crates.
const FOLDERS: [&str; 3] = ["schemas/src/", "processor/windows/src/", "processor/targets/src/"];

/// Whether the file belongs to a pure crate.
pub(crate) fn is_pure(source: &Source) -> bool {
    source.is_rust() && FOLDERS.iter().any(|folder| source.path.starts_with(folder))
}

/// Lines that do I/O, read a clock, start something or wait.
pub(crate) fn effects(source: &Source) -> Vec<String> {
    source
        .code_lines()
        .filter(|(number, _)| !source.is_test_line(*number))
        .flat_map(|(number, line)| {
            let path = &source.path;
            effects_of(line)
                .into_iter()
                .map(move |what| format!("{path}:{number}: `{what}` in a pure crate: pass its result as an argument"))
        })
        .collect()
}

fn effects_of(line: &str) -> Vec<String> {
    let modules = STD_MODULES
        .iter()
        .filter(|module| names_std_module(line, module))
        .map(|module| format!("std::{module}"));
    let words = CLOCKS
        .iter()
        .chain(&ASYNC)
        .filter(|word| has_word(line, word))
        .map(|word| (*word).to_owned());
    modules.chain(words).collect()
}

fn names_std_module(line: &str, module: &str) -> bool {
    let grouped = line
        .split_once("std::{")
        .is_some_and(|(_, group)| has_word(group, module));
    grouped || has_word(line, &format!("std::{module}"))
}

/// Lines that walk a hash map or set which the same file declares.
pub(crate) fn hash_iteration(source: &Source) -> Vec<String> {
    let names = hash_names(&source.code);
    let path = &source.path;
    statements(source)
        .into_iter()
        .filter_map(|(number, line)| {
            let name = names.iter().find(|name| iterates(&line, name))?;
            Some(format!(
                "{path}:{number}: the hash map or set `{name}` is iterated: its order is no one's, use a BTree or an index"
            ))
        })
        .collect()
}

/// Lines of code, tests apart, with the calls of a chain brought back to the line that begins it.
fn statements(source: &Source) -> Vec<(usize, String)> {
    let mut statements: Vec<(usize, String)> = Vec::new();
    for (number, line) in source.code_lines().filter(|(number, _)| !source.is_test_line(*number)) {
        match statements.last_mut() {
            Some((_, statement)) if line.trim_start().starts_with('.') => statement.push_str(line.trim()),
            _ => statements.push((number, line.trim_end().to_owned())),
        }
    }
    statements
}

/// Names of fields and variables whose type or first value is a hash map or set.
fn hash_names(code: &str) -> BTreeSet<String> {
    let declarations = code.lines().filter(|line| !line.trim_start().starts_with("use "));
    declarations
        .flat_map(|line| {
            ["HashMap", "HashSet"]
                .into_iter()
                .flat_map(|kind| names_before(line, kind))
        })
        .collect()
}

fn names_before(line: &str, kind: &str) -> Vec<String> {
    line.match_indices(kind)
        .filter_map(|(at, _)| name_before(line.get(..at)?))
        .collect()
}

/// The name in `name: &mut std::collections::HashMap`, or in `let mut name = HashMap`.
fn name_before(head: &str) -> Option<String> {
    let head = head.trim_end_matches(|c: char| is_word(c) || c == ':').trim_end();
    let head = head.trim_end_matches("mut").trim_end().trim_end_matches('&').trim_end();
    let head = head.trim_end_matches([':', '=']).trim_end();
    let name: String = head
        .chars()
        .rev()
        .take_while(|c| is_word(*c))
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    (!name.is_empty()).then_some(name)
}

fn iterates(line: &str, name: &str) -> bool {
    let calls = ITERATIONS.iter().any(|call| touches(line, &format!("{name}{call}")));
    let loops = line.split_once(" in ").is_some_and(|(_, subject)| {
        let subject = subject
            .trim_start_matches('&')
            .trim_start_matches("mut ")
            .trim_start_matches("self.");
        subject
            .strip_prefix(name)
            .is_some_and(|rest| rest.trim_start().starts_with('{'))
    });
    calls || (loops && has_word(line, "for"))
}

fn touches(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(at, _)| {
        !line
            .get(..at)
            .and_then(|head| head.chars().next_back())
            .is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pure(text: &str) -> Source {
        Source::new("processor/windows/src/x.rs", text)
    }

    #[test]
    fn only_the_sources_of_pure_crates_are_pure() {
        assert!(is_pure(&pure("")));
        assert!(!is_pure(&Source::new("ingest/src/x.rs", "")));
        assert!(!is_pure(&Source::new("processor/windows/tests/x.rs", "")));
    }

    #[test]
    fn every_effect_fails_in_code() {
        for line in [
            "use std::fs;",
            "use std::{collections::BTreeMap, thread};",
            "let home = std::env::var(name);",
            "let now = SystemTime::now();",
            "let now = Instant::now();",
            "let now = jiff::Timestamp::now();",
            "let now = Zoned::now();",
            "pub async fn a() {}",
            "std::process::exit(1)",
            "std::net::lookup()",
        ] {
            assert_eq!(effects(&pure(line)).len(), 1, "{line}");
        }
    }

    #[test]
    fn an_effect_in_a_comment_a_string_or_a_test_passes() {
        let text = "// SystemTime\nlet a = \"std::fs\";\nlet b = Instant(1);\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        assert_eq!(effects(&pure(text)), Vec::<String>::new());
    }

    #[test]
    fn walking_a_hash_map_fails_and_looking_up_passes() {
        let fields =
            "struct A { panes: HashMap<u32, u32>, seen: std::collections::HashSet<u32>, days: BTreeMap<u32, u32> }\n";
        for line in [
            "self.panes.iter()",
            "self.panes.keys().max()",
            "self.panes\n    .values()\n    .sum()",
            "panes.values_mut()",
            "for pane in &self.panes {",
            "for pane in &mut panes {",
            "for id in seen {",
            "self.seen.drain()",
        ] {
            assert_eq!(hash_iteration(&pure(&format!("{fields}{line}\n"))).len(), 1, "{line}");
        }
        for line in [
            "self.panes.get(&1)",
            "self.days.iter()",
            "for day in &self.days {",
            "other_panes.iter()",
        ] {
            assert_eq!(hash_iteration(&pure(&format!("{fields}{line}\n"))).len(), 0, "{line}");
        }
    }

    #[test]
    fn a_variable_is_known_by_its_first_value() {
        assert_eq!(
            hash_iteration(&pure("let mut count = HashMap::new();\nfor c in &count {\n")).len(),
            1
        );
        assert_eq!(
            hash_iteration(&pure("fn a(set: &mut HashSet<u32>) {\nset.iter()\n")).len(),
            1
        );
    }
}
