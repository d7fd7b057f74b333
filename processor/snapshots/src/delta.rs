//! The Delta tables of the data directory, opened once and kept current.
//!
//! Every commit is one attempt against the version that was read: whoever loses reads again and decides again, because no
//! error code of a commit is trusted. The library's own checkpoints and clean-up after a commit are off, as their failure
//! would look like a failed commit. The log goes through the [`Store`] like every other object.

mod actions;
mod handle;
mod metadata;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::{StreamExt, TryStreamExt};
use paceline_schemas::tables::Table;
use paceline_schemas::time::Instant;
use uuid::Uuid;

pub use actions::{Change, LiveFile, TAG_BLAKE3, TAG_ORIGIN, millis};
pub use handle::DeltaHandle;

use crate::error::Error;
use crate::layout::{FileName, Origin};
use crate::store::Store;

/// Tables opened at a time.
const PARALLEL: usize = 4;

/// The stored tables of the contract.
#[derive(Debug)]
pub struct Tables {
    store: Store,
    handles: BTreeMap<&'static str, DeltaHandle>,
    names: Names,
}

/// Gives names to data files that no manifest counts.
#[derive(Debug, Clone)]
pub struct Names {
    writer: Uuid,
    next: Arc<AtomicU64>,
}

impl Names {
    /// Names of one process.
    pub fn new(writer: Uuid) -> Self {
        Self {
            writer,
            next: Arc::default(),
        }
    }

    /// A name that is never given twice.
    pub fn next(&self, number: u64, origin: Origin) -> FileName {
        FileName {
            number,
            origin,
            writer: self.writer,
            n: self.next.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl Tables {
    /// Opens all stored tables of `contract`, and creates those that are missing as empty ones.
    ///
    /// # Errors
    /// A table cannot be read or created, or has other columns than the contract.
    pub async fn open(store: &Store, contract: &'static [Table], writer: Uuid, at: Instant) -> Result<Self, Error> {
        let stored = contract.iter().filter(|table| table.is_stored());
        let opened = futures::stream::iter(stored).map(|table| Box::pin(DeltaHandle::open_or_create(store, table, at)));
        let handles: Vec<DeltaHandle> = opened.buffered(PARALLEL).try_collect().await?;
        let handles = handles
            .into_iter()
            .map(|handle| (handle.contract().name, handle))
            .collect();
        Ok(Self {
            store: store.clone(),
            handles,
            names: Names::new(writer),
        })
    }

    /// The data directory.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Gives names to data files.
    pub fn names(&self) -> Names {
        self.names.clone()
    }

    /// The table of that name.
    ///
    /// # Errors
    /// The contract has no stored table of that name.
    pub fn get(&mut self, name: &str) -> Result<&mut DeltaHandle, Error> {
        let unknown = || Error::Contract {
            table: name.to_owned(),
            detail: "there is no stored table of that name".to_owned(),
        };
        self.handles.get_mut(name).ok_or_else(unknown)
    }

    /// All tables, by name.
    pub fn iter(&self) -> impl Iterator<Item = &DeltaHandle> {
        self.handles.values()
    }

    /// All tables, by name.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut DeltaHandle> {
        self.handles.values_mut()
    }
}
