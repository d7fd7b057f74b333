//! The one thread that appends: it gathers what callers wait for, gives offsets and an append time,
//! writes the group with one sync, and acknowledges.
//!
//! The invariant: nobody is told, and no reader sees, what is not durable. After a failed write the
//! thread answers every append with that failure; it never tries the sync again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant as Monotonic};

use bytes::Bytes;
use paceline_schemas::position::{Offset, Partition, Topic, partition_of};
use paceline_schemas::time::Instant;

use super::codec::{self, EndRow};
use super::shared::Shared;
use super::store::Group;
use super::{Clock, tip};
use crate::error::Error;
use crate::log::{Record, Stored};

/// A group is written when it has this many records …
pub(super) const GROUP_RECORDS: usize = 4_096;
/// … or this many bytes of content …
pub(super) const GROUP_BYTES: usize = 1 << 20;
/// … or has waited this long for callers that have announced themselves.
const LINGER: Duration = Duration::from_millis(5);
/// How many appends may queue before callers wait to hand theirs over.
pub(super) const QUEUE: usize = 16;
const TIP_EVERY: Duration = Duration::from_secs(1);

type Answers = Result<Vec<(Partition, Offset)>, Error>;

/// One append; at most a group large.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) topic: Topic,
    pub(super) records: Vec<Record>,
    pub(super) bytes: usize,
    pub(super) reply: SyncSender<Answers>,
}

/// Requests announced and not yet received: a group waits for these, and for nobody else.
#[derive(Debug, Default)]
pub(super) struct Announced(AtomicUsize);

impl Announced {
    pub(super) fn add(&self, requests: usize) {
        self.0.fetch_add(requests, Ordering::SeqCst);
    }

    pub(super) fn remove(&self, requests: usize) {
        self.0.fetch_sub(requests, Ordering::SeqCst);
    }

    fn any(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}

pub(super) struct Appender {
    shared: Arc<Shared>,
    requests: Receiver<Request>,
    clock: AppendClock,
    ends: BTreeMap<(Topic, Partition), EndRow>,
    /// A request that did not fit into the last group.
    held: Option<Request>,
    /// When acknowledged offsets that the tip file lacks must be in it.
    tip_due: Option<Monotonic>,
}

/// A group on its way: what is written, what becomes visible, what is answered.
struct Draft {
    group: Group,
    tails: Vec<((Topic, Partition), Stored)>,
    answers: Vec<Vec<(Partition, Offset)>>,
    ends: BTreeMap<(Topic, Partition), EndRow>,
}

impl Appender {
    pub(super) fn new(
        shared: Arc<Shared>,
        requests: Receiver<Request>,
        clock: AppendClock,
        ends: BTreeMap<(Topic, Partition), EndRow>,
    ) -> Self {
        Self {
            shared,
            requests,
            clock,
            ends,
            held: None,
            tip_due: None,
        }
    }

    /// Appends until every sender is gone.
    pub(super) fn run(mut self) {
        while let Some(first) = self.next_request() {
            let requests = self.gather(first);
            self.append(requests);
            if self.tip_due.is_some_and(|due| due <= Monotonic::now()) {
                self.write_tip();
            }
        }
        if self.tip_due.is_some() {
            self.write_tip();
        }
    }

    fn next_request(&mut self) -> Option<Request> {
        if let Some(request) = self.held.take() {
            return Some(request);
        }
        if let Some(due) = self.tip_due {
            match self.receive(due.saturating_duration_since(Monotonic::now())) {
                Ok(request) => return Some(request),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.write_tip(),
            }
        }
        let request = self.requests.recv().ok()?;
        self.shared.announced.remove(1);
        Some(request)
    }

    fn receive(&self, timeout: Duration) -> Result<Request, RecvTimeoutError> {
        let request = self.requests.recv_timeout(timeout)?;
        self.shared.announced.remove(1);
        Ok(request)
    }

    fn gather(&mut self, first: Request) -> Vec<Request> {
        let deadline = Monotonic::now() + LINGER;
        let (mut records, mut bytes) = (first.records.len(), first.bytes);
        let mut requests = vec![first];
        while self.shared.announced.any() {
            let Ok(request) = self.receive(deadline.saturating_duration_since(Monotonic::now())) else {
                break;
            };
            records += request.records.len();
            bytes += request.bytes;
            if records > GROUP_RECORDS || bytes > GROUP_BYTES {
                self.held = Some(request);
                break;
            }
            requests.push(request);
        }
        requests
    }

    fn append(&mut self, requests: Vec<Request>) {
        let written = self.write(&requests);
        match written {
            Ok(answers) => {
                for (request, answer) in requests.into_iter().zip(answers) {
                    // A caller that has gone needs no answer; its records are in the log all the same.
                    request.reply.send(Ok(answer)).ok();
                }
            }
            Err(refusal) => {
                for request in requests {
                    request.reply.send(Err(refusal.error())).ok();
                }
            }
        }
    }

    fn write(&mut self, requests: &[Request]) -> Result<Vec<Vec<(Partition, Offset)>>, Refusal> {
        if let Some(cause) = self.shared.failure() {
            return Err(Refusal::Poisoned(cause));
        }
        let time = self.clock.stamp()?;
        let draft = self.draft(requests, time);
        if let Err(source) = self.shared.store.commit(&draft.group) {
            return Err(Refusal::Poisoned(
                self.shared.poison(format!("write a group: {source}")),
            ));
        }
        self.ends.extend(draft.ends.iter().map(|(place, row)| (*place, *row)));
        self.shared.publish(draft.ends, draft.tails);
        self.tip_due.get_or_insert_with(|| Monotonic::now() + TIP_EVERY);
        Ok(draft.answers)
    }

