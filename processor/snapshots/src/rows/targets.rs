//! Targets in their versions, and proposals, as the fold of their topic has them.

use arrow::record_batch::RecordBatch;
use paceline_schemas::event::target;
use paceline_schemas::symbol::{DecidedBy, Lock, NodeKind, PeriodKind};
use paceline_schemas::time::{Day, Instant};
use paceline_targets::{Held, Ledger, Proposal, Row, Standing, State, Version, month_end, row_id};

use super::columns::Cell::{At, Date, Int, Null, Text};
use super::columns::{Cell, Columns};

/// `tgt_target`, `tgt_proposal` and `tgt_adjustment` as all events about targets make them.
pub fn targets(ledger: &Ledger) -> Vec<(&'static str, RecordBatch)> {
    vec![
        ("tgt_target", tgt_target(ledger)),
        ("tgt_proposal", tgt_proposal(ledger)),
        ("tgt_adjustment", super::adjustments::tgt_adjustment(ledger)),
    ]
}

/// One row of `tgt_target`.
struct Line<'a> {
    target_id: String,
    version: i64,
    node_id: &'a str,
    node_kind: NodeKind,
    parent_target_id: Option<&'a str>,
    metric: &'a str,
    unit: &'a str,
    period: (PeriodKind, Day, Day),
    year_start: Option<Day>,
    value: Option<i64>,
    valid_from: Day,
    cell: Option<&'a target::Cell>,
    lock: Option<Lock>,
    bound: Option<i64>,
    method: Option<&'a str>,
    reason_code: &'a str,
    policy_version: &'a str,
    proposal_id: Option<&'a str>,
    decided_by: DecidedBy,
    decider_id: Option<&'a str>,
    decided_at: Instant,
    effective_at: Option<Instant>,
    recorded_at: Instant,
}

fn tgt_target(ledger: &Ledger) -> RecordBatch {
    let months = ledger.rows().flat_map(|row| {
        let versions = row.versions.iter();
        versions.flat_map(move |version| version.cells.iter().map(move |cell| month(row, version, cell)))
    });
    let mut lines: Vec<Line<'_>> = months.chain(ledger.held().map(held)).collect();
    lines.sort_by(|a, b| {
        let key = |line: &Line<'_>| (line.period.1, line.version);
        a.target_id.cmp(&b.target_id).then(key(a).cmp(&key(b)))
    });
    let mut columns = Columns::new("tgt_target");
    for line in &lines {
        put_target(&mut columns, line);
    }
    columns.finish()
}

fn month<'a>(row: &'a Row, version: &'a Version, cell: &'a target::Cell) -> Line<'a> {
    let proposal_id = version.proposal_id.as_deref();
    let effective_at = match version.standing {
        // When a proposal counts is said by its approval, which stands in its own row.
        Standing::Approved { effective_at, .. } if proposal_id.is_none() => Some(effective_at),
        Standing::Approved { .. } | Standing::Proposed | Standing::Dropped => None,
    };
    Line {
        target_id: row.target_id.clone(),
        version: version.number,
        node_id: &row.node_id,
        node_kind: row.node_kind,
        parent_target_id: row.parent_target_id.as_deref(),
        metric: &row.metric,
        unit: &row.unit,
        period: (PeriodKind::Month, cell.month, month_end(cell.month)),
        year_start: Some(row.period_start),
        value: Some(cell.value),
        valid_from: cell.from,
        cell: Some(cell),
        lock: None,
        bound: None,
        method: Some(&version.method),
        reason_code: &version.reason_code,
        policy_version: &version.policy_version,
        proposal_id,
        decided_by: version.decided_by,
        decider_id: version.decider_id.as_deref(),
        decided_at: version.decided_at,
        effective_at,
        recorded_at: version.recorded_at,
    }
}

fn held(held: &Held) -> Line<'_> {
    let row = row_id(&held.node_id, &held.metric, &held.unit, held.period_start);
    let value = match held.lock {
        Lock::Entered | Lock::Value => held.bound,
        Lock::None | Lock::Floor | Lock::Ceiling => None,
    };
    Line {
        // A row of the grid may be of the same node and begin on the same day.
        target_id: format!("{row}:{}", held.period_kind.as_str()),
        version: held.version,
        node_id: &held.node_id,
        node_kind: held.node_kind,
        parent_target_id: None,
        metric: &held.metric,
        unit: &held.unit,
        period: (held.period_kind, held.period_start, held.period_end),
        year_start: None,
        value,
        valid_from: held.period_start,
        cell: None,
        lock: Some(held.lock),
        bound: held.bound,
        method: None,
        reason_code: &held.reason_code,
        policy_version: &held.policy_version,
        proposal_id: held.proposal_id.as_deref(),
        decided_by: held.decided_by,
        decider_id: held.decider_id.as_deref(),
        decided_at: held.decided_at,
        effective_at: held.proposal_id.is_none().then_some(held.decided_at),
        recorded_at: held.recorded_at,
    }
}

