//! A change of a total, divided as a change: nobody's value is worked out anew.

use crate::error::SplitError;
use crate::split::{Child, VALUE_MAX, split};

/// A child and what it has before the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding<'a> {
    /// Name, share, and the bounds of its value after the change.
    pub child: Child<'a>,
    /// Its value before the change.
    pub current: i64,
}

/// Divides `change` of a total among `holdings`; the changes stand in their order, in the unit of the metric. Nobody
/// moves against the sign of `change` unless a bound forces it. `ordinal` as for [`split`].
///
/// # Errors
/// An argument is out of range, or no values within the bounds take the change.
pub fn redistribute(change: i64, holdings: &[Holding<'_>], ordinal: i64) -> Result<Vec<i64>, SplitError> {
    let mut changes = Vec::with_capacity(holdings.len());
    for Holding { child, current } in holdings {
        check(child.id, *current)?;
        // A bound further away than any change reaches is as good as none.
        changes.push(Child {
            lo: child.lo.saturating_sub(*current).max(-VALUE_MAX),
            hi: child.hi.saturating_sub(*current).min(VALUE_MAX),
            ..*child
        });
    }
    split(change, &changes, ordinal)
}

fn check(id: &str, current: i64) -> Result<(), SplitError> {
    if (-VALUE_MAX..=VALUE_MAX).contains(&current) {
        return Ok(());
    }
    Err(SplitError::OutOfRange {
        what: "the current value",
        id: id.to_owned(),
        value: current,
        min: -VALUE_MAX,
        max: VALUE_MAX,
    })
}
