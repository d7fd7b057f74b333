//! Recalibration: every target of a rep is held against the evidence, and every one gets a decision with its reason.
//!
//! A decision is named by target, last day of the evidence, and policy. It is taken from the facts, the policy and what
//! the log knew by the end of that day alone, so taking it again gives the same bytes.

mod bench;
mod budget;
mod case;

use std::collections::BTreeMap;

use paceline_schemas::event::target::{Cell, Evidence, Target};
use paceline_schemas::event::{Data, Event, EventType};
use paceline_schemas::field::Count;
use paceline_schemas::ids::{EventId, Label, LongLabel, NodeId, Source, Text64};
use paceline_schemas::symbol::{DecidedBy, PeriodKind, Recalibrated};
use paceline_schemas::time::{Day, Instant};

use crate::calendar::month_number;
use crate::canonical;
use crate::evidence::{Facts, Kind};
use crate::guard::{Change, Verdict};
use crate::ledger::Ledger;
use crate::policy::Policy;
use crate::row::Row;

use bench::Bench;
use budget::Budget;

/// What a recalibration goes by.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// What was read.
    pub facts: &'a Facts,
    /// What the log knew by the end of the last day of the evidence.
    pub known: &'a Ledger,
    /// The policy.
    pub policy: &'a Policy,
    /// Its version.
    pub policy_version: &'a str,
}

/// One decision, as the event that will hold it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Id of the event: SHA-256 of target, last day of the evidence, and policy.
    pub id: EventId,
    /// `target.adjusted`, `target.proposed` or `target.reviewed`.
    pub event_type: EventType,
    /// The end of the last day of the evidence at the site.
    pub time: Instant,
    /// What was decided.
    pub data: Target,
}

impl Decision {
    /// The decision in its one form: RFC 8785 of the data alone.
    pub fn canonical(&self) -> String {
        canonical::of(&self.data)
    }

    /// The event that holds it, from `source`.
    pub fn event(&self, source: Source) -> Event {
        let mut envelope =
            paceline_schemas::envelope::Envelope::new(self.event_type, source, self.id.clone(), self.time);
        envelope.recordedtime = None;
        Event {
            envelope,
            data: Data::Target(Box::new(self.data.clone())),
        }
    }
}

/// Id of the decision about a target for a day by a policy.
pub fn decision_id(target_id: &str, as_of: Day, policy_version: &str) -> String {
    canonical::digest([target_id, &as_of.to_string(), policy_version])
}

/// Decides about every target of a rep that is not over, in the order in which the reserves are asked.
pub fn recalibrate(run: Run<'_>) -> Vec<Decision> {
    let digest = run.facts.digest(&run.policy.canonical());
    let bench = Bench::new(run);
    let mut budget = Budget::new(run.known);
    let mut decisions = Vec::new();
    for row in in_rank(run) {
        let case = case::of(run, &bench, row);
        let change = case.change(run.policy);
        let fits = budget.fits(row, &change, run.policy);
        let verdict = case.judge(run.policy, &change, fits);
        if matches!(verdict.outcome, Recalibrated::Applied | Recalibrated::Proposed) {
            budget.take(row, &change);
        }
        let judged = bench.judged(row);
        let evidence = Evidence {
            as_of: run.facts.as_of,
            from: run.facts.from,
            n_eff: case.evidence,
            numerator: judged.measured.numerator,
            denominator: crate::evidence::whole(judged.measured.expected),
            theta: case.theta,
            low: case.low,
            high: case.high,
            weight_own: judged.weight_own,
            peers: judged.peers,
            prior_strength: judged.prior_strength,
            confirmations: case.confirmations,
            inputs_sha256: label(&digest),
        };
        decisions.push(decide(run, row, &case.remainder, &change, verdict, evidence));
    }
    decisions
}

/// The targets of reps whose plan year is neither over nor out of reach: by parent, and within one in an order that rotates with the month.
fn in_rank<'a>(run: Run<'a>) -> Vec<&'a Row> {
    let mut families: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in run.known.rows().filter(|row| case::is_open(run, row)) {
        let parent = row.parent_target_id.as_deref().unwrap_or_default();
        families.entry((parent, &row.metric)).or_default().push(row);
    }
    let ordinal = usize::try_from(month_number(run.facts.as_of)).unwrap_or(0);
    for rows in families.values_mut() {
        rows.sort_by(|a, b| a.node_id.cmp(&b.node_id));
        let first = ordinal % rows.len().max(1);
        rows.rotate_left(first);
    }
    families.into_values().flatten().collect()
}

