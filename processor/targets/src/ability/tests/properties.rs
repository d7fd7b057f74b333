use proptest::prelude::*;

use crate::ability::*;

fn trials() -> impl Strategy<Value = Trials> {
    (0i64..400, 0i64..=100).prop_map(|(trials, percent)| Trials {
        successes: trials * percent / 400,
        trials,
    })
}

fn volume() -> impl Strategy<Value = Volume> {
    (0i64..120, 0u32..8000).prop_map(|(observed, expected)| Volume {
        observed,
        expected: f64::from(expected) / 100.0,
    })
}

/// The same rows in two orders.
fn in_two_orders<T: Clone + std::fmt::Debug>(row: impl Strategy<Value = T>) -> impl Strategy<Value = (Vec<T>, Vec<T>)> {
    prop::collection::vec(row, 1..20).prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))
}

fn numbers(estimate: Estimate) -> [f64; 4] {
    [estimate.mean, estimate.lo, estimate.hi, estimate.weight_own]
}

fn is_same(one: Estimate, other: Estimate) -> bool {
    let pairs = numbers(one).into_iter().zip(numbers(other));
    pairs
        .into_iter()
        .all(|(a, b)| (a - b).abs() < 1.5e-6 * a.abs().max(1.0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn order_of_peers_changes_no_rate((rows, shuffled) in in_two_orders(trials()), own in trials()) {
        let (one, other) = (RateGroup::fit(&rows), RateGroup::fit(&shuffled));
        prop_assert!(is_same(one.estimate(own, 0.90), other.estimate(own, 0.90)));
    }

    #[test]
    fn order_of_peers_changes_no_volume((rows, shuffled) in in_two_orders(volume()), own in volume()) {
        let (one, other) = (VolumeGroup::fit(&rows), VolumeGroup::fit(&shuffled));
        prop_assert!(is_same(one.estimate(own, 0.90), other.estimate(own, 0.90)));
    }

    #[test]
    fn one_success_more_lowers_nothing(rows in prop::collection::vec(trials(), 1..20), own in trials()) {
        let group = RateGroup::fit(&rows);
        let more = Trials { successes: own.successes + 1, ..own };
        let (before, after) = (group.estimate(own, 0.90), group.estimate(more, 0.90));
        prop_assert!(before.mean <= after.mean && before.lo <= after.lo && before.hi <= after.hi);
        prop_assert!(group.above(own, group.mean()) <= group.above(more, group.mean()));
    }

    #[test]
    fn one_event_more_lowers_nothing(rows in prop::collection::vec(volume(), 1..20), own in volume()) {
        let group = VolumeGroup::fit(&rows);
        let more = Volume { observed: own.observed + 1, ..own };
        let (before, after) = (group.estimate(own, 0.90), group.estimate(more, 0.90));
        prop_assert!(before.mean <= after.mean && before.lo <= after.lo && before.hi <= after.hi);
    }

    #[test]
    fn a_mean_lies_in_its_interval_and_a_wider_one_holds_a_narrower(
        rows in prop::collection::vec(trials(), 0..20), own in trials(),
    ) {
        let posterior = RateGroup::fit(&rows).posterior(own);
        let (narrow, wide) = (posterior.estimate(0.80), posterior.estimate(0.95));
        prop_assert!(narrow.lo <= narrow.mean && narrow.mean <= narrow.hi);
        prop_assert!(wide.lo <= narrow.lo && narrow.hi <= wide.hi);
    }

    #[test]
    fn what_bisection_finds_is_found(rows in prop::collection::vec(volume(), 0..20), own in volume()) {
        let posterior = VolumeGroup::fit(&rows).posterior(own);
        let Form::Volume(mixture) = &posterior.form else { panic!("a volume") };
        let bisected = |p: f64| {
            let (mut lo, mut hi) = (0.0, 1000.0);
            for _ in 0..60 {
                let middle = (lo + hi) / 2.0;
                if mixture.cdf(middle) < p { lo = middle } else { hi = middle }
            }
            lo
        };
        let (lo, hi) = mixture.interval(0.05);
        prop_assert!((lo - bisected(0.05)).abs() < 5e-9 * lo.max(1.0));
        prop_assert!((hi - bisected(0.95)).abs() < 5e-9 * hi.max(1.0));
    }
}

#[test]
fn evidence_narrows_an_interval_and_gains_weight() {
    let peers: Vec<Trials> = (0..12)
        .map(|rep| Trials {
            successes: 20 + rep,
            trials: 500,
        })
        .collect();
    let rates = RateGroup::fit(&peers);
    let peers: Vec<Volume> = (0..12)
        .map(|rep| Volume {
            observed: 40 + 2 * rep,
            expected: 50.0,
        })
        .collect();
    let counts = VolumeGroup::fit(&peers);
    let width = |estimate: Estimate| estimate.hi - estimate.lo;
    for size in [1i64, 4, 16, 64] {
        let own = |size: i64| Trials {
            successes: 5 * size,
            trials: 100 * size,
        };
        let (few, many) = (rates.estimate(own(size), 0.90), rates.estimate(own(4 * size), 0.90));
        assert!(
            width(many) < width(few) && many.weight_own > few.weight_own,
            "{few:?} {many:?}"
        );
        let own = |size: i64| Volume {
            observed: 10 * size,
            expected: 10.0 * size as f64,
        };
        let (few, many) = (counts.estimate(own(size), 0.90), counts.estimate(own(4 * size), 0.90));
        assert!(
            width(many) < width(few) && many.weight_own > few.weight_own,
            "{few:?} {many:?}"
        );
    }
}
