//! The station: one process's hold of a data directory, and the only place where writing commands are carried out.
//!
//! It owns the lock, the log, the intake and the shards. What a command writes is published before its answer is given.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs4::fs_std::FileExt;
use paceline_schemas::time::Day;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::failure::{Exit, Failure, io};
use crate::imports::Counts;
use crate::intake::Intake;
use crate::intake::feed::Feed;
use crate::jobs;
use crate::log::OpenLog;
use crate::pipeline::Pipeline;

/// A command that writes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum WriteCommand {
    /// Import files by one mapping.
    Import {
        /// Absolute paths.
        files: Vec<PathBuf>,
        /// Name of the mapping for messages.
        mapping_name: String,
        /// Text of the mapping.
        mapping_text: String,
        /// What is done with them.
        options: ImportOptions,
    },
    /// Replay dead letters.
    Replay(ReplayOptions),
    /// Run a job.
    RunJob {
        /// Name of the job.
        name: String,
        /// Business date; all that are due where none is given.
        as_of: Option<Day>,
    },
}

/// What is done with the files of an import.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ImportOptions {
    /// Read and check only.
    pub dry_run: bool,
    /// Publish although reps or sites are unknown.
    pub accept: bool,
    /// Last business date that the files are complete for.
    pub through: Option<Day>,
    /// Answer when the events are in the log.
    pub no_wait: bool,
}

/// Which dead letters are replayed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ReplayOptions {
    /// Only of this reason.
    pub reason: Option<String>,
    /// Only of this source.
    pub source: Option<String>,
    /// Only received since then, in microseconds.
    pub since_us: Option<i64>,
    /// Say only what would be done.
    pub dry_run: bool,
}

/// A refused row, for the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRow {
    /// Name of the file.
    pub file: String,
    /// Line; the header is line 1.
    pub line: u64,
    /// Block of the mapping, from 1.
    pub block: u32,
    /// Reason.
    pub reason: String,
    /// Detail.
    pub detail: String,
}

/// What a writing command did.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Answer {
    /// Files read.
    pub files: Vec<String>,
    /// True when all files had been imported by this mapping before.
    pub duplicate_file: bool,
    /// What became of the rows.
    #[serde(flatten)]
    pub counts: Counts,
    /// The first refused rows.
    pub rejects: Vec<RefusedRow>,
    /// Columns that the mapping does not read.
    pub unmapped_columns: Vec<String>,
    /// Values without an entry in a map: map and value.
    pub unmapped_values: Vec<String>,
    /// The first events, of a dry run.
    pub first_events: Vec<serde_json::Value>,
    /// The published set in which the rows can be read.
    pub set: Option<u64>,
    /// Dates that a job has written.
    pub dates: Vec<String>,
}

impl Answer {
    /// The exit code of the command.
    pub fn exit(&self) -> Exit {
        if self.counts.rejected > 0 {
            Exit::Wanting
        } else {
            Exit::Done
        }
    }
}

/// What a running command says meanwhile.
pub trait Listener {
    /// How far it is: label, bytes done, bytes in all.
    fn progress(&mut self, label: &str, done: u64, total: u64);
    /// Something that a person should read.
    fn note(&mut self, text: &str);
}

/// One process's hold of a data directory.
#[derive(Debug)]
pub struct Station {
    config: Arc<Config>,
    log: OpenLog,
    intake: Intake,
    pipeline: Pipeline,
    feeds: Vec<Feed>,
    /// Memory and directory may know what the log does not.
    is_ahead: bool,
    /// Why memory is no longer that of the log.
    lost: Option<Failure>,
    _lock: DataLock,
}

