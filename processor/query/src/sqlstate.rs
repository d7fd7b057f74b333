//! Codes of errors, and the one function that gives an error of the engine its code.

use datafusion::arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

use crate::error::{Class, QueryError};

macro_rules! states {
    ($($name:ident = $code:literal, $class:ident, $doc:literal;)*) => {
        /// A SQLSTATE that this crate gives.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum SqlState { $(#[doc = $doc] $name,)* }

        impl SqlState {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The five characters.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Whose fault it is, and whether to try again.
            pub const fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)* }
            }
        }
    };
}

states! {
    FeatureNotSupported = "0A000", Input, "What this SQL does not offer.";
    NumericOutOfRange = "22003", Input, "A number outside its type.";
    DivisionByZero = "22012", Input, "A division by zero.";
    InvalidText = "22P02", Input, "A value that cannot be read as the wanted type.";
    ReadOnly = "25006", Input, "A statement that would write.";
    NotPermitted = "42501", Input, "A function or table that is not offered.";
    Syntax = "42601", Input, "A text that is no SQL.";
    AmbiguousColumn = "42702", Input, "A name that more than one column has.";
    UndefinedColumn = "42703", Input, "A column that does not exist.";
    DatatypeMismatch = "42804", Input, "Types that do not go together.";
    UndefinedFunction = "42883", Input, "A function that does not exist.";
    UndefinedTable = "42P01", Input, "A table that does not exist.";
    InvalidQuery = "42000", Input, "A query that has no meaning.";
    LimitExceeded = "54000", Input, "A text or an answer over a limit.";
    TooComplex = "54001", Input, "A statement too complex to be planned.";
    Busy = "53000", Transient, "No turn came in time.";
    SpillFull = "53100", Transient, "No room is left to spill to.";
    OutOfMemory = "53200", Transient, "The query needs more memory than it may have.";
    NotReady = "55000", Transient, "The tables cannot be read for the time being.";
    Cancelled = "57014", Transient, "Cancelled, or past its deadline.";
    SetExpired = "72000", Transient, "The pinned tables are no longer there.";
    Internal = "XX000", Fatal, "Ours.";
}

const WRITES: &str = "the tables are read only";

/// What a client is told about an error of the engine. Values of rows are left out; what is ours goes to the log.
pub(crate) fn of_engine(error: &DataFusionError) -> QueryError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => of_engine(inner),
        DataFusionError::Shared(inner) => of_engine(inner),
        DataFusionError::Collection(all) => all.first().map_or_else(|| internal(error), of_engine),
        DataFusionError::External(inner) => {
            let ours = inner.downcast_ref::<QueryError>().cloned();
            let nested = || inner.downcast_ref::<DataFusionError>().map(of_engine);
            ours.or_else(nested).unwrap_or_else(|| internal(error))
        }
        DataFusionError::SQL(parser, _) => QueryError::new(SqlState::Syntax, lowered(&parser.to_string())),
        DataFusionError::SchemaError(schema, _) => of_schema(schema),
        DataFusionError::NotImplemented(text) => QueryError::new(
            SqlState::FeatureNotSupported,
            format!("not supported: {}", lowered(text)),
        ),
        DataFusionError::Plan(text) => of_plan(text),
        DataFusionError::ResourcesExhausted(text) => of_resources(text),
        DataFusionError::ArrowError(arrow, _) => of_arrow(arrow, error),
        DataFusionError::Execution(text) if is_cast(text) => bad_value(),
        DataFusionError::ObjectStore(store) if matches!(**store, object_store::Error::NotFound { .. }) => {
            tracing::warn!(error = %store, "a file of the pinned set is gone");
            QueryError::new(SqlState::SetExpired, "a file of the pinned tables is gone").hint("run the query again")
        }
        DataFusionError::ParquetError(_)
        | DataFusionError::ObjectStore(_)
        | DataFusionError::IoError(_)
        | DataFusionError::Internal(_)
        | DataFusionError::Configuration(_)
        | DataFusionError::Execution(_)
        | DataFusionError::ExecutionJoin(_)
        | DataFusionError::Substrait(_)
        | DataFusionError::Ffi(_) => internal(error),
    }
}

fn internal(error: &DataFusionError) -> QueryError {
    tracing::error!(%error, "a query failed inside the engine");
    QueryError::new(
        SqlState::Internal,
        "the query failed inside the engine; the log has the details",
    )
}

fn bad_value() -> QueryError {
    QueryError::new(SqlState::InvalidText, "a value cannot be read as the wanted type")
        .hint("`TRY_CAST` gives NULL for what cannot be read")
}

fn out_of_range() -> QueryError {
    QueryError::new(SqlState::NumericOutOfRange, "a number is outside its type")
}

fn is_cast(text: &str) -> bool {
    ["cast", "parse", "parsing"]
        .iter()
        .any(|word| text.to_ascii_lowercase().contains(word))
}

fn of_schema(error: &SchemaError) -> QueryError {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let missing = QueryError::new(
                SqlState::UndefinedColumn,
                format!("column `{}` does not exist", field.name),
            );
            let mut near: Vec<&str> = valid_fields.iter().map(|column| column.name.as_str()).collect();
            near.sort_unstable_by_key(|name| distance(name, &field.name));
            match near.first().filter(|name| distance(name, &field.name) <= 2) {
                Some(name) => missing.hint(format!("there is a column `{name}`")),
                None => missing,
            }
        }
        SchemaError::AmbiguousReference { field } => QueryError::new(
            SqlState::AmbiguousColumn,
            format!("column `{}` is ambiguous", field.name),
        )
        .hint("put the name of its table before it"),
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            QueryError::new(
                SqlState::AmbiguousColumn,
                format!("more than one column is named `{name}`"),
            )
            .hint("give each a name of its own with AS")
        }
    }
}

