use proptest::prelude::*;

use super::*;

const FULL: i64 = 10_000;
const BUSY: i64 = 15_000;

/// April 2026: working days 1–3, 7–10, 13–17, 20–24, 27–30, the last three busy.
fn april() -> Vec<i64> {
    let works = |day: &i64| matches!(day, 1..=3 | 7..=10 | 13..=17 | 20..=24 | 27..=30);
    let weight = |day: i64| if day >= 28 { BUSY } else { FULL };
    (1..=30).map(|day| if works(&day) { weight(day) } else { 0 }).collect()
}

/// Sums of 1–5, 6–12, 13–19, 20–26 and 27–30 April.
fn weeks(days: &[i64]) -> Vec<i64> {
    [0..5, 5..12, 12..19, 19..26, 26..30]
        .into_iter()
        .map(|week| days[week].iter().sum())
        .collect()
}

#[test]
fn the_running_sum_is_rounded_and_not_the_day() {
    let mut weights = vec![FULL; 18];
    weights.extend([BUSY; 3]);
    let forty = days(40, 0, &weights).expect("days");
    assert_eq!(forty, [2, 2, 1, 2, 2, 2, 1, 2, 2, 2, 2, 1, 2, 2, 2, 1, 2, 2, 3, 2, 3]);
    assert_eq!(forty[..15].iter().sum::<i64>(), 27);
    assert_eq!(days(7, 0, &[1, 1, 1]), Ok(vec![2, 3, 2]));
}

#[test]
fn a_later_version_divides_what_the_kept_days_leave() {
    let weights = april();
    let first = days(40, 0, &weights).expect("days");
    assert_eq!(weeks(&first), [5, 7, 9, 9, 10]);
    let kept: i64 = first[..22].iter().sum();
    assert_eq!(kept, 27);
    let rest = days(39, kept, &weights[22..]).expect("days");
    let worked: Vec<i64> = rest
        .iter()
        .zip(&weights[22..])
        .filter(|(_, weight)| **weight > 0)
        .map(|(day, _)| *day)
        .collect();
    assert_eq!(worked, [2, 1, 2, 2, 3, 2]);
    let both: Vec<i64> = first[..22].iter().copied().chain(rest).collect();
    assert_eq!(weeks(&both), [5, 7, 9, 9, 9]);
}

#[test]
fn nothing_left_needs_no_weight() {
    assert_eq!(days(5, 5, &[0, 0]), Ok(vec![0, 0]));
    assert_eq!(days(0, 0, &[]), Ok(vec![]));
    assert_eq!(days(5, 2, &[0, 0]), Err(SplitError::NoWeightLeft { remaining: 3 }));
    assert_eq!(days(1, 2, &[]), Err(SplitError::NoWeightLeft { remaining: -1 }));
}

#[test]
fn what_is_out_of_range_is_named() {
    let fault = |value, kept, weights: &[i64]| days(value, kept, weights).expect_err("refused").to_string();
    assert_eq!(
        fault(1, 0, &[1, -1]),
        format!("split: the weight of `day 2` is `-1`, allowed are `0` to `{WEIGHT_MAX}`")
    );
    assert!(fault(1, 0, &[WEIGHT_MAX + 1]).contains("`day 1`"));
    assert!(fault(VALUE_MAX + 1, 0, &[1]).contains("the value"));
    assert!(fault(0, -VALUE_MAX - 1, &[1]).contains("the kept amount"));
    assert!(fault(1, 0, &vec![1; CHILDREN_MAX + 1]).contains("children"));
}

#[test]
fn the_limits_fit() {
    let weights = vec![WEIGHT_MAX; CHILDREN_MAX];
    let amounts = days(VALUE_MAX, -VALUE_MAX, &weights).expect("days");
    assert_eq!(
        amounts.iter().copied().map(i128::from).sum::<i128>(),
        2 * i128::from(VALUE_MAX)
    );
    assert_eq!(days(VALUE_MAX, -VALUE_MAX, &[1]), Ok(vec![2 * VALUE_MAX]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn days_sum_to_the_rest_and_the_running_sum_stays_within_half_a_unit(
        value in -5_000..5_000_i64,
        kept in -500..500_i64,
        weights in proptest::collection::vec(prop_oneof![1 => Just(0), 3 => 1..20_000_i64], 1..40),
    ) {
        let whole: i64 = weights.iter().sum();
        prop_assume!(whole > 0);
        let rest = value - kept;
        let amounts = days(value, kept, &weights).expect("days");
        prop_assert_eq!(amounts.iter().sum::<i64>(), rest);
        let (mut passed, mut given) = (0, 0);
        for (amount, weight) in amounts.iter().zip(&weights) {
            passed += weight;
            given += amount;
            prop_assert!((2 * (given * whole - rest * passed)).abs() <= whole);
            prop_assert!(*weight > 0 || *amount == 0);
        }
    }
}
