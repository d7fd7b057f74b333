//! The read side: a published set as lists of files, with what is needed to prune and to verify them.
//!
//! Absent: SQL, and any type of the Delta library. A table that needs features this program does not know, or holds files
//! that Paceline did not write, is unavailable with a reason; the others go on.

use std::collections::BTreeMap;
use std::sync::Arc;

use paceline_schemas::tables::Table;
use paceline_schemas::time::Instant;

use crate::delta::DeltaHandle;
use crate::error::Error;
use crate::layout;
use crate::manifest::{Digest, Sequence};
use crate::parquet::Contents;
use crate::set::{self, PUBLISH_LOG, Reached, SetRows};
use crate::stats::FileStats;
use crate::store::Store;
use crate::unit::Unit;

/// Which set to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The newest.
    Latest,
    /// The newest one up to this id.
    Set(u64),
}

/// One immutable data file.
#[derive(Debug, Clone, PartialEq)]
pub struct DataFile {
    /// Path below the data directory.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Value per partition column.
    pub partition_values: BTreeMap<String, String>,
    /// Rows, and bounds per column: inexact, but never narrower than the rows.
    pub stats: Option<FileStats>,
    /// Digest of the bytes.
    pub blake3: Digest,
}

/// A table at the version of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct TableFiles {
    /// Delta version.
    pub version: u64,
    /// Its files, by path.
    pub files: Vec<DataFile>,
    /// Per unit the number of the newest checkpoint whose rows are in.
    pub seq: BTreeMap<Unit, Sequence>,
}

/// Table versions that agree.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedSet {
    /// Its id; 0 before the first publication.
    pub set_id: u64,
    /// When it was published.
    pub published_at: Option<Instant>,
    /// Tables by name.
    pub tables: BTreeMap<String, Arc<TableFiles>>,
    /// Tables that cannot be read, and why.
    pub unavailable: BTreeMap<String, String>,
    /// How far each unit is.
    pub units: BTreeMap<Unit, Reached>,
}

impl PublishedSet {
    /// Reads one set of the contract's tables. A process that reads more than one keeps a [`Reader`].
    ///
    /// # Errors
    /// The set is not there, or the store fails.
    pub async fn load(store: &Store, which: Which) -> Result<Self, Error> {
        Reader::new(store.clone(), paceline_schemas::tables::all())
            .load(which)
            .await
    }

    /// The least watermark of the shards: up to here everything is in.
    pub fn watermark(&self) -> Option<Instant> {
        let shards = self.units.iter().filter(|(unit, _)| matches!(unit, Unit::Shard(_)));
        shards.map(|(_, reached)| reached.watermark).min().flatten()
    }
}

/// Reads sets, and reads again only what has changed.
#[derive(Debug)]
pub struct Reader {
    store: Store,
    contract: &'static [Table],
    handles: BTreeMap<&'static str, DeltaHandle>,
    known: BTreeMap<&'static str, (u64, Arc<TableFiles>)>,
}

impl Reader {
    /// A reader of the stored tables of `contract`.
    pub fn new(store: Store, contract: &'static [Table]) -> Self {
        Self {
            store,
            contract,
            handles: BTreeMap::new(),
            known: BTreeMap::new(),
        }
    }