fn put_target(columns: &mut Columns, line: &Line<'_>) {
    // The row of the node above is named like this one but for the node.
    let suffix = line
        .year_start
        .map(|year| row_id("", line.metric, line.unit, year))
        .unwrap_or_default();
    let parent = line.parent_target_id.and_then(|id| id.strip_suffix(&suffix));
    let cell = line.cell;
    // A rate is not laid over days.
    let laid = cell.filter(|_| line.unit != "ppm");
    let weights = laid.map(|cell| {
        cell.weights
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    });
    let denominator = cell.and_then(|cell| cell.denominator_planned);
    put_all(
        columns,
        [
            ("target_id", Text(&line.target_id)),
            ("version", Int(line.version)),
            ("node_id", Text(line.node_id)),
            ("node_kind", Text(line.node_kind.as_str())),
            ("parent_target_id", text(line.parent_target_id)),
            ("parent_node_id", text(parent)),
            ("metric", Text(line.metric)),
            ("unit", Text(line.unit)),
            ("currency", text(line.unit.strip_prefix("minor:"))),
            ("period_kind", Text(line.period.0.as_str())),
            ("period_start", Date(line.period.1)),
            ("period_end", Date(line.period.2)),
            ("year_start", line.year_start.map_or(Null, Date)),
            ("value", int(line.value)),
            ("valid_from", Date(line.valid_from)),
            ("kept", int(laid.map(|cell| cell.kept))),
            ("weights", text(weights.as_deref())),
            ("denominator_planned", int(denominator)),
            ("lock", text(line.lock.map(Lock::as_str))),
            ("bound", int(line.bound)),
            ("method", text(line.method)),
            ("reason_code", Text(line.reason_code)),
            ("policy_version", Text(line.policy_version)),
            ("proposal_id", text(line.proposal_id)),
            ("decided_by", Text(line.decided_by.as_str())),
            ("decider_id", text(line.decider_id)),
            ("decided_at", At(line.decided_at)),
            ("effective_at", at(line.effective_at)),
            ("recorded_at", At(line.recorded_at)),
        ],
    );
}

fn tgt_proposal(ledger: &Ledger) -> RecordBatch {
    let mut columns = Columns::new("tgt_proposal");
    for proposal in ledger.proposals() {
        put_proposal(&mut columns, proposal);
    }
    columns.finish()
}

fn put_proposal(columns: &mut Columns, proposal: &Proposal) {
    let refusal = match proposal.state {
        State::Refused(refusal) => Some(refusal.as_str()),
        State::Incomplete | State::Complete | State::Approved { .. } | State::Rejected | State::Withdrawn => None,
    };
    let received = i64::try_from(proposal.rows.len()).unwrap_or(i64::MAX);
    let ended = proposal.ended.as_ref();
    put_all(
        columns,
        [
            ("proposal_id", Text(&proposal.proposal_id)),
            ("state", Text(proposal.state.as_str())),
            ("refusal", text(refusal)),
            ("method", Text(&proposal.method)),
            ("size", Int(proposal.size)),
            ("received", Int(received)),
            ("reason_code", Text(&proposal.reason_code)),
            ("decided_by", Text(proposal.decided_by.as_str())),
            ("decider_id", text(proposal.decider_id.as_deref())),
            ("decided_at", At(proposal.decided_at)),
            ("recorded_at", At(proposal.recorded_at)),
            (
                "authority",
                text(proposal.authority.map(|authority| authority.as_str())),
            ),
            ("against", text(proposal.against.as_deref())),
            ("effective_at", at(effective_at(proposal))),
            ("ended_by", text(ended.and_then(|(who, _)| who.as_deref()))),
            ("ended_at", at(ended.map(|(_, when)| *when))),
            ("ended_reason", text(proposal.ended_reason.as_deref())),
        ],
    );
}

pub(super) fn effective_at(proposal: &Proposal) -> Option<Instant> {
    match proposal.state {
        State::Approved { effective_at } => Some(effective_at),
        State::Incomplete | State::Complete | State::Refused(_) | State::Rejected | State::Withdrawn => None,
    }
}

pub(super) fn put_all<'a>(columns: &mut Columns, cells: impl IntoIterator<Item = (&'static str, Cell<'a>)>) {
    for (name, cell) in cells {
        columns.put(name, cell);
    }
}

pub(super) fn text(value: Option<&str>) -> Cell<'_> {
    value.map_or(Null, Text)
}

pub(super) fn int<'a>(value: Option<i64>) -> Cell<'a> {
    value.map_or(Null, Int)
}

pub(super) fn at<'a>(value: Option<Instant>) -> Cell<'a> {
    value.map_or(Null, At)
}

#[cfg(test)]
mod tests;
