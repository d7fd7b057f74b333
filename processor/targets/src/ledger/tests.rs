use paceline_schemas::envelope::Envelope;
use paceline_schemas::event::target::{Cell, Evidence};
use paceline_schemas::field::Count;
use paceline_schemas::ids::{EventId, Label, LongLabel, NodeId, Source, Text64};
use paceline_schemas::symbol::{NodeKind, Recalibrated};

use super::*;
use crate::row::{reserve_id, row_id};

const YEAR: Day = Day(20_454);

fn month(at: i32) -> Day {
    crate::calendar::months_after(YEAR, at)
}

fn cells(values: &[i64]) -> Vec<Cell> {
    let each = values.iter().zip(0..).map(|(value, at)| Cell {
        month: month(at),
        value: *value,
        from: month(at),
        kept: 0,
        weights: vec![1],
        denominator_planned: None,
    });
    each.collect()
}

fn base(node: &str) -> Target {
    let kind = if node.starts_with('~') {
        NodeKind::Reserve
    } else {
        NodeKind::Rep
    };
    Target {
        target_id: LongLabel::new(&row_id(node, "wins", "count", YEAR)).ok(),
        parent_target_id: LongLabel::new(&row_id("t", "wins", "count", YEAR)).ok(),
        node_id: NodeId::new(node).ok(),
        node_kind: Some(kind),
        metric: Label::new("wins").ok(),
        unit: Text64::new("count").ok(),
        period_kind: Some(PeriodKind::Year),
        period_start: Some(YEAR),
        period_end: Some(month(12).plus(-1)),
        reason_code: Label::new("plan").ok(),
        policy_version: Label::new("tp-1").ok(),
        decided_by: Some(DecidedBy::Person),
        decider_id: Label::new("anna").ok(),
        ..Target::default()
    }
}

fn proposed(proposal: &str, size: i64, node: &str, version: i64, values: &[i64]) -> Entry {
    let data = Target {
        version: Some(Count(version)),
        supersedes_version: (version > 1).then_some(Count(version - 1)),
        value: Some(values.iter().sum()),
        cells: cells(values),
        method: Label::new("plan").ok(),
        proposal_id: LongLabel::new(proposal).ok(),
        proposal_size: Some(Count(size)),
        ..base(node)
    };
    entry(EventType::TargetProposed, data)
}

fn ended(event_type: EventType, proposal: &str, who: &str) -> Entry {
    let data = Target {
        proposal_id: LongLabel::new(proposal).ok(),
        effective_at: Some(Instant(7)),
        decided_by: Some(DecidedBy::Person),
        decider_id: Label::new(who).ok(),
        ..Target::default()
    };
    entry(event_type, data)
}

fn adjusted(version: i64, base_version: i64, values: &[i64]) -> Entry {
    let old = 12;
    let data = Target {
        version: Some(Count(version)),
        supersedes_version: Some(Count(base_version)),
        value: Some(values.iter().sum()),
        cells: cells(values),
        old_value: Some(old),
        proposed_value: Some(values.iter().sum()),
        against: LongLabel::new(&row_id(&reserve_id("t"), "wins", "count", YEAR)).ok(),
        evidence: Some(Evidence {
            as_of: YEAR.plus(i32::try_from(version).expect("small")),
            ..Evidence::default()
        }),
        outcome: Some(Recalibrated::Applied),
        decided_by: Some(DecidedBy::Policy),
        ..base("r-1")
    };
    entry(EventType::TargetAdjusted, data)
}

fn entry(event_type: EventType, data: Target) -> Entry {
    let source = Source::new("//t/paceline/targets").expect("source");
    Entry {
        event: Event {
            envelope: Envelope::new(event_type, source, EventId::new("e").expect("id"), Instant(1)),
            data: Data::Target(Box::new(data)),
        },
        recorded_at: Instant(2),
    }
}

fn plan() -> Vec<Entry> {
    let year = [1_i64; 12];
    vec![
        proposed("p-1", 2, "r-1", 1, &year),
        proposed("p-1", 2, &reserve_id("t"), 1, &[0; 12]),
        ended(EventType::TargetApproved, "p-1", "ben"),
    ]
}

fn row<'a>(ledger: &'a Ledger, node: &str) -> &'a Row {
    ledger.row(&row_id(node, "wins", "count", YEAR)).expect("row")
}

#[test]
fn no_row_of_a_proposal_counts_before_the_last_one_is_there_and_it_is_approved() {
    let all = plan();
    let state = |count: usize| {
        let ledger = Ledger::of(&all[..count]);
        (
            ledger.proposal("p-1").expect("proposal").state,
            row(&ledger, "r-1").current(),
        )
    };
    assert_eq!(state(1), (State::Incomplete, 0));
    assert_eq!(state(2), (State::Complete, 0));
    assert_eq!(
        state(3),
        (
            State::Approved {
                effective_at: Instant(7)
            },
            1
        )
    );
    let early = [all[0].clone(), all[2].clone(), all[1].clone()];
    assert_eq!(row(&Ledger::of(&early), "r-1").current(), 0);
}

