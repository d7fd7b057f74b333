//! One file of the tree: its text, its code without comments and literals, and which of its lines are tests.

use std::ops::RangeInclusive;

use crate::mask::mask;

/// A text file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Path from the root of the repository, with `/` between its parts.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
    /// The text of a Rust file with comments and literals blanked, line for line; empty for any other file.
    pub(crate) code: String,
    test_lines: Vec<RangeInclusive<usize>>,
}

impl Source {
    /// Reads the structure of one file.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = if path.ends_with(".rs") {
            mask(text)
        } else {
            String::new()
        };
        let test_lines = test_modules(&code);
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
            test_lines,
        }
    }

    /// Whether the file is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether the whole file is a test: `tests.rs`, or anything in a folder `tests` or `benches`.
    pub(crate) fn is_test_file(&self) -> bool {
        self.path
            .split('/')
            .any(|part| matches!(part, "tests" | "tests.rs" | "benches"))
    }

    /// Whether that line, counted from 1, belongs to a test.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.is_test_file() || self.test_lines.iter().any(|range| range.contains(&line))
    }

    /// Lines of code with their number, counted from 1.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        numbered(&self.code)
    }

    /// Lines of text with their number, counted from 1.
    pub(crate) fn text_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        numbered(&self.text)
    }

    /// Name of the file without its folders.
    pub(crate) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// Whether `c` may stand inside an identifier.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `needle` occurs in `line` with no identifier character touching either end.
pub(crate) fn has_word(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        let after = line.get(at + needle.len()..).and_then(|tail| tail.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The index of the bracket that closes the one at `open`.
pub(crate) fn closing(code: &[char], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, c) in code.iter().enumerate().skip(open) {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

/// The line of a character, counted from 1.
pub(crate) fn line_of(code: &[char], at: usize) -> usize {
    code.iter().take(at).filter(|c| **c == '\n').count() + 1
}

/// Where `needle` starts, in characters.
pub(crate) fn positions(code: &[char], needle: &str) -> Vec<usize> {
    let needle: Vec<char> = needle.chars().collect();
    code.windows(needle.len())
        .enumerate()
        .filter(|(_, window)| *window == needle)
        .map(|(at, _)| at)
        .collect()
}

fn test_modules(code: &str) -> Vec<RangeInclusive<usize>> {
    let chars: Vec<char> = code.chars().collect();
    positions(&chars, "#[cfg(test)]")
        .into_iter()
        .filter_map(|start| {
            let open = chars.iter().skip(start).position(|c| matches!(c, '{' | ';'))? + start;
            let end = if chars.get(open) == Some(&'{') {
                closing(&chars, open)?
            } else {
                open
            };
            Some(line_of(&chars, start)..=line_of(&chars, end))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_test_module_are_tests_and_those_around_it_are_not() {
        let source = Source::new(
            "a/src/x.rs",
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n",
        );
        let tests: Vec<usize> = (1..=6).filter(|line| source.is_test_line(*line)).collect();
        assert_eq!(tests, [2, 3, 4, 5]);
    }

    #[test]
    fn a_file_in_a_tests_folder_is_a_test_throughout() {
        assert!(Source::new("a/tests/x.rs", "fn a() {}\n").is_test_line(1));
        assert!(!Source::new("a/src/x.rs", "fn a() {}\n").is_test_line(1));
    }

    #[test]
    fn a_word_ends_where_its_letters_end() {
        assert!(has_word("use std::fs;", "std::fs"));
        assert!(!has_word("use std::fsx;", "std::fs"));
        assert!(!has_word("use mystd::fs;", "std::fs"));
    }

    #[test]
    fn a_bracket_without_its_pair_has_no_end() {
        let code: Vec<char> = "{ ( }".chars().collect();
        assert_eq!(closing(&code, 2), Some(4));
        assert_eq!(closing(&code, 0), None);
    }
}
