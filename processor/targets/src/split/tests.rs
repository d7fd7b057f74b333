use proptest::prelude::*;

use super::*;

const FREE: (i64, i64) = (0, VALUE_MAX);

fn children<'a>(rows: &[(&'a str, i64, (i64, i64))]) -> Vec<Child<'a>> {
    rows.iter()
        .map(|(id, weight, (lo, hi))| Child {
            id,
            weight: *weight,
            lo: *lo,
            hi: *hi,
        })
        .collect()
}

fn check(total: i64, rows: &[(&str, i64, (i64, i64))], expected: &[i64]) {
    assert_eq!(
        split(total, &children(rows), 0),
        Ok(expected.to_vec()),
        "{total} {rows:?}"
    );
}

#[test]
fn values_follow_weights_and_bounds() {
    check(10, &[("a", 6, FREE), ("b", 6, FREE), ("c", 2, FREE)], &[4, 4, 2]);
    check(11, &[("a", 6, FREE), ("b", 6, FREE), ("c", 2, FREE)], &[5, 5, 1]);
    check(
        200,
        &[("a", 5, (110, 110)), ("b", 3, FREE), ("c", 2, FREE)],
        &[110, 54, 36],
    );
    check(
        90,
        &[("a", 1, (0, 10)), ("b", 1, FREE), ("c", 1, (50, 60))],
        &[10, 30, 50],
    );
    check(0, &[], &[]);
    check(7, &[("a", 0, (3, 9)), ("b", 1, FREE)], &[3, 4]);
    check(5, &[("a", 1, (-5, 5)), ("b", 1, (2, 2)), ("c", 0, (-1, 4))], &[3, 2, 0]);
    check(
        VALUE_MAX,
        &[("a", WEIGHT_MAX, FREE), ("b", WEIGHT_MAX, FREE)],
        &[VALUE_MAX / 2, VALUE_MAX / 2],
    );
}

#[test]
fn ties_go_by_name_and_rotate_with_the_ordinal() {
    let rows = children(&[("b", 1, FREE), ("a", 1, FREE), ("c", 1, FREE)]);
    let favoured: Vec<_> = (0..4)
        .map(|ordinal| {
            let values = split(1, &rows, ordinal).expect("split");
            rows.iter()
                .zip(values)
                .find(|(_, value)| *value == 1)
                .map(|(child, _)| child.id)
        })
        .collect();
    assert_eq!(favoured, [Some("a"), Some("b"), Some("c"), Some("a")]);
}

#[test]
fn what_has_no_solution_says_why_and_by_how_much() {
    let ids = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let fails = |total, rows: &[(&str, i64, (i64, i64))]| split(total, &children(rows), 0).expect_err("no solution");
    assert_eq!(fails(1, &[]), SplitError::NoChildren { total: 1 });
    assert_eq!(
        fails(1, &[("a", 1, (2, 1))]),
        SplitError::CrossedBounds { id: "a".into() }
    );
    assert_eq!(
        fails(1, &[("a", 1, FREE), ("a", 1, FREE)]),
        SplitError::DuplicateChild { id: "a".into() }
    );
    assert!(matches!(
        fails(1, &[("a", -1, FREE)]),
        SplitError::OutOfRange { what: "the weight", .. }
    ));
    let floors = [("a", 1, (3, 9)), ("b", 1, (0, 9)), ("c", 1, (4, 9))];
    assert_eq!(
        fails(5, &floors),
        SplitError::FloorsExceedTotal {
            excess: 2,
            ids: ids(&["a", "c"])
        }
    );
    assert_eq!(
        fails(30, &floors),
        SplitError::CeilingsBelowTotal {
            missing: 3,
            ids: ids(&["a", "b", "c"])
        }
    );
    assert_eq!(
        fails(5, &[("a", 0, FREE), ("b", 1, (0, 3))]),
        SplitError::NoWeightLeft { remaining: 2 }
    );
    assert_eq!(
        fails(5, &[("a", 0, (-9, 9)), ("b", 1, (7, 9))]),
        SplitError::NoWeightLeft { remaining: -2 }
    );
}

#[test]
fn a_reversal_without_solution_is_told_in_its_own_terms() {
    let rows = children(&[("a", 1, (-3, 0)), ("b", 1, (-4, 0))]);
    let floors = SplitError::FloorsExceedTotal {
        excess: 2,
        ids: vec!["a".into(), "b".into()],
    };
    assert_eq!(split(-9, &rows, 0), Err(floors));
    let left = children(&[("a", 0, (-9, 0)), ("b", 1, (-3, 0))]);
    assert_eq!(split(-5, &left, 0), Err(SplitError::NoWeightLeft { remaining: -2 }));
}

#[derive(Debug, Clone)]
struct Case {
    rows: Vec<(String, i64, i64, i64)>,
    total: i64,
    ordinal: i64,
}

