//! Rates: beta-binomial, the strength of the prior integrated over a grid.
//!
//! `s_i | p_i ~ Bin(n_i, p_i)`, `p_i ~ Beta(μM, (1−μ)M)`, prior ∝ M^-1.5 dM for the strength M and flat in logit μ.
//! A fitted M plugged in instead would often be infinite with few or nearly equal peers, and its 90 % intervals hold about 70 %
//! (<http://varianceexplained.org/r/beta_binomial_baseball/> shows the plug-in).

use super::beta::Beta;
use super::grid::{Grid, Row, offsets, strengths};
use super::mixture::Mixture;
use super::special::{ln, ln_gamma, logistic};
use super::{Estimate, Form, Posterior, counted};

/// Least and greatest strength, in trials.
const STRENGTHS: (f64, f64) = (5.0, 5000.0);

/// What one person did: so many of so many.
///
/// Counts below 0 are taken as 0, successes beyond the trials as the trials: a win whose contact lies in an earlier period
/// does not make a share above 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trials {
    /// Trials that succeeded.
    pub successes: i64,
    /// All trials.
    pub trials: i64,
}

/// What is believed of the peers of one group, and so of everyone in it before own results are heard.
#[derive(Debug, Clone)]
pub struct RateGroup {
    grid: Grid<Prior>,
}

/// Beta(alpha, beta) of one cell.
#[derive(Debug, Clone, Copy)]
struct Prior {
    alpha: f64,
    beta: f64,
}

/// A row with trials, as floats.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    successes: f64,
    failures: f64,
}

impl RateGroup {
    /// Learns from the rows of a whole group, the person to be estimated included, in a fixed order: sums run in it.
    ///
    /// Without any trial the mean is about ½ and known to two units of its logit: next to nothing is claimed.
    pub fn fit(rows: &[Trials]) -> Self {
        let outcomes: Vec<Outcome> = rows.iter().filter_map(|row| row.outcome()).collect();
        let middle = Middle::of(&outcomes);
        let rows = strengths(STRENGTHS.0, STRENGTHS.1).map(|strength| {
            // Γ(M)/Γ(n+M) of every row, the part of its likelihood that the mean does not enter.
            let sizes = outcomes.iter().map(|outcome| outcome.trials() + strength);
            let ln_gamma_strength = ln_gamma(strength);
            let common: Vec<f64> = sizes.map(|size| ln_gamma_strength - ln_gamma(size)).collect();
            let cells = offsets().map(|offset| {
                let prior = Prior::new(middle.logit + offset * middle.error, strength);
                (prior.ln_likelihood(&outcomes, &common) - 0.5 * ln(strength), prior)
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

    /// Posterior mean of μ, the mean ability of the group.
    pub fn mean(&self) -> f64 {
        self.grid.mean(|strength, prior| prior.alpha / strength)
    }

    /// Posterior mean of M: how many trials of one's own weigh as much as the group.
    pub fn strength(&self) -> f64 {
        self.grid.mean(|strength, _| strength)
    }

    /// What is believed of a person of the group with the results `own`; without trials that is what is believed of
    /// anyone in it.
    pub fn posterior(&self, own: Trials) -> Posterior {
        let own = own.outcome().unwrap_or(Outcome {
            successes: 0.0,
            failures: 0.0,
        });
        let trials = own.trials();
        let rows = self.grid.rows.iter().map(|row| {
            let ln_gamma_sum = ln_gamma(trials + row.strength);
            let cells = row.cells.iter().map(|(weight, prior)| {
                let (a, b) = (own.successes + prior.alpha, own.failures + prior.beta);
                (*weight, Beta::new(a, b, ln_gamma_sum))
            });
            cells.collect()
        });
        Posterior {
            form: Form::Rate(Mixture::from_rows(rows)),
            weight_own: 1.0 - self.grid.mean(|strength, _| strength / (trials + strength)),
        }
    }

    /// [`Posterior::estimate`] of [`Self::posterior`]; a share.
    pub fn estimate(&self, own: Trials, interval: f64) -> Estimate {
        self.posterior(own).estimate(interval)
    }

    /// Probability that the ability of a person with the results `own` exceeds `rate`, for example [`Self::mean`].
    pub fn above(&self, own: Trials, rate: f64) -> f64 {
        self.posterior(own).above(rate)
    }
}

impl Trials {
    fn outcome(self) -> Option<Outcome> {
        let trials = counted(self.trials);
        let successes = counted(self.successes).min(trials);
        (trials > 0.0).then_some(Outcome {
            successes,
            failures: trials - successes,
        })
    }
}

impl Outcome {
    fn trials(self) -> f64 {
        self.successes + self.failures
    }
}

impl Prior {
    fn new(logit: f64, strength: f64) -> Self {
        Self {
            alpha: strength * logistic(logit),
            beta: strength * logistic(-logit),
        }
    }

    /// Σ ln B(s + α, n − s + β) − ln B(α, β); `common` holds ln Γ(M) − ln Γ(n + M) of the rows.
    fn ln_likelihood(self, outcomes: &[Outcome], common: &[f64]) -> f64 {
        let (ln_gamma_alpha, ln_gamma_beta) = (ln_gamma(self.alpha), ln_gamma(self.beta));
        let rows = outcomes.iter().zip(common);
        let terms = rows.map(|(outcome, common)| {
            let successes = ln_gamma(outcome.successes + self.alpha) - ln_gamma_alpha;
            let failures = ln_gamma(outcome.failures + self.beta) - ln_gamma_beta;
            successes + failures + common
        });
        terms.sum()
    }
}

/// Where the means of the grid lie: around the pooled rate, as far as sampling or the spread of the rows says.
struct Middle {
    logit: f64,
    /// Standard error of the logit.
    error: f64,
}

impl Middle {
    fn of(outcomes: &[Outcome]) -> Self {
        let successes: f64 = outcomes.iter().map(|outcome| outcome.successes).sum();
        let trials: f64 = outcomes.iter().map(|outcome| outcome.trials()).sum();
        let mean = (successes + 0.5) / (trials + 1.0);
        let information = trials.max(1.0) * mean * (1.0 - mean);
        let deviations = outcomes
            .iter()
            .map(|outcome| outcome.successes - outcome.trials() * mean);
        let squares: f64 = deviations.map(|deviation| deviation * deviation).sum();
        Self {
            logit: ln(mean / (1.0 - mean)),
            error: (1.0 / information).sqrt().max(squares.sqrt() / information),
        }
    }
}
