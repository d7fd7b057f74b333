//! Where a writing command runs: here, or in the process that writes to the log of the data directory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant as Monotonic};

use indicatif::ProgressBar;
use paceline_schemas::tables;
use paceline_snapshots::Store;
use paceline_snapshots::published::Reader;

use crate::client::{self, Line};
use crate::config::{Config, LogKind};
use crate::failure::{Exit, Failure};
use crate::locks::{Company, Held};
use crate::output::{progress_bar, say};
use crate::pipeline::Wanted;
use crate::request::{Answer, Listener, WriteCommand};
use crate::station::{Role, Station};

/// Time between two looks at what is published.
const LOOK: Duration = Duration::from_millis(200);
/// Wait after which it is said what is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// Carries out `command` and returns what it did; what it wrote can be read then.
///
/// # Errors
/// The command failed, or the data directory is in use by a process that takes no commands.
pub(super) fn execute(config: &Arc<Config>, command: &WriteCommand) -> Result<Answer, Failure> {
    let mut terminal = Terminal::default();
    let outcome = somewhere(config, command, &mut terminal).and_then(|mut answer| {
        if !answer.published_at.is_empty() {
            answer.set = Some(wait_for(config, &answer.published_at, &mut terminal)?);
            answer.published_at.clear();
        }
        Ok(answer)
    });
    terminal.finish();
    outcome
}

fn somewhere(config: &Arc<Config>, command: &WriteCommand, terminal: &mut Terminal) -> Result<Answer, Failure> {
    if let Some(folder) = Held::folder(config, Company::Alone)? {
        return here(
            Station::open(config, Role::Command, folder, &Arc::default())?,
            command,
            terminal,
        );
    }
    if config.log.kind == LogKind::Embedded {
        return there(config, command, terminal);
    }
    let is_job = matches!(command, WriteCommand::RunJob { .. });
    let Some(folder) = Held::folder(config, Company::Shared)? else {
        return there(config, command, terminal);
    };
    let role = if is_job { Role::Job } else { Role::Guest };
    let station = Station::open(config, role, folder, &Arc::default())?;
    if is_job || station.writes() {
        return here(station, command, terminal);
    }
    drop(station);
    there(config, command, terminal)
}

fn here(mut station: Station, command: &WriteCommand, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let outcome = station.execute(command, terminal);
    let closed = station.close();
    let answer = outcome?;
    closed.map(|()| answer)
}

fn there(config: &Config, command: &WriteCommand, terminal: &mut Terminal) -> Result<Answer, Failure> {
    runtime()?.block_on(Box::pin(client::send(&config.data, command, |line| match line {
        Line::Progress(label, done, total) => terminal.progress(&label, done, total),
        Line::Note(text) => terminal.note(&text),
        Line::Done(_) | Line::Failed(_) => {}
    })))
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(Exit::Failed, format!("failed to start a runtime: {e}")))
}

/// Waits until a set holds each unit up to where it is wanted; returns its id.
fn wait_for(config: &Config, wanted: &BTreeMap<String, u64>, listener: &mut dyn Listener) -> Result<u64, Failure> {
    let runtime = runtime()?;
    let mut sets = Reader::new(Store::local(&config.data, false)?, tables::all());
    let mut note = Wanted::new(&config.data);
    let begun = Monotonic::now();
    let mut told = false;
    loop {
        note.remind()?;
        let (id, reached) = runtime.block_on(Box::pin(sets.reached()))?;
        let next_of: BTreeMap<String, u64> = reached.iter().map(|(unit, at)| (unit.to_string(), at.next)).collect();
        let is_there = |(unit, next): (&String, &u64)| *next == 0 || next_of.get(unit) >= Some(next);
        if wanted.iter().all(is_there) {
            return Ok(id);
        }
        if !told && begun.elapsed() > PATIENCE {
            told = true;
            listener.note(
                "the events are in the log; waiting for `paceline process` or `paceline run` to publish them \
                 (Ctrl-C ends the wait, not the import)",
            );
        }
        std::thread::park_timeout(LOOK);
    }
}

/// Shows progress and notes on standard error.
#[derive(Debug, Default)]
struct Terminal {
    bar: Option<(String, ProgressBar)>,
}

impl Terminal {
    fn finish(&mut self) {
        if let Some((_, bar)) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Listener for Terminal {
    fn progress(&mut self, label: &str, done: u64, total: u64) {
        if self.bar.as_ref().is_none_or(|(shown, _)| shown != label) {
            self.finish();
            self.bar = Some((label.to_owned(), progress_bar(total, label)));
        }
        if let Some((_, bar)) = &self.bar {
            bar.set_position(done);
        }
    }

    fn note(&mut self, text: &str) {
        match &self.bar {
            Some((_, bar)) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }
}
