//! The first look at a text: bytes, tokens, operators, nesting. Iterative, so that no text can overflow a stack here.

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::error::QueryError;
use crate::limits::Limits;
use crate::sqlstate::SqlState;

/// Refuses a text that is too long, or too complex to be parsed and planned in bounded time and stack.
///
/// # Errors
/// A limit is exceeded, or the text cannot be split into tokens.
pub fn check(text: &str, limits: &Limits) -> Result<(), QueryError> {
    if text.len() > limits.text_bytes_max {
        let message = format!(
            "the text has {} bytes, the limit is {}",
            text.len(),
            limits.text_bytes_max
        );
        return Err(QueryError::new(SqlState::LimitExceeded, message));
    }
    if text.contains('\0') {
        return Err(QueryError::new(SqlState::Syntax, "the text has a NUL character"));
    }
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize();
    let tokens = tokens.map_err(|error| QueryError::new(SqlState::Syntax, error.to_string()))?;
    let count = Count::of(&tokens);
    bound("tokens", count.tokens, limits.tokens_max)?;
    bound("operators", count.operators, limits.operators_max)?;
    bound("levels of nesting", count.depth_max, limits.nesting_max)
}

fn bound(what: &str, count: usize, max: usize) -> Result<(), QueryError> {
    if count <= max {
        return Ok(());
    }
    let message = format!("the statement has {count} {what}, the limit is {max}");
    Err(QueryError::new(SqlState::TooComplex, message).hint("join with VALUES in place of long lists, or split it"))
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    tokens: usize,
    operators: usize,
    depth: usize,
    depth_max: usize,
}

impl Count {
    fn of(tokens: &[Token]) -> Self {
        let mut count = Self::default();
        for token in tokens {
            count.add(token);
        }
        count
    }

    fn add(&mut self, token: &Token) {
        match token {
            Token::Whitespace(_) | Token::EOF => return,
            Token::LParen | Token::LBracket | Token::LBrace => self.open(),
            Token::RParen | Token::RBracket | Token::RBrace => self.depth = self.depth.saturating_sub(1),
            Token::Word(word) => self.word(word.keyword),
            Token::Comma | Token::Period | Token::SemiColon | Token::Number(..) | Token::Placeholder(_) => {}
            other if is_text(other) => {}
            _ => self.operators += 1,
        }
        self.tokens += 1;
    }

    fn open(&mut self) {
        self.depth += 1;
        self.depth_max = self.depth_max.max(self.depth);
    }

    fn word(&mut self, keyword: Keyword) {
        match keyword {
            Keyword::CASE => self.open(),
            Keyword::END => self.depth = self.depth.saturating_sub(1),
            Keyword::AND
            | Keyword::OR
            | Keyword::XOR
            | Keyword::NOT
            | Keyword::IS
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::SIMILAR
            | Keyword::BETWEEN
            | Keyword::DIV
            | Keyword::UNION
            | Keyword::INTERSECT
            | Keyword::EXCEPT
            | Keyword::JOIN
            | Keyword::COLLATE => self.operators += 1,
            _ => {}
        }
    }
}

fn is_text(token: &Token) -> bool {
    matches!(
        token,
        Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::DollarQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::HexStringLiteral(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> Count {
        Count::of(&Tokenizer::new(&PostgreSqlDialect {}, text).tokenize().expect("tokens"))
    }

    fn code(text: &str) -> Option<&'static str> {
        check(text, &Limits::default()).err().map(|error| error.state.code())
    }

    #[test]
    fn space_and_comments_are_no_tokens_and_words_may_be_operators() {
        assert_eq!(count("SELECT 1 -- two\n /* three */ + 4"), count("SELECT 1+4"));
        let both = count("SELECT a FROM t WHERE NOT a = 1 AND b LIKE 'x' OR c IS NULL");
        assert_eq!(both.operators, 6);
    }

    #[test]
    fn brackets_and_case_nest() {
        assert_eq!(count("((1))").depth_max, 2);
        assert_eq!(count("CASE WHEN a THEN CASE WHEN b THEN (1) END END").depth_max, 3);
        assert_eq!(count("(1) + (2)").depth_max, 1);
    }

    #[test]
    fn what_would_abort_or_stall_the_planner_is_refused() {
        assert_eq!(code("SELECT 1"), None);
        assert_eq!(code(&format!("SELECT 1{}", "+1".repeat(201))), Some("54001"));
        assert_eq!(
            code(&format!("SELECT 1 WHERE a=0{}", " OR a=0".repeat(150))),
            Some("54001")
        );
        assert_eq!(code(&format!("SELECT {}1", "- ".repeat(300))), Some("54001"));
        assert_eq!(
            code(&format!("SELECT {}1{}", "(".repeat(33), ")".repeat(33))),
            Some("54001")
        );
        assert_eq!(code(&format!("SELECT 1 IN (1{})", ",1".repeat(1000))), Some("54001"));
        assert_eq!(code(&format!("SELECT '{}'", "x".repeat(17_000))), Some("54000"));
        assert_eq!(code("SELECT 'open"), Some("42601"));
        assert_eq!(code("SELECT '\0'"), Some("42601"));
    }

    #[test]
    fn limits_hold_to_the_last_token() {
        assert_eq!(code(&format!("SELECT 1{}", "+1".repeat(200))), None);
        assert_eq!(code(&format!("SELECT {}1{}", "(".repeat(32), ")".repeat(32))), None);
    }
}
