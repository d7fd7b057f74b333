use std::collections::BTreeMap;

use paceline_schemas::event::EventType;
use paceline_schemas::measure::{Measure, Vector};
use paceline_schemas::symbol::DecidedBy;
use paceline_schemas::time::Instant;
use proptest::prelude::*;

use super::*;
use crate::calendar::tests::weekdays;
use crate::evidence::Rep;
use crate::ledger::{Entry, State};
use crate::row::{reserve_id, row_id};

const POLICY_VERSION: &str = "tp-1";

fn day(text: &str) -> Day {
    Day::parse(text).expect("day")
}

/// A company of two offices; each has a team, one of three reps and one of two.
fn org() -> Org {
    let node = |parent: Option<&str>, kind: NodeKind| OrgNode {
        parent: parent.map(str::to_owned),
        kind,
        from: None,
        to: None,
        manager: None,
    };
    let mut nodes = BTreeMap::new();
    nodes.insert("company".to_owned(), node(None, NodeKind::Company));
    for (site, team, reps) in [("east", "t-1", &["a", "b", "c"][..]), ("west", "t-2", &["d", "e"])] {
        nodes.insert(site.to_owned(), node(Some("company"), NodeKind::Site));
        nodes.insert(team.to_owned(), node(Some(site), NodeKind::Team));
        for rep in reps {
            nodes.insert((*rep).to_owned(), node(Some(team), NodeKind::Rep));
        }
    }
    nodes.insert("empty".to_owned(), node(Some("west"), NodeKind::Team));
    Org::new(nodes)
}

/// What the reps sold; `e` has nothing at all.
fn facts() -> Facts {
    let mut facts = Facts {
        from: day("2025-01-01"),
        as_of: day("2025-12-31"),
        calendar: weekdays("2024-12-01", "2027-12-31"),
        ..Facts::default()
    };
    for (rep, wins, revenue) in [
        ("a", 50, 50_000),
        ("b", 30, 20_000),
        ("c", 20, 30_000),
        ("d", 40, 40_000),
    ] {
        let mut vector = Vector::ZERO;
        vector.0[Measure::Wins as usize] = wins;
        vector.0[Measure::Contacts as usize] = wins * 20;
        vector.0[Measure::RevenueMinor as usize] = revenue;
        facts.results.insert((rep.to_owned(), "CNY".to_owned()), vector);
    }
    for rep in ["a", "b", "c", "d", "e"] {
        let person = Rep {
            team_id: "t".to_owned(),
            site_id: "s".to_owned(),
            role: "seller".to_owned(),
            hired_on: None,
            is_active: true,
        };
        facts.reps.insert(rep.to_owned(), person);
    }
    facts
}

fn goal(metric: &str, currency: Option<&str>, value: &str) -> Goal {
    Goal {
        node: "company".to_owned(),
        year: day("2026-01-01"),
        metrics: vec![GoalMetric {
            metric: metric.to_owned(),
            currency: currency.map(str::to_owned),
            value: value.to_owned(),
        }],
        locks: Vec::new(),
    }
}

fn planned(goal: &Goal, known: &Ledger) -> Result<Planned, PlanError> {
    let (org, facts, policy) = (org(), facts(), Policy::default());
    plan(
        goal,
        Sources {
            org: &org,
            facts: &facts,
            known,
            policy: &policy,
            policy_version: POLICY_VERSION,
        },
    )
}

fn entries(drafts: &Drafts) -> Vec<Entry> {
    let source = paceline_schemas::ids::Source::new("//t/paceline/targets").expect("source");
    let mark = Mark {
        decided_by: DecidedBy::Person,
        decider_id: "anna".to_owned(),
        at: Instant(1),
        comment: None,
    };
    let entry = |draft: &Draft| Entry {
        event: draft.event(source.clone(), &mark),
        recorded_at: Instant(2),
    };
    drafts.missing.iter().map(entry).collect()
}

fn sum(values: &BTreeMap<String, [i64; MONTHS]>, nodes: &[&str], at: usize) -> i64 {
    nodes.iter().map(|node| values[*node][at]).sum()
}

