//! What the owner of shard 0 keeps for all: tables that are replaced as a whole, the dates of jobs, the upkeep of files.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant as Monotonic};

use paceline_ingest::log::{LogReader, ReadLimit};
use paceline_schemas::codec::{Limits, decode};
use paceline_schemas::event::Event;
use paceline_schemas::position::{Offset, Topic};
use paceline_schemas::time::Day;
use paceline_snapshots::delta::Tables;
use paceline_snapshots::manifest::Sequence;
use paceline_snapshots::set::Reached;
use paceline_snapshots::{Error, Unit, jobs, maintain, publish, rows};
use paceline_targets::Ledger;

use super::worker::Worker;
use super::{JobDate, WholeTable};
use crate::clock;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::locks::Turn;

/// Time between two looks at the topics of people, targets and dead letters.
const LOOK: Duration = Duration::from_secs(1);
/// Time between two looks at what others have published.
const SETS: Duration = Duration::from_secs(10);
/// Share of the time that their tables may take: a table of many rows is replaced less often.
const SHARE: u32 = 10;
/// Wait after a failure that passes.
const RETRY: Duration = Duration::from_secs(30);
/// Rounds of a job against one month before the caller hears of it.
const JOB_ROUNDS_MAX: u32 = 8;

/// Tables that are replaced as a whole, and how far the topics are read that they are made of.
pub(super) struct House {
    waiting: Vec<WholeTable>,
    people: Vec<Event>,
    people_next: Option<Offset>,
    /// Where the people ended of whom the waiting tables were made.
    people_put: Option<Offset>,
    letters_next: Option<Offset>,
    targets: Ledger,
    targets_next: Option<Offset>,
    /// Ends of the topics of which the tables hold everything.
    told: Option<(Offset, Offset, Offset)>,
    look_at: Monotonic,
    /// The newest set that the jobs know of, and when it was looked for.
    set: (u64, Monotonic),
}

impl House {
    pub(super) fn new(config: &Config) -> Self {
        let today = Day::from_date(clock::now().local(&jiff::tz::TimeZone::UTC).date());
        let own = [rows::metrics(), rows::calendar(config.sites.values(), today)];
        let waiting = own.map(|(name, rows)| WholeTable { name, rows, from: None });
        Self {
            waiting: waiting.into(),
            people: Vec::new(),
            people_next: None,
            people_put: None,
            letters_next: None,
            targets: Ledger::default(),
            targets_next: None,
            told: None,
            look_at: Monotonic::now(),
            set: (0, Monotonic::now()),
        }
    }

    /// Reads what is new in the topics.
    fn look(&mut self, log: &dyn LogReader) -> Result<(), Failure> {
        let end = log.bounds(Topic::People, 0)?;
        if self.people_put != Some(end.next) {
            let mut at = self.people_next.unwrap_or(end.low);
            while at < end.next {
                let records = log.read(Topic::People, 0, at, ReadLimit::default())?;
                let Some(last) = records.last() else { break };
                at = last.offset + 1;
                self.people_next = Some(at);
                let events = records
                    .iter()
                    .filter_map(|record| decode(&record.payload, Limits::default()).ok());
                self.people.extend(events);
            }
            let next = at.max(end.next);
            (self.people_next, self.people_put) = (Some(next), Some(next));
            for (name, rows) in rows::people(&self.people) {
                self.put(name, rows, next);
            }
        }
        let end = log.bounds(Topic::Targets, 0)?.next;
        if self.targets_next != Some(end) {
            let next = crate::targets::topic::each(log, self.targets_next, |entry| self.targets.apply(entry))?;
            self.targets_next = Some(next.max(end));
            for (name, rows) in rows::targets(&self.targets) {
                self.put(name, rows, next.max(end));
            }
        }
        let next = log.bounds(Topic::DeadLetters, 0)?.next;
        if self.letters_next != Some(next) {
            self.put("ops_dead_letter", crate::replay::table(log)?, next);
            self.letters_next = Some(next);
        }
        Ok(())
    }

    fn put(&mut self, name: &'static str, rows: arrow::record_batch::RecordBatch, next: Offset) {
        self.waiting.retain(|table| table.name != name);
        let from = Some(next);
        self.waiting.push(WholeTable { name, rows, from });
    }

    async fn replace(&mut self, tables: &mut Tables) -> Result<(), Failure> {
        while let Some(WholeTable { name, rows, from }) = self.waiting.first() {
            jobs::replace_table(tables, name, rows, *from, clock::now()).await?;
            self.waiting.remove(0);
        }
        let ends = self.people_put.zip(self.targets_next).zip(self.letters_next);
        self.told = ends.map(|((people, targets), letters)| (people, targets, letters));
        Ok(())
    }
}