/// The lock of a data directory, held as long as this lives.
#[derive(Debug)]
pub struct DataLock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl DataLock {
    /// Takes the lock; none if another process has it.
    ///
    /// # Errors
    /// The data directory cannot be made or written.
    pub fn take(data: &Path) -> Result<Option<Self>, Failure> {
        std::fs::create_dir_all(data).map_err(|e| io("create", data, &e))?;
        let path = data.join("lock");
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = opened.map_err(|e| io("open", &path, &e))?;
        match file.try_lock_exclusive() {
            Ok(true) => Ok(Some(Self(file))),
            Ok(false) => Ok(None),
            Err(error) => Err(io("lock", &path, &error)),
        }
    }
}

impl Station {
    /// Opens the data directory whose lock is `lock`.
    ///
    /// # Errors
    /// The log, the memory or a shard cannot be opened.
    pub fn open(config: Arc<Config>, lock: DataLock) -> Result<Self, Failure> {
        let log = OpenLog::open(&config)?;
        let pipeline = Pipeline::start(Arc::clone(&config), Arc::clone(&log.log))?;
        let intake = Intake::open(Arc::clone(&config), Arc::clone(&log.log), log.memory.clone())?;
        Ok(Self {
            config,
            log,
            intake,
            pipeline,
            feeds: Vec::new(),
            is_ahead: false,
            lost: None,
            _lock: lock,
        })
    }

    /// Reads the configured connections from now on, round by round: see [`pull`](Self::pull).
    ///
    /// # Errors
    /// The mapping of a connection cannot be used.
    pub fn connect(&mut self) -> Result<(), Failure> {
        self.feeds = self
            .config
            .connections
            .iter()
            .map(Feed::new)
            .collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Takes one round of records of every connection; returns how many there were, none without connections.
    ///
    /// # Errors
    /// The log or the memory failed and could not be opened anew.
    pub fn pull(&mut self) -> Result<usize, Failure> {
        self.check()?;
        self.recover()?;
        let mut taken = 0;
        for at in 0..self.feeds.len() {
            let Some(feed) = self.feeds.get_mut(at) else { continue };
            let failure = match self.intake.pull(feed) {
                Ok(records) => {
                    taken += records;
                    continue;
                }
                Err(failure) => failure,
            };
            self.feeds.iter_mut().for_each(|feed| feed.put_off(&failure));
            self.is_ahead = true;
            // A restart mends a client that has ended for good; a person has to mend what we may not do.
            if failure.exit != Exit::Transient {
                return Err(failure);
            }
            self.recover_or_lose();
            break;
        }
        Ok(taken)
    }

    /// Carries out a command; what it wrote can be read when this returns.
    ///
    /// # Errors
    /// The command failed; what was acknowledged before stays.
    pub fn execute(&mut self, command: &WriteCommand, listener: &mut dyn Listener) -> Result<Answer, Failure> {
        self.check()?;
        self.recover()?;
        self.intake.begin();
        let outcome = self.carry_out(command, listener);
        if outcome.is_err() && self.intake.has_begun_to_write() {
            self.is_ahead = true;
            self.recover_or_lose();
        }
        outcome
    }

    /// What weakens a promise of the log.
    pub fn warnings(&self) -> &[String] {
        &self.log.warnings
    }

    /// Whether the process can go on.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check(&self) -> Result<(), Failure> {
        self.lost.clone().map_or_else(|| self.pipeline.check(), Err)
    }

    /// Recovers now, or later where what failed passes by itself.
    fn recover_or_lose(&mut self) {
        match self.recover() {
            Ok(()) => {}
            Err(failure) if failure.exit == Exit::Transient => {
                tracing::warn!(%failure, "the log is read anew once it can be");
            }
            Err(failure) => {
                tracing::error!(%failure, "the data directory cannot be gone on with");
                self.lost = Some(failure);
            }
        }
    }

    /// After a failure: memory and directory may know what the log does not, so they are read from the log anew; what
    /// is in the log is published.
    fn recover(&mut self) -> Result<(), Failure> {
        if !self.is_ahead {
            return Ok(());
        }
        self.intake = Intake::open(
            Arc::clone(&self.config),
            Arc::clone(&self.log.log),
            self.log.memory.clone(),
        )?;
        self.is_ahead = false;
        self.flush()
    }

