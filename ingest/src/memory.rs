//! Entity memory: what was last published of each entity, so that a version is published once and corrects exactly
//! what stands.
//!
//! Memory is derived: every record follows from the published events alone, through [`Memory::observe`]. The order of
//! work is *settle, append to the log, wait for the acknowledgement, [`Memory::commit`]*. At a start the log is read
//! from [`Memory::complete_to`] to its end and shown to `observe` before anything is settled. A crash between append
//! and commit therefore repeats nothing.
//!
//! Absent: the log, clocks, and the rules by which versions follow each other, which are in `settle`.

mod key;
mod observe;
mod record;
mod store;

use std::collections::{BTreeMap, HashMap};
use std::io;

use paceline_schemas::position::{Offset, Partition, Topic};
use serde::{Deserialize, Serialize};

pub use self::store::{Batch, Store, Volatile};

pub(crate) use self::key::{customer, deal, interval, lead, leg, people};
pub(crate) use self::observe::Touched;
pub(crate) use self::record::{
    Customer, DealRecord, LeadRecord, Mark, Record, Refund, Single, Standing, Win, revision_of,
};

use crate::error::Error;

/// Positions up to which all events are in memory, per partition: the offset of the first event that is not.
pub type CompleteTo = BTreeMap<(Topic, Partition), Offset>;

/// Limits of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Entities kept in RAM beside the store. Default 200,000. Entities that wait for a commit count on top.
    pub entities_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { entities_max: 200_000 }
    }
}

#[derive(Debug)]
struct Kept {
    record: Record,
    /// Used since the last eviction.
    used: bool,
}

/// The memory behind settling.
#[derive(Debug)]
pub struct Memory {
    store: Box<dyn Store>,
    /// Records that the store does not hold yet.
    changed: HashMap<Vec<u8>, Record>,
    /// Records as the store holds them.
    kept: HashMap<Vec<u8>, Kept>,
    /// The key last looked for in vain: a new entity is looked for once when it is settled, once when it is noted.
    missing: Option<Vec<u8>>,
    options: Options,
    complete_to: CompleteTo,
}

impl Memory {
    /// Opens the memory that `store` holds.
    ///
    /// # Errors
    /// The store cannot be read, or its positions cannot.
    pub fn open(store: impl Store + 'static, options: Options) -> Result<Self, Error> {
        let complete_to = match store.get(key::COMPLETE_TO)? {
            Some(bytes) => decode_positions(&bytes)?,
            None => CompleteTo::new(),
        };
        Ok(Self {
            store: Box::new(store),
            changed: HashMap::new(),
            kept: HashMap::new(),
            missing: None,
            options,
            complete_to,
        })
    }

    /// The positions of the last commit, from which a start reads the log.
    pub fn complete_to(&self) -> &CompleteTo {
        &self.complete_to
    }

    /// Entities changed since the last commit. A caller commits before they are too many.
    pub fn dirty(&self) -> usize {
        self.changed.len()
    }

    /// Writes what changed together with the positions up to which the log is in memory; other partitions keep
    /// theirs. Called after the log acknowledged everything that was settled.
    ///
    /// # Errors
    /// The store cannot be written; memory is as before and the call may be repeated.
    pub fn commit(&mut self, complete_to: &CompleteTo) -> Result<(), Error> {
        let mut positions = self.complete_to.clone();
        positions.extend(complete_to.iter().map(|(at, offset)| (*at, *offset)));
        if self.changed.is_empty() && positions == self.complete_to {
            return Ok(());
        }
        let changed = self.changed.iter();
        let mut batch: Batch = changed
            .map(|(key, record)| (key.clone(), Some(record.encode())))
            .collect();
        batch.push((key::COMPLETE_TO.to_vec(), Some(encode_positions(&positions))));
        self.store.write(batch)?;
        self.complete_to = positions;
        for (key, record) in std::mem::take(&mut self.changed) {
            self.keep(key, record);
        }
        Ok(())
    }

