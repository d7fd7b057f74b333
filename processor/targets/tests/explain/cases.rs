//! Decisions as data: one about 31 wins where 52.4 were expected, and what others differ from it by.

use paceline_schemas::event::Target;
use paceline_schemas::event::target::{Cell, Check, Evidence};
use paceline_schemas::field::Count;
use paceline_schemas::ids::{Label, LongLabel, NodeId, Text64};
use paceline_schemas::symbol::{Authority, DecidedBy, NodeKind, PeriodKind, Recalibrated};
use paceline_schemas::time::{Day, Instant};
use paceline_targets::{Calendar, CalendarDay, Row, Standing, Version, month_end, months_after};

pub(crate) const ID: &str = "5c1e0a2b6f3d4c7e98a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f607";

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).expect("day")
}

/// Monday to Friday.
pub(crate) fn calendar() -> Calendar {
    let days = (day("2025-10-01").0..=day("2027-03-31").0).map(|number| {
        let day = Day(number);
        let date = day.date();
        let workday = date.weekday().to_monday_zero_offset() < 5;
        let quarter = (date.month() - 1) / 3 * 3 + 1;
        CalendarDay {
            day,
            workday,
            weight_bp: if workday { 10_000 } else { 0 },
            quarter_start: self::day(&format!("{:04}-{quarter:02}-01", date.year())),
            year_start: self::day(&format!("{:04}-01-01", date.year())),
            starts_at: Instant(i64::from(number) * 86_400_000_000),
            ends_at: Instant((i64::from(number) + 1) * 86_400_000_000),
        }
    });
    Calendar::new(days.collect()).expect("consecutive")
}

pub(crate) fn cell(month: &str, from: &str, value: i64, kept: i64) -> Cell {
    Cell {
        month: day(month),
        value,
        from: day(from),
        kept,
        weights: calendar().weights(day(from)),
        denominator_planned: None,
    }
}

/// The plan: the same value in every month but those that `values` name, from April on.
pub(crate) fn row(metric: &str, unit: &str, values: [i64; 3]) -> Row {
    let start = day("2026-01-01");
    let cells = (0..12).map(|count| {
        let month = months_after(start, count);
        let value = values
            .get((count - 3).unsigned_abs() as usize)
            .copied()
            .unwrap_or(values[0]);
        let mut cell = cell(&month.to_string(), &month.to_string(), value, 0);
        if unit == "ppm" {
            cell.weights.clear();
        }
        cell
    });
    let plan = Version {
        number: 1,
        cells: cells.collect(),
        value: 0,
        method: "plan".to_owned(),
        proposal_id: Some("plan-2026".to_owned()),
        reason_code: "plan".to_owned(),
        policy_version: "tp-7".to_owned(),
        decided_by: DecidedBy::Person,
        decider_id: Some("anna".to_owned()),
        decided_at: Instant(0),
        recorded_at: Instant(0),
        change: None,
        as_of: None,
        standing: Standing::Approved {
            at: Instant(0),
            effective_at: Instant(0),
        },
    };
    Row {
        target_id: format!("r-017:{metric}:2026"),
        parent_target_id: Some(format!("t-1:{metric}:2026")),
        node_id: "r-017".to_owned(),
        node_kind: NodeKind::Rep,
        metric: metric.to_owned(),
        unit: unit.to_owned(),
        period_start: start,
        period_end: month_end(day("2026-12-01")),
        versions: vec![plan],
    }
}

fn check(name: &str, passed: bool, numbers: Option<(i64, i64)>) -> Check {
    Check {
        check: Label::new(name).expect("name"),
        passed,
        measured: numbers.map(|(measured, _)| measured),
        bound: numbers.map(|(_, bound)| bound),
    }
}

fn checks() -> Vec<Check> {
    let effective = i64::from(day("2026-04-23").0);
    vec![
        check("eligible", true, None),
        check("data_ready", true, Some((2_000, 10_000))),
        check("not_frozen", true, None),
        check("cooldown", true, None),
        check("evidence", true, Some((52_400_000, 20_000_000))),
        check("not_common", true, None),
        check("significant", true, Some((843_540, 970_000))),
        check("confirmed", true, Some((2, 2))),
        check("capped", true, Some((-150_000, 0))),
        check("material", true, Some((13, 1))),
        check("dated", true, Some((effective, 5))),
        check("budget", true, Some((6, 48))),
        check("authority", false, Some((150_000, 50_000))),
    ]
}

