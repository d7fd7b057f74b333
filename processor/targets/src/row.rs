//! A row of the grid: one leaf, metric, currency and plan year, in all its versions.

use paceline_schemas::event::target::Cell;
use paceline_schemas::symbol::{DecidedBy, NodeKind};
use paceline_schemas::time::{Day, Instant};

/// What a version of a row has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its proposal is open.
    Proposed,
    /// It counts, or did until a later one replaced it.
    Approved {
        /// When the log took the approval.
        at: Instant,
        /// When it begins to count.
        effective_at: Instant,
    },
    /// Its proposal was refused, rejected or withdrawn, or it was decided upon a version that had been replaced.
    Dropped,
}

/// One version of a row: the months that it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Number, from 1.
    pub number: i64,
    /// The months that it changes.
    pub cells: Vec<Cell>,
    /// Sum of the row's months with it; of a rate the mean over the planned denominators.
    pub value: i64,
    /// How it came about.
    pub method: String,
    /// The proposal that it belongs to.
    pub proposal_id: Option<String>,
    /// Why.
    pub reason_code: String,
    /// Policy by which it was decided.
    pub policy_version: String,
    /// Who decided.
    pub decided_by: DecidedBy,
    /// The person or import.
    pub decider_id: Option<String>,
    /// When it was decided.
    pub decided_at: Instant,
    /// When the log took it.
    pub recorded_at: Instant,
    /// What was left of the row before and after, of a recalibration.
    pub change: Option<(i64, i64)>,
    /// Last day of the evidence, of a recalibration.
    pub as_of: Option<Day>,
    /// What it has come to.
    pub standing: Standing,
}

impl Version {
    /// Whether it counts or has counted.
    pub fn is_approved(&self) -> bool {
        matches!(self.standing, Standing::Approved { .. })
    }

    /// The cell of that month, if it changes it.
    pub fn cell(&self, month: Day) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.month == month)
    }
}

/// One row of the grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name, see [`row_id`].
    pub target_id: String,
    /// The row of the node above.
    pub parent_target_id: Option<String>,
    /// The leaf.
    pub node_id: String,
    /// Kind of the leaf.
    pub node_kind: NodeKind,
    /// Metric.
    pub metric: String,
    /// `count`, `minor:<currency>` or `ppm`.
    pub unit: String,
    /// First day of the plan year.
    pub period_start: Day,
    /// Last day of the plan year.
    pub period_end: Day,
    /// Versions in the order of their numbers.
    pub versions: Vec<Version>,
}

impl Row {
    /// Number of the newest version that counts; 0 where none does.
    pub fn current(&self) -> i64 {
        self.approved().next_back().map_or(0, |version| version.number)
    }

    /// Number that the next version gets.
    pub fn next(&self) -> i64 {
        self.versions.last().map_or(1, |version| version.number + 1)
    }

    /// The versions that count or have counted, the oldest first.
    pub fn approved(&self) -> impl DoubleEndedIterator<Item = &Version> {
        self.versions.iter().filter(|version| version.is_approved())
    }

    /// The months that have a value, each with the version from which it comes.
    pub fn months(&self) -> Vec<(&Version, &Cell)> {
        let mut months: Vec<Day> = self.approved().flat_map(|v| v.cells.iter().map(|c| c.month)).collect();
        months.sort();
        months.dedup();
        months.into_iter().filter_map(|month| self.month(month)).collect()
    }

    /// The newest value of a month, with the version from which it comes.
    pub fn month(&self, month: Day) -> Option<(&Version, &Cell)> {
        let mut versions = self.approved().rev();
        versions.find_map(|version| version.cell(month).map(|cell| (version, cell)))
    }

    /// The cell that says the target of one day: the newest one that counts from that day or before.
    pub fn day(&self, day: Day) -> Option<(&Version, &Cell)> {
        let month = crate::calendar::month_start(day);
        let counts = |version: &&Version| version.cell(month).is_some_and(|cell| cell.from <= day);
        let version = self.approved().rev().find(counts)?;
        version.cell(month).map(|cell| (version, cell))
    }

    /// The currency, of money.
    pub fn currency(&self) -> Option<&str> {
        self.unit.strip_prefix("minor:")
    }
}

/// A cell as it is changed from a day on: days before keep their targets; with it what is left of it from that day.
pub(crate) fn left_of(cell: &Cell, effective: Day) -> Option<(Cell, i64)> {
    let from = effective.max(cell.from);
    if from > crate::calendar::month_end(cell.month) {
        return None;
    }
    let mut changed = cell.clone();
    changed.from = from;
    if cell.weights.is_empty() {
        return Some((changed, cell.value));
    }
    let passed = usize::try_from(i64::from(from.0) - i64::from(cell.from.0)).ok()?;
    let of_days = crate::days::days(cell.value, cell.kept, &cell.weights).ok()?;
    let left: i64 = of_days.get(passed..)?.iter().sum();
    changed.weights = cell.weights.get(passed..)?.to_vec();
    changed.kept = cell.value - left;
    Some((changed, left))
}

/// Name of a row: node, metric, currency of money, and the year in which the plan year begins, with its month unless
/// that is January.
pub fn row_id(node_id: &str, metric: &str, unit: &str, period_start: Day) -> String {
    let currency = unit
        .strip_prefix("minor:")
        .map(|currency| format!(":{currency}"))
        .unwrap_or_default();
    let date = period_start.date();
    let month = if date.month() == 1 {
        String::new()
    } else {
        format!("-{:02}", date.month())
    };
    format!("{node_id}:{metric}{currency}:{:04}{month}", date.year())
}

/// Name of the reserve below a node.
pub fn reserve_id(node_id: &str) -> String {
    format!("~reserve.{node_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_named_by_what_it_is() {
        let day = |text| Day::parse(text).expect("day");
        assert_eq!(row_id("r-017", "wins", "count", day("2026-01-01")), "r-017:wins:2026");
        assert_eq!(
            row_id("~reserve.t:1", "revenue_minor", "minor:CNY", day("2026-04-01")),
            "~reserve.t:1:revenue_minor:CNY:2026-04"
        );
    }
}
