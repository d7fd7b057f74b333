//! `target.*`: what was decided about targets, and why.
//!
//! One event per row of the grid, which is leaf × metric × currency × plan year, with the months that change. All
//! numbers are integers: counts, minor units, parts per million.

use serde::{Deserialize, Serialize};

use crate::field::{Count, Field, FieldValue, Kind, data, unfit};
use crate::ids::{Label, LongLabel, NodeId, Text64, Text1000};
use crate::reject::Reject;
use crate::symbol::{Authority, DecidedBy, Lock, NodeKind, PeriodKind, Recalibrated};
use crate::time::{Day, Instant};

use super::broken;

/// One month of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// First day of the month.
    pub month: Day,
    /// Target of the whole month, in the unit of the metric.
    pub value: i64,
    /// First day on which the value counts.
    pub from: Day,
    /// Sum of the day targets before that day.
    #[serde(default)]
    pub kept: i64,
    /// Weights of the days from that day to the end of the month; none for a rate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<i64>,
    /// Denominator that the plan expects; of a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denominator_planned: Option<i64>,
}

/// One check of a recalibration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Name of the check.
    pub check: Label,
    /// Whether the target passed it.
    pub passed: bool,
    /// What was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<i64>,
    /// What it was held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<i64>,
}

/// What a policy decided from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Last business date of the evidence.
    pub as_of: Day,
    /// First business date of the evidence.
    pub from: Day,
    /// Expected count, matured denominator or deals, in millionths.
    pub n_eff: i64,
    /// Achieved: wins, minor units, numerator of the rate.
    pub numerator: i64,
    /// Expected at target, rounded; of a rate its denominator.
    pub denominator: i64,
    /// Performance over target, ppm.
    pub theta: i64,
    /// Lower end of its interval, ppm.
    pub low: i64,
    /// Upper end of its interval, ppm.
    pub high: i64,
    /// Weight of the own evidence, ppm.
    pub weight_own: i64,
    /// Reps of the peer group.
    pub peers: i64,
    /// Strength of the prior, in millionths of a count.
    pub prior_strength: i64,
    /// Evaluations of the same sign in a row, this one included.
    pub confirmations: i64,
    /// SHA-256 over the rows read, the policy and the calendar.
    pub inputs_sha256: Label,
}

macro_rules! object_field {
    ($what:literal, $($item:ty: $absent:expr;)*) => {$(
        impl Field for $item {
            const KIND: Kind = Kind::Object;
            fn is_absent(&self) -> bool {
                let absent: fn(&Self) -> bool = $absent;
                absent(self)
            }
            fn assign(&mut self, _: &FieldValue) -> Result<(), Reject> {
                Err(unfit($what))
            }
        }
    )*};
}
object_field! { "a list or an object, which no column holds",
    Vec<Cell>: Vec::is_empty;
    Vec<Check>: Vec::is_empty;
    Evidence: |_| false;
    serde_json::Value: serde_json::Value::is_null;
}

data! {
    /// One decision about a target, or one fact about its life.
    Target {
        Given target_id: Option<LongLabel>, "The row of the grid: node, metric, currency, plan year";
        Given version: Option<Count>, "Version of the row, from 1";
        Given parent_target_id: Option<LongLabel>, "The row of the node above";
        Given node_id: Option<NodeId>, "Node of the organisation, rep or reserve";
        Given node_kind: Option<NodeKind>, "Kind of the node";
        Given metric: Option<Label>, "Metric of the registry";
        Given unit: Option<Text64>, "count, minor:CNY and the like, or ppm";
        Given period_kind: Option<PeriodKind>, "year for a row of the grid, else of an entered or locked cell";
        Given period_start: Option<Day>, "First day";
        Given period_end: Option<Day>, "Last day";
        Given value: Option<i64>, "Sum of the row's months in the unit; of a rate its mean over the planned denominators";
        Given cells: Vec<Cell>, "The months that change";
        Given policy_version: Option<Label>, "Policy by which it was decided";
        Given reason_code: Option<Label>, "Why";
        Given evidence: Option<Evidence>, "What a policy decided from";
        Given decided_by: Option<DecidedBy>, "Who decided";
        Given decider_id: Option<Label>, "The person or the import";
        Given comment: Option<Text1000>, "Words of the person";
        Given method: Option<Label>, "How the values came about: plan, import, commit, recalibrate";
        Given supersedes_version: Option<Count>, "Version that the proposal was made against";
        Given proposal_id: Option<LongLabel>, "Rows that stand or fall together";
        Given proposal_size: Option<Count>, "Events of the proposal";
        Given against: Option<LongLabel>, "The reserve that takes the difference of every cell";
        Given effective_at: Option<Instant>, "From when on it counts";
        Given lock: Option<Lock>, "What the value of the node and period is held to";
        Given bound: Option<i64>, "Value, floor or ceiling in the unit";
        Given old_value: Option<i64>, "What was left of the row before";
        Given proposed_value: Option<i64>, "What would be left of it after";
        Given uncapped_value: Option<i64>, "What would be left of it without limits of the policy";
        Given checks: Vec<Check>, "The checks in the order evaluated";
        Given outcome: Option<Recalibrated>, "How a recalibration ended";
        Given authority: Option<Authority>, "Whose approval it needs";
        Given policy: Option<serde_json::Value>, "The policy";
        Given valid_from: Option<Day>, "First day on which the policy holds";
    }
}

/// Months that one event changes at most.
pub const CELLS_MAX: usize = 12;
/// Days of a month at most.
pub const WEIGHTS_MAX: usize = 31;
/// Checks of one decision at most.
pub const CHECKS_MAX: usize = 32;

impl Target {
    pub(super) fn check(&self) -> Result<(), Reject> {
        if self.cells.len() > CELLS_MAX {
            return Err(broken("cells", &format!("more than {CELLS_MAX} months")));
        }
        for cell in &self.cells {
            if cell.month.date().day() != 1 || cell.from.month() != cell.month.month() {
                return Err(broken("cells", "a month is its first day, and counts from a day in it"));
            }
            if cell.weights.len() > WEIGHTS_MAX || cell.weights.iter().any(|weight| *weight < 0) {
                return Err(broken("cells", "at most 31 weights of a day, none below 0"));
            }
        }
        if self.checks.len() > CHECKS_MAX {
            return Err(broken("checks", &format!("more than {CHECKS_MAX} checks")));
        }
        if let (Some(from), Some(to)) = (self.period_start, self.period_end)
            && to < from
        {
            return Err(broken("period_end", "lies before period_start"));
        }
        Ok(())
    }
}
