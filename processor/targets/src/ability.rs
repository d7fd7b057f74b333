//! Ability: what a person's results say about the person, once the peers have been heard.
//!
//! A rate is beta-binomial ([`RateGroup`]), a volume Gamma-Poisson on observed over expected ([`VolumeGroup`]), money the
//! product of a volume and a mean amount ([`PeerAmounts`]). How alike the peers are is not estimated and plugged in, it is
//! integrated over a grid: with few or nearly equal peers a plugged-in estimate collapses and its intervals with it.
//!
//! All three give a [`Posterior`], and that an [`Estimate`]. Results are the same on every platform: logarithms and gamma
//! functions are those of one library, sums run in the order of the rows.

mod beta;
mod gamma;
mod grid;
mod mixture;
mod money;
mod rates;
mod single;
mod special;
#[cfg(test)]
mod tests;
mod volumes;

use beta::Beta;
use gamma::Gamma;
use mixture::Mixture;

pub use money::PeerAmounts;
pub use rates::{RateGroup, Trials};
pub use volumes::{Volume, VolumeGroup};

/// Least and greatest probability that an interval may hold.
const INTERVALS: (f64, f64) = (0.5, 0.999);

/// An ability with its uncertainty, every number a multiple of 10^-6.
///
/// A rate is a share, a volume or money a multiple of what was expected: 1 means as expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Posterior mean.
    pub mean: f64,
    /// Lower end of the interval, never above the mean.
    pub lo: f64,
    /// Upper end of the interval, never below the mean.
    pub hi: f64,
    /// Weight of the person's own evidence, 0 to 1; the rest is the peers'.
    pub weight_own: f64,
}

impl Estimate {
    fn new(mean: f64, (lo, hi): (f64, f64), weight_own: f64) -> Self {
        Self {
            mean: quantise(mean),
            lo: quantise(lo.min(mean)),
            hi: quantise(hi.max(mean)),
            weight_own: quantise(weight_own),
        }
    }
}

/// What is believed of one person's ability: a distribution and the weight of the person's own evidence in it.
#[derive(Debug, Clone)]
pub struct Posterior {
    form: Form,
    weight_own: f64,
}

#[derive(Debug, Clone)]
enum Form {
    Rate(Mixture<Beta>),
    Volume(Mixture<Gamma>),
    /// Equally likely values, in the order in which they were drawn.
    Drawn(Vec<f64>),
}

impl Posterior {
    /// Mean and central interval; `interval` is the probability that it holds, for example 0.90, and is kept within 0.5
    /// and 0.999.
    ///
    /// An interval that would not contain the mean, as a very skewed one may not, is widened to it.
    pub fn estimate(&self, interval: f64) -> Estimate {
        let tail = (1.0 - held(interval)) / 2.0;
        let (mean, ends) = match &self.form {
            Form::Rate(mixture) => (mixture.mean(), mixture.interval(tail)),
            Form::Volume(mixture) => (mixture.mean(), mixture.interval(tail)),
            Form::Drawn(values) => (
                values.iter().sum::<f64>() / values.len() as f64,
                money::interval(values, tail),
            ),
        };
        Estimate::new(mean, ends, self.weight_own)
    }

    /// Probability that the ability exceeds `value`, quantised.
    pub fn above(&self, value: f64) -> f64 {
        let probability = match &self.form {
            Form::Rate(mixture) => 1.0 - mixture.cdf(value),
            Form::Volume(mixture) => 1.0 - mixture.cdf(value),
            Form::Drawn(values) => values.iter().filter(|drawn| **drawn > value).count() as f64 / values.len() as f64,
        };
        quantise(probability.clamp(0.0, 1.0))
    }

    /// The quantiles at (k + ½) / `count`, ascending: equally likely values that stand for the distribution in draws.
    pub fn mid_quantiles(&self, count: usize) -> Vec<f64> {
        match &self.form {
            Form::Rate(mixture) => mixture.mid_quantiles(count),
            Form::Volume(mixture) => mixture.mid_quantiles(count),
            Form::Drawn(values) => money::mid_quantiles(values, count),
        }
    }
}

/// Rounds to a multiple of 10^-6, half to even: before any comparison and any storage.
pub fn quantise(value: f64) -> f64 {
    (value * 1e6).round_ties_even() / 1e6
}

/// Millionths, rounded half to even; NaN gives 0 and what is out of range the nearest end.
pub fn ppm(value: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and saturates")]
    let whole = (value * 1e6).round_ties_even() as i64;
    whole
}

fn held(interval: f64) -> f64 {
    let (least, greatest) = INTERVALS;
    if interval.is_nan() {
        0.9
    } else {
        interval.clamp(least, greatest)
    }
}

/// A count as a float, 0 if it is below 0.
fn counted(count: i64) -> f64 {
    count.max(0) as f64
}
