//! What a text must pass before and after it is planned: size, tokens, kind of statement, functions, tables.
//!
//! Planning cannot be interrupted and a deep expression ends the process, so both are bounded by counting tokens first.

mod naming;
mod plan;
mod tokens;

pub(crate) use naming::name_subqueries;
pub(crate) use plan::check as check_plan;
pub use tokens::check as check_text;

use datafusion::common::config::Dialect;
use datafusion::execution::SessionState;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as Sql;

use crate::error::QueryError;
use crate::sqlstate::SqlState;

/// The dialect that texts are read in.
pub(crate) const DIALECT: Dialect = Dialect::PostgreSQL;

/// Parses a text that has passed [`check_text`] and admits statements that read.
///
/// # Errors
/// The text is no SQL, holds more than one statement, or would write.
pub(crate) fn parse(state: &SessionState, text: &str) -> Result<Statement, QueryError> {
    let parsed = state.sql_to_statement(text, &DIALECT);
    let mut statement = parsed.map_err(|error| match QueryError::from(error) {
        error if error.state == SqlState::FeatureNotSupported => {
            QueryError::new(SqlState::Syntax, "more than one statement").hint("send them one by one")
        }
        error if error.state == SqlState::InvalidQuery => QueryError::new(SqlState::Syntax, "no statement"),
        error => error,
    })?;
    admit(&statement)?;
    name_subqueries(&mut statement);
    Ok(statement)
}

fn admit(statement: &Statement) -> Result<(), QueryError> {
    match statement {
        Statement::Explain(explain) => match &*explain.statement {
            Statement::Statement(inner) if matches!(**inner, Sql::Query(_)) => Ok(()),
            other => admit(other).and_then(|()| Err(unsupported("EXPLAIN of this statement"))),
        },
        Statement::Statement(sql) => admit_sql(sql),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) => Err(read_only()),
        Statement::Reset(_) => Err(unsupported("RESET")),
    }
}

fn admit_sql(sql: &Sql) -> Result<(), QueryError> {
    match sql {
        Sql::Query(_)
        | Sql::ExplainTable { .. }
        | Sql::ShowTables { .. }
        | Sql::ShowColumns { .. }
        | Sql::ShowVariable { .. } => Ok(()),
        Sql::Prepare { .. } | Sql::Execute { .. } | Sql::Deallocate { .. } => Err(unsupported("a prepared statement")),
        Sql::StartTransaction { .. } | Sql::Commit { .. } | Sql::Rollback { .. } => Err(unsupported("a transaction")),
        Sql::Declare { .. } | Sql::Fetch { .. } | Sql::Close { .. } => Err(unsupported("a cursor")),
        _ => Err(read_only()),
    }
}

fn read_only() -> QueryError {
    QueryError::new(SqlState::ReadOnly, "the tables are read only")
        .hint("SELECT, EXPLAIN, SHOW and DESCRIBE are answered")
}

fn unsupported(what: &str) -> QueryError {
    QueryError::new(SqlState::FeatureNotSupported, format!("not supported: {what}"))
}
