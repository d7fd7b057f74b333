//! The station: what one process does in a data directory, and the only place where writing commands are carried out.
//!
//! It has the log, the pipeline of its shards if it takes part in the fold, and the intake if it is the one that
//! writes. What a command writes is published before its answer is given, unless others do the publishing.

use std::sync::Arc;
use std::time::Instant as Monotonic;

use paceline_schemas::time::Day;

use crate::config::{Config, LogKind};
use crate::failure::{Exit, Failure};
use crate::intake::Intake;
use crate::intake::feed::Feed;
use crate::jobs;
use crate::locks::{Held, writer_name};
use crate::log::OpenLog;
use crate::pipeline::{Consumes, Pipeline, ends};
use crate::request::{Answer, Listener, Quiet, WriteCommand};
use crate::status::Board;
use crate::targets;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `paceline run`: everything.
    Run,
    /// `paceline ingest`: reads connections, takes commands, and writes to the log.
    Ingest,
    /// `paceline process`: folds and publishes its part of the shards.
    Process,
    /// A command that carries itself out, with nobody else there.
    Command,
    /// A command that writes to the log while others fold it.
    Guest,
    /// A command that needs only the tables.
    Job,
}

impl Role {
    fn consumes(self) -> Option<Consumes> {
        match self {
            Self::Run | Self::Process | Self::Command => Some(Consumes::Shards),
            Self::Job => Some(Consumes::Nothing),
            Self::Ingest | Self::Guest => None,
        }
    }

    fn writes(self) -> bool {
        !matches!(self, Self::Process | Self::Job)
    }

    /// The command.
    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "paceline run",
            Self::Ingest => "paceline ingest",
            Self::Process => "paceline process",
            Self::Command | Self::Guest | Self::Job => "a command of paceline",
        }
    }
}

/// What one process does in a data directory.
#[derive(Debug)]
pub struct Station {
    role: Role,
    config: Arc<Config>,
    log: OpenLog,
    pipeline: Option<Pipeline>,
    writer: Option<Writer>,
    /// What is read once this process writes.
    feeds: Vec<Feed>,
    board: Arc<Board>,
    /// Why memory is no longer that of the log.
    lost: Option<Failure>,
    /// When it was last looked whether a week is to be recalibrated.
    recalibrated: Monotonic,
    _folder: Held,
}

/// The part of the one process that writes to the log.
#[derive(Debug)]
struct Writer {
    intake: Intake,
    feeds: Vec<Feed>,
    /// Memory and directory may know what the log does not.
    is_ahead: bool,
    _right: Held,
}

impl Station {
    /// Opens the data directory, in which `folder` is the right to work, for `role`.
    ///
    /// # Errors
    /// The log or a shard cannot be opened; the log is not one for that role.
    pub fn open(config: &Arc<Config>, role: Role, folder: Held, board: &Arc<Board>) -> Result<Self, Failure> {
        if config.log.kind == LogKind::Embedded && matches!(role, Role::Ingest | Role::Process) {
            let text = format!(
                "`{}` shares a log on Kafka with other processes; on the embedded log one process does everything: \
                 `paceline run`",
                role.name()
            );
            return Err(Failure::new(Exit::Usage, text));
        }
        let reads = matches!(role, Role::Run | Role::Ingest);
        let connections = config.connections.iter().filter(|_| reads);
        // A mapping that cannot be used is found before it is needed.
        let feeds = connections.map(Feed::new).collect::<Result<_, _>>()?;
        let log = OpenLog::open(config)?;
        let mut station = Self {
            role,
            config: Arc::clone(config),
            log,
            pipeline: None,
            writer: None,
            feeds,
            board: Arc::clone(board),
            lost: None,
            recalibrated: Monotonic::now(),
            _folder: folder,
        };
        // Who stands by says so before it waits for shards.
        station.write_if_nobody_does()?;
        if let Some(consumes) = role.consumes() {
            let (config, log) = (Arc::clone(config), Arc::clone(&station.log.log));
            station.pipeline = Some(Pipeline::start(config, log, consumes, Arc::clone(board))?);
        }
        Ok(station)
    }

