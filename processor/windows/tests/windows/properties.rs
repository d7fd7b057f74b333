//! Laws: order, re-sends, checkpoints, ticks and the clock change no sum; corrections restate and never book twice.

use std::collections::BTreeMap;

use paceline_schemas::event::{Event, EventType};
use paceline_schemas::measure::{Measure as M, Vector};
use paceline_schemas::measures::{contribution, previous_of};
use paceline_schemas::time::Instant;
use paceline_windows::{Effect, Options, ShardState};
use proptest::prelude::*;

use crate::generate::{DAY_US, Happening, Record, at, deal_step, events, log_of, noisy_log, published, sites};
use crate::model::plus;
use crate::reference_model::{apply, fresh, rows};

/// Sums of the hour table, by its key.
type Hours = BTreeMap<String, Vector>;

fn fold(log: &[Record]) -> (ShardState, Hours) {
    let (mut state, mut hours) = (fresh(), Hours::new());
    for record in log {
        let effects = apply(&mut state, record);
        count(&mut hours, record, &effects);
    }
    hours.retain(|_, vector| !vector.is_zero());
    (state, hours)
}

fn count(hours: &mut Hours, record: &Record, effects: &[Effect]) {
    let Some(event) = &record.event else { return };
    let counted = contribution(event);
    for effect in effects {
        if let Effect::Increment { part } = effect {
            let (place, vector) = counted.parts().nth(*part).expect("part");
            let dimensions = (
                place.site_id,
                place.campaign_id,
                place.currency,
                place.business_date,
                place.hour.start,
            );
            plus(
                hours.entry(format!("{} {dimensions:?}", place.rep_id)).or_default(),
                vector,
            );
        }
    }
}

/// Effects of one call with the rows in the order of their keys, in which restarts may differ.
fn ordered(mut effects: Vec<Effect>) -> Vec<Effect> {
    effects.sort_by_key(|effect| match effect {
        Effect::RowsChanged { of, .. } => Some(of.clone()),
        _ => None,
    });
    effects
}

/// The same events in an order drawn by `keys`, appended after all of them have happened.
fn permuted(events: &[Event], keys: &[u32]) -> Vec<Record> {
    let mut keyed: Vec<_> = keys.iter().cycle().zip(events.iter().cloned()).enumerate().collect();
    keyed.sort_by_key(|(position, (key, _))| (**key, *position));
    appended_late(keyed.into_iter().map(|(_, (_, event))| event).collect())
}

