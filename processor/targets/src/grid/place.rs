//! The months of one node divided among its children, its reserve included.
//!
//! First the locks, then every month by its shares. A floor or ceiling on a longer period that comes out broken acts
//! as a lock from then on, and both are done again.

use std::collections::BTreeMap;

use super::bounds::Limits;
use super::error::GridError;
use super::locks::place_locks;
use super::period::{ByPeriod, Period};
use super::time::{TimeWeights, narrow};
use crate::split::{Child, split};

/// A node and its children.
#[derive(Debug)]
pub(super) struct Family<'a> {
    pub(super) id: &'a str,
    /// What is divided.
    pub(super) values: &'a ByPeriod<i128>,
    /// The same as weights of time.
    pub(super) weights: TimeWeights,
    /// What the reserve is meant to hold.
    pub(super) planned: &'a ByPeriod<i128>,
    /// Months from January 1970 to the first of the plan year.
    pub(super) first_month: i64,
    /// In the order of names.
    pub(super) members: Vec<Member<'a>>,
}

/// A child or the reserve.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) id: &'a str,
    pub(super) is_reserve: bool,
    /// Share in each month; unused for the reserve.
    pub(super) shares: &'a ByPeriod<i128>,
    pub(super) limits: &'a Limits,
    /// Bounds that act as locks, because the shares break them.
    pub(super) pins: BTreeMap<Period, i128>,
}

/// The values of the members, in their order.
///
/// # Errors
/// A lock does not fit, or in some month the bounds do not meet the value of the node.
pub(super) fn place(mut family: Family<'_>) -> Result<Vec<ByPeriod<i128>>, GridError> {
    loop {
        let limits = place_locks(&family)?;
        let values = share(&family, &limits)?;
        if !pin_broken(&mut family.members, &values) {
            return Ok(values);
        }
    }
}

fn share(family: &Family<'_>, limits: &[Limits]) -> Result<Vec<ByPeriod<i128>>, GridError> {
    let mut values = vec![ByPeriod::filled(0); family.members.len()];
    for (month, ordinal) in Period::each_month().zip(family.first_month..) {
        let shared = share_month(family, limits, month, ordinal)?;
        for (values, value) in values.iter_mut().zip(shared) {
            values[month] = value;
        }
    }
    for values in &mut values {
        values.sum_up();
    }
    Ok(values)
}

fn share_month(family: &Family<'_>, limits: &[Limits], month: Period, ordinal: i64) -> Result<Vec<i128>, GridError> {
    let members = || family.members.iter().zip(limits);
    let children: Vec<Child<'_>> = members()
        .filter(|(member, _)| !member.is_reserve)
        .map(|(member, limits)| Child {
            id: member.id,
            weight: narrow(member.shares[month]),
            lo: narrow(limits.lo[month]),
            hi: narrow(limits.hi[month]),
        })
        .collect();
    let (least, most) = members()
        .filter(|(member, _)| member.is_reserve)
        .map(|(_, limits)| (limits.lo[month], limits.hi[month]))
        .next()
        .unwrap_or_default();
    // What the children cannot do without, or cannot take, is the reserve's.
    let meant = family.values[month] - family.planned[month].clamp(least, most);
    let handed = meant.clamp(
        children.iter().map(|child| i128::from(child.lo)).sum(),
        children.iter().map(|child| i128::from(child.hi)).sum(),
    );
    let held = family.values[month] - handed;
    let excess = held - held.clamp(least, most);
    if excess != 0 {
        return Err(unmet(family, month, excess, &children));
    }
    let shared = split(narrow(handed), &children, ordinal).map_err(|source| GridError::Split {
        node: family.id.to_owned(),
        period: month,
        source,
    })?;
    let mut shared = shared.into_iter().map(i128::from);
    let values = members().map(|(member, _)| {
        if member.is_reserve {
            held
        } else {
            shared.next().unwrap_or_default()
        }
    });
    Ok(values.collect())
}

/// The children take `excess` too little, or too much where it is below 0.
fn unmet(family: &Family<'_>, month: Period, excess: i128, children: &[Child<'_>]) -> GridError {
    let node = family.id.to_owned();
    let named = |keep: fn(&Child<'_>) -> bool| {
        let chosen = children.iter().filter(|child| keep(child));
        chosen.map(|child| child.id.to_owned()).collect()
    };
    if excess < 0 {
        return GridError::FloorsExceedTotal {
            node,
            period: month,
            excess: -excess,
            ids: named(|child| child.lo > 0),
        };
    }
    if children.iter().any(|child| child.weight == 0) {
        return GridError::NoWeightLeft {
            node,
            period: month,
            remaining: excess,
        };
    }
    GridError::CeilingsBelowTotal {
        node,
        period: month,
        missing: excess,
        ids: named(|_| true),
    }
}

/// Makes locks of the bounds that `values` break on the first such period: all floors of it, or all ceilings. Whether
/// there were any.
///
/// Floors of one period go together, since to raise one child lowers the others further below theirs; a ceiling is
/// left for the next round, since what it frees may meet a floor. Each bound is pinned once: a pinned one holds.
fn pin_broken(members: &mut [Member<'_>], values: &[ByPeriod<i128>]) -> bool {
    let broken = |member: &Member<'_>, values: &ByPeriod<i128>, period: Period| {
        let value = values[period];
        let nearest = value.clamp(member.limits.lo[period], member.limits.hi[period]);
        (nearest != value).then_some((nearest, nearest > value))
    };
    let first = Period::each_longer().find_map(|period| {
        let mut faults = members
            .iter()
            .zip(values)
            .filter_map(|(member, values)| broken(member, values, period));
        faults.next().map(|(_, is_floor)| (period, is_floor))
    });
    let Some((period, is_floor)) = first else {
        return false;
    };
    for (member, values) in members.iter_mut().zip(values) {
        let Some((bound, _)) = broken(member, values, period).filter(|(_, floor)| *floor == is_floor) else {
            continue;
        };
        let earlier = member.pins.insert(period, bound);
        assert!(
            earlier.is_none(),
            "the bound {bound} of `{}` on {period} was met before, as {earlier:?}",
            member.id
        );
    }
    true
}
