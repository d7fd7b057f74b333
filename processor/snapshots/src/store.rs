//! The data directory as objects: conditional creates with read-back, whole reads, listings, large uploads.
//!
//! What it needs of the object store below: a create-if-absent that is atomic, and reads that see what was created. The answer
//! to a create proves nothing unless it is success; everything else is settled by reading the key back.
//! One object store serves this crate and the Delta library; another kind of storage is another [`ObjectStore`].

mod upload;

use std::path::Path as FsPath;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use paceline_schemas::time::Instant;
use url::Url;

pub(crate) use upload::Upload;

use crate::durable::{DiskError, DurableStore, remote_kind};
use crate::error::Error;
use crate::protocol::resolve::{Answer, Observed, Resolution, resolve};

/// How often, and how soon, an unclear create is looked at again.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    /// Attempts, the first included.
    pub attempts: u32,
    /// Pause after the first; each further one doubles it.
    pub pause: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 6,
            pause: Duration::from_millis(50),
        }
    }
}

/// Whose bytes stand under the name after a create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// Ours, whoever wrote them.
    Ours,
    /// Others.
    Taken(Bytes),
}

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path below the data directory.
    pub path: String,
    /// Bytes.
    pub len: u64,
    /// When the store took it.
    pub modified: Instant,
}

/// The data directory.
#[derive(Debug, Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    durable: Option<Arc<DurableStore>>,
    prefix: Path,
    url: Url,
    retry: Retry,
}

impl Store {
    /// Opens a folder of the local disk, and creates it if it is missing.
    ///
    /// # Errors
    /// The folder cannot be created, is a symbolic link, or lies on a network or user-space file system without `force`.
    pub fn local(folder: &FsPath, force: bool) -> Result<Self, Error> {
        let shown = folder.display().to_string();
        let io = |source: std::io::Error| local_error(&shown, DiskError::Io(source));
        std::fs::create_dir_all(folder).map_err(io)?;
        if folder.symlink_metadata().map_err(io)?.is_symlink() {
            let reason = "it is a symbolic link; name the folder that it points to".to_owned();
            return Err(Error::Refused { path: shown, reason });
        }
        let root = folder.canonicalize().map_err(io)?;
        // A system without the mount table is taken as it is: the table exists on Linux only.
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        if let (false, Some(kind)) = (force, remote_kind(&mounts, &root)) {
            let reason = format!(
                "its file system is `{kind}`, which may lose acknowledged writes; use a local disk, or --force"
            );
            return Err(Error::Refused { path: shown, reason });
        }
        let durable = Arc::new(DurableStore::new(root.clone()));
        let mut store = Self::over(Arc::<DurableStore>::clone(&durable), &root)?;
        store.durable = Some(durable);
        Ok(store)
    }

    /// Uses `objects`, rooted at `/`, for the canonical folder `root`.
    ///
    /// # Errors
    /// The folder has no URL.
    pub fn over(objects: Arc<dyn ObjectStore>, root: &FsPath) -> Result<Self, Error> {
        let no_url = || Error::Refused {
            path: root.display().to_string(),
            reason: "it has no URL; use an absolute path".to_owned(),
        };
        let url = Url::from_directory_path(root).map_err(|()| no_url())?;
        let prefix = Path::from_url_path(url.path()).map_err(|_| no_url())?;
        Ok(Self {
            objects,
            durable: None,
            prefix,
            url,
            retry: Retry::default(),
        })
    }

    /// The same store with other patience.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Creates `path` with `bytes` unless it exists.
    ///
    /// # Errors
    /// The outcome stays unknown, or the disk is full or broken.
    pub async fn create(&self, path: &str, bytes: Bytes) -> Result<Created, Error> {
        let mut pause = self.retry.pause;
        for attempt in 1..=self.retry.attempts {
            let answer = self.put_once(path, bytes.clone()).await;
            if let Err(error) = &answer
                && matches!(
                    error,
                    Error::DiskFull { .. } | Error::SyncFailed { .. } | Error::Refused { .. }
                )
            {
                return answer.map(|()| Created::Ours);
            }
            let answer = if answer.is_ok() {
                Answer::Created
            } else {
                Answer::Unclear
            };
            let found = if answer == Answer::Created {
                Ok(None)
            } else {
                self.read(path).await
            };
            let observed = match &found {
                Ok(Some(found)) => Observed::Present(found),
                Ok(None) => Observed::Absent,
                Err(_) => Observed::Unreadable,
            };
            match (resolve(answer, observed, &bytes, attempt < self.retry.attempts), found) {
                (Resolution::Ours, _) => return Ok(Created::Ours),
                (Resolution::Lost, Ok(Some(theirs))) => return Ok(Created::Taken(theirs)),
                (Resolution::Retry, _) => tokio::time::sleep(pause).await,
                (Resolution::Lost | Resolution::Halt, _) => break,
            }
            pause *= 2;
        }
        Err(Error::Unresolved {
            path: path.to_owned(),
            attempts: self.retry.attempts,
        })
    }

    /// Creates `path`, a name that nobody else uses.
    ///
    /// # Errors
    /// As [`Store::create`]; the name holds other bytes.
    pub async fn create_new(&self, path: &str, bytes: Bytes) -> Result<(), Error> {
        match self.create(path, bytes).await? {
            Created::Ours => Ok(()),
            Created::Taken(_) => Err(Error::NameTaken { path: path.to_owned() }),
        }
    }

    async fn put_once(&self, path: &str, bytes: Bytes) -> Result<(), Error> {
        let options = PutOptions::from(PutMode::Create);
        let put = self.objects.put_opts(&self.at(path), bytes.into(), options).await;
        put.map(|_| ()).map_err(|error| store_error(path, error))
    }

