//! The log of one machine: a database in the data folder, one thread that appends.
//!
//! What is absent: headers, retention, more than one process. Layout of the data folder:
//! `log/` is the database, `log.tip` names what was acknowledged (see `tip`).
//!
//! The invariant: an append that was acknowledged survives `kill -9`, and power loss on a disk that
//! honours its flush; a group of appends is there as a whole or not at all; offsets are dense but for
//! losses that were accepted by name.

mod append;
mod codec;
mod keyspace;
mod recover;
mod shared;
mod source;
mod store;
mod tail;
mod tip;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod process_tests;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use paceline_schemas::position::{Offset, Partition, Topic};
use paceline_schemas::time::Instant;

use self::append::{AppendClock, Appender, GROUP_BYTES, GROUP_RECORDS, QUEUE, Request};
use self::shared::Shared;
use self::source::Source;
use self::store::Store;
use super::{Bounds, Log, LogReader, LogSink, LogSource, ReadLimit, Record, Stored};
use crate::error::Error;

pub use self::keyspace::{Keyspace, Scan};
pub use self::recover::Loss;

/// Key and payload of one record together.
pub const RECORD_BYTES_MAX: usize = GROUP_BYTES;

/// Tells the wall-clock time.
pub type Clock = fn() -> Instant;

/// How the log is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; created if it is not there.
    pub data: PathBuf,
    /// The wall clock.
    pub clock: Clock,
    /// Partitions of the events, fixed when the log is created. Default 1.
    pub events_partitions: u32,
    /// How far the clock may be off before appends are refused. Default one day.
    pub clock_step_max: Duration,
    /// Losses to go on without.
    pub accepted_losses: Vec<Loss>,
}

impl Options {
    /// The defaults for a data folder.
    pub fn new(data: impl Into<PathBuf>, clock: Clock) -> Self {
        Self {
            data: data.into(),
            clock,
            events_partitions: 1,
            clock_step_max: Duration::from_secs(24 * 60 * 60),
            accepted_losses: Vec::new(),
        }
    }
}

/// The embedded log; closed when it and its consumers are dropped.
#[derive(Debug)]
pub struct EmbeddedLog {
    shared: Arc<Shared>,
    sender: Option<SyncSender<Request>>,
    appender: Option<JoinHandle<()>>,
}

impl EmbeddedLog {
    /// Opens the log, creating it if it is not there.
    ///
    /// # Errors
    /// Another handle has it open; the partition count is not that of its creation; acknowledged
    /// records are missing; its last append lies ahead of the clock; the folder cannot be used.
    pub fn open(options: &Options) -> Result<Self, Error> {
        let events = options.events_partitions.max(1);
        let failed = |source| Error::Io {
            action: "create",
            path: options.data.clone(),
            source,
        };
        fs::create_dir_all(&options.data).map_err(failed)?;
        let tip_path = options.data.join("log.tip");
        let store = Store::open(&options.data.join("log"), |topic| shared::partitions(topic, events))?;
        let cluster = store.cluster_id()?;
        let places = Topic::ALL
            .into_iter()
            .flat_map(|topic| (0..shared::partitions(topic, events)).map(move |partition| (topic, partition)));
        let found = recover::recover(&store, &tip_path, places, &options.accepted_losses)?;
        let last = found
            .values()
            .map(|found| found.row.append_time)
            .max()
            .unwrap_or_default();
        let clock = AppendClock::new(options.clock, options.clock_step_max, last)?;

        let ends = found.iter().map(|(place, found)| (*place, found.row)).collect();
        let shared = Arc::new(Shared::new(store, tip_path, cluster, events, &found));
        let (sender, requests) = mpsc::sync_channel(QUEUE);
        let appender = Appender::new(Arc::clone(&shared), requests, clock, ends);
        let thread = thread::Builder::new()
            .name("log-append".to_owned())
            .spawn(move || appender.run());
        let thread = thread.map_err(|source| Error::Io {
            action: "start a thread for",
            path: options.data.clone(),
            source,
        })?;
        Ok(Self {
            shared,
            sender: Some(sender),
            appender: Some(thread),
        })
    }

    /// A keyspace of the same database, created if it is not there.
    ///
    /// # Errors
    /// The name is empty, longer than 64 bytes or reserved; the store cannot be written.
    pub fn keyspace(&self, name: &str) -> Result<Keyspace, Error> {
        let (db, inner) = self
            .shared
            .store
            .other(name)?
            .ok_or_else(|| Error::KeyspaceName { name: name.to_owned() })?;
        Ok(Keyspace::new(db, inner))
    }

    fn check(&self, topic: Topic, records: &[Record]) -> Result<(), Error> {
        let partitions = self.partitions(topic);
        for record in records {
            let bytes = content_bytes(record);
            if bytes > RECORD_BYTES_MAX {
                return Err(Error::RecordTooLarge {
                    bytes,
                    limit: RECORD_BYTES_MAX,
                });
            }
            if let Some(partition) = record.partition.filter(|partition| *partition >= partitions) {
                return Err(Error::UnknownPartition {
                    topic,
                    partition,
                    partitions,
                });
            }
        }
        Ok(())
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.appender.take()
            && thread.join().is_err()
        {
            tracing::error!("the append thread of the log has panicked");
        }
    }
}

impl LogSink for EmbeddedLog {
    fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<(Partition, Offset)>, Error> {
        self.check(topic, &records)?;
        let sender = self.sender.as_ref().ok_or(Error::Closed)?;
        let total = records.len();
        let pieces = cut(records);
        let mut announced = pieces.len();
        self.shared.announced.add(announced);
        let mut replies = Vec::with_capacity(announced);
        for (records, bytes) in pieces {
            let (reply, answer) = mpsc::sync_channel(1);
            if sender
                .send(Request {
                    topic,
                    records,
                    bytes,
                    reply,
                })
                .is_err()
            {
                self.shared.announced.remove(announced);
                return Err(Error::Closed);
            }
            announced -= 1;
            replies.push(answer);
        }
        let mut places = Vec::with_capacity(total);
        for answer in replies {
            places.extend(answer.recv().map_err(|_| Error::Closed)??);
        }
        Ok(places)
    }
}

impl LogReader for EmbeddedLog {
    fn read(&self, topic: Topic, partition: Partition, from: Offset, limit: ReadLimit) -> Result<Vec<Stored>, Error> {
        self.shared.read(topic, partition, from, limit)
    }

    fn bounds(&self, topic: Topic, partition: Partition) -> Result<Bounds, Error> {
        self.shared.bounds(topic, partition)
    }

    fn partitions(&self, topic: Topic) -> u32 {
        self.shared.partitions(topic)
    }

    fn cluster_id(&self) -> &str {
        &self.shared.cluster
    }
}

impl Log for EmbeddedLog {
    fn subscribe(&self, topic: Topic) -> Result<Box<dyn LogSource>, Error> {
        Ok(Box::new(Source::new(Arc::clone(&self.shared), topic)))
    }
}

fn content_bytes(record: &Record) -> usize {
    record.key.len() + record.payload.len()
}

/// Cuts records into pieces no larger than a group, with the bytes of each.
fn cut(records: Vec<Record>) -> Vec<(Vec<Record>, usize)> {
    let mut pieces: Vec<(Vec<Record>, usize)> = Vec::new();
    for record in records {
        let more = content_bytes(&record);
        match pieces.last_mut() {
            Some((piece, bytes)) if piece.len() < GROUP_RECORDS && *bytes + more <= GROUP_BYTES => {
                piece.push(record);
                *bytes += more;
            }
            _ => pieces.push((vec![record], more)),
        }
    }
    pieces
}
