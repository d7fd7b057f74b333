//! Rolling windows per rep: what happened in this hour, today, the last 28 days, this quarter.
//!
//! A [`ShardState`] folds the records of one partition, in log order, and answers with [`Effect`]s that a shell
//! performs. Per rep and currency it keeps sparse panes (minutes and days) and one running sum per window.
//!
//! Absent: clocks, I/O, tasks, floats, rates, teams, targets, the tables themselves, and every lookup of an earlier
//! version: what an event counts follows from the event alone ([`paceline_schemas::measures::contribution`]).
//!
//! The invariant: the state after *n* records is a function of those records, their offsets and their append times.
//! Sums commute, so order, batch size, re-sends and restarts change no sum; [`ShardState::advance`] moves what the
//! rows show and never what is encoded.

#![cfg_attr(
    not(test),
    warn(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::wildcard_enum_match_arm
    )
)]

mod calendar;
mod config;
mod dedup;
mod effect;
mod error;
mod hash;
mod packed;
mod pane;
mod rep;
mod reps;
mod state;
mod watermark;
mod window;
mod wire;

pub use config::{Days, Options, Period, Trailing};
pub use effect::{Effect, RowKey, WindowIndex, WindowSet};
pub use error::{Class, DecodeError, Fault, OptionsError};
pub use state::{Arrived, Books, Row, ShardState};
