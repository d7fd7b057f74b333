//! From a row and the evidence to the case that its checks are made about.

use paceline_schemas::event::target::Cell;
use paceline_schemas::metrics::metric;
use paceline_schemas::symbol::{Lock, NodeKind, Recalibrated};
use paceline_schemas::time::Day;

use super::{Bench, Run};
use crate::ability::ppm;
use crate::calendar::{Calendar, month_end, month_start, months_after};
use crate::evidence::Kind;
use crate::guard::{Case, ONE, sign};
use crate::ledger::{BALANCE, Decided};
use crate::row::{Row, Version, left_of};

/// Whether a row is decided about: one of a rep that counts, whose plan year is not over and has begun by the time a
/// change would count.
pub(super) fn is_open(run: Run<'_>, row: &Row) -> bool {
    let has_begun = || noticed(run, row).is_some_and(|day| row.period_start <= day);
    row.node_kind == NodeKind::Rep && row.current() > 0 && row.period_end >= run.facts.as_of && has_begun()
}

/// The first working day after the notice.
fn noticed(run: Run<'_>, row: &Row) -> Option<Day> {
    run.facts
        .calendar_of(&row.node_id)
        .workday_after(run.facts.as_of, run.policy.notice_workdays)
}

/// The day from which a change would count: after the notice, and not in the last working days of a month.
pub(super) fn effective(run: Run<'_>, row: &Row) -> Option<Day> {
    let calendar = run.facts.calendar_of(&row.node_id);
    let first = noticed(run, row)?;
    let left = calendar.workdays(first.plus(-1), month_end(first));
    let is_tail = left < run.policy.freeze_tail_workdays;
    let day = if is_tail { months_after(first, 1) } else { first };
    (day <= row.period_end).then_some(day)
}

pub(super) fn of(run: Run<'_>, bench: &Bench, row: &Row) -> Case {
    let calendar = run.facts.calendar_of(&row.node_id);
    let judged = bench.judged(row);
    let effective = effective(run, row);
    let remainder = effective.map(|day| remainder(calendar, row, day)).unwrap_or_default();
    let sign = sign(judged.low, judged.high, run.policy.band_ppm);
    let kind = Kind::of(row);
    let evidence_min = match kind {
        Kind::Count => run.policy.expected_min,
        Kind::Rate => run.policy.denominator_min,
        Kind::Money => run.policy.deals_min,
    };
    let trials = judged.measured.expected;
    let successes = crate::evidence::as_float(judged.measured.numerator);
    let rare = successes.min(trials - successes).max(0.0);
    let readiness = run.facts.readiness;
    let mut case = Case {
        is_eligible: is_eligible(run, row, &remainder),
        open_days: readiness.open_days,
        missing_ppm: readiness.missing_ppm,
        unreconciled_deals: readiness.unreconciled_deals,
        is_frozen: run.policy.freeze_on(run.facts.as_of).is_some(),
        since_change: last_change(run, row).map(|day| calendar.workdays(day, run.facts.as_of)),
        evidence: ppm(judged.measured.evidence),
        evidence_min: evidence_min * ONE,
        rare_side: (kind == Kind::Rate).then(|| ppm(rare) / ONE),
        theta: judged.theta,
        low: judged.low,
        high: judged.high,
        confirmations: 0,
        quarter_used: effective.map_or(ONE, |day| quarter_used(calendar, row, day)),
        remainder,
        is_rate: kind == Kind::Rate,
        effective,
    };
    case.confirmations = confirmations(run, row, calendar, sign, &case);
    case
}

fn is_eligible(run: Run<'_>, row: &Row, remainder: &[(Cell, i64)]) -> bool {
    let may_move = metric(&row.metric).is_some_and(|metric| metric.recalibrate);
    let is_here = run.facts.reps.get(&row.node_id).is_some_and(|rep| rep.is_active);
    let mut holding = run.known.holding();
    let is_locked = holding.any(|held| {
        held.lock != Lock::Entered
            && (&held.node_id, &held.metric, &held.unit) == (&row.node_id, &row.metric, &row.unit)
            && remainder
                .iter()
                .any(|(cell, _)| (held.period_start..=held.period_end).contains(&cell.month))
    });
    may_move && is_here && !is_locked && !remainder.is_empty()
}

