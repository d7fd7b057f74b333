use paceline_schemas::measure::{Measure, Vector};
use paceline_schemas::symbol::{Lock, NodeKind};

use super::*;
use crate::calendar::tests::weekdays;
use crate::calendar::{month_end, months_after};
use crate::evidence::{Readiness, Rep};
use crate::ledger::Entry;
use crate::row::{reserve_id, row_id};

const YEAR: Day = Day(20_454);

fn day(text: &str) -> Day {
    Day::parse(text).expect("day")
}

/// Ten reps of one team, each with 40 wins a month to make, and a reserve of nothing.
fn known() -> Vec<Entry> {
    let calendar = weekdays("2025-12-01", "2027-02-28");
    let row = |node: &str, value: i64| {
        let cells = (0..12).map(|at| {
            let month = months_after(YEAR, at);
            let weights = calendar.span(month, month_end(month)).iter().map(|date| date.weight_bp);
            Cell {
                month,
                value,
                from: month,
                kept: 0,
                weights: weights.collect(),
                denominator_planned: None,
            }
        });
        let kind = if node.starts_with('~') {
            NodeKind::Reserve
        } else {
            NodeKind::Rep
        };
        let data = Target {
            target_id: Some(long(&row_id(node, "wins", "count", YEAR))),
            version: Some(Count(1)),
            parent_target_id: Some(long(&row_id("team", "wins", "count", YEAR))),
            node_id: NodeId::new(node).ok(),
            node_kind: Some(kind),
            metric: Some(label("wins")),
            unit: Text64::new("count").ok(),
            period_kind: Some(PeriodKind::Year),
            period_start: Some(YEAR),
            period_end: Some(months_after(YEAR, 12).plus(-1)),
            value: Some(value * 12),
            cells: cells.collect(),
            method: Some(label("plan")),
            proposal_id: Some(long("plan")),
            proposal_size: Some(Count(11)),
            decided_by: Some(DecidedBy::Person),
            decider_id: Some(label("anna")),
            ..Target::default()
        };
        entry(EventType::TargetProposed, data)
    };
    let mut all: Vec<Entry> = (0..10).map(|rep| row(&format!("r-{rep}"), 40)).collect();
    all.push(row(&reserve_id("team"), 0));
    let data = Target {
        proposal_id: Some(long("plan")),
        effective_at: Some(Instant(0)),
        decided_by: Some(DecidedBy::Person),
        decider_id: Some(label("ben")),
        ..Target::default()
    };
    all.push(entry(EventType::TargetApproved, data));
    all
}

fn entry(event_type: EventType, data: Target) -> Entry {
    let source = Source::new("//t/paceline/targets").expect("source");
    let id = EventId::new("e").expect("id");
    Entry {
        event: Event {
            envelope: paceline_schemas::envelope::Envelope::new(event_type, source, id, Instant(0)),
            data: Data::Target(Box::new(data)),
        },
        recorded_at: Instant(0),
    }
}

/// `wins` of each rep in the eight weeks up to `as_of`.
fn facts(as_of: &str, wins: &[i64; 10]) -> Facts {
    let as_of = day(as_of);
    let mut facts = Facts {
        as_of,
        from: as_of.plus(-55),
        calendar: weekdays("2025-12-01", "2027-02-28"),
        ..Facts::default()
    };
    for (rep, wins) in wins.iter().enumerate() {
        let person = Rep {
            team_id: "team".to_owned(),
            site_id: "s".to_owned(),
            role: "seller".to_owned(),
            hired_on: None,
            is_active: true,
        };
        facts.reps.insert(format!("r-{rep}"), person);
        let mut vector = Vector::ZERO;
        vector.0[Measure::Wins as usize] = *wins;
        facts.results.insert((format!("r-{rep}"), "CNY".to_owned()), vector);
    }
    facts
}

fn decided(facts: &Facts, known: &[Entry], policy: &Policy) -> Vec<Decision> {
    let ledger = Ledger::of(known);
    recalibrate(Run {
        facts,
        known: &ledger,
        policy,
        policy_version: "tp-1",
    })
}

fn of(decisions: &[Decision], rep: usize) -> &Target {
    let name = format!("r-{rep}");
    let is_meant = |decision: &&Decision| decision.data.node_id.as_ref().is_some_and(|node| node.as_str() == name);
    &decisions.iter().find(is_meant).expect("decision").data
}

fn reason(data: &Target) -> &str {
    data.reason_code.as_ref().map_or("", |reason| reason.as_str())
}

const STEADY: [i64; 10] = [73, 75, 74, 72, 76, 73, 71, 75, 74, 38];

/// The same evidence week after week, each decision taken into the log.
fn weeks(count: usize, wins: &[i64; 10], policy: &Policy) -> (Vec<Entry>, Vec<Decision>) {
    let mut log = known();
    let mut last = Vec::new();
    for week in 0..count {
        let as_of = day("2026-04-05").plus(7 * i32::try_from(week).expect("small"));
        last = decided(&facts(&as_of.to_string(), wins), &log, policy);
        let source = Source::new("//t/paceline/targets").expect("source");
        log.extend(last.iter().map(|decision| Entry {
            event: decision.event(source.clone()),
            recorded_at: Instant(0),
        }));
    }
    (log, last)
}

