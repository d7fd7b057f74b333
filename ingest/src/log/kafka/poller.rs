//! The polling thread: from messages to batches, pausing what the owner cannot keep up with.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Monotonic};

use paceline_schemas::position::{Offset, Partition};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Message as _};

use super::assignment::Group;
use super::client::{self, number};
use super::fault::{self, Meaning};
use super::reader::stored;
use super::source::Flow;
use super::watchdog::Watchdog;
use crate::error::{Class, Error};
use crate::log::{ReadLimit, SourceEvent, Stored};

const POLL: Duration = Duration::from_millis(20);
/// How long what a person has to mend is waited for.
const MENDING: Duration = Duration::from_secs(300);
/// Time between two looks whether the broker holds records that do not come.
const SILENCE: Duration = Duration::from_secs(60);

pub(super) struct Poller {
    consumer: BaseConsumer<Group>,
    flow: Arc<Flow>,
    /// Partitions that the owner cannot keep up with, and of which assignment.
    paused: BTreeMap<Partition, u64>,
    /// What a person has to mend, and since when.
    trouble: Option<(Monotonic, Code, String)>,
    /// The same for whoever asks.
    told: Arc<Mutex<Option<String>>>,
    looked_at: Monotonic,
    /// Partitions that stood still at the last look though the broker held more.
    suspects: BTreeMap<Partition, Offset>,
}

impl Poller {
    pub(super) fn new(consumer: BaseConsumer<Group>, flow: Arc<Flow>, told: Arc<Mutex<Option<String>>>) -> Self {
        Self {
            consumer,
            flow,
            paused: BTreeMap::new(),
            trouble: None,
            told,
            looked_at: Monotonic::now(),
            suspects: BTreeMap::new(),
        }
    }

    /// Polls until the owner leaves or nothing more can come.
    pub(super) fn run(mut self) {
        let watchdog = Watchdog::start();
        while !self.group().stopping.load(Ordering::Acquire) {
            watchdog.pat();
            if let Err(error) = self.turn() {
                // The owner that would want to know may have gone.
                self.group().events.send(Err(error)).ok();
                break;
            }
        }
        // From here on partitions are given back without asking, and the client may take its time.
        self.group().stopping.store(true, Ordering::Release);
        watchdog.rest();
    }

    fn group(&self) -> &Arc<Group> {
        self.consumer.context()
    }

    fn turn(&mut self) -> Result<(), Error> {
        let limit = ReadLimit::default();
        let (mut count, mut bytes, mut wait) = (0, 0, POLL);
        loop {
            let taken = match self.consumer.poll(wait) {
                None => break,
                Some(Ok(message)) => Ok(Taken::of(&message)),
                Some(Err(error)) => Err(error),
            };
            match taken {
                Ok(taken) => {
                    count += 1;
                    bytes += self.gather(taken);
                }
                Err(error) => self.hear(&error)?,
            }
            if count >= limit.records || bytes >= limit.bytes {
                break;
            }
            wait = Duration::ZERO;
        }
        self.hand_over();
        if count > 0 {
            self.mended();
        }
        self.throttle()?;
        self.check()
    }

    fn gather(&self, taken: Taken) -> usize {
        let Taken { partition, record } = taken;
        let size = record.key.len() + record.payload.len();
        let mut held = self.group().held();
        match held.next.get_mut(&partition) {
            // What came before the position is not ours to deliver again.
            Some(next) if record.offset >= *next => *next = record.offset + 1,
            _ => return 0,
        }
        let (records, bytes) = held.gathered.entry(partition).or_default();
        records.push(record);
        *bytes += size;
        size
    }

    fn hand_over(&self) {
        let mut held = self.group().held();
        let gathered = std::mem::take(&mut held.gathered);
        let generations = held.generations.clone();
        drop(held);
        for (partition, (records, bytes)) in gathered {
            self.flow.add(partition, bytes);
            let generation = generations.get(&partition).copied().unwrap_or(0);
            if let Some(last) = records.last() {
                self.group().held().last.insert(partition, last.clone());
            }
            self.tell(SourceEvent::Batch {
                partition,
                generation,
                records,
            });
        }
    }

    fn tell(&self, event: SourceEvent) {
        if self.group().events.send(Ok(event)).is_err() {
            self.group().stopping.store(true, Ordering::Release);
        }
    }

    fn hear(&mut self, error: &KafkaError) -> Result<(), Error> {
        if let KafkaError::PartitionEOF(at) = error {
            self.mended();
            let partition = Partition::try_from(*at).unwrap_or(Partition::MAX);
            self.hand_over();
            let next = self.group().held().next.get(&partition).copied();
            if let Some(next) = next {
                self.flow.add(partition, 0);
                self.tell(SourceEvent::End { partition, next });
            }
            return Ok(());
        }
        match fault::meaning(error) {
            Meaning::Passing => {
                tracing::debug!(%error, "the consumer goes on by itself");
                Ok(())
            }
            Meaning::Withheld => {
                let code = error.rdkafka_error_code().unwrap_or(Code::Fail);
                self.group()
                    .held()
                    .complaint
                    .get_or_insert_with(|| (code, error.to_string()));
                Ok(())
            }
            Meaning::OutOfRange => Err(self.out_of_range()),
            Meaning::Fatal => Err(fault::broker(&self.action(), error)),
        }
    }

