//! Planning: a goal of one node and year becomes months of every rep and reserve below it, as one proposal.
//!
//! Months share the year by the weight of their days; children share a month by past results and evenly, as the policy
//! weighs the two. A rate is planned from what each rep has shown, scaled so that all together meet the goal.

mod draft;
mod goal;
mod org;
mod rates;
mod shares;
mod sheet;

use std::collections::BTreeMap;

use paceline_schemas::symbol::{Lock, NodeKind};
use paceline_schemas::time::Day;

use crate::calendar::{month_end, months_after};
use crate::canonical;
use crate::error::{Class, SplitError};
use crate::evidence::Facts;
use crate::grid::{Bound, Grid, GridError, MONTHS, Period, Plan, grid};
use crate::ledger::Ledger;
use crate::policy::Policy;
use crate::split::VALUE_MAX;

pub use draft::{Draft, Drafts, Mark, period_of};
pub use goal::{Goal, GoalFault, GoalLock, GoalMetric, amount, amount_text};
pub use org::{Org, OrgNode};
pub use sheet::{SheetCell, SheetNote, sheet};

use draft::Drafting;

/// What a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// Who is where on the first day of the plan year.
    pub org: &'a Org,
    /// Past results, their span, and the calendars.
    pub facts: &'a Facts,
    /// What the log says.
    pub known: &'a Ledger,
    /// The policy.
    pub policy: &'a Policy,
    /// Its version.
    pub policy_version: &'a str,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The goal says what cannot be.
    #[error(transparent)]
    Goal(#[from] GoalFault),
    /// No cells meet the goal.
    #[error("plan `{metric}`: {fault}")]
    Grid {
        /// The metric.
        metric: String,
        /// What is in the way.
        fault: Box<GridError>,
    },
    /// No shares could be made of the past results.
    #[error("plan `{metric}`: {fault}")]
    Shares {
        /// The metric.
        metric: String,
        /// What is in the way.
        fault: Box<SplitError>,
    },
}

impl PlanError {
    /// Goals and people are what a person entered.
    pub fn class(&self) -> Class {
        Class::Input
    }
}

/// A plan: the events of its proposal, and the values of every node for a person to read.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The proposal.
    pub drafts: Drafts,
    /// Value of each node and month, by metric and unit.
    pub values: BTreeMap<(String, String), BTreeMap<String, [i64; MONTHS]>>,
}

/// Plans a goal.
///
/// # Errors
/// The goal names what there is not, or no cells meet it.
pub fn plan(goal: &Goal, sources: Sources<'_>) -> Result<Planned, PlanError> {
    let org = sources
        .org
        .below(&goal.node)
        .ok_or_else(|| GoalFault::new("node", format!("there is no node `{}`", goal.node)))?;
    if org.reps().next().is_none() {
        return Err(GoalFault::new(
            "node",
            format!("there is no rep below `{}` on {}", goal.node, goal.year),
        )
        .into());
    }
    let inputs = sources.facts.digest(&sources.policy.canonical());
    let parts = [
        canonical::of(goal),
        format!("{org:?}"),
        inputs,
        sources.policy_version.to_owned(),
    ];
    let digest = canonical::digest(parts.iter().map(String::as_str));
    let proposal_id = format!("plan-{}", digest.get(..24).unwrap_or(&digest));
    let mut drafting = Drafting::new(sources, &org, goal.year, &proposal_id, "plan");
    let mut values = BTreeMap::new();
    for of in &goal.metrics {
        let metric = paceline_schemas::metrics::resolve(&of.metric)
            .map_err(|e| GoalFault::new("metrics.metric", e.to_string()))?;
        let unit = metric
            .target_unit(of.currency.as_deref())
            .map_err(|e| GoalFault::new("metrics.currency", e.to_string()))?;
        let total = amount(&of.value, &unit).map_err(|hint| GoalFault::new("metrics.value", hint))?;
        drafting.enter(&goal.node, metric.id, &unit, total);
        for lock in goal
            .locks
            .iter()
            .filter(|lock| lock.metric == of.metric && lock.currency == of.currency)
        {
            drafting.lock(lock, &unit)?;
        }
        let months = if unit == "ppm" {
            rates::plan(sources, &org, metric, total, &mut drafting)
        } else {
            let months = cells(goal, sources, &org, of, &unit, total)?;
            for (leaf, cells) in months.leaves() {
                drafting.row(leaf, metric.id, &unit, cells);
            }
            org.with_reserves()
                .into_iter()
                .filter_map(|id| Some((id.clone(), months.months(&id)?)))
                .collect()
        };
        values.insert((metric.id.to_owned(), unit), months);
    }
    Ok(Planned {
        drafts: drafting.finish(),
        values,
    })
}

/// The months of every leaf for one metric that sums.
fn cells(
    goal: &Goal,
    sources: Sources<'_>,
    org: &Org,
    of: &GoalMetric,
    unit: &str,
    total: i64,
) -> Result<Grid, PlanError> {
    let in_metric = |fault| PlanError::Grid {
        metric: of.metric.clone(),
        fault: Box::new(fault),
    };
    let tree = org.tree().map_err(in_metric)?;
    let mut bounds = vec![Bound {
        node: goal.node.clone(),
        period: Period::YEAR,
        lo: total,
        hi: total,
    }];
    for lock in goal
        .locks
        .iter()
        .filter(|lock| lock.metric == of.metric && lock.currency == of.currency)
    {
        let value = amount(&lock.value, unit).map_err(|hint| GoalFault::new("locks.value", hint))?;
        let (lo, hi) = match lock.kind {
            Lock::Floor => (value, VALUE_MAX),
            Lock::Ceiling => (if value < 0 { -VALUE_MAX } else { 0 }, value),
            Lock::Value | Lock::Entered | Lock::None => (value, value),
        };
        let period = lock.period_of(goal.year)?;
        bounds.push(Bound {
            node: lock.node.clone(),
            period,
            lo,
            hi,
        });
    }
    let shares = shares::of(sources, org, of, goal.year).map_err(|fault| PlanError::Shares {
        metric: of.metric.clone(),
        fault: Box::new(fault),
    })?;
    let plan = Plan {
        first_month: crate::calendar::month_number(goal.year),
        month_weights: month_weights(&sources.facts.calendar, goal.year),
        bounds,
        shares,
        reserves: BTreeMap::new(),
    };
    grid(&tree, &plan).map_err(in_metric)
}

/// Weight of each month of a plan year: that of its days.
pub(crate) fn month_weights(calendar: &crate::calendar::Calendar, year: Day) -> [i64; MONTHS] {
    let mut months = (0..).map(|count| months_after(year, count));
    std::array::from_fn(|_| {
        let first = months.next().unwrap_or(year);
        calendar
            .span(first, month_end(first))
            .iter()
            .map(|date| date.weight_bp)
            .sum()
    })
}

fn kind_of(org: &Org, node_id: &str) -> NodeKind {
    if node_id.starts_with(crate::grid::RESERVE_PREFIX) {
        return NodeKind::Reserve;
    }
    org.node(node_id).map_or(NodeKind::Company, |node| node.kind)
}

#[cfg(test)]
mod tests;
