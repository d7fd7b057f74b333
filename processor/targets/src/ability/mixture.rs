//! A mixture of distributions of one family: its mean, its distribution function and its quantiles.
//!
//! All is computed on a scale without ends (logit or logarithm), on which the components are nearly normal and their
//! densities never grow without bound.

use super::special::normal_quantile;

/// How exact a quantile is on the scale without ends.
const TOLERANCE: f64 = 1e-9;
/// The same for the place from which the search in all components starts.
const TOLERANCE_OUTLINE: f64 = 1e-5;
/// Most evaluations per quantile; a bisection alone would need 37.
const EVALUATIONS_MAX: u32 = 100;
/// Half of the width of the first bracket.
const REACH: f64 = 60.0;
/// Width of a panel in those of the narrowest component that matters, and the share of weight from which one does.
const PANEL_WIDTH: f64 = 0.35;
const PANEL_WEIGHT: f64 = 1e-3;
/// Panels from the first quantile to the last.
const PANELS: (f64, f64) = (32.0, 512.0);

/// A distribution seen on a scale without ends.
pub(super) trait Component: Copy {
    /// What all components need of a place.
    type Point;
    fn point(at: f64) -> Self::Point;
    /// From values to the scale; not finite for what no value can be.
    fn scaled(value: f64) -> f64;
    fn unscaled(at: f64) -> f64;

    /// Density on the scale.
    fn density(&self, at: &Self::Point) -> f64;
    /// First and second derivative of the logarithm of [`Self::density`].
    fn tilts(&self, at: &Self::Point) -> (f64, f64);
    /// Distribution function; `density` is that at the same place.
    fn cdf(&self, at: &Self::Point, density: f64) -> f64;

    /// Mean and variance of the value.
    fn moments(&self) -> (f64, f64);
    fn with_moments(mean: f64, variance: f64) -> Self;
    /// About the standard deviation on the scale.
    fn width(&self) -> f64;
    /// About the place of the quantile that a standard normal distribution has at `z`.
    fn guess(&self, z: f64) -> f64;
}

/// Weights, which sum to 1, and components.
#[derive(Debug, Clone)]
pub(super) struct Mixture<C> {
    parts: Vec<(f64, C)>,
    /// A few components that give nearly the same distribution.
    outline: Vec<(f64, C)>,
    mean: f64,
    /// One component of the same mean and variance.
    whole: C,
}

/// Distribution function, density and its first two derivatives at one place.
#[derive(Debug, Clone, Copy)]
struct Local {
    cdf: f64,
    density: f64,
    slope: f64,
    curvature: f64,
}

