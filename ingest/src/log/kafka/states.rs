//! Sending states: an idempotent producer that nobody waits for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, NoCustomPartitioner, Producer as _, ProducerContext, ThreadedProducer};

use super::settings::{Options, client_of};
use super::{client, fault};
use crate::error::Error;
use crate::log::{State, StateSink};

pub(super) struct States {
    producer: ThreadedProducer<Losses, NoCustomPartitioner>,
    lost: Arc<AtomicBool>,
    topic: String,
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

/// Hears what could not be delivered.
struct Losses(Arc<AtomicBool>);

impl ClientContext for Losses {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, "the producer of states says: {reason}");
    }
}

impl ProducerContext for Losses {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            tracing::debug!(%error, "a state was not delivered");
            self.0.store(true, Ordering::Release);
        }
    }
}

impl States {
    pub(super) fn new(options: &Options, name: &str) -> Result<Self, Error> {
        let lost = Arc::new(AtomicBool::new(false));
        let producer = client_of(&options.producer(), Losses(Arc::clone(&lost)))
            .map_err(|error| fault::broker("start a producer", &error))?;
        Ok(Self {
            producer,
            lost,
            topic: options.prefixed(name),
        })
    }
}

impl StateSink for States {
    fn send(&mut self, state: &State<'_>) -> Result<bool, Error> {
        let headers = OwnedHeaders::new_with_capacity(state.headers.len());
        let headers = state.headers.iter().fold(headers, |headers, (key, value)| {
            headers.insert(Header {
                key,
                value: Some(value),
            })
        });
        let mut record = BaseRecord::to(&self.topic).key(state.key).headers(headers);
        if let Some(value) = state.value {
            record = record.payload(value);
        }
        match self.producer.send(record) {
            Ok(()) => Ok(true),
            Err((KafkaError::MessageProduction(Code::QueueFull), _)) => Ok(false),
            Err((error, _)) => {
                let fatal = self.producer.client().fatal_error();
                let error = fatal.map_or(error, |(code, _)| KafkaError::MessageProduction(code));
                Err(fault::broker(&format!("send a state to `{}`", self.topic), &error))
            }
        }
    }

    fn take_loss(&mut self) -> bool {
        self.lost.swap(false, Ordering::AcqRel)
    }
}
