//! The source of sets over a data directory.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use paceline_schemas::tables;
use paceline_snapshots::published::{self, DataFile};
use paceline_snapshots::{Class, Error, PublishedSet, Reader, Store, Which};
use tokio::sync::Mutex;

use crate::error::QueryError;
use crate::sqlstate::SqlState;
use crate::table_set::TableSource;

/// Reads the newest published set of a data directory, or an older one.
#[derive(Debug)]
pub struct DataDirectory {
    objects: Arc<dyn ObjectStore>,
    store: Store,
    which: Which,
    newest: Mutex<Newest>,
    verified: Mutex<BTreeSet<String>>,
}

#[derive(Debug)]
struct Newest {
    reader: Reader,
    set: Option<Arc<PublishedSet>>,
}

impl DataDirectory {
    /// Opens the tables below `folder`, which `store` writes.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn open(folder: &Path, store: Store) -> Result<Self, QueryError> {
        Self::open_at(folder, store, Which::Latest)
    }

    /// Opens one set of the tables below `folder`, which `store` writes.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn open_at(folder: &Path, store: Store, which: Which) -> Result<Self, QueryError> {
        let opened = LocalFileSystem::new_with_prefix(folder);
        let objects = opened
            .map_err(|error| QueryError::new(SqlState::NotReady, format!("open `{}`: {error}", folder.display())))?;
        let reader = Reader::new(store.clone(), tables::all());
        let newest = Mutex::new(Newest { reader, set: None });
        Ok(Self {
            objects: Arc::new(objects),
            store,
            which,
            newest,
            verified: Mutex::default(),
        })
    }
}

#[async_trait]
impl TableSource for DataDirectory {
    fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects)
    }

    async fn pin(&self) -> Result<Arc<PublishedSet>, QueryError> {
        let mut newest = self.newest.lock().await;
        let id = match self.which {
            Which::Latest => newest.reader.newest().await.map_err(unreadable)?,
            Which::Set(id) => id,
        };
        // Before the first publication the tables have no common number that could tell whether they changed.
        if let Some(set) = newest.set.as_ref().filter(|set| id > 0 && set.set_id == id) {
            return Ok(Arc::clone(set));
        }
        let set = Arc::new(newest.reader.load(self.which).await.map_err(unreadable)?);
        newest.set = Some(Arc::clone(&set));
        Ok(set)
    }

    async fn verify(&self, file: &DataFile) -> Result<(), QueryError> {
        if self.verified.lock().await.contains(&file.path) {
            return Ok(());
        }
        published::verify(&self.store, file).await.map_err(unreadable)?;
        self.verified.lock().await.insert(file.path.clone());
        Ok(())
    }
}

fn unreadable(error: Error) -> QueryError {
    match (&error, error.class()) {
        (Error::NoSuchSet { .. }, _) => QueryError::new(SqlState::SetExpired, error.to_string()),
        (_, Class::Fatal) => {
            tracing::error!(%error, "the published tables cannot be read");
            QueryError::new(
                SqlState::Internal,
                "the published tables cannot be read; the log has the details",
            )
        }
        (_, Class::Input | Class::Transient) => QueryError::new(SqlState::NotReady, error.to_string()),
    }
}