#[test]
fn a_goal_is_divided_exactly_at_every_node_and_month() {
    let planned = planned(&goal("revenue_minor", Some("CNY"), "1000000.01"), &Ledger::default()).expect("plan");
    let values = &planned.values[&("revenue_minor".to_owned(), "minor:CNY".to_owned())];
    assert_eq!(values["company"].iter().sum::<i64>(), 100_000_001);
    for at in 0..MONTHS {
        assert_eq!(
            values["company"][at],
            sum(values, &["east", "west", "~reserve.company"], at)
        );
        assert_eq!(values["east"][at], sum(values, &["t-1", "~reserve.east"], at));
        assert_eq!(values["t-1"][at], sum(values, &["a", "b", "c", "~reserve.t-1"], at));
    }
    // Five reps and the reserves of five nodes; the team without reps has no targets.
    assert_eq!(planned.drafts.size, 10);
    assert!(!values.contains_key("empty"));
    // A rep without any results counts as the mean of the team.
    assert!((values["e"][0] - values["d"][0]).abs() <= 1);
    assert!(values["a"][0] > values["b"][0]);
}

#[test]
fn a_plan_that_broke_off_is_completed_and_one_that_is_complete_is_known() {
    let goal = goal("wins", None, "480");
    let first = planned(&goal, &Ledger::default()).expect("plan");
    let all = entries(&first.drafts);
    for written in 0..=all.len() {
        let known = Ledger::of(&all[..written]);
        let rest = planned(&goal, &known).expect("plan").drafts;
        assert_eq!(
            (&rest.proposal_id, rest.size),
            (&first.drafts.proposal_id, first.drafts.size)
        );
        let together: Vec<Entry> = all[..written].iter().cloned().chain(entries(&rest)).collect();
        assert_eq!(together, all, "after {written}");
        let proposal = Ledger::of(&together);
        assert_eq!(
            proposal.proposal(&rest.proposal_id).expect("proposal").state,
            State::Complete
        );
    }
}

#[test]
fn locks_and_absence_are_kept_and_what_cannot_be_is_refused_by_name() {
    let mut goal = goal("wins", None, "1200");
    let lock = |node: &str, period: &str, kind: Lock, value: &str| GoalLock {
        node: node.to_owned(),
        metric: "wins".to_owned(),
        currency: None,
        period: period.to_owned(),
        kind,
        value: value.to_owned(),
    };
    goal.locks = vec![
        lock("a", "q2", Lock::Value, "90"),
        lock("t-2", "2026-12", Lock::Ceiling, "7"),
    ];
    let plan = planned(&goal, &Ledger::default()).expect("plan");
    let values = &plan.values[&("wins".to_owned(), "count".to_owned())];
    assert_eq!(values["a"][3..6].iter().sum::<i64>(), 90);
    assert!(values["t-2"][11] <= 7);
    let held = plan
        .drafts
        .missing
        .iter()
        .filter(|draft| draft.event_type == EventType::TargetLocked);
    assert_eq!(held.count(), 3);

    goal.locks = vec![lock("a", "year", Lock::Value, "1300")];
    let refused = planned(&goal, &Ledger::default()).expect_err("too much").to_string();
    assert!(
        refused.contains("`1300`") && refused.contains("`100` is missing"),
        "{refused}"
    );
    goal.locks = vec![lock("nobody", "q2", Lock::Value, "1")];
    assert!(
        planned(&goal, &Ledger::default())
            .expect_err("nobody")
            .to_string()
            .contains("nobody")
    );
}

#[test]
fn a_rate_is_planned_per_rep_and_meets_the_goal_together() {
    let planned = planned(&goal("close_per_contact", None, "0.055"), &Ledger::default()).expect("plan");
    let rows: Vec<_> = planned
        .drafts
        .missing
        .iter()
        .filter(|draft| draft.event_type == EventType::TargetProposed)
        .collect();
    assert_eq!(rows.len(), 5);
    let cells = rows.iter().flat_map(|draft| &draft.data.cells);
    let value = crate::recalibrate::value_of(cells, true);
    assert!((value - 55_000).abs() <= 1, "{value}");
}