fn of_plan(text: &str) -> QueryError {
    let quoted = || text.split('\'').nth(1).unwrap_or_default().to_owned();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["DDL not supported", "DML not supported", "Statement not supported"]) {
        QueryError::new(SqlState::ReadOnly, WRITES)
    } else if text.starts_with("table function") {
        QueryError::new(
            SqlState::UndefinedFunction,
            format!("table function `{}` does not exist", quoted()),
        )
    } else if text.starts_with("table '") && says(&["not found"]) {
        let name = quoted();
        let name = name.strip_prefix("paceline.").unwrap_or(&name);
        let name = name.strip_prefix("public.").unwrap_or(name);
        QueryError::new(SqlState::UndefinedTable, format!("table `{name}` does not exist"))
            .hint("SHOW TABLES lists them")
    } else if text.starts_with("column '") && says(&["not found"]) {
        QueryError::new(
            SqlState::UndefinedColumn,
            format!("column `{}` does not exist", quoted()),
        )
    } else if says(&["Invalid function"]) {
        QueryError::new(
            SqlState::UndefinedFunction,
            format!("function `{}` does not exist", quoted()),
        )
    } else if says(&[
        "coerce",
        "No function matches",
        "data type",
        "type_coercion",
        "Cannot infer common",
    ]) {
        let first = text.lines().next().unwrap_or_default();
        QueryError::new(SqlState::DatatypeMismatch, lowered(first)).hint("CAST one of them")
    } else {
        QueryError::new(SqlState::InvalidQuery, lowered(text.lines().next().unwrap_or_default()))
    }
}

fn of_resources(text: &str) -> QueryError {
    if text.contains("disk space") || text.contains("temp directory") {
        return QueryError::new(SqlState::SpillFull, "no room is left to spill to");
    }
    QueryError::new(SqlState::OutOfMemory, "the query needs more memory than it may have")
        .hint("narrow it by dates or reps, or sum before joining")
}

fn of_arrow(arrow: &ArrowError, whole: &DataFusionError) -> QueryError {
    match arrow {
        ArrowError::DivideByZero => {
            QueryError::new(SqlState::DivisionByZero, "division by zero").hint("NULLIF(x, 0) gives NULL for it")
        }
        ArrowError::ArithmeticOverflow(_) => out_of_range(),
        ArrowError::CastError(text) if text.starts_with("Can't cast value") => out_of_range(),
        ArrowError::CastError(_) | ArrowError::ParseError(_) => bad_value(),
        ArrowError::ExternalError(inner) => inner
            .downcast_ref::<DataFusionError>()
            .map_or_else(|| internal(whole), of_engine),
        _ => internal(whole),
    }
}

fn lowered(text: &str) -> String {
    let text = text
        .trim()
        .trim_start_matches("sql parser error: ")
        .trim_start_matches("SQL error: ");
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    // A word in capitals is a keyword or a name.
    let keeps = chars.clone().next().is_some_and(char::is_uppercase);
    if keeps {
        text.to_owned()
    } else {
        first.to_lowercase().chain(chars).collect()
    }
}

/// Edit distance, cut off beyond what a typing error makes.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: DataFusionError, code: &str) {
        let found = of_engine(&error);
        assert_eq!(found.state.code(), code, "{error}");
        assert!(!found.message.is_empty() && !found.message.contains('\n'), "{error}");
    }

    #[test]
    fn errors_that_no_query_can_bring_about_have_their_codes_too() {
        check(
            DataFusionError::ResourcesExhausted("Failed to allocate 9 bytes".into()),
            "53200",
        );
        check(
            DataFusionError::ResourcesExhausted("The used disk space during spilling".into()),
            "53100",
        );
        check(
            DataFusionError::ArrowError(Box::new(ArrowError::ArithmeticOverflow("9".into())), None),
            "22003",
        );
        check(DataFusionError::Internal("x".into()), "XX000");
        let gone = object_store::Error::NotFound {
            path: "a".into(),
            source: "gone".into(),
        };
        check(DataFusionError::ObjectStore(Box::new(gone)), "72000");
        let ours = QueryError::new(SqlState::Busy, "busy");
        check(DataFusionError::from(ours.clone()).context("inside"), "53000");
        assert_eq!(of_engine(&DataFusionError::from(ours.clone())), ours);
    }

    #[test]
    fn a_value_of_a_row_is_not_in_the_message() {
        let cast = ArrowError::CastError("Cannot cast string 'secret' to value of Int64 type".into());
        let error = of_engine(&DataFusionError::ArrowError(Box::new(cast), None));
        assert_eq!((error.state.code(), error.message.contains("secret")), ("22P02", false));
    }

    #[test]
    fn every_code_has_five_characters_and_is_given_once() {
        let codes: std::collections::BTreeSet<_> = SqlState::ALL.iter().map(|state| state.code()).collect();
        assert_eq!(codes.len(), SqlState::ALL.len());
        assert!(codes.iter().all(|code| code.len() == 5));
    }
}
