//! Connections that are topics of a Kafka cluster: records in, positions committed once all that follows from them is in
//! the log.
//!
//! One process reads a connection, so partitions are taken by assignment and not in a group; the group only keeps the
//! positions. The invariant: a position is committed after the events of all records before it were acknowledged, and
//! a position that the topic no longer holds, or that is one of another topic of that name, stops the connection.

mod marks;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant as Monotonic};

use paceline_schemas::position::{Offset, Partition};
use paceline_schemas::time::Instant;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset as KafkaOffset, Timestamp, TopicPartitionList};

use self::marks::{Mark, Marks};
use crate::error::{Class, Error};
use crate::log::ReadLimit;
use crate::log::kafka::Options;
use crate::log::kafka::client::{self, Context};
use crate::log::kafka::fault::{self, Meaning};

/// Time between two looks for new partitions, and whether the topics are the same.
const LOOK: Duration = Duration::from_secs(30);
/// Time between two commits of positions that do not move.
const RECOMMIT: Duration = Duration::from_secs(3_600);

/// A record as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Topic.
    pub topic: Arc<str>,
    /// Partition.
    pub partition: Partition,
    /// Offset.
    pub offset: Offset,
    /// The record's time, in its order within the partition; but for that order the same however often it is read.
    pub received: Instant,
    /// Headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Content.
    pub value: Option<Vec<u8>>,
}

/// A partition of a topic.
type Place = (Arc<str>, Partition);

/// Topics that are read.
pub struct KafkaConnection {
    consumer: BaseConsumer<Context>,
    options: Options,
    topics: Vec<Arc<str>>,
    next: BTreeMap<Place, Offset>,
    committed: BTreeMap<Place, Offset>,
    received: BTreeMap<Place, Instant>,
    marks: Marks,
    told_of_clocks: bool,
    looked_at: Monotonic,
    recommitted_at: Monotonic,
}

