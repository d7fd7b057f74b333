//! Why a plan has no grid.

use std::mem::take;

use crate::error::{Class, SplitError};
use crate::grid::period::Period;

/// A tree that is none, a plan that contradicts itself, or one for which no cells were found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// No node, thus no root.
    #[error("read the tree: it has no nodes; give at least the root")]
    NoRoot,
    /// More than one node without a parent.
    #[error("read the tree: {ids:?} have no parent, and only one root may have none; put them under one node")]
    SeveralRoots {
        /// Nodes without a parent.
        ids: Vec<String>,
    },
    /// Two nodes of one name.
    #[error("read the tree: the node `{id}` is there twice; remove one")]
    DuplicateNode {
        /// The node.
        id: String,
    },
    /// A parent that is no node.
    #[error("read the tree: `{id}` has the parent `{parent}`, which is no node; add it or name another")]
    UnknownParent {
        /// The node.
        id: String,
        /// Its parent.
        parent: String,
    },
    /// Nodes that no way from the root reaches.
    #[error("read the tree: {ids:?} are on a cycle or below one; give one of them a parent outside")]
    Cycle {
        /// The nodes.
        ids: Vec<String>,
    },
    /// A node with children and no reserve.
    #[error("read the tree: `{id}` has children and no reserve; add `~reserve.{id}` below it")]
    MissingReserve {
        /// The node.
        id: String,
    },
    /// A reserve with children, or below another node than its name says.
    #[error("read the tree: the reserve `{id}` must be a leaf right below the node in its name; move or rename it")]
    MisplacedReserve {
        /// The reserve.
        id: String,
    },
    /// More nodes than one tree takes.
    #[error("read the tree: it has `{count}` nodes, `{max}` are the limit; plan parts of it apart")]
    TooManyNodes {
        /// Nodes given.
        count: usize,
        /// Nodes allowed.
        max: usize,
    },
    /// A bound, share or planned reserve of a node that the tree does not have.
    #[error("read the plan: {what} is given for `{id}`, which the tree does not have; add the node or drop the row")]
    UnknownNode {
        /// Bound, share or planned reserve.
        what: &'static str,
        /// The node named.
        id: String,
    },
    /// A node below another without a share.
    #[error("read the plan: `{id}` has no share; give it one, with 0 in months without presence")]
    MissingShare {
        /// The node.
        id: String,
    },
    /// Something that a node of this kind does not have.
    #[error("read the plan: {what} is given for `{id}`, which takes none; drop the row")]
    Unexpected {
        /// Share or planned reserve.
        what: &'static str,
        /// The node.
        id: String,
    },
    /// Two bounds for one node and period.
    #[error("read the plan: `{node}` has two bounds for {period}; keep one")]
    DuplicateBound {
        /// The node.
        node: String,
        /// The period.
        period: Period,
    },
    /// A number that is out of range.
    #[error("read the plan: {what} of `{id}` is `{value}`, allowed are `{min}` to `{max}`")]
    OutOfRange {
        /// What it is.
        what: &'static str,
        /// The node.
        id: String,
        /// The value given.
        value: i64,
        /// Least value allowed.
        min: i64,
        /// Greatest value allowed.
        max: i64,
    },
    /// No value is entered for the year of the root.
    #[error("set the grid: `{node}` has no entered value for the year; enter one (floor and ceiling alike)")]
    NoTotal {
        /// The root.
        node: String,
    },
    /// What must be is more than what may be.
    #[error("set the grid: `{node}` must have at least `{lo}` in {period} and may have at most `{hi}`, by its own bounds, those of its months and what is kept for its children {ids:?}; move one of them by `{}`", lo - hi)]
    CrossedBounds {
        /// The node.
        node: String,
        /// The period.
        period: Period,
        /// Least value that bounds ask for.
        lo: i128,
        /// Greatest value that bounds allow.
        hi: i128,
        /// Children that must have something in the period.
        ids: Vec<String>,
    },
    /// Beside what other locks take no months are left for a lock, or for a bound that acts as one.
    #[error(
        "set the grid: `{value}` of `{node}` in {period} does not fit into the months of its parent: {}, or move one of those placed before: {placed:?}",
        remedy(*missing)
    )]
    LockDoesNotFit {
        /// The locked child.
        node: String,
        /// The locked period.
        period: Period,
        /// The locked value.
        value: i128,
        /// What has no place; below 0 where more is forced on the child than the lock takes.
        missing: i128,
        /// Siblings whose locks were placed before in months of the same period.
        placed: Vec<String>,
    },
    /// The children's floors take more than their parent has.
    #[error(
        "set the grid: in {period} the floors below `{node}` exceed its value by `{excess}`; raise it, lower its reserve, or lower some of {ids:?}"
    )]
    FloorsExceedTotal {
        /// The parent.
        node: String,
        /// The month.
        period: Period,
        /// How much is missing from the parent.
        excess: i128,
        /// Children whose floors take something.
        ids: Vec<String>,
    },
    /// The children's ceilings leave something over that the reserve may not take.
    #[error(
        "set the grid: in {period} the ceilings below `{node}` leave `{missing}` of its value; lower it, or raise its reserve or some of {ids:?}"
    )]
    CeilingsBelowTotal {
        /// The parent.
        node: String,
        /// The month.
        period: Period,
        /// How much nobody may take.
        missing: i128,
        /// The children.
        ids: Vec<String>,
    },
    /// Those with a weight cannot take what those without leave.
    #[error(
        "set the grid: in {period} `{remaining}` of `{node}` is left to months or children without weight; give a weight, or move a bound or the reserve"
    )]
    NoWeightLeft {
        /// The node whose value cannot be divided.
        node: String,
        /// The period.
        period: Period,
        /// What is left; below 0 where too much is taken.
        remaining: i128,
    },
    /// A split that exceeds a limit.
    #[error("set the grid: divide `{node}` in {period}")]
    Split {
        /// The node whose value is divided.
        node: String,
        /// The period.
        period: Period,
        /// The limit.
        #[source]
        source: SplitError,
    },
}

