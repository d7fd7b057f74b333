//! Floors and ceilings of every node and period: as given, then derived from parts and children.

use super::error::GridError;
use super::period::{ByPeriod, Period};
use super::tree::{NodeIndex, PerNode, Tree};
use crate::split::VALUE_MAX;

const MOST: i128 = VALUE_MAX as i128;

/// Floors and ceilings of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) lo: ByPeriod<i128>,
    pub(super) hi: ByPeriod<i128>,
}

/// A floor above its ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crossed {
    pub(super) lo: i128,
    pub(super) hi: i128,
    /// The floor is what the parts force; otherwise they cannot reach it.
    is_forced: bool,
}

impl Crossed {
    /// What the parts cannot take of the floor; below 0 what they force beyond the ceiling.
    pub(super) fn missing(self) -> i128 {
        if self.is_forced {
            self.hi - self.lo
        } else {
            self.lo - self.hi
        }
    }
}

impl Limits {
    /// What holds where nothing is said: a month takes at least 0, longer periods follow from their months.
    pub(super) fn unsaid() -> Self {
        let mut lo = ByPeriod::filled(-MOST);
        for month in Period::each_month() {
            lo[month] = 0;
        }
        Self {
            lo,
            hi: ByPeriod::filled(MOST),
        }
    }

    pub(super) fn mirrored(&self) -> Self {
        Self {
            lo: self.hi.map(|hi| -hi),
            hi: self.lo.map(|lo| -lo),
        }
    }

    pub(super) fn is_fixed(&self, period: Period) -> bool {
        self.lo[period] == self.hi[period]
    }

    pub(super) fn fix(&mut self, period: Period, value: i128) {
        self.lo[period] = value;
        self.hi[period] = value;
    }

    /// What 0 becomes within the bounds: the value of a month in which nothing may be given.
    pub(super) fn nearest_to_nothing(&self, period: Period) -> i128 {
        0.clamp(self.lo[period], self.hi[period])
    }

    /// Narrows the bounds of `period` to what its parts can sum to.
    pub(super) fn narrow_to_parts(&mut self, period: Period) -> Result<(), Crossed> {
        let own = self.hi[period];
        if period.length() > 1 {
            self.lo[period] = self.lo[period].max(self.lo.sum_of_parts(period));
            self.hi[period] = self.hi[period].min(self.hi.sum_of_parts(period));
        }
        let (lo, hi) = (self.lo[period], self.hi[period]);
        if lo <= hi {
            return Ok(());
        }
        Err(Crossed {
            lo,
            hi,
            is_forced: hi == own,
        })
    }

    /// Narrows the bounds of `period` to what the children can sum to, as far as they allow it: children that ask for
    /// more than there is are named where the parent is divided.
    fn narrow_to_children<'a, I: Iterator<Item = &'a Self>>(&mut self, period: Period, children: impl Fn() -> I) {
        if children().next().is_none() {
            return;
        }
        let most: i128 = children().map(|child| child.hi[period]).sum();
        let least: i128 = children().map(|child| child.lo[period]).sum();
        self.hi[period] = self.hi[period].min(most.max(self.lo[period]));
        self.lo[period] = self.lo[period].max(least.min(self.hi[period]));
    }

    /// Narrows every longer period in `whole`, the shortest first.
    pub(super) fn narrow_within(&mut self, whole: Period) -> Result<(), Crossed> {
        let inside = Period::each_longer().filter(|period| whole.contains(*period));
        for period in inside {
            self.narrow_to_parts(period)?;
        }
        Ok(())
    }
}

/// Bounds given for each node become bounds that its parts and children can meet; `weights` of 0 mark months
/// without presence, which get what their bounds force.
pub(super) fn derive(
    tree: &Tree,
    given: &PerNode<Limits>,
    weights: &PerNode<ByPeriod<i128>>,
) -> Result<PerNode<Limits>, GridError> {
    let mut derived = given.clone();
    for node in tree.parents_first().rev() {
        let mut limits = given[node].clone();
        let is_absent = |period: Period| period.length() == 1 && weights[node][period] == 0;
        for period in Period::all() {
            if let Err(Crossed { lo, hi, .. }) = limits.narrow_to_parts(period) {
                let misses_a_month = Period::each_month().any(|month| period.contains(month) && is_absent(month));
                let is_short = given[node].lo[period] > limits.hi.sum_of_parts(period);
                if period.length() > 1 && misses_a_month && is_short {
                    return Err(GridError::NoWeightLeft {
                        node: tree.id(node).to_owned(),
                        period,
                        remaining: lo - hi,
                    });
                }
                let takes = |child: &&NodeIndex| derived[**child].lo[period] > 0;
                let takers = tree.children(node).iter().filter(takes);
                return Err(GridError::CrossedBounds {
                    node: tree.id(node).to_owned(),
                    period,
                    lo,
                    hi,
                    ids: takers.map(|child| tree.id(*child).to_owned()).collect(),
                });
            }
            let children = || tree.children(node).iter().map(|child| &derived[*child]);
            limits.narrow_to_children(period, children);
            if is_absent(period) {
                limits.fix(period, limits.nearest_to_nothing(period));
            }
        }
        derived[node] = limits;
    }
    Ok(derived)
}
