//! What a recalibration is taken from, and what it says about each row: performance over target, θ, with its interval.

mod expected;
mod peers;

use std::collections::BTreeMap;

use paceline_schemas::measure::Vector;
use paceline_schemas::metrics::{Metric, Sum};
use paceline_schemas::time::Day;

use crate::calendar::Calendar;
use crate::canonical;
use crate::row::Row;

pub(crate) use expected::expected;
pub(crate) use peers::{Group, groups};

/// A rep as of the last day of the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rep {
    /// Team.
    pub team_id: String,
    /// Site.
    pub site_id: String,
    /// Role.
    pub role: String,
    /// Where tenure starts.
    pub hired_on: Option<Day>,
    /// Whether the rep is still here.
    pub is_active: bool,
}

/// Whether the numbers are complete enough to decide from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Readiness {
    /// Business dates at the end of the evidence that are not closed yet; 0 when all are.
    pub open_days: i64,
    /// Dead letters as a share of the events of the evidence, ppm.
    pub missing_ppm: i64,
    /// Won deals whose credits do not sum to their amount.
    pub unreconciled_deals: i64,
}

/// Everything that was read, of one published set.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Last day of the evidence.
    pub as_of: Day,
    /// First day of the evidence.
    pub from: Day,
    /// The reps.
    pub reps: BTreeMap<String, Rep>,
    /// Sums of the measures of the evidence, by rep and currency.
    pub results: BTreeMap<(String, String), Vector>,
    /// Amounts of the wins of the evidence in minor units, by rep and currency, the least first.
    pub deals: BTreeMap<(String, String), Vec<i64>>,
    /// Calendars, by site.
    pub calendars: BTreeMap<String, Calendar>,
    /// The calendar of sites that have none of their own.
    pub calendar: Calendar,
    /// Whether it is complete.
    pub readiness: Readiness,
}

impl Facts {
    /// The calendar of the site of a rep.
    pub fn calendar_of(&self, rep_id: &str) -> &Calendar {
        let site = self
            .reps
            .get(rep_id)
            .map(|rep| rep.site_id.as_str())
            .unwrap_or_default();
        self.calendars.get(site).unwrap_or(&self.calendar)
    }

    /// The sum of one side of a metric for a rep; of money in one currency, of the rest in all.
    pub fn sum(&self, rep_id: &str, currency: Option<&str>, sum: &Sum) -> i64 {
        let from = (rep_id.to_owned(), String::new());
        let own = self.results.range(from..).take_while(|((rep, _), _)| rep == rep_id);
        let fitting = own.filter(|((_, of), _)| currency.is_none_or(|currency| currency == of));
        let each = fitting.flat_map(|(_, vector)| {
            sum.measures
                .iter()
                .map(|measure| vector.0.get(*measure as usize).copied().unwrap_or(0))
        });
        each.sum::<i64>() * sum.factor
    }

    /// The amounts of a rep's wins.
    pub fn amounts(&self, rep_id: &str, currency: &str) -> &[i64] {
        self.deals
            .get(&(rep_id.to_owned(), currency.to_owned()))
            .map_or(&[], Vec::as_slice)
    }

    /// SHA-256 over the rows in the order of their keys, the calendars and the policy.
    pub fn digest(&self, policy: &str) -> String {
        let span = [format!("{} {}", self.from, self.as_of), format!("{:?}", self.readiness)];
        let reps = self.reps.iter().map(|(rep_id, rep)| format!("{rep_id} {rep:?}"));
        let results = self
            .results
            .iter()
            .map(|(key, vector)| format!("{key:?} {:?}", vector.0));
        let deals = self.deals.iter().map(|(key, amounts)| format!("{key:?} {amounts:?}"));
        let own = self
            .calendars
            .iter()
            .map(|(site, calendar)| format!("{site} {calendar:?}"));
        let all: Vec<String> = span
            .into_iter()
            .chain(reps)
            .chain(results)
            .chain(deals)
            .chain(own)
            .collect();
        let shared = format!("{:?}", self.calendar);
        canonical::digest(all.iter().map(String::as_str).chain([shared.as_str(), policy]))
    }
}

/// What the kind of a metric makes of its evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Events are counted.
    Count,
    /// Money of wins.
    Money,
    /// A numerator over a denominator.
    Rate,
}

impl Kind {
    /// The kind of a row, by its unit.
    pub fn of(row: &Row) -> Self {
        match row.unit.as_str() {
            "ppm" => Self::Rate,
            unit if unit.starts_with("minor:") => Self::Money,
            _ => Self::Count,
        }
    }
}

/// The evidence about one row.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measured {
    /// Achieved: a count, minor units, the numerator of the rate.
    pub numerator: i64,
    /// Expected at target; of a rate the denominator.
    pub expected: f64,
    /// What suffices or not: the expected count, the deals, the denominator.
    pub evidence: f64,
    /// Achieved events: the count, the deals, the numerator.
    pub events: i64,
}

/// What is measured about a row, whose target rate is `rate_ppm` if it is one.
pub(crate) fn measure(facts: &Facts, row: &Row, metric: &Metric, level_on: Day) -> Measured {
    let numerator = facts.sum(&row.node_id, row.currency(), &metric.numerator);
    match (Kind::of(row), &metric.denominator) {
        (Kind::Rate, Some(denominator)) => {
            let n = facts.sum(&row.node_id, None, denominator);
            Measured {
                numerator,
                expected: as_float(n),
                evidence: as_float(n),
                events: numerator,
            }
        }
        (Kind::Money, _) => {
            let deals = i64::try_from(facts.amounts(&row.node_id, row.currency().unwrap_or_default()).len());
            let deals = deals.unwrap_or(i64::MAX);
            Measured {
                numerator,
                expected: expected(facts, row, level_on),
                evidence: as_float(deals),
                events: deals,
            }
        }
        (Kind::Count | Kind::Rate, _) => {
            let expected = expected(facts, row, level_on);
            Measured {
                numerator,
                expected,
                evidence: expected,
                events: numerator,
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and minor units of a rep stay far below 2^53"
)]
pub(crate) fn as_float(number: i64) -> f64 {
    number as f64
}

/// The nearest whole number, half to even.
pub(crate) fn whole(value: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and saturates")]
    let whole = value.round_ties_even() as i64;
    whole
}
