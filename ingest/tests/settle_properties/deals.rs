//! Chains of deals.

use std::collections::BTreeMap;

use paceline_ingest::draft::Draft;
use paceline_ingest::settle::{Credit, Options, Outcome};
use paceline_schemas::event::{Data, Event, EventType, Previous};
use paceline_schemas::measure::Measure;
use paceline_schemas::measures::previous_of;
use paceline_schemas::symbol::CreditRole;
use paceline_schemas::time::Instant;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::floor::{Floor, at, cancelled, lost, refunded, share, won};
use crate::oracle::{Statement, recount};

pub(crate) fn statement() -> impl Strategy<Value = (u8, Statement)> {
    let reps = prop_oneof![
        4 => (0_u8..3).prop_map(|owner| vec![owner]),
        1 => (0_u8..3).prop_map(|owner| vec![owner, (owner + 1) % 3]),
    ];
    let win = (
        reps,
        0_i64..6,
        prop::sample::select(vec![0_i64, 100, 200, 500]),
        prop::option::of(0_u8..2),
        prop::option::of(0_u8..2),
    )
        .prop_map(|(reps, day, amount, customer, product)| Statement::Won {
            reps,
            time: at(day, 9),
            amount,
            customer,
            product,
        });
    let one = prop_oneof![
        5 => win,
        1 => (0_u8..3, 0_i64..8).prop_map(|(rep, day)| Statement::Lost { rep, time: at(day, 10) }),
        2 => (0_i64..9).prop_map(|day| Statement::Cancelled { time: at(day, 11) }),
        3 => (0_u8..3, prop::sample::select(vec![10_i64, 50, 100]), 0_i64..9)
            .prop_map(|(refund, minor, day)| Statement::Refunded { refund, minor, time: at(day, 12) }),
    ];
    (0_u8..4, one)
}

pub(crate) fn to_draft(number: u8, statement: &Statement) -> Draft {
    match statement {
        Statement::Won {
            reps,
            time,
            amount,
            customer,
            product,
        } => {
            let mut draft = won(number, reps[0], *time, *amount, *customer, *product);
            if let [owner, other] = reps.as_slice() {
                draft.splits = vec![
                    share(*owner, CreditRole::Owner, 6_000),
                    share(*other, CreditRole::Split, 4_000),
                ];
            }
            draft
        }
        Statement::Lost { rep, time } => lost(number, *rep, *time),
        Statement::Cancelled { time } => cancelled(number, 0, *time),
        Statement::Refunded { refund, minor, time } => {
            // Refunds of different amounts have ids of their own.
            let id = *refund * 10 + u8::try_from(*minor / 50).expect("a small number");
            refunded(number, 0, *time, id, *minor)
        }
    }
}

/// The same renaming of refunds for the recount.
pub(crate) fn renamed(statements: &[(u8, Statement)]) -> Vec<(u8, Statement)> {
    let mut statements = statements.to_vec();
    for (_, statement) in &mut statements {
        if let Statement::Refunded { refund, minor, .. } = statement {
            *refund = *refund * 10 + u8::try_from(*minor / 50).expect("a small number");
        }
    }
    statements
}

pub(crate) fn received(step: usize) -> Instant {
    Instant(at(100, 0).0 + i64::try_from(step).expect("a step") * 1_000_000)
}

pub(crate) fn options(follows_owner: bool) -> Options {
    Options {
        credit: if follows_owner {
            Credit::FollowsOwner
        } else {
            Credit::Stays
        },
        ..Options::default()
    }
}

