//! Several statements in one text, as a prompt or a script sends them.

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

/// The statements that end with a semicolon, without it, and what comes after the last one.
///
/// A semicolon within quotes or a comment ends nothing. A text whose quotes or comments are open is all rest; a rest
/// of blanks and comments is empty.
pub fn split(text: &str) -> (Vec<&str>, &str) {
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize_with_location() else {
        return (Vec::new(), text);
    };
    let mut statements = Vec::new();
    let mut rest = text;
    let mut says_something = false;
    for TokenWithSpan { token, span } in &tokens {
        match token {
            Token::SemiColon => {
                let end = text.len() - rest.len();
                let at = offset(text, span.start);
                if says_something {
                    statements.extend(text.get(end..at));
                }
                rest = text.get(at + 1..).unwrap_or_default();
                says_something = false;
            }
            Token::Whitespace(_) | Token::EOF => {}
            _ => says_something = true,
        }
    }
    (statements, if says_something { rest } else { "" })
}

/// The byte at which a line and column, both counted from 1 and in characters, begin.
fn offset(text: &str, at: Location) -> usize {
    let (line, column) = (at.line.saturating_sub(1), at.column.saturating_sub(1));
    let before: usize = text
        .split_inclusive('\n')
        .take(usize::try_from(line).unwrap_or(usize::MAX))
        .map(str::len)
        .sum();
    let within = text.get(before..).unwrap_or_default();
    let column = usize::try_from(column).unwrap_or(usize::MAX);
    before + within.char_indices().nth(column).map_or(within.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_end_statements_and_nothing_within_quotes_or_comments_does() {
        for (text, statements, rest) in [
            ("select 1", vec![], "select 1"),
            ("select 1;", vec!["select 1"], ""),
            ("select 1;select 2;\n", vec!["select 1", "select 2"], ""),
            ("select 1; -- that was it\n", vec!["select 1"], ""),
            ("select 1;\nselect 'ö;\n", vec![], "select 1;\nselect 'ö;\n"),
            (
                "select 'ö;ß', \"a;b\" /* ; */;\nselect '李';\nsel",
                vec!["select 'ö;ß', \"a;b\" /* ; */", "\nselect '李'"],
                "\nsel",
            ),
            (";;\n ;", vec![], ""),
            ("", vec![], ""),
        ] {
            assert_eq!(split(text), (statements, rest), "{text}");
        }
    }
}
