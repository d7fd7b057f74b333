//! The local disk as an object store whose writes survive a power cut.
//!
//! `object_store`'s own local store never syncs: after a power cut a Delta log entry may be there and empty, which breaks the
//! table for every reader. Here a write is: temporary file, created exclusively → write, check the length → sync → hard link
//! to the final name (which, unlike a rename, refuses to overwrite) → sync the folder and new folders → unlink.
//! Absent: retries; a failed sync is never repeated, as the kernel has marked the pages clean. It poisons the store.

mod disk;
mod mounts;
mod upload;

use std::fmt;
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

pub use mounts::remote_kind;

use self::disk::Placement;
use self::upload::DurableUpload;

const NAME: &str = "paceline";

/// Why the disk did not take a write.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// No space.
    #[error("no space is left for {need} bytes")]
    Full {
        /// Bytes of the write.
        need: u64,
    },
    /// A sync failed, or an earlier one did.
    #[error("the disk did not confirm a write")]
    SyncFailed(#[source] std::io::Error),
    /// The path is not taken.
    #[error("{0}")]
    Refused(String),
    /// Anything else.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// State shared by the store and its open uploads.
#[derive(Debug)]
struct Disk {
    root: PathBuf,
    poisoned: AtomicBool,
}

impl Disk {
    fn check(&self) -> std::result::Result<(), DiskError> {
        if self.poisoned.load(Ordering::SeqCst) {
            let earlier = std::io::Error::other("a sync failed earlier, and is not repeated");
            return Err(DiskError::SyncFailed(earlier));
        }
        Ok(())
    }

    /// Turns an error into that of the store, and remembers a failed sync.
    fn fail(&self, path: &FsPath, error: DiskError) -> object_store::Error {
        match error {
            DiskError::Io(source) if source.kind() == std::io::ErrorKind::AlreadyExists => {
                object_store::Error::AlreadyExists {
                    path: path.display().to_string(),
                    source: source.into(),
                }
            }
            error => {
                if matches!(error, DiskError::SyncFailed(_)) {
                    self.poisoned.store(true, Ordering::SeqCst);
                }
                object_store::Error::Generic {
                    store: NAME,
                    source: Box::new(error),
                }
            }
        }
    }
}

/// A local store, rooted at `/`, that writes below one folder only.
#[derive(Debug)]
pub struct DurableStore {
    inner: LocalFileSystem,
    disk: Arc<Disk>,
}

impl DurableStore {
    /// A store that writes below `root`, which must be canonical.
    pub fn new(root: PathBuf) -> Self {
        let disk = Disk {
            root,
            poisoned: AtomicBool::new(false),
        };
        Self {
            inner: LocalFileSystem::new(),
            disk: Arc::new(disk),
        }
    }

    /// True once a sync has failed: what the disk holds of the last writes is unknown.
    pub fn is_poisoned(&self) -> bool {
        self.disk.poisoned.load(Ordering::SeqCst)
    }

    /// Removes temporary files that writers left behind before `before`, and counts them.
    ///
    /// # Errors
    /// A folder cannot be read or a file not removed.
    pub fn sweep(&self, before: std::time::SystemTime) -> std::io::Result<usize> {
        disk::sweep(&self.disk.root, before)
    }
}

impl fmt::Display for DurableStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DurableStore({})", self.disk.root.display())
    }
}

#[async_trait]
impl ObjectStore for DurableStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let placement = match opts.mode {
            PutMode::Create => Placement::Link,
            PutMode::Overwrite => Placement::Replace,
            PutMode::Update(_) => return Err(refused("a conditional update")),
        };
        let path = self.inner.path_to_filesystem(location)?;
        let disk = Arc::clone(&self.disk);
        tokio::task::spawn_blocking(move || {
            let done = disk
                .check()
                .and_then(|()| disk::write(&disk.root, &path, &payload, placement));
            done.map_err(|error| disk.fail(&path, error))
        })
        .await??;
        Ok(PutResult {
            e_tag: None,
            version: None,
        })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = self.inner.path_to_filesystem(location)?;
        let disk = Arc::clone(&self.disk);
        let upload = tokio::task::spawn_blocking(move || {
            let begun = disk.check().and_then(|()| DurableUpload::begin(&disk, &path));
            begun.map_err(|error| disk.fail(&path, error))
        })
        .await??;
        Ok(Box::new(upload))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix).boxed()
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _from: &Path, _to: &Path, _options: CopyOptions) -> Result<()> {
        Err(refused("a copy"))
    }

    async fn rename_opts(&self, _from: &Path, _to: &Path, _options: RenameOptions) -> Result<()> {
        Err(refused("a rename"))
    }
}

fn refused(operation: &str) -> object_store::Error {
    object_store::Error::NotImplemented {
        operation: operation.to_owned(),
        implementer: NAME.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Class, Error};
    use crate::store::store_error;

    fn store() -> (tempfile::TempDir, DurableStore) {
        let guard = tempfile::tempdir().expect("folder");
        let root = guard.path().canonicalize().expect("canonical");
        (guard, DurableStore::new(root))
    }

    #[test]
    fn a_full_disk_is_an_error_of_its_own_that_passes() {
        let (_guard, store) = store();
        let full = disk::full_or_io(std::io::Error::from(std::io::ErrorKind::StorageFull), 812);
        let error = store_error("tables/x", store.disk.fail(FsPath::new("/x"), full));
        assert!(matches!(error, Error::DiskFull { need: 812, .. }), "{error}");
        assert_eq!((error.class(), store.is_poisoned()), (Class::Transient, false));
        assert!(error.retry_after().is_some() && error.to_string().contains("free space"));
    }

    #[tokio::test]
    async fn after_a_failed_sync_nothing_is_written_any_more() {
        let (guard, store) = store();
        let failed = DiskError::SyncFailed(std::io::Error::other("EIO"));
        let error = store_error("tables/x", store.disk.fail(FsPath::new("/x"), failed));
        assert!(matches!(error, Error::SyncFailed { .. }) && error.class() == Class::Fatal);
        let path = Path::from_filesystem_path(guard.path()).expect("path").join("y");
        let refused = store
            .put_opts(&path, PutPayload::from_static(b"y"), PutOptions::from(PutMode::Create))
            .await;
        assert!(matches!(
            store_error("y", refused.expect_err("refused")),
            Error::SyncFailed { .. }
        ));
        assert_eq!(std::fs::read_dir(guard.path()).expect("list").count(), 0);
    }
}