/// What each correction takes back, followed through the events of each deal and rep.
fn check_previous(events: &[Event], last: &mut BTreeMap<(String, String), Previous>) {
    for event in events {
        let Data::Deal(deal) = &event.data else { continue };
        let key = (deal.deal_id.to_string(), deal.rep_id.to_string());
        if event.envelope.event_type == EventType::DealOpened {
            continue;
        }
        if let Some(previous) = &deal.previous {
            match last.get(&key) {
                Some(before) => assert_eq!(&**previous, before, "`previous` of {}", event.envelope.id),
                None => assert_eq!(previous.outcome, Some(paceline_schemas::symbol::Outcome::Open)),
            }
        } else {
            assert!(!last.contains_key(&key), "{} takes nothing back", event.envelope.id);
        }
        // A refund of what counts nothing leaves it so.
        let refunded = event.envelope.event_type == EventType::DealRefunded;
        let counted = deal.previous.as_deref().and_then(|previous| previous.outcome);
        if !refunded || counted == Some(paceline_schemas::symbol::Outcome::Won) {
            last.insert(key, previous_of(event));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn sums_of_published_deals_equal_the_recount(
        statements in vec(statement(), 1..24),
        follows_owner in any::<bool>(),
    ) {
        let mut floor = Floor::new(options(follows_owner));
        let mut last = BTreeMap::new();
        for (step, (number, statement)) in statements.iter().enumerate() {
            if let Ok(settled) = floor.take(to_draft(*number, statement), received(step)) {
                check_previous(&settled.events, &mut last);
            }
            let published = floor.log.count();
            let again = floor.take(to_draft(*number, statement), received(step));
            prop_assert!(again.is_err() || again.is_ok_and(|settled| settled.outcome != Outcome::Published));
            prop_assert_eq!(floor.log.count(), published, "a draft twice");
            let expected = recount(&renamed(&statements[..=step]), follows_owner);
            prop_assert_eq!(floor.log.sums(), expected, "after step {}: {:?}", step, statement);
        }
    }

    #[test]
    fn independent_deals_sum_to_the_same_in_any_order(
        wins in vec((0_i64..400, prop::option::of(0_u8..3), any::<bool>()), 1..16),
        places in vec(any::<Index>(), 16),
    ) {
        let statements: Vec<(u8, Statement)> = (0_u8..).zip(&wins).map(|(number, (day, customer, _))| {
            (number, Statement::Won {
                reps: vec![number % 3], time: at(*day, 9), amount: 100, customer: *customer, product: None,
            })
        }).collect();
        let mut order: Vec<usize> = (0..statements.len()).collect();
        for (at, place) in places.iter().enumerate().take(order.len()) {
            let other = place.index(order.len());
            order.swap(at, other);
        }
        let mut floor = Floor::new(Options::default());
        let mut stated = statements.clone();
        for (step, at) in order.into_iter().enumerate() {
            let (number, statement) = &statements[at];
            floor.publish(to_draft(*number, statement), received(step));
        }
        for ((number, _), (day, _, is_cancelled)) in statements.iter().zip(&wins) {
            if *is_cancelled {
                let cancel = Statement::Cancelled { time: at(*day + 1, 9) };
                floor.publish(to_draft(*number, &cancel), received(100));
                stated.push((*number, cancel));
            }
        }
        prop_assert_eq!(floor.log.sums(), recount(&stated, false));
        let customers: std::collections::BTreeSet<_> = statements.iter().zip(&wins)
            .filter(|(_, (_, _, is_cancelled))| !is_cancelled)
            .filter_map(|(_, (_, customer, _))| *customer)
            .collect();
        let new: i64 = floor.log.sums().values().map(|vector| vector[Measure::CustomersNew]).sum();
        prop_assert_eq!(new, i64::try_from(customers.len()).expect("a count"));
    }

    #[test]
    fn versions_with_revisions_end_in_the_same_sums_in_any_order(
        versions in vec((0_i64..6, 1_i64..9), 1..8),
        places in vec(any::<Index>(), 8),
    ) {
        let draft = |revision: usize| {
            let (day, tens) = versions[revision];
            let amount = tens * 1_000 + i64::try_from(revision).expect("a revision");
            let mut draft = won(1, 1, at(day, 9), amount, Some(1), None);
            if let Data::Deal(deal) = &mut draft.event.data {
                deal.revision = Some(i64::try_from(revision).expect("a revision"));
            }
            draft
        };
        let mut order: Vec<usize> = (0..versions.len()).collect();
        for (at, place) in places.iter().enumerate().take(order.len()) {
            let other = place.index(order.len());
            order.swap(at, other);
        }
        let mut floor = Floor::new(Options::default());
        for (step, revision) in order.into_iter().enumerate() {
            floor.take(draft(revision), received(step)).expect("taken");
        }
        let mut newest = Floor::new(Options::default());
        newest.publish(draft(versions.len() - 1), received(0));
        prop_assert_eq!(floor.log.sums(), newest.log.sums());
    }

    #[test]
    fn rows_of_one_file_end_in_the_same_state_in_any_order(
        rows in vec((0_i64..6, 1_i64..9), 1..6),
        places in vec(any::<Index>(), 12),
    ) {
        let mut doubled: Vec<_> = rows.iter().chain(&rows).copied().collect();
        let run = |rows: &[(i64, i64)]| {
            let mut floor = Floor::new(Options::default());
            for (day, tens) in rows {
                floor.take(won(1, 1, at(*day, 9), tens * 10, None, None), received(0)).expect("taken");
            }
            floor.log.sums()
        };
        let straight = run(&rows);
        for (at, place) in (0..doubled.len()).zip(&places) {
            let other = place.index(doubled.len());
            doubled.swap(at, other);
        }
        prop_assert_eq!(run(&doubled), straight);
    }
}
