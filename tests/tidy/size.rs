//! Lengths of files and functions.

use crate::source::{Source, closing, is_word, line_of, positions};

const FILE_LINES_SOFT: usize = 400;
const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// What a length leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// Within the limits.
    Fine,
    /// Above the soft limit: a note, no fault.
    Long(String),
    /// Above the hard limit.
    TooLong(String),
}

/// Judges the length of a file, tests apart.
pub(crate) fn file_length(source: &Source) -> Length {
    let lines = source
        .text_lines()
        .filter(|(number, _)| !source.is_test_line(*number))
        .count();
    let path = &source.path;
    if lines > FILE_LINES_MAX {
        return Length::TooLong(format!(
            "{path}: {lines} lines, {FILE_LINES_MAX} are the limit: split it"
        ));
    }
    if lines > FILE_LINES_SOFT {
        return Length::Long(format!(
            "{path}: {lines} lines, {FILE_LINES_SOFT} are enough: look for a seam"
        ));
    }
    Length::Fine
}

/// Functions that are too long, from their signature to their closing brace.
pub(crate) fn long_functions(source: &Source) -> Vec<String> {
    let chars: Vec<char> = source.code.chars().collect();
    positions(&chars, "fn ")
        .into_iter()
        .filter(|at| {
            at.checked_sub(1)
                .and_then(|before| chars.get(before))
                .is_none_or(|c| !is_word(*c))
        })
        .filter_map(|at| {
            let first = line_of(&chars, at);
            let lines = line_of(&chars, body_end(&chars, at)?) - first + 1;
            let name: String = chars.iter().skip(at + 3).take_while(|c| is_word(**c)).collect();
            let fault = || {
                format!(
                    "{}:{first}: `{name}` has {lines} lines, {FUNCTION_LINES_MAX} are the limit: split it",
                    source.path
                )
            };
            (lines > FUNCTION_LINES_MAX).then(fault)
        })
        .collect()
}

/// The closing brace of the function that starts at `at`; a signature without a body has none.
fn body_end(chars: &[char], at: usize) -> Option<usize> {
    let mut here = at;
    loop {
        match chars.get(here)? {
            '(' | '[' => here = closing(chars, here)? + 1,
            '{' => return closing(chars, here),
            ';' => return None,
            _ => here += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(lines: usize) -> Source {
        Source::new("a/src/x.rs", &"const A: u8 = 1;\n".repeat(lines))
    }

    #[test]
    fn a_file_is_noted_above_400_lines_and_refused_above_600() {
        assert_eq!(file_length(&file(400)), Length::Fine);
        assert!(matches!(file_length(&file(401)), Length::Long(_)));
        assert!(matches!(file_length(&file(600)), Length::Long(_)));
        assert!(matches!(file_length(&file(601)), Length::TooLong(_)));
    }

    #[test]
    fn the_tests_of_a_file_do_not_count() {
        let text = format!(
            "const A: u8 = 1;\n#[cfg(test)]\nmod tests {{\n{}}}\n",
            "// a\n".repeat(700)
        );
        assert_eq!(file_length(&Source::new("a/src/x.rs", &text)), Length::Fine);
    }

    fn function(signature: &str, body_lines: usize) -> Source {
        Source::new(
            "a/src/x.rs",
            &format!("{signature} {{\n{}}}\n", "    a(\"}\");\n".repeat(body_lines)),
        )
    }

    #[test]
    fn a_function_of_70_lines_passes_and_of_71_fails() {
        for signature in [
            "fn a()",
            "pub(crate) async fn a(x: [u8; 2]) -> u8",
            "    fn a<'a>(f: fn(u8) -> u8)",
        ] {
            assert_eq!(
                long_functions(&function(signature, 68)),
                Vec::<String>::new(),
                "{signature}"
            );
            let faults = long_functions(&function(signature, 69));
            assert_eq!(
                faults,
                ["a/src/x.rs:1: `a` has 71 lines, 70 are the limit: split it"],
                "{signature}"
            );
        }
    }

    #[test]
    fn a_signature_alone_has_no_length() {
        let text = format!(
            "trait A {{\n    fn a(&self) -> [u8; 2];\n{}}}\n",
            "    // b\n".repeat(100)
        );
        assert_eq!(long_functions(&Source::new("a/src/x.rs", &text)), Vec::<String>::new());
    }
}
