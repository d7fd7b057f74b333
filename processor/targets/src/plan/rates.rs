//! Rates: what each rep has shown, drawn towards the others and scaled so that all together meet the goal.

use std::collections::BTreeMap;

use paceline_schemas::metrics::Metric;

use super::draft::Drafting;
use super::{Org, Sources, month_weights};
use crate::ability::{RateGroup, Trials, ppm};
use crate::evidence::as_float;
use crate::grid::MONTHS;
use crate::split::{Child, VALUE_MAX, WEIGHT_MAX, split};

const ONE: f64 = 1e6;

/// Drafts a row per rep; returns the rates by rep and month.
pub(super) fn plan(
    sources: Sources<'_>,
    org: &Org,
    metric: &Metric,
    goal_ppm: i64,
    drafting: &mut Drafting<'_>,
) -> BTreeMap<String, [i64; MONTHS]> {
    let Some(below) = metric.denominator.as_ref() else {
        return BTreeMap::new();
    };
    let reps: Vec<&str> = org.reps().map(|(rep, _)| rep).collect();
    let trials_of = |rep: &str| {
        let trials = sources.facts.sum(rep, None, below).max(0);
        let successes = sources.facts.sum(rep, None, &metric.numerator).clamp(0, trials);
        Trials { successes, trials }
    };
    let shown: Vec<Trials> = reps
        .iter()
        .map(|rep| trials_of(rep))
        .filter(|own| own.trials > 0)
        .collect();
    let group = RateGroup::fit(&shown);
    let known = i64::try_from(shown.len()).unwrap_or(1).max(1);
    let typical = (shown.iter().map(|own| own.trials).sum::<i64>() / known).max(1);
    let interval = as_float(sources.policy.interval_ppm) / ONE;
    let planned: Vec<(&str, f64, i64)> = reps
        .iter()
        .map(|rep| {
            let own = trials_of(rep);
            let rate = group.estimate(own, interval).mean;
            (*rep, rate, if own.trials > 0 { own.trials } else { typical })
        })
        .collect();
    let weight: f64 = planned.iter().map(|(_, _, trials)| as_float(*trials)).sum();
    let mean = planned
        .iter()
        .map(|(_, rate, trials)| rate * as_float(*trials))
        .sum::<f64>()
        / weight;
    let scale = if mean > 0.0 {
        as_float(goal_ppm) / ONE / mean
    } else {
        1.0
    };
    let months = month_weights(&sources.facts.calendar, drafting.month(0));
    let rows = planned.into_iter().map(|(rep, rate, trials)| {
        let value = ppm(rate * scale).clamp(1, 1_000_000);
        drafting.rate_row(rep, metric.id, value, over_months(trials, &months));
        (rep.to_owned(), [value; MONTHS])
    });
    rows.collect()
}

fn over_months(total: i64, weights: &[i64; MONTHS]) -> [i64; MONTHS] {
    let names: Vec<String> = (0..MONTHS).map(|at| format!("{at:02}")).collect();
    let children: Vec<Child<'_>> = names
        .iter()
        .zip(weights)
        .map(|(id, weight)| Child {
            id,
            weight: (*weight).clamp(0, WEIGHT_MAX),
            lo: 0,
            hi: VALUE_MAX,
        })
        .collect();
    let parts = split(total, &children, 0).unwrap_or_default();
    std::array::from_fn(|at| parts.get(at).copied().unwrap_or(0))
}
