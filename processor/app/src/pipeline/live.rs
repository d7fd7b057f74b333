//! The live rows of all shards here on their way to their topic. Whatever fails holds up nothing else.

use std::rc::Rc;
use std::time::{Duration, Instant as Monotonic};

use paceline_ingest::log::StateSink;
use paceline_schemas::position::Partition;

use super::worker::Worker;
use crate::clock;
use crate::shard::Shard;

/// Time between two rounds.
const ROUND: Duration = Duration::from_millis(20);
/// A process whose rounds lie further apart has slept: others may own its shards by now.
const SLEPT: Duration = Duration::from_secs(10);
/// Wait before all rows are sent again because some were lost, doubled each time.
const AFTER_LOSS: Duration = Duration::from_secs(10);
/// The longest such wait.
const AFTER_LOSS_MAX: Duration = Duration::from_secs(600);

/// The topic, and how sending goes.
#[derive(Debug)]
pub(super) struct LiveTopic {
    sink: Box<dyn StateSink>,
    round: Monotonic,
    next_round: Monotonic,
    lost_at: Option<Monotonic>,
    wait: Duration,
    told: Option<String>,
}

impl LiveTopic {
    pub(super) fn new(sink: Box<dyn StateSink>) -> Self {
        let now = Monotonic::now();
        Self {
            sink,
            round: now,
            next_round: now,
            lost_at: None,
            wait: AFTER_LOSS,
            told: None,
        }
    }

    /// Some rows did not arrive: how long to wait before all are sent again.
    fn lose(&mut self, why: String) -> Duration {
        let now = Monotonic::now();
        if self.told.as_ref() != Some(&why) {
            tracing::warn!("{why}; all rows are sent again until they arrive");
            self.told = Some(why);
        }
        let is_new = self.lost_at.is_none_or(|at| now - at > self.wait * 2);
        self.wait = if is_new { AFTER_LOSS } else { self.wait };
        if self.lost_at.is_none_or(|at| is_new || now - at >= self.wait) {
            self.lost_at = Some(now);
            self.wait = if is_new {
                self.wait
            } else {
                (self.wait * 2).min(AFTER_LOSS_MAX)
            };
        }
        self.wait
    }
}

impl Worker {
    pub(super) fn send_live(&mut self) {
        let now = Monotonic::now();
        let Some(mut live) = self.live.take_if(|live| now >= live.next_round) else {
            return;
        };
        if now - live.round > SLEPT {
            self.leave_what_others_own();
            self.make_anew(&mut live);
        }
        (live.round, live.next_round) = (now, now + ROUND);
        let lost = live.sink.take_loss().map(|why| live.lose(why));
        let at = clock::now();
        for shard in self.shards.values_mut() {
            shard.advance(at);
            if let Some(wait) = lost {
                shard.note_live_loss(wait);
            }
            if let Err(failure) = shard.send_live(live.sink.as_mut()) {
                let wait = live.lose(failure.to_string());
                live.next_round = now + wait;
                self.shards.values_mut().for_each(|shard| shard.note_live_loss(wait));
                self.make_anew(&mut live);
                break;
            }
        }
        self.news.board.status().live_failing = live.lost_at.is_some_and(|at| at.elapsed() <= live.wait * 2);
        self.live = Some(live);
    }

    /// What waits in the old queue is dropped with it.
    fn make_anew(&self, live: &mut LiveTopic) {
        match self.log.rep_windows() {
            Ok(Some(sink)) => live.sink = sink,
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "live rows have nowhere to go"),
        }
    }

    /// Another owner tells numbers that are newer than ours.
    fn leave_what_others_own(&mut self) {
        let is_ours = |shard: &Shard| Rc::clone(&self.runtime).block_on(Box::pin(shard.owner.is_newest()));
        let others: Vec<Partition> = self
            .shards
            .iter()
            .filter(|(_, shard)| !is_ours(shard).unwrap_or(false))
            .map(|(partition, _)| *partition)
            .collect();
        for partition in others {
            self.leave(partition, "another process has written a manifest while this one slept");
        }
    }
}
