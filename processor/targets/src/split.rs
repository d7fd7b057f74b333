//! Bounded largest remainder: a total divided by weights, in whole units, within floors and ceilings.
//!
//! There is one water level λ at which the children, each at `clamp(λ · weight, lo, hi)`, take the total. Those at a
//! bound keep it; the others share the rest by largest remainder. Fractions are compared by cross multiplication, so
//! every step is exact. The cost is O(n log n).

use std::cmp::{Ordering, Reverse};

use crate::error::SplitError;

/// Greatest amount of a total or bound, either sign.
pub const VALUE_MAX: i64 = 1 << 60;
/// Greatest weight.
pub const WEIGHT_MAX: i64 = 1 << 40;
/// Most children of one split.
pub const CHILDREN_MAX: usize = 65_536;

/// One child of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child<'a> {
    /// Its name, by which ties are broken.
    pub id: &'a str,
    /// Its share; 0 means that it takes only what its bounds force.
    pub weight: i64,
    /// Least value.
    pub lo: i64,
    /// Greatest value.
    pub hi: i64,
}

/// Divides `total` among `children`; the values stand in their order. `ordinal` rotates whom ties favour: the number
/// of the month, or 0 for splits over time.
///
/// # Errors
/// An argument is out of range, or no values within the bounds sum to the total.
pub fn split(total: i64, children: &[Child<'_>], ordinal: i64) -> Result<Vec<i64>, SplitError> {
    check(total, children)?;
    let ranks = ranks(children, ordinal)?;
    let mirror = total < 0;
    let parts: Vec<Part> = children
        .iter()
        .zip(ranks)
        .map(|(child, rank)| Part::new(child, rank, mirror))
        .collect();
    let values = divide(i128::from(total).abs(), &parts, children);
    let values = values.map_err(|error| if mirror { error.mirrored() } else { error })?;
    let sign = if mirror { -1 } else { 1 };
    // Each value lies within its child's bounds, so it fits.
    let restored = values
        .into_iter()
        .map(|value| i64::try_from(sign * value).unwrap_or_default());
    Ok(restored.collect())
}

/// A child as the division sees it: a total below 0 mirrors its bounds, so that a reversal mirrors its original.
#[derive(Debug, Clone, Copy)]
struct Part {
    weight: i128,
    lo: i128,
    hi: i128,
    rank: i128,
}

/// A point at which some child meets a bound: bound over weight.
#[derive(Debug, Clone, Copy)]
struct Level {
    bound: i128,
    weight: i128,
}

impl Part {
    fn new(child: &Child<'_>, rank: i128, mirror: bool) -> Self {
        let (lo, hi) = (i128::from(child.lo), i128::from(child.hi));
        let (lo, hi) = if mirror { (-hi, -lo) } else { (lo, hi) };
        Self {
            weight: child.weight.into(),
            lo,
            hi,
            rank,
        }
    }

    fn floor_level(self) -> Level {
        Level {
            bound: self.lo,
            weight: self.weight,
        }
    }

    fn ceiling_level(self) -> Level {
        Level {
            bound: self.hi,
            weight: self.weight,
        }
    }
}

impl Level {
    fn order(self, other: Self) -> Ordering {
        (self.bound * other.weight).cmp(&(other.bound * self.weight))
    }

    fn is_at_most(self, other: Self) -> bool {
        self.order(other) != Ordering::Greater
    }

    /// Whether the parts together take `rest` at this level.
    fn covers(self, parts: &[(usize, Part)], rest: i128) -> bool {
        let scaled = |part: &Part| (self.bound * part.weight).clamp(self.weight * part.lo, self.weight * part.hi);
        parts.iter().map(|(_, part)| scaled(part)).sum::<i128>() >= self.weight * rest
    }
}

fn check(total: i64, children: &[Child<'_>]) -> Result<(), SplitError> {
    if children.is_empty() && total != 0 {
        return Err(SplitError::NoChildren { total });
    }
    if children.len() > CHILDREN_MAX {
        return Err(SplitError::TooManyChildren {
            count: children.len(),
            max: CHILDREN_MAX,
        });
    }
    within("the total", "", total, -VALUE_MAX, VALUE_MAX)?;
    for child in children {
        within("the weight", child.id, child.weight, 0, WEIGHT_MAX)?;
        within("the floor", child.id, child.lo, -VALUE_MAX, VALUE_MAX)?;
        within("the ceiling", child.id, child.hi, -VALUE_MAX, VALUE_MAX)?;
        if child.lo > child.hi {
            return Err(SplitError::CrossedBounds {
                id: child.id.to_owned(),
            });
        }
    }
    Ok(())
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

/// Each child's place in the order of names, rotated by `ordinal`.
fn ranks(children: &[Child<'_>], ordinal: i64) -> Result<Vec<i128>, SplitError> {
    let mut order: Vec<(&str, usize)> = children.iter().map(|child| child.id).zip(0..).collect();
    order.sort_unstable();
    if let Some(((id, _), _)) = order.iter().zip(order.iter().skip(1)).find(|(a, b)| a.0 == b.0) {
        return Err(SplitError::DuplicateChild { id: (*id).to_owned() });
    }
    let count = children.len() as i128;
    let mut by_position: Vec<(usize, i128)> = order
        .into_iter()
        .zip(0_i128..)
        .map(|((_, position), index)| (position, (index - i128::from(ordinal)).rem_euclid(count)))
        .collect();
    by_position.sort_unstable();
    Ok(by_position.into_iter().map(|(_, rank)| rank).collect())
}

/// Divides a total of at least 0.
fn divide(total: i128, parts: &[Part], children: &[Child<'_>]) -> Result<Vec<i128>, SplitError> {
    check_bounds(total, parts, children)?;
    let mut values: Vec<i128> = parts.iter().map(|part| 0_i128.clamp(part.lo, part.hi)).collect();
    let weighted: Vec<(usize, Part)> = (0..)
        .zip(parts.iter().copied())
        .filter(|(_, part)| part.weight > 0)
        .collect();
    let fixed: i128 = parts
        .iter()
        .zip(&values)
        .filter(|(part, _)| part.weight == 0)
        .map(|(_, value)| value)
        .sum();
    let rest = total - fixed;
    let least: i128 = weighted.iter().map(|(_, part)| part.lo).sum();
    let most: i128 = weighted.iter().map(|(_, part)| part.hi).sum();
    let reachable = rest.clamp(least, most);
    if reachable != rest {
        return Err(SplitError::NoWeightLeft {
            remaining: rest - reachable,
        });
    }
    for (position, value) in share(rest, &weighted) {
        if let Some(slot) = values.get_mut(position) {
            *slot = value;
        }
    }
    Ok(values)
}

fn check_bounds(total: i128, parts: &[Part], children: &[Child<'_>]) -> Result<(), SplitError> {
    let named = |keep: fn(&Part) -> bool| {
        let chosen = parts.iter().zip(children).filter(|(part, _)| keep(part));
        let mut ids: Vec<String> = chosen.map(|(_, child)| child.id.to_owned()).collect();
        ids.sort_unstable();
        ids
    };
    let floors: i128 = parts.iter().map(|part| part.lo).sum();
    if floors > total {
        let ids = named(|part| part.lo > 0);
        return Err(SplitError::FloorsExceedTotal {
            excess: floors - total,
            ids,
        });
    }
    let ceilings: i128 = parts.iter().map(|part| part.hi).sum();
    if ceilings < total {
        let ids = named(|_| true);
        return Err(SplitError::CeilingsBelowTotal {
            missing: total - ceilings,
            ids,
        });
    }
    Ok(())
}

/// Shares `rest` among parts with weights, whose bounds it fits; positions and values.
fn share(rest: i128, parts: &[(usize, Part)]) -> Vec<(usize, i128)> {
    let at_floor = || parts.iter().map(|(position, part)| (*position, part.lo)).collect();
    let Some((below, above)) = bracket(rest, parts) else {
        return at_floor();
    };
    let is_free = |part: &Part| part.floor_level().is_at_most(below) && above.is_at_most(part.ceiling_level());
    let (free, bound): (Vec<_>, Vec<_>) = parts.iter().copied().partition(|(_, part)| is_free(part));
    let at_bound = |(position, part): &(usize, Part)| {
        let is_full = part.ceiling_level().is_at_most(below);
        (*position, if is_full { part.hi } else { part.lo })
    };
    let mut values: Vec<(usize, i128)> = bound.iter().map(at_bound).collect();
    let taken: i128 = values.iter().map(|(_, value)| value).sum();
    values.extend(largest_remainder(rest - taken, free));
    values
}

/// The neighbouring levels between which the parts take `rest`; none if they take it at their floors.
fn bracket(rest: i128, parts: &[(usize, Part)]) -> Option<(Level, Level)> {
    let both = |(_, part): &(usize, Part)| [part.floor_level(), part.ceiling_level()];
    let mut levels: Vec<Level> = parts.iter().flat_map(both).collect();
    levels.sort_unstable_by(|a, b| a.order(*b));
    levels.dedup_by(|a, b| a.order(*b) == Ordering::Equal);
    let upper = levels.partition_point(|level| !level.covers(parts, rest));
    let lower = upper.checked_sub(1)?;
    Some((*levels.get(lower)?, *levels.get(upper)?))
}

/// Divides by weight, rounded down, and gives the units that are left to the largest remainders.
fn largest_remainder(rest: i128, free: Vec<(usize, Part)>) -> Vec<(usize, i128)> {
    let weights: i128 = free.iter().map(|(_, part)| part.weight).sum();
    let quotas = free.into_iter().map(|(position, part)| {
        let product = rest * part.weight;
        (position, part, product.div_euclid(weights), product.rem_euclid(weights))
    });
    let mut quotas: Vec<_> = quotas.collect();
    quotas.sort_unstable_by_key(|(_, part, _, remainder)| (Reverse(*remainder), Reverse(part.weight), part.rank));
    let left = rest - quotas.iter().map(|(_, _, value, _)| value).sum::<i128>();
    let units = (0_i128..).map(|index| i128::from(index < left));
    quotas
        .into_iter()
        .zip(units)
        .map(|((position, _, value, _), unit)| (position, value + unit))
        .collect()
}

#[cfg(test)]
mod tests;
