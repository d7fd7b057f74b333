use std::sync::LazyLock;

use paceline_schemas::envelope::Envelope;
use paceline_schemas::event::{Call, Data, Event, EventType};
use paceline_schemas::field::Milliseconds;
use paceline_schemas::ids::{Currency, EventId, RepId, Source};
use paceline_schemas::symbol::{Direction, Step};
use paceline_schemas::time::{HOUR_US, MINUTE_US};
use proptest::prelude::*;

use super::*;
use crate::state::Arrived;

fn site() -> Site {
    Site::utc(
        SiteId::new("main").expect("id"),
        Currency::new("EUR").expect("currency"),
    )
}

fn sites() -> BTreeMap<SiteId, Site> {
    BTreeMap::from([(site().site_id, site())])
}

fn call(n: i64) -> (Event, Arrived) {
    let time = Instant::parse("2026-11-20T08:00:00Z")
        .map(|t| Instant(t.0 + n * 37 * MINUTE_US))
        .expect("time");
    let data = Call {
        rep_id: RepId::new(["ann", "bo", "李雷"][n as usize % 3]).expect("id"),
        site_id: site().site_id,
        currency: site().currency,
        business_date: Some(site().business_date(time)),
        hour: Some(site().hour(time)),
        direction: Some(Direction::Outbound),
        step: Some(Step::Contact),
        talk_ms: Some(Milliseconds(n * 1_000)),
        ..Call::default()
    };
    let source = Source::new("//t/v/c").expect("source");
    let id = EventId::new(&n.to_string()).expect("id");
    let envelope = Envelope::new(EventType::CallCompleted, source, id, time);
    let arrived = Arrived {
        offset: n as u64,
        append_time: Instant(time.0 + MINUTE_US),
        content: n as u64,
    };
    (
        Event {
            envelope,
            data: Data::Call(Box::new(data)),
        },
        arrived,
    )
}

static ENCODED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = ShardState::new(Options::default(), sites()).expect("options");
    for n in 0..40 {
        let (event, arrived) = call(n);
        state.apply(&event, arrived, &mut Vec::new());
    }
    state.refuse(40);
    state.encode()
});

fn decode(bytes: &[u8]) -> Result<ShardState, DecodeError> {
    ShardState::decode(bytes, Options::default(), sites())
}

/// The bytes with a hash that fits them, so that reading goes beyond it.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let body = bytes.len().saturating_sub(CHECK);
    bytes.truncate(body);
    let check = hash::of_bytes(&bytes);
    bytes.extend(check.to_le_bytes());
    bytes
}

#[test]
fn a_decoded_state_encodes_to_the_same_bytes_and_shows_the_same_rows() {
    let state = decode(&ENCODED).expect("state");
    assert_eq!(state.encode(), *ENCODED);
    assert!(state.rows().count() > 20);
    assert_eq!(state.next_offset(), 41);
}

#[test]
fn a_window_that_is_new_is_filled_from_the_panes() {
    let mut options = Options::default();
    options.trailing[0].length_us = 3 * HOUR_US;
    options.days.insert(
        0,
        crate::Days {
            name: "2d".into(),
            days: 2,
        },
    );
    let resumed = ShardState::decode(&ENCODED, options.clone(), sites()).expect("state");
    let mut folded = ShardState::new(options, sites()).expect("options");
    for n in 0..40 {
        let (event, arrived) = call(n);
        folded.apply(&event, arrived, &mut Vec::new());
    }
    assert_eq!(resumed.rows().collect::<Vec<_>>(), folded.rows().collect::<Vec<_>>());
}

#[test]
fn another_version_is_told_from_damage() {
    let mut bytes = ENCODED.clone();
    bytes[8] = 2;
    assert_eq!(
        decode(&bytes).expect_err("version"),
        DecodeError::Version { found: 2, known: 1 }
    );
    let wrong = Options {
        dedup_ids_max: 0,
        ..Options::default()
    };
    assert!(matches!(
        ShardState::decode(&ENCODED, wrong, sites()),
        Err(DecodeError::Options(_))
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_flipped_bit_and_every_cut_is_found(at in any::<prop::sample::Index>(), bit in 0..8_u32, cut in any::<bool>()) {
        let mut bytes = ENCODED.clone();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn bytes_that_are_damaged_before_they_are_sealed_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop_oneof![4 => Just(0), 1 => 0..200_usize],
        n in 40..50_i64,
    ) {
        let mut bytes = ENCODED.clone();
        bytes.truncate(bytes.len() - cut);
        for (at, byte) in changes {
            let at = at.index(bytes.len() - 9) + 9;
            bytes[at] = byte;
        }
        let bytes = sealed(bytes);
        if let Ok(mut state) = decode(&bytes) {
            let again = state.encode();
            prop_assert_eq!(decode(&again).map(|s| s.encode()), Ok(again));
            let (event, arrived) = call(n);
            state.apply(&event, arrived, &mut Vec::new());
            state.advance(Instant(i64::MAX), &mut Vec::new());
            // A watermark that damage moved far ahead leaves nothing that could be due.
            prop_assert!(state.next_deadline().is_none_or(|due| Some(due) > state.as_of()));
        }
    }

    #[test]
    fn any_bytes_behind_the_head_never_panic(tail in proptest::collection::vec(any::<u8>(), 0..120)) {
        let mut bytes = MAGIC.to_vec();
        bytes.push(1);
        bytes.extend(tail);
        bytes.extend([0; CHECK]);
        if let Ok(state) = decode(&sealed(bytes)) {
            prop_assert!(decode(&state.encode()).is_ok());
        }
    }
}
