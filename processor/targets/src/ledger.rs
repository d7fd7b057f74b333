//! The fold of the topic of targets: rows in their versions, proposals, locks, decisions and policies.
//!
//! Events become what they say in the order of the log. A proposal counts once all of its events are there and it was
//! approved; what was decided upon a version that is no longer the current one never does. An event that the log has
//! twice changes nothing the second time.

mod decided;
mod proposal;

use std::collections::BTreeMap;

use paceline_schemas::event::target::Cell;
use paceline_schemas::event::{Data, Event, EventType, Target};
use paceline_schemas::symbol::{DecidedBy, Lock, PeriodKind};
use paceline_schemas::time::{Day, Instant};

use crate::policy::Policy;
use crate::row::{Row, Standing, Version, left_of};

pub use decided::Decided;
pub use proposal::{Proposal, Refusal, State};

/// The reason of an amendment that balances another row.
pub(crate) const BALANCE: &str = "balance";

/// One event of the topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The event.
    pub event: Event,
    /// When the log took it.
    pub recorded_at: Instant,
}

/// A bound that a person or a goal has set on a node and period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The node.
    pub node_id: String,
    /// Kind of the node.
    pub node_kind: paceline_schemas::symbol::NodeKind,
    /// Metric.
    pub metric: String,
    /// Unit.
    pub unit: String,
    /// Kind of the period.
    pub period_kind: PeriodKind,
    /// First day.
    pub period_start: Day,
    /// Last day.
    pub period_end: Day,
    /// What it is held to.
    pub lock: Lock,
    /// The bound in the unit; nothing where a lock was taken off.
    pub bound: Option<i64>,
    /// The proposal that entered it.
    pub proposal_id: Option<String>,
    /// Version of the lock, from 1.
    pub version: i64,
    /// Why.
    pub reason_code: String,
    /// Policy of the time.
    pub policy_version: String,
    /// Who decided.
    pub decided_by: DecidedBy,
    /// The person.
    pub decider_id: Option<String>,
    /// When it was decided.
    pub decided_at: Instant,
    /// When the log took it.
    pub recorded_at: Instant,
}

/// Node, metric, unit, period.
type HeldKey = (String, String, String, PeriodKind, Day);
/// Target, last day of the evidence, policy.
type DecisionKey = (String, Day, String);

/// What the topic of targets says.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    rows: BTreeMap<String, Row>,
    proposals: BTreeMap<String, Proposal>,
    held: BTreeMap<HeldKey, Vec<Held>>,
    decisions: BTreeMap<DecisionKey, Decided>,
    policies: Vec<(String, Policy, Day)>,
}

