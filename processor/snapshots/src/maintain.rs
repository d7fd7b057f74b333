//! Housekeeping by the owner of shard 0: few files, short logs, nothing kept that nobody can read any more.
//!
//! None of it changes a sum or a row that a reader of a retained set sees. Memory is bounded by [`MERGE_ROWS_MAX`].

mod collect;
mod compact;
mod merge;

use std::collections::BTreeSet;

use paceline_schemas::time::{HOUR_US, Instant};

pub use collect::{Collected, collect};
pub use compact::{Compacted, compact};

use crate::delta::{DeltaHandle, Tables, millis};
use crate::error::Error;
use crate::layout;
use crate::store::Store;

/// Files of this size and above are left alone.
pub const FILE_BYTES_FULL: u64 = 32 << 20;
/// Files with this many rows and above are left alone.
pub const FILE_ROWS_FULL: u64 = 100_000;
/// Rows merged at a time.
pub const MERGE_ROWS_MAX: u64 = 200_000;
/// Commits between two checkpoints of a Delta log.
pub const COMMITS_PER_CHECKPOINT: u64 = 100;
/// How long versions and removed files can be read.
pub const RETENTION_US: i64 = 7 * 24 * HOUR_US;

/// How often, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upkeep {
    /// How long versions and removed files can be read. Must exceed the longest query plus the longest pin.
    pub retention_us: i64,
    /// Commits between two checkpoints of a Delta log.
    pub commits_per_checkpoint: u64,
}

impl Default for Upkeep {
    fn default() -> Self {
        Self {
            retention_us: RETENTION_US,
            commits_per_checkpoint: COMMITS_PER_CHECKPOINT,
        }
    }
}

/// What tidying did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Delta checkpoints written.
    pub checkpoints: usize,
    /// Entries of Delta logs removed.
    pub log_entries: usize,
    /// Data files removed that had left their table.
    pub files: usize,
}

/// Writes due checkpoints of Delta logs, and removes log entries and data files older than the retention.
///
/// # Errors
/// A log cannot be read or the store fails; what is done stays done.
pub async fn tidy(tables: &mut Tables, upkeep: Upkeep, at: Instant) -> Result<Tidied, Error> {
    let store = tables.store().clone();
    let cutoff = millis(Instant(at.0.saturating_sub(upkeep.retention_us)));
    let mut tidied = Tidied::default();
    for handle in tables.iter_mut() {
        let table = handle.contract().name;
        handle.refresh().await?;
        // A checkpoint forgets what left the table long ago by the wall clock, so that is asked for first.
        let gone = removable(&store, handle, cutoff).await?;
        let hint = store
            .read(&format!("{}/_delta_log/_last_checkpoint", layout::table(table)))
            .await?;
        if handle.version() >= last_checkpoint(hint.as_deref()) + upkeep.commits_per_checkpoint {
            handle.write_log_checkpoint().await?;
            tidied.checkpoints += 1;
        }
        tidied.log_entries += handle.clean_log(cutoff).await?;
        tidied.files += gone.len();
        store.delete(gone).await?;
    }
    Ok(tidied)
}

/// The version in the hint of the log; 0 where there is none.
fn last_checkpoint(hint: Option<&[u8]>) -> u64 {
    let hint: Option<serde_json::Value> = hint.and_then(|bytes| serde_json::from_slice(bytes).ok());
    hint.and_then(|hint| hint.get("version")?.as_u64()).unwrap_or(0)
}

async fn removable(store: &Store, handle: &mut DeltaHandle, cutoff: i64) -> Result<Vec<String>, Error> {
    let live: BTreeSet<String> = handle.files()?.into_iter().map(|file| file.path).collect();
    let folder = layout::table(handle.contract().name);
    let there: BTreeSet<String> = store.list(&folder).await?.into_iter().map(|entry| entry.path).collect();
    let old = handle
        .removed()
        .await?
        .into_iter()
        .filter(|(_, removed)| removed.is_some_and(|removed| removed <= cutoff));
    let gone = old
        .filter(|(path, _)| !live.contains(path))
        .map(|(path, _)| format!("{folder}/{path}"));
    Ok(gone.filter(|path| there.contains(path)).collect())
}
