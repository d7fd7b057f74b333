//! The pipeline: one thread that consumes the log, folds it, makes checkpoints and publishes them.
//!
//! The thread owns its shards and the tables; everything else sends it orders and waits for the answer. Pipelines of
//! other processes may own the other shards: what must be published of those is looked up in the published sets.

mod assignment;
mod checkpoint;
mod flush;
mod house;
mod live;
mod telling;
mod worker;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant as Monotonic;

use arrow::record_batch::RecordBatch;
use paceline_ingest::log::Log;
use paceline_schemas::position::{Offset, Topic};
use paceline_schemas::time::Day;
use paceline_snapshots::protocol::commit::{FoldConfig, Identity};

use crate::config::{Config, fold_keys};
use crate::failure::{Exit, Failure};
use crate::jobs::Due;
use crate::status::Board;

/// What every shard of this process shares.
#[derive(Debug)]
pub(crate) struct FoldContext {
    pub(crate) config: Arc<Config>,
    pub(crate) fold_config: FoldConfig,
    pub(crate) identity: Identity,
}

/// The whole contents of a table that is replaced.
#[derive(Debug)]
pub(crate) struct WholeTable {
    pub(crate) name: &'static str,
    pub(crate) rows: RecordBatch,
    /// The offset up to which its topic was read, of a table that follows from one.
    pub(crate) from: Option<Offset>,
}

/// Rows of one `as_of` date of a job's table.
#[derive(Debug, Clone)]
pub struct JobDate {
    /// The date.
    pub as_of: Day,
    /// Its rows, with the partition column.
    pub rows: RecordBatch,
}

/// What the pipeline is asked to do.
#[derive(Debug)]
pub(crate) enum Order {
    Flush {
        reply: Reply<()>,
    },
    Job {
        name: &'static str,
        set: u64,
        dates: Vec<JobDate>,
        reply: Reply<()>,
    },
    Seal {
        reply: Reply<Option<u64>>,
    },
    Maintain {
        reply: Reply<()>,
    },
    Stop {
        reply: Reply<()>,
    },
}

pub(crate) use flush::{Wanted, ends};

pub(crate) type Reply<T> = SyncSender<Result<T, Failure>>;

/// What the thread tells without being asked.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) published: AtomicBool,
    pub(crate) keeps_house: AtomicBool,
    pub(crate) failure: Mutex<Option<Failure>>,
    pub(crate) board: Arc<Board>,
}

/// A handle of the running thread.
#[derive(Debug)]
pub struct Pipeline {
    orders: SyncSender<Order>,
    news: Arc<News>,
    thread: Option<JoinHandle<()>>,
    config: Arc<Config>,
    due: Arc<Due>,
    maintained: Mutex<Monotonic>,
}

/// Whether a pipeline takes part in the fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumes {
    /// It takes its part of the shards.
    Shards,
    /// It only has the tables, for a job.
    Nothing,
}

/// Version of the fold's results; raised when they change.
const LOGIC: u32 = 1;

impl Pipeline {
    /// Opens the tables, and with [`Consumes::Shards`] claims shards and starts to consume.
    ///
    /// # Errors
    /// The tables or a shard cannot be opened.
    pub fn start(
        config: Arc<Config>,
        log: Arc<dyn Log>,
        consumes: Consumes,
        board: Arc<Board>,
    ) -> Result<Self, Failure> {
        let context = context(&config, log.as_ref());
        let news = Arc::new(News {
            board,
            ..News::default()
        });
        let (orders, received) = mpsc::sync_channel(16);
        let (ready, opened) = mpsc::sync_channel(1);
        let thread_news = Arc::clone(&news);
        let due = Arc::new(Due::new(&config.data));
        let thread_due = Arc::clone(&due);
        let thread = std::thread::Builder::new()
            .name("pipeline".to_owned())
            .spawn(move || worker::run((context, log, thread_due, thread_news), consumes, &received, &ready))
            .map_err(|e| Failure::new(Exit::Failed, format!("failed to start the pipeline: {e}")))?;
        let pipeline = Self {
            orders,
            news,
            thread: Some(thread),
            config,
            due,
            maintained: Mutex::new(Monotonic::now()),
        };
        match opened.recv() {
            Ok(outcome) => outcome.map(|()| pipeline),
            Err(_) => Err(Failure::new(Exit::OurFault, "the pipeline ended while it was opened")),
        }
    }