#[test]
fn an_entry_that_comes_twice_changes_nothing_the_second_time() {
    let mut all = plan();
    all.push(adjusted(2, 1, &[2]));
    let twice: Vec<Entry> = all.iter().flat_map(|entry| [entry.clone(), entry.clone()]).collect();
    let (once, twice) = (Ledger::of(&all), Ledger::of(&twice));
    assert_eq!(once.rows().collect::<Vec<_>>(), twice.rows().collect::<Vec<_>>());
    assert_eq!(
        once.proposals().collect::<Vec<_>>(),
        twice.proposals().collect::<Vec<_>>()
    );
    assert_eq!(once.decisions().count(), twice.decisions().count());
}

#[test]
fn who_made_a_proposal_does_not_approve_it_and_what_has_ended_stays_so() {
    let mut all = plan();
    all[2] = ended(EventType::TargetApproved, "p-1", "anna");
    assert_eq!(
        Ledger::of(&all).proposal("p-1").expect("proposal").state,
        State::Complete
    );
    all[2] = ended(EventType::TargetRejected, "p-1", "ben");
    all.push(ended(EventType::TargetApproved, "p-1", "ben"));
    let ledger = Ledger::of(&all);
    assert_eq!(ledger.proposal("p-1").expect("proposal").state, State::Rejected);
    assert_eq!(row(&ledger, "r-1").versions[0].standing, Standing::Dropped);
}

#[test]
fn a_proposal_upon_a_version_that_was_replaced_is_refused() {
    let mut all = plan();
    all.push(proposed("p-2", 1, "r-1", 2, &[3]));
    all.push(proposed("p-3", 1, "r-1", 3, &[4]));
    let ledger = Ledger::of(&all);
    assert_eq!(ledger.proposal("p-2").expect("proposal").state, State::Complete);
    // It supersedes version 2, which nobody has approved.
    assert_eq!(
        ledger.proposal("p-3").expect("proposal").state,
        State::Refused(Refusal::StaleBase)
    );
    all.push(ended(EventType::TargetApproved, "p-2", "ben"));
    assert_eq!(row(&Ledger::of(&all), "r-1").current(), 2);
}

#[test]
fn a_row_that_does_not_sum_to_its_year_is_refused_and_so_is_a_plan_that_does_not_meet_its_total() {
    let mut wrong = proposed("p-1", 1, "r-1", 1, &[1; 12]);
    if let Data::Target(data) = &mut wrong.event.data {
        data.value = Some(13);
    }
    let refused = |entries: &[Entry]| Ledger::of(entries).proposal("p-1").expect("proposal").state;
    assert_eq!(refused(&[wrong]), State::Refused(Refusal::SumMismatch));
    let entered = |bound: i64| {
        let data = Target {
            lock: Some(Lock::Entered),
            bound: Some(bound),
            proposal_id: LongLabel::new("p-1").ok(),
            target_id: None,
            ..base("t")
        };
        entry(EventType::TargetLocked, data)
    };
    assert_eq!(
        refused(&[entered(12), proposed("p-1", 1, "r-1", 1, &[1; 12])]),
        State::Complete
    );
    assert_eq!(
        refused(&[entered(11), proposed("p-1", 1, "r-1", 1, &[1; 12])]),
        State::Refused(Refusal::SumMismatch)
    );
}

#[test]
fn a_locked_month_takes_no_other_value_until_the_lock_is_off() {
    let lock = |lock: Lock, bound: Option<i64>| {
        let data = Target {
            lock: Some(lock),
            bound,
            target_id: None,
            period_kind: Some(PeriodKind::Month),
            period_end: Some(month(1).plus(-1)),
            ..base("r-1")
        };
        entry(EventType::TargetLocked, data)
    };
    let mut all = plan();
    all.extend([lock(Lock::Value, Some(1)), proposed("p-2", 1, "r-1", 2, &[5])]);
    assert_eq!(
        Ledger::of(&all).proposal("p-2").expect("proposal").state,
        State::Refused(Refusal::Locked)
    );
    all.insert(4, lock(Lock::None, None));
    let ledger = Ledger::of(&all);
    assert_eq!(ledger.proposal("p-2").expect("proposal").state, State::Complete);
    assert_eq!((ledger.held().count(), ledger.holding().count()), (2, 0));
}

#[test]
fn what_an_adjustment_takes_from_a_rep_the_reserve_has() {
    let mut all = plan();
    all.push(adjusted(2, 1, &[4, 1]));
    let ledger = Ledger::of(&all);
    let reserve = row(&ledger, &reserve_id("t"));
    assert_eq!(reserve.month(month(0)).expect("month").1.value, -3);
    assert_eq!((reserve.current(), row(&ledger, "r-1").current()), (2, 2));
    let sum = |at: i32| {
        let values = ledger
            .rows()
            .filter_map(|row| row.month(month(at)).map(|(_, cell)| cell.value));
        values.sum::<i64>()
    };
    assert!((0..12).all(|at| sum(at) == 1));
    // Upon a version that has been replaced it is noted, and changes nothing.
    all.push(adjusted(3, 1, &[9]));
    let ledger = Ledger::of(&all);
    assert_eq!(row(&ledger, "r-1").current(), 2);
    assert!(ledger.decisions().any(|decided| decided.is_stale));
}