#[test]
fn every_target_gets_one_decision_with_a_reason_and_all_checks() {
    let decisions = decided(&facts("2026-04-05", &STEADY), &known(), &Policy::default());
    assert_eq!(decisions.len(), 10);
    for decision in &decisions {
        assert_eq!(decision.data.checks.len(), 13);
        assert!(!reason(&decision.data).is_empty());
        let evidence = decision.data.evidence.as_ref().expect("evidence");
        assert!(evidence.low <= evidence.theta && evidence.theta <= evidence.high);
    }
    assert_eq!(reason(of(&decisions, 0)), "within_band");
    assert_eq!(reason(of(&decisions, 9)), "awaiting_confirmation");
}

#[test]
fn a_second_look_two_weeks_later_confirms_and_the_reserve_takes_the_difference() {
    let policy = Policy {
        authority_policy_ppm: 150_000,
        authority_team_ppm: 150_000,
        ..Policy::default()
    };
    let (log, second) = weeks(2, &STEADY, &policy);
    assert_eq!(reason(of(&second, 9)), "awaiting_confirmation");
    let (log, third) = {
        drop((log, second));
        weeks(3, &STEADY, &policy)
    };
    let changed = of(&third, 9);
    assert_eq!(
        (reason(changed), changed.outcome),
        ("evidence_below", Some(Recalibrated::Applied))
    );
    let ledger = Ledger::of(&log);
    let row = ledger.row(&row_id("r-9", "wins", "count", YEAR)).expect("row");
    let reserve = ledger
        .row(&row_id(&reserve_id("team"), "wins", "count", YEAR))
        .expect("reserve");
    for at in 0..12 {
        let month = months_after(YEAR, at);
        let (own, held) = (
            row.month(month).expect("month").1,
            reserve.month(month).expect("month").1,
        );
        assert_eq!(own.value + held.value, 40, "{month}");
    }
    // Days before the change keep their targets, and the months after the quarter the plan's.
    let (version, cell) = row.day(day("2026-04-24")).expect("day");
    assert_eq!((version.number, cell.from), (1, day("2026-04-01")));
    assert_eq!(row.month(day("2026-07-01")).expect("month").1.value, 40);
    let (_, fourth) = weeks(4, &STEADY, &policy);
    assert_eq!(reason(of(&fourth, 9)), "cooldown");
}

#[test]
fn what_the_reserve_cannot_take_goes_to_the_parent() {
    let policy = Policy {
        authority_policy_ppm: 150_000,
        authority_team_ppm: 150_000,
        reserve_bounds_ppm: 10_000,
        ..Policy::default()
    };
    let (_, third) = weeks(3, &STEADY, &policy);
    assert_eq!(of(&third, 9).outcome, Some(Recalibrated::NeedsParent));
}

#[test]
fn the_same_facts_give_the_same_bytes_and_other_facts_another_digest() {
    let bytes = |facts: &Facts| {
        let decisions = decided(facts, &known(), &Policy::default());
        decisions.iter().map(Decision::canonical).collect::<Vec<_>>()
    };
    let facts = facts("2026-04-05", &STEADY);
    assert_eq!(bytes(&facts), bytes(&facts.clone()));
    let mut other = facts.clone();
    other.readiness = Readiness {
        missing_ppm: 1,
        ..Readiness::default()
    };
    assert_ne!(bytes(&facts), bytes(&other));
}

#[test]
fn who_is_gone_or_locked_or_has_no_evidence_keeps_the_target() {
    let mut facts = facts("2026-04-05", &STEADY);
    facts.reps.remove("r-1");
    let mut log = known();
    let held = Target {
        node_id: NodeId::new("r-2").ok(),
        node_kind: Some(NodeKind::Rep),
        metric: Some(label("wins")),
        unit: Text64::new("count").ok(),
        period_kind: Some(PeriodKind::Quarter),
        period_start: Some(day("2026-04-01")),
        period_end: Some(day("2026-06-30")),
        lock: Some(Lock::Value),
        bound: Some(120),
        ..Target::default()
    };
    log.push(entry(EventType::TargetLocked, held));
    let decisions = decided(&facts, &log, &Policy::default());
    assert_eq!(reason(of(&decisions, 1)), "not_eligible");
    assert_eq!(reason(of(&decisions, 2)), "not_eligible");
    let strict = Policy {
        expected_min: 1_000,
        ..Policy::default()
    };
    assert_eq!(
        reason(of(&decided(&facts, &known(), &strict), 3)),
        "insufficient_evidence"
    );
    facts.readiness.open_days = 1;
    assert_eq!(
        reason(of(&decided(&facts, &known(), &Policy::default()), 3)),
        "data_not_ready"
    );
}
