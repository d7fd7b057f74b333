//! What comes from the log: partitions that are given and taken, and the records in between.

use std::rc::Rc;
use std::time::{Duration, Instant as Monotonic};

use paceline_ingest::error::Class;
use paceline_ingest::log::kafka::patiently;
use paceline_ingest::log::{Bounds, ReadLimit, Reply, SourceEvent};
use paceline_schemas::position::{Offset, Partition, Topic};
use paceline_schemas::tables;
use paceline_snapshots::manifest::Fingerprint;
use paceline_snapshots::shard::{LogBounds, Owner};
use paceline_snapshots::{Error, Unit};

use super::worker::Worker;
use crate::clock;
use crate::failure::{Exit, Failure};
use crate::live::LiveRows;
use crate::shard::Shard;

/// Longest wait for the first partitions: other processes may hold all of them.
const PATIENCE: Duration = Duration::from_secs(15);
/// Wait before a partition that another owner went on with is claimed again, doubled each time.
const CLAIM_AGAIN: Duration = Duration::from_secs(5);
/// The longest such wait.
const CLAIM_AGAIN_MAX: Duration = Duration::from_secs(60);

/// When a partition is claimed again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reclaim {
    at: Monotonic,
    wait: Duration,
}

impl Worker {
    /// Waits for the first partitions that the group gives us.
    pub(super) fn take_assignment(&mut self) -> Result<(), Failure> {
        let begun = Monotonic::now();
        while self.source.is_some() && self.shards.is_empty() && begun.elapsed() < PATIENCE {
            self.listen()?;
        }
        if self.shards.values().any(|shard| shard.owner.owes_rows()) {
            self.publish()?;
        }
        self.keep_house()
    }

    pub(super) fn take(&mut self, event: SourceEvent) -> Result<(), Failure> {
        match event {
            SourceEvent::Batch { partition, records, .. } => {
                let is_behind = self.behind.contains(&partition);
                let first = records.first().map(|record| record.offset);
                match self.shards.get_mut(&partition) {
                    // What lies between is read by position first, and this with it.
                    Some(shard) if is_behind && first > Some(shard.next()) => Ok(()),
                    Some(shard) => shard.fold(&records),
                    None => Ok(()),
                }
            }
            SourceEvent::Assigned { partitions, reply } => self.claim_all(&partitions, reply),
            SourceEvent::Revoked { partitions, reply } => {
                self.give_back(&partitions);
                // The log goes on without an answer if it has stopped waiting for one.
                reply.send(());
                Ok(())
            }
            SourceEvent::Lost { partitions } => {
                tracing::warn!(?partitions, "partitions were lost: their state is dropped");
                self.drop_all(&partitions);
                Ok(())
            }
            SourceEvent::End { .. } => Ok(()),
        }
    }

    fn claim_all(&mut self, partitions: &[Partition], reply: Reply<Vec<(Partition, Offset)>>) -> Result<(), Failure> {
        let mut positions = Vec::with_capacity(partitions.len());
        for partition in partitions {
            let shard = self.claim(*partition)?;
            positions.push((*partition, shard.next()));
            self.shards.insert(*partition, shard);
            self.reclaim.remove(partition);
        }
        tracing::info!(?partitions, "partitions are ours");
        if reply.send(positions) {
            return Ok(());
        }
        Err(Failure::new(Exit::OurFault, "the log took no positions"))
    }

    /// Makes what was folded true before the next owner begins; what fails is folded again by that one.
    fn give_back(&mut self, partitions: &[Partition]) {
        let saved = self
            .checkpoint(|partition| partitions.contains(partition), false)
            .and_then(|()| self.publish());
        if let Err(failure) = saved {
            tracing::warn!(%failure, "partitions leave without a checkpoint");
        }
        tracing::info!(?partitions, "partitions leave");
        self.drop_all(partitions);
    }

    fn drop_all(&mut self, partitions: &[Partition]) {
        self.shards.retain(|partition, _| !partitions.contains(partition));
        self.reclaim.retain(|partition, _| !partitions.contains(partition));
        self.behind.retain(|partition| !partitions.contains(partition));
    }

