//! Volumes: Gamma-Poisson on observed over expected, the strength of the prior integrated over a grid.
//!
//! `O_i ~ Poisson(E_i θ_i)`, `θ_i ~ Gamma(a, a/μ)`, prior ∝ a^-1.5 da for the strength a and flat in ln μ
//! (<https://sufficientlyminimal.netlify.app/2017/11/16/gamma-poisson> shows the model with a plugged in).

use super::gamma::Gamma;
use super::grid::{Grid, Row, offsets, strengths};
use super::mixture::Mixture;
use super::special::{exp, ln, ln_gamma};
use super::{Estimate, Form, Posterior, counted};

/// Least and greatest strength, in events.
const STRENGTHS: (f64, f64) = (1.0, 1000.0);

/// What one person did and what was expected, both in events.
///
/// Where nothing (or less, or NaN) was expected there is nothing to measure by: such a row says nothing, whatever was
/// observed. Less than nothing observed is taken as nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Volume {
    /// Events that happened.
    pub observed: i64,
    /// Events that the target, or the average of others, expected.
    pub expected: f64,
}

/// What is believed of the peers of one group, and so of everyone in it before own results are heard.
#[derive(Debug, Clone)]
pub struct VolumeGroup {
    grid: Grid<Prior>,
}

/// Gamma(strength, rate) of one cell.
#[derive(Debug, Clone, Copy)]
struct Prior {
    mean: f64,
    rate: f64,
}

/// A row with an expectation, as floats.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    observed: f64,
    expected: f64,
}

impl VolumeGroup {
    /// Learns from the rows of a whole group, the person to be estimated included, in a fixed order: sums run in it.
    ///
    /// Without any expectation the mean is about 1, give or take a factor of 4.
    pub fn fit(rows: &[Volume]) -> Self {
        let outcomes: Vec<Outcome> = rows.iter().filter_map(|row| row.outcome()).collect();
        let middle = Middle::of(&outcomes);
        let rows = strengths(STRENGTHS.0, STRENGTHS.1).map(|strength| {
            let ln_gamma_strength = ln_gamma(strength);
            let shapes = outcomes.iter().map(|outcome| strength + outcome.observed);
            // Γ(a+O)/Γ(a) of every row, the part of its likelihood that the mean does not enter.
            let common = shapes.map(|shape| ln_gamma(shape) - ln_gamma_strength).sum::<f64>();
            let cells = offsets().map(|offset| {
                let prior = Prior::new(exp(middle.ln_mean + offset * middle.error), strength);
                let ln_likelihood = common + prior.ln_likelihood(&outcomes, strength);
                (ln_likelihood - 0.5 * ln(strength), prior)
            });
            Row {
                strength,
                cells: cells.collect(),
            }
        });
        Self {
            grid: Grid::from_ln_weights(rows.collect()),
        }
    }

    /// Posterior mean of μ, the mean ability of the group, as a multiple of what was expected.
    pub fn mean(&self) -> f64 {
        self.grid.mean(|_, prior| prior.mean)
    }

    /// Posterior mean of a: how many expected events of one's own weigh as much as a group that does as expected.
    pub fn strength(&self) -> f64 {
        self.grid.mean(|strength, _| strength)
    }

    /// What is believed of a person of the group with the results `own`; without an expectation that is what is believed
    /// of anyone in it.
    pub fn posterior(&self, own: Volume) -> Posterior {
        let own = own.outcome().unwrap_or(Outcome {
            observed: 0.0,
            expected: 0.0,
        });
        let rows = self.grid.rows.iter().map(|row| {
            let shape = row.strength + own.observed;
            let ln_gamma_shape = ln_gamma(shape);
            let cells = row.cells.iter().map(|(weight, prior)| {
                let component = Gamma::new(shape, prior.rate + own.expected, ln_gamma_shape);
                (*weight, component)
            });
            cells.collect()
        });
        Posterior {
            form: Form::Volume(Mixture::from_rows(rows)),
            weight_own: 1.0 - self.grid.mean(|_, prior| prior.rate / (prior.rate + own.expected)),
        }
    }

    /// [`Posterior::estimate`] of [`Self::posterior`]; a multiple of what was expected.
    pub fn estimate(&self, own: Volume, interval: f64) -> Estimate {
        self.posterior(own).estimate(interval)
    }

    /// Probability that the ability of a person with the results `own` exceeds `multiple` of what was expected.
    pub fn above(&self, own: Volume, multiple: f64) -> f64 {
        self.posterior(own).above(multiple)
    }

    /// [`Posterior::mid_quantiles`] of [`Self::posterior`].
    pub fn quantiles(&self, own: Volume, count: usize) -> Vec<f64> {
        self.posterior(own).mid_quantiles(count)
    }
}

impl Volume {
    fn outcome(self) -> Option<Outcome> {
        (self.expected > 0.0 && self.expected.is_finite()).then_some(Outcome {
            observed: counted(self.observed),
            expected: self.expected,
        })
    }
}

impl Prior {
    fn new(mean: f64, strength: f64) -> Self {
        Self {
            mean,
            rate: strength / mean,
        }
    }

    /// Σ a ln r − (a + O) ln(r + E), r = a/μ, written without the difference of large terms.
    fn ln_likelihood(self, outcomes: &[Outcome], strength: f64) -> f64 {
        let ln_rate = ln(self.rate);
        let terms = outcomes.iter().map(|outcome| {
            let growth = ln(1.0 + outcome.expected / self.rate);
            -strength * growth - outcome.observed * (growth + ln_rate)
        });
        terms.sum()
    }
}

/// Where the means of the grid lie: around observed over expected, as far as sampling or the spread of the rows says.
struct Middle {
    ln_mean: f64,
    /// Standard error of the logarithm.
    error: f64,
}

impl Middle {
    fn of(outcomes: &[Outcome]) -> Self {
        let observed: f64 = outcomes.iter().map(|outcome| outcome.observed).sum();
        let expected: f64 = outcomes.iter().map(|outcome| outcome.expected).sum();
        let information = observed + 0.5;
        let mean = information / (expected + 0.5);
        let deviations = outcomes
            .iter()
            .map(|outcome| outcome.observed - outcome.expected * mean);
        let squares: f64 = deviations.map(|deviation| deviation * deviation).sum();
        Self {
            ln_mean: ln(mean),
            error: (1.0 / information).sqrt().max(squares.sqrt() / information),
        }
    }
}

#[cfg(test)]
impl VolumeGroup {
    /// A group whose prior is known to be Gamma(shape, rate).
    pub(super) fn known(shape: f64, rate: f64) -> Self {
        let mean = shape / rate;
        let cells = vec![(0.0, Prior { mean, rate })];
        let rows = vec![Row { strength: shape, cells }];
        Self {
            grid: Grid::from_ln_weights(rows),
        }
    }
}
