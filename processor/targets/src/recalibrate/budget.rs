//! The reserves that take what targets lose and give what they gain.

use std::collections::BTreeMap;

use paceline_schemas::symbol::NodeKind;
use paceline_schemas::time::Day;

use crate::evidence::Kind;
use crate::guard::{Change, ONE};
use crate::ledger::{Ledger, State};
use crate::policy::Policy;
use crate::row::Row;

/// What each reserve holds in each month, open proposals counted as approved, and what its parent holds in all.
#[derive(Debug)]
pub(super) struct Budget {
    reserves: BTreeMap<(String, Day), i64>,
    parents: BTreeMap<(String, Day), i64>,
}

impl Budget {
    pub(super) fn new(known: &Ledger) -> Self {
        let mut budget = Self {
            reserves: BTreeMap::new(),
            parents: BTreeMap::new(),
        };
        for row in known.rows().filter(|row| Kind::of(row) != Kind::Rate) {
            for (_, cell) in row.months() {
                if row.node_kind == NodeKind::Reserve {
                    budget.reserves.insert((row.target_id.clone(), cell.month), cell.value);
                }
                if let Some(parent) = &row.parent_target_id {
                    *budget.parents.entry((parent.clone(), cell.month)).or_default() += cell.value;
                }
            }
        }
        for proposal in known.proposals().filter(|proposal| proposal.state == State::Complete) {
            let Some(against) = &proposal.against else { continue };
            for (target_id, (number, _)) in &proposal.rows {
                let Some(row) = known.row(target_id) else { continue };
                let versions = row.versions.iter().filter(|version| version.number == *number);
                for cell in versions.flat_map(|version| &version.cells) {
                    let old = row.month(cell.month).map_or(0, |(_, cell)| cell.value);
                    budget.add(against, cell.month, old - cell.value);
                }
            }
        }
        budget
    }

    /// Name of the reserve beside a row.
    pub(super) fn reserve_of(row: &Row) -> Option<String> {
        // The parent's row has the name of the reserve's without its prefix.
        let parent = row
            .parent_target_id
            .as_deref()
            .filter(|_| Kind::of(row) != Kind::Rate)?;
        Some(crate::row::reserve_id(parent))
    }

    /// Whether the reserve can take the change: the month that is worst, and its bound. Nothing for a rate.
    pub(super) fn fits(&self, row: &Row, change: &Change, policy: &Policy) -> Option<(bool, i64, i64)> {
        if Kind::of(row) == Kind::Rate {
            return None;
        }
        let (Some(reserve), Some(parent)) = (Self::reserve_of(row), &row.parent_target_id) else {
            return Some((false, 0, 0));
        };
        let months = change.deltas.iter().map(|(month, delta)| {
            let key = (reserve.clone(), *month);
            let held = self.reserves.get(&key).copied();
            let whole = self.parents.get(&(parent.clone(), *month)).copied().unwrap_or(0);
            let bound = i128::from(whole.abs()) * i128::from(policy.reserve_bounds_ppm) / i128::from(ONE);
            let bound = i64::try_from(bound).unwrap_or(i64::MAX);
            let after = held.unwrap_or(0) - delta;
            (held.is_some() && after.abs() <= bound, after, bound)
        });
        let worst = months.min_by_key(|(fits, after, bound)| (*fits, bound - after.abs()));
        Some(worst.unwrap_or((true, 0, 0)))
    }

    /// Takes a change that counts or may be approved.
    pub(super) fn take(&mut self, row: &Row, change: &Change) {
        if let Some(reserve) = Self::reserve_of(row) {
            for (month, delta) in &change.deltas {
                self.add(&reserve, *month, -delta);
            }
        }
    }

    fn add(&mut self, reserve: &str, month: Day, delta: i64) {
        if let Some(held) = self.reserves.get_mut(&(reserve.to_owned(), month)) {
            *held += delta;
        }
    }
}
