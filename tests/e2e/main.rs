//! The whole product from files to tables: the real binary on invented floors, its answers against a slow recount.
//!
//! No network beyond loopback, no data of others. Every test has a data directory of its own.

mod calls_file;
mod chains;
mod deals_file;
mod encodings;
mod faults;
mod generated_chains;
mod processes;
mod questions;
mod recount;
mod replays;
mod sites;
mod storage;
mod targets;
