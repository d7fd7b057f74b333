//! The shell around the pure parts: command line, configuration, intake, the owner of the shards, jobs, SQL at a prompt.
//!
//! [`commands`] has one function per verb. A writing command runs inside [`station::Station`], which holds the locks of
//! the data directory; where another process writes to its log, [`client`] sends the command there.
//! Absent: rules of counting (`windows`, `schemas`), of versions (`ingest`) and of durability (`snapshots`).

pub mod admin;
pub mod cli;
pub mod client;
pub mod clock;
pub mod commands;
pub mod config;
pub mod failure;
pub mod http;
pub mod imports;
pub mod intake;
pub mod jobs;
mod live;
pub mod locks;
mod log;
pub mod metrics;
pub mod output;
pub mod pipeline;
pub mod replay;
pub mod request;
pub mod shard;
pub mod station;
pub mod status;
mod targets;