impl Case {
    fn children(&self) -> Vec<Child<'_>> {
        self.rows
            .iter()
            .map(|(id, weight, lo, hi)| Child {
                id,
                weight: *weight,
                lo: *lo,
                hi: *hi,
            })
            .collect()
    }

    fn solved(&self) -> Result<Vec<i64>, SplitError> {
        split(self.total, &self.children(), self.ordinal)
    }
}

fn case() -> impl Strategy<Value = Case> {
    let small = (prop_oneof![1 => Just(0), 8 => 1..30_i64], -20..20_i64, 0..40_i64);
    let large = (1..=WEIGHT_MAX, -VALUE_MAX / 8..VALUE_MAX / 8, 0..VALUE_MAX / 8);
    let rows = prop_oneof![
        4 => proptest::collection::vec(small, 1..9),
        1 => proptest::collection::vec(large, 1..5),
    ];
    (rows, 0..=1_000_i64, 0..600_i64, any::<bool>()).prop_map(|(rows, part, ordinal, wide)| {
        let rows: Vec<_> = rows
            .into_iter()
            .enumerate()
            .map(|(n, (weight, lo, span))| (format!("c{n:02}"), weight, lo, if wide { VALUE_MAX } else { lo + span }))
            .collect();
        let least: i128 = rows.iter().map(|row| i128::from(row.2)).sum();
        let most: i128 = rows.iter().map(|row| i128::from(row.3)).sum();
        let span = (most - least).min(if wide { 5_000 } else { i128::MAX });
        let total = least + span * i128::from(part) / 1_000;
        let limit = i128::from(VALUE_MAX);
        Case {
            rows,
            total: total.clamp(-limit, limit) as i64,
            ordinal,
        }
    })
}

/// Whether some child below its ceiling lags a child above its floor by more than one unit.
fn lags(a: (&Child<'_>, i64), b: (&Child<'_>, i64)) -> bool {
    let ((low, low_value), (high, high_value)) = (a, b);
    let can_move = low_value < low.hi && high_value > high.lo;
    let wide = i128::from;
    can_move && wide(low_value + 1) * wide(high.weight) <= wide(high_value - 1) * wide(low.weight)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn values_sum_to_the_total_within_their_bounds(case in case()) {
        match case.solved() {
            Ok(values) => {
                let children = case.children();
                prop_assert_eq!(values.iter().map(|v| i128::from(*v)).sum::<i128>(), i128::from(case.total));
                for (child, value) in children.iter().zip(&values) {
                    prop_assert!(child.lo <= *value && *value <= child.hi);
                    prop_assert!(child.weight > 0 || *value == 0.clamp(child.lo, child.hi));
                }
                // One level for all: nobody with a weight lags behind another by more than the rounding.
                let weighted: Vec<_> = children.iter().zip(values).filter(|(child, _)| child.weight > 0).collect();
                for a in &weighted {
                    for b in &weighted {
                        prop_assert!(!lags(*a, *b), "{:?} {:?}", a, b);
                    }
                }
            }
            // The generator's totals fit the bounds, so only weights of 0 stand in the way.
            Err(error) => prop_assert!(matches!(error, SplitError::NoWeightLeft { .. }), "{}", error),
        }
    }

    #[test]
    fn without_bounds_every_value_is_its_quota_rounded(weights in proptest::collection::vec(1..1_000_i64, 1..20), total in -100_000..100_000_i64) {
        let ids: Vec<String> = (0..weights.len()).map(|n| n.to_string()).collect();
        let rows: Vec<_> = ids.iter().zip(&weights).map(|(id, weight)| Child { id, weight: *weight, lo: -VALUE_MAX, hi: VALUE_MAX }).collect();
        let sum: i64 = weights.iter().sum();
        let values = split(total, &rows, 3).expect("split");
        prop_assert_eq!(values.iter().sum::<i64>(), total);
        for (value, weight) in values.iter().zip(&weights) {
            prop_assert!((value * sum - total * weight).abs() < sum);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(case in case(), keys in proptest::collection::vec(any::<u32>(), 9)) {
        let mut shuffled = case.clone();
        let mut keyed: Vec<_> = keys.iter().zip(case.rows.clone()).collect();
        keyed.sort();
        shuffled.rows = keyed.into_iter().map(|(_, row)| row).collect();
        let by_id = |case: &Case| case.solved().map(|values| {
            let mut named: Vec<_> = case.rows.iter().map(|row| row.0.clone()).zip(values).collect();
            named.sort();
            named
        });
        prop_assert_eq!(by_id(&shuffled), by_id(&case));
    }

    #[test]
    fn a_reversal_mirrors_its_original(case in case()) {
        prop_assume!(case.total != 0);
        let mut reversed = case.clone();
        reversed.total = -case.total;
        for row in &mut reversed.rows {
            (row.2, row.3) = (-row.3, -row.2);
        }
        let negated = case.solved().map(|values| values.into_iter().map(|value| -value).collect::<Vec<_>>());
        prop_assert_eq!(reversed.solved().map_err(|_| ()), negated.map_err(|_| ()));
    }
}
