//! Waiting until what was in the log at some moment is published, by this process and by the others.

use std::collections::BTreeMap;
use std::fs::FileTimes;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant as Monotonic, SystemTime};

use paceline_ingest::log::LogReader;
use paceline_schemas::position::{Offset, Topic};
use paceline_snapshots::Unit;

use super::Reply;
use super::worker::Worker;
use crate::failure::{Failure, io};

/// Time between two looks at what others have published.
const LOOK: Duration = Duration::from_millis(200);
/// Time between two reminders of the others.
const REMIND: Duration = Duration::from_secs(2);
/// Wait after which it is said what is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// Someone who waits.
pub(super) struct Flush {
    targets: BTreeMap<Unit, Offset>,
    reply: Reply<()>,
    begun: Monotonic,
    looked_at: Option<Monotonic>,
    told: bool,
}

impl Flush {
    pub(super) fn new(targets: BTreeMap<Unit, Offset>, reply: Reply<()>) -> Self {
        Self {
            targets,
            reply,
            begun: Monotonic::now(),
            looked_at: None,
            told: false,
        }
    }

    pub(super) fn answer(self, outcome: Result<(), Failure>) {
        // Who asked may have gone away.
        self.reply.send(outcome).ok();
    }
}

/// Where the topics end now that tables are made of.
pub(crate) fn ends(log: &dyn LogReader) -> Result<BTreeMap<Unit, Offset>, Failure> {
    let shards = (0..log.partitions(Topic::Events)).map(Unit::Shard);
    let units = shards.chain([Unit::People, Unit::Targets, Unit::DeadLetters]);
    units
        .map(|unit| Ok((unit, log.bounds(unit.topic(), unit.partition())?.next)))
        .collect()
}

impl Worker {
    pub(super) fn ends(&self) -> Result<BTreeMap<Unit, Offset>, Failure> {
        ends(self.log.as_ref())
    }

    pub(super) fn finish_flushes(&mut self) {
        for mut flush in std::mem::take(&mut self.flushes) {
            match self.further(&mut flush) {
                Ok(false) => self.flushes.push(flush),
                Ok(true) => flush.answer(Ok(())),
                Err(failure) => flush.answer(Err(failure)),
            }
        }
    }

    /// Publishes for the flush what is here; true once everything is published.
    fn further(&mut self, flush: &mut Flush) -> Result<bool, Failure> {
        let is_here = |worker: &Self, unit: &Unit| match unit {
            Unit::Shard(partition) => worker.shards.contains_key(partition),
            _ => worker.house.is_some(),
        };
        let folded = flush.targets.iter().all(|(unit, target)| match unit {
            Unit::Shard(partition) => self.shards.get(partition).is_none_or(|shard| shard.next() >= *target),
            _ => true,
        });
        if !folded {
            return Ok(false);
        }
        if flush.looked_at.is_some_and(|at| at.elapsed() < LOOK) {
            return Ok(false);
        }
        let mut missing = self.unpublished(flush)?;
        if missing.iter().any(|unit| is_here(self, unit)) {
            self.checkpoint(|_| true, true)?;
            self.look_at_others(true)?;
            self.publish()?;
            missing = self.unpublished(flush)?;
        }
        flush.looked_at = Some(Monotonic::now());
        if missing.is_empty() {
            return Ok(true);
        }
        if missing.iter().any(|unit| !is_here(self, unit)) {
            self.wanted.remind()?;
        }
        if !flush.told && flush.begun.elapsed() > PATIENCE {
            flush.told = true;
            let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
            tracing::warn!(?missing, "waiting for units that other processes publish");
        }
        Ok(false)
    }

    fn unpublished(&mut self, flush: &Flush) -> Result<Vec<Unit>, Failure> {
        let (_, reached) = Rc::clone(&self.runtime).block_on(Box::pin(self.sets.reached()))?;
        let is_there = |(unit, target): &(&Unit, &Offset)| {
            **target == 0 || reached.get(unit).is_some_and(|reached| reached.next >= **target)
        };
        let missing = flush.targets.iter().filter(|target| !is_there(target));
        Ok(missing.map(|(unit, _)| *unit).collect())
    }
}

/// The note by which one who waits asks all processes of a data directory for a checkpoint.
pub(crate) struct Wanted {
    path: PathBuf,
    seen: Option<SystemTime>,
    looked_at: Monotonic,
    reminded_at: Option<Monotonic>,
}

impl Wanted {
    pub(crate) fn new(data: &Path) -> Self {
        let path = data.join("wanted");
        Self {
            seen: modified(&path),
            path,
            looked_at: Monotonic::now(),
            reminded_at: None,
        }
    }

    /// Asks, unless it was asked a moment ago.
    pub(crate) fn remind(&mut self) -> Result<(), Failure> {
        if self.reminded_at.is_some_and(|at| at.elapsed() < REMIND) {
            return Ok(());
        }
        self.reminded_at = Some(Monotonic::now());
        let times = FileTimes::new().set_modified(SystemTime::now());
        let touched = std::fs::File::create(&self.path).and_then(|file| file.set_times(times));
        touched.map_err(|e| io("write", &self.path, &e))
    }

    /// True once after somebody has asked.
    pub(crate) fn take(&mut self) -> bool {
        if self.looked_at.elapsed() < LOOK {
            return false;
        }
        self.looked_at = Monotonic::now();
        let found = modified(&self.path);
        let is_new = found.is_some() && found != self.seen;
        self.seen = found;
        is_new
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|found| found.modified()).ok()
}
