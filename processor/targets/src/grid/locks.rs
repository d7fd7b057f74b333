//! Locks of children on periods longer than a month, laid into the months of their parent.
//!
//! The shortest come first, so that a lock takes from months in which a shorter one must find its place only what
//! that one leaves. What a child must have within a longer lock is kept for it in the same order.

use std::collections::BTreeSet;

use super::bounds::Limits;
use super::error::GridError;
use super::period::{ByPeriod, Period};
use super::place::{Family, Member};
use super::time::spread;

/// An amount of one member to be laid into months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    period: Period,
    member: usize,
    value: i128,
    /// The months take this and no more; otherwise it is kept for them, and a longer claim tops it up.
    is_exact: bool,
}

/// Sums over all members in each month.
struct Sums {
    lo: ByPeriod<i128>,
    hi: ByPeriod<i128>,
}

/// Limits of the members with the months of every lock fixed.
///
/// # Errors
/// A lock finds no room beside those placed before.
pub(super) fn place_locks(family: &Family<'_>) -> Result<Vec<Limits>, GridError> {
    let claims = claims(&family.members);
    let mut limits: Vec<Limits> = family.members.iter().map(|member| member.limits.clone()).collect();
    let mut sums = Sums::of(&limits);
    for (position, claim) in claims.iter().enumerate() {
        let Some(own) = limits.get_mut(claim.member) else {
            continue;
        };
        let placed = place(family, claim, own, &mut sums);
        let earlier = claims.get(..position).unwrap_or_default();
        placed.map_err(|fault| refusal(family, claim, fault, earlier))?;
    }
    Ok(limits)
}

/// Why one claim has no place.
enum Fault {
    Missing(i128),
    Split(crate::error::SplitError),
}

fn place(family: &Family<'_>, claim: &Claim, own: &mut Limits, sums: &mut Sums) -> Result<(), Fault> {
    let whole = claim.period;
    let mut room = own.clone();
    for month in months_of(whole) {
        sums.narrow_to_room(&mut room, month, family.values[month], claim.is_exact);
        if family.weights.is_nothing(month) {
            room.fix(month, room.nearest_to_nothing(month));
        }
    }
    room.narrow_within(whole)
        .map_err(|crossed| Fault::Missing(crossed.missing()))?;
    let (least, most) = (room.lo[whole], room.hi[whole]);
    let value = if claim.is_exact {
        claim.value
    } else {
        claim.value.max(least)
    };
    if value != value.clamp(least, most) {
        return Err(Fault::Missing(value - value.clamp(least, most)));
    }
    for (month, value) in spread(&room, &family.weights, whole, value).map_err(Fault::Split)? {
        sums.take_off(own, month);
        own.lo[month] = value;
        if claim.is_exact {
            own.hi[month] = value;
        }
        sums.add(own, month);
    }
    Ok(())
}

fn months_of(whole: Period) -> impl Iterator<Item = Period> {
    Period::each_month().filter(move |month| whole.contains(*month))
}

fn refusal(family: &Family<'_>, claim: &Claim, fault: Fault, earlier: &[Claim]) -> GridError {
    let id = |member: usize| family.members.get(member).map_or("", |member| member.id).to_owned();
    let overlaps = |other: &&Claim| claim.period.contains(other.period) && other.member != claim.member;
    match fault {
        Fault::Missing(missing) => {
            let placed: BTreeSet<String> = earlier.iter().filter(overlaps).map(|other| id(other.member)).collect();
            GridError::LockDoesNotFit {
                node: id(claim.member),
                period: claim.period,
                value: claim.value,
                missing,
                placed: placed.into_iter().collect(),
            }
        }
        Fault::Split(source) => GridError::Split {
            node: id(claim.member),
            period: claim.period,
            source,
        },
    }
}

/// The claims of all members, the shortest first, then by start and name.
fn claims(members: &[Member<'_>]) -> Vec<Claim> {
    let each = (0..).zip(members);
    let mut claims: Vec<Claim> = each
        .flat_map(|(position, member)| claims_of(position, member))
        .collect();
    claims.sort_unstable();
    claims
}

fn claims_of(position: usize, member: &Member<'_>) -> Vec<Claim> {
    let limits = member.limits;
    let is_exact = |period: Period| limits.is_fixed(period) || member.pins.contains_key(&period);
    let exact: Vec<Period> = Period::each_longer().filter(|period| is_exact(*period)).collect();
    let mut claims = Vec::new();
    for period in Period::each_longer() {
        let is_inside = exact.iter().any(|longer| *longer != period && longer.contains(period));
        let is_settled = months_of(period).all(|month| limits.is_fixed(month));
        let pin = member.pins.get(&period).copied().filter(|_| !is_inside);
        let exactly = if limits.is_fixed(period) {
            Some(limits.lo[period])
        } else {
            pin
        };
        let keeps = is_inside && limits.lo[period] > limits.lo.sum_of_parts(period);
        if is_settled || (exactly.is_none() && !keeps) {
            continue;
        }
        claims.push(Claim {
            period,
            member: position,
            value: exactly.unwrap_or(limits.lo[period]),
            is_exact: exactly.is_some(),
        });
    }
    claims
}

impl Sums {
    fn of(limits: &[Limits]) -> Self {
        let mut sums = Self {
            lo: ByPeriod::filled(0),
            hi: ByPeriod::filled(0),
        };
        for own in limits {
            for month in Period::each_month() {
                sums.add(own, month);
            }
        }
        sums
    }

    fn add(&mut self, own: &Limits, month: Period) {
        self.lo[month] += own.lo[month];
        self.hi[month] += own.hi[month];
    }

    fn take_off(&mut self, own: &Limits, month: Period) {
        self.lo[month] -= own.lo[month];
        self.hi[month] -= own.hi[month];
    }

    /// Narrows one member's month to what the others leave of `value` and, where nothing can top it up, to what they
    /// cannot take of it.
    fn narrow_to_room(&self, own: &mut Limits, month: Period, value: i128, is_exact: bool) {
        let (lo, hi) = (own.lo[month], own.hi[month]);
        let left = value - (self.lo[month] - lo);
        own.hi[month] = hi.min(left.max(lo));
        if is_exact {
            let due = value - (self.hi[month] - hi);
            own.lo[month] = lo.max(due.min(own.hi[month]));
        }
    }
}
