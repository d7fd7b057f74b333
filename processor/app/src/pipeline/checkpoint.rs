//! Checkpoints and publication of the shards that are here, and what follows when another owner was faster.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant as Monotonic};

use paceline_ingest::log::LogSink;
use paceline_schemas::position::{Partition, Topic};
use paceline_snapshots::shard::Owner;
use paceline_snapshots::{Error, Unit, publish};

use super::worker::Worker;
use crate::clock;
use crate::config::LogKind;
use crate::failure::{Exit, Failure};
use crate::locks::Turn;
use crate::shard::{Saved, Shard};

/// Wait after a checkpoint that failed for a passing reason.
const RETRY: Duration = Duration::from_secs(5);
/// Longest wait for another process that publishes. One that sleeps keeps its turn, and nothing depends on turns but
/// that every published set holds whole checkpoints.
const TURN: Duration = Duration::from_secs(10);

impl Worker {
    pub(super) fn checkpoint_what_is_due(&mut self) -> Result<(), Failure> {
        let options = self.context.config.snapshots.clone();
        let waits = self.retry_at.is_some_and(|at| Monotonic::now() < at);
        let is_due = self.wanted.take()
            || self
                .shards
                .values()
                .any(|shard| shard.checkpoint_due(&options) || shard.owner.owes_rows());
        if waits || !is_due {
            return Ok(());
        }
        match self.checkpoint(|_| true, false).and_then(|()| self.publish()) {
            Ok(()) => self.retry_at = None,
            Err(failure) if failure.exit == Exit::Transient => {
                tracing::warn!(%failure, "checkpoint is tried again");
                self.retry_at = Some(Monotonic::now() + RETRY);
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// Checkpoints the shards of those partitions.
    pub(super) fn checkpoint(&mut self, which: impl Fn(&Partition) -> bool, with_state: bool) -> Result<(), Failure> {
        self.check_log(&which)?;
        let sink: &dyn LogSink = self.log.as_ref();
        let mut superseded = Vec::new();
        for (partition, shard) in self.shards.iter_mut().filter(|(partition, _)| which(partition)) {
            let saved = Rc::clone(&self.runtime).block_on(Box::pin(shard.checkpoint(
                &self.context,
                with_state,
                sink,
                clock::now(),
            )))?;
            if let Saved::Superseded(detail) = saved {
                superseded.push((*partition, detail));
            }
        }
        for (partition, detail) in superseded {
            self.leave(partition, &detail);
        }
        Ok(())
    }

    /// A manifest must not carry on from a log that has become another one meanwhile.
    fn check_log(&self, which: impl Fn(&Partition) -> bool) -> Result<(), Failure> {
        if self.context.config.log.kind == LogKind::Embedded {
            return Ok(());
        }
        let advanced = |shard: &Shard| shard.next() > shard.owner.next();
        for (partition, shard) in self.shards.iter().filter(|(partition, _)| which(partition)) {
            if advanced(shard) {
                let low = self.log.bounds(Topic::Events, *partition)?.low;
                self.check_fingerprint(*partition, shard.owner.last(), low)?;
            }
        }
        Ok(())
    }

    /// Publishes what the shards here have committed.
    pub(super) fn publish(&mut self) -> Result<(), Failure> {
        let turn = self.take_turn()?;
        self.replace_whole_tables()?;
        let runtime = Rc::clone(&self.runtime);
        let owed = loop {
            let owed = self.shards.values().filter_map(|shard| shard.owner.owes_from()).min();
            owed.map_or(Ok(()), |day| self.due.changed(day))?;
            let others = self.told();
            let mut owners: Vec<&mut Owner> = self.shards.values_mut().map(|shard| &mut shard.owner).collect();
            let publication = publish::publish_with(&mut self.tables, &mut owners, &others, clock::now());
            match runtime.block_on(Box::pin(publication)) {
                Ok(_) => break owed,
                Err(Error::Superseded {
                    unit: Unit::Shard(partition),
                    detail,
                }) => self.leave(partition, &detail),
                Err(error) => return Err(error.into()),
            }
        };
        // A job may have begun since the note, and have read what was published before.
        owed.map_or(Ok(()), |day| self.due.changed(day))?;
        self.news.published.store(true, Ordering::Release);
        self.news.board.status().published_at = Some(clock::now());
        turn.map_or(Ok(()), Turn::complete)
    }

    /// Waits for the turn to publish; none if another process keeps it, which then is not waited for again until it has
    /// given it back. What such a one, or one that ended, has begun to publish is published first.
    pub(super) fn take_turn(&mut self) -> Result<Option<Turn>, Failure> {
        let patience = if self.waits_no_more { Duration::ZERO } else { TURN };
        let turn = Turn::wait(&self.context.config.data, patience)?;
        if turn.is_none() && !self.waits_no_more {
            tracing::warn!("another process has been publishing for {TURN:?}: it is not waited for");
        }
        self.waits_no_more = turn.is_none();
        if turn.as_ref().is_none_or(|turn| turn.was_broken_off) {
            let partitions = 0..self.log.partitions(Topic::Events);
            let others: Vec<Unit> = partitions
                .filter(|partition| !self.shards.contains_key(partition))
                .map(Unit::Shard)
                .collect();
            let finished = publish::finish(&mut self.tables, &others, clock::now());
            match Rc::clone(&self.runtime).block_on(Box::pin(finished)) {
                Ok(first_day) => first_day.map_or(Ok(()), |day| self.due.changed(day))?,
                // Its next owner publishes it, or says what is wrong.
                Err(error) => tracing::warn!(%error, "what another process began to publish is left to its next owner"),
            }
        }
        Ok(turn)
    }
}