fn decide(
    run: Run<'_>,
    row: &Row,
    remainder: &[(Cell, i64)],
    change: &Change,
    verdict: Verdict,
    evidence: Evidence,
) -> Decision {
    let as_of = run.facts.as_of;
    let calendar = run.facts.calendar_of(&row.node_id);
    let id = decision_id(&row.target_id, as_of, run.policy_version);
    let event_type = match verdict.outcome {
        Recalibrated::Applied => EventType::TargetAdjusted,
        Recalibrated::Proposed => EventType::TargetProposed,
        Recalibrated::Watching | Recalibrated::Kept | Recalibrated::NeedsParent | Recalibrated::Routed => {
            EventType::TargetReviewed
        }
    };
    let moves = event_type != EventType::TargetReviewed;
    let effective = remainder.first().map(|(cell, _)| cell.from);
    let starts_at = |day: Day| calendar.day(day).map(|date| date.starts_at);
    let mut data = Target {
        target_id: Some(long(&row.target_id)),
        version: Some(Count(if moves { row.next() } else { row.current() })),
        parent_target_id: row.parent_target_id.as_deref().map(long),
        node_id: NodeId::new(&row.node_id).ok(),
        node_kind: Some(row.node_kind),
        metric: Some(label(&row.metric)),
        unit: Text64::new(&row.unit).ok(),
        period_kind: Some(PeriodKind::Year),
        period_start: Some(row.period_start),
        period_end: Some(row.period_end),
        policy_version: Some(label(run.policy_version)),
        reason_code: Some(label(verdict.reason)),
        evidence: Some(evidence),
        decided_by: Some(DecidedBy::Policy),
        effective_at: effective.and_then(starts_at),
        old_value: Some(change.old),
        proposed_value: Some(change.new),
        uncapped_value: Some(change.uncapped),
        checks: verdict.checks,
        outcome: Some(verdict.outcome),
        authority: Some(verdict.authority),
        ..Target::default()
    };
    if moves {
        let cells = changed(remainder, change);
        data.value = Some(value_with(row, &cells));
        data.cells = cells;
        data.method = Some(label("recalibrate"));
        data.supersedes_version = Some(Count(row.current()));
        data.against = Budget::reserve_of(row).as_deref().map(long);
        if event_type == EventType::TargetProposed {
            data.proposal_id = Some(long(&id));
            data.proposal_size = Some(Count(1));
        }
    }
    Decision {
        id: EventId::new(&id).unwrap_or_default(),
        event_type,
        time: calendar.day(as_of).map_or(Instant(0), |date| date.ends_at),
        data,
    }
}

/// The cells as they are after the change.
fn changed(remainder: &[(Cell, i64)], change: &Change) -> Vec<Cell> {
    let deltas: BTreeMap<Day, i64> = change.deltas.iter().copied().collect();
    let cells = remainder.iter().map(|(cell, left)| {
        let mut cell = cell.clone();
        cell.value = cell.kept + left + deltas.get(&cell.month).copied().unwrap_or(0);
        cell
    });
    cells.collect()
}

/// Value of the row once `cells` hold: the sum of its months, or of a rate the mean over the planned denominators.
pub(crate) fn value_with(row: &Row, cells: &[Cell]) -> i64 {
    let kept = row.months().into_iter().map(|(_, cell)| cell);
    let kept = kept.filter(|cell| !cells.iter().any(|new| new.month == cell.month));
    value_of(kept.chain(cells), Kind::of(row) == Kind::Rate)
}

/// Value of some months: their sum, or of a rate the mean over the planned denominators.
pub(crate) fn value_of<'a>(cells: impl Iterator<Item = &'a Cell>, is_rate: bool) -> i64 {
    let (mut sum, mut weights) = (0_i128, 0_i128);
    for cell in cells {
        let weight = if is_rate {
            i128::from(cell.denominator_planned.unwrap_or(1))
        } else {
            1
        };
        sum += i128::from(cell.value) * weight;
        weights += weight;
    }
    let value = if is_rate { half_even(sum, weights.max(1)) } else { sum };
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn half_even(numerator: i128, denominator: i128) -> i128 {
    let (whole, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    match (2 * rest).cmp(&denominator) {
        std::cmp::Ordering::Less => whole,
        std::cmp::Ordering::Greater => whole + 1,
        std::cmp::Ordering::Equal => whole + whole.rem_euclid(2),
    }
}

fn label(text: &str) -> Label {
    Label::new(text).unwrap_or_default()
}

fn long(text: &str) -> LongLabel {
    LongLabel::new(text).unwrap_or_default()
}

#[cfg(test)]
mod tests;