    fn action(&self) -> String {
        format!("consume `{}`", self.group().options.topic_name(self.group().topic))
    }

    /// The client names no partition, so all of ours are compared with what the broker holds.
    fn out_of_range(&self) -> Error {
        let group = self.group();
        let held: Vec<_> = group.held().next.iter().map(|(p, next)| (*p, *next)).collect();
        let name = group.options.topic_name(group.topic);
        for (partition, offset) in held {
            match client::bounds_of(&self.consumer, &group.options, &name, partition) {
                Ok(bounds) => {
                    if let Some(error) = fault::no_longer_held(&name, partition, offset, bounds) {
                        return error;
                    }
                }
                Err(error) => return error,
            }
        }
        fault::coded(&self.action(), Code::AutoOffsetReset, None)
    }

    fn throttle(&mut self) -> Result<(), Error> {
        let held = self.group().held();
        let generation_of = |partition| held.generations.get(partition).copied().unwrap_or(0);
        let ours: BTreeMap<Partition, u64> = held.next.keys().map(|p| (*p, generation_of(p))).collect();
        drop(held);
        // One that left and came again is not paused any more.
        self.paused
            .retain(|partition, generation| ours.get(partition) == Some(generation));
        for (partition, generation) in ours {
            if self.flow.is_high(partition) && !self.paused.contains_key(&partition) {
                self.switch(partition, BaseConsumer::pause)?;
                self.paused.insert(partition, generation);
            } else if self.flow.is_low(partition) && self.paused.contains_key(&partition) {
                self.switch(partition, BaseConsumer::resume)?;
                self.paused.remove(&partition);
            }
        }
        Ok(())
    }

    fn switch(
        &self,
        partition: Partition,
        switch: impl Fn(&BaseConsumer<Group>, &TopicPartitionList) -> Result<(), KafkaError>,
    ) -> Result<(), Error> {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition(&self.group().options.topic_name(self.group().topic), number(partition));
        switch(&self.consumer, &list).map_err(|error| fault::broker(&self.action(), &error))
    }

    /// What the callbacks could not say, what nobody has mended, and a client that has gone silent.
    fn mended(&mut self) {
        if self.trouble.take().is_some() {
            *self.told.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn check(&mut self) -> Result<(), Error> {
        let mut held = self.group().held();
        if let Some(error) = held.failure.take() {
            return Err(error);
        }
        let complaint = held.complaint.take();
        drop(held);
        if let Some((code, said)) = complaint
            && self.trouble.is_none()
        {
            let failure = fault::coded(&self.action(), code, Some(&said));
            tracing::error!("{failure}; waiting {MENDING:?} for it");
            *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.to_string());
            self.trouble = Some((Monotonic::now(), code, said));
        }
        // The client complains once; only a message, or the end of a partition, says that it is mended.
        if let Some((since, code, said)) = &self.trouble
            && since.elapsed() > MENDING
        {
            return Err(fault::coded(&self.action(), *code, Some(said)));
        }
        if self.looked_at.elapsed() > SILENCE {
            self.looked_at = Monotonic::now();
            return self.check_silence();
        }
        Ok(())
    }

    /// A partition that stands where it stood a look ago, though the broker held more then, has been forgotten.
    fn check_silence(&mut self) -> Result<(), Error> {
        let group = Arc::clone(self.group());
        let name = group.options.topic_name(group.topic);
        let held: Vec<_> = group.held().next.iter().map(|(p, next)| (*p, *next)).collect();
        let mut suspects = BTreeMap::new();
        for (partition, next) in held.into_iter().filter(|(p, _)| !self.paused.contains_key(p)) {
            let Ok(bounds) = client::bounds_of(&self.consumer, &group.options, &name, partition) else {
                continue;
            };
            if bounds.next <= next {
                continue;
            }
            if self.suspects.get(&partition) == Some(&next) {
                return Err(Error::Broker {
                    action: self.action(),
                    cause: format!(
                        "partition {partition} holds records up to {} and none came for {SILENCE:?} after {next}; \
                         restart",
                        bounds.next
                    ),
                    class: Class::Fatal,
                });
            }
            suspects.insert(partition, next);
        }
        self.suspects = suspects;
        Ok(())
    }
}

struct Taken {
    partition: Partition,
    record: Stored,
}

impl Taken {
    fn of(message: &BorrowedMessage<'_>) -> Self {
        Self {
            partition: Partition::try_from(message.partition()).unwrap_or(Partition::MAX),
            record: stored(message),
        }
    }
}
