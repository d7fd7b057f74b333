//! Whether a plan has a solution in fractions, by a linear program that knows nothing of the algorithm.

use std::collections::BTreeMap;

use microlp::{ComparisonOp, Error, OptimizationDirection, Problem, Variable};
use paceline_targets::{Bound, Period, VALUE_MAX};

use crate::plans::Case;

/// Whether some fractions per leaf and month keep all bounds. Presence is left out: a month without it only takes
/// solutions away.
pub(crate) fn has_solution(case: &Case) -> bool {
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let is_leaf = |id: &str| !case.nodes.iter().any(|node| node.parent.as_deref() == Some(id));
    let mut cells: BTreeMap<(&str, usize), Variable> = BTreeMap::new();
    for node in case.nodes.iter().filter(|node| is_leaf(&node.id)) {
        for month in 0..12 {
            let any = (f64::NEG_INFINITY, f64::INFINITY);
            cells.insert((&node.id, month), problem.add_var(0.0, any));
        }
    }
    let mut constrain = |bound: &Bound| {
        let inside = cells
            .iter()
            .filter(|((leaf, month), _)| case.is_below(leaf, &bound.node) && bound.period.months().contains(month));
        let terms: Vec<(Variable, f64)> = inside.map(|(_, cell)| (*cell, 1.0)).collect();
        if bound.lo == bound.hi {
            problem.add_constraint(&terms, ComparisonOp::Eq, bound.lo as f64);
            return;
        }
        problem.add_constraint(&terms, ComparisonOp::Ge, bound.lo as f64);
        if bound.hi < VALUE_MAX {
            problem.add_constraint(&terms, ComparisonOp::Le, bound.hi as f64);
        }
    };
    case.plan.bounds.iter().for_each(&mut constrain);
    for node in &case.nodes {
        for period in Period::each_month().filter(|month| !case.is_bound(&node.id, *month)) {
            constrain(&Bound {
                node: node.id.clone(),
                period,
                lo: 0,
                hi: VALUE_MAX,
            });
        }
    }
    match problem.solve() {
        Ok(_) => true,
        Err(Error::Infeasible) => false,
        Err(other) => panic!("the program does not end: {other:?}"),
    }
}
