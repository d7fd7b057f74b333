//! What the target expected of the days of the evidence, at the level of the version that holds now.

use paceline_schemas::event::target::Cell;
use paceline_schemas::time::Day;

use super::{Facts, as_float};
use crate::calendar::{Calendar, month_end, month_start, months_after};
use crate::row::{Row, Version};

/// The share of a cell that falls on one of its days, in the unit of the metric.
fn day_target(cell: &Cell, day: Day) -> f64 {
    let total: i64 = cell.weights.iter().sum();
    let at = usize::try_from(i64::from(day.0) - i64::from(cell.from.0)).unwrap_or(usize::MAX);
    let weight = cell.weights.get(at).copied().unwrap_or(0);
    if total == 0 {
        return 0.0;
    }
    as_float(cell.value - cell.kept) * as_float(weight) / as_float(total)
}

/// The level of a month by version `up_to`, relative to the plan: what the changes so far have left of it.
fn level_at(row: &Row, month: Day, up_to: i64) -> f64 {
    let changes = row
        .approved()
        .filter(|version| version.number <= up_to && version.cell(month).is_some());
    changes.fold(1.0, |level, version| match version.change {
        Some((old, new)) if old != 0 => level * as_float(new) / as_float(old),
        _ => level,
    })
}

/// Σ of the day targets of the evidence, each as if the version that holds on `level_on` had always held.
///
/// A day outside the plan year counts as the day of the same month within it: the plan says what it expects of that
/// time of the year.
pub(crate) fn expected(facts: &Facts, row: &Row, level_on: Day) -> f64 {
    let calendar = facts.calendar_of(&row.node_id);
    let level_month = month_start(level_on);
    let now = row
        .month(level_month)
        .map_or(1.0, |(version, _)| level_at(row, level_month, version.number));
    (facts.from.0..=facts.as_of.0)
        .map(|number| on_day(calendar, row, Day(number), now))
        .sum()
}

fn on_day(calendar: &Calendar, row: &Row, day: Day, now: f64) -> f64 {
    if let Some((version, cell)) = row.day(day) {
        return day_target(cell, day) * now / level(row, cell, version);
    }
    let years =
        (row.period_start.date().year() - day.date().year() - 1)..=(row.period_end.date().year() - day.date().year());
    let within = years
        .map(|years| months_after(day, i32::from(years) * 12))
        .find(|month| (row.period_start..=row.period_end).contains(month));
    let Some((version, cell)) = within.and_then(|month| row.month(month)) else {
        return 0.0;
    };
    let first = month_start(day);
    let total: i64 = calendar
        .span(first, month_end(day))
        .iter()
        .map(|date| date.weight_bp)
        .sum();
    let weight = calendar.day(day).map_or(0, |date| date.weight_bp);
    if total == 0 {
        return 0.0;
    }
    as_float(cell.value) * as_float(weight) / as_float(total) * now / level(row, cell, version)
}

fn level(row: &Row, cell: &Cell, version: &Version) -> f64 {
    let level = level_at(row, cell.month, version.number);
    if level == 0.0 { 1.0 } else { level }
}
