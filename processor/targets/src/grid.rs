//! The grid of a plan year: entered and locked cells of any node and period become one integer per leaf and month.
//!
//! First floors and ceilings are gathered from the leaves up and from the months to the year. Then the year of the
//! root is divided over its months, and level by level each node's months among its children. Longer periods and
//! higher nodes are sums of those cells, so that both directions add up without being reconciled.
//!
//! A year below 0 mirrors its original: the grid of the mirrored plan is the mirrored grid.

mod bounds;
mod delta;
mod error;
mod input;
mod locks;
mod period;
mod place;
mod time;
mod tree;

use std::collections::BTreeMap;

pub use delta::{Holding, redistribute};
pub use error::GridError;
pub use period::{MONTHS, Period};
pub use tree::{NODES_MAX, Node, RESERVE_PREFIX, Tree};

use bounds::{Limits, derive};
use input::Input;
use period::ByPeriod;
use place::{Family, Member, place};
use time::{TimeWeights, narrow, spread};
use tree::{NodeIndex, PerNode};

/// What is entered, locked or limited for one node in one period; a value that is met exactly has `lo` = `hi`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The node.
    pub node: String,
    /// The period.
    pub period: Period,
    /// Least value, in the unit of the metric.
    pub lo: i64,
    /// Greatest value, in the unit of the metric.
    pub hi: i64,
}

/// What is known of one metric for one plan year. Values are in the unit of the metric.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Months from January 1970 to the first of the plan year; whom ties favour rotates with it.
    pub first_month: i64,
    /// Weights of the root's months; 0 where nothing is planned.
    pub month_weights: [i64; MONTHS],
    /// At most one per node and period, the year of the root among them. A month without one takes 0 to
    /// [`VALUE_MAX`](crate::VALUE_MAX), a longer period what its months take.
    pub bounds: Vec<Bound>,
    /// Share of each node but the root and the reserves among its siblings; 0 in a month without presence.
    pub shares: BTreeMap<String, [i64; MONTHS]>,
    /// What the reserve of a node is meant to hold, by the name of the node; nothing where it is not named.
    pub reserves: BTreeMap<String, [i64; MONTHS]>,
}

/// Values of every node and period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    cells: BTreeMap<String, Cells>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cells {
    is_leaf: bool,
    values: ByPeriod<i64>,
}

impl Grid {
    /// The value of a node in a period; none if the tree has no such node.
    pub fn value(&self, node: &str, period: Period) -> Option<i64> {
        self.cells.get(node).map(|cells| cells.values[period])
    }

    /// The months of a node; none if the tree has no such node.
    pub fn months(&self, node: &str) -> Option<[i64; MONTHS]> {
        self.cells.get(node).map(|cells| cells.values.months())
    }

    /// The months of every leaf, reserves included, in the order of names.
    pub fn leaves(&self) -> impl Iterator<Item = (&str, [i64; MONTHS])> {
        let leaves = self.cells.iter().filter(|(_, cells)| cells.is_leaf);
        leaves.map(|(id, cells)| (id.as_str(), cells.values.months()))
    }
}

/// Sets every cell of the plan year.
///
/// # Errors
/// The plan names what the tree does not have, lacks a share or the year of the root, or is out of range; its bounds
/// contradict each other; or no cells within them were found. Where locks of siblings overlap in time that may happen
/// although there are some: enter months then.
pub fn grid(tree: &Tree, plan: &Plan) -> Result<Grid, GridError> {
    let input = Input::read(tree, plan)?;
    let is_mirrored = input.total < 0;
    let (input, sign) = if is_mirrored {
        (input.mirrored(), -1)
    } else {
        (input, 1)
    };
    let values = set(tree, &input).map_err(|fault| if is_mirrored { fault.mirrored() } else { fault })?;
    let cells = tree.parents_first().map(|node| {
        let cells = Cells {
            is_leaf: tree.children(node).is_empty(),
            values: values[node].map(|value| narrow(sign * value)),
        };
        (tree.id(node).to_owned(), cells)
    });
    Ok(Grid { cells: cells.collect() })
}

/// The values of all nodes, for a year of at least 0.
fn set(tree: &Tree, input: &Input) -> Result<PerNode<ByPeriod<i128>>, GridError> {
    let limits = derive(tree, &input.bounds, &input.weights)?;
    let root = tree.root();
    let mut values = tree.per_node(|_| ByPeriod::filled(0));
    values[root] = months_of_root(tree, input, &limits[root])?;
    for node in tree.parents_first() {
        let children = tree.children(node);
        if children.is_empty() {
            continue;
        }
        let placed = place(family(tree, input, &limits, node, &values[node]))?;
        for (child, of_child) in children.iter().zip(placed) {
            values[*child] = of_child;
        }
    }
    Ok(values)
}

fn months_of_root(tree: &Tree, input: &Input, limits: &Limits) -> Result<ByPeriod<i128>, GridError> {
    let root = tree.root();
    let weights = TimeWeights::of(&input.weights[root]);
    let months = spread(limits, &weights, Period::YEAR, input.total).map_err(|source| GridError::Split {
        node: tree.id(root).to_owned(),
        period: Period::YEAR,
        source,
    })?;
    let mut values = ByPeriod::filled(0);
    for (month, value) in months {
        values[month] = value;
    }
    values.sum_up();
    Ok(values)
}

fn family<'a>(
    tree: &'a Tree,
    input: &'a Input,
    limits: &'a PerNode<Limits>,
    node: NodeIndex,
    values: &'a ByPeriod<i128>,
) -> Family<'a> {
    let members = tree.children(node).iter().map(|child| Member {
        id: tree.id(*child),
        is_reserve: tree.is_reserve(*child),
        shares: &input.weights[*child],
        limits: &limits[*child],
        pins: BTreeMap::new(),
    });
    Family {
        id: tree.id(node),
        values,
        weights: TimeWeights::of(values),
        planned: &input.planned[node],
        first_month: input.first_month,
        members: members.collect(),
    }
}

#[cfg(test)]
mod tests;
