//! `paceline import`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use paceline_schemas::time::Day;

use super::write;
use crate::cli::{ImportArgs, ReportFormat};
use crate::config::Config;
use crate::failure::{Exit, Failure, io};
use crate::output::{rows, say, write_out};
use crate::request::{Answer, ImportOptions, WriteCommand};

pub(super) fn import(config: &Arc<Config>, arguments: &ImportArgs) -> Result<Exit, Failure> {
    let through = arguments.through.as_deref().map(date).transpose()?;
    let command = WriteCommand::Import {
        files: arguments
            .files
            .iter()
            .map(|file| absolute(file))
            .collect::<Result<_, _>>()?,
        mapping_name: arguments.mapping.display().to_string(),
        mapping_text: mapping_text(&arguments.mapping)?,
        options: ImportOptions {
            dry_run: arguments.dry_run,
            accept: arguments.accept,
            through,
            no_wait: arguments.no_wait,
        },
    };
    let answer = write::execute(config, &command)?;
    write_out(&report(&answer, arguments.format, arguments.dry_run)?)?;
    if answer.counts.rejected > 0 && arguments.format == ReportFormat::Table {
        say(if arguments.dry_run {
            "these rows would be refused"
        } else {
            "some rows were refused: `paceline dead-letters list` names them all. Mend the rows and import that file; \
             where the mapping was wrong, or what a row needs came later, `paceline dead-letters replay`"
        });
    }
    Ok(answer.exit())
}

pub(crate) fn mapping_text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| Failure {
        exit: Exit::Usage,
        ..io("read", path, &e)
    })
}

pub(super) fn absolute(file: &Path) -> Result<PathBuf, Failure> {
    std::fs::canonicalize(file).map_err(|e| Failure {
        exit: Exit::Usage,
        ..io("open", file, &e)
    })
}

pub(super) fn date(text: &str) -> Result<Day, Failure> {
    Day::parse(text).map_err(|e| Failure::new(Exit::Usage, e))
}

/// What was done, for a person or a program.
pub(super) fn report(answer: &Answer, format: ReportFormat, dry_run: bool) -> Result<Vec<u8>, Failure> {
    let counts = &answer.counts;
    let cells = [
        ("rows", counts.rows),
        ("published", counts.published),
        ("unchanged", counts.unchanged),
        ("stale", counts.stale),
        ("rejected", counts.rejected),
        ("skipped", counts.skipped),
        ("events", counts.events),
    ];
    match format {
        ReportFormat::Json => {
            let text = serde_json::to_string(answer).map_err(|e| Failure::new(Exit::OurFault, e))?;
            Ok(format!("{text}\n").into_bytes())
        }
        ReportFormat::Csv => {
            let list: Vec<Vec<String>> = cells
                .iter()
                .map(|(name, n)| vec![(*name).to_owned(), n.to_string()])
                .collect();
            rows(format, &["outcome", "count"], &list)
        }
        ReportFormat::Table if dry_run => {
            let done = text(answer, &cells);
            Ok(format!("nothing was published; an import would give:\n{done}").into_bytes())
        }
        ReportFormat::Table => Ok(text(answer, &cells).into_bytes()),
    }
}

fn text(answer: &Answer, cells: &[(&str, u64)]) -> String {
    let mut text = String::new();
    let counts: Vec<String> = cells.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let mut line = |words: std::fmt::Arguments<'_>| {
        text.push_str(&words.to_string());
        text.push('\n');
    };
    line(format_args!("{}", counts.join(", ")));
    if answer.counts.unknown_reps > 0 {
        line(format_args!(
            "{} facts of reps without an alias: import the people, then this file again",
            answer.counts.unknown_reps
        ));
    }
    for event in &answer.first_events {
        line(format_args!("{event}"));
    }
    if !answer.unmapped_columns.is_empty() {
        line(format_args!("columns not read: {}", answer.unmapped_columns.join(", ")));
    }
    if !answer.unmapped_values.is_empty() {
        line(format_args!(
            "values without an entry: {}",
            answer.unmapped_values.join(", ")
        ));
    }
    for row in &answer.rejects {
        line(format_args!(
            "{}:{} block {}: {}: {}",
            row.file, row.line, row.block, row.reason, row.detail
        ));
    }
    let listed = answer.rejects.len() as u64;
    if answer.counts.rejected > listed {
        line(format_args!(
            "and {} more refused rows",
            answer.counts.rejected - listed
        ));
    }
    text
}
