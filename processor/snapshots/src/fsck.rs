//! Everything stored is checked against everything that is recorded of it. Only reads, also beside a live owner.
//!
//! A finding is damage, or a note: something left over that costs space and nothing else. A clean data directory has neither.

mod chains;
mod delta_log;

use std::collections::BTreeMap;

use paceline_schemas::tables::Table;
use paceline_schemas::time::Instant;

use crate::error::Error;
use crate::manifest::{Books, Manifest, Sequence};
use crate::store::{Entry, Store};
use crate::unit::Unit;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Left over; collection removes it in time.
    Note,
    /// Something recorded is missing or differs.
    Damage,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Path below the data directory.
    pub path: String,
    /// What was expected, and what was found.
    pub what: String,
    /// What to do about it.
    pub advice: &'static str,
}

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Reads every byte of every state and data file, not only footers and lengths.
    pub deep: bool,
    /// Checks one unit's chain alone; `None`: all of them, and the tables.
    pub unit: Option<Unit>,
}

/// What was checked, and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Manifests read.
    pub manifests: usize,
    /// Data files and states checked.
    pub files: usize,
    /// The findings, damage first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// True if nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// True if something recorded is missing or differs.
    pub fn is_damaged(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Damage)
    }

    fn damage(&mut self, path: impl Into<String>, what: impl Into<String>, advice: &'static str) {
        self.findings.push(Finding {
            severity: Severity::Damage,
            path: path.into(),
            what: what.into(),
            advice,
        });
    }

    fn note(&mut self, path: impl Into<String>, what: impl Into<String>, advice: &'static str) {
        self.findings.push(Finding {
            severity: Severity::Note,
            path: path.into(),
            what: what.into(),
            advice,
        });
    }

    /// Notes a table that cannot be read; the library has one error for a damaged log and a failing store.
    fn damage_of_table(&mut self, folder: &str, error: Error) -> Result<(), Error> {
        self.take(
            folder,
            error,
            "restore the folder `_delta_log` of the table from a copy, or rebuild into an empty directory",
        )
    }

    /// Notes an error about one object as a finding; hands back those of the store itself.
    fn take(&mut self, path: &str, error: Error, advice: &'static str) -> Result<(), Error> {
        match error {
            Error::Store { .. } | Error::Task(_) => Err(error),
            error => {
                let source = std::error::Error::source(&error).map_or_else(String::new, |source| format!(": {source}"));
                self.damage(path, format!("{error}{source}"), advice);
                Ok(())
            }
        }
    }
}

/// A unit's chain as far as it decodes.
#[derive(Debug, Default)]
struct Known {
    manifests: Vec<Manifest>,
}

impl Known {
    fn newest(&self) -> Option<Sequence> {
        self.manifests.last().map(Manifest::seq)
    }

    /// The books of the whole log; `None` if older manifests were collected.
    fn books(&self) -> Option<Books> {
        self.manifests.first().filter(|first| first.seq() == Sequence(0))?;
        let mut books = Books::default();
        self.manifests
            .iter()
            .for_each(|manifest| books += manifest.body().books);
        Some(books)
    }
}

/// What lies below the data directory, by path.
type Listing = BTreeMap<String, Entry>;

/// Checks chains, states, data files and Delta logs.
///
/// # Errors
/// The store cannot be read at all; whatever is wrong with what it holds is a finding.
pub async fn fsck(store: &Store, contract: &'static [Table], depth: Depth, at: Instant) -> Result<Report, Error> {
    let mut report = Report::default();
    let entries = store.list("").await?;
    let listing: Listing = entries.into_iter().map(|entry| (entry.path.clone(), entry)).collect();
    let mut known: BTreeMap<Unit, Known> = BTreeMap::new();
    for unit in units(&listing).filter(|unit| depth.unit.is_none_or(|wanted| wanted == *unit)) {
        let chain = chains::check(store, unit, &listing, depth.deep, &mut report).await?;
        known.insert(unit, chain);
    }
    if depth.unit.is_none() {
        delta_log::check(store, contract, &known, &listing, depth.deep, at, &mut report).await?;
    }
    report
        .findings
        .sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.path.cmp(&b.path)));
    Ok(report)
}

fn units(listing: &Listing) -> impl Iterator<Item = Unit> + use<> {
    let named = listing
        .keys()
        .filter_map(|path| path.strip_prefix("shards/")?.split('/').next()?.parse().ok());
    named.collect::<std::collections::BTreeSet<Unit>>().into_iter()
}
