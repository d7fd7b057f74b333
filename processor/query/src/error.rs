//! The one error of this crate: what a client is told.

use datafusion::error::DataFusionError;

use crate::sqlstate::{self, SqlState};

/// What the caller does about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The query has to change.
    Input,
    /// The same query may succeed later.
    Transient,
    /// Ours; the log has the details.
    Fatal,
}

/// Why a query was refused or ended: a code, a sentence for people, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// The code that clients act on.
    pub state: SqlState,
    /// What is wrong, without values of rows.
    pub message: String,
    /// What helps, where that is known.
    pub hint: Option<String>,
}

impl QueryError {
    /// An error without a hint.
    pub fn new(state: SqlState, message: impl Into<String>) -> Self {
        Self {
            state,
            message: message.into(),
            hint: None,
        }
    }

    /// The same error with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whose fault it is, and whether to try again.
    pub fn class(&self) -> Class {
        self.state.class()
    }
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        sqlstate::of_engine(&error)
    }
}

impl From<QueryError> for DataFusionError {
    fn from(error: QueryError) -> Self {
        Self::External(Box::new(error))
    }
}
