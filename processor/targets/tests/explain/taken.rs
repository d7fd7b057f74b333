//! Decisions that a recalibration takes about a team of ten, one of whom wins half of what the targets expect.

use std::collections::BTreeMap;

use paceline_schemas::envelope::Envelope;
use paceline_schemas::event::{Data, Event, EventType, Target};
use paceline_schemas::field::Count;
use paceline_schemas::ids::{EventId, Label, LongLabel, NodeId, Source, Text64};
use paceline_schemas::measure::{Measure, Vector};
use paceline_schemas::symbol::{DecidedBy, NodeKind, PeriodKind};
use paceline_schemas::time::Instant;
use paceline_targets::{Decision, Entry, Facts, Ledger, Policy, Readiness, Rep, Run, month_start, recalibrate, row_id};

use crate::cases::{calendar, day, row};

const REPS: [(&str, i64); 10] = [
    ("r-001", 81),
    ("r-002", 76),
    ("r-003", 72),
    ("r-004", 84),
    ("r-005", 78),
    ("r-006", 69),
    ("r-007", 88),
    ("r-008", 75),
    ("r-009", 80),
    ("r-017", WEAK),
];
const WEAK: i64 = 38;

/// The first decision about the weak one, the second, and what the log knew before the second.
pub(crate) fn decisions() -> (Decision, Decision, Ledger) {
    let mut ledger = planned();
    let first = decide(&ledger, "2026-04-01", WEAK);
    ledger.apply(&Entry {
        event: first.event(Source::new("paceline/targets").expect("source")),
        recorded_at: first.time,
    });
    let second = decide(&ledger, "2026-04-15", WEAK);
    (first, second, ledger)
}

/// What the log knows after the plan.
pub(crate) fn planned() -> Ledger {
    Ledger::of(&plan())
}

/// The decision about the weak one with so many wins.
pub(crate) fn decide(known: &Ledger, as_of: &str, own: i64) -> Decision {
    let rep = Rep {
        team_id: "t-1".to_owned(),
        site_id: "s-1".to_owned(),
        role: "seller".to_owned(),
        hired_on: Some(day("2024-01-01")),
        is_active: true,
    };
    let wins = REPS.iter().map(|(rep_id, wins)| {
        let mut vector = Vector::ZERO;
        vector.0[Measure::Wins as usize] = if *rep_id == "r-017" { own } else { *wins };
        (((*rep_id).to_owned(), String::new()), vector)
    });
    let facts = Facts {
        as_of: day(as_of),
        from: day(as_of).plus(-55),
        reps: REPS
            .iter()
            .map(|(rep_id, _)| ((*rep_id).to_owned(), rep.clone()))
            .collect(),
        results: wins.collect(),
        deals: BTreeMap::new(),
        calendars: BTreeMap::new(),
        calendar: calendar(),
        readiness: Readiness::default(),
    };
    let run = Run {
        facts: &facts,
        known,
        policy: &Policy::default(),
        policy_version: "tp-1",
    };
    let is_weak = |decision: &Decision| decision.data.node_id.as_ref().is_some_and(|id| id.as_str() == "r-017");
    recalibrate(run).into_iter().find(is_weak).expect("a decision")
}

/// A plan of 40 wins a month for everyone, and its approval.
fn plan() -> Vec<Entry> {
    let reps = REPS.iter().map(|(rep_id, _)| (*rep_id, NodeKind::Rep, 40));
    let rows: Vec<_> = reps.chain([("~reserve.t-1", NodeKind::Reserve, 0)]).collect();
    let size = i64::try_from(rows.len()).expect("few");
    let proposed = rows.iter().map(|(node, kind, value)| {
        let mut row = row("wins", "count", [*value; 3]);
        let cells = std::mem::take(&mut row.versions[0].cells);
        Target {
            target_id: LongLabel::new(&row_id(node, "wins", "count", day("2026-01-01"))).ok(),
            version: Some(Count(1)),
            parent_target_id: LongLabel::new("t-1:wins:2026").ok(),
            node_id: NodeId::new(node).ok(),
            node_kind: Some(*kind),
            metric: Label::new("wins").ok(),
            unit: Text64::new("count").ok(),
            period_kind: Some(PeriodKind::Year),
            period_start: Some(row.period_start),
            period_end: Some(row.period_end),
            value: Some(value * 12),
            cells,
            decided_by: Some(DecidedBy::Person),
            decider_id: Label::new("anna").ok(),
            method: Label::new("plan").ok(),
            proposal_id: LongLabel::new("plan-2026").ok(),
            proposal_size: Some(Count(size)),
            ..Target::default()
        }
    });
    let approved = Target {
        proposal_id: LongLabel::new("plan-2026").ok(),
        decided_by: Some(DecidedBy::Person),
        decider_id: Label::new("ben").ok(),
        ..Target::default()
    };
    let proposed = proposed.map(|data| (EventType::TargetProposed, data));
    let all = proposed.chain([(EventType::TargetApproved, approved)]);
    all.zip(0..)
        .map(|((event_type, data), at)| entry(event_type, data, at))
        .collect()
}

fn entry(event_type: EventType, data: Target, at: i64) -> Entry {
    let time = Instant(i64::from(month_start(day("2025-12-15")).0) * 86_400_000_000 + at);
    let source = Source::new("paceline/tests").expect("source");
    Entry {
        event: Event {
            envelope: Envelope::new(event_type, source, EventId::new(&format!("e-{at}")).expect("id"), time),
            data: Data::Target(Box::new(data)),
        },
        recorded_at: time,
    }
}