    fn draft(&self, requests: &[Request], time: Instant) -> Draft {
        let count = requests.iter().map(|request| request.records.len()).sum();
        let mut draft = Draft {
            group: Group {
                records: Vec::with_capacity(count),
                ends: Vec::new(),
            },
            tails: Vec::with_capacity(count),
            answers: Vec::with_capacity(requests.len()),
            ends: BTreeMap::new(),
        };
        for request in requests {
            let partitions = self.shared.partitions(request.topic);
            let mut answer = Vec::with_capacity(request.records.len());
            for record in &request.records {
                let partition = record
                    .partition
                    .unwrap_or_else(|| partition_of(&record.key, partitions));
                answer.push((
                    partition,
                    draft.add((request.topic, partition), record, time, &self.ends),
                ));
            }
            draft.answers.push(answer);
        }
        draft.group.ends = draft.ends.iter().map(|(place, row)| (*place, *row)).collect();
        draft
    }

    fn write_tip(&mut self) {
        self.tip_due = None;
        let nexts = self.ends.iter().map(|(place, row)| (*place, row.next)).collect();
        if let Err(error) = tip::write(&self.shared.tip_path, &nexts) {
            self.shared.poison(format!("write the tip: {error}"));
        }
    }
}

impl Draft {
    fn add(
        &mut self,
        place: (Topic, Partition),
        record: &Record,
        time: Instant,
        ends: &BTreeMap<(Topic, Partition), EndRow>,
    ) -> Offset {
        let row = self
            .ends
            .entry(place)
            .or_insert_with(|| ends.get(&place).copied().unwrap_or_default());
        let offset = row.next;
        row.next += 1;
        row.append_time = time;
        let key = codec::record_key(place.0, place.1, offset);
        let value = Bytes::from(codec::encode_record(&key, time, &record.key, &record.payload));
        self.group.records.push((place, key, value.clone()));
        let (key, payload) = codec::split_content(value, record.key.len());
        self.tails.push((
            place,
            Stored {
                offset,
                append_time: time,
                key,
                payload,
            },
        ));
        offset
    }
}

/// Why a group was not written, to be told to each of its callers.
#[derive(Debug, Clone)]
enum Refusal {
    Poisoned(String),
    Stepped { expected: Instant, now: Instant },
}

impl Refusal {
    fn error(&self) -> Error {
        match self {
            Self::Poisoned(cause) => Error::Poisoned { cause: cause.clone() },
            Self::Stepped { expected, now } => Error::ClockStep {
                expected: *expected,
                now: *now,
            },
        }
    }
}

/// The append time: the clock's, but never earlier than the one before.
#[derive(Debug)]
pub(super) struct AppendClock {
    clock: Clock,
    step_max: Duration,
    last: Instant,
    /// The last reading that was believed, and when it was taken.
    seen: (Instant, Monotonic),
}

impl AppendClock {
    /// A clock that goes on after `last`.
    ///
    /// # Errors
    /// `last` is too far ahead of the clock: append times would stand still until it is reached.
    pub(super) fn new(clock: Clock, step_max: Duration, last: Instant) -> Result<Self, Error> {
        let now = clock();
        if ahead(last, now) > step_max {
            return Err(Error::ClockBehind { last, now });
        }
        Ok(Self {
            clock,
            step_max,
            last,
            seen: (now, Monotonic::now()),
        })
    }

    fn stamp(&mut self) -> Result<Instant, Refusal> {
        let now = (self.clock)();
        let taken = Monotonic::now();
        let elapsed = i64::try_from(taken.duration_since(self.seen.1).as_micros()).unwrap_or(i64::MAX);
        let expected = Instant(self.seen.0.0.saturating_add(elapsed));
        if ahead(now, expected).max(ahead(expected, now)) > self.step_max {
            return Err(Refusal::Stepped { expected, now });
        }
        self.seen = (now, taken);
        self.last = self.last.max(now);
        Ok(self.last)
    }
}

/// How far `a` lies after `b`.
fn ahead(a: Instant, b: Instant) -> Duration {
    Duration::from_micros(u64::try_from(a.0.saturating_sub(b.0)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const DAY_US: i64 = 86_400_000_000;

    #[test]
    fn append_time_never_falls_and_a_step_of_a_day_refuses_until_it_is_undone() {
        static NOW: AtomicI64 = AtomicI64::new(10 * DAY_US);
        let clock: Clock = || Instant(NOW.load(Ordering::SeqCst));
        let mut append = AppendClock::new(clock, DAY, Instant(10 * DAY_US + 5)).expect("close enough");
        assert_eq!(
            append.stamp().ok(),
            Some(Instant(10 * DAY_US + 5)),
            "the last one was later"
        );
        NOW.store(10 * DAY_US + 9, Ordering::SeqCst);
        assert_eq!(append.stamp().ok(), Some(Instant(10 * DAY_US + 9)));
        for step in [2 * DAY_US, -2 * DAY_US] {
            NOW.store(10 * DAY_US + step, Ordering::SeqCst);
            assert!(matches!(append.stamp(), Err(Refusal::Stepped { .. })), "step of {step}");
        }
        NOW.store(10 * DAY_US + 7, Ordering::SeqCst);
        assert_eq!(append.stamp().ok(), Some(Instant(10 * DAY_US + 9)));
    }

    #[test]
    fn a_log_from_the_future_refuses_to_open() {
        let clock: Clock = || Instant(0);
        assert!(AppendClock::new(clock, DAY, Instant(DAY_US)).is_ok());
        let refused = AppendClock::new(clock, DAY, Instant(DAY_US + 1));
        assert!(matches!(refused, Err(Error::ClockBehind { .. })));
    }
}
