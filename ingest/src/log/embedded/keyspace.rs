//! A keyspace beside the log, in the same database or in one of its own: for memory that is rebuilt from the log.

use std::fmt;
use std::path::Path;

use fjall::{Database, KeyspaceCreateOptions, PersistMode};

use super::store::failed;
use crate::error::Error;

/// A handle to one keyspace; clones share it.
///
/// A write survives the end of the process at once and a power loss after [`persist`](Self::persist).
#[derive(Clone)]
pub struct Keyspace {
    db: Database,
    inner: fjall::Keyspace,
}

impl Keyspace {
    pub(super) fn new(db: Database, inner: fjall::Keyspace) -> Self {
        Self { db, inner }
    }

    /// Opens a keyspace in a database of its own, creating both if they are not there.
    ///
    /// # Errors
    /// Another handle has it open; the folder cannot be used.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let opened = Database::builder(path).worker_threads(2).open();
        let db = opened.map_err(|source| match source {
            fjall::Error::Locked => Error::Locked { path: path.to_owned() },
            source => failed("open the database")(source),
        })?;
        let inner = db
            .keyspace("own", KeyspaceCreateOptions::default)
            .map_err(failed("open a keyspace"))?;
        Ok(Self { db, inner })
    }

    /// The value of `key`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let value = self.inner.get(key).map_err(failed("read a key"))?;
        Ok(value.map(|value| value.to_vec()))
    }

    /// Writes all values and removes all keys without one, together or not at all.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn write(&self, batch: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Result<(), Error> {
        let mut write = self.db.batch();
        for (key, value) in batch {
            match value {
                Some(value) => write.insert(&self.inner, key, value),
                None => write.remove(&self.inner, key),
            }
        }
        write.commit().map_err(failed("write keys"))
    }

    /// Keys with that prefix and their values, in the order of the keys.
    pub fn scan(&self, prefix: &[u8]) -> Scan {
        Scan(self.inner.prefix(prefix))
    }

    /// Makes everything written so far durable.
    ///
    /// # Errors
    /// The sync failed: the whole store takes no more writes.
    pub fn persist(&self) -> Result<(), Error> {
        self.db.persist(PersistMode::SyncAll).map_err(failed("sync"))
    }
}

impl fmt::Debug for Keyspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keyspace").field(&self.inner.name()).finish()
    }
}

/// Keys and values of a [`Keyspace::scan`], as they were when it began.
pub struct Scan(fjall::Iter);

impl Iterator for Scan {
    type Item = Result<(Vec<u8>, Vec<u8>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.0.next()?.into_inner().map_err(failed("scan keys"));
        Some(row.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scan")
    }
}
