//! The thread of the pipeline: poll, fold, checkpoint, publish, answer.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant as Monotonic};

use paceline_ingest::log::{Log, LogSink, LogSource};
use paceline_schemas::position::{Offset, Partition, Topic};
use paceline_schemas::tables;
use paceline_schemas::time::Day;
use paceline_snapshots::delta::Tables;
use paceline_snapshots::manifest::Sequence;
use paceline_snapshots::set::Reached;
use paceline_snapshots::shard::Owner;
use paceline_snapshots::store::Store;
use paceline_snapshots::{Unit, jobs, maintain, publish, rows};

use super::{FoldContext, JobDate, News, Order, Replaced, Reply};
use crate::clock;
use crate::failure::{Exit, Failure};
use crate::jobs::Due;
use crate::shard::Shard;

/// Longest wait for a record before orders and timers are looked at.
pub(super) const POLL: Duration = Duration::from_millis(20);
/// Wait after a checkpoint that failed for a passing reason.
const RETRY: Duration = Duration::from_secs(5);
/// Rounds of a job against one month before the caller hears of it.
const JOB_ROUNDS_MAX: u32 = 8;

pub(super) struct Worker {
    pub(super) context: FoldContext,
    pub(super) log: Arc<dyn Log>,
    pub(super) source: Box<dyn LogSource>,
    pub(super) runtime: Rc<tokio::runtime::Runtime>,
    pub(super) tables: Tables,
    pub(super) shards: BTreeMap<Partition, Shard>,
    due: Arc<Due>,
    replaced: Replaced,
    flushes: Vec<(BTreeMap<Partition, Offset>, Reply<()>)>,
    retry_at: Option<Monotonic>,
}

pub(super) fn run(
    context: FoldContext,
    log: Arc<dyn Log>,
    due: Arc<Due>,
    orders: &Receiver<Order>,
    news: &News,
    ready: &SyncSender<Result<(), Failure>>,
) {
    let mut worker = match Worker::open(context, log, due) {
        Ok(worker) => worker,
        Err(failure) => return drop(ready.send(Err(failure))),
    };
    let opened = worker
        .take_assignment(news)
        .and_then(|()| worker.publish_what_was_left(news));
    let failed = opened.is_err();
    if ready.send(opened).is_err() || failed {
        return;
    }
    if let Err(failure) = worker.turn(orders, news) {
        tracing::error!(%failure, "the pipeline has ended");
        let mut slot = news.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *slot = Some(failure.clone());
        drop(slot);
        for (_, reply) in worker.flushes.drain(..) {
            drop(reply.send(Err(failure.clone())));
        }
    }
}

