//! The consumer: one thread that polls, and the owner's end of what it hands over.
//!
//! The thread does nothing but poll and hand over; the owner may be slow, and then the client pauses a partition while
//! the thread goes on polling, so the group never waits for the fold.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant as Monotonic};

use paceline_schemas::position::{Partition, Topic};
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::assignment::Group;
use super::poller::Poller;
use super::settings::{Options, client_of};
use super::witness::Witness;
use super::{client, fault};
use crate::error::Error;
use crate::log::{LogSource, SourceEvent};

/// Longest wait for the client to leave the group; then it is left behind.
const LEAVE: Duration = Duration::from_secs(20);

/// Events of one partition that wait at most before it is paused.
const EVENTS_MAX: usize = 1_024;
/// Bytes of one partition that wait at most before it is paused.
const BYTES_MAX: usize = 16 << 20;
/// Events that a paused partition may still hand over, and those of no partition.
const SLACK: usize = 256;

/// What was handed over and not yet taken, per partition.
#[derive(Debug)]
pub(super) struct Flow(Vec<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    events: AtomicUsize,
    bytes: AtomicUsize,
}

impl Flow {
    fn new(partitions: u32) -> Self {
        Self((0..partitions).map(|_| Waiting::default()).collect())
    }

    pub(super) fn add(&self, partition: Partition, bytes: usize) {
        if let Some(waiting) = self.0.get(partition as usize) {
            waiting.events.fetch_add(1, Ordering::AcqRel);
            waiting.bytes.fetch_add(bytes, Ordering::AcqRel);
        }
    }

    fn take(&self, event: &SourceEvent) {
        let Some(waiting) = partition_of(event).and_then(|partition| self.0.get(partition as usize)) else {
            return;
        };
        let bytes = match event {
            SourceEvent::Batch { records, .. } => records.iter().map(|r| r.key.len() + r.payload.len()).sum(),
            _ => 0,
        };
        waiting.events.fetch_sub(1, Ordering::AcqRel);
        waiting.bytes.fetch_sub(bytes, Ordering::AcqRel);
    }

    /// True when more waits than the owner keeps up with.
    pub(super) fn is_high(&self, partition: Partition) -> bool {
        self.exceeds(partition, EVENTS_MAX, BYTES_MAX)
    }

    /// True when a paused partition can go on.
    pub(super) fn is_low(&self, partition: Partition) -> bool {
        !self.exceeds(partition, EVENTS_MAX / 4, BYTES_MAX / 4)
    }

    fn exceeds(&self, partition: Partition, events: usize, bytes: usize) -> bool {
        self.0.get(partition as usize).is_some_and(|waiting| {
            waiting.events.load(Ordering::Acquire) > events || waiting.bytes.load(Ordering::Acquire) > bytes
        })
    }
}

#[derive(Debug)]
pub(super) struct Source {
    events: Receiver<Result<SourceEvent, Error>>,
    /// Events of paused partitions, and those that wait for their turn after a pause.
    held: VecDeque<SourceEvent>,
    paused: BTreeSet<Partition>,
    flow: Arc<Flow>,
    stopping: Arc<AtomicBool>,
    ended: Receiver<()>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Source {
    pub(super) fn start(options: &Options, topic: Topic) -> Result<Self, Error> {
        let waiting_max = options.partitions(topic) as usize * (EVENTS_MAX + SLACK) + SLACK;
        let (sender, events) = mpsc::sync_channel(waiting_max);
        let stopping = Arc::new(AtomicBool::new(false));
        let flow = Arc::new(Flow::new(options.partitions(topic)));
        let group = Group::new(options, topic, sender, Arc::clone(&stopping));
        let name = options.topic_name(topic);
        let failed = |error| fault::broker(&format!("consume `{name}`"), &error);
        let consumer: BaseConsumer<Group> = client_of(&options.consumer(), group).map_err(failed)?;
        client::check_members(&consumer, options)?;
        consumer.subscribe(&[&name]).map_err(failed)?;
        let (end, ended) = mpsc::sync_channel(1);
        let trouble = Arc::default();
        Witness::start(Arc::clone(consumer.context()));
        let poller = Poller::new(consumer, Arc::clone(&flow), Arc::clone(&trouble));
        let spawned = thread::Builder::new().name("kafka-poll".to_owned()).spawn(move || {
            poller.run();
            // Nobody waits any more if the owner has gone on without us.
            end.send(()).ok();
        });
        spawned.map_err(|source| Error::Io {
            action: "start a thread for",
            path: name.into(),
            source,
        })?;
        Ok(Self {
            events,
            held: VecDeque::new(),
            paused: BTreeSet::new(),
            flow,
            stopping,
            ended,
            trouble,
        })
    }

    fn is_paused(&self, event: &SourceEvent) -> bool {
        partition_of(event).is_some_and(|partition| self.paused.contains(&partition))
    }

    /// Keeps an event of a paused partition; an end that more records follow was none.
    fn hold(&mut self, event: SourceEvent) {
        if let SourceEvent::Batch { partition, .. } = &event {
            let (partition, flow) = (*partition, &self.flow);
            self.held.retain(|held| {
                let overtaken = matches!(held, SourceEvent::End { partition: at, .. } if *at == partition);
                if overtaken {
                    flow.take(held);
                }
                !overtaken
            });
        }
        self.held.push_back(event);
    }

    fn take_held(&mut self) -> Option<SourceEvent> {
        let at = self.held.iter().position(|event| !self.is_paused(event))?;
        self.held.remove(at)
    }

    fn deliver(&mut self, event: SourceEvent) -> SourceEvent {
        self.flow.take(&event);
        if let SourceEvent::Revoked { partitions, .. } | SourceEvent::Lost { partitions } = &event {
            let flow = &self.flow;
            self.held.retain(|held| {
                let gone = partition_of(held).is_some_and(|partition| partitions.contains(&partition));
                if gone {
                    flow.take(held);
                }
                !gone
            });
        }
        event
    }
}

fn partition_of(event: &SourceEvent) -> Option<Partition> {
    match event {
        SourceEvent::Batch { partition, .. } | SourceEvent::End { partition, .. } => Some(*partition),
        SourceEvent::Assigned { .. } | SourceEvent::Revoked { .. } | SourceEvent::Lost { .. } => None,
    }
}

impl LogSource for Source {
    fn poll(&mut self, timeout: Duration) -> Result<Option<SourceEvent>, Error> {
        let deadline = Monotonic::now() + timeout;
        loop {
            if let Some(event) = self.take_held() {
                return Ok(Some(self.deliver(event)));
            }
            let left = deadline.saturating_duration_since(Monotonic::now());
            match self.events.recv_timeout(left) {
                Ok(Ok(event)) if self.is_paused(&event) => self.hold(event),
                Ok(Ok(event)) => return Ok(Some(self.deliver(event))),
                Ok(Err(error)) => return Err(error),
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => return Err(Error::Closed),
            }
        }
    }

    fn pause(&mut self, partition: Partition) {
        self.paused.insert(partition);
    }

    fn resume(&mut self, partition: Partition) {
        self.paused.remove(&partition);
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        // An answer that will not come must not hold up the goodbye.
        while self.events.try_recv().is_ok() {}
        if self.ended.recv_timeout(LEAVE).is_err() {
            tracing::warn!("the Kafka client does not leave its group; it is left behind");
        }
    }
}
