//! "The same tables": what must not depend on the order, the number or the cut of the files that were imported.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Sandbox;
use super::table::assert_same;

const VIEWS: [&str; 5] = ["fct_call", "fct_deal", "fct_lead", "agg_rep_hour", "agg_rep_day"];

/// Where a row lies, when it came, and which of several events led to it.
const OF_THE_WAY: [&str; 12] = [
    "shard",
    "offset",
    "appended_at",
    "late",
    "event_id",
    "type",
    "revision",
    "flags",
    "supersedes",
    "amends",
    "reason",
    "causationid",
];

/// The rows of the views in order, without position and arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump {
    views: BTreeMap<&'static str, Vec<Vec<String>>>,
}

impl Dump {
    /// Reads all views, the windows up to the last business date with an event.
    pub fn of(sandbox: &Sandbox) -> Self {
        let mut dump = Self::without_windows(sandbox);
        let last = sandbox.last_business_date();
        let windows = format!("SELECT * FROM agg_rep_window WHERE as_of <= DATE '{last}'");
        dump.views.insert("agg_rep_window", sandbox.sql(&windows).sorted());
        dump
    }

    /// Reads the facts, hours and days, from which the windows follow.
    pub fn without_windows(sandbox: &Sandbox) -> Self {
        let views = VIEWS.map(|view| {
            let rows = sandbox.sql(&format!("SELECT * FROM {view}")).without(&OF_THE_WAY);
            (view, rows.sorted())
        });
        Self {
            views: BTreeMap::from(views),
        }
    }

    /// Number of rows of a view.
    pub fn rows(&self, view: &str) -> usize {
        self.views.get(view).map_or(0, Vec::len)
    }

    /// One hash of everything.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (view, rows) in &self.views {
            hash.update(view);
            for row in rows {
                hash.update(row.join("\u{1f}"));
                hash.update("\n");
            }
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Asserts that both hold the same rows and shows the first that only one has.
    ///
    /// # Panics
    /// When they differ.
    #[track_caller]
    pub fn assert_same(&self, expected: &Self, what: &str) {
        for (view, rows) in &self.views {
            let Some(others) = expected.views.get(view) else {
                continue;
            };
            if rows != others {
                assert_same(&format!("{what}: {view}"), rows.clone(), others.clone());
            }
        }
    }
}
