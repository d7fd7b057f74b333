//! Words and names that have no place in the repository.
//!
//! The words are put together from pieces, so that this file passes its own check.

use crate::source::{Source, has_word};

const WORDS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("Pha", "se")];
const FILE_STEMS: [&str; 4] = ["utils", "common", "helpers", "misc"];
const WORKPLACE_FOLDER: &str = concat!("/wo", "rk");
const WORKPLACE_DATA: &str = concat!("../sha", "red");
const WORKPLACE_WORDS: [&str; 2] = [concat!("sub", "agent"), concat!("helper ", "session")];

/// The one file that may name the folder with the data of the machine it runs on.
const CI_SCRIPT: &str = ".ci/run";

/// Files of rows, in which any text may stand.
const DATA_ENDINGS: [&str; 5] = [".csv", ".json", ".jsonl", ".ndjson", ".svg"];

/// Names of files that say nothing, and `mod.rs`.
pub(crate) fn file_name(source: &Source) -> Vec<String> {
    let name = source.file_name();
    let stem = name.split('.').next().unwrap_or(name);
    let path = &source.path;
    if name == "mod.rs" {
        vec![format!("{path}: write `foo.rs` beside the folder `foo`")]
    } else if FILE_STEMS.contains(&stem) {
        vec![format!(
            "{path}: `{stem}` says nothing: name the file after what it holds"
        )]
    } else {
        Vec::new()
    }
}

/// Lines with a word that belongs in an issue or in no text at all.
pub(crate) fn forbidden(source: &Source) -> Vec<String> {
    if DATA_ENDINGS.iter().any(|ending| source.path.ends_with(ending)) {
        return Vec::new();
    }
    let path = &source.path;
    let mut faults = Vec::new();
    for (number, line) in source.text_lines() {
        let words = WORDS.iter().filter(|word| has_word(line, word));
        faults.extend(
            words.map(|word| format!("{path}:{number}: `{word}`: describe what is, and keep plans out of the tree")),
        );
        let emoji = line.chars().find(|c| is_emoji(*c));
        faults.extend(emoji.map(|c| format!("{path}:{number}: emoji U+{:04X}: write a word", u32::from(c))));
    }
    faults
}

/// Lines that speak of the place where the code was written.
pub(crate) fn workplace(source: &Source) -> Vec<String> {
    let path = &source.path;
    let mut faults = Vec::new();
    for (number, line) in source.text_lines() {
        let lower = line.to_lowercase();
        let mut named: Vec<&str> = WORKPLACE_WORDS
            .into_iter()
            .filter(|word| lower.contains(word))
            .collect();
        if names_folder(line) {
            named.push(WORKPLACE_FOLDER);
        }
        if line.contains(WORKPLACE_DATA) && path != CI_SCRIPT {
            named.push(WORKPLACE_DATA);
        }
        faults.extend(
            named
                .into_iter()
                .map(|what| format!("{path}:{number}: `{what}` is of one machine: leave it out")),
        );
    }
    faults
}

/// Whether the line holds the folder as a path from the root of the file system.
fn names_folder(line: &str) -> bool {
    line.match_indices(WORKPLACE_FOLDER).any(|(at, found)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        let after = line.get(at + found.len()..).and_then(|tail| tail.chars().next());
        let is_root = before.is_none_or(|c| !c.is_alphanumeric() && !"_-.})*~".contains(c));
        is_root && after.is_none_or(|c| !c.is_alphanumeric() && !"_-".contains(c))
    })
}

/// Characters that are shown as pictures; arrows, ticks and box drawing are text.
fn is_emoji(c: char) -> bool {
    matches!(u32::from(c),
        0x1F000..=0x1FAFF | 0xFE0F
        | 0x231A..=0x231B | 0x23E9..=0x23EC | 0x23F0 | 0x23F3 | 0x2614..=0x2615 | 0x2648..=0x2653
        | 0x267F | 0x2693 | 0x26A0..=0x26A1 | 0x26BD..=0x26BE | 0x26C4..=0x26C5 | 0x26D4 | 0x26EA | 0x26F2..=0x26F5
        | 0x26FA | 0x26FD | 0x2705 | 0x270A..=0x270B | 0x2728 | 0x274C | 0x274E | 0x2753..=0x2757 | 0x2764
        | 0x2795..=0x2797 | 0x27B0 | 0x27BF | 0x2B1B..=0x2B1C | 0x2B50 | 0x2B55)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str) -> Source {
        Source::new("a/src/x.rs", line)
    }

    #[test]
    fn every_forbidden_word_fails_and_a_longer_word_passes() {
        for word in WORDS {
            assert_eq!(forbidden(&text(&format!("// {word} 3: more"))).len(), 1, "{word}");
            assert_eq!(forbidden(&text(&format!("// {word}x"))).len(), 0, "{word}");
        }
        assert_eq!(forbidden(&text("// a phase of the moon → ✓")).len(), 0);
    }

    #[test]
    fn a_picture_fails_in_text_and_passes_in_rows() {
        assert_eq!(
            forbidden(&text("done \u{1F389}")),
            ["a/src/x.rs:1: emoji U+1F389: write a word"]
        );
        assert_eq!(forbidden(&text("\u{2705}")).len(), 1);
        assert_eq!(forbidden(&Source::new("a/x.json", "\u{1F389}")).len(), 0);
    }

    #[test]
    fn names_that_say_nothing_fail() {
        for path in [
            "a/src/utils.rs",
            "a/common.py",
            "helpers.rs",
            "a/misc.test.js",
            "a/mod.rs",
        ] {
            assert_eq!(file_name(&Source::new(path, "")).len(), 1, "{path}");
        }
        for path in ["a/src/model.rs", "common/x.rs", "a/uncommon.rs"] {
            assert_eq!(file_name(&Source::new(path, "")).len(), 0, "{path}");
        }
    }

    #[test]
    fn the_workplace_fails_wherever_it_is_named() {
        let folder = WORKPLACE_FOLDER;
        for line in [
            folder.to_owned(),
            format!("cd {folder}/x"),
            format!("\"{folder}\""),
            format!("see {WORKPLACE_DATA}/data"),
        ] {
            assert_eq!(workplace(&text(&line)).len(), 1, "{line}");
        }
        for word in WORKPLACE_WORDS {
            assert_eq!(workplace(&text(&word.to_uppercase())).len(), 1, "{word}");
        }
        for line in [
            format!("{folder}space"),
            format!("home{folder}"),
            format!("{folder}-day"),
        ] {
            assert_eq!(workplace(&text(&line)).len(), 0, "{line}");
        }
    }

    #[test]
    fn the_ci_script_may_name_the_data_and_nothing_else() {
        assert_eq!(workplace(&Source::new(CI_SCRIPT, WORKPLACE_DATA)).len(), 0);
        assert_eq!(workplace(&Source::new(CI_SCRIPT, WORKPLACE_FOLDER)).len(), 1);
    }
}