impl fmt::Debug for KafkaConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaConnection")
            .field("topics", &self.topics)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl KafkaConnection {
    fn partitions_of(&self, topic: &str) -> Result<u32, Error> {
        match client::partitions_of(&self.consumer, &self.options, topic) {
            Err(Error::Broker {
                action,
                class: Class::Input,
                ..
            }) => Err(Error::Broker {
                action,
                cause: "it is not there, or may not be seen: its emitter makes it, or who runs the cluster".to_owned(),
                class: Class::Input,
            }),
            found => found,
        }
    }

    /// Begins at the positions of the group, and where there are none at the beginning.
    ///
    /// # Errors
    /// The cluster cannot be reached or refuses, a topic is not there, or a position is no longer held.
    pub fn open(options: &Options, topics: &[String]) -> Result<Self, Error> {
        let topics: Vec<Arc<str>> = topics.iter().map(|topic| Arc::from(topic.as_str())).collect();
        let first = topics.first().map_or("", |topic| topic);
        let mut connection = Self {
            consumer: client::connect(options, first)?,
            options: options.clone(),
            topics,
            next: BTreeMap::new(),
            committed: BTreeMap::new(),
            received: BTreeMap::new(),
            marks: Marks::default(),
            told_of_clocks: false,
            looked_at: Monotonic::now(),
            recommitted_at: Monotonic::now(),
        };
        connection.look()?;
        Ok(connection)
    }

    /// Records that have come, in the order of each partition; none if there are none within `wait`.
    ///
    /// # Errors
    /// The cluster refuses, or a position is no longer held.
    pub fn take(&mut self, limit: ReadLimit, wait: Duration) -> Result<Vec<Incoming>, Error> {
        if self.looked_at.elapsed() > LOOK {
            self.look()?;
        }
        let (mut records, mut bytes, mut wait) = (Vec::new(), 0, wait);
        while records.len() < limit.records && bytes < limit.bytes {
            let (mut taken, mark) = match self.consumer.poll(wait) {
                None => break,
                Some(Ok(message)) => {
                    let clocks = matches!(message.timestamp(), Timestamp::CreateTime(_));
                    if clocks && !std::mem::replace(&mut self.told_of_clocks, true) {
                        tracing::warn!(
                            topic = message.topic(),
                            "versions without a revision are ordered by the producers' clocks: map a `revision`, or \
                             set the topic's `message.timestamp.type` to `LogAppendTime`"
                        );
                    }
                    (incoming(&message, &self.topics), Mark::of(&message))
                }
                Some(Err(error)) => {
                    self.hear(&error)?;
                    continue;
                }
            };
            wait = Duration::ZERO;
            bytes += taken.value.as_ref().map_or(0, Vec::len);
            let place = (Arc::clone(&taken.topic), taken.partition);
            self.marks.note(&place, mark);
            // Records of one millisecond are received in the order in which they lie.
            let last = self.received.entry(place.clone()).or_default();
            taken.received = taken.received.max(Instant(last.0 + 1));
            *last = taken.received;
            self.next.insert(place, taken.offset + 1);
            records.push(taken);
        }
        Ok(records)
    }

    /// Commits the positions after everything that was taken.
    ///
    /// # Errors
    /// The broker does not take them; the same records come again, which does no harm.
    pub fn commit(&mut self) -> Result<(), Error> {
        let moved: Vec<_> = self
            .next
            .iter()
            .filter(|(place, next)| self.committed.get(*place) != Some(*next))
            .map(|(place, next)| (place.clone(), *next))
            .collect();
        if moved.is_empty() {
            return Ok(());
        }
        let failed = |error: KafkaError| fault::broker("commit positions", &error);
        let mut list = TopicPartitionList::with_capacity(moved.len());
        for (place, next) in &moved {
            let offset = KafkaOffset::Offset(i64::try_from(*next).unwrap_or(i64::MAX));
            let mut element = list.add_partition(&place.0, client::number(place.1));
            element.set_offset(offset).map_err(failed)?;
            if let Some(mark) = self.marks.known(place) {
                element.set_metadata(mark.to_string());
            }
        }
        self.consumer.commit(&list, CommitMode::Sync).map_err(failed)?;
        self.committed.extend(moved);
        Ok(())
    }

    fn hear(&self, error: &KafkaError) -> Result<(), Error> {
        match fault::meaning(error) {
            Meaning::Passing => Ok(()),
            Meaning::OutOfRange => {
                for ((topic, partition), next) in &self.next {
                    self.check(topic, *partition, *next)?;
                }
                Err(fault::broker("read a connection", error))
            }
            Meaning::Withheld | Meaning::Fatal => Err(fault::broker("read a connection", error)),
        }
    }

    /// Assigns all partitions, those that are new too, each at its position.
    fn look(&mut self) -> Result<(), Error> {
        self.looked_at = Monotonic::now();
        // A broker forgets positions that have not been committed for long.
        if self.recommitted_at.elapsed() > RECOMMIT {
            self.recommitted_at = Monotonic::now();
            self.committed.clear();
        }
        let mut found = Vec::new();
        for topic in &self.topics {
            let partitions = self.partitions_of(topic)?;
            found.extend((0..partitions).map(|partition| (Arc::clone(topic), partition)));
        }
        let new: Vec<_> = found
            .into_iter()
            .filter(|place| !self.next.contains_key(place))
            .collect();
        let is_first = self.next.is_empty();
        if new.is_empty() {
            return self.check_marks();
        }
        let positions = self.positions(&new)?;
        if is_first {
            self.check_marks()?;
        }
        self.next.extend(positions);
        let all: Vec<_> = self.next.iter().map(|(place, next)| (place.clone(), *next)).collect();
        list_of(&all)
            .and_then(|list| self.consumer.assign(&list))
            .map_err(|error| fault::broker("read a connection", &error))
    }

    /// Whether the topics are those that were read; what cannot be found out now is looked for the next time.
    fn check_marks(&mut self) -> Result<(), Error> {
        match self.marks.check(&self.options, &self.topics) {
            Err(error) if error.class() == Class::Transient => {
                tracing::debug!(%error, "the topics were not looked at");
                Ok(())
            }
            outcome => outcome,
        }
    }

    fn positions(&mut self, places: &[Place]) -> Result<Vec<(Place, Offset)>, Error> {
        let mut list = TopicPartitionList::with_capacity(places.len());
        for (topic, partition) in places {
            list.add_partition(topic, client::number(*partition));
        }
        let committed = self
            .consumer
            .committed_offsets(list, self.options.request_timeout)
            .map_err(|error| fault::broker("ask for the positions of a connection", &error))?;
        let mut positions = Vec::with_capacity(places.len());
        for (topic, partition) in places {
            let element = committed.find_partition(topic, client::number(*partition));
            let position = match element.as_ref().map(TopicPartitionListElem::offset) {
                Some(KafkaOffset::Offset(offset)) => u64::try_from(offset).ok(),
                _ => None,
            };
            if let Some(mark) = element.and_then(|element| Mark::read(element.metadata())) {
                self.marks.restore((Arc::clone(topic), *partition), mark);
            }
            let position = match position {
                Some(position) => self.check(topic, *partition, position).map(|()| position)?,
                None => self.beginning(topic, *partition)?,
            };
            positions.push(((Arc::clone(topic), *partition), position));
        }
        Ok(positions)
    }

    fn beginning(&self, topic: &str, partition: Partition) -> Result<Offset, Error> {
        let low = client::bounds_of(&self.consumer, &self.options, topic, partition)?.low;
        if low > 0 {
            tracing::error!(
                topic,
                partition,
                low,
                group = self.options.group,
                "the group keeps no position and the first records were deleted: whether all were read is unknown"
            );
        }
        Ok(low)
    }

    fn check(&self, topic: &str, partition: Partition, position: Offset) -> Result<(), Error> {
        let bounds = client::bounds_of(&self.consumer, &self.options, topic, partition)?;
        let cause = if position < bounds.low {
            format!(
                "`{}` records from {position} on were deleted before they were read; to go on without them, move the \
                 group `{}` to {}",
                bounds.low - position,
                self.options.group,
                bounds.low
            )
        } else if position > bounds.next {
            format!(
                "the position is {position} and the topic ends at {}: it is another topic of that name; to read it \
                 from its start, give the connection another `group`",
                bounds.next
            )
        } else {
            return Ok(());
        };
        Err(Error::Broker {
            action: format!("read `{topic}/{partition}`"),
            cause,
            class: Class::Fatal,
        })
    }
}

fn list_of(places: &[(Place, Offset)]) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(places.len());
    for ((topic, partition), next) in places {
        let offset = KafkaOffset::Offset(i64::try_from(*next).unwrap_or(i64::MAX));
        list.add_partition_offset(topic, client::number(*partition), offset)?;
    }
    Ok(list)
}

fn incoming(message: &BorrowedMessage<'_>, topics: &[Arc<str>]) -> Incoming {
    let known = topics.iter().find(|topic| &***topic == message.topic());
    let headers = message.headers().map_or_else(Vec::new, |headers| {
        headers
            .iter()
            .map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec()))
            .collect()
    });
    Incoming {
        topic: known.map_or_else(|| Arc::from(message.topic()), Arc::clone),
        partition: Partition::try_from(message.partition()).unwrap_or(Partition::MAX),
        offset: u64::try_from(message.offset()).unwrap_or(0),
        received: Instant(message.timestamp().to_millis().unwrap_or(0).saturating_mul(1_000)),
        headers,
        value: message.payload().map(<[u8]>::to_vec),
    }
}
