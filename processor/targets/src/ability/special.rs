//! Special functions that give the same bits on every platform: `libm` and basic arithmetic, no fused multiply-add.
//!
//! The incomplete functions take the factor that the density has anyway, so that one exponential serves both.

/// Relative size of the last step of a continued fraction or series.
const EPSILON: f64 = 1e-15;
/// Most steps of either: enough for shapes up to about 10^8.
const STEPS_MAX: u32 = 100_000;
/// Beyond this both sides of a recurrence are scaled down.
const LARGE: f64 = 1e100;

/// Natural logarithm.
pub(super) fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// e^x.
pub(super) fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// ln Γ(x), x > 0.
pub(super) fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// 1 / (1 + e^-x), as precise near 0 as near ½.
pub(super) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// ln(x / (1 − x)), precise near 0; infinite at 0 and 1.
pub(super) fn logit(x: f64) -> f64 {
    ln(x) - libm::log1p(-x)
}

/// ln(e^x + 1), without overflow and as precise for x far below 0.
pub(super) fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(exp(-x.abs()))
}

/// The regularised incomplete beta function I_x(a, b), `y` = 1 − x, from `front` = x^a y^b / B(a, b).
pub(super) fn beta_cdf(a: f64, b: f64, x: f64, y: f64, front: f64) -> f64 {
    if x * (a + b + 2.0) < a + 1.0 {
        front * beta_fraction(a, b, x, y)
    } else {
        1.0 - front * beta_fraction(b, a, y, x)
    }
}

/// The even part of the continued fraction of I_x(a, b) over its front (DiDonato, Morris, ACM TOMS 18 (1992), eq. 9).
fn beta_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let excess = a - (a + b) * x + 1.0;
    let mut last = 1.0 / (a + 1.0);
    let mut convergent = Convergent::new(a * last * excess);
    let mut n = 0.0;
    for _ in 0..STEPS_MAX {
        n += 1.0;
        let next = 1.0 / (a + n + n + 1.0);
        let step = n * (b - n) * x * last;
        let numerator = (a + n - 1.0) * (a + b + n - 1.0) * x * last * step;
        let denominator = n + step + (a + n) * next * (excess + n * (1.0 + y));
        if convergent.extend(numerator, denominator) {
            break;
        }
        last = next;
    }
    convergent.value()
}

/// The regularised lower incomplete gamma function P(a, x), from `front` = x^a e^-x / Γ(a).
pub(super) fn gamma_cdf(a: f64, x: f64, front: f64) -> f64 {
    if x < a + 1.0 {
        front * gamma_series(a, x)
    } else {
        1.0 - front * gamma_fraction(a, x)
    }
}

/// P(a, x) over its front: Σ x^k / (a (a+1) … (a+k)) (Abramowitz, Stegun 6.5.29).
fn gamma_series(a: f64, x: f64) -> f64 {
    let mut term = 1.0 / a;
    let mut sum = term;
    let mut shape = a;
    for _ in 0..STEPS_MAX {
        shape += 1.0;
        term *= x / shape;
        sum += term;
        if term <= sum * EPSILON {
            break;
        }
    }
    sum
}

/// Q(a, x) = 1 − P(a, x) over its front: Legendre's continued fraction, even part (Abramowitz, Stegun 6.5.31).
fn gamma_fraction(a: f64, x: f64) -> f64 {
    let mut convergent = Convergent::new(x + 1.0 - a);
    let mut n = 0.0;
    for _ in 0..STEPS_MAX {
        n += 1.0;
        if convergent.extend(n * (a - n), x + n + n + 1.0 - a) {
            break;
        }
    }
    convergent.value()
}

/// The last two convergents of 1/(d₀ + n₁/(d₁ + n₂/(d₂ + …))), as numerators over denominators.
struct Convergent {
    before: (f64, f64),
    now: (f64, f64),
}

impl Convergent {
    fn new(denominator: f64) -> Self {
        Self {
            before: (0.0, 1.0),
            now: (1.0, denominator),
        }
    }

    /// Goes one step deeper; true once that changes nothing more.
    fn extend(&mut self, numerator: f64, denominator: f64) -> bool {
        let next = (
            denominator * self.now.0 + numerator * self.before.0,
            denominator * self.now.1 + numerator * self.before.1,
        );
        let crossed = next.0 * self.now.1;
        let is_settled = (crossed - self.now.0 * next.1).abs() <= EPSILON * crossed.abs();
        self.before = self.now;
        self.now = next;
        if next.1.abs() > LARGE {
            self.before = (self.before.0 / LARGE, self.before.1 / LARGE);
            self.now = (self.now.0 / LARGE, self.now.1 / LARGE);
        }
        is_settled
    }

    fn value(&self) -> f64 {
        self.now.0 / self.now.1
    }
}

/// The quantile of the standard normal distribution, to 4.5·10^-4 (Abramowitz, Stegun 26.2.23): a place to start from.
pub(super) fn normal_quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p).max(f64::MIN_POSITIVE);
    let t = (-2.0 * ln(tail)).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let z = t - above / below;
    if p < 0.5 { -z } else { z }
}
