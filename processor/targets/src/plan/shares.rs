//! The shares by which children divide a month: past results and evenness, each month by presence.

use std::collections::BTreeMap;

use paceline_schemas::metrics::metric;
use paceline_schemas::time::Day;

use super::{GoalMetric, Org, Sources};
use crate::calendar::{month_end, months_after};
use crate::error::SplitError;
use crate::grid::MONTHS;
use crate::split::{Child, VALUE_MAX, WEIGHT_MAX, split};

/// Sum of the shares of the children of a node.
const WHOLE: i64 = 1 << 32;
const BASIS: i64 = 10_000;

/// Share of every node but the root in each month of the plan year.
pub(super) fn of(
    sources: Sources<'_>,
    org: &Org,
    goal: &GoalMetric,
    year: Day,
) -> Result<BTreeMap<String, [i64; MONTHS]>, SplitError> {
    let past = past(sources, org, goal);
    let present = presence(sources, org, year);
    let (history, even) = (sources.policy.share_history_ppm, sources.policy.share_even_ppm);
    let of_history = i128::from(WHOLE) * i128::from(history) / i128::from((history + even).max(1));
    let of_history = i64::try_from(of_history).unwrap_or(0);
    let mut shares = BTreeMap::new();
    for children in org.families().values() {
        let weights: Vec<i64> = scaled(
            children
                .iter()
                .map(|child| past.get(*child).copied().unwrap_or(0))
                .collect(),
        );
        let by_history = if weights.iter().any(|weight| *weight > 0) {
            of_history
        } else {
            0
        };
        let past_parts = divide(by_history, children, |at| weights.get(at).copied().unwrap_or(0))?;
        let even_parts = divide(WHOLE - by_history, children, |_| 1)?;
        for ((child, a), b) in children.iter().zip(past_parts).zip(even_parts) {
            let present = present.get(*child).copied().unwrap_or([BASIS; MONTHS]);
            shares.insert((*child).to_owned(), present.map(|bp| (a + b) * bp / BASIS));
        }
    }
    Ok(shares)
}

fn divide(total: i64, children: &[&str], weight: impl Fn(usize) -> i64) -> Result<Vec<i64>, SplitError> {
    if total == 0 {
        return Ok(vec![0; children.len()]);
    }
    let all: Vec<Child<'_>> = children
        .iter()
        .enumerate()
        .map(|(at, id)| Child {
            id,
            weight: weight(at),
            lo: 0,
            hi: VALUE_MAX,
        })
        .collect();
    split(total, &all, 0)
}

/// Weights within the range of a split, their proportions kept.
fn scaled(mut weights: Vec<i64>) -> Vec<i64> {
    while weights.iter().any(|weight| *weight > WEIGHT_MAX) {
        weights.iter_mut().for_each(|weight| *weight /= 2);
    }
    weights
}

/// Past results of every node. A rep who has none gets the mean of the team's, a team the mean of its siblings'.
fn past(sources: Sources<'_>, org: &Org, goal: &GoalMetric) -> BTreeMap<String, i64> {
    let Some(metric) = metric(&goal.metric) else {
        return BTreeMap::new();
    };
    let has_results = |rep: &str| {
        let from = (rep.to_owned(), String::new());
        sources
            .facts
            .results
            .range(from..)
            .next()
            .is_some_and(|((of, _), _)| of == rep)
    };
    let mut past: BTreeMap<String, i64> = BTreeMap::new();
    for (rep, _) in org.reps().filter(|(rep, _)| has_results(rep)) {
        let sum = sources.facts.sum(rep, goal.currency.as_deref(), &metric.numerator);
        past.insert(rep.to_owned(), sum.max(0));
    }
    let families = org.families();
    // The deepest first, so that a node's own sum is there when its siblings are looked at.
    let mut parents: Vec<(usize, &str)> = families
        .keys()
        .map(|parent| (org.above(parent).count(), *parent))
        .collect();
    parents.sort_by(|a, b| b.cmp(a));
    for (_, parent) in parents {
        let children = families.get(parent).map_or(&[][..], Vec::as_slice);
        let known: Vec<i64> = children.iter().filter_map(|child| past.get(*child).copied()).collect();
        let Some(count) = i64::try_from(known.len()).ok().filter(|count| *count > 0) else {
            continue;
        };
        let mean = known.iter().sum::<i64>() / count;
        for child in children {
            past.entry((*child).to_owned()).or_insert(mean);
        }
        past.insert(
            parent.to_owned(),
            children.iter().filter_map(|child| past.get(*child)).sum(),
        );
    }
    past
}

/// Share of each month's weight on which a rep is there, in basis points.
fn presence(sources: Sources<'_>, org: &Org, year: Day) -> BTreeMap<String, [i64; MONTHS]> {
    let each = org.reps().map(|(rep, node)| {
        let calendar = sources.facts.calendar_of(rep);
        let mut months = (0..).map(|count| months_after(year, count));
        let present = std::array::from_fn(|_| {
            let first = months.next().unwrap_or_default();
            let whole: i64 = calendar
                .span(first, month_end(first))
                .iter()
                .map(|date| date.weight_bp)
                .sum();
            let there = |day: Day| node.from.is_none_or(|from| from <= day) && node.to.is_none_or(|to| day <= to);
            let days = calendar
                .span(first, month_end(first))
                .iter()
                .filter(|date| there(date.day));
            let part: i64 = days.map(|date| date.weight_bp).sum();
            if whole == 0 { BASIS } else { part * BASIS / whole }
        });
        (rep.to_owned(), present)
    });
    each.collect()
}
