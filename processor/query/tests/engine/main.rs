//! Queries over tables that the tests write: views against a naive recount, what the gate refuses, files of SQL.

mod deals;
mod directory;
mod facts;
mod limits;
mod nesting;
mod plan;
mod prune;
mod questions;
mod refusals;
mod seed;
mod slt;
mod sums;
mod targets;
mod versions;
mod windows;
