use super::*;
use crate::error::{Class, SplitError};
use crate::split::{Child, VALUE_MAX, WEIGHT_MAX};

fn node(id: &str, parent: &str) -> Node {
    Node {
        id: id.to_owned(),
        parent: (!parent.is_empty()).then(|| parent.to_owned()),
    }
}

/// A root `site` with a reserve and these children.
fn family_of(children: &[&str]) -> Tree {
    let mut nodes = vec![node("site", ""), node("~reserve.site", "site")];
    nodes.extend(children.iter().map(|child| node(child, "site")));
    Tree::new(nodes).expect("tree")
}

fn month(index: usize) -> Period {
    Period::month(index).expect("month")
}

fn quarter(index: usize) -> Period {
    Period::quarter(index).expect("quarter")
}

fn half(index: usize) -> Period {
    Period::half(index).expect("half")
}

fn bound(node: &str, period: Period, lo: i64, hi: i64) -> Bound {
    Bound {
        node: node.to_owned(),
        period,
        lo,
        hi,
    }
}

fn lock(node: &str, period: Period, value: i64) -> Bound {
    bound(node, period, value, value)
}

/// Equal months and the shares given, alike in every month.
fn plan(year: i64, shares: &[(&str, i64)], bounds: Vec<Bound>) -> Plan {
    let mut all = vec![lock("site", Period::YEAR, year)];
    all.extend(bounds);
    Plan {
        month_weights: [1; MONTHS],
        bounds: all,
        shares: shares
            .iter()
            .map(|(id, share)| ((*id).to_owned(), [*share; MONTHS]))
            .collect(),
        ..Plan::default()
    }
}

/// Months of 201, 200 and 199 in the second quarter, nothing else; shares 5:3:2.
fn quarter_plan(bounds: Vec<Bound>) -> Plan {
    let mut all = vec![
        lock("site", month(3), 201),
        lock("site", month(4), 200),
        lock("site", month(5), 199),
    ];
    all.extend(bounds);
    plan(600, &[("a", 5), ("b", 3), ("c", 2)], all)
}

#[track_caller]
fn check_quarter(bounds: Vec<Bound>, expected: [(&str, [i64; 3]); 3]) {
    let grid = grid(&family_of(&["a", "b", "c"]), &quarter_plan(bounds)).expect("grid");
    for (id, months) in expected {
        assert_eq!(grid.months(id).expect("child")[3..6], months, "{id}");
    }
    assert_eq!(grid.value("~reserve.site", Period::YEAR), Some(0));
}

fn refused(tree: &Tree, plan: &Plan) -> GridError {
    grid(tree, plan).expect_err("refused")
}

#[test]
fn periods_are_ordered_divided_and_named() {
    let all: Vec<Period> = Period::all().collect();
    assert_eq!(all.len(), 19);
    assert!(all.is_sorted());
    assert_eq!(Period::each_month().count() + Period::each_longer().count(), 19);
    for period in &all {
        assert_eq!(period.months().len(), period.length());
        let parts: Vec<usize> = period.parts().flat_map(Period::months).collect();
        let months: Vec<usize> = period.months().filter(|_| period.length() > 1).collect();
        assert_eq!(parts, months, "{period}");
        assert!(
            period
                .parts()
                .all(|part| period.contains(part) && !part.contains(*period))
        );
    }
    assert_eq!(quarter(1).months(), 3..6);
    assert_eq!(half(1).months(), 6..12);
    assert!(half(0).contains(quarter(1)) && !half(1).contains(quarter(1)));
    let named: Vec<String> = [month(3), quarter(1), half(1), Period::YEAR]
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(named, ["month 4", "quarter 2", "half 2", "the year"]);
    let beyond = [
        Period::month(12),
        Period::quarter(4),
        Period::half(2),
        Period::half(usize::MAX),
    ];
    assert_eq!(beyond, [None; 4]);
}