impl<C: Component> Mixture<C> {
    /// Takes the components in rows; those of one row are alike enough to be outlined by one of their mean and variance.
    pub(super) fn from_rows(rows: impl Iterator<Item = Vec<(f64, C)>>) -> Self {
        let (mut parts, mut outline) = (Vec::new(), Vec::new());
        for row in rows {
            outline.push(merged(&row));
            parts.extend(row);
        }
        let (_, whole) = merged(&outline);
        Self {
            mean: parts.iter().map(|(weight, part)| weight * part.moments().0).sum(),
            parts,
            outline,
            whole,
        }
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    pub(super) fn cdf(&self, value: f64) -> f64 {
        if value <= 0.0 {
            return 0.0;
        }
        let at = C::scaled(value);
        if at.is_finite() {
            local(&self.parts, at, true).cdf
        } else {
            1.0
        }
    }

    /// The quantiles at `tail` and 1 − `tail`.
    pub(super) fn interval(&self, tail: f64) -> (f64, f64) {
        let quantile = |p| C::unscaled(solve(&self.parts, p, self.outlined(p), TOLERANCE));
        (quantile(tail), quantile(1.0 - tail))
    }

    /// About the place of the quantile at `p`.
    fn outlined(&self, p: f64) -> f64 {
        let start = self.whole.guess(normal_quantile(p));
        solve(&self.outline, p, start, TOLERANCE_OUTLINE)
    }

    /// The quantiles at (k + ½) / `count`, in one sweep over panels from the lowest to the highest.
    pub(super) fn mid_quantiles(&self, count: usize) -> Vec<f64> {
        if count == 0 {
            return Vec::new();
        }
        let share = 1.0 / count as f64;
        let (from, to) = (self.outlined(share / 8.0), self.outlined(1.0 - share / 8.0));
        let width = self.panel_width(to - from);
        let mut wanted = (0..count).map(|rank| (rank as f64 + 0.5) * share).peekable();
        let mut quantiles = Vec::with_capacity(count);
        let mut left = local(&self.parts, from, true);
        let mut at = from;
        while wanted.peek().is_some() && at < to + REACH {
            let mut right = local(&self.parts, at + width, false);
            let panel = Panel::between(&left, &right, width);
            right.cdf = left.cdf + panel.mass(1.0);
            let mut place = 0.0;
            while let Some(p) = wanted.next_if(|p| *p <= right.cdf) {
                place = panel.place_of(p - left.cdf, place);
                quantiles.push(C::unscaled(at + place * width));
            }
            left = right;
            at += width;
        }
        quantiles.resize(count, C::unscaled(at));
        quantiles
    }

    fn panel_width(&self, range: f64) -> f64 {
        let parts = self.parts.iter();
        let heavy = parts.filter(|(weight, _)| *weight >= PANEL_WEIGHT);
        let narrowest = heavy.map(|(_, part)| part.width()).fold(f64::INFINITY, f64::min);
        (narrowest * PANEL_WIDTH).clamp(range / PANELS.1, range / PANELS.0)
    }
}

/// The weight of `row` and one component of its mean and variance.
fn merged<C: Component>(row: &[(f64, C)]) -> (f64, C) {
    let (mut total, mut first, mut second) = (0.0, 0.0, 0.0);
    for (weight, part) in row {
        let (mean, variance) = part.moments();
        total += weight;
        first += weight * mean;
        second += weight * (variance + mean * mean);
    }
    let mean = first / total;
    (total, C::with_moments(mean, second / total - mean * mean))
}

fn local<C: Component>(parts: &[(f64, C)], at: f64, with_cdf: bool) -> Local {
    let point = C::point(at);
    let mut sum = Local {
        cdf: 0.0,
        density: 0.0,
        slope: 0.0,
        curvature: 0.0,
    };
    for (weight, part) in parts {
        let density = part.density(&point);
        let (tilt, bend) = part.tilts(&point);
        let weighted = weight * density;
        sum.density += weighted;
        sum.slope += weighted * tilt;
        sum.curvature += weighted * (tilt * tilt + bend);
        if with_cdf {
            sum.cdf += weight * part.cdf(&point, density);
        }
    }
    sum
}

/// The place where the distribution function is `p`: a series about each place gives the next, a bracket keeps it safe.
fn solve<C: Component>(parts: &[(f64, C)], p: f64, start: f64, tolerance: f64) -> f64 {
    let (mut below, mut above) = (start - REACH, start + REACH);
    let mut at = start;
    for _ in 0..EVALUATIONS_MAX {
        let here = local(parts, at, true);
        let missing = p - here.cdf;
        if missing > 0.0 {
            below = at;
        } else {
            above = at;
        }
        let (step, left_out) = here.step(missing);
        at += step;
        if left_out <= tolerance || above - below <= tolerance {
            break;
        }
        // Written so that NaN, from a place without density, is outside.
        if !(at > below && at < above) {
            at = (below + above) / 2.0;
        }
    }
    at.clamp(below, above)
}

impl Local {
    /// The step that adds `missing` to the distribution function, by reversion of its series to the third order, and
    /// about the size of what the series leaves out.
    fn step(&self, missing: f64) -> (f64, f64) {
        let newton = missing / self.density;
        let second = self.slope / (2.0 * self.density) * newton;
        let third = self.curvature / (6.0 * self.density) * newton * newton;
        let size = second.abs().max(third.abs().sqrt());
        // Written so that NaN takes the second branch.
        if size < 0.3 {
            let step = newton * (1.0 - second + 2.0 * second * second - third);
            (step, 8.0 * newton.abs() * size * size * size)
        } else {
            (newton.clamp(-1.0, 1.0), f64::INFINITY)
        }
    }
}

/// The density between two places as the quintic that has its values and derivatives there.
struct Panel {
    /// Coefficients in the place within the panel, 0 to 1.
    density: [f64; 6],
}

impl Panel {
    fn between(left: &Local, right: &Local, width: f64) -> Self {
        let squared = width * width;
        let (first, second) = (left.slope * width, left.curvature * squared / 2.0);
        let value = right.density - left.density - first - second;
        let slope = right.slope * width - first - 2.0 * second;
        let curvature = right.curvature * squared - 2.0 * second;
        let of_unit = [
            left.density,
            first,
            second,
            10.0 * value - 4.0 * slope + curvature / 2.0,
            -15.0 * value + 7.0 * slope - curvature,
            6.0 * value - 3.0 * slope + curvature / 2.0,
        ];
        Self {
            density: of_unit.map(|coefficient| coefficient * width),
        }
    }

    /// Probability from the left end to `place`.
    fn mass(&self, place: f64) -> f64 {
        let [c0, c1, c2, c3, c4, c5] = self.density;
        place
            * (c0
                + place * (c1 / 2.0 + place * (c2 / 3.0 + place * (c3 / 4.0 + place * (c4 / 5.0 + place * c5 / 6.0)))))
    }

    /// The place at which the probability from the left end is `mass`, by Newton's method from `start`.
    fn place_of(&self, mass: f64, start: f64) -> f64 {
        let [c0, c1, c2, c3, c4, c5] = self.density;
        let mut place = start;
        for _ in 0..8 {
            let density = c0 + place * (c1 + place * (c2 + place * (c3 + place * (c4 + place * c5))));
            let step = (mass - self.mass(place)) / density;
            // A quintic may dip to 0 where the density nearly does.
            if !step.is_finite() {
                break;
            }
            place = (place + step).clamp(0.0, 1.0);
            if step.abs() < TOLERANCE {
                break;
            }
        }
        place
    }
}
