//! What comes from the log: partitions that are given and taken, and the records in between.

use std::rc::Rc;
use std::time::{Duration, Instant as Monotonic};

use paceline_ingest::log::kafka::patiently;
use paceline_ingest::log::{ReadLimit, Reply, SourceEvent};
use paceline_schemas::position::{Offset, Partition, Topic};
use paceline_schemas::tables;
use paceline_snapshots::Unit;
use paceline_snapshots::shard::{LogBounds, Opened, Owner};

use super::News;
use super::worker::{POLL, Worker};
use crate::clock;
use crate::failure::{Exit, Failure};
use crate::shard::Shard;

/// Wait for partitions that another member holds, after which it is said that they are waited for.
const PATIENCE: Duration = Duration::from_secs(15);

impl Worker {
    /// Waits until every partition is ours.
    pub(super) fn take_assignment(&mut self, news: &News) -> Result<(), Failure> {
        let begun = Monotonic::now();
        let partitions = self.log.partitions(Topic::Events) as usize;
        let mut told = false;
        while self.shards.len() < partitions {
            if let Some(event) = self.source.poll(POLL)? {
                self.take(event, news)?;
            }
            if !told && begun.elapsed() > PATIENCE {
                told = true;
                tracing::warn!(
                    held = self.shards.len(),
                    partitions,
                    "waiting for partitions that another member of the group holds"
                );
            }
        }
        let runtime = Rc::clone(&self.runtime);
        if runtime.block_on(Box::pin(self.replace()))? {
            runtime.block_on(Box::pin(self.announce()))?;
        }
        Ok(())
    }

    pub(super) fn take(&mut self, event: SourceEvent, news: &News) -> Result<(), Failure> {
        match event {
            SourceEvent::Batch { partition, records, .. } => match self.shards.get_mut(&partition) {
                Some(shard) => shard.fold(&records),
                None => Ok(()),
            },
            SourceEvent::Assigned { partitions, reply } => self.claim_all(&partitions, reply),
            SourceEvent::Revoked { partitions, reply } => {
                self.give_back(&partitions, news);
                // The log goes on without an answer if it has stopped waiting for one.
                reply.send(());
                Ok(())
            }
            SourceEvent::Lost { partitions } => {
                tracing::warn!(?partitions, "partitions were lost: their state is dropped");
                self.shards.retain(|partition, _| !partitions.contains(partition));
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
        }
        if reply.send(positions) {
            return Ok(());
        }
        Err(Failure::new(Exit::OurFault, "the log took no positions"))
    }

    /// Makes what was folded true before the next owner begins; what fails is folded again by that one.
    fn give_back(&mut self, partitions: &[Partition], news: &News) {
        let saved = self
            .checkpoint(|partition| partitions.contains(partition), false)
            .and_then(|()| self.publish(news));
        if let Err(failure) = saved {
            tracing::warn!(%failure, "partitions leave without a checkpoint");
        }
        self.shards.retain(|partition, _| !partitions.contains(partition));
    }

    fn claim(&mut self, partition: Partition) -> Result<Shard, Failure> {
        let bounds = patiently(|| self.log.bounds(Topic::Events, partition))?;
        let bounds = LogBounds {
            low: bounds.low,
            next: bounds.next,
        };
        let open = Owner::open(
            &mut self.tables,
            tables::all(),
            Unit::Shard(partition),
            self.context.identity.clone(),
            &self.context.fold_config,
            bounds,
            clock::now(),
        );
        let (owner, opened) = Rc::clone(&self.runtime).block_on(Box::pin(open))?;
        self.check_fingerprint(partition, &opened)?;
        Shard::new(partition, owner, opened, &self.context)
    }

    fn check_fingerprint(&self, partition: Partition, opened: &Opened) -> Result<(), Failure> {
        let Some(last) = &opened.last else { return Ok(()) };
        let limit = ReadLimit { records: 1, bytes: 1 };
        let found = patiently(|| self.log.read(Topic::Events, partition, last.offset, limit))?;
        let same = found.first().is_some_and(|record| {
            record.append_time.0 == last.ts && format!("{:08x}", crc32c::crc32c(&record.payload)) == last.crc32c
        });
        if same {
            return Ok(());
        }
        let text = format!(
            "shard {partition}: the record at offset {} is not the one that was folded: this is another log; \
             restore the log of this data directory, or rebuild into an empty one",
            last.offset
        );
        Err(Failure::new(Exit::Failed, text))
    }
}
