//! Targets that are kept elsewhere, in a sheet or a CRM: their cells become rows and one proposal.

use std::collections::BTreeMap;

use paceline_schemas::time::Day;

use super::draft::Drafting;
use super::{Drafts, GoalFault, Org, PlanError, Sources};
use crate::calendar::{month_number, months_after};
use crate::canonical;

/// Times a month may be its neighbours' before it is pointed out.
const OUTLIER: i128 = 3;

/// One cell of a sheet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SheetCell {
    /// Rep.
    pub node_id: String,
    /// Metric of the registry.
    pub metric: String,
    /// Currency, of money.
    pub currency: Option<String>,
    /// First day of the month.
    pub month: Day,
    /// The target in the unit of the metric.
    pub value: i64,
}

/// Something in a sheet that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SheetNote {
    /// A node that is no rep of the organisation on the first day of the plan year.
    Unknown {
        /// The node.
        node_id: String,
        /// Cells that are left out.
        cells: usize,
    },
    /// A month far from both of its neighbours.
    Outlier {
        /// The cell.
        cell: SheetCell,
        /// The month before and the one after.
        neighbours: (i64, i64),
    },
    /// A rep whose months are the sums of those of others: counted twice if both are taken.
    RollUp {
        /// The rep.
        node_id: String,
        /// First day of the plan year.
        year: Day,
        /// The reps whose months sum to them.
        of: Vec<String>,
    },
}

/// Makes proposals of the cells, one per plan year, and tells what a person should look at.
///
/// # Errors
/// A metric is not known, or a cell is there twice.
pub fn sheet(
    cells: &[SheetCell],
    years: &[(Day, &Org)],
    sources: Sources<'_>,
) -> Result<(Vec<Drafts>, Vec<SheetNote>), PlanError> {
    let mut sorted = cells.to_vec();
    sorted.sort();
    let same = |pair: &[SheetCell]| matches!(pair, [a, b] if (&a.node_id, &a.metric, &a.currency, a.month) == (&b.node_id, &b.metric, &b.currency, b.month));
    if let Some([first, _]) = sorted.windows(2).find(|pair| same(pair)) {
        let detail = format!(
            "`{}` `{}` {} is there twice",
            first.node_id,
            first.metric,
            first.month.month()
        );
        return Err(GoalFault::new("target.cell", detail).into());
    }
    let mut notes = outliers(&sorted);
    let mut proposals = Vec::new();
    for (year, org) in years {
        let end = months_after(*year, 12);
        let of_year: Vec<&SheetCell> = sorted
            .iter()
            .filter(|cell| *year <= cell.month && cell.month < end)
            .collect();
        if of_year.is_empty() {
            continue;
        }
        unknown(org, &of_year, &mut notes);
        roll_ups(*year, org, &of_year, &mut notes);
        proposals.push(proposal(*year, org, &of_year, sources)?);
    }
    Ok((proposals, notes))
}

fn proposal(year: Day, org: &Org, cells: &[&SheetCell], sources: Sources<'_>) -> Result<Drafts, PlanError> {
    let text: Vec<String> = cells.iter().map(|cell| format!("{cell:?}")).collect();
    let digest = canonical::digest(text.iter().map(String::as_str));
    let proposal_id = format!("import-{}", digest.get(..24).unwrap_or(&digest));
    let mut drafting = Drafting::new(sources, org, year, &proposal_id, "import");
    let mut rows: BTreeMap<(&str, &str, Option<&str>), Vec<&SheetCell>> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| org.node(&cell.node_id).is_some()) {
        rows.entry((&cell.metric, &cell.node_id, cell.currency.as_deref()))
            .or_default()
            .push(cell);
    }
    let mut months: BTreeMap<(&str, String), Vec<usize>> = BTreeMap::new();
    for ((metric, node_id, currency), cells) in &rows {
        let known = paceline_schemas::metrics::resolve(metric).map_err(|e| GoalFault::new("metric", e.to_string()))?;
        let unit = known
            .target_unit(*currency)
            .map_err(|e| GoalFault::new("metric", e.to_string()))?;
        let at = |month: Day| usize::try_from(month_number(month) - month_number(year)).unwrap_or(0);
        let own = cells.iter().map(|cell| {
            let mut made = drafting.cell(node_id, at(cell.month), cell.value);
            if unit == "ppm" {
                made.weights.clear();
                made.denominator_planned = Some(1);
            }
            made
        });
        let own = own.collect();
        drafting.propose(node_id, known.id, &unit, own);
        months
            .entry((known.id, unit))
            .or_default()
            .extend(cells.iter().map(|cell| at(cell.month)));
    }
    for ((metric, unit), mut months) in months {
        months.sort_unstable();
        months.dedup();
        if unit != "ppm" {
            drafting.empty_reserves(metric, &unit, &months);
        }
    }
    Ok(drafting.finish())
}

fn unknown(org: &Org, cells: &[&SheetCell], notes: &mut Vec<SheetNote>) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| org.node(&cell.node_id).is_none()) {
        *counts.entry(&cell.node_id).or_default() += 1;
    }
    notes.extend(counts.into_iter().map(|(node_id, cells)| SheetNote::Unknown {
        node_id: node_id.to_owned(),
        cells,
    }));
}

fn outliers(sorted: &[SheetCell]) -> Vec<SheetNote> {
    let is_one_row = |a: &SheetCell, b: &SheetCell| {
        (&a.node_id, &a.metric, &a.currency) == (&b.node_id, &b.metric, &b.currency)
            && months_after(a.month, 1) == b.month
    };
    let far = |value: i64, other: i64| {
        let (value, other) = (i128::from(value), i128::from(other));
        value > OUTLIER * other || value * OUTLIER < other
    };
    let found = sorted.windows(3).filter_map(|triple| match triple {
        [before, cell, after] if is_one_row(before, cell) && is_one_row(cell, after) => {
            let above = cell.value > before.value.max(after.value);
            let below = cell.value < before.value.min(after.value);
            let stands_out = far(cell.value, before.value) && far(cell.value, after.value) && (above || below);
            (stands_out && before.value > 0 && after.value > 0).then(|| SheetNote::Outlier {
                cell: cell.clone(),
                neighbours: (before.value, after.value),
            })
        }
        _ => None,
    });
    found.collect()
}

/// A rep whose year is the sum of those of the reps led.
fn roll_ups(year: Day, org: &Org, cells: &[&SheetCell], notes: &mut Vec<SheetNote>) {
    let mut totals: BTreeMap<&str, i128> = BTreeMap::new();
    for cell in cells {
        *totals.entry(&cell.node_id).or_default() += i128::from(cell.value);
    }
    let mut led: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (rep, node) in org.reps() {
        if let Some(manager) = node.manager.as_deref().filter(|manager| *manager != rep) {
            led.entry(manager).or_default().push(rep);
        }
    }
    for (manager, members) in led {
        let Some(own) = totals.get(manager) else { continue };
        let with_target = members
            .into_iter()
            .filter_map(|member| Some((member, totals.get(member)?)));
        let (members, values): (Vec<&str>, Vec<i128>) = with_target.unzip();
        let sum: i128 = values.iter().sum();
        if !members.is_empty() && (own - sum).abs() * 10 <= sum.abs() {
            notes.push(SheetNote::RollUp {
                node_id: manager.to_owned(),
                year,
                of: members.into_iter().map(str::to_owned).collect(),
            });
        }
    }
}