impl Worker {
    /// Looks after what all share, if that is ours.
    pub(super) fn keep_house(&mut self) -> Result<(), Failure> {
        let is_ours = self.shards.contains_key(&0);
        if is_ours != self.house.is_some() {
            self.house = is_ours.then(|| House::new(&self.context.config));
        }
        let Some(house) = &self.house else { return Ok(()) };
        if Monotonic::now() < house.look_at {
            return Ok(());
        }
        let begun = Monotonic::now();
        let kept = self.look_at_others(false).and_then(|()| {
            let has_news = self.house.as_ref().is_some_and(|house| !house.waiting.is_empty());
            if has_news { self.publish() } else { self.look_at_sets() }
        });
        let wait = match kept {
            Ok(()) => LOOK.max(begun.elapsed() * SHARE),
            Err(failure) if failure.exit == Exit::Transient => {
                tracing::warn!(%failure, "the tables of people and dead letters are replaced later");
                RETRY
            }
            Err(failure) => return Err(failure),
        };
        if let Some(house) = &mut self.house {
            house.look_at = Monotonic::now() + wait;
        }
        Ok(())
    }

    /// Tells of sets that other processes have published: jobs may be due.
    fn look_at_sets(&mut self) -> Result<(), Failure> {
        let Some(house) = self.house.as_mut().filter(|house| house.set.1.elapsed() >= SETS) else {
            return Ok(());
        };
        let (newest, _) = self.runtime.block_on(Box::pin(self.sets.reached()))?;
        if house.set.0 != newest {
            self.news.published.store(true, Ordering::Release);
        }
        house.set = (newest, Monotonic::now());
        Ok(())
    }

    /// Reads what is new of people, targets and dead letters, if they are ours; `at_once`: also if that was done a moment ago.
    pub(super) fn look_at_others(&mut self, at_once: bool) -> Result<(), Failure> {
        match &mut self.house {
            Some(house) if at_once || Monotonic::now() >= house.look_at => house.look(self.log.as_ref()),
            _ => Ok(()),
        }
    }

    /// Replaces the tables that wait for it.
    pub(super) fn replace_whole_tables(&mut self) -> Result<(), Failure> {
        let runtime = Rc::clone(&self.runtime);
        match &mut self.house {
            Some(house) => runtime.block_on(Box::pin(house.replace(&mut self.tables))),
            None => Ok(()),
        }
    }

    /// How far the topics are whose tables are replaced as a whole.
    pub(super) fn told(&self) -> Vec<(Unit, Reached)> {
        let told = self.house.as_ref().and_then(|house| house.told);
        let reached = |next| Reached {
            seq: Sequence(next),
            next,
            watermark: None,
        };
        told.map_or_else(Vec::new, |(people, targets, letters)| {
            let ends = [
                (Unit::People, people),
                (Unit::Targets, targets),
                (Unit::DeadLetters, letters),
            ];
            ends.map(|(unit, next)| (unit, reached(next))).into()
        })
    }

    /// Names the versions that belong together; returns the id of the newest set.
    pub(super) fn seal(&mut self) -> Result<Option<u64>, Failure> {
        let turn = self.take_turn()?;
        let owned = self
            .shards
            .values()
            .map(|shard| (shard.owner.unit(), shard.owner.reached()));
        let units: Vec<(Unit, Reached)> = owned.chain(self.told()).collect();
        let announced = publish::announce(&mut self.tables, &units, clock::now());
        let set = Rc::clone(&self.runtime).block_on(Box::pin(announced))?;
        turn.map_or(Ok(()), Turn::complete)?;
        Ok(Some(set))
    }

    pub(super) fn replace_dates(&mut self, name: &'static str, set: u64, dates: &[JobDate]) -> Result<(), Failure> {
        let job = jobs::Job { table: name, name, set };
        Rc::clone(&self.runtime).block_on(Box::pin(write_dates(&mut self.tables, &job, dates)))
    }

    pub(super) fn maintain(&mut self) -> Result<(), Failure> {
        let retention_us = i64::try_from(self.context.config.snapshots.retention.as_micros()).unwrap_or(i64::MAX);
        let upkeep = maintain::Upkeep {
            retention_us,
            ..maintain::Upkeep::default()
        };
        let (at, runtime) = (clock::now(), Rc::clone(&self.runtime));
        // Older sets stay readable by the history of the publish log, so only the newest needs a file that is live.
        runtime.block_on(Box::pin(maintain::compact(&mut self.tables, at, at, at)))?;
        // What the newest set names must not be tidied away, so the set that names the merged files comes first.
        self.seal()?;
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
        match writer.commit(tables, clock::now()).await {
            Ok(jobs::Outcome::Committed(_)) => return Ok(()),
            Ok(_) | Err(Error::Contended { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::new(
        Exit::Transient,
        format!("other runs of `{}` keep replacing {month}; try again", job.name),
    ))
}
