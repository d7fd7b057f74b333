//! What a writing command asks for, what it hears meanwhile, and what it is answered.
//!
//! All of it travels between processes as JSON: a command may be carried out by another one than that which asks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use paceline_schemas::time::Day;
use serde::{Deserialize, Serialize};

use crate::failure::Exit;
use crate::imports::Counts;

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
    /// Something about targets.
    Targets(TargetsCommand),
}

/// A command about targets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum TargetsCommand {
    /// Plan a goal.
    Plan {
        /// Text of the goal.
        goal: String,
        /// Say only what would be proposed.
        dry_run: bool,
        /// Who plans.
        mark: By,
    },
    /// Propose what a sheet says.
    Import {
        /// Absolute path.
        file: PathBuf,
        /// Name of the mapping for messages.
        mapping_name: String,
        /// Text of the mapping.
        mapping_text: String,
        /// Say only what would be proposed.
        dry_run: bool,
        /// Who imports.
        mark: By,
    },
    /// Approve a proposal.
    Approve {
        /// The proposal, or the beginning of its name.
        proposal: String,
        /// Who approves.
        mark: By,
    },
    /// Reject a proposal, or take it back.
    End {
        /// The proposal, or the beginning of its name.
        proposal: String,
        /// Whether who made it takes it back.
        withdraw: bool,
        /// Why.
        reason: String,
        /// Who rejects.
        mark: By,
    },
    /// Hold a node and period to a value, or release it.
    Lock(LockRequest),
    /// Hold targets against the evidence.
    Recalibrate {
        /// Last day of the evidence; the last closed week's where none is given.
        as_of: Option<Day>,
        /// Decide without writing.
        dry_run: bool,
    },
    /// Explain the newest decision about a target.
    Explain {
        /// The target, or its node and metric.
        target: String,
        /// Last day of the evidence; the newest decision where none is given.
        as_of: Option<Day>,
        /// In Chinese.
        chinese: bool,
    },
    /// Take decisions again and compare their bytes.
    Verify {
        /// Only those of that day.
        as_of: Option<Day>,
    },
}

/// A person who decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// Who.
    pub name: String,
    /// When it was decided, in microseconds; now where none is given.
    pub at_us: Option<i64>,
    /// In which words.
    pub comment: Option<String>,
}

/// What is held to what.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LockRequest {
    /// The node or rep.
    pub node: String,
    /// Metric.
    pub metric: String,
    /// Currency, of money.
    pub currency: Option<String>,
    /// First day of the plan year.
    pub year: Day,
    /// `2026-04`, `q2`, `h1` or `year`.
    pub period: String,
    /// `value`, `floor`, `ceiling` or `none`.
    pub kind: String,
    /// The value; nothing with `none`.
    pub value: Option<String>,
    /// Why.
    pub reason: String,
    /// Who.
    pub mark: By,
}

/// What a command about targets did.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Told {
    /// The proposal that was made or ended.
    pub proposal: Option<String>,
    /// Events that went to the log.
    pub written: u64,
    /// Events that were there already.
    pub known: u64,
    /// Columns of the rows.
    pub columns: Vec<String>,
    /// What there is to see, row by row.
    pub rows: Vec<Vec<String>>,
    /// What a person should read.
    pub notes: Vec<String>,
    /// A page.
    pub page: Option<String>,
    /// Whether something was checked and found wanting.
    pub wanting: bool,
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
    /// Where each unit must be in a published set before they can, if that was not waited for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub published_at: BTreeMap<String, u64>,
    /// Dates that a job has written.
    pub dates: Vec<String>,
    /// What was done about targets.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub targets: Option<Told>,
}

impl Answer {
    /// The exit code of the command.
    pub fn exit(&self) -> Exit {
        if self.counts.rejected > 0 || self.targets.as_ref().is_some_and(|told| told.wanting) {
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