#[test]
fn a_year_is_divided_over_halves_quarters_and_months() {
    let tree = family_of(&[]);
    let even = grid(&tree, &plan(1_000, &[], vec![])).expect("grid");
    let expected = [84, 83, 83, 84, 83, 83, 84, 83, 83, 84, 83, 83];
    assert_eq!(even.months("site"), Some(expected));
    assert_eq!(even.months("~reserve.site"), Some(expected));

    let bounds = vec![lock("site", quarter(1), 330), bound("site", month(4), 130, VALUE_MAX)];
    let locked = grid(&tree, &plan(1_200, &[], bounds)).expect("grid");
    let expected = [90, 90, 90, 100, 130, 100, 100, 100, 100, 100, 100, 100];
    assert_eq!(locked.months("site"), Some(expected));
}

#[test]
fn a_lock_on_a_quarter_is_laid_into_the_months_of_the_parent() {
    let a = || lock("a", quarter(1), 330);
    check_quarter(
        vec![a()],
        [("a", [111, 110, 109]), ("b", [54, 54, 54]), ("c", [36, 36, 36])],
    );
    check_quarter(
        vec![a(), lock("b", month(4), 80)],
        [("a", [111, 110, 109]), ("b", [54, 80, 54]), ("c", [36, 10, 36])],
    );
    check_quarter(
        vec![lock("c", quarter(1), 90), lock("b", quarter(1), 180), a()],
        [("a", [111, 110, 109]), ("b", [60, 60, 60]), ("c", [30, 30, 30])],
    );
}

#[test]
fn a_grid_answers_by_node_and_period() {
    let tree = family_of(&["a"]);
    let grid = grid(
        &tree,
        &plan(1_200, &[("a", 1)], vec![lock("~reserve.site", month(0), 10)]),
    )
    .expect("grid");
    assert_eq!(grid.value("a", quarter(0)), Some(290));
    assert_eq!(grid.value("~reserve.site", Period::YEAR), Some(10));
    assert_eq!((grid.value("b", Period::YEAR), grid.months("b")), (None, None));
    let leaves: Vec<&str> = grid.leaves().map(|(id, _)| id).collect();
    assert_eq!(leaves, ["a", "~reserve.site"]);
    assert_eq!(tree.leaf_ids().collect::<Vec<_>>(), leaves);
}

