//! A page of labelled paragraphs, broken to the width of a terminal. A Chinese character takes two columns.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A space at which no line is broken; it is written as a plain one.
pub(super) const NO_BREAK: char = '\u{a0}';

const COLUMNS: usize = 100;
const INDENT: usize = 10;
/// Columns of the name of a check with its number and mark.
const HEAD: usize = 34;

/// The page as far as it is written.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    text: String,
    label: &'static str,
}

impl Sheet {
    /// A line over the whole width.
    pub(super) fn heading(&mut self, text: &str) {
        for line in broken(text, COLUMNS) {
            self.push(0, "", &line);
        }
    }

    /// The label of the paragraphs that follow; it stands before the first.
    pub(super) fn section(&mut self, label: &'static str) {
        self.label = label;
    }

    /// A paragraph.
    pub(super) fn line(&mut self, text: &str) {
        for line in broken(text, COLUMNS - INDENT) {
            let label = std::mem::take(&mut self.label);
            self.push(INDENT, label, &line);
        }
    }

    /// A line of a list: a head of fixed width, then text.
    pub(super) fn item(&mut self, head: &str, text: &str) {
        let label = std::mem::take(&mut self.label);
        if text.is_empty() {
            self.push(INDENT, label, head);
            return;
        }
        let head = padded(head, HEAD);
        let lines = broken(text, COLUMNS - INDENT - HEAD);
        for (line, at) in lines.iter().zip(0..) {
            if at == 0 {
                self.push(INDENT, label, &format!("{head}{line}"));
            } else {
                self.push(INDENT + HEAD, "", line);
            }
        }
    }

    /// A command, in one piece.
    pub(super) fn command(&mut self, text: &str) {
        self.push(INDENT + 2, "", text);
    }

    pub(super) fn finish(self) -> String {
        self.text.replace(NO_BREAK, " ")
    }

    fn push(&mut self, indent: usize, label: &str, text: &str) {
        let line = format!("{}{text}", padded(label, indent));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// The text, with spaces after it up to `columns`.
pub(super) fn padded(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// The text in lines of at most `columns`.
fn broken(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    // Punctuation of full width has its space within.
    for piece in pieces(&text.replace("） ", "）")) {
        if line.width() + piece.trim_end().width() > columns && !line.is_empty() {
            lines.push(line.trim_end().to_owned());
            line.clear();
        }
        line.push_str(&piece);
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// What no line may be broken within: words, numbers with their unit, a Chinese character with its punctuation.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut before = None;
    for next in text.chars() {
        match pieces.last_mut() {
            Some(piece) if !before.is_some_and(|before| may_break(before, next)) => piece.push(next),
            _ => pieces.push(next.to_string()),
        }
        before = Some(next);
    }
    pieces
}

fn may_break(before: char, next: char) -> bool {
    let is_wide = |character: char| character.width() == Some(2);
    if before == NO_BREAK || next == NO_BREAK || next == ' ' {
        return false;
    }
    before == ' '
        || ((is_wide(before) || is_wide(next))
            && !"，。；：、）》！？%,.;:)".contains(next)
            && !"（《(".contains(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_chinese_characters() {
        assert_eq!(broken("one two three", 7), ["one two", "three"]);
        assert_eq!(broken("目标调整。", 8), ["目标调", "整。"]);
        assert_eq!(broken("占 81\u{a0}% 的", 6), ["占", "81\u{a0}%", "的"]);
        assert_eq!(broken("", 8), [""]);
    }
}