    /// Waits until everything that is in the log is published, by whichever process.
    ///
    /// # Errors
    /// The pipeline has failed; what was acknowledged is in the log.
    pub fn flush(&self) -> Result<(), Failure> {
        self.ask(|reply| Order::Flush { reply })
    }

    /// Replaces `as_of` dates of a job's table, computed from the published set `set`.
    ///
    /// # Errors
    /// The pipeline has failed.
    pub fn replace_dates(&self, name: &'static str, set: u64, dates: Vec<JobDate>) -> Result<(), Failure> {
        self.ask(|reply| Order::Job {
            name,
            set,
            dates,
            reply,
        })
    }

    /// The id of the newest published set.
    ///
    /// # Errors
    /// The pipeline has failed.
    pub fn seal(&self) -> Result<Option<u64>, Failure> {
        self.ask(|reply| Order::Seal { reply })
    }

    /// Compacts tables and removes what nothing needs.
    ///
    /// # Errors
    /// The pipeline has failed.
    pub fn maintain(&self) -> Result<(), Failure> {
        *self.maintained.lock().unwrap_or_else(PoisonError::into_inner) = Monotonic::now();
        self.ask(|reply| Order::Maintain { reply })
    }

    /// True when the last maintenance lies back far enough.
    pub fn maintenance_due(&self) -> bool {
        let last = self.maintained.lock().unwrap_or_else(PoisonError::into_inner);
        last.elapsed() >= self.config.snapshots.maintain_every
    }

    /// Which dates the jobs owe.
    pub fn due(&self) -> &Due {
        &self.due
    }

    /// True once after something was published.
    pub fn take_published_news(&self) -> bool {
        self.news.published.swap(false, Ordering::AcqRel)
    }

    /// True while the owner of shard 0 is here, who runs the jobs and tidies the tables for all.
    pub fn keeps_house(&self) -> bool {
        self.news.keeps_house.load(Ordering::Acquire)
    }

    /// What was published is to be looked at again.
    pub fn note_published_news(&self) {
        self.news.published.store(true, Ordering::Release);
    }

    /// Whether the thread still runs.
    ///
    /// # Errors
    /// Why it ended.
    pub fn check(&self) -> Result<(), Failure> {
        match &*self.news.failure.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure.clone()),
            None => Ok(()),
        }
    }

    /// Checkpoints with state, publishes, and ends the thread.
    ///
    /// # Errors
    /// The last checkpoint failed.
    pub fn stop(mut self) -> Result<(), Failure> {
        let stopped = self.ask(|reply| Order::Stop { reply });
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            return Err(Failure::new(Exit::OurFault, "the pipeline has panicked"));
        }
        stopped
    }

    fn ask<T>(&self, order: impl FnOnce(Reply<T>) -> Order) -> Result<T, Failure> {
        let (reply, answer) = mpsc::sync_channel(1);
        let gone = || {
            self.check()
                .err()
                .unwrap_or_else(|| Failure::new(Exit::OurFault, "the pipeline has ended"))
        };
        self.orders.send(order(reply)).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }
}

fn context(config: &Arc<Config>, log: &dyn Log) -> FoldContext {
    let hash = |text: String| blake3::hash(text.as_bytes()).to_hex().to_string();
    let config_hash: BTreeMap<String, String> = fold_keys(config)
        .into_iter()
        .map(|(key, value)| (key, hash(value)))
        .collect();
    FoldContext {
        config: Arc::clone(config),
        fold_config: FoldConfig {
            config_hash,
            params: crate::shard::params(&config.windows),
        },
        identity: Identity {
            deployment: config.tenant.clone(),
            writer: uuid::Uuid::new_v4(),
            code: env!("CARGO_PKG_VERSION").to_owned(),
            logic: LOGIC,
            partitions: log.partitions(Topic::Events),
            cluster: log.cluster_id().to_owned(),
        },
    }
}
