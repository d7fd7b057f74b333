//! Posteriors under one prior that is known: what is left to compare with once the group itself is gone.

use super::beta::Beta;
use super::gamma::Gamma;
use super::mixture::Mixture;
use super::special::ln_gamma;
use super::{Form, Posterior};

impl Posterior {
    /// Gamma(shape, rate) of a multiple of what was expected; both above 0.
    pub(crate) fn of_volume(shape: f64, rate: f64) -> Self {
        let component = Gamma::new(shape, rate, ln_gamma(shape));
        Self {
            form: Form::Volume(Mixture::from_rows(std::iter::once(vec![(1.0, component)]))),
            weight_own: 1.0,
        }
    }

    /// Beta(a, b) of a share; both above 0.
    pub(crate) fn of_rate(a: f64, b: f64) -> Self {
        let component = Beta::new(a, b, ln_gamma(a + b));
        Self {
            form: Form::Rate(Mixture::from_rows(std::iter::once(vec![(1.0, component)]))),
            weight_own: 1.0,
        }
    }
}
