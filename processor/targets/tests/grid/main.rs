//! Random trees and plans: what every grid keeps, what every refusal means, and what a linear program says of both.
//!
//! `PACELINE_CASES` sets how many; a case is made from its number alone, which a failure names.

mod plans;
mod program;

use std::collections::BTreeMap;

use paceline_targets::{
    Bound, Child, Grid, GridError, Holding, MONTHS, Node, Period, Plan, Tree, VALUE_MAX, grid, redistribute,
};

use crate::plans::{Case, Draws, Kind};

const CASES: u64 = 15_000;

fn cases() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "how many cases to try is for the caller of the test to say"
    )]
    let given = std::env::var("PACELINE_CASES");
    given.map_or(CASES, |text| text.parse().expect("PACELINE_CASES is a number"))
}

/// What became of the cases, shown with `--nocapture`.
#[expect(
    clippy::print_stderr,
    reason = "a count on a passing test is for whoever asks to see it"
)]
fn report(counts: &impl std::fmt::Debug) {
    eprintln!("{counts:?}");
}

fn solve(nodes: &[Node], plan: &Plan) -> Result<Grid, GridError> {
    grid(&Tree::new(nodes.to_vec())?, plan)
}

/// The months of every leaf by name.
fn leaves(grid: &Grid) -> BTreeMap<String, [i64; MONTHS]> {
    grid.leaves().map(|(id, months)| (id.to_owned(), months)).collect()
}

/// Sums and bounds, worked out from the leaves alone.
fn check_grid(case: &Case, grid: &Grid) {
    let cells = leaves(grid);
    for node in &case.nodes {
        for period in Period::all() {
            let below = cells.iter().filter(|(leaf, _)| case.is_below(leaf, &node.id));
            let sum: i64 = below
                .map(|(_, months)| months[period.months()].iter().sum::<i64>())
                .sum();
            assert_eq!(grid.value(&node.id, period), Some(sum), "{} in {period}", node.id);
        }
    }
    for bound in &case.plan.bounds {
        let value = grid.value(&bound.node, bound.period).expect("node");
        assert!((bound.lo..=bound.hi).contains(&value), "{bound:?}: {value}");
    }
    for node in &case.nodes {
        for month in Period::each_month().filter(|month| !case.is_bound(&node.id, *month)) {
            assert!(
                grid.value(&node.id, month).expect("node") >= 0,
                "{} in {month}",
                node.id
            );
        }
    }
}

fn count(counts: &mut BTreeMap<&'static str, u64>, result: &Result<Grid, GridError>) {
    let name = match result {
        Ok(_) => "set",
        Err(GridError::CrossedBounds { .. }) => "crossed bounds",
        Err(GridError::LockDoesNotFit { .. }) => "lock does not fit",
        Err(GridError::FloorsExceedTotal { .. }) => "floors exceed total",
        Err(GridError::CeilingsBelowTotal { .. }) => "ceilings below total",
        Err(GridError::NoWeightLeft { .. }) => "no weight left",
        Err(other) => panic!("unexpected: {other}"),
    };
    *counts.entry(name).or_default() += 1;
}

#[test]
fn every_grid_adds_up_within_its_bounds_whatever_the_order_and_the_sign() {
    let mut counts = BTreeMap::new();
    for number in 0..cases() {
        let case = Case::new(number, Kind::ALL[(number % 5) as usize]);
        let result = std::panic::catch_unwind(|| {
            let result = solve(&case.nodes, &case.plan);
            if let Ok(grid) = &result {
                check_grid(&case, grid);
            }
            let (nodes, plan) = case.shuffled();
            assert_eq!(solve(&nodes, &plan), result, "the order of rows");
            check_mirror(&case, &result);
            assert!(result.is_ok() || case.kind != Kind::Solvable, "{result:?}");
            result
        });
        let result = result.unwrap_or_else(|_| panic!("case {number}: {case:#?}"));
        count(&mut counts, &result);
    }
    report(&counts);
    assert!(counts["set"] * 3 > cases(), "most plans have a grid: {counts:?}");
}