fn appended_late(events: Vec<Event>) -> Vec<Record> {
    let last = events.iter().map(|event| event.envelope.time).max().unwrap_or_default();
    let mut log = log_of(events, 0);
    for record in &mut log {
        record.arrived.append_time = last;
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_order_ends_in_the_same_sums_and_rows(events in published(1..30), keys in proptest::collection::vec(any::<u32>(), 60)) {
        let (in_order, hours) = fold(&appended_late(events.clone()));
        let (shuffled, shuffled_hours) = fold(&permuted(&events, &keys));
        prop_assert_eq!(shuffled_hours, hours);
        prop_assert_eq!(shuffled.watermark(), in_order.watermark());
        prop_assert_eq!(rows(&shuffled), rows(&in_order));
    }

    #[test]
    fn any_subset_sent_again_changes_nothing(events in published(1..30), again in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..30)) {
        let (once, hours) = fold(&appended_late(events.clone()));
        let mut with_copies = events;
        let copies = again.len() as u64;
        for (which, to) in again {
            let copy = with_copies[which.index(with_copies.len())].clone();
            with_copies.insert(to.index(with_copies.len() + 1), copy);
        }
        let (twice, twice_hours) = fold(&appended_late(with_copies));
        prop_assert_eq!(twice_hours, hours);
        prop_assert_eq!(rows(&twice), rows(&once));
        prop_assert_eq!(twice.books().duplicate, copies);
        prop_assert_eq!(twice.books().applied, once.books().applied);
    }

    #[test]
    fn any_split_into_checkpoints_has_the_same_effects_and_the_same_state(log in noisy_log(1..25), cuts in proptest::collection::vec(any::<bool>(), 80), leaps in proptest::collection::vec(0..3 * DAY_US, 80)) {
        let (mut whole, mut split) = (fresh(), fresh());
        for ((record, cut), leap_us) in log.iter().zip(cuts).zip(leaps) {
            prop_assert_eq!(ordered(apply(&mut split, record)), ordered(apply(&mut whole, record)));
            prop_assert_eq!(split.encode(), whole.encode());
            if cut {
                // What the clock showed before the crash leaves no trace.
                let now = Instant(split.watermark().unwrap_or_default().0 + leap_us);
                split.advance(now, &mut Vec::new());
                let bytes = split.encode();
                prop_assert_eq!(&bytes, &whole.encode());
                split = ShardState::decode(&bytes, Options::default(), sites()).expect("state");
                prop_assert_eq!(split.encode(), bytes);
                prop_assert_eq!(rows(&split), rows(&whole));
                prop_assert_eq!(split.books(), whole.books());
            }
        }
    }

    #[test]
    fn the_clock_never_enters_the_state(log in noisy_log(1..20), leaps in proptest::collection::vec(prop_oneof![0..DAY_US, 0..500 * DAY_US], 80)) {
        let (mut plain, mut advanced) = (fresh(), fresh());
        for (record, leap_us) in log.iter().zip(leaps) {
            let without_rows = |mut effects: Vec<Effect>| {
                effects.retain(|effect| !matches!(effect, Effect::RowsChanged { .. }));
                effects
            };
            let expected = without_rows(apply(&mut plain, record));
            prop_assert_eq!(without_rows(apply(&mut advanced, record)), expected);
            advanced.advance(Instant(advanced.watermark().unwrap_or_default().0 + leap_us), &mut Vec::new());
            prop_assert_eq!(advanced.encode(), plain.encode());
            prop_assert_eq!(advanced.watermark(), plain.watermark());
        }
    }

    #[test]
    fn the_watermark_is_the_highest_event_that_was_taken(log in noisy_log(1..25)) {
        let mut state = fresh();
        for record in &log {
            let before = state.watermark();
            let cap = Instant(record.arrived.append_time.0 + Options::default().skew_max_us);
            apply(&mut state, record);
            prop_assert!(state.watermark() >= before);
            let time = record.event.as_ref().map(|event| event.envelope.time.min(cap));
            prop_assert!(state.watermark() <= before.max(time));
        }
    }

    #[test]
    fn ticks_move_time_and_no_sum(events in published(1..20), ticks in proptest::collection::vec((any::<prop::sample::Index>(), -DAY_US..DAY_US), 0..10)) {
        let log = log_of(events, 30_000_000);
        let (_, hours) = fold(&log);
        let mut ticked = log;
        for (to, offset_us) in ticks {
            let to = to.index(ticked.len());
            let mut tick = ticked[to].clone();
            if let Some(event) = &mut tick.event {
                event.envelope.event_type = EventType::ClockTicked;
                event.envelope.time = Instant(event.envelope.time.0 + offset_us);
                event.data = paceline_schemas::event::Data::Tick;
            }
            ticked[to..].iter_mut().for_each(|record| record.arrived.offset += 1);
            ticked.insert(to, tick);
        }
        let (state, ticked_hours) = fold(&ticked);
        prop_assert_eq!(ticked_hours, hours);
        prop_assert_eq!(state.books().consumed, state.books().applied + state.books().ticks);
    }

    #[test]
    fn chains_of_corrections_sum_to_their_final_states(steps in proptest::collection::vec(deal_step(), 1..12), rep in 0..4_u8) {
        let chain = events(0, rep, false, at("2026-06-01T10:00:00Z"), &Happening::Deal(steps));
        let mut total = Vector::ZERO;
        for event in &chain {
            contribution(event).parts().for_each(|(_, vector)| plus(&mut total, vector));
        }
        let mut full_refunds = 0;
        for event in &chain {
            let before_full = previous(event).is_some_and(|previous| previous.full);
            if event.envelope.event_type == EventType::DealRefunded && previous_of(event).full && !before_full {
                full_refunds += 1;
            }
        }
        let last = chain.last().map(previous_of);
        let standing = last.as_ref().filter(|last| last.outcome == Some(paceline_schemas::symbol::Outcome::Won));
        let money = |minor: Option<paceline_schemas::field::Minor>| minor.map_or(0, |minor| minor.0);
        let revenue = standing.map_or(0, |last| money(last.credit_minor) - money(last.credit_refunded_minor));
        prop_assert_eq!(total[M::RevenueMinor], revenue);
        prop_assert_eq!(total[M::Wins], standing.map_or(0, |last| i64::from(!last.full)));
        prop_assert_eq!(total[M::RevenueMinor], total[M::RevenueBookedMinor] - total[M::CancelledMinor] - total[M::RefundedMinor]);
        // An amendment may undo a full refund by raising the amount; the law is about cancellations and refunds.
        if !chain.iter().any(|event| event.envelope.event_type == EventType::DealAmended) {
            prop_assert_eq!(total[M::Wins], total[M::WinsBooked] - total[M::Cancels] - full_refunds);
        }
    }
}

fn previous(event: &Event) -> Option<&paceline_schemas::event::Previous> {
    event.data.keyed().and_then(|keyed| keyed.previous)
}

#[test]
fn rows_of_a_day_with_25_hours_end_at_its_shift_boundary() {
    use crate::generate::CallVersion;
    let call = |n: usize, time: &str| {
        let version = CallVersion {
            step: 1,
            talk_ms: 0,
            shifted_us: 0,
            retracted: false,
        };
        events(n, 0, false, at(time), &Happening::Call(vec![version]))
    };
    // Berlin's 24 October ends at 04:00 of the 25th, which is 03:00 UTC after the clock went back.
    let log = log_of(
        [call(0, "2026-10-24T02:00:00Z"), call(1, "2026-10-25T02:59:59Z")].concat(),
        0,
    );
    let (mut state, _) = fold(&log);
    let today = |state: &ShardState| {
        let key = ("ann".to_owned(), "EUR".to_owned(), "today".to_owned());
        rows(state).get(&key).map(|vector| vector[M::Dials])
    };
    assert_eq!(today(&state), Some(2));
    assert_eq!(state.next_deadline(), Some(at("2026-10-25T03:00:00Z")));
    let mut effects = Vec::new();
    state.advance(at("2026-10-25T03:00:00Z"), &mut effects);
    assert_eq!((today(&state), effects.len()), (None, 1));
}
