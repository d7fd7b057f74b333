//! Proposals: rows that stand or fall together.

use std::collections::BTreeMap;

use paceline_schemas::event::Target;
use paceline_schemas::symbol::{DecidedBy, Lock};
use paceline_schemas::time::{Day, Instant};

use super::{Entry, Ledger, deltas, text};
use crate::row::Standing;

/// Why a proposal cannot count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Its rows do not sum to what was entered, or a row not to its months.
    SumMismatch,
    /// It changes a cell that is locked.
    Locked,
    /// It was made upon a version that has been replaced.
    StaleBase,
    /// It was approved by who made it, or it had ended.
    BadTransition,
}

impl Refusal {
    /// The name in `tgt_proposal`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SumMismatch => "sum_mismatch",
            Self::Locked => "locked",
            Self::StaleBase => "stale_base",
            Self::BadTransition => "bad_transition",
        }
    }
}

/// What has become of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Some of its events are not in the log yet.
    Incomplete,
    /// It waits for an approval.
    Complete,
    /// It can never count.
    Refused(Refusal),
    /// It counts.
    Approved {
        /// When it begins to.
        effective_at: Instant,
    },
    /// Who may approve it has refused it.
    Rejected,
    /// Who made it has taken it back.
    Withdrawn,
}

impl State {
    /// The name in `tgt_proposal`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Complete => "complete",
            Self::Refused(_) => "refused",
            Self::Approved { .. } => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// One proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its name.
    pub proposal_id: String,
    /// Events that it has.
    pub size: i64,
    /// The rows that are there, each with the version it brings and the one it was made upon.
    pub rows: BTreeMap<String, (i64, i64)>,
    /// How its values came about.
    pub method: String,
    /// Who made it.
    pub decided_by: DecidedBy,
    /// The person or import.
    pub decider_id: Option<String>,
    /// Why.
    pub reason_code: String,
    /// Whose approval it needs.
    pub authority: Option<paceline_schemas::symbol::Authority>,
    /// The row that takes the differences, of a recalibration.
    pub against: Option<String>,
    /// From when a recalibration wants it to count.
    pub effective_at: Option<Instant>,
    /// When it was made.
    pub decided_at: Instant,
    /// When the log took its first event.
    pub recorded_at: Instant,
    /// What has become of it.
    pub state: State,
    /// Who ended it, and when the log took that.
    pub ended: Option<(Option<String>, Instant)>,
    /// Why it ended.
    pub ended_reason: Option<String>,
}

impl Ledger {
    pub(super) fn propose(&mut self, entry: &Entry, data: &Target) {
        let proposal_id = text(&data.proposal_id);
        let proposal = self.proposals.entry(proposal_id.clone()).or_insert_with(|| Proposal {
            proposal_id: proposal_id.clone(),
            size: data.proposal_size.map_or(1, |size| size.0),
            rows: BTreeMap::new(),
            method: text(&data.method),
            decided_by: data.decided_by.unwrap_or_default(),
            decider_id: data.decider_id.as_ref().map(ToString::to_string),
            reason_code: text(&data.reason_code),
            authority: data.authority,
            against: data.against.as_ref().map(ToString::to_string),
            effective_at: data.effective_at,
            decided_at: entry.event.envelope.time,
            recorded_at: entry.recorded_at,
            state: State::Incomplete,
            ended: None,
            ended_reason: None,
        });
        let target_id = text(&data.target_id);
        if proposal.state != State::Incomplete || proposal.rows.contains_key(&target_id) {
            return;
        }
        let number = data.version.map_or(1, |version| version.0);
        let base = data.supersedes_version.map_or(0, |version| version.0);
        proposal.rows.insert(target_id, (number, base));
        if data.evidence.is_some() {
            self.note(entry, data);
        }
        let is_new = self.add_version(entry, data, Standing::Proposed).is_some();
        if !is_new {
            self.drop_proposal(&proposal_id, State::Refused(Refusal::StaleBase));
            return;
        }
        self.judge(&proposal_id);
    }

    /// Judges a proposal once all of its events are there.
    fn judge(&mut self, proposal_id: &str) {
        let Some(proposal) = self.proposals.get(proposal_id) else {
            return;
        };
        if i64::try_from(proposal.rows.len()).unwrap_or(i64::MAX) < proposal.size {
            return;
        }
        let refusal = [
            self.is_stale(proposal).then_some(Refusal::StaleBase),
            self.changes_locked(proposal).then_some(Refusal::Locked),
            (!self.sums_hold(proposal)).then_some(Refusal::SumMismatch),
        ];
        match refusal.into_iter().flatten().next() {
            Some(refusal) => self.drop_proposal(proposal_id, State::Refused(refusal)),
            None => {
                if let Some(proposal) = self.proposals.get_mut(proposal_id) {
                    proposal.state = State::Complete;
                }
            }
        }
    }

    fn is_stale(&self, proposal: &Proposal) -> bool {
        let current = |target_id: &String| self.rows.get(target_id).map_or(0, |row| row.current());
        proposal
            .rows
            .iter()
            .any(|(target_id, (_, base))| current(target_id) != *base)
    }

