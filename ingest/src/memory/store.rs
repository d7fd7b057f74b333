//! The bytes beneath memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::log::embedded::Keyspace;

/// Keys and values to write; without a value the key goes.
pub type Batch = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Keys and values with atomic batches. A read sees every write that returned before it.
pub trait Store: Send + std::fmt::Debug {
    /// The value of `key`.
    ///
    /// # Errors
    /// The store cannot be read.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error>;

    /// Writes the batch, all of it or nothing.
    ///
    /// # Errors
    /// The store cannot be written.
    fn write(&self, batch: Batch) -> Result<(), Error>;
}

impl Store for Keyspace {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Self::get(self, key)
    }

    fn write(&self, batch: Batch) -> Result<(), Error> {
        Self::write(self, batch)
    }
}

/// A store that ends with the process; clones share it. For tests and dry runs.
#[derive(Debug, Clone, Default)]
pub struct Volatile(Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>>);

impl Volatile {
    /// All keys and values, in the order of the keys.
    pub fn all(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.rows().clone()
    }

    /// A store of its own with the same keys and values.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.all())))
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Vec<u8>>> {
        // A batch is applied row by row without a step that can panic, so a poisoned map is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Volatile {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.rows().get(key).cloned())
    }

    fn write(&self, batch: Batch) -> Result<(), Error> {
        let mut rows = self.rows();
        for (key, value) in batch {
            match value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(&key),
            };
        }
        Ok(())
    }
}
