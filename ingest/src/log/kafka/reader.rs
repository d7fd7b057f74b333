//! Reading by position: one consumer outside any group, which keeps its place between reads that follow each other.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as Monotonic};

use bytes::Bytes;
use paceline_schemas::position::{Offset, Partition, Topic};
use paceline_schemas::time::Instant;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use super::client::{self, Context, number};
use super::fault::{self, Meaning};
use super::settings::Options;
use crate::error::{Class, Error};
use crate::log::{Bounds, ReadLimit, Stored};

const POLL: Duration = Duration::from_millis(100);

pub(super) struct Reader {
    options: Options,
    client: BaseConsumer<Context>,
    place: Mutex<Place>,
}

/// Where the next message of the consumer comes from.
#[derive(Debug, Default)]
struct Place {
    at: Option<(Topic, Partition, Offset)>,
    /// A message that was taken and did not fit.
    kept: Option<Stored>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Reader {
    pub(super) fn new(options: &Options, client: BaseConsumer<Context>) -> Self {
        Self {
            options: options.clone(),
            client,
            place: Mutex::default(),
        }
    }

    pub(super) fn partitions(&self, topic: Topic) -> Result<u32, Error> {
        client::partitions(&self.client, &self.options, topic)
    }

    /// Stops what the client fetches ahead.
    pub(super) fn rest(&self) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Place::default();
        // What goes on being fetched is only of no use.
        self.client.unassign().ok();
    }

    pub(super) fn bounds(&self, topic: Topic, partition: Partition) -> Result<Bounds, Error> {
        client::bounds_of(&self.client, &self.options, &self.options.topic_name(topic), partition)
    }

    pub(super) fn read(
        &self,
        topic: Topic,
        partition: Partition,
        from: Offset,
        limit: ReadLimit,
    ) -> Result<Vec<Stored>, Error> {
        let bounds = self.bounds(topic, partition)?;
        bounds.check(topic, partition, from)?;
        let next = bounds.next;
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if from == next {
            return Ok(Vec::new());
        }
        let kept = place.at == Some((topic, partition, from));
        if !kept {
            self.turn_to(&mut place, topic, partition, from)?;
        }
        let mut outcome = self.take(&mut place, (topic, partition), next, limit);
        if kept && outcome.as_ref().is_ok_and(Vec::is_empty) {
            // The end that was met may be that of an earlier read, from before these records were appended.
            outcome = self
                .turn_to(&mut place, topic, partition, from)
                .and_then(|()| self.take(&mut place, (topic, partition), next, limit));
        }
        if outcome.is_err() {
            *place = Place::default();
        }
        outcome
    }

    fn turn_to(&self, place: &mut Place, topic: Topic, partition: Partition, from: Offset) -> Result<(), Error> {
        *place = Place::default();
        let mut list = TopicPartitionList::with_capacity(1);
        let name = self.options.topic_name(topic);
        let offset = KafkaOffset::Offset(i64::try_from(from).unwrap_or(i64::MAX));
        list.add_partition_offset(&name, number(partition), offset)
            .and_then(|()| self.client.assign(&list))
            .map_err(|error| fault::broker(&format!("read `{name}/{partition}`"), &error))?;
        place.at = Some((topic, partition, from));
        Ok(())
    }

    fn take(
        &self,
        place: &mut Place,
        (topic, partition): (Topic, Partition),
        next: Offset,
        limit: ReadLimit,
    ) -> Result<Vec<Stored>, Error> {
        let name = self.options.topic_name(topic);
        let action = format!("read `{name}/{partition}`");
        let deadline = Monotonic::now() + self.options.request_timeout;
        let mut records: Vec<Stored> = Vec::new();
        let mut bytes = 0;
        loop {
            let stored = match place.kept.take() {
                Some(kept) => kept,
                None => match self.client.poll(POLL) {
                    Some(Ok(message)) if is_of(&message, &name, partition) => stored(&message),
                    Some(Err(KafkaError::PartitionEOF(at))) if at == number(partition) => return Ok(records),
                    Some(Err(error)) if fault::meaning(&error) != Meaning::Passing => {
                        return Err(fault::broker(&action, &error));
                    }
                    _ if Monotonic::now() < deadline => continue,
                    _ => return Err(timed_out(&action)),
                },
            };
            let size = stored.key.len() + stored.payload.len();
            let fits = records.len() < limit.records && bytes + size <= limit.bytes;
            if !records.is_empty() && !fits {
                place.at = Some((topic, partition, stored.offset));
                place.kept = Some(stored);
                return Ok(records);
            }
            bytes += size;
            let after = stored.offset + 1;
            place.at = Some((topic, partition, after));
            records.push(stored);
            if after >= next {
                return Ok(records);
            }
        }
    }
}

fn is_of(message: &BorrowedMessage<'_>, name: &str, partition: Partition) -> bool {
    message.topic() == name && message.partition() == number(partition)
}

/// The record of a message; without a key or a value these are empty.
pub(super) fn stored(message: &BorrowedMessage<'_>) -> Stored {
    let bytes = |part: Option<&[u8]>| part.map_or_else(Bytes::new, Bytes::copy_from_slice);
    Stored {
        offset: u64::try_from(message.offset()).unwrap_or(0),
        append_time: Instant(message.timestamp().to_millis().unwrap_or(0).saturating_mul(1_000)),
        key: bytes(message.key()),
        payload: bytes(message.payload()),
    }
}

fn timed_out(action: &str) -> Error {
    Error::Broker {
        action: action.to_owned(),
        cause: "the broker sends no record that it says it holds; check that the brokers run".to_owned(),
        class: Class::Transient,
    }
}