/// What is left from `effective` on: each cell as it would be changed, with its remainder.
///
/// What sums changes within the quarter, and the plan holds again after it. What a person achieves of a hundred does not
/// come back with a quarter, so a rate changes to the end of the plan year.
fn remainder(calendar: &Calendar, row: &Row, effective: Day) -> Vec<(Cell, i64)> {
    let quarter = |day: Day| calendar.day(day).map(|date| date.quarter_start);
    let first = month_start(effective);
    let is_rate = Kind::of(row) == Kind::Rate;
    let months = (0..12)
        .map(|count| months_after(first, count))
        .take_while(|month| *month <= row.period_end);
    let same = months.filter(|month| is_rate || quarter(*month) == quarter(first));
    let cells = same
        .filter_map(|month| row.month(month))
        .filter_map(|(_, cell)| left_of(cell, effective));
    cells.collect()
}

/// The changes that the row has seen: by recalibration, by hand, or asked for and not answered yet.
fn last_change(run: Run<'_>, row: &Row) -> Option<Day> {
    let asked = run
        .known
        .decisions_of(&row.target_id)
        .filter(|decided| asks_for_change(decided))
        .map(Decided::as_of);
    let by_hand = |version: &&Version| {
        version.number > 1 && version.as_of.is_none() && version.method != BALANCE && version.change.is_none()
    };
    let entered = row
        .approved()
        .filter(by_hand)
        .flat_map(|version| version.cells.iter().map(|cell| cell.from));
    asked.chain(entered.filter(|day| *day <= run.facts.as_of)).max()
}

fn asks_for_change(decided: &Decided) -> bool {
    let outcome = decided.data().outcome;
    !decided.is_stale && matches!(outcome, Some(Recalibrated::Applied | Recalibrated::Proposed))
}

/// What the changes of the quarter in which `effective` lies have made of the row, ppm.
fn quarter_used(calendar: &Calendar, row: &Row, effective: Day) -> i64 {
    let quarter = |day: Day| calendar.day(day).map(|date| date.quarter_start);
    let same = |version: &&Version| {
        version
            .cells
            .first()
            .is_some_and(|cell| quarter(cell.from) == quarter(effective))
    };
    let changes = row.approved().filter(same).filter_map(|version| version.change);
    changes.filter(|(old, _)| *old != 0).fold(ONE, |used, (old, new)| {
        let scaled = i128::from(used) * i128::from(new) / i128::from(old);
        i64::try_from(scaled).unwrap_or(ONE)
    })
}

/// How many evaluations of this sign count in a row, this one included: only those whose evidence sufficed, each the gap
/// after the one before, and none from before a change.
fn confirmations(run: Run<'_>, row: &Row, calendar: &Calendar, sign: i64, case: &Case) -> i64 {
    let (mut count, mut last, mut of) = (0, None, 0);
    let suffices = |decided: &Decided| {
        let needed = [
            "eligible",
            "data_ready",
            "not_frozen",
            "cooldown",
            "evidence",
            "not_common",
        ];
        let checks = &decided.data().checks;
        checks
            .iter()
            .all(|check| check.passed || !needed.contains(&check.check.as_str()))
    };
    for decided in run
        .known
        .decisions_of(&row.target_id)
        .filter(|decided| decided.as_of() < run.facts.as_of)
    {
        if asks_for_change(decided) {
            (count, last, of) = (0, None, 0);
            continue;
        }
        let Some(evidence) = decided.evidence().filter(|_| suffices(decided)) else {
            continue;
        };
        let was = self::sign(evidence.low, evidence.high, run.policy.band_ppm);
        step(run, calendar, was, evidence.as_of, (&mut count, &mut last, &mut of));
    }
    let counts = case.is_eligible && case.evidence >= case.evidence_min;
    if counts {
        step(run, calendar, sign, run.facts.as_of, (&mut count, &mut last, &mut of));
    }
    if of == sign { count } else { 0 }
}

fn step(run: Run<'_>, calendar: &Calendar, sign: i64, on: Day, state: (&mut i64, &mut Option<Day>, &mut i64)) {
    let (count, last, of) = state;
    if sign == 0 || sign != *of {
        *count = 0;
        *last = None;
        *of = sign;
    }
    let rested = last.is_none_or(|last| calendar.workdays(last, on) >= run.policy.confirm_gap_workdays);
    if sign != 0 && rested {
        *count += 1;
        *last = Some(on);
    }
}
