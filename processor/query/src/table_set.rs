//! Where the sets of tables come from that queries pin.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::ObjectStore;
use paceline_snapshots::PublishedSet;
use paceline_snapshots::published::DataFile;

use crate::error::QueryError;

/// A source of published sets. A stored table that a set does not name is empty.
#[async_trait]
pub trait TableSource: Debug + Send + Sync {
    /// The store in which the paths of the data files lie.
    fn store(&self) -> Arc<dyn ObjectStore>;

    /// The newest set; a query keeps what it got until its last row.
    ///
    /// # Errors
    /// No set can be read.
    async fn pin(&self) -> Result<Arc<PublishedSet>, QueryError>;

    /// Proves, before a file is first parsed, that its bytes are those that were written: malformed Parquet can panic.
    ///
    /// # Errors
    /// They are not.
    async fn verify(&self, file: &DataFile) -> Result<(), QueryError>;
}

/// What a scan finds in the session of its query.
#[derive(Debug)]
pub(crate) struct Pinned {
    pub(crate) set: Arc<PublishedSet>,
    pub(crate) source: Arc<dyn TableSource>,
}
