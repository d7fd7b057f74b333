//! Why a total cannot be divided as asked.

/// Who can mend an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What was given is wrong; the same call fails again.
    Input,
    /// The same call may succeed later.
    Transient,
    /// Going on could lose or double data.
    Fatal,
}

/// A split that has no solution, or whose arguments are out of range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A total for nobody.
    #[error("split `{total}`: there are no children to take it")]
    NoChildren {
        /// The total.
        total: i64,
    },
    /// More children than one split takes.
    #[error("split among `{count}` children: `{max}` are the limit")]
    TooManyChildren {
        /// Children given.
        count: usize,
        /// Children allowed.
        max: usize,
    },
    /// Two children of one name.
    #[error("split: the child `{id}` is there twice")]
    DuplicateChild {
        /// The child.
        id: String,
    },
    /// A total, bound or weight that is out of range.
    #[error("split: {what} of `{id}` is `{value}`, allowed are `{min}` to `{max}`")]
    OutOfRange {
        /// Total, floor, ceiling or weight.
        what: &'static str,
        /// The child; empty for the total.
        id: String,
        /// The value given.
        value: i64,
        /// Least value allowed.
        min: i64,
        /// Greatest value allowed.
        max: i64,
    },
    /// A floor above its ceiling.
    #[error("split: the floor of `{id}` lies above its ceiling; lower one or raise the other")]
    CrossedBounds {
        /// The child.
        id: String,
    },
    /// The floors take more than there is.
    #[error("split: floors exceed the total by `{excess}`; lower some of {ids:?}")]
    FloorsExceedTotal {
        /// How much is missing from the total.
        excess: i128,
        /// Children whose floors take something.
        ids: Vec<String>,
    },
    /// The ceilings leave something over.
    #[error("split: ceilings stay below the total by `{missing}`; raise some of {ids:?}")]
    CeilingsBelowTotal {
        /// How much nobody may take.
        missing: i128,
        /// The children.
        ids: Vec<String>,
    },
    /// Those with weight cannot take what those without leave.
    #[error("split: `{remaining}` is left and no child with a weight may take it; give a weight or move a bound")]
    NoWeightLeft {
        /// What is left; below 0 where too much is taken.
        remaining: i128,
    },
}

impl SplitError {
    /// Totals, bounds and weights are what a person or a policy entered.
    pub fn class(&self) -> Class {
        Class::Input
    }

    /// The fault of the mirrored split, in terms of the original.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::FloorsExceedTotal { excess, ids } => Self::CeilingsBelowTotal { missing: excess, ids },
            Self::CeilingsBelowTotal { missing, ids } => Self::FloorsExceedTotal { excess: missing, ids },
            Self::NoWeightLeft { remaining } => Self::NoWeightLeft { remaining: -remaining },
            Self::NoChildren { .. }
            | Self::TooManyChildren { .. }
            | Self::DuplicateChild { .. }
            | Self::OutOfRange { .. }
            | Self::CrossedBounds { .. } => self,
        }
    }
}
