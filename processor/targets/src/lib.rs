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
mod calendar;
mod canonical;
mod days;
mod draws;
mod error;
mod estimate;
mod evidence;
mod explain;
mod grid;
mod guard;
mod ledger;
mod plan;
mod policy;
mod recalibrate;
mod row;
mod split;

pub use ability::{Estimate, PeerAmounts, Posterior, RateGroup, Trials, Volume, VolumeGroup, ppm, quantise};
pub use calendar::{Calendar, CalendarDay, month_end, month_number, month_start, months_after};
pub use days::days;
pub use draws::{SplitMix64, Xoshiro256PlusPlus, fnv1a_64};
pub use error::{Class, SplitError};
pub use estimate::{RepEstimate, estimate};
pub use evidence::{Facts, Kind, Measured, Readiness, Rep};
pub use explain::{Language, Page, explain, reason_words};
pub use grid::{
    Bound, Grid, GridError, Holding, MONTHS, NODES_MAX, Node, Period, Plan, RESERVE_PREFIX, Tree, grid, redistribute,
};
pub use ledger::{Decided, Entry, Held, Ledger, Proposal, Refusal, State};
pub use plan::{
    Draft, Drafts, Goal, GoalFault, GoalLock, GoalMetric, Mark, Org, OrgNode, PlanError, Planned, SheetCell, SheetNote,
    Sources, amount, amount_text, period_of, plan, sheet,
};
pub use policy::{Freeze, Key, Policy, PolicyFault};
pub use recalibrate::{Decision, Run, decision_id, recalibrate};
pub use row::{Row, Standing, Version, reserve_id, row_id};
pub use split::{CHILDREN_MAX, Child, VALUE_MAX, WEIGHT_MAX, split};
