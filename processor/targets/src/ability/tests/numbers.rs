use super::assert_near;
use crate::ability::*;

/// Six people: what they did and mean, lo, hi of what is believed of them.
const SIX: [((i64, i64), [f64; 3]); 6] = [
    ((5, 100), [0.059_150, 0.032_596, 0.087_404]),
    ((8, 100), [0.070_186, 0.044_135, 0.103_708]),
    ((2, 50), [0.058_154, 0.026_184, 0.090_636]),
    ((12, 150), [0.071_210, 0.047_265, 0.101_287]),
    ((0, 20), [0.055_053, 0.014_401, 0.091_412]),
    ((6, 90), [0.065_253, 0.038_914, 0.096_486]),
];

#[test]
fn six_peers_have_the_posterior_of_the_grid() {
    let rows = SIX.map(|((successes, trials), _)| Trials { successes, trials });
    let group = RateGroup::fit(&rows);
    for (own, (_, wanted)) in rows.into_iter().zip(SIX) {
        let got = group.estimate(own, 0.90);
        for (got, wanted) in [got.mean, got.lo, got.hi].into_iter().zip(wanted) {
            assert_near(got, wanted, 2e-6, &format!("{own:?}"));
        }
    }
}

#[test]
fn six_peers_defeat_the_method_of_moments() {
    let rows = SIX.map(|((successes, trials), _)| (successes as f64, trials as f64));
    assert_near(
        super::simulation::intraclass_correlation(&rows),
        -0.004_46,
        5e-6,
        "intraclass correlation",
    );
}

#[test]
fn a_known_prior_gives_the_estimate_of_the_worked_example() {
    let group = VolumeGroup::known(12.0, 12.0);
    let own = |observed| Volume {
        observed,
        expected: 52.4,
    };
    let got = group.estimate(own(31), 0.90);
    assert_near(got.mean, 0.668, 5e-4, "mean");
    assert_near(got.lo, 0.509, 5e-4, "lo");
    assert_near(got.hi, 0.844, 5e-4, "hi");
    assert_near(got.weight_own, 0.81, 5e-3, "weight");

    let got = group.estimate(own(39), 0.90);
    assert_near(got.lo, 0.619, 5e-4, "lo with 39 wins");
    assert_near(got.hi, 0.983, 5e-4, "hi with 39 wins");

    assert_eq!((group.mean(), group.strength()), (1.0, 12.0));
}

#[test]
fn an_ability_above_the_group_is_told_from_one_below() {
    let rows: Vec<Trials> = (0..24)
        .map(|rep| Trials {
            successes: 10 + 2 * rep,
            trials: 600,
        })
        .collect();
    let group = RateGroup::fit(&rows);
    assert!(group.above(rows[23], group.mean()) > 0.9);
    assert!(group.above(rows[0], group.mean()) < 0.1);
    let estimate = group.posterior(rows[12]);
    let ends = estimate.estimate(0.90);
    assert_near(estimate.above(ends.lo), 0.95, 1e-4, "above lo");
    assert_near(estimate.above(ends.hi), 0.05, 1e-4, "above hi");
}

#[test]
fn numbers_are_rounded_to_millionths() {
    assert_eq!(quantise(0.123_456_5), 0.123_456);
    assert_eq!(quantise(0.123_457_6), 0.123_458);
    assert_eq!(
        [ppm(0.668), ppm(-0.000_001_4), ppm(f64::NAN), ppm(1e300)],
        [668_000, -1, 0, i64::MAX]
    );
}
