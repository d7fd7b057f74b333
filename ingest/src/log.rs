//! The seam to the log: appending, reading by offset, consuming with an owner's positions.
//!
//! Nothing above this module knows which log it talks to. What is absent: offsets committed to a
//! broker (positions live in the owner's checkpoint), and any notion of what a record means.
//!
//! The invariant: within a partition, records are delivered in the order of their offsets, each
//! once per assignment, beginning at the position its owner gave; only acknowledged records are
//! ever delivered.
//!
//! | event | the consumer does |
//! |---|---|
//! | `Assigned` | answers with a position per partition; nothing is delivered before |
//! | `Batch` | applies it, or drops it if the generation is not the one of its assignment |
//! | `End` | knows that it has caught up with the log as it was at that moment |
//! | `Revoked` | finishes what it has, answers; the partitions leave then |
//! | `Lost` | drops its state; the partitions are gone |

pub mod embedded;
#[cfg(feature = "kafka")]
pub mod kafka;

use std::fmt;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use paceline_schemas::position::{Offset, Partition, Topic};
use paceline_schemas::time::Instant;

use crate::error::Error;

/// A record to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The key, which decides the partition unless one is named.
    pub key: Bytes,
    /// The content.
    pub payload: Bytes,
    /// The partition, where the key must not decide.
    pub partition: Option<Partition>,
}

impl Record {
    /// A record whose partition follows from its key.
    pub fn new(key: impl Into<Bytes>, payload: impl Into<Bytes>) -> Self {
        Self {
            key: key.into(),
            payload: payload.into(),
            partition: None,
        }
    }

    /// A record for one partition, whatever its key.
    pub fn to(partition: Partition, key: impl Into<Bytes>, payload: impl Into<Bytes>) -> Self {
        Self {
            key: key.into(),
            payload: payload.into(),
            partition: Some(partition),
        }
    }
}

/// A record as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its position.
    pub offset: Offset,
    /// When the log took it; never falls within a partition.
    pub append_time: Instant,
    /// The key.
    pub key: Bytes,
    /// The content.
    pub payload: Bytes,
}

/// How much one read returns at most; one record is returned whatever its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimit {
    /// Records.
    pub records: usize,
    /// Bytes of keys and payloads.
    pub bytes: usize,
}

impl Default for ReadLimit {
    fn default() -> Self {
        Self {
            records: 4_096,
            bytes: 1 << 20,
        }
    }
}

/// The offsets that a partition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The first offset held.
    pub low: Offset,
    /// The offset that the next record gets.
    pub next: Offset,
}

impl Bounds {
    /// Refuses a position of `topic` and `partition` that is not held; the end is.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], with the bounds.
    pub(crate) fn check(self, topic: Topic, partition: Partition, offset: Offset) -> Result<(), Error> {
        let Self { low, next } = self;
        if (low..=next).contains(&offset) {
            return Ok(());
        }
        Err(Error::OutOfRange {
            topic,
            partition,
            offset,
            low,
            next,
        })
    }
}

/// Appends records.
pub trait LogSink: Send + Sync {
    /// Appends `records` in their order and returns where each lies, once all of them are durable.
    ///
    /// # Errors
    /// A record is too large or its partition unknown: nothing was appended. A failed write: which of
    /// them are kept is unknown, and sending them again may double them.
    fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<(Partition, Offset)>, Error>;
}

/// Reads records by position.
pub trait LogReader: Send + Sync {
    /// Reads acknowledged records from `from` on; none if it is the end.
    ///
    /// # Errors
    /// The position is not held, or a record is damaged.
    fn read(&self, topic: Topic, partition: Partition, from: Offset, limit: ReadLimit) -> Result<Vec<Stored>, Error>;

    /// The offsets held.
    ///
    /// # Errors
    /// The topic has no such partition.
    fn bounds(&self, topic: Topic, partition: Partition) -> Result<Bounds, Error>;

    /// How many partitions the topic has, fixed at its creation.
    fn partitions(&self, topic: Topic) -> u32;

    /// The identity of the log: another id means other records under the same offsets.
    fn cluster_id(&self) -> &str;
}

/// A log with consumers.
pub trait Log: LogSink + LogReader + fmt::Debug {
    /// Starts a consumer of `topic`, whose first events are its assignments.
    ///
    /// # Errors
    /// The log cannot be reached.
    fn subscribe(&self, topic: Topic) -> Result<Box<dyn LogSource>, Error>;

    /// Where live rows go; nowhere with a log that keeps no states.
    ///
    /// # Errors
    /// The producer cannot be made.
    fn rep_windows(&self) -> Result<Option<Box<dyn StateSink>>, Error> {
        Ok(None)
    }
}

/// The newest state of a key, or that there is none any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State<'a> {
    /// The key.
    pub key: &'a str,
    /// The state; none takes the key away.
    pub value: Option<&'a str>,
    /// Names and values.
    pub headers: &'a [(&'a str, String)],
}

/// Sends states without waiting for their acknowledgement. What is lost is sent anew by whoever knows the state.
pub trait StateSink: Send + fmt::Debug {
    /// Sends a state; false if the queue is full and it was not taken.
    ///
    /// # Errors
    /// The sink has ended and must be made anew.
    fn send(&mut self, state: &State<'_>) -> Result<bool, Error>;

    /// True once after something that was taken could not be delivered.
    fn take_loss(&mut self) -> bool;
}

/// A consumer, polled by one thread.
pub trait LogSource: Send {
    /// Waits up to `timeout` for the next event; a new record ends the wait.
    ///
    /// # Errors
    /// An assignment was not answered, its position is not held, or a record is damaged.
    fn poll(&mut self, timeout: Duration) -> Result<Option<SourceEvent>, Error>;

    /// Delivers nothing of `partition` until it is resumed.
    fn pause(&mut self, partition: Partition);

    /// Delivers `partition` again, from where it was paused.
    fn resume(&mut self, partition: Partition);
}

/// What a consumer is told.
#[derive(Debug)]
pub enum SourceEvent {
    /// Partitions are this consumer's from now on.
    Assigned {
        /// The new ones.
        partitions: Vec<Partition>,
        /// Takes the offset at which each begins.
        reply: Reply<Vec<(Partition, Offset)>>,
    },
    /// Records of one partition, in order.
    Batch {
        /// The partition.
        partition: Partition,
        /// Counts the assignments of the partition to this consumer.
        generation: u64,
        /// The records.
        records: Vec<Stored>,
    },
    /// Partitions leave once this is answered.
    Revoked {
        /// Those that leave.
        partitions: Vec<Partition>,
        /// Taken when their state is dropped.
        reply: Reply<()>,
    },
    /// Partitions have left without notice.
    Lost {
        /// Those that left.
        partitions: Vec<Partition>,
    },
    /// All records up to `next` were delivered.
    End {
        /// The partition.
        partition: Partition,
        /// The offset that the next record gets.
        next: Offset,
    },
}

/// The right to answer once; dropped unused, it is an answer too: none will come.
pub struct Reply<T>(mpsc::SyncSender<T>);

/// Where the answer arrives.
pub(crate) type Answer<T> = mpsc::Receiver<T>;

impl<T> Reply<T> {
    /// A reply and where it arrives.
    pub(crate) fn channel() -> (Self, Answer<T>) {
        let (sender, receiver) = mpsc::sync_channel(1);
        (Self(sender), receiver)
    }

    /// Answers; false if the consumer is gone.
    pub fn send(self, answer: T) -> bool {
        self.0.send(answer).is_ok()
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}