    /// The record of `key`.
    pub(crate) fn get(&mut self, key: &[u8]) -> Result<Option<&Record>, Error> {
        if !self.changed.contains_key(key) && !self.kept.contains_key(key) {
            let Some(record) = self.read(key)? else {
                return Ok(None);
            };
            self.keep(key.to_vec(), record);
        }
        if let Some(record) = self.changed.get(key) {
            return Ok(Some(record));
        }
        Ok(self.kept.get_mut(key).map(|kept| {
            kept.used = true;
            &kept.record
        }))
    }

    /// Takes the record of `key` out, to be changed and [`put`](Self::put) back.
    fn take(&mut self, key: &[u8]) -> Result<Option<Record>, Error> {
        if let Some(record) = self.changed.remove(key) {
            return Ok(Some(record));
        }
        if let Some(kept) = self.kept.remove(key) {
            return Ok(Some(kept.record));
        }
        self.read(key)
    }

    fn put(&mut self, key: Vec<u8>, record: Record) {
        self.missing = self.missing.take().filter(|missing| *missing != key);
        self.changed.insert(key, record);
    }

    fn read(&mut self, key: &[u8]) -> Result<Option<Record>, Error> {
        if self.missing.as_deref() == Some(key) {
            return Ok(None);
        }
        let Some(bytes) = self.store.get(key)? else {
            self.missing = Some(key.to_vec());
            return Ok(None);
        };
        Record::decode(&bytes)
            .map(Some)
            .map_err(|detail| unreadable(key, detail))
    }

    fn keep(&mut self, key: Vec<u8>, record: Record) {
        if self.kept.len() >= self.options.entities_max {
            self.evict();
        }
        self.kept.insert(key, Kept { record, used: true });
    }

    // Drops what was not used since the last time, then everything if that was not enough: an eviction is paid for by
    // as many insertions.
    fn evict(&mut self) {
        self.kept.retain(|_, kept| kept.used);
        if self.kept.len() > self.options.entities_max / 2 {
            self.kept.clear();
        }
        for kept in self.kept.values_mut() {
            kept.used = false;
        }
    }
}

/// Makes the getter of one kind of record.
macro_rules! getter {
    ($name:ident, $variant:ident, $record:ty) => {
        impl Memory {
            pub(crate) fn $name(&mut self, key: &[u8]) -> Result<Option<&$record>, Error> {
                Ok(match self.get(key)? {
                    Some(Record::$variant(record)) => Some(record),
                    _ => None,
                })
            }
        }
    };
}

getter!(leg_record, Leg, Single);
getter!(deal_record, Deal, DealRecord);
getter!(lead_record, Lead, LeadRecord);
getter!(interval_record, Interval, Single);
getter!(people_record, People, Mark);
getter!(customer_record, Customer, Customer);

fn unreadable(key: &[u8], detail: String) -> Error {
    Error::Io {
        action: "read a record of entity memory, rebuild it from the log:",
        path: String::from_utf8_lossy(key).replace('\0', " ").into(),
        source: io::Error::new(io::ErrorKind::InvalidData, detail),
    }
}

fn encode_positions(positions: &CompleteTo) -> Vec<u8> {
    let rows: Vec<(Topic, Partition, Offset)> = positions
        .iter()
        .map(|((topic, partition), offset)| (*topic, *partition, *offset))
        .collect();
    sonic_rs::to_vec(&rows).expect("names and integers are JSON")
}

fn decode_positions(bytes: &[u8]) -> Result<CompleteTo, Error> {
    let rows: Vec<(Topic, Partition, Offset)> =
        sonic_rs::from_slice(bytes).map_err(|error| unreadable(key::COMPLETE_TO, error.to_string()))?;
    Ok(rows
        .into_iter()
        .map(|(topic, partition, offset)| ((topic, partition), offset))
        .collect())
}