impl Ledger {
    /// The fold of some entries, in the order of the log.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut ledger = Self::default();
        for entry in entries {
            ledger.apply(entry);
        }
        ledger
    }

    /// Takes the next entry of the log.
    pub fn apply(&mut self, entry: &Entry) {
        let Data::Target(data) = &entry.event.data else { return };
        #[expect(clippy::wildcard_enum_match_arm, reason = "no other type has data about targets")]
        match entry.event.envelope.event_type {
            EventType::TargetPolicyPublished => self.publish(data),
            EventType::TargetLocked => self.hold(entry, data),
            EventType::TargetProposed => self.propose(entry, data),
            EventType::TargetApproved => self.approve(entry, data),
            EventType::TargetRejected => self.end(data, State::Rejected, entry),
            EventType::TargetWithdrawn => self.end(data, State::Withdrawn, entry),
            EventType::TargetReviewed => self.note(entry, data).map_or((), drop),
            EventType::TargetAdjusted => self.adjust(entry, data),
            _ => {}
        }
    }

    /// The rows by their names.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// The row of that name.
    pub fn row(&self, target_id: &str) -> Option<&Row> {
        self.rows.get(target_id)
    }

    /// The proposals by their names.
    pub fn proposals(&self) -> impl Iterator<Item = &Proposal> {
        self.proposals.values()
    }

    /// The proposal of that name.
    pub fn proposal(&self, proposal_id: &str) -> Option<&Proposal> {
        self.proposals.get(proposal_id)
    }

    /// Every version of every lock and entered value.
    pub fn held(&self) -> impl Iterator<Item = &Held> {
        self.held.values().flatten()
    }

    /// The locks and entered values that hold now.
    pub fn holding(&self) -> impl Iterator<Item = &Held> {
        self.held
            .values()
            .filter_map(|versions| versions.last())
            .filter(|held| held.lock != Lock::None)
    }

    /// The decisions of recalibrations, by target and date.
    pub fn decisions(&self) -> impl Iterator<Item = &Decided> {
        self.decisions.values()
    }

    /// The decision about that target for that date by that policy, if the log has it.
    pub fn decision(&self, target_id: &str, as_of: Day, policy_version: &str) -> Option<&Decided> {
        self.decisions
            .get(&(target_id.to_owned(), as_of, policy_version.to_owned()))
    }

    /// The decisions about a target, the oldest evidence first.
    pub fn decisions_of(&self, target_id: &str) -> impl DoubleEndedIterator<Item = &Decided> {
        let from = (target_id.to_owned(), Day(i32::MIN), String::new());
        self.decisions
            .range(from..)
            .map(|(_, decided)| decided)
            .take_while({
                let target_id = target_id.to_owned();
                move |decided| decided.target_id() == target_id
            })
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// The newest policy that was published to hold on `day`, with its version.
    pub fn policy_on(&self, day: Day) -> Option<(&str, &Policy)> {
        let mut published = self.policies.iter().rev();
        published
            .find(|(_, _, from)| *from <= day)
            .map(|(version, policy, _)| (version.as_str(), policy))
    }

    /// The policies by their versions, the oldest first.
    pub fn policies_by_name(&self) -> impl Iterator<Item = (&str, &Policy)> {
        self.policies
            .iter()
            .map(|(version, policy, _)| (version.as_str(), policy))
    }

    /// How many policies were published.
    pub fn policies(&self) -> usize {
        self.policies.len()
    }

    fn publish(&mut self, data: &Target) {
        let version = text(&data.policy_version);
        let policy = data
            .policy
            .clone()
            .and_then(|policy| serde_json::from_value(policy).ok());
        let (Some(policy), Some(from)) = (policy, data.valid_from) else {
            return;
        };
        if !self.policies.iter().any(|(known, _, _)| *known == version) {
            self.policies.push((version, policy, from));
        }
    }

    fn hold(&mut self, entry: &Entry, data: &Target) {
        let (Some(period_kind), Some(period_start), Some(period_end)) =
            (data.period_kind, data.period_start, data.period_end)
        else {
            return;
        };
        let key = (
            text(&data.node_id),
            text(&data.metric),
            text(&data.unit),
            period_kind,
            period_start,
        );
        let versions = self.held.entry(key).or_default();
        let held = Held {
            node_id: text(&data.node_id),
            node_kind: data.node_kind.unwrap_or_default(),
            metric: text(&data.metric),
            unit: text(&data.unit),
            period_kind,
            period_start,
            period_end,
            lock: data.lock.unwrap_or_default(),
            bound: data.bound,
            proposal_id: data.proposal_id.as_ref().map(ToString::to_string),
            version: versions.last().map_or(1, |held| held.version + 1),
            reason_code: text(&data.reason_code),
            policy_version: text(&data.policy_version),
            decided_by: data.decided_by.unwrap_or_default(),
            decider_id: data.decider_id.as_ref().map(ToString::to_string),
            decided_at: entry.event.envelope.time,
            recorded_at: entry.recorded_at,
        };
        let same =
            |last: &Held| (last.lock, last.bound, &last.proposal_id) == (held.lock, held.bound, &held.proposal_id);
        if !versions.last().is_some_and(same) {
            versions.push(held);
        }
    }

    fn row_of(&mut self, data: &Target) -> &mut Row {
        let target_id = text(&data.target_id);
        self.rows.entry(target_id.clone()).or_insert_with(|| Row {
            target_id,
            parent_target_id: data.parent_target_id.as_ref().map(ToString::to_string),
            node_id: text(&data.node_id),
            node_kind: data.node_kind.unwrap_or_default(),
            metric: text(&data.metric),
            unit: text(&data.unit),
            period_start: data.period_start.unwrap_or_default(),
            period_end: data.period_end.unwrap_or_default(),
            versions: Vec::new(),
        })
    }

    /// Adds a version to its row; nothing if the row has it.
    fn add_version(&mut self, entry: &Entry, data: &Target, standing: Standing) -> Option<()> {
        let proposal_id = data.proposal_id.as_ref().map(ToString::to_string);
        let as_of = data.evidence.as_ref().map(|evidence| evidence.as_of);
        let version = Version {
            number: data.version.map_or(1, |version| version.0),
            cells: data.cells.clone(),
            value: data.value.unwrap_or_default(),
            method: data
                .method
                .as_ref()
                .map_or_else(|| "recalibrate".to_owned(), ToString::to_string),
            proposal_id,
            reason_code: text(&data.reason_code),
            policy_version: text(&data.policy_version),
            decided_by: data.decided_by.unwrap_or_default(),
            decider_id: data.decider_id.as_ref().map(ToString::to_string),
            decided_at: entry.event.envelope.time,
            recorded_at: entry.recorded_at,
            change: data.old_value.zip(data.proposed_value),
            as_of,
            standing,
        };
        let row = self.row_of(data);
        let at = row.versions.partition_point(|known| known.number < version.number);
        if row.versions.get(at).is_some_and(|known| known.number == version.number) {
            return None;
        }
        row.versions.insert(at, version);
        Some(())
    }

    /// Takes the differences of approved cells off the row that balances them.
    fn balance(&mut self, entry: &Entry, against: &str, deltas: &[Delta], effective_at: Instant) {
        let Some(row) = self.rows.get_mut(against) else { return };
        let cells: Vec<_> = deltas
            .iter()
            .filter_map(|delta| {
                let (_, cell) = row.month(delta.month)?;
                let (mut cell, _) = left_of(cell, delta.from)?;
                cell.value -= delta.by;
                Some(cell)
            })
            .collect();
        let Some(last) = row.approved().next_back() else { return };
        let value = last.value - deltas.iter().map(|delta| delta.by).sum::<i64>();
        let version = Version {
            number: row.next(),
            cells,
            value,
            method: BALANCE.to_owned(),
            proposal_id: None,
            reason_code: BALANCE.to_owned(),
            decided_at: entry.event.envelope.time,
            recorded_at: entry.recorded_at,
            change: None,
            as_of: None,
            standing: Standing::Approved {
                at: entry.recorded_at,
                effective_at,
            },
            ..last.clone()
        };
        row.versions.push(version);
    }
}

/// By how much a month of a row changes, and from which day on.
#[derive(Debug, Clone, Copy)]
struct Delta {
    month: Day,
    from: Day,
    by: i64,
}

/// By how much each month of a row changes with `cells`.
fn deltas(row: &Row, cells: &[Cell]) -> Vec<Delta> {
    let old = |month: Day| row.month(month).map_or(0, |(_, cell)| cell.value);
    let delta = |cell: &Cell| Delta {
        month: cell.month,
        from: cell.from,
        by: cell.value - old(cell.month),
    };
    cells.iter().map(delta).collect()
}

fn text<T: ToString>(value: &Option<T>) -> String {
    value.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests;
