//! The prompt of `paceline sql`: statements over several lines, history, and commands with a backslash.

use std::io::IsTerminal;
use std::time::Instant as Monotonic;

use paceline_query::Engine;
use paceline_query::statements::split;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

use super::{sql, tables};
use crate::cli::{Format, ReportFormat};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::{say, write_out};

const HELP: &str = "\\d           tables and what a row of each is
\\d NAME      columns of a table with their definitions
\\timing      shows the time of each answer, or no longer
\\?           this
\\q           leaves
A statement ends with a semicolon and may span lines.";

pub(super) fn prompt(config: &Config, engine: &Engine, format: Format) -> Result<Exit, Failure> {
    let failed = |e: ReadlineError| Failure::new(Exit::Failed, format!("failed to read the prompt: {e}"));
    let mut editor = DefaultEditor::new().map_err(failed)?;
    let history = config.data.join("sql_history");
    if editor.load_history(&history).is_err() {
        tracing::debug!("no history yet");
    }
    if std::io::stdin().is_terminal() {
        say("paceline sql: \\? for help, \\q to leave");
    }
    let mut session = Session {
        engine,
        format,
        timing: false,
        statement: String::new(),
        failed: None,
    };
    loop {
        let sign = if session.statement.is_empty() {
            "paceline> "
        } else {
            "      ... "
        };
        match editor.readline(sign) {
            Ok(line) => {
                if !line.trim().is_empty() && editor.add_history_entry(&line).is_err() {
                    tracing::debug!("the line was not remembered");
                }
                if session.take(&line)? {
                    break;
                }
            }
            Err(ReadlineError::Interrupted) => session.statement.clear(),
            Err(ReadlineError::Eof) => {
                let rest = std::mem::take(&mut session.statement);
                session.ask(&rest)?;
                break;
            }
            Err(error) => return Err(failed(error)),
        }
    }
    if editor.save_history(&history).is_err() {
        tracing::debug!("the history was not kept");
    }
    // A person has seen the failure; a script learns of it by the exit code.
    Ok(match session.failed {
        Some(exit) if !std::io::stdin().is_terminal() => exit,
        Some(_) | None => Exit::Done,
    })
}

struct Session<'a> {
    engine: &'a Engine,
    format: Format,
    timing: bool,
    statement: String,
    /// How the first statement that failed did so.
    failed: Option<Exit>,
}

impl Session<'_> {
    /// Takes a line; true once it is time to leave.
    fn take(&mut self, line: &str) -> Result<bool, Failure> {
        let trimmed = line.trim();
        if self.statement.is_empty() && trimmed.starts_with('\\') {
            return self.command(trimmed);
        }
        if self.statement.is_empty() && matches!(trimmed, "exit" | "quit") {
            return Ok(true);
        }
        let goes_on = !self.statement.is_empty();
        self.statement.push_str(line);
        self.statement.push('\n');
        // Without a semicolon a long statement only grows: it is read once, at its end.
        if goes_on && !line.contains(';') {
            return Ok(false);
        }
        let text = std::mem::take(&mut self.statement);
        let (statements, rest) = split(&text);
        for statement in statements {
            self.ask(statement)?;
        }
        rest.trim_start().clone_into(&mut self.statement);
        Ok(false)
    }

    fn command(&mut self, text: &str) -> Result<bool, Failure> {
        let mut words = text.split_whitespace();
        match (words.next(), words.next()) {
            (Some("\\q"), _) => return Ok(true),
            (Some("\\d" | "\\dt" | "\\d+"), None) => write_out(&tables::list(ReportFormat::Table)?)?,
            (Some("\\d" | "\\d+"), Some(name)) => {
                match tables::describe(name.trim_end_matches(';'), ReportFormat::Table) {
                    Ok(text) => write_out(&text)?,
                    Err(failure) => say(&failure.message),
                }
            }
            (Some("\\timing"), _) => {
                self.timing = !self.timing;
                say(if self.timing {
                    "times are shown"
                } else {
                    "times are not shown"
                });
            }
            (Some("\\?"), _) => say(HELP),
            _ => say("no such command; \\? lists them"),
        }
        Ok(false)
    }

    fn ask(&mut self, statement: &str) -> Result<(), Failure> {
        if statement.trim().is_empty() {
            return Ok(());
        }
        let begun = Monotonic::now();
        match sql::answer(self.engine, statement, self.format) {
            Ok(bytes) => write_out(&bytes)?,
            Err(failure) => {
                say(&failure.message);
                self.failed.get_or_insert(failure.exit);
            }
        }
        if self.timing {
            say(&format!("{:.0} ms", begun.elapsed().as_secs_f64() * 1000.0));
        }
        Ok(())
    }
}