/// The plan with every bound said and every sign turned has the grid with every sign turned.
fn check_mirror(case: &Case, result: &Result<Grid, GridError>) {
    let said = case.with_every_month_said();
    let original = solve(&case.nodes, &said);
    assert_eq!(
        original.as_ref().map(leaves),
        result.as_ref().map(leaves),
        "months said"
    );
    if case.total() == 0 {
        return;
    }
    let mut turned = said;
    for bound in &mut turned.bounds {
        (bound.lo, bound.hi) = (-bound.hi, -bound.lo);
    }
    for months in turned.reserves.values_mut() {
        *months = months.map(|value| -value);
    }
    let negated = |grid: &Grid| -> BTreeMap<String, [i64; MONTHS]> {
        let turn = |(id, months): (String, [i64; MONTHS])| (id, months.map(|value| -value));
        leaves(grid).into_iter().map(turn).collect()
    };
    let mirrored = solve(&case.nodes, &turned);
    match (&original, &mirrored) {
        (Ok(original), Ok(mirrored)) => assert_eq!(leaves(mirrored), negated(original), "the mirrored plan"),
        (Err(original), Err(mirrored)) => assert_eq!(opposite(original), std::mem::discriminant(mirrored)),
        _ => panic!("{original:?} but mirrored {mirrored:?}"),
    }
}

/// What the refusal becomes when every sign is turned.
fn opposite(fault: &GridError) -> std::mem::Discriminant<GridError> {
    let (node, ids, period) = (String::new(), Vec::new(), Period::YEAR);
    let turned = match fault {
        GridError::FloorsExceedTotal { .. } => &GridError::CeilingsBelowTotal {
            node,
            period,
            missing: 0,
            ids,
        },
        GridError::CeilingsBelowTotal { .. } => &GridError::FloorsExceedTotal {
            node,
            period,
            excess: 0,
            ids,
        },
        other => other,
    };
    std::mem::discriminant(turned)
}

/// A plan that no fractions meet is refused; one of value locks of which none lies within a longer one of the same
/// node, or of a node below it, is refused only then.
#[test]
fn a_linear_program_agrees() {
    // By kind, whether the program has a solution, and whether there is a grid.
    let mut counts: BTreeMap<(Kind, bool, bool), u64> = BTreeMap::new();
    for number in 0..cases() / 40 {
        for kind in Kind::ALL {
            let case = Case::new(number, kind);
            let is_set = solve(&case.nodes, &case.plan).is_ok();
            let has_fractions = program::has_solution(&case);
            *counts.entry((kind, has_fractions, is_set)).or_default() += 1;
            assert!(
                has_fractions || !is_set,
                "case {number} {kind:?}: a grid of an impossible plan: {case:#?}"
            );
            let is_missed = has_fractions && !is_set && kind.nests_locks();
            assert!(
                !is_missed,
                "case {number}: {:?} {case:#?}",
                solve(&case.nodes, &case.plan)
            );
        }
    }
    report(&counts);
    let impossible = counts.iter().filter(|((_, has_fractions, _), _)| !has_fractions);
    assert!(
        impossible.map(|(_, count)| count).sum::<u64>() * 100 > cases() / 8,
        "{counts:?}"
    );
}

#[test]
fn a_change_moves_nobody_against_its_sign_and_ends_within_the_bounds() {
    for number in 0..cases() {
        let mut draws = Draws::new(number);
        let names: Vec<String> = (0..draws.within(1, 8)).map(|n| format!("c{n}")).collect();
        let holdings: Vec<Holding<'_>> = names
            .iter()
            .map(|id| {
                let current = draws.within(-50, 50);
                let child = Child {
                    id,
                    weight: draws.within(1, 20),
                    lo: current - draws.within(0, 30),
                    hi: current + draws.within(0, 30),
                };
                Holding { child, current }
            })
            .collect();
        let change = draws.within(-40, 40);
        let room: i64 = holdings
            .iter()
            .map(|holding| {
                let bound = if change < 0 { holding.child.lo } else { holding.child.hi };
                bound - holding.current
            })
            .sum();
        let result = redistribute(change, &holdings, draws.within(0, 99));
        assert_eq!(result.is_ok(), room.abs() >= change.abs(), "case {number}");
        let Ok(changes) = result else { continue };
        assert_eq!(changes.iter().sum::<i64>(), change, "case {number}");
        for (holding, moved) in holdings.iter().zip(changes) {
            assert!(moved.signum() * change.signum() >= 0, "case {number}");
            let after = holding.current + moved;
            assert!((holding.child.lo..=holding.child.hi).contains(&after), "case {number}");
        }
    }
}

impl Case {
    /// The plan with a bound for every node and month that has none.
    fn with_every_month_said(&self) -> Plan {
        let mut plan = self.plan.clone();
        for node in &self.nodes {
            let unsaid = Period::each_month().filter(|month| !self.is_bound(&node.id, *month));
            plan.bounds.extend(unsaid.map(|period| Bound {
                node: node.id.clone(),
                period,
                lo: 0,
                hi: VALUE_MAX,
            }));
        }
        plan
    }
}
