//! The thread of the pipeline: poll, fold, checkpoint, publish, answer.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant as Monotonic};

use paceline_ingest::log::{Log, LogSource, StateSink};
use paceline_schemas::position::{Partition, Topic};
use paceline_schemas::tables;
use paceline_snapshots::delta::Tables;
use paceline_snapshots::published::Reader;
use paceline_snapshots::store::Store;

use super::assignment::Reclaim;
use super::flush::Flush;
use super::house::House;
use super::{Consumes, FoldContext, News, Order};
use crate::clock;
use crate::failure::{Exit, Failure};
use crate::jobs::Due;
use crate::shard::Shard;

/// Longest wait for a record before orders and timers are looked at.
pub(super) const POLL: Duration = Duration::from_millis(20);

/// Time between two rounds of live rows.
const LIVE: Duration = Duration::from_millis(20);
/// Time between two looks at where the log ends.
const ENDS: Duration = Duration::from_secs(5);
/// Wait after live rows that could not be sent.
const LIVE_RETRY: Duration = Duration::from_secs(5);

pub(super) struct Worker {
    pub(super) context: FoldContext,
    pub(super) log: Arc<dyn Log>,
    pub(super) news: Arc<News>,
    pub(super) source: Option<Box<dyn LogSource>>,
    pub(super) runtime: Rc<tokio::runtime::Runtime>,
    pub(super) tables: Tables,
    pub(super) sets: Reader,
    pub(super) shards: BTreeMap<Partition, Shard>,
    /// Partitions that the group gives to us and another owner has gone on with.
    pub(super) reclaim: BTreeMap<Partition, Reclaim>,
    /// Shards that are read by position up to where the consumer is.
    pub(super) behind: BTreeSet<Partition>,
    pub(super) house: Option<House>,
    pub(super) due: Arc<Due>,
    pub(super) flushes: Vec<Flush>,
    pub(super) retry_at: Option<Monotonic>,
    /// Where live rows go, and when the next may.
    pub(super) states: Option<Box<dyn StateSink>>,
    live_at: Monotonic,
    /// When the ends of the log are asked for next.
    ends_at: Monotonic,
    pub(super) wanted: super::flush::Wanted,
}

/// What the thread is given: the context of the fold, the log, the dates due, and where it tells its news.
pub(super) type Given = (FoldContext, Arc<dyn Log>, Arc<Due>, Arc<News>);

pub(super) fn run(given: Given, consumes: Consumes, orders: &Receiver<Order>, ready: &SyncSender<Result<(), Failure>>) {
    let news = Arc::clone(&given.3);
    let opened = Worker::open(given, consumes).and_then(|mut worker| worker.take_assignment().map(|()| worker));
    let mut worker = match opened {
        Ok(worker) => worker,
        Err(failure) => return drop(ready.send(Err(failure))),
    };
    if ready.send(Ok(())).is_err() {
        return;
    }
    if let Err(failure) = worker.turn(orders) {
        tracing::error!(%failure, "the pipeline has ended");
        let mut slot = news.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *slot = Some(failure.clone());
        drop(slot);
        for flush in worker.flushes.drain(..) {
            flush.answer(Err(failure.clone()));
        }
    }
}