#[test]
fn ties_rotate_with_the_month() {
    let tree = family_of(&["a", "b"]);
    let mut odd = plan(12, &[("a", 1), ("b", 1)], vec![]);
    let a = |plan: &Plan| grid(&tree, plan).expect("grid").months("a").expect("child");
    assert_eq!(a(&odd), [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
    odd.first_month = 675;
    assert_eq!(a(&odd), [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
}

#[test]
fn a_month_without_presence_gets_nothing() {
    let tree = family_of(&["a", "b"]);
    let mut absent = plan(1_200, &[("a", 1), ("b", 1)], vec![lock("a", quarter(0), 90)]);
    absent.shares.get_mut("a").expect("share")[1] = 0;
    let grid = grid(&tree, &absent).expect("grid");
    assert_eq!(grid.months("a").expect("child")[..4], [45, 0, 45, 50]);
    assert_eq!(grid.months("b").expect("child")[..4], [55, 100, 55, 50]);
}

#[test]
fn the_reserve_holds_what_is_planned_and_what_the_children_cannot_take() {
    let tree = family_of(&["a", "b"]);
    let shares = [("a", 1), ("b", 1)];
    let reserve = |plan: &Plan| grid(&tree, plan).expect("grid").months("~reserve.site").expect("child");

    let mut planned = plan(
        1_200,
        &shares,
        vec![bound("a", month(0), 0, 30), bound("b", month(0), 0, 20)],
    );
    planned.reserves.insert("site".to_owned(), [8; MONTHS]);
    assert_eq!(reserve(&planned)[..2], [50, 8]);

    let floors = || {
        vec![
            lock("site", month(0), 100),
            bound("a", month(0), 80, 90),
            bound("b", month(0), 60, 90),
        ]
    };
    let fault = refused(&tree, &plan(1_200, &shares, floors()));
    let ids = vec!["a".to_owned(), "b".to_owned()];
    let node = || "site".to_owned();
    assert_eq!(
        fault,
        GridError::FloorsExceedTotal {
            node: node(),
            period: month(0),
            excess: 40,
            ids: ids.clone(),
        }
    );
    let mut assigned = floors();
    assigned.push(bound("~reserve.site", month(0), -50, 50));
    assert_eq!(reserve(&plan(1_200, &shares, assigned))[..2], [-40, 0]);

    let ceilings = vec![
        lock("site", month(2), 100),
        bound("a", month(2), 0, 30),
        bound("b", month(2), 0, 20),
        bound("~reserve.site", month(2), 0, 5),
    ];
    let fault = refused(&tree, &plan(1_200, &shares, ceilings.clone()));
    assert_eq!(
        fault,
        GridError::CeilingsBelowTotal {
            node: node(),
            period: month(2),
            missing: 45,
            ids
        }
    );
    let mut absent = plan(1_200, &shares, ceilings);
    absent.shares.get_mut("a").expect("share")[2] = 0;
    let fault = refused(&tree, &absent);
    assert_eq!(
        fault,
        GridError::NoWeightLeft {
            node: node(),
            period: month(2),
            remaining: 75
        }
    );
}

#[test]
fn a_floor_that_the_shares_break_is_met_exactly() {
    let tree = family_of(&["a", "b", "c"]);
    let shares = [("a", 1), ("b", 1), ("c", 2)];
    let year = |bounds: Vec<Bound>| {
        let grid = grid(&tree, &plan(1_200, &shares, bounds)).expect("grid");
        ["a", "b", "c"].map(|id| grid.value(id, Period::YEAR).expect("child"))
    };
    assert_eq!(year(vec![]), [300, 300, 600]);
    assert_eq!(year(vec![bound("a", Period::YEAR, 250, 350)]), [300, 300, 600]);
    assert_eq!(year(vec![bound("a", Period::YEAR, 480, VALUE_MAX)]), [480, 240, 480]);
    assert_eq!(year(vec![bound("c", Period::YEAR, 0, 240)]), [480, 480, 240]);
    assert_eq!(year(vec![bound("c", quarter(0), 0, 0)]), [375, 375, 450]);
}

/// What a grandchild must have is a floor of its parent, on the same period.
#[test]
fn what_a_rep_is_promised_reaches_the_team() {
    let mut nodes = vec![node("site", ""), node("~reserve.site", "site")];
    for team in ["s", "t"] {
        nodes.push(node(team, "site"));
        nodes.push(node(&format!("~reserve.{team}"), team));
    }
    nodes.extend([node("r1", "t"), node("r2", "t")]);
    let tree = Tree::new(nodes).expect("tree");
    let shares = [("s", 9), ("t", 1), ("r1", 1), ("r2", 1)];
    // Only the second quarter has anything, so the year of `r2` is on top of the quarter of `r1`.
    let mut promised = plan(
        400,
        &shares,
        vec![lock("r1", quarter(1), 140), lock("r2", Period::YEAR, 230)],
    );
    promised.month_weights = [0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 0, 0];
    let grid = grid(&tree, &promised).expect("grid");
    assert_eq!(grid.value("t", quarter(1)), Some(370));
    assert_eq!(grid.value("s", Period::YEAR), Some(30));
    assert_eq!(grid.value("r1", quarter(1)), Some(140));
    assert_eq!(grid.value("r2", Period::YEAR), Some(230));
}

/// The team's year holds its rep's quarter, and a sibling's half must leave room for that.
#[test]
fn a_longer_lock_keeps_what_it_must_hold_in_a_shorter_period() {
    let nodes = vec![
        node("site", ""),
        node("~reserve.site", "site"),
        node("a", "site"),
        node("t", "site"),
        node("~reserve.t", "t"),
        node("r", "t"),
    ];
    let bounds = vec![
        lock("site", quarter(0), 300),
        lock("site", quarter(1), 140),
        lock("a", half(0), 300),
        lock("t", Period::YEAR, 140),
        lock("r", quarter(1), 140),
    ];
    let tree = Tree::new(nodes).expect("tree");
    let grid = grid(&tree, &plan(440, &[("a", 1), ("t", 1), ("r", 1)], bounds)).expect("grid");
    assert_eq!(grid.value("a", quarter(0)), Some(300));
    assert_eq!(grid.value("t", quarter(1)), Some(140));
}

#[test]
fn a_lock_without_room_names_those_before_it() {
    let bounds = vec![
        lock("a", quarter(1), 330),
        lock("b", month(4), 80),
        lock("c", half(0), 200),
        lock("site", quarter(0), 0),
    ];
    let fault = refused(&family_of(&["a", "b", "c"]), &quarter_plan(bounds));
    assert_eq!(
        fault,
        GridError::LockDoesNotFit {
            node: "c".to_owned(),
            period: half(0),
            value: 200,
            missing: 10,
            placed: vec!["a".to_owned()],
        }
    );
    assert_eq!(
        fault.to_string(),
        "set the grid: `200` of `c` in half 1 does not fit into the months of its parent: `10` is missing; \
         lower it, raise the parent, or move one of those placed before: [\"a\"]"
    );
    assert_eq!(fault.class(), Class::Input);
}

/// The reserve and `b` may not take what the second quarter has, so `a` would have to.
#[test]
fn a_lock_that_must_take_more_says_so() {
    let mut bounds = vec![lock("a", quarter(1), 330), lock("c", quarter(1), 40)];
    for index in 3..6 {
        bounds.push(bound("b", month(index), 0, 10));
        bounds.push(bound("c", month(index), 0, 40));
        bounds.push(lock("~reserve.site", month(index), 0));
    }
    let fault = refused(&family_of(&["a", "b", "c"]), &quarter_plan(bounds));
    assert_eq!(
        fault.to_string(),
        "set the grid: `330` of `a` in quarter 2 does not fit into the months of its parent: `120` more is forced on \
         it; raise it, lower the parent, let its siblings take more, or move one of those placed before: []"
    );
}

#[test]
fn bounds_that_contradict_each_other_are_refused_by_name() {
    let tree = family_of(&["a"]);
    let crossed = |bounds: Vec<Bound>| match refused(&tree, &plan(1_200, &[("a", 1)], bounds)) {
        GridError::CrossedBounds {
            node, period, lo, hi, ..
        } => (node, period, lo, hi),
        other => panic!("{other}"),
    };
    let a = || "a".to_owned();
    assert_eq!(crossed(vec![bound("a", month(1), 9, 8)]), (a(), month(1), 9, 8));
    let months = vec![
        lock("a", month(0), 70),
        lock("a", month(2), 40),
        lock("a", quarter(0), 100),
    ];
    assert_eq!(crossed(months), (a(), quarter(0), 110, 100));
    let over = vec![lock("site", half(0), 700), lock("site", half(1), 700)];
    assert_eq!(crossed(over), ("site".to_owned(), Period::YEAR, 1_400, 1_200));

    let promised = vec![lock("a", half(0), 700), lock("a", half(1), 701)];
    assert_eq!(
        refused(&tree, &plan(1_200, &[("a", 1)], promised)).to_string(),
        "set the grid: `site` must have at least `1401` in the year and may have at most `1200`, by its own bounds, \
         those of its months and what is kept for its children [\"a\"]; move one of them by `201`"
    );

    let mut absent = plan(1_200, &[("a", 1)], vec![lock("a", quarter(3), 60)]);
    absent.shares.get_mut("a").expect("share")[9..].fill(0);
    let left = GridError::NoWeightLeft {
        node: a(),
        period: quarter(3),
        remaining: 60,
    };
    assert_eq!(refused(&tree, &absent), left);
    let mut idle = plan(1_200, &[("a", 1)], vec![]);
    idle.month_weights = [0; MONTHS];
    let left = GridError::NoWeightLeft {
        node: "site".to_owned(),
        period: Period::YEAR,
        remaining: 1_200,
    };
    assert_eq!(refused(&tree, &idle), left);
}

#[test]
fn a_plan_that_does_not_fit_its_tree_is_refused_by_name() {
    let tree = family_of(&["a"]);
    let fault = |change: fn(&mut Plan)| {
        let mut changed = plan(1_200, &[("a", 1)], vec![]);
        change(&mut changed);
        refused(&tree, &changed).to_string()
    };
    let check = |change: fn(&mut Plan), expected: &str| {
        let fault = fault(change);
        assert!(fault.contains(expected), "{fault}");
    };
    check(|plan| plan.bounds.clear(), "`site` has no entered value");
    check(|plan| plan.bounds[0].hi += 1, "`site` has no entered value");
    check(
        |plan| plan.bounds.push(lock("x", Period::YEAR, 1)),
        "a bound is given for `x`",
    );
    check(
        |plan| plan.bounds.extend([lock("a", month(3), 1), lock("a", month(3), 1)]),
        "two bounds for month 4",
    );
    check(
        |plan| plan.bounds.push(bound("a", month(3), -VALUE_MAX - 1, 0)),
        "the floor of `a`",
    );
    check(
        |plan| plan.bounds.push(bound("a", month(3), 0, VALUE_MAX + 1)),
        "the ceiling of `a`",
    );
    check(|plan| plan.shares.clear(), "`a` has no share");
    check(
        |plan| plan.shares.extend([("site".into(), [1; MONTHS])]),
        "a share is given for `site`",
    );
    check(
        |plan| plan.shares.extend([("~reserve.site".into(), [1; MONTHS])]),
        "a share is given for `~reserve.site`",
    );
    check(
        |plan| plan.shares.extend([("x".into(), [1; MONTHS])]),
        "a share is given for `x`",
    );
    check(
        |plan| plan.shares.extend([("a".into(), [-1; MONTHS])]),
        "the share of `a` is `-1`",
    );
    check(
        |plan| plan.month_weights[2] = WEIGHT_MAX + 1,
        "the weight of a month of `site`",
    );
    check(
        |plan| plan.reserves.extend([("a".into(), [1; MONTHS])]),
        "a planned reserve is given for `a`",
    );
    check(
        |plan| plan.reserves.extend([("x".into(), [1; MONTHS])]),
        "a planned reserve is given for `x`",
    );
    check(|plan| plan.first_month = i64::MAX, "the first month");
}

#[test]
fn a_tree_that_is_none_is_refused_by_name() {
    let check = |rows: &[(&str, &str)], expected: GridError| {
        let nodes = rows.iter().map(|(id, parent)| node(id, parent)).collect();
        assert_eq!(Tree::new(nodes).expect_err("refused"), expected, "{rows:?}");
    };
    let own = |id: &str| id.to_owned();
    let reserve = ("~reserve.s", "s");
    check(&[], GridError::NoRoot);
    check(
        &[("b", ""), ("a", "")],
        GridError::SeveralRoots {
            ids: vec![own("a"), own("b")],
        },
    );
    check(
        &[("s", ""), ("a", "s"), reserve, ("a", "s")],
        GridError::DuplicateNode { id: own("a") },
    );
    check(
        &[("s", ""), ("a", "x")],
        GridError::UnknownParent {
            id: own("a"),
            parent: own("x"),
        },
    );
    let cycle = GridError::Cycle {
        ids: vec![own("a"), own("b")],
    };
    check(&[("s", ""), reserve, ("b", "a"), ("a", "b")], cycle);
    check(&[("s", "s")], GridError::Cycle { ids: vec![own("s")] });
    check(&[("s", ""), ("a", "s")], GridError::MissingReserve { id: own("s") });
    let misplaced = |id: &str| GridError::MisplacedReserve { id: own(id) };
    check(&[("s", ""), ("~reserve.x", "s"), reserve], misplaced("~reserve.x"));
    check(&[("s", ""), reserve, ("a", "~reserve.s")], misplaced("~reserve.s"));
    check(&[("~reserve.s", "")], misplaced("~reserve.s"));
}

#[test]
fn a_year_below_nothing_mirrors_its_original() {
    let tree = family_of(&["a", "b"]);
    let shares = [("a", 2), ("b", 1)];
    let mut bounds = vec![lock("a", quarter(1), -330), bound("b", half(1), -100, 0)];
    for id in ["site", "a", "b", "~reserve.site"] {
        bounds.extend(Period::each_month().map(|month| bound(id, month, -VALUE_MAX, 0)));
    }
    let grid = grid(&tree, &plan(-1_000, &shares, bounds)).expect("grid");
    // The second quarter needs 330 of the 500 of its half.
    assert_eq!(grid.months("site").expect("root")[..3], [-57, -57, -56]);
    assert_eq!(grid.value("site", half(0)), Some(-500));
    assert_eq!(grid.value("b", half(1)), Some(-100));
    assert_eq!(grid.value("a", half(1)), Some(-400));

    let fault = refused(&tree, &plan(-1_000, &shares, vec![]));
    let node = "site".to_owned();
    assert_eq!(
        fault,
        GridError::CrossedBounds {
            node,
            period: Period::YEAR,
            lo: 0,
            hi: -1_000,
            ids: vec![],
        }
    );
}

#[test]
fn amounts_and_weights_at_their_limits_fit() {
    let tree = family_of(&["a", "b"]);
    let mut large = plan(
        VALUE_MAX,
        &[("a", WEIGHT_MAX), ("b", 1)],
        vec![lock("b", Period::YEAR, VALUE_MAX / 3)],
    );
    large.month_weights = [WEIGHT_MAX; MONTHS];
    large.month_weights[0] = 1;
    let grid = grid(&tree, &large).expect("grid");
    assert_eq!(grid.value("b", Period::YEAR), Some(VALUE_MAX / 3));
    assert_eq!(grid.value("a", Period::YEAR), Some(VALUE_MAX - VALUE_MAX / 3));
    assert!(grid.value("site", month(0)).expect("root") > 0);
}

fn holdings<'a>(rows: &[(&'a str, i64, i64, (i64, i64))]) -> Vec<Holding<'a>> {
    let holding = |(id, weight, current, (lo, hi)): &(&'a str, i64, i64, (i64, i64))| Holding {
        child: Child {
            id,
            weight: *weight,
            lo: *lo,
            hi: *hi,
        },
        current: *current,
    };
    rows.iter().map(holding).collect()
}

