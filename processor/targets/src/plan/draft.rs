//! Drafts of the events of a proposal.

use paceline_schemas::envelope::Envelope;
use paceline_schemas::event::target::{Cell, Target};
use paceline_schemas::event::{Data, Event, EventType};
use paceline_schemas::field::Count;
use paceline_schemas::ids::{EventId, Label, LongLabel, NodeId, Source, Text64, Text1000};
use paceline_schemas::symbol::{DecidedBy, Lock, NodeKind, PeriodKind};
use paceline_schemas::time::{Day, Instant};

use super::{GoalFault, GoalLock, Org, Sources, kind_of};
use crate::calendar::{month_end, months_after};
use crate::canonical;
use crate::grid::{MONTHS, Period};
use crate::recalibrate::value_of;
use crate::row::{reserve_id, row_id};

/// One event, but for who decided and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its type.
    pub event_type: EventType,
    /// What it says, by which its id is made.
    key: String,
    /// Its data.
    pub data: Target,
}

/// Who decided, when, and in which words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Person or import.
    pub decided_by: DecidedBy,
    /// The person, or the name of the import.
    pub decider_id: String,
    /// When it was decided.
    pub at: Instant,
    /// The person's words.
    pub comment: Option<String>,
}

/// The events of one proposal, in the order in which they go to the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Drafts {
    /// Name of the proposal.
    pub proposal_id: String,
    /// Rows that it has.
    pub size: i64,
    /// What is not in the log yet.
    pub missing: Vec<Draft>,
}

impl Draft {
    /// A draft of which the id is made from `key`.
    pub fn new(event_type: EventType, key: String, data: Target) -> Self {
        Self { event_type, key, data }
    }

    /// The event, as `mark` decided it.
    pub fn event(&self, source: Source, mark: &Mark) -> Event {
        let id = canonical::digest([self.event_type.name(), &self.key]);
        let mut data = self.data.clone();
        data.decided_by = Some(mark.decided_by);
        data.decider_id = Label::new(&mark.decider_id).ok();
        data.comment = mark.comment.as_deref().and_then(|comment| Text1000::new(comment).ok());
        Event {
            envelope: Envelope::new(self.event_type, source, EventId::new(&id).unwrap_or_default(), mark.at),
            data: Data::Target(Box::new(data)),
        }
    }
}

/// A proposal under construction.
pub(super) struct Drafting<'a> {
    sources: Sources<'a>,
    org: &'a Org,
    year: Day,
    proposal_id: &'a str,
    method: &'static str,
    drafts: Vec<Draft>,
    size: i64,
}

impl<'a> Drafting<'a> {
    pub(super) fn new(
        sources: Sources<'a>,
        org: &'a Org,
        year: Day,
        proposal_id: &'a str,
        method: &'static str,
    ) -> Self {
        Self {
            sources,
            org,
            year,
            proposal_id,
            method,
            drafts: Vec::new(),
            size: 0,
        }
    }

    /// Enters the year of a node.
    pub(super) fn enter(&mut self, node_id: &str, metric: &str, unit: &str, total: i64) {
        self.hold(node_id, metric, unit, Period::YEAR, (Lock::Entered, total));
    }

    /// Holds a node and period of the goal to its value.
    pub(super) fn lock(&mut self, lock: &GoalLock, unit: &str) -> Result<(), GoalFault> {
        if self.org.node(&lock.node).is_none() {
            return Err(GoalFault::new(
                "locks.node",
                format!("there is no `{}` below the goal's node", lock.node),
            ));
        }
        let period = lock.period_of(self.year)?;
        let value = super::amount(&lock.value, unit).map_err(|hint| GoalFault::new("locks.value", hint))?;
        self.hold(&lock.node, &lock.metric, unit, period, (lock.kind, value));
        Ok(())
    }

    fn hold(&mut self, node_id: &str, metric: &str, unit: &str, period: Period, (lock, bound): (Lock, i64)) {
        let (start, end) = span(period, self.year);
        let is_known = self.sources.known.holding().any(|held| {
            (held.node_id.as_str(), held.metric.as_str(), held.unit.as_str()) == (node_id, metric, unit)
                && (held.period_start, held.period_end) == (start, end)
                && (held.lock, held.bound, held.proposal_id.as_deref()) == (lock, Some(bound), Some(self.proposal_id))
        });
        if is_known {
            return;
        }
        let data = Target {
            lock: Some(lock),
            bound: Some(bound),
            period_kind: Some(kind(period)),
            period_start: Some(start),
            period_end: Some(end),
            ..self.base(node_id, metric, unit)
        };
        let key = format!(
            "{} {node_id} {metric} {unit} {start} {end} {}",
            self.proposal_id,
            lock.as_str()
        );
        self.drafts.push(Draft::new(EventType::TargetLocked, key, data));
    }

    /// The months of a leaf whose metric sums.
    pub(super) fn row(&mut self, node_id: &str, metric: &str, unit: &str, months: [i64; MONTHS]) {
        let cells = months
            .into_iter()
            .enumerate()
            .map(|(at, value)| self.cell(node_id, at, value));
        let cells = cells.collect();
        self.propose(node_id, metric, unit, cells);
    }

    /// The months of a leaf whose metric is a rate, each with the denominator that is planned.
    pub(super) fn rate_row(&mut self, node_id: &str, metric: &str, value: i64, denominators: [i64; MONTHS]) {
        let months = denominators.into_iter().enumerate().map(|(at, denominator)| {
            let month = self.month(at);
            Cell {
                month,
                value,
                from: month,
                denominator_planned: Some(denominator),
                ..Cell::default()
            }
        });
        let cells = months.collect();
        self.propose(node_id, metric, "ppm", cells);
    }