    /// The id of the newest set; 0 before the first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn newest(&mut self) -> Result<u64, Error> {
        Ok(self.rows(Which::Latest).await?.map_or(0, |(id, _)| id))
    }

    /// The id of the newest set and how far each unit is in it, without its files; nothing before the first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn reached(&mut self) -> Result<(u64, BTreeMap<Unit, Reached>), Error> {
        let newest = self.rows(Which::Latest).await?;
        Ok(newest.map_or_else(Default::default, |(id, rows)| (id, rows.units())))
    }

    /// Reads a set.
    ///
    /// # Errors
    /// The set is not there or no longer, or the store fails.
    pub async fn load(&mut self, which: Which) -> Result<PublishedSet, Error> {
        let rows = self.rows(which).await?;
        if let (Which::Set(wanted), None) = (which, &rows) {
            return Err(Error::NoSuchSet {
                wanted,
                detail: "nothing was published up to it".to_owned(),
            });
        }
        let published = rows.is_some();
        let (set_id, rows) = rows.unwrap_or_default();
        let mut set = PublishedSet {
            set_id,
            published_at: rows.published_at,
            tables: BTreeMap::new(),
            unavailable: BTreeMap::new(),
            units: rows.units(),
        };
        for table in self.contract.iter().filter(|table| table.is_stored()) {
            let version = match (table.name, published) {
                (PUBLISH_LOG, true) => Some(set_id),
                (_, false) => None,
                (name, true) => Some(rows.versions.get(name).copied().unwrap_or(0)),
            };
            match self.files(table, version, &rows).await {
                Ok(files) => drop(set.tables.insert(table.name.to_owned(), files)),
                Err(error @ (Error::Delta { .. } | Error::Contract { .. } | Error::Damaged { .. })) => {
                    let reason =
                        std::error::Error::source(&error).map_or_else(String::new, |source| format!(": {source}"));
                    set.unavailable
                        .insert(table.name.to_owned(), format!("{error}{reason}"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(set)
    }

    async fn rows(&mut self, which: Which) -> Result<Option<(u64, SetRows)>, Error> {
        let Some(contract) = self
            .contract
            .iter()
            .find(|table| table.is_stored() && table.name == PUBLISH_LOG)
        else {
            return Ok(None);
        };
        let Some(log) = self.handle(contract).await? else {
            return Ok(None);
        };
        log.refresh().await?;
        if let Which::Set(wanted) = which {
            let newest = log.version();
            if wanted > newest {
                return Err(Error::NoSuchSet {
                    wanted,
                    detail: format!("the newest is {newest}"),
                });
            }
            let travelled = log.travel(wanted).await;
            travelled.map_err(|error| Error::NoSuchSet {
                wanted,
                detail: format!("it is past its retention: {error}"),
            })?;
        }
        let store = self.store.clone();
        let Some(log) = self.handle(contract).await? else {
            return Ok(None);
        };
        set::read_newest(&store, log).await
    }

    async fn handle(&mut self, table: &'static Table) -> Result<Option<&mut DeltaHandle>, Error> {
        if !self.handles.contains_key(table.name) {
            let Some(opened) = DeltaHandle::open(&self.store, table, None).await? else {
                return Ok(None);
            };
            self.handles.insert(table.name, opened);
        }
        Ok(self.handles.get_mut(table.name))
    }

    async fn files(
        &mut self,
        table: &'static Table,
        version: Option<u64>,
        rows: &SetRows,
    ) -> Result<Arc<TableFiles>, Error> {
        if let Some((_, files)) = self.known.get(table.name).filter(|(known, files)| {
            version == Some(*known)
                && told(rows, table)
                    .iter()
                    .all(|(unit, seq)| files.seq.get(unit) >= Some(seq))
        }) {
            return Ok(Arc::clone(files));
        }
        let missing = || Error::Damaged {
            path: layout::table(table.name),
            detail: "there is no table".to_owned(),
        };
        let handle = self.handle(table).await?.ok_or_else(missing)?;
        match version {
            Some(version) => handle.travel(version).await?,
            None => handle.refresh().await?,
        }
        let files = Arc::new(files_of(handle, told(rows, table)).await?);
        self.known.insert(table.name, (files.version, Arc::clone(&files)));
        Ok(files)
    }
}

fn told(rows: &SetRows, table: &Table) -> BTreeMap<Unit, Sequence> {
    let of_table = rows.reached.iter().filter(|((name, _), _)| name == table.name);
    of_table.map(|((_, unit), reached)| (*unit, reached.seq)).collect()
}

async fn files_of(handle: &mut DeltaHandle, mut seq: BTreeMap<Unit, Sequence>) -> Result<TableFiles, Error> {
    let table = handle.contract();
    // The entry in the table and the set each tell a lower bound; the larger counts.
    for (unit, known) in &mut seq {
        let txn = handle
            .txn(&unit.app_id())
            .await?
            .and_then(|txn| u64::try_from(txn).ok());
        *known = txn.map_or(*known, |txn| (*known).max(Sequence(txn)));
    }
    let folder = layout::table(table.name);
    let files = handle.files()?.into_iter().map(|file| {
        let path = format!("{folder}/{}", file.path);
        let Some(blake3) = file.blake3() else {
            let detail = "its entry has no digest: Paceline did not write it".to_owned();
            return Err(Error::Damaged { path, detail });
        };
        let values = table
            .partition
            .zip(file.partition.clone())
            .map(|(column, value)| (column.to_owned(), value));
        Ok(DataFile {
            path,
            size: file.len,
            partition_values: values.into_iter().collect(),
            stats: file.stats,
            blake3,
        })
    });
    Ok(TableFiles {
        version: handle.version(),
        files: files.collect::<Result<_, _>>()?,
        seq,
    })
}

/// Compares the bytes of a file with its digest: done when it is first opened, as malformed Parquet can panic its reader.
///
/// # Errors
/// It is missing or differs.
pub async fn verify(store: &Store, file: &DataFile) -> Result<(), Error> {
    Contents::read(store, &file.path, file.size, file.blake3)
        .await
        .map(|_| ())
}