#[test]
fn a_change_takes_nothing_from_those_who_should_gain() {
    let free = (0, VALUE_MAX);
    // The whole anew would give 5, 5, 1 and take one from the third.
    let rows = holdings(&[("a", 6, 4, free), ("b", 6, 4, free), ("c", 2, 2, free)]);
    assert_eq!(redistribute(1, &rows, 0), Ok(vec![1, 0, 0]));
    assert_eq!(redistribute(-1, &rows, 0), Ok(vec![-1, 0, 0]));
    let tight = holdings(&[("a", 1, 10, (0, 12)), ("b", 1, 10, (15, 30)), ("c", 1, 10, (10, 10))]);
    assert_eq!(redistribute(9, &tight, 0), Ok(vec![2, 7, 0]));
    assert_eq!(redistribute(2, &tight, 0), Ok(vec![-3, 5, 0]));
    let fault = redistribute(30, &tight, 0);
    assert!(
        matches!(fault, Err(SplitError::CeilingsBelowTotal { missing: 8, .. })),
        "{fault:?}"
    );
    let wide = holdings(&[("a", 1, -VALUE_MAX, (-VALUE_MAX, VALUE_MAX))]);
    assert_eq!(redistribute(VALUE_MAX, &wide, 0), Ok(vec![VALUE_MAX]));
    let far = holdings(&[("a", 1, VALUE_MAX + 1, free)]);
    let fault = redistribute(1, &far, 0);
    assert!(
        matches!(
            fault,
            Err(SplitError::OutOfRange {
                what: "the current value",
                ..
            })
        ),
        "{fault:?}"
    );
}