    fn versions_of<'a>(
        &'a self,
        proposal: &'a Proposal,
    ) -> impl Iterator<Item = (&'a crate::row::Row, &'a crate::row::Version)> {
        proposal.rows.iter().filter_map(|(target_id, (number, _))| {
            let row = self.rows.get(target_id)?;
            let version = row.versions.iter().find(|version| version.number == *number)?;
            Some((row, version))
        })
    }

    fn changes_locked(&self, proposal: &Proposal) -> bool {
        let locks: Vec<_> = self.holding().filter(|held| held.lock == Lock::Value).collect();
        self.versions_of(proposal).any(|(row, version)| {
            let own = locks
                .iter()
                .filter(|held| (&held.node_id, &held.metric, &held.unit) == (&row.node_id, &row.metric, &row.unit));
            own.into_iter().any(|held| {
                let months: Vec<Day> = months_of(row.period_start, row.period_end)
                    .filter(|month| (held.period_start..=held.period_end).contains(month))
                    .collect();
                let touches = version.cells.iter().any(|cell| months.contains(&cell.month));
                let value_of = |month: &Day| {
                    let new = version.cell(*month).map(|cell| cell.value);
                    new.or_else(|| row.month(*month).map(|(_, cell)| cell.value))
                        .unwrap_or_default()
                };
                touches && !months.is_empty() && held.bound != Some(months.iter().map(value_of).sum())
            })
        })
    }

    /// Whether the rows of a plan sum to the year that was entered for it. Of rates nothing sums.
    fn sums_hold(&self, proposal: &Proposal) -> bool {
        let mut totals: BTreeMap<(&str, &str), i128> = BTreeMap::new();
        for (row, version) in self.versions_of(proposal) {
            let months: i128 = version.cells.iter().map(|cell| i128::from(cell.value)).sum();
            let is_whole = version.cells.len() == months_of(row.period_start, row.period_end).count();
            if row.unit != "ppm" && is_whole && months != i128::from(version.value) {
                return false;
            }
            *totals.entry((&row.metric, &row.unit)).or_default() += months;
        }
        self.holding()
            .filter(|held| held.lock == Lock::Entered && held.unit != "ppm")
            .filter(|held| held.proposal_id.as_deref() == Some(&proposal.proposal_id))
            .all(|held| {
                let total = totals.get(&(held.metric.as_str(), held.unit.as_str()));
                held.bound.map(i128::from) == total.copied()
            })
    }

    pub(super) fn approve(&mut self, entry: &Entry, data: &Target) {
        let proposal_id = text(&data.proposal_id);
        let Some(proposal) = self.proposals.get(&proposal_id) else {
            return;
        };
        if proposal.state != State::Complete {
            return;
        }
        let approver = data.decider_id.as_ref().map(ToString::to_string);
        if proposal.decided_by != DecidedBy::Policy && approver == proposal.decider_id {
            return;
        }
        if self.is_stale(proposal) {
            self.drop_proposal(&proposal_id, State::Refused(Refusal::StaleBase));
            return;
        }
        let effective_at = data.effective_at.unwrap_or(entry.event.envelope.time);
        let rows: Vec<(String, i64)> = proposal
            .rows
            .iter()
            .map(|(id, (number, _))| (id.clone(), *number))
            .collect();
        let against = proposal.against.clone();
        let mut moved = Vec::new();
        for (target_id, number) in &rows {
            let Some(row) = self.rows.get_mut(target_id) else {
                continue;
            };
            let Some(cells) = row
                .versions
                .iter()
                .find(|v| v.number == *number)
                .map(|v| v.cells.clone())
            else {
                continue;
            };
            moved.extend(deltas(row, &cells));
            let version = row.versions.iter_mut().find(|version| version.number == *number);
            if let Some(version) = version {
                version.standing = Standing::Approved {
                    at: entry.recorded_at,
                    effective_at,
                };
            }
        }
        if let Some(against) = against {
            self.balance(entry, &against, &moved, effective_at);
        }
        self.finish(&proposal_id, State::Approved { effective_at }, data, entry);
    }

    pub(super) fn end(&mut self, data: &Target, state: State, entry: &Entry) {
        let proposal_id = text(&data.proposal_id);
        let is_open = |proposal: &Proposal| matches!(proposal.state, State::Complete | State::Incomplete);
        if self.proposals.get(&proposal_id).is_some_and(is_open) {
            self.drop_proposal(&proposal_id, state);
            self.finish(&proposal_id, state, data, entry);
        }
    }

    fn finish(&mut self, proposal_id: &str, state: State, data: &Target, entry: &Entry) {
        if let Some(proposal) = self.proposals.get_mut(proposal_id) {
            proposal.state = state;
            let who = data.decider_id.as_ref().map(ToString::to_string);
            proposal.ended = Some((who, entry.recorded_at));
            proposal.ended_reason = data.reason_code.as_ref().map(ToString::to_string);
        }
    }

    fn drop_proposal(&mut self, proposal_id: &str, state: State) {
        let Some(proposal) = self.proposals.get_mut(proposal_id) else {
            return;
        };
        proposal.state = state;
        for (target_id, (number, _)) in &proposal.rows {
            let versions = self
                .rows
                .get_mut(target_id)
                .into_iter()
                .flat_map(|row| row.versions.iter_mut());
            let own = |version: &&mut crate::row::Version| {
                version.number == *number && version.proposal_id.as_deref() == Some(proposal_id)
            };
            for version in versions.filter(own) {
                version.standing = Standing::Dropped;
            }
        }
    }
}

/// The first days of the months of a plan year.
pub(crate) fn months_of(start: Day, end: Day) -> impl Iterator<Item = Day> {
    (0..)
        .map(move |count| crate::calendar::months_after(start, count))
        .take_while(move |month| *month <= end)
}