    /// Becomes the one that writes, if the role wants to and no other process does; true once it has become that.
    ///
    /// # Errors
    /// The memory or the log cannot be read, or the mapping of a connection cannot be used.
    pub fn write_if_nobody_does(&mut self) -> Result<bool, Failure> {
        if !self.role.writes() || self.writer.is_some() {
            return Ok(false);
        }
        let name = format!("process {} ({})", std::process::id(), self.role.name());
        let Some(right) = Held::writer(&self.config.data, &name)? else {
            let holder = writer_name(&self.config.data);
            if matches!(self.role, Role::Command | Role::Guest) {
                return Ok(false);
            }
            let told = &mut self.board.status().standing_by_for;
            if told.as_ref() != Some(&holder) {
                tracing::warn!("standing by: {holder} writes to the log; connections are read here once it has ended");
                *told = Some(holder);
            }
            return Ok(false);
        };
        let intake = Intake::open(Arc::clone(&self.config), Arc::clone(&self.log.log), self.log.memory()?)?;
        self.writer = Some(Writer {
            intake,
            feeds: std::mem::take(&mut self.feeds),
            is_ahead: false,
            _right: right,
        });
        let mut status = self.board.status();
        (status.writes, status.standing_by_for) = (true, None);
        Ok(true)
    }

    /// Whether this process writes to the log, and takes the commands of others.
    pub fn writes(&self) -> bool {
        self.writer.is_some()
    }

    /// Whether there are connections to be read.
    pub fn reads(&self) -> bool {
        self.writer.as_ref().is_some_and(|writer| !writer.feeds.is_empty())
    }

    /// Takes one round of records of every connection; returns how many there were, none without connections.
    ///
    /// # Errors
    /// The log or the memory failed and could not be opened anew.
    pub fn pull(&mut self) -> Result<usize, Failure> {
        self.check()?;
        self.recover()?;
        let Some(writer) = &mut self.writer else { return Ok(0) };
        let mut taken = 0;
        for at in 0..writer.feeds.len() {
            let Some(feed) = writer.feeds.get_mut(at) else { continue };
            let pulled = writer.intake.pull(feed);
            feed.tell(&self.board);
            let failure = match pulled {
                Ok(records) => {
                    taken += records;
                    continue;
                }
                Err(failure) => failure,
            };
            writer.feeds.iter_mut().for_each(|feed| feed.put_off(&failure));
            writer.is_ahead = true;
            // A restart mends a client that has ended for good; a person has to mend what we may not do.
            if failure.exit != Exit::Transient {
                return Err(failure);
            }
            self.recover_or_lose();
            break;
        }
        Ok(taken)
    }

