//! The edge between sources and the log: what comes in, what is refused, and the log itself.

pub mod canonical;
#[cfg(feature = "kafka")]
pub mod connection;
pub mod content;
pub mod convert;
pub mod dead_letter;
pub mod draft;
pub mod error;
pub mod import;
pub mod log;
pub mod mapping;
pub mod memory;
pub mod people;
pub mod privacy;
pub mod settle;
pub mod stamp;