impl Worker {
    fn open((context, log, due, news): Given, consumes: Consumes) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Failure::new(Exit::Failed, format!("failed to start a runtime: {e}")))?;
        let store = Store::local(&context.config.data, false)?;
        let writer = context.identity.writer;
        let tables = runtime.block_on(Box::pin(Tables::open(&store, tables::all(), writer, clock::now())))?;
        let source = match consumes {
            Consumes::Shards => Some(log.subscribe(Topic::Events)?),
            Consumes::Nothing => None,
        };
        let states = match consumes {
            Consumes::Shards if context.config.live.topic => log.rep_windows()?,
            _ => None,
        };
        Ok(Self {
            sets: Reader::new(store, tables::all()),
            wanted: super::flush::Wanted::new(&context.config.data),
            context,
            log,
            news,
            source,
            runtime: Rc::new(runtime),
            tables,
            shards: BTreeMap::new(),
            reclaim: BTreeMap::new(),
            behind: BTreeSet::new(),
            house: None,
            due,
            flushes: Vec::new(),
            retry_at: None,
            states,
            live_at: Monotonic::now(),
            ends_at: Monotonic::now(),
        })
    }

    fn turn(&mut self, orders: &Receiver<Order>) -> Result<(), Failure> {
        loop {
            self.listen()?;
            while let Ok(order) = orders.try_recv() {
                if self.obey(order)? {
                    return Ok(());
                }
            }
            self.claim_again()?;
            self.catch_up()?;
            self.checkpoint_what_is_due()?;
            self.keep_house()?;
            self.send_live();
            self.finish_flushes();
            self.tell();
        }
    }

    /// Takes the next event of the log, if one comes in time.
    pub(super) fn listen(&mut self) -> Result<(), Failure> {
        let patience = if self.behind.is_empty() { POLL } else { Duration::ZERO };
        match self.source.as_mut() {
            Some(source) => match source.poll(patience)? {
                Some(event) => self.take(event),
                None => Ok(()),
            },
            None => {
                std::thread::park_timeout(patience);
                Ok(())
            }
        }
    }

    /// Sends live rows; what fails here is tried again, and holds up nothing.
    fn send_live(&mut self) {
        let now = Monotonic::now();
        if now < self.live_at {
            return;
        }
        self.live_at = now + LIVE;
        let Some(sink) = &mut self.states else { return };
        let (at, lost) = (clock::now(), sink.take_loss());
        for shard in self.shards.values_mut() {
            shard.advance(at);
            if let Err(failure) = shard.send_live(sink.as_mut(), lost) {
                tracing::warn!(%failure, "live rows are sent later");
                self.live_at = now + LIVE_RETRY;
                match self.log.rep_windows() {
                    Ok(Some(anew)) => self.states = Some(anew),
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%error, "live rows have nowhere to go"),
                }
                self.shards.values_mut().for_each(Shard::note_live_loss);
                return;
            }
        }
    }

    fn tell(&mut self) {
        let watermark = self.shards.values().map(Shard::watermark).min().flatten();
        self.news
            .watermark_us
            .store(watermark.map_or(0, |at| at.0), Ordering::Release);
        self.news.keeps_house.store(self.house.is_some(), Ordering::Release);
        let now = Monotonic::now();
        let asks = now >= self.ends_at;
        if asks {
            self.ends_at = now + ENDS;
        }
        let mut status = self.news.board.status();
        status.folded_at = self.source.as_ref().map(|_| now);
        let owes = self.shards.values().any(|shard| shard.owner.owes_rows());
        status.owed_since = owes.then(|| status.owed_since.unwrap_or(now));
        status.shards.retain(|partition, _| self.shards.contains_key(partition));
        for (partition, shard) in &mut self.shards {
            shard.tell(status.shards.entry(*partition).or_default());
            for (reason, count) in shard.take_refused() {
                *status.dead_letters.entry(reason).or_default() += count;
            }
        }
        drop(status);
        if asks {
            self.tell_ends();
        }
    }

    /// Where the log ends, for the lag; one that is away says nothing.
    fn tell_ends(&self) {
        for partition in self.shards.keys() {
            let Ok(bounds) = self.log.bounds(Topic::Events, *partition) else {
                return;
            };
            if let Some(shard) = self.news.board.status().shards.get_mut(partition) {
                shard.end = bounds.next;
            }
        }
    }

    /// True once it is time to end.
    fn obey(&mut self, order: Order) -> Result<bool, Failure> {
        match order {
            Order::Flush { reply } => match self.ends() {
                Ok(targets) => self.flushes.push(Flush::new(targets, reply)),
                Err(failure) => drop(reply.send(Err(failure))),
            },
            Order::Job {
                name,
                set,
                dates,
                reply,
            } => drop(reply.send(self.replace_dates(name, set, &dates))),
            Order::Seal { reply } => drop(reply.send(self.seal())),
            Order::Maintain { reply } => drop(reply.send(self.maintain())),
            Order::Stop { reply } => {
                let saved = self.checkpoint(|_| true, true).and_then(|()| self.publish());
                drop(reply.send(saved));
                return Ok(true);
            }
        }
        Ok(false)
    }
}
