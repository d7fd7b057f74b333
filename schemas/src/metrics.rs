//! The registry of metrics: the rows of `dim_metric`.
//!
//! A metric is a volume, which is a measure, or a ratio of two sums of measures of the same rows. Ratios are never
//! stored: whoever shows one sums both sides first. Ratios of cohorts and of rosters are not in it.

mod naming;
mod ratios;
mod volumes;

use std::fmt;
use std::sync::OnceLock;

use crate::measure::Measure;

/// One side of a metric: a sum of measures, times a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// The measures that are added.
    pub measures: &'static [Measure],
    /// What the sum is multiplied with.
    pub factor: i64,
}

impl Sum {
    /// The plain sum of some measures.
    pub const fn of(measures: &'static [Measure]) -> Self {
        Self { measures, factor: 1 }
    }
}

/// The sum as an SQL expression over the columns of one row.
impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.measures.iter().map(|measure| measure.name()).collect();
        let sum = names.join(" + ");
        match (self.factor, names.len()) {
            (1, _) => f.write_str(&sum),
            (factor, 1) => write!(f, "{sum} * {factor}"),
            (factor, _) => write!(f, "({sum}) * {factor}"),
        }
    }
}

/// What a value of a metric is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Pieces.
    Count,
    /// Minor units of the currency of the row.
    Minor,
    /// Seconds.
    Seconds,
    /// Parts per million.
    Ppm,
}

impl Unit {
    /// The name in `dim_metric`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Minor => "minor",
            Self::Seconds => "seconds",
            Self::Ppm => "ppm",
        }
    }
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More.
    Up,
    /// Less.
    Down,
    /// Neither.
    Neither,
}

impl Better {
    /// The name in `dim_metric`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Neither => "none",
        }
    }
}

/// Whether a number of a past day may still change by what happens later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Cancellations and refunds leave the day of the win.
    Restated,
    /// Wins stay; cancellations and refunds stand on their own day.
    Booked,
    /// Neither concerns it.
    Neutral,
}

impl Basis {
    /// The name in `dim_metric`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restated => "restated",
            Self::Booked => "booked",
            Self::Neutral => "neutral",
        }
    }
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Name: a measure, `<numerator>_per_<denominator>`, or a named time ratio.
    pub id: &'static str,
    /// What stands above the line.
    pub numerator: Sum,
    /// What stands below the line; nothing for a volume.
    pub denominator: Option<Sum>,
    /// Unit.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// Whether past days may change.
    pub basis: Basis,
    /// Denominator below which no decision is taken; 0 for volumes.
    pub min_evidence: i64,
    /// Days until the numerator of a day is complete; 0 for a ratio of the same period.
    pub maturity_days: i64,
    /// Whether a recalibration may move targets of it.
    pub recalibrate: bool,
    /// The metric of value that stands beside it, of an effort that never stands alone.
    pub pairs_with: Option<&'static str>,
    /// English name.
    pub name_en: &'static str,
    /// Chinese name.
    pub name_zh: &'static str,
    /// English definition.
    pub definition_en: &'static str,
    /// Chinese definition.
    pub definition_zh: &'static str,
}

/// Over what values of a metric may be summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Additive {
    /// Over people and over time.
    Both,
    /// Over neither: the sides are summed.
    None,
}

impl Additive {
    /// The name in `dim_metric`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::None => "none",
        }
    }
}

impl Metric {
    /// Version of all definitions; raised when one changes.
    pub const VERSION: i64 = 1;

    /// Over what values of it may be summed.
    pub fn additive(&self) -> Additive {
        if self.denominator.is_some() {
            Additive::None
        } else {
            Additive::Both
        }
    }

    /// The unit of its targets: `count`, `s`, `ppm`, or `minor:` and the currency.
    ///
    /// # Errors
    /// Money without a currency, or a currency of what is no money.
    pub fn target_unit(&self, currency: Option<&str>) -> Result<String, UnknownMetric> {
        let fault = |hint: String| UnknownMetric {
            name: self.id.to_owned(),
            hint,
        };
        match (self.unit, self.denominator.is_some(), currency) {
            (Unit::Minor, false, Some(currency)) => Ok(format!("minor:{currency}")),
            (Unit::Minor, _, _) => Err(fault(
                "a target of money is the sum of one currency; name the currency".to_owned(),
            )),
            (_, _, Some(currency)) => Err(fault(format!("it is no money, so it has no currency `{currency}`"))),
            (Unit::Count, false, None) => Ok("count".to_owned()),
            (Unit::Seconds, false, None) => Ok("s".to_owned()),
            (Unit::Ppm, _, None) => Ok("ppm".to_owned()),
            (Unit::Count | Unit::Seconds, true, None) => Err(fault(
                "a target of a ratio is one of shares; this ratio has a unit".to_owned(),
            )),
        }
    }
}

pub use naming::{UnknownMetric, resolve};

/// All metrics: the volumes in the order of the measures, then the ratios.
pub fn metrics() -> &'static [Metric] {
    static METRICS: OnceLock<Vec<Metric>> = OnceLock::new();
    METRICS.get_or_init(|| volumes::all().chain(ratios::ALL.iter().copied()).collect())
}

/// The metric of that name.
pub fn metric(id: &str) -> Option<&'static Metric> {
    metrics().iter().find(|metric| metric.id == id)
}

#[cfg(test)]
mod tests;
