//! The days of a cell: a value laid over a run of days, exact to the unit.
//!
//! What is rounded is the running sum, not the day: it never strays more than half a unit from the exact share, which
//! a largest remainder over days would not give.

use crate::error::SplitError;
use crate::split::{CHILDREN_MAX, VALUE_MAX, WEIGHT_MAX};

/// Divides what is left of `value` after `kept`, both in the unit of the metric, over the days of `weights`; one
/// amount per weight. A weight is a full day in basis points times its indices; 0 is a day without work.
///
/// # Errors
/// An argument is out of range, there are too many days, or something is left and no day has a weight.
pub fn days(value: i64, kept: i64, weights: &[i64]) -> Result<Vec<i64>, SplitError> {
    check(value, kept, weights)?;
    let rest = i128::from(value) - i128::from(kept);
    let whole: i128 = weights.iter().copied().map(i128::from).sum();
    if whole == 0 && rest != 0 {
        return Err(SplitError::NoWeightLeft { remaining: rest });
    }
    let mut passed = 0_i128;
    let mut given = 0_i128;
    let amounts = weights.iter().map(|weight| {
        passed += i128::from(*weight);
        let reached = (2 * rest * passed + whole).checked_div_euclid(2 * whole).unwrap_or(0);
        let amount = reached - given;
        given = reached;
        // No day takes more than the whole, which is at most twice the limit of a value.
        i64::try_from(amount).unwrap_or_default()
    });
    Ok(amounts.collect())
}

fn check(value: i64, kept: i64, weights: &[i64]) -> Result<(), SplitError> {
    if weights.len() > CHILDREN_MAX {
        return Err(SplitError::TooManyChildren {
            count: weights.len(),
            max: CHILDREN_MAX,
        });
    }
    within("the value", "", value, -VALUE_MAX, VALUE_MAX)?;
    within("the kept amount", "", kept, -VALUE_MAX, VALUE_MAX)?;
    let bad = (1_usize..)
        .zip(weights)
        .find(|(_, weight)| !(0..=WEIGHT_MAX).contains(*weight));
    match bad {
        Some((day, weight)) => within("the weight", &format!("day {day}"), *weight, 0, WEIGHT_MAX),
        None => Ok(()),
    }
}

fn within(what: &'static str, id: &str, value: i64, min: i64, max: i64) -> Result<(), SplitError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(SplitError::OutOfRange {
        what,
        id: id.to_owned(),
        value,
        min,
        max,
    })
}

#[cfg(test)]
mod tests;