    /// Begins a file that is too large to be held, under a name that nobody else uses.
    pub(crate) fn upload(&self, path: &str) -> Upload {
        Upload::new(Arc::clone(&self.objects), self.at(path), path.to_owned())
    }

    /// Reads a whole object; `None` if it is not there.
    ///
    /// # Errors
    /// The store fails.
    pub async fn read(&self, path: &str) -> Result<Option<Bytes>, Error> {
        let found = async { self.objects.get(&self.at(path)).await?.bytes().await }.await;
        match found {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(store_error(path, error)),
        }
    }

    /// Reads an object that must be there.
    ///
    /// # Errors
    /// It is not there, or the store fails.
    pub async fn need(&self, path: &str) -> Result<Bytes, Error> {
        let missing = || Error::Damaged {
            path: path.to_owned(),
            detail: "it is missing".to_owned(),
        };
        self.read(path).await?.ok_or_else(missing)
    }

    /// Reads the last `count` bytes of an object of `len` bytes.
    ///
    /// # Errors
    /// The store fails.
    pub async fn tail(&self, path: &str, count: u64, len: u64) -> Result<Bytes, Error> {
        let range = len.saturating_sub(count)..len;
        self.objects
            .get_range(&self.at(path), range)
            .await
            .map_err(|error| store_error(path, error))
    }

    /// Lists the objects below a folder in the order of their paths.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list(&self, folder: &str) -> Result<Vec<Entry>, Error> {
        let found: Result<Vec<ObjectMeta>, _> = self.objects.list(Some(&self.at(folder))).try_collect().await;
        let found = match found {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => Vec::new(),
            Err(error) => return Err(store_error(folder, error)),
        };
        let mut entries: Vec<Entry> = found.iter().filter_map(|meta| self.entry(meta)).collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn entry(&self, meta: &ObjectMeta) -> Option<Entry> {
        let parts: Vec<_> = meta
            .location
            .prefix_match(&self.prefix)?
            .map(|part| part.as_ref().to_owned())
            .collect();
        let modified = Instant(meta.last_modified.timestamp_micros());
        Some(Entry {
            path: parts.join("/"),
            len: meta.size,
            modified,
        })
    }

    /// Removes objects; one that is not there counts as removed.
    ///
    /// # Errors
    /// The store fails.
    pub async fn delete(&self, paths: Vec<String>) -> Result<(), Error> {
        if paths.is_empty() {
            return Ok(());
        }
        let locations: Vec<_> = paths.iter().map(|path| Ok(self.at(path))).collect();
        let mut done = self.objects.delete_stream(futures::stream::iter(locations).boxed());
        while let Some(removed) = done.next().await {
            match removed {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(store_error(paths.first().map_or("", String::as_str), error)),
            }
        }
        Ok(())
    }

    /// Refuses to go on once a sync has failed.
    ///
    /// # Errors
    /// A sync has failed since the store was opened.
    pub fn check(&self) -> Result<(), Error> {
        if self.durable.as_ref().is_some_and(|durable| durable.is_poisoned()) {
            let source = std::io::Error::other("an earlier sync failed");
            return Err(Error::SyncFailed {
                path: self.url.path().to_owned(),
                source,
            });
        }
        Ok(())
    }

    /// Removes temporary files that were left behind before `before`, and counts them.
    ///
    /// # Errors
    /// A folder cannot be read, or a file not removed.
    pub async fn sweep(&self, before: Instant) -> Result<usize, Error> {
        let Some(durable) = self.durable.clone() else {
            return Ok(0);
        };
        let since_epoch = Duration::from_micros(u64::try_from(before.0).unwrap_or(0));
        let swept = tokio::task::spawn_blocking(move || durable.sweep(std::time::UNIX_EPOCH + since_epoch)).await?;
        swept.map_err(|source| local_error(self.url.path(), DiskError::Io(source)))
    }

    /// The object store, for the Delta library.
    pub(crate) fn objects(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects)
    }

    /// The URL of a folder.
    pub(crate) fn folder_url(&self, folder: &str) -> Result<Url, Error> {
        let refused = |_| Error::Refused {
            path: folder.to_owned(),
            reason: "it has no URL".to_owned(),
        };
        self.url.join(&format!("{folder}/")).map_err(refused)
    }

    fn at(&self, path: &str) -> Path {
        path.split('/')
            .filter(|part| !part.is_empty())
            .fold(self.prefix.clone(), |at, part| at.join(part))
    }
}

pub(crate) fn store_error(path: &str, error: object_store::Error) -> Error {
    match error {
        object_store::Error::Generic { store, source } => match source.downcast::<DiskError>() {
            Ok(disk) => local_error(path, *disk),
            Err(source) => {
                let source = Box::new(object_store::Error::Generic { store, source });
                Error::Store {
                    path: path.to_owned(),
                    source,
                }
            }
        },
        error => Error::Store {
            path: path.to_owned(),
            source: Box::new(error),
        },
    }
}

fn local_error(path: &str, error: DiskError) -> Error {
    let path = path.to_owned();
    match error {
        DiskError::Full { need } => Error::DiskFull { path, need },
        DiskError::SyncFailed(source) => Error::SyncFailed { path, source },
        DiskError::Refused(reason) => Error::Refused { path, reason },
        DiskError::Io(source) => {
            let source = Box::new(object_store::Error::Generic {
                store: "paceline",
                source: Box::new(source),
            });
            Error::Store { path, source }
        }
    }
}
