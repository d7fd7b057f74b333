//! The database beneath the log: opening, the atomic write of a group, ranges of records.
//!
//! What is absent: any decision about offsets; see `append` for those.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use bytes::Bytes;
use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{CompressionType, Database, KeyspaceCreateOptions, PersistMode};
use paceline_schemas::position::{Offset, Partition, Topic};

use super::codec::{self, EndRow, FORMAT, RecordKey};
use super::tip;
use crate::error::Error;

const CACHE_BYTES: u64 = 32 << 20;
/// Of one partition; all of them together are bounded by the journals.
const RECORDS_MEMTABLE_BYTES: u64 = 32 << 20;
const META_MEMTABLE_BYTES: u64 = 1 << 20;
const OTHER_MEMTABLE_BYTES: u64 = 8 << 20;
/// Two journals of 64 MiB; beyond it the store flushes whatever keeps the oldest one alive.
const JOURNALS_BYTES: u64 = 128 << 20;
/// Records are read in ranges, so large blocks pay: fewer lookups, better compression.
const RECORDS_BLOCK_BYTES: u32 = 32 << 10;

const META: &str = "log.meta";
const RESERVED: &str = "log.";

const FORMAT_KEY: &[u8] = b"format";
const CLUSTER_KEY: &[u8] = b"cluster";

pub(super) struct Store {
    db: Database,
    meta: fjall::Keyspace,
    /// One keyspace per partition: keys only ever grow within it, so its tables never overlap and
    /// compaction moves them without reading them.
    records: BTreeMap<(Topic, Partition), fjall::Keyspace>,
}

/// All that one group changes.
pub(super) struct Group {
    pub(super) records: Vec<((Topic, Partition), RecordKey, Bytes)>,
    pub(super) ends: Vec<((Topic, Partition), EndRow)>,
}

/// Wraps a failure of the store.
pub(super) fn failed(action: &'static str) -> impl Fn(fjall::Error) -> Error {
    move |source| Error::Store { action, source }
}

impl Store {
    /// Opens the log in `path`, creating it with these partition counts if the folder is not there.
    pub(super) fn open(path: &Path, partitions: impl Fn(Topic) -> u32) -> Result<Self, Error> {
        if !path.exists() {
            Self::create(path, &partitions)?;
        }
        let mut store = Self::open_raw(path)?;
        store.check_format(path)?;
        for topic in Topic::ALL {
            let stored = store.partition_count(topic)?;
            let configured = partitions(topic);
            if stored != configured {
                return Err(Error::PartitionCount {
                    topic,
                    stored,
                    configured,
                });
            }
            store.open_records(topic, stored)?;
        }
        Ok(store)
    }

    /// Creates the log beside its place and moves it there: a crash leaves all of it or nothing.
    fn create(path: &Path, partitions: impl Fn(Topic) -> u32) -> Result<(), Error> {
        let io_failed = |action| {
            move |source| Error::Io {
                action,
                path: path.to_owned(),
                source,
            }
        };
        let draft = path.with_extension("new");
        if draft.exists() {
            fs::remove_dir_all(&draft).map_err(io_failed("clear the draft of"))?;
        }
        let mut store = Self::open_raw(&draft)?;
        for topic in Topic::ALL {
            store.open_records(topic, partitions(topic))?;
        }
        let mut batch = store.db.batch().durability(Some(PersistMode::SyncAll));
        batch.insert(&store.meta, FORMAT_KEY, FORMAT.to_be_bytes());
        batch.insert(&store.meta, CLUSTER_KEY, random_id().as_str());
        for topic in Topic::ALL {
            batch.insert(&store.meta, codec::count_key(topic), partitions(topic).to_be_bytes());
            for partition in 0..partitions(topic) {
                let row = codec::encode_end(EndRow::default());
                batch.insert(&store.meta, codec::end_key(topic, partition), row);
            }
        }
        batch.commit().map_err(failed("create the bookkeeping"))?;
        drop(store);
        fs::rename(&draft, path).map_err(io_failed("create"))?;
        tip::sync_parent(path)
    }

