//! What an import says of itself.

use serde_json::Value;

use super::Finished;

/// The report of an import.
#[derive(Debug, Clone)]
pub struct Report {
    /// Rows read.
    pub rows: i64,
    /// Events written.
    pub published: i64,
    /// Rows that said what was known.
    pub unchanged: i64,
    /// Rows that were older than what is known.
    pub stale: i64,
    /// Rows refused.
    pub rejected: i64,
    /// Rows that no block of the mapping matched.
    pub skipped: i64,
    /// Whether this very file had been imported before.
    pub duplicate_file: bool,
    /// The refusals that are listed.
    pub rejects: Vec<Reject>,
    /// The whole report.
    pub whole: Value,
}

/// One refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Line of the file; the header is line 1.
    pub line: i64,
    /// Why.
    pub reason: String,
    /// What to mend.
    pub detail: String,
}

impl Report {
    /// Reads a report from the output of an import.
    ///
    /// # Panics
    /// When the output is none.
    #[track_caller]
    pub fn read(finished: &Finished) -> Self {
        let whole: Value = serde_json::from_str(&finished.stdout)
            .unwrap_or_else(|error| panic!("no report: {error}\n{}\n{}", finished.stdout, finished.stderr));
        let count = |name: &str| {
            let value = whole.get(name).and_then(Value::as_i64);
            value.unwrap_or_else(|| panic!("the report has no `{name}`: {whole}"))
        };
        let listed = whole
            .get("rejects")
            .and_then(Value::as_array)
            .expect("the report lists rejects");
        let rejects = listed.iter().map(Reject::read).collect();
        Self {
            rows: count("rows"),
            published: count("published"),
            unchanged: count("unchanged"),
            stale: count("stale"),
            rejected: count("rejected"),
            skipped: count("skipped"),
            duplicate_file: whole.get("duplicate_file") == Some(&Value::Bool(true)),
            rejects,
            whole,
        }
    }
}

impl Reject {
    fn read(value: &Value) -> Self {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let line = value
            .get("line")
            .and_then(Value::as_i64)
            .expect("a refusal names its line");
        Self {
            line,
            reason: text("reason"),
            detail: text("detail"),
        }
    }
}
