//! Versions of targets as the tests seed them, and what their days are by the slow way.

use paceline_schemas::time::{Day, Instant};

use crate::seed::{Row, Value, at, day};

/// One version of one month of a row of the grid.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) number: i64,
    pub(crate) value: i64,
    pub(crate) from: Day,
    pub(crate) kept: i64,
    /// Of the days from `from` on; none for a rate.
    pub(crate) weights: Vec<i64>,
    pub(crate) denominator: Option<i64>,
    pub(crate) recorded_at: &'static str,
    /// The proposal that it belongs to; none counts at once.
    pub(crate) proposal: Option<&'static str>,
}

/// One month of a row of the grid in its versions, all of which count.
#[derive(Debug, Clone)]
pub(crate) struct Month {
    pub(crate) node: &'static str,
    pub(crate) parent: &'static str,
    pub(crate) metric: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) year_start: Day,
    pub(crate) start: Day,
    pub(crate) versions: Vec<Version>,
}

/// One date of a target.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dated {
    pub(crate) on: Day,
    pub(crate) version: i64,
    pub(crate) weight: Option<i64>,
    pub(crate) value: i64,
    pub(crate) cumulative: Option<i64>,
    pub(crate) denominator: Option<i64>,
}

pub(crate) fn last_of_month(start: Day) -> Day {
    (27..31)
        .map(|n| start.plus(n))
        .take_while(|on| on.month() == start.month())
        .last()
        .expect("a month")
}

impl Month {
    pub(crate) fn target_id(&self) -> String {
        let currency = self
            .currency()
            .map(|currency| format!(":{currency}"))
            .unwrap_or_default();
        format!(
            "{}:{}{currency}:{}",
            self.node,
            self.metric,
            self.year_start.date().year()
        )
    }

    pub(crate) fn currency(&self) -> Option<&'static str> {
        self.unit.strip_prefix("minor:")
    }

    pub(crate) fn kind(&self) -> &'static str {
        if self.node.starts_with('~') { "reserve" } else { "rep" }
    }

    /// The days, found date by date.
    pub(crate) fn days(&self) -> Vec<Dated> {
        let last = last_of_month(self.start);
        let dates = (0..=last.0 - self.start.0).map(|n| self.start.plus(n));
        let in_force = dates.filter_map(|on| {
            let version = self.versions.iter().rev().find(|version| version.from <= on)?;
            Some(self.dated(version, on, last))
        });
        in_force.collect()
    }

    fn dated(&self, version: &Version, on: Day, last: Day) -> Dated {
        if self.unit == "ppm" {
            let (whole, days) = (version.denominator.expect("of a rate"), i64::from(last.date().day()));
            let part = |passed: i64| whole * passed / days;
            let passed = i64::from(on.date().day());
            return Dated {
                on,
                version: version.number,
                weight: None,
                value: version.value,
                cumulative: None,
                denominator: Some(part(passed) - part(passed - 1)),
            };
        }
        let at = usize::try_from(on.0 - version.from.0).expect("from then on");
        let before = reached(version, at);
        let after = reached(version, at + 1);
        Dated {
            on,
            version: version.number,
            weight: Some(version.weights[at]),
            value: after - before,
            cumulative: Some(version.kept + after),
            denominator: None,
        }
    }

    /// Adds a version that counts from `from` on and keeps the days before.
    pub(crate) fn change(&mut self, from: Day, value: i64, weights: Vec<i64>, recorded_at: &'static str) {
        let kept = self
            .days()
            .iter()
            .filter(|day| day.on < from)
            .map(|day| day.value)
            .sum();
        self.versions.push(Version {
            number: i64::try_from(self.versions.len()).expect("few") + 1,
            value,
            from,
            kept,
            weights,
            denominator: self.versions[0].denominator,
            recorded_at,
            proposal: None,
        });
    }

    /// The rows of `tgt_target`.
    pub(crate) fn rows(&self) -> Vec<Row> {
        self.versions.iter().map(|version| self.row(version)).collect()
    }

    fn row(&self, version: &Version) -> Row {
        let mut row = crate::seed::row! {
            target_id: self.target_id(), version: version.number, node_id: self.node, node_kind: self.kind(),
            parent_node_id: self.parent, metric: self.metric, unit: self.unit, period_kind: "month",
            period_start: self.start, period_end: last_of_month(self.start), year_start: self.year_start,
            value: version.value, valid_from: version.from, reason_code: "plan", policy_version: "tp-1",
            decided_by: "person", decided_at: at(version.recorded_at), recorded_at: at(version.recorded_at),
        };
        let mut put = |name: &'static str, value: Option<Value>| {
            if let Some(value) = value {
                row.insert(name, value);
            }
        };
        let is_laid = self.unit != "ppm";
        let weights: Vec<String> = version.weights.iter().map(ToString::to_string).collect();
        put("currency", self.currency().map(Value::from));
        put("kept", is_laid.then(|| Value::from(version.kept)));
        put("weights", is_laid.then(|| Value::from(weights.join(" "))));
        put("denominator_planned", version.denominator.map(Value::from));
        put("proposal_id", version.proposal.map(Value::from));
        let counts_at = version.proposal.is_none().then(|| Value::from(begin(version.from)));
        put("effective_at", counts_at);
        row
    }
}

fn begin(on: Day) -> Instant {
    Instant(i64::from(on.0) * 86_400_000_000)
}

/// What a version has given out after so many of its days, rounded half up.
fn reached(version: &Version, days: usize) -> i64 {
    let sum = |weights: &[i64]| weights.iter().map(|weight| i128::from(*weight)).sum::<i128>();
    let (passed, whole) = (sum(&version.weights[..days]), sum(&version.weights));
    if whole == 0 {
        return 0;
    }
    let rest = i128::from(version.value) - i128::from(version.kept);
    let doubled = 2 * rest * passed + whole;
    let floored = (0..2)
        .map(|less| doubled / (2 * whole) - less)
        .find(|n| n * 2 * whole <= doubled);
    i64::try_from(floored.expect("a floor")).expect("within the whole")
}

/// Validity of a node below another.
pub(crate) fn below(
    (above, above_kind): (&'static str, &'static str),
    (node, kind): (&'static str, &'static str),
    depth: i64,
    from: &str,
    to: Option<&str>,
) -> Row {
    let mut row = crate::seed::row! { ancestor_id: above, ancestor_kind: above_kind, descendant_id: node,
    descendant_kind: kind, depth: depth, valid_from: day(from) };
    if let Some(to) = to {
        row.insert("valid_to", day(to).into());
    }
    row
}