#[test]
fn names_that_say_too_little_are_refused() {
    for (metric, currency, value, hint) in [
        ("calls", None, "5", "dials"),
        ("contact_rate", None, "0.5", "contact_per_dial"),
        ("revenue_minor", None, "5", "currency"),
        ("wins", None, "5.5", "digits"),
    ] {
        let refused = planned(&goal(metric, currency, value), &Ledger::default())
            .expect_err(metric)
            .to_string();
        assert!(refused.contains(hint), "{refused}");
    }
}

/// A team of two reps and of who leads them.
fn led() -> Org {
    let mut nodes = BTreeMap::new();
    let rep = |manager: Option<&str>| OrgNode {
        parent: Some("team".to_owned()),
        kind: NodeKind::Rep,
        from: None,
        to: None,
        manager: manager.map(str::to_owned),
    };
    nodes.insert(
        "team".to_owned(),
        OrgNode {
            parent: None,
            kind: NodeKind::Team,
            from: None,
            to: None,
            manager: None,
        },
    );
    nodes.insert("boss".to_owned(), rep(None));
    nodes.insert("a".to_owned(), rep(Some("boss")));
    nodes.insert("b".to_owned(), rep(Some("boss")));
    Org::new(nodes)
}

#[test]
fn a_sheet_tells_of_outliers_roll_ups_and_strangers() {
    let (org, facts, policy, known) = (led(), facts(), Policy::default(), Ledger::default());
    let year = day("2026-01-01");
    let cell = |node: &str, at: i32, value: i64| SheetCell {
        node_id: node.to_owned(),
        metric: "wins".to_owned(),
        currency: None,
        month: months_after(year, at),
        value,
    };
    let cells = [
        cell("a", 0, 10),
        cell("a", 1, 90),
        cell("a", 2, 11),
        cell("b", 0, 20),
        cell("b", 1, 20),
        cell("b", 2, 20),
        cell("boss", 0, 30),
        cell("boss", 1, 110),
        cell("boss", 2, 31),
        cell("zed", 0, 5),
    ];
    let sources = Sources {
        org: &org,
        facts: &facts,
        known: &known,
        policy: &policy,
        policy_version: POLICY_VERSION,
    };
    let (proposals, notes) = sheet(&cells, &[(year, &org)], sources).expect("proposal");
    assert!(notes.contains(&SheetNote::Unknown {
        node_id: "zed".to_owned(),
        cells: 1
    }));
    assert!(notes.contains(&SheetNote::RollUp {
        node_id: "boss".to_owned(),
        year,
        of: vec!["a".to_owned(), "b".to_owned()]
    }));
    let outliers: Vec<_> = notes
        .iter()
        .filter(|note| matches!(note, SheetNote::Outlier { .. }))
        .collect();
    assert_eq!(outliers.len(), 2, "{notes:?}");
    // Three rows and the reserve of the team.
    assert_eq!(proposals[0].size, 4);
    let ledger = Ledger::of(&entries(&proposals[0]));
    let row = ledger
        .row(&row_id(&reserve_id("team"), "wins", "count", year))
        .expect("reserve");
    assert_eq!(row.versions[0].value, 0);
    let twice = [cell("a", 0, 1), cell("a", 0, 2)];
    assert!(
        sheet(&twice, &[(year, &org)], sources)
            .expect_err("twice")
            .to_string()
            .contains("twice")
    );
}

proptest! {
    #[test]
    fn every_total_is_met_to_the_unit(total in -1_000_000_i64..1_000_000_000) {
        let text = amount_text(total.abs(), "minor:CNY");
        let planned = planned(&goal("revenue_minor", Some("CNY"), &text), &Ledger::default()).expect("plan");
        let leaves = planned.drafts.missing.iter().flat_map(|draft| &draft.data.cells);
        prop_assert_eq!(leaves.map(|cell| cell.value).sum::<i64>(), total.abs());
    }
}
