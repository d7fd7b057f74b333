//! Where a writing command runs: here, with the lock of the data directory, or in the process that holds it.

use std::sync::Arc;

use indicatif::ProgressBar;

use crate::client::{self, Line};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::{progress_bar, say};
use crate::station::{Answer, DataLock, Listener, Station, WriteCommand};

/// Carries out `command` and returns what it did.
///
/// # Errors
/// The command failed, or the data directory is in use by a process that takes no commands.
pub(super) fn execute(config: &Arc<Config>, command: &WriteCommand) -> Result<Answer, Failure> {
    let mut terminal = Terminal::default();
    let outcome = match DataLock::take(&config.data)? {
        Some(lock) => here(config, lock, command, &mut terminal),
        None => there(config, command, &mut terminal),
    };
    terminal.finish();
    outcome
}

fn here(
    config: &Arc<Config>,
    lock: DataLock,
    command: &WriteCommand,
    terminal: &mut Terminal,
) -> Result<Answer, Failure> {
    let mut station = Station::open(Arc::clone(config), lock)?;
    let outcome = station.execute(command, terminal);
    let closed = station.close();
    let answer = outcome?;
    closed.map(|()| answer)
}

fn there(config: &Config, command: &WriteCommand, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(Exit::Failed, format!("failed to start a runtime: {e}")))?;
    runtime.block_on(Box::pin(client::send(&config.data, command, |line| match line {
        Line::Progress(label, done, total) => terminal.progress(&label, done, total),
        Line::Note(text) => terminal.note(&text),
        Line::Done(_) | Line::Failed(_) => {}
    })))
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
