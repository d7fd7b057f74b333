//! Blanks comments and literals of Rust text, so that a textual check sees code alone.
//!
//! The text is not parsed. Line breaks stay where they are: the lines of the result are the lines of the file.

/// Replaces every character of a comment, string or character literal by a space; quotes stay.
pub(crate) fn mask(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        let end = match c {
            '/' => comment_end(&chars, at),
            '"' => Some(string_end(&chars, at)),
            'r' => raw_string_end(&chars, at),
            '\'' => char_end(&chars, at),
            _ => None,
        };
        match end {
            Some(end) => {
                chars
                    .iter()
                    .take(end)
                    .skip(at)
                    .for_each(|hidden| out.push(blank(*hidden)));
                at = end;
            }
            None => {
                out.push(c);
                at += 1;
            }
        }
    }
    out
}

fn blank(c: char) -> char {
    if matches!(c, '\n' | '"') { c } else { ' ' }
}

fn comment_end(chars: &[char], at: usize) -> Option<usize> {
    match chars.get(at + 1)? {
        '/' => Some(
            chars
                .iter()
                .skip(at)
                .position(|c| *c == '\n')
                .map_or(chars.len(), |length| at + length),
        ),
        '*' => Some(block_comment_end(chars, at)),
        _ => None,
    }
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut here = at;
    while here < chars.len() {
        match (chars.get(here), chars.get(here + 1)) {
            (Some('/'), Some('*')) => {
                depth += 1;
                here += 2;
            }
            (Some('*'), Some('/')) => {
                depth -= 1;
                here += 2;
                if depth == 0 {
                    return here;
                }
            }
            _ => here += 1,
        }
    }
    chars.len()
}

fn string_end(chars: &[char], at: usize) -> usize {
    let mut here = at + 1;
    while let Some(c) = chars.get(here) {
        match c {
            '\\' => here += 2,
            '"' => return here + 1,
            _ => here += 1,
        }
    }
    chars.len()
}

/// The end of `r"…"` or `r#"…"#`; an identifier that holds or ends in `r` has none.
fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).and_then(|index| chars.get(index));
    let prefixed =
        matches!(before, Some('b' | 'c')) && !at.checked_sub(2).is_some_and(|index| is_word_at(chars, index));
    if !prefixed && before.is_some_and(|c| c.is_alphanumeric() || *c == '_') {
        return None;
    }
    let hashes = chars.iter().skip(at + 1).take_while(|c| **c == '#').count();
    let body = at + 1 + hashes;
    if chars.get(body) != Some(&'"') {
        return None;
    }
    let close = |index: usize| {
        chars.get(index) == Some(&'"')
            && chars.iter().skip(index + 1).take(hashes).filter(|c| **c == '#').count() == hashes
    };
    Some(
        (body + 1..chars.len())
            .find(|index| close(*index))
            .map_or(chars.len(), |index| index + 1 + hashes),
    )
}

fn is_word_at(chars: &[char], index: usize) -> bool {
    chars.get(index).is_some_and(|c| c.is_alphanumeric() || *c == '_')
}

/// The end of a character literal; a lifetime has none.
fn char_end(chars: &[char], at: usize) -> Option<usize> {
    if chars.get(at + 1) == Some(&'\\') {
        let close = chars.iter().skip(at + 3).position(|c| *c == '\'')?;
        return Some(at + 3 + close + 1);
    }
    (chars.get(at + 2) == Some(&'\'')).then_some(at + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(mask(text), expected, "{text}");
    }

    #[test]
    fn comments_and_literals_are_blank_and_code_stays() {
        check("a // b\nc", "a     \nc");
        check("a /* b /* c */ d */ e", "a                   e");
        check(r#"f("}\"{") + 1"#, r#"f("  " ") + 1"#);
        check("r#\"}\"# x", "  \" \"  x");
        check("br\"}\" x", "b \" \" x");
        check("for\"}\"", "for\" \"");
        check("'}' '\\'' '\\u{7d}' x", "                  x");
    }

    #[test]
    fn a_lifetime_is_code() {
        check("fn a<'a>(x: &'a str) {}", "fn a<'a>(x: &'a str) {}");
    }

    #[test]
    fn text_cut_inside_a_literal_ends_there() {
        check("\"ab", "\"  ");
        check("/* a", "    ");
        check("r#\"a", "  \" ");
    }
}
