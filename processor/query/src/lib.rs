//! SQL over the published tables: one path from a text to a stream of rows, and the views of the contract.
//!
//! Absent: listeners, principals, Delta logs, writes of any kind. The invariants: no text reaches the planner before the
//! [`gate`], no scan reads a file that the pinned set does not name, and an answer is whole or an error.

pub mod comments;
mod delta_table;
pub mod encode;
mod error;
pub mod evidence;
mod execute;
pub mod functions;
pub mod gate;
mod limits;
mod prune;
mod published;
mod runtime;
mod session;
mod sqlstate;
pub mod statements;
mod table_set;
mod views;

pub use error::{Class, QueryError};
pub use execute::{Engine, Rows};
pub use limits::Limits;
pub use published::DataDirectory;
pub use sqlstate::SqlState;
pub use table_set::TableSource;
pub use views::{View, all as views};
