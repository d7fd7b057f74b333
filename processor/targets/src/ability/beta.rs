//! A Beta distribution on the logit scale.

use super::mixture::Component;
use super::special::{beta_cdf, exp, ln, ln_gamma, logistic, logit, softplus};

/// Beta(a, b) with ln B(a, b) computed once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beta {
    a: f64,
    b: f64,
    ln_beta: f64,
}

/// A share with all that the components of a mixture take from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    x: f64,
    y: f64,
    ln_x: f64,
    ln_y: f64,
}

impl Beta {
    /// `ln_gamma_sum` is ln Γ(a + b), which components of one strength share.
    pub(super) fn new(a: f64, b: f64, ln_gamma_sum: f64) -> Self {
        Self {
            a,
            b,
            ln_beta: ln_gamma(a) + ln_gamma(b) - ln_gamma_sum,
        }
    }
}

impl Component for Beta {
    type Point = Share;

    fn point(logit: f64) -> Share {
        Share {
            x: logistic(logit),
            y: logistic(-logit),
            ln_x: -softplus(-logit),
            ln_y: -softplus(logit),
        }
    }

    fn scaled(share: f64) -> f64 {
        logit(share)
    }

    fn unscaled(logit: f64) -> f64 {
        logistic(logit)
    }

    fn density(&self, at: &Share) -> f64 {
        exp(self.a * at.ln_x + self.b * at.ln_y - self.ln_beta)
    }

    fn tilts(&self, at: &Share) -> (f64, f64) {
        let sum = self.a + self.b;
        (self.a - sum * at.x, -sum * at.x * at.y)
    }

    fn cdf(&self, at: &Share, density: f64) -> f64 {
        beta_cdf(self.a, self.b, at.x, at.y, density)
    }

    fn moments(&self) -> (f64, f64) {
        let sum = self.a + self.b;
        let mean = self.a / sum;
        (mean, mean * (self.b / sum) / (sum + 1.0))
    }

    fn with_moments(mean: f64, variance: f64) -> Self {
        let sum = (mean * (1.0 - mean) / variance - 1.0).max(1e-3);
        Self::new(mean * sum, (1.0 - mean) * sum, ln_gamma(sum))
    }

    fn width(&self) -> f64 {
        (1.0 / self.a + 1.0 / self.b).sqrt()
    }

    fn guess(&self, z: f64) -> f64 {
        let (a, b) = (self.a.max(0.5) - 1.0 / 3.0, self.b.max(0.5) - 1.0 / 3.0);
        let skewness = (1.0 / b - 1.0 / a) / (1.0 / a + 1.0 / b).sqrt();
        ln(a / b) + self.width() * (z + skewness * (z * z) / 6.0)
    }
}