    /// Another owner has gone on with the shard: what is here is dropped. The group may say so soon, else the shard is
    /// claimed again.
    pub(super) fn leave(&mut self, partition: Partition, detail: &str) {
        let known = self.reclaim.get(&partition).map(|reclaim| reclaim.wait * 2);
        let wait = known.unwrap_or(CLAIM_AGAIN).min(CLAIM_AGAIN_MAX);
        tracing::warn!(
            partition,
            "superseded: {detail}; its state is dropped, and it is claimed again in {wait:?}"
        );
        self.drop_all(&[partition]);
        let at = Monotonic::now() + wait;
        self.reclaim.insert(partition, Reclaim { at, wait });
    }

    /// Claims the partitions whose time has come that the group still gives to us.
    pub(super) fn claim_again(&mut self) -> Result<(), Failure> {
        let now = Monotonic::now();
        let is_due =
            |partition: &Partition, reclaim: &Reclaim| reclaim.at <= now && !self.shards.contains_key(partition);
        let due: Vec<Partition> = self
            .reclaim
            .iter()
            .filter(|(partition, reclaim)| is_due(partition, reclaim))
            .map(|(partition, _)| *partition)
            .collect();
        for partition in due {
            let shard = match self.claim(partition) {
                Err(failure) if failure.exit == Exit::Transient => {
                    tracing::warn!(%failure, partition, "the shard is claimed again later");
                    self.leave(partition, "it could not be claimed");
                    continue;
                }
                claimed => claimed?,
            };
            self.shards.insert(partition, shard);
            // The consumer is past the state's position already.
            self.behind.insert(partition);
        }
        Ok(())
    }

    /// Reads on by position where the consumer is ahead of the fold.
    pub(super) fn catch_up(&mut self) -> Result<(), Failure> {
        for partition in self.behind.clone() {
            let Some(shard) = self.shards.get_mut(&partition) else {
                continue;
            };
            let at = shard.next();
            let records = match self.log.read(Topic::Events, partition, at, ReadLimit::default()) {
                // The broker comes back, and so do its records.
                Err(error) if error.class() == Class::Transient => continue,
                read => read?,
            };
            if records.is_empty() {
                self.behind.remove(&partition);
            }
            shard.fold(&records)?;
        }
        Ok(())
    }

    fn claim(&mut self, partition: Partition) -> Result<Shard, Failure> {
        let mut bounds = self.bounds(partition)?;
        let (owner, opened) = loop {
            let open = Owner::open(
                &mut self.tables,
                tables::all(),
                Unit::Shard(partition),
                self.context.identity.clone(),
                &self.context.fold_config,
                bounds,
                clock::now(),
            );
            match Rc::clone(&self.runtime).block_on(Box::pin(open)) {
                Err(error @ Error::Halt { .. }) => {
                    // Another owner may have folded what was appended since the log was asked.
                    let now = self.bounds(partition)?;
                    if now.next == bounds.next {
                        return Err(error.into());
                    }
                    bounds = now;
                }
                opened => break opened?,
            }
        };
        self.check_fingerprint(partition, opened.last.as_ref(), bounds.low)?;
        let options = &self.context.config.live;
        let live = self.live.as_ref().map(|_| LiveRows::new(options.every, bounds.next));
        let mut shard = Shard::new(partition, owner, opened, &self.context, live)?;
        shard.advance(clock::now());
        Ok(shard)
    }

    fn bounds(&self, partition: Partition) -> Result<LogBounds, Failure> {
        let Bounds { low, next } = patiently(|| self.log.bounds(Topic::Events, partition))?;
        Ok(LogBounds { low, next })
    }

    /// Refuses a log in which another record stands where `last` was folded, if one still does.
    pub(super) fn check_fingerprint(
        &self,
        partition: Partition,
        last: Option<&Fingerprint>,
        low: Offset,
    ) -> Result<(), Failure> {
        let Some(last) = last.filter(|last| last.offset >= low) else {
            return Ok(());
        };
        let limit = ReadLimit { records: 1, bytes: 1 };
        let found = patiently(|| self.log.read(Topic::Events, partition, last.offset, limit))?;
        let same = found.first().is_some_and(|record| {
            record.append_time.0 == last.ts && format!("{:08x}", crc32c::crc32c(&record.payload)) == last.crc32c
        });
        if same {
            return Ok(());
        }
        let text = format!(
            "shard {partition}: the record at offset {} is not the one that was folded: its topic was deleted and made again, \
             or this is another log; restore the log of this data directory, or rebuild into an empty one",
            last.offset
        );
        Err(Failure::new(Exit::Failed, text))
    }
}
