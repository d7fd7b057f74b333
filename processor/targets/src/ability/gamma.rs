//! A Gamma distribution on the logarithmic scale.

use super::mixture::Component;
use super::special::{exp, gamma_cdf, ln, ln_gamma};

/// Gamma(shape, rate) with its logarithms computed once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gamma {
    shape: f64,
    rate: f64,
    /// shape · ln rate − ln Γ(shape).
    ln_scale: f64,
}

/// A value above 0 and its logarithm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    x: f64,
    ln_x: f64,
}

impl Gamma {
    /// `ln_gamma_shape` is ln Γ(shape), which components of one strength share.
    pub(super) fn new(shape: f64, rate: f64, ln_gamma_shape: f64) -> Self {
        Self {
            shape,
            rate,
            ln_scale: shape * ln(rate) - ln_gamma_shape,
        }
    }
}

impl Component for Gamma {
    type Point = Value;

    fn point(ln_x: f64) -> Value {
        Value { x: exp(ln_x), ln_x }
    }

    fn scaled(value: f64) -> f64 {
        ln(value)
    }

    fn unscaled(ln_x: f64) -> f64 {
        exp(ln_x)
    }

    fn density(&self, at: &Value) -> f64 {
        exp(self.shape * at.ln_x - self.rate * at.x + self.ln_scale)
    }

    fn tilts(&self, at: &Value) -> (f64, f64) {
        let scaled = self.rate * at.x;
        (self.shape - scaled, -scaled)
    }

    fn cdf(&self, at: &Value, density: f64) -> f64 {
        gamma_cdf(self.shape, self.rate * at.x, density)
    }

    fn moments(&self) -> (f64, f64) {
        let mean = self.shape / self.rate;
        (mean, mean / self.rate)
    }

    fn with_moments(mean: f64, variance: f64) -> Self {
        let shape = mean * mean / variance;
        Self::new(shape, mean / variance, ln_gamma(shape))
    }

    fn width(&self) -> f64 {
        (1.0 / self.shape).sqrt()
    }

    fn guess(&self, z: f64) -> f64 {
        let shape = self.shape.max(0.5) - 1.0 / 3.0;
        ln(shape / self.rate) + self.width() * z - z * z / (6.0 * self.shape)
    }
}
