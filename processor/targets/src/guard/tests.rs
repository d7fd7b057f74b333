use super::*;

fn day(text: &str) -> Day {
    Day::parse(text).expect("day")
}

fn cell(month: &str, from: &str, kept: i64, left: i64) -> (Cell, i64) {
    let cell = Cell {
        month: day(month),
        value: kept + left,
        from: day(from),
        kept,
        weights: vec![1],
        denominator_planned: None,
    };
    (cell, left)
}

/// A target of wins that has been missed by a third, seen twice.
fn missed() -> Case {
    Case {
        is_eligible: true,
        evidence: 52_400_000,
        evidence_min: 20_000_000,
        theta: 668_000,
        low: 509_000,
        high: 844_000,
        confirmations: 2,
        quarter_used: ONE,
        remainder: vec![
            cell("2026-04-01", "2026-04-23", 27, 13),
            cell("2026-05-01", "2026-05-01", 0, 42),
            cell("2026-06-01", "2026-06-01", 0, 44),
        ],
        effective: Some(day("2026-04-23")),
        ..Case::default()
    }
}

fn judged(case: &Case, policy: &Policy) -> (Recalibrated, &'static str) {
    let change = case.change(policy);
    let verdict = case.judge(policy, &change, Some((true, 0, 0)));
    (verdict.outcome, verdict.reason)
}

#[test]
fn a_change_is_capped_and_rounded_towards_what_was() {
    let change = missed().change(&Policy::default());
    assert_eq!((change.ratio, change.old, change.new), (850_000, 99, 86));
    let deltas: Vec<i64> = change.deltas.iter().map(|(_, delta)| *delta).collect();
    assert_eq!(deltas, [-1, -6, -6]);
    // 42 would become 29 without the cap.
    assert_eq!(towards_old(42, 668_000), -13);
    assert_eq!(towards_old(-42, 668_000), 13);
}

#[test]
fn every_reason_has_a_case_and_the_first_failing_check_decides() {
    let policy = Policy::default();
    let kept = Recalibrated::Kept;
    let with = |change: &dyn Fn(&mut Case)| {
        let mut case = missed();
        change(&mut case);
        judged(&case, &policy)
    };
    assert_eq!(with(&|_| ()), (Recalibrated::Proposed, "evidence_below"));
    assert_eq!(with(&|case| case.is_eligible = false), (kept, "not_eligible"));
    assert_eq!(with(&|case| case.open_days = 1), (kept, "data_not_ready"));
    assert_eq!(with(&|case| case.missing_ppm = 10_001), (kept, "data_not_ready"));
    assert_eq!(with(&|case| case.unreconciled_deals = 1), (kept, "data_not_ready"));
    assert_eq!(with(&|case| case.is_frozen = true), (kept, "frozen"));
    assert_eq!(with(&|case| case.since_change = Some(19)), (kept, "cooldown"));
    assert_eq!(with(&|case| case.since_change = Some(20)).1, "evidence_below");
    assert_eq!(
        with(&|case| case.evidence = 19_999_999),
        (kept, "insufficient_evidence")
    );
    assert_eq!(with(&|case| case.rare_side = Some(9)), (kept, "insufficient_evidence"));
    assert_eq!(with(&|case| case.high = 970_000), (kept, "within_band"));
    assert_eq!(
        with(&|case| case.confirmations = 1),
        (Recalibrated::Watching, "awaiting_confirmation")
    );
    assert_eq!(with(&|case| case.quarter_used = 750_000), (kept, "quarter_cap_reached"));
    let few = |case: &mut Case| case.remainder = vec![cell("2026-04-01", "2026-04-23", 27, 6)];
    assert_eq!(with(&few), (kept, "below_resolution"));
    // Two checks fail: the earlier one decides.
    let both = |case: &mut Case| {
        case.is_frozen = true;
        case.confirmations = 0;
    };
    assert_eq!(with(&both), (kept, "frozen"));
}

#[test]
fn the_reserve_and_the_authority_end_what_the_evidence_allows() {
    let policy = Policy::default();
    let case = missed();
    let change = case.change(&policy);
    let verdict = case.judge(&policy, &change, Some((false, 7, 5)));
    assert_eq!(
        (verdict.outcome, verdict.reason),
        (Recalibrated::NeedsParent, "reserve_exhausted")
    );
    assert_eq!(verdict.authority, Authority::Site);
    assert_eq!(verdict.checks.len(), 13);
    for (theta, authority, outcome) in [
        (960_000, Authority::Policy, Recalibrated::Applied),
        (910_000, Authority::Team, Recalibrated::Proposed),
        (850_000, Authority::Site, Recalibrated::Proposed),
    ] {
        let case = Case {
            theta,
            high: 969_000,
            ..missed()
        };
        let change = case.change(&policy);
        let verdict = case.judge(&policy, &change, Some((true, 0, 0)));
        assert_eq!((verdict.authority, verdict.outcome), (authority, outcome));
    }
    let bold = Policy {
        cap_step_ppm: 300_000,
        ..policy
    };
    let change = case.change(&bold);
    assert_eq!(case.judge(&bold, &change, None).authority, Authority::Company);
}

#[test]
fn a_quarter_never_changes_by_more_than_its_bound() {
    let policy = Policy::default();
    for used in (750_000..=1_250_000).step_by(7_919) {
        for theta in [500_000, 900_000, 1_100_000, 1_500_000] {
            let case = Case {
                quarter_used: used,
                theta,
                ..missed()
            };
            let after = used * case.change(&policy).ratio / ONE;
            assert!((750_000..=1_250_000).contains(&after), "{used} {theta} {after}");
        }
    }
}

#[test]
fn a_rate_changes_as_a_whole_and_asks_no_reserve() {
    let rate = |value| {
        let mut cell = cell("2026-05-01", "2026-05-01", 0, value);
        cell.0.weights.clear();
        cell
    };
    let case = Case {
        is_rate: true,
        remainder: vec![rate(50_000), rate(50_000)],
        ..missed()
    };
    let change = case.change(&Policy::default());
    assert_eq!((change.old, change.new, change.uncapped), (50_000, 42_500, 33_400));
}
