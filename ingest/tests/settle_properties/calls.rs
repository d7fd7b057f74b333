//! Chains of calls.

use std::collections::BTreeMap;

use paceline_ingest::settle::{Options, Outcome};
use paceline_schemas::event::{Data, Previous};
use paceline_schemas::measures::previous_of;
use paceline_schemas::symbol::Step;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::deals::received;
use crate::floor::{Floor, at, call, call_retraction};
use crate::oracle::{Leg, recount_calls};

fn leg() -> impl Strategy<Value = (u16, Leg)> {
    let steps = prop::sample::select(vec![Step::Dial, Step::Live, Step::Contact, Step::Pitch, Step::Win]);
    let some = (
        0_u8..3,
        0_i64..3,
        0_i64..2,
        steps,
        prop::sample::select(vec![0_i64, 9_499, 9_500, 61_000]),
    )
        .prop_map(|(rep, day, hour, step, talk)| Some((rep, at(day, hour), step, talk)));
    (0_u16..4, prop_oneof![6 => some, 1 => Just(None)])
}

fn draft_of(number: u16, leg: Leg, step: usize) -> paceline_ingest::draft::Draft {
    match leg {
        Some((rep, ended, furthest, talk_ms)) => call(number, rep, ended, furthest, talk_ms),
        None => call_retraction(number, 0, at(0, 0), &format!("retraction-{step}")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn sums_of_published_calls_equal_the_recount(legs in vec(leg(), 1..24)) {
        let mut floor = Floor::new(Options::default());
        let mut last: BTreeMap<(String, String), Previous> = BTreeMap::new();
        for (step, (number, leg)) in legs.iter().enumerate() {
            let events = floor.take(draft_of(*number, *leg, step), received(step)).map_or_else(|_| Vec::new(), |s| s.events);
            for event in &events {
                let Data::Call(data) = &event.data else { continue };
                let key = (data.leg_id.to_string(), data.rep_id.to_string());
                let retracted = Previous { retracted: true, ..Previous::default() };
                if let Some(previous) = &data.previous {
                    let before = last.get(&key).unwrap_or(&retracted);
                    prop_assert_eq!(&**previous, before);
                }
                last.insert(key, previous_of(event));
            }
            let published = floor.log.count();
            let again = floor.take(draft_of(*number, *leg, step), received(step));
            prop_assert!(again.is_err() || again.is_ok_and(|settled| settled.outcome != Outcome::Published));
            prop_assert_eq!(floor.log.count(), published, "a draft twice");
            prop_assert_eq!(floor.log.sums(), recount_calls(&legs[..=step]));
        }
    }

    #[test]
    fn versions_of_a_call_with_revisions_end_in_the_same_sums_in_any_order(
        versions in vec(leg().prop_filter_map("a leg", |(_, leg)| leg), 1..8),
        places in vec(any::<Index>(), 8),
    ) {
        let mut order: Vec<usize> = (0..versions.len()).collect();
        for (at, place) in places.iter().enumerate().take(order.len()) {
            let other = place.index(order.len());
            order.swap(at, other);
        }
        let mut floor = Floor::new(Options::default());
        for (step, revision) in order.into_iter().enumerate() {
            let mut draft = draft_of(1, Some(versions[revision]), revision);
            if let Data::Call(call) = &mut draft.event.data {
                call.attempt_no = Some(paceline_schemas::field::Count(i64::try_from(revision).expect("a count")));
                call.revision = Some(i64::try_from(revision).expect("a revision"));
            }
            floor.take(draft, received(step)).expect("taken");
        }
        let newest = versions.last().copied();
        prop_assert_eq!(floor.log.sums(), recount_calls(&[(1, newest)]));
    }
}
