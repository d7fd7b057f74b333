//! The vocabulary of Paceline: identifiers, times, events, measures, positions and the table contract.
//!
//! Everything here is pure: no clock, no I/O, no tasks. Every other crate may use it; it uses none of them.

pub mod codec;
pub mod disposition;
pub mod envelope;
pub mod event;
pub mod field;
pub mod ids;
pub mod json_schema;
pub mod measure;
pub mod measures;
pub mod metrics;
pub mod position;
pub mod reject;
pub mod site;
pub mod symbol;
pub mod tables;
pub mod time;
pub mod upcast;
