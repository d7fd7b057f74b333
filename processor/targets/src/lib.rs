//! Targets: facts and policy in, decisions out.
//!
//! [`split`] divides a total among children: every child within its bounds, the sum exact to the unit.
//!
//! Absent: clocks, I/O, tasks, floats in sums, tables and SQL. What is decided depends on the arguments alone.
//!
//! The invariant: the same inputs give the same values, whatever the order of their rows, to the last unit.

#![cfg_attr(
    not(test),
    warn(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::indexing_slicing,
        clippy::wildcard_enum_match_arm
    )
)]

mod ability;
mod draws;
mod error;
mod split;

pub use ability::{Estimate, PeerAmounts, Posterior, RateGroup, Trials, Volume, VolumeGroup, ppm, quantise};
pub use draws::{SplitMix64, Xoshiro256PlusPlus, fnv1a_64};
pub use error::{Class, SplitError};
pub use split::{CHILDREN_MAX, Child, VALUE_MAX, WEIGHT_MAX, split};
