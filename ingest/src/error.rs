//! What can go wrong between a source and the log, and whose turn it is then.

use std::path::PathBuf;
use std::time::Duration;

use paceline_schemas::position::{Offset, Partition, Topic};
use paceline_schemas::time::Instant;

/// Who can mend an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What was given is wrong; the same call fails again.
    Input,
    /// The same call may succeed later.
    Transient,
    /// Going on could lose or double data; the process or the shard stops.
    Fatal,
}

/// A failure of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Records that were acknowledged are missing, damaged or contradict each other.
    #[error("read `{}/{partition}` at offset `{offset}`: {detail}", topic.name())]
    Halt {
        /// The topic.
        topic: Topic,
        /// The partition.
        partition: Partition,
        /// The first offset in doubt.
        offset: Offset,
        /// What is wrong, with the count, and what can be done.
        detail: String,
    },
    /// A position that the log does not hold.
    #[error(
        "read `{}/{partition}` at offset `{offset}`: the log holds `{low}` up to `{next}`: {} records are gone; restore \
         the log, or rebuild into an empty directory",
        topic.name(), offset.saturating_sub(*next).max(low.saturating_sub(*offset))
    )]
    OutOfRange {
        /// The topic.
        topic: Topic,
        /// The partition.
        partition: Partition,
        /// The position asked for.
        offset: Offset,
        /// The first offset held.
        low: Offset,
        /// The offset that the next record gets.
        next: Offset,
    },
    /// A partition that the topic does not have.
    #[error("find partition `{partition}` of `{}`: it has `{partitions}`", topic.name())]
    UnknownPartition {
        /// The topic.
        topic: Topic,
        /// The partition asked for.
        partition: Partition,
        /// How many there are.
        partitions: u32,
    },
    /// A partition count other than that of the topic's creation.
    #[error("open `{}` with `{configured}` partitions: it was created with `{stored}`", topic.name())]
    PartitionCount {
        /// The topic.
        topic: Topic,
        /// The count of the creation.
        stored: u32,
        /// The count asked for.
        configured: u32,
    },
    /// A record over the limit of the log.
    #[error("append a record of `{bytes}` bytes: the limit is `{limit}`")]
    RecordTooLarge {
        /// Size of key and payload.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The last append time lies too far ahead of the wall clock.
    #[error("open the log: its last append is of `{last}` but the clock says `{now}`; set the clock")]
    ClockBehind {
        /// The last append time.
        last: Instant,
        /// The wall clock.
        now: Instant,
    },
    /// The wall clock was stepped while the log was open.
    #[error(
        "append: the clock says `{now}` where about `{expected}` was due; set the clock, or restart if it is right"
    )]
    ClockStep {
        /// What the clock should say.
        expected: Instant,
        /// What the clock says.
        now: Instant,
    },
    /// Another process, or another handle of this one, has the log open.
    #[error("open the log in `{}`: it is locked by a running process", path.display())]
    Locked {
        /// The folder of the log.
        path: PathBuf,
    },
    /// A format that this release does not know.
    #[error("open the log in `{}`: its format is `{found}`, this release reads `{known}`", path.display())]
    Format {
        /// The folder of the log.
        path: PathBuf,
        /// The format found, or what stands in its place.
        found: String,
        /// The newest format known.
        known: u32,
    },
    /// A write failed: no append is acknowledged any more, and whether the last ones are kept is unknown.
    #[error("append: the log takes no more records since a write failed: {cause}; restart")]
    Poisoned {
        /// The failed write.
        cause: String,
    },
    /// The log was closed.
    #[error("append: the log is closed")]
    Closed,
    /// An assignment whose owner gave no position.
    #[error("consume `{}`: the owner of partitions `{partitions:?}` gave no position", topic.name())]
    Unanswered {
        /// The topic.
        topic: Topic,
        /// The partitions without a position.
        partitions: Vec<Partition>,
    },
    /// The name of a keyspace is reserved or empty.
    #[error("open keyspace `{name}`: the name is reserved or no name")]
    KeyspaceName {
        /// The name.
        name: String,
    },
    /// A broker, or the client that talks to it, failed.
    #[error("{action}: {cause}")]
    Broker {
        /// What was attempted.
        action: String,
        /// What was said, and what can be done.
        cause: String,
        /// Who can mend it.
        class: Class,
    },
    /// The store beneath the embedded log failed.
    #[error("{action} in the log's store")]
    Store {
        /// What was attempted.
        action: &'static str,
        /// The failure.
        #[source]
        source: fjall::Error,
    },
    /// A file operation failed.
    #[error("{action} `{}`", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The failure.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Who can mend it.
    pub fn class(&self) -> Class {
        match self {
            Self::Broker { class, .. } => *class,
            Self::UnknownPartition { .. }
            | Self::PartitionCount { .. }
            | Self::RecordTooLarge { .. }
            | Self::KeyspaceName { .. } => Class::Input,
            Self::ClockStep { .. } => Class::Transient,
            Self::Halt { .. }
            | Self::OutOfRange { .. }
            | Self::ClockBehind { .. }
            | Self::Locked { .. }
            | Self::Format { .. }
            | Self::Poisoned { .. }
            | Self::Closed
            | Self::Unanswered { .. }
            | Self::Store { .. }
            | Self::Io { .. } => Class::Fatal,
        }
    }

    /// How long to wait before trying again, if that can help.
    pub fn retry_after(&self) -> Option<Duration> {
        (self.class() == Class::Transient).then_some(Duration::from_secs(1))
    }
}
