//! Groups with known abilities, and the estimates that plug in a fitted strength, for comparison.

use crate::ability::beta::Beta;
use crate::ability::gamma::Gamma;
use crate::ability::mixture::Mixture;
use crate::ability::special::{exp, ln, ln_gamma};
use crate::draws::Xoshiro256PlusPlus;

/// Stands for a strength that the moments say is infinite.
const COLLAPSED: f64 = 1e9;

pub(super) fn between(draws: &mut Xoshiro256PlusPlus, from: f64, to: f64) -> f64 {
    from + (to - from) * draws.uniform()
}

/// Marsaglia and Tsang; below shape 1 by the next shape and a power.
pub(super) fn gamma(draws: &mut Xoshiro256PlusPlus, shape: f64) -> f64 {
    if shape < 1.0 {
        let power = exp(ln(draws.uniform()) / shape);
        return gamma(draws, shape + 1.0) * power;
    }
    let d = shape - 1.0 / 3.0;
    loop {
        let z = normal(draws);
        let v = 1.0 + z / (9.0 * d).sqrt();
        let cube = v * v * v;
        if v > 0.0 && ln(draws.uniform()) < 0.5 * z * z + d - d * cube + d * ln(cube) {
            return d * cube;
        }
    }
}

/// The polar method.
fn normal(draws: &mut Xoshiro256PlusPlus) -> f64 {
    loop {
        let (x, y) = (between(draws, -1.0, 1.0), between(draws, -1.0, 1.0));
        let square = x * x + y * y;
        if square < 1.0 && square > 0.0 {
            return x * (-2.0 * ln(square) / square).sqrt();
        }
    }
}

pub(super) fn beta(draws: &mut Xoshiro256PlusPlus, a: f64, b: f64) -> f64 {
    let (x, y) = (gamma(draws, a), gamma(draws, b));
    x / (x + y)
}

pub(super) fn binomial(draws: &mut Xoshiro256PlusPlus, trials: i64, p: f64) -> i64 {
    (0..trials).filter(|_| draws.uniform() < p).count() as i64
}

pub(super) fn poisson(draws: &mut Xoshiro256PlusPlus, mean: f64) -> i64 {
    let floor = exp(-mean);
    let mut product = draws.uniform();
    let mut count = 0;
    while product > floor {
        product *= draws.uniform();
        count += 1;
    }
    count
}

/// The intraclass correlation 1/(M + 1) by analysis of variance.
pub(super) fn intraclass_correlation(rows: &[(f64, f64)]) -> f64 {
    let count = rows.len() as f64;
    let successes: f64 = rows.iter().map(|row| row.0).sum();
    let trials: f64 = rows.iter().map(|row| row.1).sum();
    let mean = successes / trials;
    let between = rows
        .iter()
        .map(|(s, n)| n * (s / n - mean) * (s / n - mean))
        .sum::<f64>()
        / (count - 1.0);
    let within = rows.iter().map(|(s, n)| s * (1.0 - s / n)).sum::<f64>() / (trials - count);
    let squares: f64 = rows.iter().map(|(_, n)| n * n).sum();
    let size = (trials - squares / trials) / (count - 1.0);
    (between - within) / (between + (size - 1.0) * within)
}

/// Beta posterior of each row under the fitted strength.
pub(super) fn plugged_rates(rows: &[(f64, f64)]) -> Vec<Mixture<Beta>> {
    let correlation = intraclass_correlation(rows);
    let strength = if correlation > 0.0 {
        1.0 / correlation - 1.0
    } else {
        COLLAPSED
    };
    let mean = rows.iter().map(|row| row.0).sum::<f64>() / rows.iter().map(|row| row.1).sum::<f64>();
    let posterior = |(s, n): &(f64, f64)| {
        let (a, b) = (s + mean * strength, n - s + (1.0 - mean) * strength);
        Mixture::from_rows(std::iter::once(vec![(1.0, Beta::new(a, b, ln_gamma(a + b)))]))
    };
    rows.iter().map(posterior).collect()
}

/// Gamma posterior of each row under the strength by moments.
pub(super) fn plugged_volumes(rows: &[(f64, f64)]) -> Vec<Mixture<Gamma>> {
    let count = rows.len() as f64;
    let mean = rows.iter().map(|row| row.0).sum::<f64>() / rows.iter().map(|row| row.1).sum::<f64>();
    let ratios = rows.iter().map(|(o, e)| o / e);
    let middle = ratios.clone().sum::<f64>() / count;
    let variance = ratios.map(|ratio| (ratio - middle) * (ratio - middle)).sum::<f64>() / count;
    let sampling = mean * rows.iter().map(|(_, e)| 1.0 / e).sum::<f64>() / count;
    let strength = if variance > sampling {
        mean * mean / (variance - sampling)
    } else {
        COLLAPSED
    };
    let posterior = |(o, e): &(f64, f64)| {
        let shape = o + strength;
        let component = Gamma::new(shape, e + strength / mean, ln_gamma(shape));
        Mixture::from_rows(std::iter::once(vec![(1.0, component)]))
    };
    rows.iter().map(posterior).collect()
}