    /// Some months of a leaf.
    pub(super) fn propose(&mut self, node_id: &str, metric: &str, unit: &str, cells: Vec<Cell>) {
        self.size += 1;
        let target_id = row_id(node_id, metric, unit, self.year);
        let known = self.sources.known;
        if known
            .proposal(self.proposal_id)
            .is_some_and(|proposal| proposal.rows.contains_key(&target_id))
        {
            return;
        }
        let row = known.row(&target_id);
        let is_rate = unit == "ppm";
        let value = row.map_or_else(
            || value_of(cells.iter(), is_rate),
            |row| crate::recalibrate::value_with(row, &cells),
        );
        let data = Target {
            target_id: LongLabel::new(&target_id).ok(),
            version: Some(Count(row.map_or(1, |row| row.next()))),
            supersedes_version: row.map(|row| Count(row.current())).filter(|version| version.0 > 0),
            parent_target_id: self
                .parent(node_id)
                .and_then(|parent| LongLabel::new(&row_id(&parent, metric, unit, self.year)).ok()),
            period_kind: Some(PeriodKind::Year),
            period_start: Some(self.year),
            period_end: Some(months_after(self.year, 12).plus(-1)),
            value: Some(value),
            cells,
            method: Label::new(self.method).ok(),
            ..self.base(node_id, metric, unit)
        };
        let key = format!("{} {target_id}", self.proposal_id);
        self.drafts.push(Draft::new(EventType::TargetProposed, key, data));
    }

    fn base(&self, node_id: &str, metric: &str, unit: &str) -> Target {
        Target {
            node_id: NodeId::new(node_id).ok(),
            node_kind: Some(kind_of(self.org, node_id)),
            metric: Label::new(metric).ok(),
            unit: Text64::new(unit).ok(),
            policy_version: Label::new(self.sources.policy_version).ok(),
            reason_code: Label::new(self.method).ok(),
            proposal_id: LongLabel::new(self.proposal_id).ok(),
            ..Target::default()
        }
    }

    fn parent(&self, node_id: &str) -> Option<String> {
        let of_reserve = node_id.strip_prefix(crate::grid::RESERVE_PREFIX).map(str::to_owned);
        of_reserve.or_else(|| self.org.parent(node_id).map(str::to_owned))
    }

    pub(super) fn month(&self, at: usize) -> Day {
        months_after(self.year, i32::try_from(at).unwrap_or(0))
    }

    /// The cell of a month: weights are those of the days on which the leaf is there.
    pub(super) fn cell(&self, node_id: &str, at: usize, value: i64) -> Cell {
        let month = self.month(at);
        let calendar = self.sources.facts.calendar_of(node_id);
        let node = self.org.node(node_id).filter(|node| node.kind == NodeKind::Rep);
        let there = |day: Day| {
            node.is_none_or(|node| node.from.is_none_or(|from| from <= day) && node.to.is_none_or(|to| day <= to))
        };
        let days = calendar.span(month, month_end(month)).iter();
        let present: Vec<i64> = days
            .map(|date| if there(date.day) { date.weight_bp } else { 0 })
            .collect();
        // A month that has a value needs a day to put it on.
        let weights = if present.iter().all(|weight| *weight == 0) && value != 0 {
            calendar.weights(month)
        } else {
            present
        };
        Cell {
            month,
            value,
            from: month,
            kept: 0,
            weights,
            denominator_planned: None,
        }
    }

    /// Reserves of nothing below every node of a metric that sums, for a proposal that brings its own rows.
    pub(super) fn empty_reserves(&mut self, metric: &str, unit: &str, months: &[usize]) {
        let parents: Vec<String> = self.org.families().into_keys().map(str::to_owned).collect();
        for parent in parents {
            let reserve = reserve_id(&parent);
            let target_id = row_id(&reserve, metric, unit, self.year);
            if self.sources.known.row(&target_id).is_some_and(|row| row.current() > 0) {
                continue;
            }
            let cells = months.iter().map(|at| self.cell(&reserve, *at, 0)).collect();
            self.propose(&reserve, metric, unit, cells);
        }
    }

    /// The proposal; every row says how many there are.
    pub(super) fn finish(mut self) -> Drafts {
        for draft in self
            .drafts
            .iter_mut()
            .filter(|draft| draft.event_type == EventType::TargetProposed)
        {
            draft.data.proposal_size = Some(Count(self.size));
        }
        Drafts {
            proposal_id: self.proposal_id.to_owned(),
            size: self.size,
            missing: self.drafts,
        }
    }
}

/// Kind, first and last day of the period that a text names within the plan year that begins on `year`.
pub fn period_of(text: &str, year: Day) -> Option<(PeriodKind, Day, Day)> {
    let period = super::goal::period(text, year)?;
    let (start, end) = span(period, year);
    Some((kind(period), start, end))
}

/// First and last day of a period of the plan year that begins on `year`.
pub(crate) fn span(period: Period, year: Day) -> (Day, Day) {
    let months = period.months();
    let at = |count: usize| months_after(year, i32::try_from(count).unwrap_or(0));
    (at(months.start), at(months.end).plus(-1))
}

/// Kind of a period.
pub(crate) fn kind(period: Period) -> PeriodKind {
    match period.length() {
        1 => PeriodKind::Month,
        3 => PeriodKind::Quarter,
        6 => PeriodKind::Half,
        _ => PeriodKind::Year,
    }
}