    /// Carries out a command; what it wrote can be read when this returns, or where the answer says.
    ///
    /// # Errors
    /// The command failed; what was acknowledged before stays.
    pub fn execute(&mut self, command: &WriteCommand, listener: &mut dyn Listener) -> Result<Answer, Failure> {
        self.check()?;
        self.recover()?;
        if let WriteCommand::RunJob { name, as_of } = command {
            return self.run_job(name, *as_of, listener);
        }
        let Some(writer) = &mut self.writer else {
            return Err(Failure::new(
                Exit::Transient,
                "another process writes to the log by now; try again",
            ));
        };
        writer.intake.begin();
        let outcome = self.carry_out(command, listener);
        if let Some(writer) = self.writer.as_mut().filter(|_| outcome.is_err())
            && writer.intake.has_begun_to_write()
        {
            writer.is_ahead = true;
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
        let pipeline = || self.pipeline.as_ref().map_or(Ok(()), Pipeline::check);
        self.lost.clone().map_or_else(pipeline, Err)
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

    /// After a failure: what is in the log is published.
    fn recover(&mut self) -> Result<(), Failure> {
        let Some(writer) = self.writer.as_mut().filter(|writer| writer.is_ahead) else {
            return Ok(());
        };
        writer.intake.reopen()?;
        writer.is_ahead = false;
        // Where others fold too, what is in the log is published without being waited for.
        match (&self.pipeline, self.config.log.kind) {
            (Some(pipeline), LogKind::Embedded) => pipeline.flush(),
            _ => Ok(()),
        }
    }

    fn carry_out(&mut self, command: &WriteCommand, listener: &mut dyn Listener) -> Result<Answer, Failure> {
        let Some(Writer { intake, .. }) = &mut self.writer else {
            return Err(Failure::new(
                Exit::OurFault,
                "a command was taken without the right to write",
            ));
        };
        let (mut answer, is_done) = match command {
            WriteCommand::Import {
                files,
                mapping_name,
                mapping_text,
                options,
            } => {
                let mapping = crate::intake::compile(mapping_name, mapping_text)?;
                let answer = intake.import(files, &mapping, options, listener)?;
                (answer, options.dry_run || options.no_wait)
            }
            WriteCommand::Replay(options) => {
                let answer = crate::replay::replay(intake, &self.config, options, listener)?;
                (answer, options.dry_run)
            }
            WriteCommand::Targets(command) => {
                let told = targets::execute(
                    &self.config,
                    self.log.log.as_ref(),
                    self.pipeline.as_ref(),
                    &intake.stamper,
                    command,
                )?;
                let is_done = told.written == 0;
                let answer = Answer {
                    targets: Some(told),
                    ..Answer::default()
                };
                (answer, is_done)
            }
            WriteCommand::RunJob { .. } => return Err(Failure::new(Exit::OurFault, "a job writes nothing to the log")),
        };
        if is_done {
            return Ok(answer);
        }
        let Some(pipeline) = &self.pipeline else {
            let ends = ends(self.log.log.as_ref())?;
            answer.published_at = ends.into_iter().map(|(unit, next)| (unit.to_string(), next)).collect();
            return Ok(answer);
        };
        pipeline.flush()?;
        if pipeline.keeps_house() {
            jobs::run_due(&self.config, pipeline, listener)?;
            pipeline.maintain()?;
        }
        answer.set = pipeline.seal()?;
        Ok(answer)
    }

    fn run_job(&self, name: &str, as_of: Option<Day>, listener: &mut dyn Listener) -> Result<Answer, Failure> {
        let Some(pipeline) = &self.pipeline else {
            return Err(Failure::new(
                Exit::OurFault,
                "a job was asked of a process without tables",
            ));
        };
        Ok(Answer {
            dates: jobs::run(&self.config, pipeline, name, as_of, listener)?,
            set: pipeline.seal()?,
            ..Answer::default()
        })
    }

    /// What a running process does between commands: ticks for silent partitions, and whatever is due.
    ///
    /// # Errors
    /// The pipeline has stopped, or a tick cannot be written.
    pub fn idle(&mut self) -> Result<(), Failure> {
        self.check()?;
        self.recover()?;
        let tick_every = self.config.ingest.tick_every;
        if let Some(writer) = &mut self.writer
            && !writer.feeds.iter().any(|feed| feed.is_behind(tick_every))
        {
            writer.intake.tick_silent().inspect_err(|_| writer.is_ahead = true)?;
        }
        if let Some(pipeline) = self.pipeline.as_ref().filter(|pipeline| pipeline.keeps_house()) {
            if pipeline.take_published_news() {
                let done = jobs::run_due(&self.config, pipeline, &mut Quiet);
                done.inspect_err(|_| pipeline.note_published_news())?;
            }
            if pipeline.maintenance_due() {
                pipeline.maintain()?;
            }
        }
        self.recalibrate_due()?;
        self.check()
    }

    /// Recalibrates the newest closed week once, where this process writes to the log.
    fn recalibrate_due(&mut self) -> Result<(), Failure> {
        if !self.config.targets.weekly || self.writer.is_none() || self.recalibrated.elapsed() < targets::LOOK {
            return Ok(());
        }
        self.recalibrated = Monotonic::now();
        let pipeline = self.pipeline.as_ref();
        let written = targets::recalibrate_due(&self.config, self.log.log.as_ref(), pipeline, &mut Quiet)?;
        if let Some(pipeline) = pipeline.filter(|_| written > 0) {
            pipeline.flush()?;
            pipeline.seal()?;
        }
        Ok(())
    }

    /// Stops: checkpoint with state, publish, close.
    ///
    /// # Errors
    /// The last checkpoint failed; the log still has everything.
    pub fn close(self) -> Result<(), Failure> {
        self.pipeline.map_or(Ok(()), Pipeline::stop)
    }
}
