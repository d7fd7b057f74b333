//! A plan as the algorithm reads it: checked, and by node instead of by name.

use super::bounds::Limits;
use super::error::GridError;
use super::period::{ByPeriod, MONTHS, Period};
use super::tree::{NodeIndex, PerNode, Tree};
use super::{Bound, Plan};
use crate::split::{VALUE_MAX, WEIGHT_MAX};

/// Greatest distance from January 1970, in months.
const FIRST_MONTH_MAX: i64 = 1_000_000;

/// A plan of one tree.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) first_month: i64,
    /// The year of the root.
    pub(super) total: i128,
    pub(super) bounds: PerNode<Limits>,
    /// Weights of the root's months, shares of the other nodes; a reserve has 1.
    pub(super) weights: PerNode<ByPeriod<i128>>,
    /// What the reserve of a node is meant to hold.
    pub(super) planned: PerNode<ByPeriod<i128>>,
}

impl Input {
    pub(super) fn read(tree: &Tree, plan: &Plan) -> Result<Self, GridError> {
        let root = tree.root();
        let (least, most) = (-FIRST_MONTH_MAX, FIRST_MONTH_MAX);
        within("the first month", tree.root_id(), plan.first_month, least, most)?;
        let bounds = read_bounds(tree, &plan.bounds)?;
        let weights = read_weights(tree, plan)?;
        let planned = read_planned(tree, plan)?;
        let is_entered =
            |bound: &&Bound| bound.node == tree.root_id() && bound.period == Period::YEAR && bound.lo == bound.hi;
        let total = plan.bounds.iter().find(is_entered).map(|bound| i128::from(bound.lo));
        let total = total.ok_or_else(|| GridError::NoTotal {
            node: tree.id(root).to_owned(),
        })?;
        Ok(Self {
            first_month: plan.first_month,
            total,
            bounds,
            weights,
            planned,
        })
    }

    /// The same with every amount below 0 that was above, and the other way round.
    pub(super) fn mirrored(&self) -> Self {
        Self {
            first_month: self.first_month,
            total: -self.total,
            bounds: self.bounds.map(Limits::mirrored),
            weights: self.weights.clone(),
            planned: self.planned.map(|planned| planned.map(|value| -value)),
        }
    }
}

fn find(tree: &Tree, what: &'static str, id: &str) -> Result<NodeIndex, GridError> {
    tree.find(id).ok_or_else(|| GridError::UnknownNode {
        what,
        id: id.to_owned(),
    })
}

fn within(what: &'static str, id: &str, value: i64, min: i64, max: i64) -> Result<(), GridError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(GridError::OutOfRange {
        what,
        id: id.to_owned(),
        value,
        min,
        max,
    })
}

fn read_bounds(tree: &Tree, bounds: &[Bound]) -> Result<PerNode<Limits>, GridError> {
    let mut limits = tree.per_node(|_| Limits::unsaid());
    let mut is_given = tree.per_node(|_| ByPeriod::filled(false));
    for bound in bounds {
        let Bound { node, period, lo, hi } = bound;
        let index = find(tree, "a bound", node)?;
        within("the floor", node, *lo, -VALUE_MAX, VALUE_MAX)?;
        within("the ceiling", node, *hi, -VALUE_MAX, VALUE_MAX)?;
        if lo > hi {
            return Err(GridError::CrossedBounds {
                node: node.clone(),
                period: *period,
                lo: i128::from(*lo),
                hi: i128::from(*hi),
                ids: Vec::new(),
            });
        }
        if is_given[index][*period] {
            return Err(GridError::DuplicateBound {
                node: node.clone(),
                period: *period,
            });
        }
        is_given[index][*period] = true;
        limits[index].lo[*period] = i128::from(*lo);
        limits[index].hi[*period] = i128::from(*hi);
    }
    Ok(limits)
}

fn read_weights(tree: &Tree, plan: &Plan) -> Result<PerNode<ByPeriod<i128>>, GridError> {
    let mut weights = tree.per_node(|_| ByPeriod::filled(1));
    for (id, shares) in &plan.shares {
        let node = find(tree, "a share", id)?;
        if node == tree.root() || tree.is_reserve(node) {
            return Err(GridError::Unexpected {
                what: "a share",
                id: id.clone(),
            });
        }
        weights[node] = read_months("the share", id, shares, 0, WEIGHT_MAX)?;
    }
    for node in tree.parents_first() {
        let id = tree.id(node);
        if node != tree.root() && !tree.is_reserve(node) && !plan.shares.contains_key(id) {
            return Err(GridError::MissingShare { id: id.to_owned() });
        }
    }
    let of_root = read_months(
        "the weight of a month",
        tree.root_id(),
        &plan.month_weights,
        0,
        WEIGHT_MAX,
    )?;
    weights[tree.root()] = of_root;
    Ok(weights)
}

fn read_planned(tree: &Tree, plan: &Plan) -> Result<PerNode<ByPeriod<i128>>, GridError> {
    let mut planned = tree.per_node(|_| ByPeriod::filled(0));
    for (id, months) in &plan.reserves {
        let node = find(tree, "a planned reserve", id)?;
        if tree.children(node).is_empty() {
            return Err(GridError::Unexpected {
                what: "a planned reserve",
                id: id.clone(),
            });
        }
        planned[node] = read_months("the planned reserve", id, months, -VALUE_MAX, VALUE_MAX)?;
    }
    Ok(planned)
}

fn read_months(
    what: &'static str,
    id: &str,
    months: &[i64; MONTHS],
    min: i64,
    max: i64,
) -> Result<ByPeriod<i128>, GridError> {
    for value in months {
        within(what, id, *value, min, max)?;
    }
    Ok(ByPeriod::of_months(months))
}
