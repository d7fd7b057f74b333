//! How often 90 % intervals hold: a value lies in its interval exactly if its probability lies between 5 and 95 %.

use super::assert_near;
use super::simulation::*;
use crate::ability::mixture::{Component, Mixture};
use crate::ability::*;
use crate::draws::Xoshiro256PlusPlus;

const TOLERANCE: f64 = 0.015;

fn holds<C: Component>(posterior: &Mixture<C>, truth: f64) -> bool {
    (0.05..=0.95).contains(&posterior.cdf(truth))
}

fn share(hits: usize, of: usize) -> f64 {
    hits as f64 / of as f64
}

/// Root mean square errors of raw, pooled and shrunk rates.
fn rates(mu: f64, strength: f64, trials: (i64, i64), plugged: f64, grid: f64) -> [f64; 3] {
    let (groups, reps) = (150, 60);
    let mut draws = Xoshiro256PlusPlus::from_key(&format!("rates {mu} {strength} {trials:?}"));
    let (mut plugged_hits, mut grid_hits) = (0, 0);
    let mut squares = [0.0; 3];
    for _ in 0..groups {
        let truths: Vec<f64> = (0..reps)
            .map(|_| beta(&mut draws, mu * strength, (1.0 - mu) * strength))
            .collect();
        let rows: Vec<Trials> = truths
            .iter()
            .map(|p| {
                let n = between(&mut draws, trials.0 as f64, trials.1 as f64 + 1.0).floor() as i64;
                Trials {
                    successes: binomial(&mut draws, n, *p),
                    trials: n,
                }
            })
            .collect();
        let floats: Vec<(f64, f64)> = rows
            .iter()
            .map(|row| (row.successes as f64, row.trials as f64))
            .collect();
        let pooled = floats.iter().map(|row| row.0).sum::<f64>() / floats.iter().map(|row| row.1).sum::<f64>();
        let group = RateGroup::fit(&rows);
        let fitted = plugged_rates(&floats);
        for (((truth, row), fitted), (s, n)) in truths.iter().zip(&rows).zip(&fitted).zip(&floats) {
            let Form::Rate(posterior) = group.posterior(*row).form else {
                panic!("a rate");
            };
            plugged_hits += usize::from(holds(fitted, *truth));
            grid_hits += usize::from(holds(&posterior, *truth));
            for (square, estimate) in squares.iter_mut().zip([s / n, pooled, posterior.mean()]) {
                *square += (estimate - truth) * (estimate - truth);
            }
        }
    }
    let of = groups * reps;
    let what = format!("of Beta({mu}, {strength}), {trials:?} trials");
    assert_near(share(plugged_hits, of), plugged, TOLERANCE, &format!("plug-in {what}"));
    assert_near(share(grid_hits, of), grid, TOLERANCE, &format!("grid {what}"));
    squares.map(|square| (square / of as f64).sqrt())
}

fn volumes(reps: usize, strength: f64, expected: (f64, f64), moments: f64, grid: f64) {
    let groups = 9600 / reps;
    let mut draws = Xoshiro256PlusPlus::from_key(&format!("volumes {reps} {strength} {expected:?}"));
    let (mut plugged_hits, mut grid_hits) = (0, 0);
    for _ in 0..groups {
        let truths: Vec<f64> = (0..reps).map(|_| gamma(&mut draws, strength) / strength).collect();
        let rows: Vec<Volume> = truths
            .iter()
            .map(|theta| {
                let expected = between(&mut draws, expected.0, expected.1);
                Volume {
                    observed: poisson(&mut draws, expected * theta),
                    expected,
                }
            })
            .collect();
        let floats: Vec<(f64, f64)> = rows.iter().map(|row| (row.observed as f64, row.expected)).collect();
        let group = VolumeGroup::fit(&rows);
        for ((truth, row), fitted) in truths.iter().zip(&rows).zip(plugged_volumes(&floats)) {
            let Form::Volume(posterior) = group.posterior(*row).form else {
                panic!("a volume");
            };
            plugged_hits += usize::from(holds(&fitted, *truth));
            grid_hits += usize::from(holds(&posterior, *truth));
        }
    }
    let of = groups * reps;
    let what = format!("{reps} reps, a {strength}, E {expected:?}");
    assert_near(share(plugged_hits, of), moments, TOLERANCE, &format!("moments, {what}"));
    assert_near(share(grid_hits, of), grid, TOLERANCE, &format!("grid, {what}"));
}

#[test]
fn intervals_of_rates_hold_and_estimates_err_least() {
    let errors = rates(0.05, 160.0, (20, 400), 0.886, 0.899);
    for (got, wanted) in errors.into_iter().zip([0.0194, 0.0171, 0.0121]) {
        assert_near(got, wanted, 5e-4, "root mean square error");
    }
}

#[test]
fn intervals_of_rates_hold_where_a_plugged_in_strength_collapses() {
    rates(0.05, 160.0, (20, 60), 0.676, 0.887);
    rates(0.05, 2000.0, (100, 800), 0.709, 0.923);
}

#[test]
fn intervals_of_rates_hold_for_other_groups() {
    rates(0.12, 60.0, (20, 400), 0.888, 0.892);
    rates(0.03, 300.0, (50, 800), 0.889, 0.898);
    rates(0.05, 10.0, (20, 400), 0.892, 0.898);
}

#[test]
fn intervals_of_volumes_hold() {
    volumes(40, 12.0, (10.0, 80.0), 0.891, 0.900);
    volumes(40, 12.0, (3.0, 10.0), 0.749, 0.860);
    volumes(40, 100.0, (10.0, 80.0), 0.686, 0.882);
    volumes(8, 12.0, (10.0, 80.0), 0.798, 0.884);
}
