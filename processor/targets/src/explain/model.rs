//! What the interval would have been with other results.
//!
//! The peers are gone when a decision is explained. One prior stands for them: its mean and its weight against the own
//! evidence follow from θ and the weight that were stored, so that it gives the stored θ exactly. Its interval is only
//! about the stored one, and is scaled to it, so that the results which were achieved give the interval that was decided
//! from. Money is taken as so many deals of the present mean. That other results of one would also have changed what is
//! believed of a small group is left out.

use super::View;
use crate::ability::{Posterior, ppm};
use crate::evidence::{Kind, as_float, whole};

/// Results of one window, and what peers are taken to be like.
#[derive(Debug)]
pub(super) struct Model {
    is_rate: bool,
    /// Achieved: events, or the numerator of a rate.
    pub(super) observed: i64,
    /// Events expected, or the denominator.
    expected: f64,
    /// Mean of the prior, and how many expected events, or trials, weigh as much as it.
    mean: f64,
    strength: f64,
    /// What θ is a multiple of: 1, or the target rate.
    over: f64,
    interval: f64,
    scale: (f64, f64),
    /// Value of one event in the unit of the target.
    pub(super) worth: f64,
}

impl Model {
    /// `None` where the decision says too little about its evidence.
    pub(super) fn of(view: &View<'_>) -> Option<Self> {
        let evidence = &view.evidence;
        let own = as_float(evidence.weight_own) / 1e6;
        let theta = as_float(evidence.theta) / 1e6;
        let (observed, expected, over, worth) = results(view)?;
        let is_given = own > 0.0 && expected > 0.0 && over > 0.0 && theta > 0.0;
        if !is_given {
            return None;
        }
        let is_rate = view.figures.kind == Kind::Rate;
        let peers = (1.0 - own).max(1e-6);
        let most = if is_rate { 1.0 - 1e-6 } else { f64::INFINITY };
        let mean = (theta * over - own * as_float(observed) / expected) / peers;
        let mut model = Self {
            is_rate,
            observed,
            expected,
            mean: mean.max(1e-6).min(most),
            strength: expected * peers / own,
            over,
            interval: as_float(view.policy.interval_ppm) / 1e6,
            scale: (1.0, 1.0),
            worth,
        };
        let (low, high) = model.ends(observed);
        let scale = |stored: i64, here: i64| {
            if here > 0 && stored > 0 {
                as_float(stored) / as_float(here)
            } else {
                1.0
            }
        };
        model.scale = (scale(evidence.low, low), scale(evidence.high, high));
        Some(model)
    }

    /// The interval of performance over target, ppm, had `observed` been achieved.
    pub(super) fn ends(&self, observed: i64) -> (i64, i64) {
        let done = as_float(observed);
        let prior = self.mean * self.strength;
        let posterior = if self.is_rate {
            let missed = (self.expected - done).max(0.0) + self.strength - prior;
            Posterior::of_rate(prior + done, missed)
        } else {
            Posterior::of_volume(prior + done, self.strength + self.expected)
        };
        let estimate = posterior.estimate(self.interval);
        (
            ppm(estimate.lo / self.over * self.scale.0),
            ppm(estimate.hi / self.over * self.scale.1),
        )
    }

    /// The least number above what was achieved for which `holds`, which then holds for every larger one.
    pub(super) fn least_above(&self, holds: impl Fn((i64, i64)) -> bool) -> Option<i64> {
        let most = if self.is_rate {
            whole(self.expected)
        } else {
            whole((as_float(self.observed) + self.expected) * 10.0) + 100
        };
        boundary(self.observed, most, |observed| holds(self.ends(observed)))
    }

    /// The greatest number below what was achieved for which `holds`, which then holds for every smaller one.
    pub(super) fn most_below(&self, holds: impl Fn((i64, i64)) -> bool) -> Option<i64> {
        boundary(self.observed, 0, |observed| holds(self.ends(observed)))
    }
}

/// Achieved and expected in events, what θ is a multiple of, and the value of an event.
fn results(view: &View<'_>) -> Option<(i64, f64, f64, f64)> {
    let evidence = &view.evidence;
    let weighed = as_float(evidence.n_eff) / 1e6;
    match view.figures.kind {
        Kind::Count => Some((evidence.numerator.max(0), weighed, 1.0, 1.0)),
        Kind::Money => {
            let worth = as_float(evidence.numerator) / weighed;
            let is_given = weighed > 0.0 && worth > 0.0;
            is_given.then(|| (whole(weighed), as_float(evidence.denominator) / worth, 1.0, worth))
        }
        Kind::Rate => {
            let trials = evidence.denominator.max(0);
            let over = as_float(view.left().0) / 1e6;
            Some((evidence.numerator.clamp(0, trials), as_float(trials), over, 1.0))
        }
    }
}

/// The number nearest to `from`, on the way to `to`, for which `holds`.
fn boundary(from: i64, to: i64, holds: impl Fn(i64) -> bool) -> Option<i64> {
    if from == to || !holds(to) {
        return None;
    }
    let (mut without, mut with) = (from, to);
    while (with - without).abs() > 1 {
        let middle = without + (with - without) / 2;
        if holds(middle) {
            with = middle;
        } else {
            without = middle;
        }
    }
    Some(with)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_is_the_nearest_number_on_either_way() {
        assert_eq!(boundary(31, 900, |number| number >= 39), Some(39));
        assert_eq!(boundary(31, 0, |number| number <= 12), Some(12));
        assert_eq!(boundary(31, 0, |_| false), None);
        assert_eq!(boundary(0, 0, |_| true), None);
    }
}
