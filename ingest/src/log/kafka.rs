//! The log on Apache Kafka, by librdkafka.
//!
//! What is absent: transactions (librdkafka lacks what makes them safe, so exactly-once rests on the owner's
//! checkpoints), and offsets committed to the broker. Topics are made and checked by [`topics`]; opening only asks for
//! their partitions.
//!
//! The invariant: an append is acknowledged once the broker has it by its own `acks=all`; a record's partition is that
//! of its key by murmur2 here as in any Java client.

mod assignment;
pub(crate) mod client;
pub(crate) mod fault;
mod poller;
mod producer;
mod reader;
mod settings;
mod source;
mod states;
pub mod topics;
mod watchdog;
mod witness;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use paceline_schemas::position::{Offset, Partition, REP_WINDOWS, Topic};

use self::producer::Producer;
use self::reader::Reader;
use self::source::Source;
use self::states::States;
use super::{Bounds, Log, LogReader, LogSink, LogSource, ReadLimit, Record, StateSink, Stored};
use crate::error::Error;

pub use self::fault::patiently;
pub use self::settings::{Options, RECORD_BYTES_MAX, SettingFault};

/// The log of a deployment on a Kafka cluster.
#[derive(Debug)]
pub struct KafkaLog {
    options: Options,
    cluster: String,
    partitions: BTreeMap<Topic, u32>,
    reader: Reader,
    producer: Producer,
    /// Where partitions ended when the broker was asked last: a topic only grows.
    ends: Mutex<BTreeMap<(Topic, Partition), Offset>>,
}

impl KafkaLog {
    /// Connects and asks for the partitions of the canonical topics.
    ///
    /// # Errors
    /// A setting is wrong; no broker answered in time; the broker refuses us; a topic is not there or has another
    /// number of partitions.
    pub fn open(options: &Options) -> Result<Self, Error> {
        let connected = client::connect(options, &options.topic_name(Topic::Events))?;
        let mut partitions = BTreeMap::new();
        for topic in Topic::ALL {
            let stored = client::partitions(&connected, options, topic)?;
            let configured = options.partitions(topic);
            if stored != configured {
                return Err(Error::PartitionCount {
                    topic,
                    stored,
                    configured,
                });
            }
            partitions.insert(topic, stored);
        }
        Ok(Self {
            // The same offsets under another prefix are other records.
            cluster: format!("{}{}", options.topic_prefix, client::cluster_id(&connected, options)?),
            producer: Producer::new(options)?,
            reader: Reader::new(options, connected),
            options: options.clone(),
            partitions,
            ends: Mutex::default(),
        })
    }

    /// Where the partition was seen to end; asked before the broker is, for answers may overtake each other.
    fn end(&self, topic: Topic, partition: Partition) -> Offset {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.get(&(topic, partition)).copied().unwrap_or(0)
    }

    fn check(&self, topic: Topic, partition: Partition) -> Result<(), Error> {
        let partitions = self.partitions(topic);
        if partition < partitions {
            return Ok(());
        }
        Err(Error::UnknownPartition {
            topic,
            partition,
            partitions,
        })
    }
}

impl LogSink for KafkaLog {
    fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<(Partition, Offset)>, Error> {
        for record in &records {
            let bytes = record.key.len() + record.payload.len();
            if bytes > RECORD_BYTES_MAX {
                return Err(Error::RecordTooLarge {
                    bytes,
                    limit: RECORD_BYTES_MAX,
                });
            }
            if let Some(partition) = record.partition {
                self.check(topic, partition)?;
            }
        }
        let ends: Vec<Offset> = (0..self.partitions(topic)).map(|at| self.end(topic, at)).collect();
        let places = self.producer.append(topic, self.partitions(topic), &records)?;
        for (partition, offset) in &places {
            let end = ends.get(*partition as usize).copied().unwrap_or(0);
            if *offset < end {
                let what = format!("it held {end} records and took one at {offset} now");
                return Err(fault::made_anew(&self.options.topic_name(topic), *partition, &what));
            }
        }
        Ok(places)
    }
}

impl LogReader for KafkaLog {
    fn read(&self, topic: Topic, partition: Partition, from: Offset, limit: ReadLimit) -> Result<Vec<Stored>, Error> {
        self.check(topic, partition)?;
        self.reader.read(topic, partition, from, limit)
    }

    fn bounds(&self, topic: Topic, partition: Partition) -> Result<Bounds, Error> {
        self.check(topic, partition)?;
        let end = self.end(topic, partition);
        let bounds = self.reader.bounds(topic, partition)?;
        if bounds.next < end {
            let what = format!("it held {end} records and ends at {} now", bounds.next);
            return Err(fault::made_anew(&self.options.topic_name(topic), partition, &what));
        }
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let known = ends.entry((topic, partition)).or_default();
        *known = bounds.next.max(*known);
        Ok(bounds)
    }

    fn partitions(&self, topic: Topic) -> u32 {
        self.partitions.get(&topic).copied().unwrap_or(0)
    }

    fn cluster_id(&self) -> &str {
        &self.cluster
    }
}

impl Log for KafkaLog {
    fn subscribe(&self, topic: Topic) -> Result<Box<dyn LogSource>, Error> {
        Ok(Box::new(Source::start(&self.options, topic)?))
    }

    fn rep_windows(&self) -> Result<Option<Box<dyn StateSink>>, Error> {
        Ok(Some(Box::new(States::new(&self.options, REP_WINDOWS)?)))
    }
}
