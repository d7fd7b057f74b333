//! Appending: records are handed to one idempotent producer, and the caller waits until the last is acknowledged.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use paceline_schemas::position::{Offset, Partition, Topic, partition_of};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseRecord, NoCustomPartitioner, Producer as _, ProducerContext, ThreadedProducer};

use super::settings::{Options, client_of};
use super::{client, fault};
use crate::error::Error;
use crate::log::Record;

/// Wait for room in the producer's queue.
const ROOM: Duration = Duration::from_millis(10);

pub(super) struct Producer {
    inner: ThreadedProducer<Delivery, NoCustomPartitioner>,
    options: Options,
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Producer")
    }
}

/// Where the acknowledgements of one append come together.
#[derive(Debug)]
struct Gathering {
    state: Mutex<Gathered>,
    all: Condvar,
}

#[derive(Debug)]
struct Gathered {
    places: Vec<(Partition, Offset)>,
    waiting: usize,
    failure: Option<KafkaError>,
}

impl Gathering {
    fn of(count: usize) -> Self {
        Self {
            state: Mutex::new(Gathered {
                places: vec![(0, 0); count],
                waiting: count,
                failure: None,
            }),
            all: Condvar::new(),
        }
    }

    fn arrive(&self, index: usize, result: Result<(Partition, Offset), KafkaError>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting = state.waiting.saturating_sub(1);
        match result {
            Ok(place) => state.places[index] = place,
            Err(error) => state.failure = Some(error),
        }
        if state.waiting == 0 {
            self.all.notify_all();
        }
    }

    fn wait(&self) -> Result<Vec<(Partition, Offset)>, KafkaError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self
            .all
            .wait_while(state, |state| state.waiting > 0)
            .unwrap_or_else(PoisonError::into_inner);
        match state.failure.take() {
            Some(error) => Err(error),
            None => Ok(std::mem::take(&mut state.places)),
        }
    }
}

/// Which record of which append an acknowledgement is of.
#[derive(Debug)]
struct Ticket {
    gathering: Arc<Gathering>,
    index: usize,
}

#[derive(Debug)]
struct Delivery;

impl ClientContext for Delivery {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, "the producer says: {reason}");
    }
}

impl ProducerContext for Delivery {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Self::DeliveryOpaque) {
        let result = match result {
            Ok(message) => match (u32::try_from(message.partition()), u64::try_from(message.offset())) {
                (Ok(partition), Ok(offset)) => Ok((partition, offset)),
                _ => Err(KafkaError::MessageProduction(Code::BadMessage)),
            },
            Err((error, _)) => Err(error.clone()),
        };
        ticket.gathering.arrive(ticket.index, result);
    }
}

impl Producer {
    pub(super) fn new(options: &Options) -> Result<Self, Error> {
        let inner =
            client_of(&options.producer(), Delivery).map_err(|error| fault::broker("start a producer", &error))?;
        Ok(Self {
            inner,
            options: options.clone(),
        })
    }

    pub(super) fn append(
        &self,
        topic: Topic,
        partitions: u32,
        records: &[Record],
    ) -> Result<Vec<(Partition, Offset)>, Error> {
        let name = self.options.topic_name(topic);
        let gathering = Arc::new(Gathering::of(records.len()));
        for (index, record) in records.iter().enumerate() {
            let partition = record
                .partition
                .unwrap_or_else(|| partition_of(&record.key, partitions));
            let ticket = Box::new(Ticket {
                gathering: Arc::clone(&gathering),
                index,
            });
            let mut message = BaseRecord::with_opaque_to(&name, ticket)
                .key(record.key.as_ref())
                .payload(record.payload.as_ref())
                .partition(i32::try_from(partition).unwrap_or(i32::MAX));
            if topic != Topic::DeadLetters {
                message = message.headers(content_type());
            }
            if let Err(error) = self.send(message) {
                // The acknowledgements of those before it still come, and find the gathering.
                (index..records.len()).for_each(|late| gathering.arrive(late, Err(error.clone())));
                break;
            }
        }
        gathering
            .wait()
            .map_err(|error| fault::broker(&format!("append to `{name}`"), &error))
    }

    fn send(&self, mut message: BaseRecord<'_, [u8], [u8], Box<Ticket>>) -> Result<(), KafkaError> {
        loop {
            match self.inner.send(message) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(Code::QueueFull), again)) => {
                    message = again;
                    std::thread::park_timeout(ROOM);
                }
                Err((error, _)) => return Err(self.fatal().unwrap_or(error)),
            }
        }
    }

    /// The error that ended an idempotent producer for good.
    fn fatal(&self) -> Option<KafkaError> {
        let (code, said) = self.inner.client().fatal_error()?;
        tracing::error!("the producer has ended: {said}");
        Some(KafkaError::MessageProduction(code))
    }
}

fn content_type() -> OwnedHeaders {
    OwnedHeaders::new_with_capacity(1).insert(Header {
        key: "content-type",
        value: Some("application/cloudevents+json; charset=UTF-8"),
    })
}
