use crate::ability::*;

fn check(estimate: Estimate, greatest: f64, what: &str) {
    let Estimate {
        mean,
        lo,
        hi,
        weight_own,
    } = estimate;
    assert!(
        0.0 <= lo && lo <= mean && mean <= hi && hi <= greatest,
        "{what}: {estimate:?}"
    );
    assert!((0.0..=1.0).contains(&weight_own), "{what}: {estimate:?}");
}

fn trials(rows: &[(i64, i64)]) -> Vec<Trials> {
    let row = |(successes, trials): &(i64, i64)| Trials {
        successes: *successes,
        trials: *trials,
    };
    rows.iter().map(row).collect()
}

fn volumes(rows: &[(i64, f64)]) -> Vec<Volume> {
    let row = |(observed, expected): &(i64, f64)| Volume {
        observed: *observed,
        expected: *expected,
    };
    rows.iter().map(row).collect()
}

#[test]
fn odd_rates_have_sensible_estimates() {
    let groups: [&[(i64, i64)]; 10] = [
        &[],
        &[(0, 0)],
        &[(0, 0), (0, 0), (0, 0)],
        &[(0, 1)],
        &[(1, 1)],
        &[(0, 100), (0, 200), (0, 50)],
        &[(100, 100), (200, 200), (50, 50)],
        &[(1000, 1000), (0, 1_000_000)],
        &[(-3, 10), (12, 10), (5, -1)],
        &[(400_000, 9_000_000), (350_000, 8_000_000)],
    ];
    for rows in groups {
        let group = RateGroup::fit(&trials(rows));
        assert!(
            (0.0..=1.0).contains(&group.mean()) && group.strength() >= 5.0,
            "{rows:?}"
        );
        let own = trials(&[(0, 0), (0, 20), (20, 20), (3, 60), (70_000, 1_000_000), (9, 3)]);
        for own in own.iter().copied().chain(trials(rows)) {
            for interval in [0.80, 0.90, 0.99] {
                check(group.estimate(own, interval), 1.0, &format!("{own:?} in {rows:?}"));
            }
            for rate in [f64::NEG_INFINITY, 0.0, group.mean(), 1.0, 2.0, f64::NAN] {
                assert!((0.0..=1.0).contains(&group.above(own, rate)), "{own:?} in {rows:?}");
            }
        }
    }
}

#[test]
fn odd_volumes_have_sensible_estimates() {
    let groups: [&[(i64, f64)]; 10] = [
        &[],
        &[(0, 0.0)],
        &[(5, 0.0), (7, -1.0), (3, f64::NAN), (2, f64::INFINITY)],
        &[(0, 10.0), (0, 20.0)],
        &[(3, 0.01)],
        &[(-4, 20.0), (20, 20.0)],
        &[(1000, 2.0), (0, 5000.0)],
        &[(2_000_000, 1_900_000.0), (2_100_000, 2_200_000.0)],
        &[(1, 1e-9), (1, 1e9)],
        &[(10, 10.0); 40],
    ];
    for rows in groups {
        let group = VolumeGroup::fit(&volumes(rows));
        assert!(group.mean() > 0.0 && group.strength() >= 1.0, "{rows:?}");
        let own = volumes(&[(0, 0.0), (9, 0.0), (0, 40.0), (31, 52.4), (500, 1.0), (1, f64::NAN)]);
        for own in own.iter().copied().chain(volumes(rows)) {
            for interval in [0.80, 0.90, 0.99] {
                check(group.estimate(own, interval), f64::MAX, &format!("{own:?} in {rows:?}"));
            }
            assert!((0.0..=1.0).contains(&group.above(own, 1.0)), "{own:?} in {rows:?}");
            let values = group.quantiles(own, 64);
            assert!(
                values.len() == 64 && values.is_sorted() && values[0] >= 0.0,
                "{own:?} in {rows:?}"
            );
        }
    }
}

#[test]
fn without_own_evidence_the_peers_speak() {
    let rates = RateGroup::fit(&trials(&[(30, 600), (33, 600), (25, 600), (36, 600)]));
    let got = rates.estimate(trials(&[(0, 0)])[0], 0.90);
    assert_eq!((got.mean, got.weight_own), (quantise(rates.mean()), 0.0));

    let counts = VolumeGroup::fit(&volumes(&[(50, 60.0), (55, 60.0), (61, 60.0)]));
    let got = counts.estimate(volumes(&[(7, 0.0)])[0], 0.90);
    assert_eq!((got.mean, got.weight_own), (quantise(counts.mean()), 0.0));
}

#[test]
fn without_anyone_nothing_is_claimed() {
    let got = RateGroup::fit(&[]).estimate(
        Trials {
            successes: 0,
            trials: 0,
        },
        0.90,
    );
    assert_eq!(got.mean, 0.5);
    assert!(got.lo < 0.05 && got.hi > 0.95, "{got:?}");

    let none = Volume {
        observed: 0,
        expected: 0.0,
    };
    let got = VolumeGroup::fit(&[]).estimate(none, 0.90);
    assert!(got.lo < 0.3 && got.hi > 3.0, "{got:?}");
}
