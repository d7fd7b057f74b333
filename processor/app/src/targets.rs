//! Targets in the shell: what is read for a decision, who asks for one, and how it gets into the log.
//!
//! What is decided is decided in `paceline_targets`; here are the topic, the questions in SQL, and the words of answers.
//! A command that is carried out twice finds what it wrote the first time, because its events have the same ids.

mod decide;
pub(crate) mod facts;
mod propose;
mod say;
mod sheet;
pub(crate) mod topic;
mod verify;

use std::time::Duration;

use paceline_ingest::log::Log;
use paceline_ingest::stamp::Stamper;
use paceline_schemas::ids::Source;
use paceline_schemas::symbol::DecidedBy;
use paceline_schemas::time::{Day, Instant};
use paceline_targets::{Entry, Ledger, Mark};

use crate::clock;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::pipeline::Pipeline;
use crate::request::{By, TargetsCommand, Told};

pub(crate) use decide::{evidence, last_closed_week, recalibrate_due};

/// Time between two looks whether a week is to be recalibrated.
pub(crate) const LOOK: Duration = Duration::from_secs(60);

/// What every command about targets works with.
struct Desk<'a> {
    config: &'a Config,
    log: &'a dyn Log,
    /// The pipeline that publishes, if it is of this process.
    pipeline: Option<&'a Pipeline>,
    /// Who the people are, where this process knows them.
    stamper: Option<&'a Stamper>,
    entries: Vec<Entry>,
    ledger: Ledger,
}

/// Carries out a command about targets.
///
/// # Errors
/// What was asked for cannot be, or the log or the tables fail.
pub(crate) fn execute(
    config: &Config,
    log: &dyn Log,
    pipeline: Option<&Pipeline>,
    stamper: &Stamper,
    command: &TargetsCommand,
) -> Result<Told, Failure> {
    let desk = Desk {
        stamper: Some(stamper),
        ..Desk::open(config, log, pipeline)?
    };
    match command {
        TargetsCommand::Plan { goal, dry_run, mark } => propose::plan(desk, goal, *dry_run, mark),
        TargetsCommand::Import {
            file,
            mapping_name,
            mapping_text,
            dry_run,
            mark,
        } => sheet::import(desk, (file, mapping_name, mapping_text), *dry_run, mark),
        TargetsCommand::Approve { proposal, mark } => propose::approve(desk, proposal, mark),
        TargetsCommand::End {
            proposal,
            withdraw,
            reason,
            mark,
        } => propose::end(desk, proposal, (*withdraw, reason), mark),
        TargetsCommand::Lock(request) => propose::lock(desk, request),
        TargetsCommand::Recalibrate { as_of, dry_run } => decide::recalibrate(desk, *as_of, *dry_run),
        TargetsCommand::Explain { target, as_of, chinese } => say::explain(&desk, target, *as_of, *chinese),
        TargetsCommand::Verify { as_of } => verify::verify(&desk, *as_of),
    }
}

impl<'a> Desk<'a> {
    fn open(config: &'a Config, log: &'a dyn Log, pipeline: Option<&'a Pipeline>) -> Result<Self, Failure> {
        let mut entries = Vec::new();
        topic::each(log, None, |entry| entries.push(entry.clone()))?;
        let ledger = Ledger::of(&entries);
        Ok(Self {
            config,
            log,
            pipeline,
            stamper: None,
            entries,
            ledger,
        })
    }

    fn source(&self) -> Result<Source, Failure> {
        let text = format!("//{}/paceline/targets", self.config.tenant);
        Source::new(&text).map_err(|e| Failure::new(Exit::Usage, format!("`tenant`: {e}")))
    }

    /// Everything that is in the log can be read then.
    fn publish(&self) -> Result<Option<u64>, Failure> {
        let Some(pipeline) = self.pipeline else { return Ok(None) };
        pipeline.flush()?;
        pipeline.seal()
    }

    /// The version of the configured policy; one that the log does not have yet is published first.
    fn policy_version(&mut self, dry_run: bool) -> Result<String, Failure> {
        let policy = &self.config.targets.policy;
        let newest = self.ledger.policy_on(Day(i32::MAX));
        if let Some((version, known)) = newest
            && known == policy
        {
            return Ok(version.to_owned());
        }
        let version = format!("tp-{}", self.ledger.policies() + 1);
        if !dry_run {
            let event = topic::policy(policy, &version, self.source()?, clock::now());
            self.append(vec![event])?;
        }
        Ok(version)
    }

    /// Appends events and takes them into the ledger; returns how many there were.
    fn append(&mut self, events: Vec<paceline_schemas::event::Event>) -> Result<u64, Failure> {
        let count = events.len() as u64;
        topic::append(self.log, &events)?;
        let at = clock::now();
        for event in events {
            let entry = Entry { event, recorded_at: at };
            self.ledger.apply(&entry);
            self.entries.push(entry);
        }
        Ok(count)
    }
}

/// Who decides, as the events say it.
fn mark(by: &By, decided_by: DecidedBy) -> Result<Mark, Failure> {
    if paceline_schemas::ids::Label::new(&by.name).is_err() {
        return Err(Failure::new(
            Exit::Usage,
            format!("`--by {}`: a name of 1 to 64 bytes is needed", by.name),
        ));
    }
    Ok(Mark {
        decided_by,
        decider_id: by.name.clone(),
        at: by.at_us.map_or_else(clock::now, Instant),
        comment: by.comment.clone(),
    })
}

/// A fault of what was asked for.
fn refused(error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, error)
}