/// What to do about a lock that does not fit.
fn remedy(missing: i128) -> String {
    if missing < 0 {
        let forced = -missing;
        return format!("`{forced}` more is forced on it; raise it, lower the parent, let its siblings take more");
    }
    format!("`{missing}` is missing; lower it, raise the parent")
}

impl GridError {
    /// Trees, bounds and shares are what a person or a policy entered.
    pub fn class(&self) -> Class {
        Class::Input
    }

    /// The fault of the mirrored plan, in terms of the original.
    pub(super) fn mirrored(mut self) -> Self {
        match &mut self {
            Self::CrossedBounds { lo, hi, .. } => (*lo, *hi) = (-*hi, -*lo),
            Self::LockDoesNotFit { value, missing, .. } => (*value, *missing) = (-*value, -*missing),
            Self::NoWeightLeft { remaining, .. } => *remaining = -*remaining,
            Self::FloorsExceedTotal {
                node,
                period,
                excess,
                ids,
            } => {
                return Self::CeilingsBelowTotal {
                    node: take(node),
                    period: *period,
                    missing: *excess,
                    ids: take(ids),
                };
            }
            Self::CeilingsBelowTotal {
                node,
                period,
                missing,
                ids,
            } => {
                return Self::FloorsExceedTotal {
                    node: take(node),
                    period: *period,
                    excess: *missing,
                    ids: take(ids),
                };
            }
            Self::Split { source, .. } => *source = source.clone().mirrored(),
            Self::NoRoot
            | Self::SeveralRoots { .. }
            | Self::DuplicateNode { .. }
            | Self::UnknownParent { .. }
            | Self::Cycle { .. }
            | Self::MissingReserve { .. }
            | Self::MisplacedReserve { .. }
            | Self::TooManyNodes { .. }
            | Self::UnknownNode { .. }
            | Self::MissingShare { .. }
            | Self::Unexpected { .. }
            | Self::DuplicateBound { .. }
            | Self::OutOfRange { .. }
            | Self::NoTotal { .. } => {}
        }
        self
    }
}
