//! Manifests, Parquet files and Delta commits: what the fold has computed becomes durable and readable, exactly once.
//!
//! A pure half ([`manifest`], [`protocol`]) decides; an edge ([`Store`], [`Owner`], [`Tables`]) executes.
//! Absent: the log, the fold, SQL, clocks; time is an argument everywhere. The invariants: what a manifest names is durable
//! before the manifest is, a staged file enters the log of its Delta table once, and a number is never taken twice.

pub mod delta;
pub mod durable;
mod error;
pub mod fsck;
pub mod jobs;
pub mod layout;
pub mod maintain;
pub mod manifest;
pub mod parquet;
pub mod protocol;
pub mod publish;
pub mod published;
pub mod rows;
pub mod set;
pub mod shard;
pub mod stats;
pub mod store;
mod unit;

#[cfg(test)]
mod fixture;

pub use delta::Tables;
pub use error::{Class, Error};
pub use publish::{announce, publish};
pub use published::{PublishedSet, Reader, Which};
pub use shard::{CheckpointInput, Committed, LogBounds, Opened, Owner, TableRows};
pub use store::Store;
pub use unit::{Unit, UnknownUnit};