/// Proposed to the manager of the site: 99 wins of the quarter become 86. The peers are Gamma(12, 12).
pub(crate) fn proposed() -> Target {
    Target {
        target_id: LongLabel::new("r-017:wins:2026").ok(),
        version: Some(Count(2)),
        parent_target_id: LongLabel::new("t-1:wins:2026").ok(),
        node_id: NodeId::new("r-017").ok(),
        node_kind: Some(NodeKind::Rep),
        metric: Label::new("wins").ok(),
        unit: Text64::new("count").ok(),
        period_kind: Some(PeriodKind::Year),
        period_start: Some(day("2026-01-01")),
        period_end: Some(day("2026-12-31")),
        policy_version: Label::new("tp-7").ok(),
        reason_code: Label::new("evidence_below").ok(),
        evidence: Some(Evidence {
            as_of: day("2026-04-15"),
            from: day("2026-02-19"),
            n_eff: 52_400_000,
            numerator: 31,
            denominator: 52,
            theta: 667_702,
            low: 509_498,
            high: 843_540,
            weight_own: 813_665,
            peers: 24,
            prior_strength: 12_000_000,
            confirmations: 2,
            inputs_sha256: Label::default(),
        }),
        decided_by: Some(DecidedBy::Policy),
        cells: vec![
            cell("2026-04-01", "2026-04-23", 39, 27),
            cell("2026-05-01", "2026-05-01", 36, 0),
            cell("2026-06-01", "2026-06-01", 38, 0),
        ],
        method: Label::new("recalibrate").ok(),
        supersedes_version: Some(Count(1)),
        proposal_id: LongLabel::new(ID).ok(),
        proposal_size: Some(Count(1)),
        old_value: Some(99),
        proposed_value: Some(86),
        uncapped_value: Some(68),
        checks: checks(),
        outcome: Some(Recalibrated::Proposed),
        authority: Some(Authority::Site),
        ..Target::default()
    }
}

/// Gives a check other numbers.
pub(crate) fn measured(data: &mut Target, name: &str, numbers: (i64, i64)) {
    for check in data.checks.iter_mut().filter(|check| check.check.as_str() == name) {
        (check.measured, check.bound) = (Some(numbers.0), Some(numbers.1));
    }
}

pub(crate) fn passes(data: &mut Target, name: &str, passed: bool) {
    for check in data.checks.iter_mut().filter(|check| check.check.as_str() == name) {
        check.passed = passed;
    }
}

/// Gives a decision other evidence.
pub(crate) fn evidence(data: &mut Target, set: impl FnOnce(&mut Evidence)) {
    set(data.evidence.as_mut().expect("evidence"));
}

/// A decision that changes nothing, by the check of that name.
pub(crate) fn stays(name: &str, outcome: Recalibrated, reason: &str) -> Target {
    let mut data = proposed();
    passes(&mut data, name, false);
    data.outcome = Some(outcome);
    data.reason_code = Label::new(reason).ok();
    data.version = Some(Count(1));
    data.cells.clear();
    (data.supersedes_version, data.proposal_id, data.proposal_size) = (None, None, None);
    data
}

pub(crate) fn kept(name: &str, reason: &str) -> Target {
    stays(name, Recalibrated::Kept, reason)
}

/// Makes it a decision about money: 20.4 million minor units of 34 deals, where 31.2 million were expected.
pub(crate) fn of_money(data: &mut Target) {
    data.target_id = LongLabel::new("r-017:revenue_minor:CNY:2026").ok();
    data.metric = Label::new("revenue_minor").ok();
    data.unit = Text64::new("minor:CNY").ok();
    evidence(data, |evidence| {
        (evidence.n_eff, evidence.numerator, evidence.denominator) = (34_000_000, 20_400_000, 31_200_000);
        (evidence.theta, evidence.low, evidence.high) = (701_300, 520_100, 902_400);
        evidence.weight_own = 731_000;
    });
    measured(data, "evidence", (34_000_000, 20_000_000));
    measured(data, "significant", (902_400, 970_000));
    (data.old_value, data.proposed_value, data.uncapped_value) = (Some(60_000_000), Some(51_000_000), Some(42_078_000));
    measured(data, "material", (9_000_000, 1_200_000));
    measured(data, "budget", (3_600_000, 36_000_000));
}

/// Makes it a decision about a rate: 21 wins of 300 contacts, where the target is 10 %.
pub(crate) fn of_rate(data: &mut Target) {
    data.target_id = LongLabel::new("r-017:close_per_contact:2026").ok();
    data.metric = Label::new("close_per_contact").ok();
    data.unit = Text64::new("ppm").ok();
    evidence(data, |evidence| {
        (evidence.n_eff, evidence.numerator, evidence.denominator) = (300_000_000, 21, 300);
        (evidence.theta, evidence.low, evidence.high) = (760_000, 572_000, 961_000);
        evidence.weight_own = 750_000;
    });
    measured(data, "evidence", (300_000_000, 200_000_000));
    measured(data, "significant", (961_000, 970_000));
    (data.old_value, data.proposed_value, data.uncapped_value) = (Some(100_000), Some(85_000), Some(76_000));
    measured(data, "material", (15_000, 2_000));
    for check in data.checks.iter_mut().filter(|check| check.check.as_str() == "budget") {
        (check.passed, check.measured, check.bound) = (true, None, None);
    }
}