    fn carry_out(&mut self, command: &WriteCommand, listener: &mut dyn Listener) -> Result<Answer, Failure> {
        let mut answer = match command {
            WriteCommand::Import {
                files,
                mapping_name,
                mapping_text,
                options,
            } => {
                let mapping = crate::intake::compile(mapping_name, mapping_text)?;
                let answer = self.intake.import(files, &mapping, options, listener)?;
                if options.dry_run || options.no_wait {
                    return Ok(answer);
                }
                answer
            }
            WriteCommand::Replay(options) => {
                let answer = crate::replay::replay(&mut self.intake, &self.config, options, listener)?;
                if options.dry_run {
                    return Ok(answer);
                }
                answer
            }
            WriteCommand::RunJob { name, as_of } => {
                let dates = jobs::run(&self.config, &self.pipeline, name, *as_of, listener)?;
                return Ok(Answer {
                    dates,
                    set: self.pipeline.seal()?,
                    ..Answer::default()
                });
            }
        };
        self.publish(listener)?;
        answer.set = self.pipeline.seal()?;
        Ok(answer)
    }

    /// Publishes all that is in the log, runs the jobs that are due, and tidies the tables.
    fn publish(&mut self, listener: &mut dyn Listener) -> Result<(), Failure> {
        self.flush()?;
        jobs::run_due(&self.config, &self.pipeline, listener)?;
        self.pipeline.maintain()
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.pipeline.flush(self.intake.dimensions()?)?;
        self.publish_refused()
    }

    /// What the fold itself refuses is a dead letter only once it has been folded.
    fn publish_refused(&mut self) -> Result<(), Failure> {
        let refused = self.intake.dimensions()?;
        if refused.is_empty() {
            return Ok(());
        }
        self.pipeline.flush(refused)
    }

    /// What a running process does between commands: ticks for silent partitions, and whatever is due.
    ///
    /// # Errors
    /// The pipeline has stopped, or a tick cannot be written.
    pub fn idle(&mut self) -> Result<(), Failure> {
        self.check()?;
        self.recover()?;
        let tick_every = self.config.ingest.tick_every;
        if !self.feeds.iter().any(|feed| feed.is_behind(tick_every)) {
            self.intake.tick_silent()?;
        }
        if self.intake.take_fed_others() {
            self.publish_refused()?;
        }
        if self.pipeline.take_published_news() {
            self.publish_refused()?;
            jobs::run_due(&self.config, &self.pipeline, &mut Quiet)?;
        }
        if self.pipeline.maintenance_due() {
            self.pipeline.maintain()?;
        }
        self.check()
    }

    /// Stops: checkpoint with state, publish, close.
    ///
    /// # Errors
    /// The last checkpoint failed; the log still has everything.
    pub fn close(self) -> Result<(), Failure> {
        self.pipeline.stop()?;
        drop(self.intake);
        drop(self.log);
        Ok(())
    }
}

/// A listener that says nothing.
#[derive(Debug)]
pub struct Quiet;

impl Listener for Quiet {
    fn progress(&mut self, _: &str, _: u64, _: u64) {}
    fn note(&mut self, text: &str) {
        tracing::info!("{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_survives_the_way_to_another_process() {
        let answer = Answer {
            counts: Counts {
                rows: 3,
                events: 4,
                ..Counts::default()
            },
            first_events: vec![serde_json::json!({"id": "a"})],
            set: Some(7),
            ..Answer::default()
        };
        let text = serde_json::to_string(&answer).expect("json");
        let read: Answer = serde_json::from_str(&text).expect("answer");
        assert_eq!(serde_json::to_string(&read).expect("json"), text);
        assert_eq!((read.counts.events, read.first_events.len()), (4, 1));
    }
}
