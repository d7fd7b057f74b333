//! What the append thread, readers and consumers share: the store, and per partition its bounds, its
//! gaps and its tail.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant as Monotonic;

use bytes::Bytes;
use paceline_schemas::position::{Offset, Partition, Topic};

use super::append::Announced;
use super::codec::{self, EndRow};
use super::recover::Recovered;
use super::store::Store;
use super::tail::{Page, Tail};
use crate::error::Error;
use crate::log::{Bounds, ReadLimit, Stored};

const TAIL_BYTES: usize = 8 << 20;

pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) tip_path: PathBuf,
    pub(super) announced: Announced,
    pub(super) cluster: String,
    events_partitions: u32,
    ends: Mutex<BTreeMap<(Topic, Partition), End>>,
    /// Signalled when a partition's `next` has moved.
    grown: Condvar,
    failure: Mutex<Option<String>>,
}

/// One partition, as readers may see it.
#[derive(Debug)]
struct End {
    bounds: Bounds,
    gaps: Vec<(Offset, Offset)>,
    tail: Tail,
}

impl Shared {
    pub(super) fn new(
        store: Store,
        tip_path: PathBuf,
        cluster: String,
        events_partitions: u32,
        recovered: &BTreeMap<(Topic, Partition), Recovered>,
    ) -> Self {
        let ends = recovered.iter().map(|(place, found)| {
            let bounds = Bounds {
                low: found.row.low,
                next: found.row.next,
            };
            (
                *place,
                End {
                    bounds,
                    gaps: found.gaps.clone(),
                    tail: Tail::new(TAIL_BYTES),
                },
            )
        });
        Self {
            store,
            tip_path,
            announced: Announced::default(),
            cluster,
            events_partitions,
            ends: Mutex::new(ends.collect()),
            grown: Condvar::new(),
            failure: Mutex::new(None),
        }
    }

    pub(super) fn partitions(&self, topic: Topic) -> u32 {
        partitions(topic, self.events_partitions)
    }

    pub(super) fn bounds(&self, topic: Topic, partition: Partition) -> Result<Bounds, Error> {
        Ok(self.end(&self.lock(), topic, partition)?.bounds)
    }

    pub(super) fn check_position(&self, topic: Topic, partition: Partition, offset: Offset) -> Result<(), Error> {
        self.bounds(topic, partition)?.check(topic, partition, offset)
    }

    pub(super) fn read(
        &self,
        topic: Topic,
        partition: Partition,
        from: Offset,
        limit: ReadLimit,
    ) -> Result<Vec<Stored>, Error> {
        self.check_position(topic, partition, from)?;
        let (next, gaps) = {
            let ends = self.lock();
            let end = self.end(&ends, topic, partition)?;
            if let Some(records) = end.tail.read(from, limit) {
                return Ok(records);
            }
            (end.bounds.next, end.gaps.clone())
        };
        self.read_store(topic, partition, from, next, &gaps, limit)
    }

    /// Reads up to the limit, the end, or the record before a damaged one; the read that begins at
    /// the damage fails, so what lies before it is delivered.
    fn read_store(
        &self,
        topic: Topic,
        partition: Partition,
        from: Offset,
        next: Offset,
        gaps: &[(Offset, Offset)],
        limit: ReadLimit,
    ) -> Result<Vec<Stored>, Error> {
        let mut page = Page::new(limit);
        let mut expected = after_gaps(gaps, from);
        let mut rows = self.store.range(topic, partition, expected, next);
        while expected < next && !page.is_full() {
            match checked(rows.next(), topic, partition, expected) {
                Ok(record) if !page.has_room(&record) => break,
                Ok(record) => page.push(record),
                Err(detail) => {
                    let before = page.into_records();
                    if before.is_empty() {
                        return Err(Error::Halt {
                            topic,
                            partition,
                            offset: expected,
                            detail,
                        });
                    }
                    return Ok(before);
                }
            }
            expected = after_gaps(gaps, expected + 1);
        }
        Ok(page.into_records())
    }

    /// Makes a durable group visible.
    pub(super) fn publish(
        &self,
        rows: BTreeMap<(Topic, Partition), EndRow>,
        records: Vec<((Topic, Partition), Stored)>,
    ) {
        let mut ends = self.lock();
        for (place, record) in records {
            if let Some(end) = ends.get_mut(&place) {
                end.tail.push(record);
            }
        }
        for (place, row) in rows {
            if let Some(end) = ends.get_mut(&place) {
                end.bounds.next = row.next;
            }
        }
        drop(ends);
        self.grown.notify_all();
    }

    /// Waits until a partition has records beyond its position; false at the deadline.
    pub(super) fn wait_beyond(
        &self,
        topic: Topic,
        positions: &[(Partition, Offset)],
        deadline: Option<Monotonic>,
    ) -> bool {
        let mut ends = self.lock();
        loop {
            let beyond = |(partition, position): &(Partition, Offset)| {
                ends.get(&(topic, *partition))
                    .is_some_and(|end| end.bounds.next > *position)
            };
            if positions.iter().any(beyond) {
                return true;
            }
            let Some(deadline) = deadline else {
                ends = self.grown.wait(ends).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(Monotonic::now());
            if left.is_zero() {
                return false;
            }
            ends = self
                .grown
                .wait_timeout(ends, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Refuses all appends from now on; returns the first cause.
    pub(super) fn poison(&self, cause: String) -> String {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(cause).clone()
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Topic, Partition), End>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end<'a>(
        &self,
        ends: &'a BTreeMap<(Topic, Partition), End>,
        topic: Topic,
        partition: Partition,
    ) -> Result<&'a End, Error> {
        let unknown = || Error::UnknownPartition {
            topic,
            partition,
            partitions: self.partitions(topic),
        };
        ends.get(&(topic, partition)).ok_or_else(unknown)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("cluster", &self.cluster)
            .finish_non_exhaustive()
    }
}

/// How many partitions a topic has: only the events are sharded.
pub(super) fn partitions(topic: Topic, events: u32) -> u32 {
    match topic {
        Topic::Events => events,
        Topic::People | Topic::Targets | Topic::Market | Topic::DeadLetters => 1,
    }
}

/// The first offset from `offset` on that is not in a gap; the gaps are in order.
fn after_gaps(gaps: &[(Offset, Offset)], offset: Offset) -> Offset {
    gaps.iter()
        .fold(offset, |at, &(from, to)| if (from..to).contains(&at) { to } else { at })
}

/// The row, if it is the whole record of the expected offset; else what is wrong.
fn checked(row: Option<fjall::Guard>, topic: Topic, partition: Partition, expected: Offset) -> Result<Stored, String> {
    let Some(row) = row else {
        return Err("the record is missing; restore the data folder".to_owned());
    };
    let (key, value) = row
        .into_inner()
        .map_err(|error| format!("{error}; restore the data folder"))?;
    let place = codec::record_key(topic, partition, expected);
    if key.as_ref() != place {
        let found = codec::offset_of(&key).unwrap_or(expected);
        let missing = found.saturating_sub(expected);
        return Err(format!(
            "`{missing}` records up to `{found}` are missing; restore the data folder"
        ));
    }
    codec::decode_record(&place, Bytes::copy_from_slice(&value))
        .ok_or_else(|| "the checksum of the record is wrong; restore the data folder".to_owned())
}
