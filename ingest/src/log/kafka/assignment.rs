//! Assignments: the callback in which the group gives and takes partitions, and in which the owner answers.
//!
//! The callback runs inside `poll`, with all partitions paused. Whatever happens it answers with the list that it was
//! given, for a member that does not is silent for ever.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use paceline_schemas::position::{Offset, Partition, Topic};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset as KafkaOffset, TopicPartitionList};

use super::client::number;
use super::settings::Options;
use super::{client, fault};
use crate::error::{Class, Error};
use crate::log::{Answer, Reply, SourceEvent, Stored};

/// Longest wait for the owner's answer, which opens every shard in it; the watchdog and the group wait longer.
const ANSWER: Duration = Duration::from_secs(240);

/// What is shared by the callback, the polling thread and the owner.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) options: Options,
    pub(super) topic: Topic,
    pub(super) events: SyncSender<Result<SourceEvent, Error>>,
    pub(super) stopping: Arc<AtomicBool>,
    held: Mutex<Held>,
}

/// The partitions of this member.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// The offset that follows the last one taken.
    pub(super) next: BTreeMap<Partition, Offset>,
    /// Counts assignments, also those that are over.
    pub(super) generations: BTreeMap<Partition, u64>,
    /// Records taken and not handed over, with their bytes; of partitions that leave they go too.
    pub(super) gathered: BTreeMap<Partition, (Vec<Stored>, usize)>,
    /// The last record handed over.
    pub(super) last: BTreeMap<Partition, Stored>,
    /// Why the group cannot be gone on with.
    pub(super) failure: Option<Error>,
    /// The last complaint of the client that a person has to mend.
    pub(super) complaint: Option<(Code, String)>,
}

impl Group {
    pub(super) fn new(
        options: &Options,
        topic: Topic,
        events: SyncSender<Result<SourceEvent, Error>>,
        stopping: Arc<AtomicBool>,
    ) -> Self {
        Self {
            options: options.clone(),
            topic,
            events,
            stopping,
            held: Mutex::default(),
        }
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn fail(&self, error: Error) {
        self.held().failure.get_or_insert(error);
    }

    /// Tells the owner; false if it is gone or going.
    fn tell(&self, event: SourceEvent) -> bool {
        !self.stopping.load(Ordering::Acquire) && self.events.send(Ok(event)).is_ok()
    }

    /// The answer, unless the owner stops or takes too long.
    fn wait<T>(&self, answer: &Answer<T>) -> Option<T> {
        answer.recv_timeout(ANSWER).ok()
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, list: &mut TopicPartitionList) -> Result<(), Error> {
        let partitions = partitions(list);
        if partitions.is_empty() {
            return Ok(());
        }
        let unanswered = |partitions: Vec<Partition>| Error::Unanswered {
            topic: self.topic,
            partitions,
        };
        // Two that came at once did not see each other.
        client::check_members(consumer, &self.options)?;
        let (reply, answer) = Reply::channel();
        let told = self.tell(SourceEvent::Assigned {
            partitions: partitions.clone(),
            reply,
        });
        let positions = told.then(|| self.wait(&answer)).flatten();
        let positions: BTreeMap<Partition, Offset> = positions.into_iter().flatten().collect();
        let missing: Vec<Partition> = partitions
            .iter()
            .filter(|partition| !positions.contains_key(partition))
            .copied()
            .collect();
        if !missing.is_empty() {
            return Err(unanswered(missing));
        }
        let name = self.options.topic_name(self.topic);
        for partition in partitions {
            let offset = positions[&partition];
            self.check(consumer, partition, offset)?;
            let at = KafkaOffset::Offset(i64::try_from(offset).unwrap_or(i64::MAX));
            list.set_partition_offset(&name, number(partition), at)
                .map_err(|error| fault::broker("assign partitions", &error))?;
        }
        let mut held = self.held();
        for (partition, offset) in positions {
            held.next.insert(partition, offset);
            *held.generations.entry(partition).or_default() += 1;
        }
        Ok(())
    }

    fn check(&self, consumer: &BaseConsumer<Self>, partition: Partition, offset: Offset) -> Result<(), Error> {
        let name = self.options.topic_name(self.topic);
        fault::patiently(|| client::bounds_of(consumer, &self.options, &name, partition))?
            .check(self.topic, partition, offset)
    }

    fn revoke(&self, lost: bool, list: &TopicPartitionList) {
        let partitions = partitions(list);
        if partitions.is_empty() {
            return;
        }
        let mut held = self.held();
        for partition in &partitions {
            held.next.remove(partition);
            held.gathered.remove(partition);
            held.last.remove(partition);
        }
        drop(held);
        if lost {
            self.tell(SourceEvent::Lost { partitions });
            return;
        }
        let (reply, answer) = Reply::channel();
        if self.tell(SourceEvent::Revoked { partitions, reply }) {
            self.wait(&answer);
        }
    }
}

impl ClientContext for Group {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if let Some(code) = error.rdkafka_error_code()
            && fault::meaning_of(code) != fault::Meaning::Passing
        {
            self.held().complaint = Some((code, reason.to_owned()));
        }
    }
}

impl ConsumerContext for Group {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, list: &mut TopicPartitionList) {
        if matches!(consumer.rebalance_protocol(), RebalanceProtocol::Eager) {
            self.fail(Error::Broker {
                action: format!("join the group `{}`", self.options.group),
                cause: "a member of another kind is in it: give `log.kafka.group` a name of its own".to_owned(),
                class: Class::Input,
            });
        }
        let answered = match error {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                if let Err(error) = self.assign(consumer, list) {
                    self.fail(error);
                }
                consumer.incremental_assign(list)
            }
            _ => {
                // Asked first: taking the partitions away clears it.
                self.revoke(consumer.assignment_lost(), list);
                // A partition that leaves while it is paused would come back paused, for ever.
                if let Err(error) = consumer.resume(list) {
                    tracing::debug!(%error, "partitions leave as they are");
                }
                consumer.incremental_unassign(list)
            }
        };
        if let Err(error) = answered {
            self.fail(fault::broker("answer the group", &error));
        }
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<Partition> {
    let mut partitions: Vec<Partition> = list
        .elements()
        .iter()
        .filter_map(|element| Partition::try_from(element.partition()).ok())
        .collect();
    partitions.sort_unstable();
    partitions
}
