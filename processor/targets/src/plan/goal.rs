//! The goal of a node for a plan year, as a person writes it.

use paceline_schemas::ids::Currency;
use paceline_schemas::symbol::Lock;
use paceline_schemas::time::Day;
use serde::{Deserialize, Serialize};

use crate::error::Class;
use crate::grid::Period;

/// What a node is to reach in a plan year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// The node: company, site or team.
    pub node: String,
    /// First day of the plan year.
    pub year: Day,
    /// The metrics, each with its value of the year.
    pub metrics: Vec<GoalMetric>,
    /// What is agreed for single nodes and periods.
    #[serde(default)]
    pub locks: Vec<GoalLock>,
}

/// The value of one metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoalMetric {
    /// Metric of the registry.
    pub metric: String,
    /// Currency, of money.
    #[serde(default)]
    pub currency: Option<String>,
    /// Value of the year: money in major units (`12000000.00`), a count (`4800`), a rate as a share of 1 (`0.625`).
    pub value: String,
}

/// What is agreed for one node and period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoalLock {
    /// Node or rep.
    pub node: String,
    /// Metric.
    pub metric: String,
    /// Currency, of money.
    #[serde(default)]
    pub currency: Option<String>,
    /// `2026-04` for a month, `q2`, `h1`, or `year`.
    pub period: String,
    /// `value` is met exactly, `floor` and `ceiling` bound it.
    pub kind: Lock,
    /// The value, as that of the metric.
    pub value: String,
}

/// What is wrong with a goal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("goal `{key}`: {detail}")]
pub struct GoalFault {
    /// The key.
    pub key: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
}

impl GoalFault {
    pub(super) fn new(key: &'static str, detail: impl Into<String>) -> Self {
        Self {
            key,
            detail: detail.into(),
        }
    }

    /// A goal is what a person wrote.
    pub fn class(&self) -> Class {
        Class::Input
    }
}

impl GoalLock {
    /// The period within the plan year that begins on `year`.
    pub(super) fn period_of(&self, year: Day) -> Result<Period, GoalFault> {
        period(&self.period, year).ok_or_else(|| {
            let detail = format!(
                "`{}` is no period of the year: say 2026-04, q2, h1 or year",
                self.period
            );
            GoalFault::new("locks.period", detail)
        })
    }
}

/// The period that a text names within the plan year that begins on `year`.
pub(crate) fn period(text: &str, year: Day) -> Option<Period> {
    let lower = text.to_ascii_lowercase();
    let number = |rest: &str| rest.parse::<usize>().ok()?.checked_sub(1);
    if lower == "year" {
        return Some(Period::YEAR);
    }
    if let Some(rest) = lower.strip_prefix('q') {
        return Period::quarter(number(rest)?);
    }
    if let Some(rest) = lower.strip_prefix('h') {
        return Period::half(number(rest)?);
    }
    let month = Day::parse(&format!("{lower}-01")).ok()?;
    let at = crate::calendar::month_number(month) - crate::calendar::month_number(year);
    Period::month(usize::try_from(at).ok()?)
}

/// The whole number of units that a text says: minor units of money, a count, ppm of a rate.
///
/// # Errors
/// The text is no number, or has more digits after the point than the unit.
pub fn amount(text: &str, unit: &str) -> Result<i64, String> {
    let digits = digits(unit);
    let plain: String = text.trim().chars().filter(|c| !matches!(c, ',' | '_' | ' ')).collect();
    let (sign, rest) = plain.strip_prefix('-').map_or((1, plain.as_str()), |rest| (-1, rest));
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if rest.is_empty() || !is_number(whole) || !is_number(fraction) {
        return Err(format!("`{text}` is no number; write {}", example(unit)));
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > digits {
        return Err(format!("`{text}` has more than {digits} digits after the point"));
    }
    let padded = format!("{whole}{fraction:0<digits$}");
    let value: i64 = padded.parse().map_err(|_| format!("`{text}` is out of range"))?;
    Ok(sign * value)
}

/// The text of an amount, as [`amount`] reads it.
pub fn amount_text(value: i64, unit: &str) -> String {
    let digits = digits(unit);
    let sign = if value < 0 { "-" } else { "" };
    let plain = format!("{:0>width$}", value.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = plain.split_at(plain.len() - digits);
    if digits == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

fn digits(unit: &str) -> usize {
    let currency = unit.strip_prefix("minor:").and_then(|code| Currency::new(code).ok());
    match (unit, currency) {
        ("ppm", _) => 6,
        (_, Some(currency)) => usize::try_from(currency.exponent()).unwrap_or(2),
        _ => 0,
    }
}

fn example(unit: &str) -> &'static str {
    match unit {
        "ppm" => "a share of 1, such as 0.625",
        unit if unit.starts_with("minor:") => "money in major units, such as 12000000.00",
        _ => "a whole number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_written_as_they_are_read() {
        for (text, unit, value) in [
            ("12000000.00", "minor:USD", 1_200_000_000),
            ("-12.5", "minor:USD", -1_250),
            ("1,234", "minor:JPY", 1_234),
            ("1.5", "minor:KWD", 1_500),
            ("0.625", "ppm", 625_000),
            ("4800", "count", 4_800),
        ] {
            assert_eq!(amount(text, unit), Ok(value), "{text} {unit}");
            assert_eq!(amount(&amount_text(value, unit), unit), Ok(value), "{text} {unit}");
        }
        assert_eq!(amount_text(-5, "minor:USD"), "-0.05");
        for (text, unit) in [
            ("12.345", "minor:USD"),
            ("1.5", "count"),
            ("", "count"),
            ("1e6", "count"),
            ("9999999999999999999", "count"),
        ] {
            assert!(amount(text, unit).is_err(), "{text} {unit}");
        }
    }

    #[test]
    fn periods_are_named_within_their_plan_year() {
        let year = Day::parse("2026-04-01").expect("day");
        assert_eq!(period("2026-06", year), Period::month(2));
        assert_eq!(period("2027-03", year), Period::month(11));
        assert_eq!(period("2027-04", year), None);
        assert_eq!(period("Q4", year), Period::quarter(3));
        assert_eq!(period("h3", year), None);
        assert_eq!(period("year", year), Some(Period::YEAR));
    }
}