    fn open_raw(path: &Path) -> Result<Self, Error> {
        let db = Database::builder(path)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNALS_BYTES)
            .worker_threads(2)
            .open()
            .map_err(|source| match source {
                fjall::Error::Locked => Error::Locked { path: path.to_owned() },
                source => Error::Store {
                    action: "open the database",
                    source,
                },
            })?;
        let meta = db
            .keyspace(META, || {
                KeyspaceCreateOptions::default().max_memtable_size(META_MEMTABLE_BYTES)
            })
            .map_err(failed("open the bookkeeping"))?;
        let records = BTreeMap::new();
        Ok(Self { db, meta, records })
    }

    fn open_records(&mut self, topic: Topic, partitions: u32) -> Result<(), Error> {
        for partition in 0..partitions {
            let name = format!("{RESERVED}{}/{partition}", topic.name());
            let keyspace = self
                .db
                .keyspace(&name, records_options)
                .map_err(failed("open the records"))?;
            self.records.insert((topic, partition), keyspace);
        }
        Ok(())
    }

    fn check_format(&self, path: &Path) -> Result<(), Error> {
        let found = self.meta_value(FORMAT_KEY)?;
        let number = found.as_deref().and_then(|v| v.try_into().ok()).map(u32::from_be_bytes);
        if number == Some(FORMAT) {
            return Ok(());
        }
        let found = number.map_or_else(|| "none".to_owned(), |n| n.to_string());
        Err(Error::Format {
            path: path.to_owned(),
            found,
            known: FORMAT,
        })
    }

    pub(super) fn cluster_id(&self) -> Result<String, Error> {
        let id = self.meta_value(CLUSTER_KEY)?;
        Ok(id
            .map(|id| String::from_utf8_lossy(&id).into_owned())
            .unwrap_or_default())
    }

    fn partition_count(&self, topic: Topic) -> Result<u32, Error> {
        let count = self.meta_value(&codec::count_key(topic))?;
        Ok(count
            .as_deref()
            .and_then(|v| v.try_into().ok())
            .map_or(0, u32::from_be_bytes))
    }

    fn meta_value(&self, key: &[u8]) -> Result<Option<fjall::UserValue>, Error> {
        self.meta.get(key).map_err(failed("read the bookkeeping"))
    }

    /// The bookkeeping of a partition; `None` if it is missing or no such row.
    pub(super) fn end(&self, topic: Topic, partition: Partition) -> Result<Option<EndRow>, Error> {
        let row = self.meta_value(&codec::end_key(topic, partition))?;
        Ok(row.and_then(|row| codec::decode_end(&row)))
    }

    /// The gaps that were accepted by name: from, to.
    pub(super) fn gaps(&self, topic: Topic, partition: Partition) -> Result<Vec<(Offset, Offset)>, Error> {
        let first = codec::gap_key(topic, partition, 0);
        let last = codec::gap_key(topic, partition, Offset::MAX);
        let mut gaps = Vec::new();
        for row in self.meta.range(first..=last) {
            let (key, value) = row.into_inner().map_err(failed("read the bookkeeping"))?;
            let from = key.strip_prefix(b"gap/").and_then(codec::offset_of);
            let to = value.as_ref().try_into().ok().map(Offset::from_be_bytes);
            gaps.extend(from.zip(to));
        }
        Ok(gaps)
    }

    /// Records that `row.next` follows a gap beginning at `from`, durably.
    pub(super) fn write_gap(&self, topic: Topic, partition: Partition, from: Offset, row: EndRow) -> Result<(), Error> {
        let mut batch = self.db.batch().durability(Some(PersistMode::SyncAll));
        batch.insert(
            &self.meta,
            codec::gap_key(topic, partition, from),
            row.next.to_be_bytes(),
        );
        batch.insert(&self.meta, codec::end_key(topic, partition), codec::encode_end(row));
        batch.commit().map_err(failed("write an accepted loss"))
    }

    /// The offset after the last record held.
    pub(super) fn after_last(&self, topic: Topic, partition: Partition) -> Result<Option<Offset>, Error> {
        let last = self.records[&(topic, partition)].last_key_value();
        let key = last
            .map(fjall::Guard::key)
            .transpose()
            .map_err(failed("find the last record"))?;
        Ok(key
            .as_deref()
            .and_then(codec::offset_of)
            .map(|offset| offset.saturating_add(1)))
    }

    /// Writes a group, all of it or nothing, and returns once it is durable.
    pub(super) fn commit(&self, group: &Group) -> Result<(), fjall::Error> {
        let items = group.records.len() + group.ends.len();
        let mut batch = fjall::OwnedWriteBatch::with_capacity(self.db.clone(), items);
        for (place, key, value) in &group.records {
            batch.insert(&self.records[place], *key, value.as_ref());
        }
        for ((topic, partition), row) in &group.ends {
            batch.insert(&self.meta, codec::end_key(*topic, *partition), codec::encode_end(*row));
        }
        batch.durability(Some(PersistMode::SyncAll)).commit()
    }

    /// Records with `from <= offset < to`, in order; the partition must exist.
    pub(super) fn range(&self, topic: Topic, partition: Partition, from: Offset, to: Offset) -> fjall::Iter {
        let first = codec::record_key(topic, partition, from);
        self.records[&(topic, partition)].range(first..codec::record_key(topic, partition, to))
    }

    /// A keyspace beside the log, created if it is not there; `None` if the name is reserved or none.
    pub(super) fn other(&self, name: &str) -> Result<Option<(Database, fjall::Keyspace)>, Error> {
        if name.is_empty() || name.len() > 64 || name.starts_with(RESERVED) {
            return Ok(None);
        }
        let options = || KeyspaceCreateOptions::default().max_memtable_size(OTHER_MEMTABLE_BYTES);
        let keyspace = self.db.keyspace(name, options).map_err(failed("open a keyspace"))?;
        Ok(Some((self.db.clone(), keyspace)))
    }

    /// Writes a value as it is, to test what damage does.
    #[cfg(test)]
    pub(super) fn overwrite(&self, place: (Topic, Partition), offset: Offset, value: Option<&[u8]>) {
        let key = codec::record_key(place.0, place.1, offset);
        match value {
            Some(value) => self.records[&place].insert(key, value).expect("writable"),
            None => self.records[&place].remove(key).expect("writable"),
        }
    }
}

fn records_options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(RECORDS_MEMTABLE_BYTES)
        .data_block_size_policy(BlockSizePolicy::all(RECORDS_BLOCK_BYTES))
        .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
}

/// 128 bits from the keys that the standard library draws for its hash maps.
fn random_id() -> String {
    let half = || RandomState::new().hash_one(0_u8);
    format!("{:016x}{:016x}", half(), half())
}