impl Worker {
    fn open(context: FoldContext, log: Arc<dyn Log>, due: Arc<Due>) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Failure::new(Exit::Failed, format!("failed to start a runtime: {e}")))?;
        let store = Store::local(&context.config.data, false)?;
        let writer = context.identity.writer;
        let tables = runtime.block_on(Box::pin(Tables::open(&store, tables::all(), writer, clock::now())))?;
        let source = log.subscribe(Topic::Events)?;
        let today = Day::from_date(clock::now().local(&jiff::tz::TimeZone::UTC).date());
        let replaced = vec![rows::metrics(), rows::calendar(context.config.sites.values(), today)];
        Ok(Self {
            context,
            log,
            source,
            runtime: Rc::new(runtime),
            tables,
            shards: BTreeMap::new(),
            due,
            replaced,
            flushes: Vec::new(),
            retry_at: None,
        })
    }

    /// A process that died between its manifest and its publication has noted the dates, not their rows: no job may
    /// read before those are there.
    pub(super) fn publish_what_was_left(&mut self, news: &News) -> Result<(), Failure> {
        if self.shards.values().any(|shard| shard.owner.owes_rows()) {
            self.publish(news)?;
        }
        Ok(())
    }

    fn turn(&mut self, orders: &Receiver<Order>, news: &News) -> Result<(), Failure> {
        loop {
            if let Some(event) = self.source.poll(POLL)? {
                self.take(event, news)?;
            }
            while let Ok(order) = orders.try_recv() {
                if self.obey(order, news)? {
                    return Ok(());
                }
            }
            self.checkpoint_what_is_due(news)?;
            self.finish_flushes(news);
            let watermark = self.shards.values().map(Shard::watermark).min().flatten();
            news.watermark_us
                .store(watermark.map_or(0, |at| at.0), Ordering::Release);
        }
    }

    /// True once it is time to end.
    fn obey(&mut self, order: Order, news: &News) -> Result<bool, Failure> {
        match order {
            Order::Flush { replaced, reply } => {
                self.put_aside(replaced);
                match self.ends() {
                    Ok(targets) => self.flushes.push((targets, reply)),
                    Err(failure) => drop(reply.send(Err(failure))),
                }
            }
            Order::Job {
                name,
                set,
                dates,
                reply,
            } => drop(reply.send(self.replace_dates(name, set, &dates))),
            Order::Seal { reply } => {
                drop(reply.send(Rc::clone(&self.runtime).block_on(Box::pin(self.announce()))));
            }
            Order::Maintain { reply } => drop(reply.send(self.maintain())),
            Order::Stop { reply } => {
                let saved = self.checkpoint(|_| true, true).and_then(|()| self.publish(news));
                drop(reply.send(saved));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Where the log ends now.
    fn ends(&self) -> Result<BTreeMap<Partition, Offset>, Failure> {
        (0..self.log.partitions(Topic::Events))
            .map(|partition| Ok((partition, self.log.bounds(Topic::Events, partition)?.next)))
            .collect()
    }

    fn put_aside(&mut self, replaced: Replaced) {
        for (name, rows) in replaced {
            self.replaced.retain(|(known, _)| *known != name);
            self.replaced.push((name, rows));
        }
    }

    fn finish_flushes(&mut self, news: &News) {
        let reached = |targets: &BTreeMap<Partition, Offset>, shards: &BTreeMap<Partition, Shard>| {
            targets
                .iter()
                .all(|(p, target)| shards.get(p).is_some_and(|shard| shard.next() >= *target))
        };
        if !self.flushes.iter().any(|(targets, _)| reached(targets, &self.shards)) {
            return;
        }
        let outcome = self.checkpoint(|_| true, true).and_then(|()| self.publish(news));
        let shards = &self.shards;
        let mut waiting = Vec::new();
        for (targets, reply) in self.flushes.drain(..) {
            if reached(&targets, shards) {
                drop(reply.send(outcome.clone()));
            } else {
                waiting.push((targets, reply));
            }
        }
        self.flushes = waiting;
    }

    fn checkpoint_what_is_due(&mut self, news: &News) -> Result<(), Failure> {
        let options = self.context.config.snapshots.clone();
        let waits = self.retry_at.is_some_and(|at| Monotonic::now() < at);
        if waits || !self.shards.values().any(|shard| shard.checkpoint_due(&options)) {
            return Ok(());
        }
        match self.checkpoint(|_| true, false).and_then(|()| self.publish(news)) {
            Ok(()) => self.retry_at = None,
            Err(failure) if failure.exit == Exit::Transient => {
                tracing::warn!(%failure, "checkpoint is tried again");
                self.retry_at = Some(Monotonic::now() + RETRY);
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// Notes which dates the jobs owe for what is folded and not published.
    fn note_due(&self) -> Result<(), Failure> {
        let first_day = self.shards.values().filter_map(Shard::first_day).min();
        first_day.map_or(Ok(()), |day| self.due.changed(day))
    }

    /// Checkpoints the shards of those partitions.
    pub(super) fn checkpoint(&mut self, which: impl Fn(&Partition) -> bool, with_state: bool) -> Result<(), Failure> {
        // What a manifest passes is never folded with output again, so the note comes first.
        self.note_due()?;
        let sink: &dyn LogSink = self.log.as_ref();
        for (_, shard) in self.shards.iter_mut().filter(|(partition, _)| which(partition)) {
            Rc::clone(&self.runtime).block_on(Box::pin(shard.checkpoint(
                &self.context,
                with_state,
                sink,
                clock::now(),
            )))?;
        }
        Ok(())
    }

    pub(super) fn publish(&mut self, news: &News) -> Result<(), Failure> {
        let runtime = Rc::clone(&self.runtime);
        runtime.block_on(Box::pin(self.replace()))?;
        let others = self.others()?;
        let mut owners: Vec<&mut Owner> = self.shards.values_mut().map(|shard| &mut shard.owner).collect();
        let publication = publish::publish_with(&mut self.tables, &mut owners, &others, clock::now());
        runtime.block_on(Box::pin(publication))?;
        // A job may have begun since the note, and have read what was published before.
        self.note_due()?;
        self.shards.values_mut().for_each(Shard::note_published);
        news.published.store(true, Ordering::Release);
        Ok(())
    }

    /// Replaces the tables that were given as a whole; true if one of them differs from what it was.
    pub(super) async fn replace(&mut self) -> Result<bool, Failure> {
        let mut changed = false;
        for (name, batch) in std::mem::take(&mut self.replaced) {
            match jobs::replace_table(&mut self.tables, name, &batch, clock::now()).await {
                Ok(replaced) => changed |= replaced,
                Err(error) => {
                    self.replaced.push((name, batch));
                    return Err(error.into());
                }
            }
        }
        Ok(changed)
    }

    /// How far the topics are whose tables are replaced as a whole.
    fn others(&self) -> Result<Vec<(Unit, Reached)>, Failure> {
        let mut units = Vec::new();
        for unit in [Unit::People, Unit::DeadLetters] {
            let next = self.log.bounds(unit.topic(), 0)?.next;
            units.push((
                unit,
                Reached {
                    seq: Sequence(next),
                    next,
                    watermark: None,
                },
            ));
        }
        Ok(units)
    }

    /// Names the versions that belong together.
    pub(super) async fn announce(&mut self) -> Result<Option<u64>, Failure> {
        let owned = self
            .shards
            .values()
            .map(|shard| (shard.owner.unit(), shard.owner.reached()));
        let units: Vec<(Unit, Reached)> = owned.chain(self.others()?).collect();
        Ok(Some(publish::announce(&mut self.tables, &units, clock::now()).await?))
    }

    fn replace_dates(&mut self, name: &'static str, set: u64, dates: &[JobDate]) -> Result<(), Failure> {
        let job = jobs::Job { table: name, name, set };
        Rc::clone(&self.runtime).block_on(Box::pin(write_dates(&mut self.tables, &job, dates)))
    }

    fn maintain(&mut self) -> Result<(), Failure> {
        let retention_us = i64::try_from(self.context.config.snapshots.retention.as_micros()).unwrap_or(i64::MAX);
        let upkeep = maintain::Upkeep {
            retention_us,
            ..maintain::Upkeep::default()
        };
        let (at, runtime) = (clock::now(), Rc::clone(&self.runtime));
        // Older sets stay readable by the history of the publish log, so only the newest needs a file that is live.
        runtime.block_on(Box::pin(maintain::compact(&mut self.tables, at, at, at)))?;
        // What the newest set names must not be tidied away, so the set that names the merged files comes first.
        runtime.block_on(Box::pin(self.announce()))?;
        runtime.block_on(Box::pin(maintain::tidy(&mut self.tables, upkeep, at)))?;
        runtime.block_on(Box::pin(maintain::collect(&mut self.tables, at)))?;
        Ok(())
    }
}

/// Replaces dates of one month; begins again when another run was faster.
async fn write_dates(tables: &mut Tables, job: &jobs::Job, dates: &[JobDate]) -> Result<(), Failure> {
    let Some(month) = dates.first().map(|date| date.as_of.month()) else {
        return Ok(());
    };
    let days: Vec<Day> = dates.iter().map(|date| date.as_of).collect();
    for _ in 0..JOB_ROUNDS_MAX {
        let Some(mut writer) = job.begin(tables, &month, &days).await? else {
            return Ok(());
        };
        let due = writer.due().to_vec();
        for date in dates.iter().filter(|date| due.contains(&date.as_of)) {
            writer.write(date.as_of, &date.rows).await?;
        }
        if matches!(writer.commit(tables, clock::now()).await?, jobs::Outcome::Committed(_)) {
            return Ok(());
        }
    }
    Err(Failure::new(
        Exit::Transient,
        format!("other runs of `{}` keep replacing {month}; try again", job.name),
    ))
}
