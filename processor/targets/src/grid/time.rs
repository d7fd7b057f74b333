//! A value over its months: year to halves, half to quarters, quarter to months.

use super::bounds::Limits;
use super::period::{ByPeriod, Period};
use crate::error::SplitError;
use crate::split::{Child, WEIGHT_MAX, split};

/// Weights of months and their sums, within what a split takes.
#[derive(Debug, Clone)]
pub(super) struct TimeWeights(ByPeriod<i64>);

impl TimeWeights {
    /// Weighs each month by the size of its value. Sums above the limit are halved until they fit; no month that has
    /// a value is left without a weight.
    pub(super) fn of(values: &ByPeriod<i128>) -> Self {
        let mut sizes = values.map(i128::abs);
        sizes.sum_up();
        let limit = i128::from(WEIGHT_MAX);
        if sizes[Period::YEAR] > limit {
            // A shift by one more bit than needed leaves room for the months raised to 1.
            let whole = sizes[Period::YEAR];
            let shift = (0_u32..).find(|shift| whole >> shift <= limit / 2).unwrap_or_default();
            sizes = sizes.map(|size| if size == 0 { 0 } else { (size >> shift).max(1) });
            sizes.sum_up();
        }
        Self(sizes.map(narrow))
    }

    pub(super) fn is_nothing(&self, month: Period) -> bool {
        self.0[month] == 0
    }
}

/// Divides `value` of `whole` over its months, within `limits` that are narrowed within `whole`.
///
/// # Errors
/// The value is outside its limits, or an amount exceeds what a split takes.
pub(super) fn spread(
    limits: &Limits,
    weights: &TimeWeights,
    whole: Period,
    value: i128,
) -> Result<Vec<(Period, i128)>, SplitError> {
    let mut open = vec![(whole, value)];
    let mut months = Vec::new();
    while let Some((period, value)) = open.pop() {
        if period.length() == 1 {
            months.push((period, value));
            continue;
        }
        let parts: Vec<Child<'_>> = period
            .parts()
            .map(|part| Child {
                id: part.sort_name(),
                weight: weights.0[part],
                lo: narrow(limits.lo[part]),
                hi: narrow(limits.hi[part]),
            })
            .collect();
        let values = split(narrow(value), &parts, 0)?;
        open.extend(period.parts().zip(values.into_iter().map(i128::from)));
    }
    Ok(months)
}

/// An amount as a split takes it. What does not fit is far beyond its limits, and refused there.
pub(super) fn narrow(amount: i128) -> i64 {
    let least = i128::from(i64::MIN);
    let most = i128::from(i64::MAX);
    i64::try_from(amount.clamp(least, most)).unwrap_or_default()
}
