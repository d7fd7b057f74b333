//! At every prefix of a log the rows are those of a naive recount, and every row that changes is announced.

use paceline_schemas::reject::Reason;
use paceline_schemas::time::{Instant, MINUTE_US};
use paceline_windows::{Effect, Options, ShardState};
use proptest::prelude::*;

use crate::generate::{DAY_US, Record, noisy_log, sites};
use crate::model::{Model, Rows, Verdict};

pub(crate) fn fresh() -> ShardState {
    ShardState::new(Options::default(), sites()).expect("options")
}

pub(crate) fn apply(state: &mut ShardState, record: &Record) -> Vec<Effect> {
    let mut effects = Vec::new();
    match &record.event {
        Some(event) => state.apply(event, record.arrived, &mut effects),
        None => state.refuse(record.arrived.offset),
    }
    effects
}

pub(crate) fn rows(state: &ShardState) -> Rows {
    let names = state.window_names();
    let row = |row: paceline_windows::Row<'_>| {
        let name = names[usize::from(row.window.0)].to_string();
        (
            (row.of.rep_id.to_string(), row.of.currency.to_string(), name),
            row.vector,
        )
    };
    state.rows().map(row).collect()
}

/// The verdict that effects express, as far as they do.
fn verdict(effects: &[Effect], expected: Verdict) -> Verdict {
    match effects.first() {
        Some(Effect::Fact { .. }) => {
            let late_by_us = effects.iter().find_map(|effect| match effect {
                Effect::Late { by_us } => Some(*by_us),
                _ => None,
            });
            assert_eq!(
                effects[0],
                Effect::Fact {
                    late: late_by_us.is_some()
                }
            );
            Verdict::Counted { late_by_us }
        }
        Some(Effect::Duplicate) => Verdict::Duplicate,
        Some(Effect::Rejected(reject)) if reject.reason == Reason::ClockSkew => Verdict::Skewed,
        Some(Effect::Rejected(reject)) if reject.reason == Reason::IdConflict => Verdict::Conflict,
        // These have no effect of their own but that time moves.
        _ => match expected {
            Verdict::Tick | Verdict::Redelivered | Verdict::Undecodable => expected,
            other => panic!("{effects:?} where the model says {other:?}"),
        },
    }
}

/// Rows that differ are among those announced.
fn announced(state: &ShardState, before: &Rows, after: &Rows, effects: &[Effect]) -> Result<(), TestCaseError> {
    let names = state.window_names();
    let told: std::collections::BTreeSet<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::RowsChanged { of, windows } => Some((of, *windows)),
            _ => None,
        })
        .flat_map(|(of, windows)| windows.iter().map(move |window| (of, window)))
        .map(|(of, window)| {
            (
                of.rep_id.to_string(),
                of.currency.to_string(),
                names[usize::from(window.0)].to_string(),
            )
        })
        .collect();
    for key in before.keys().chain(after.keys()) {
        prop_assert!(
            before.get(key) == after.get(key) || told.contains(key),
            "{key:?} changed unannounced"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn incremental_equals_a_naive_recount_at_every_prefix(log in noisy_log(1..25), clock in proptest::collection::vec(0..20 * DAY_US, 0..4)) {
        let (mut state, mut model) = (fresh(), Model::default());
        let mut before = Rows::new();
        for record in &log {
            let mark = state.watermark();
            let effects = apply(&mut state, record);
            let expected = model.take(record);
            prop_assert_eq!(verdict(&effects, expected), expected);
            prop_assert!(state.watermark() >= mark);
            prop_assert_eq!(state.watermark(), model.watermark);
            let after = rows(&state);
            prop_assert_eq!(&after, &model.rows());
            announced(&state, &before, &after, &effects)?;
            before = after;
        }
        let books = state.books();
        let count = |wanted: fn(&Verdict) -> bool| model.verdicts.iter().filter(|v| wanted(v)).count() as u64;
        prop_assert_eq!(books.applied, count(|v| matches!(v, Verdict::Counted { .. })));
        prop_assert_eq!(books.late, count(|v| matches!(v, Verdict::Counted { late_by_us: Some(_) })));
        prop_assert_eq!(books.duplicate, count(|v| *v == Verdict::Duplicate));
        prop_assert_eq!(books.dead, count(|v| matches!(v, Verdict::Skewed | Verdict::Conflict | Verdict::Undecodable)));
        prop_assert_eq!(books.ticks, count(|v| *v == Verdict::Tick));
        prop_assert_eq!(books.consumed, books.applied + books.duplicate + books.dead + books.ticks);
        prop_assert_eq!(state.redelivered(), count(|v| *v == Verdict::Redelivered));

        // Time alone: first by leaps, then from deadline to deadline until every row is gone.
        let encoded = state.encode();
        let mut now = state.watermark().unwrap_or_default();
        for leap_us in clock {
            now = Instant(now.0 + leap_us);
            let mut effects = Vec::new();
            state.advance(now, &mut effects);
            model.given = Some(now);
            let after = rows(&state);
            prop_assert_eq!(&after, &model.rows());
            announced(&state, &before, &after, &effects)?;
            before = after;
        }
        prop_assert_eq!(state.encode(), encoded);
    }

    #[test]
    fn between_deadlines_no_row_changes_and_at_last_all_are_gone(log in noisy_log(1..4)) {
        let (mut state, mut model) = (fresh(), Model::default());
        for record in &log {
            apply(&mut state, record);
            model.take(record);
        }
        let end = Instant(state.watermark().unwrap_or_default().0 + 500 * DAY_US);
        let mut before = rows(&state);
        while let Some(deadline) = state.next_deadline().filter(|deadline| *deadline < end) {
            prop_assert!(Some(deadline) > state.as_of());
            let mut early = state.clone();
            let mut effects = Vec::new();
            early.advance(Instant(deadline.0 - 1), &mut effects);
            prop_assert_eq!(&effects, &[]);
            model.given = Some(Instant(deadline.0 - 1));
            prop_assert_eq!(&before, &model.rows());
            state.advance(deadline, &mut effects);
            model.given = Some(deadline);
            let after = rows(&state);
            prop_assert_eq!(&after, &model.rows());
            announced(&state, &before, &after, &effects)?;
            before = after;
        }
        prop_assert!(before.is_empty());
        let mut effects = Vec::new();
        state.advance(end, &mut effects);
        prop_assert_eq!(effects, []);
        prop_assert_eq!(state.rows().count(), 0);
    }
}

#[test]
fn the_newest_minute_is_in_the_trailing_window_once_its_hop_has_passed() {
    use crate::generate::{CallVersion, Happening, at, events, log_of};
    let time = at("2026-06-01T10:00:30Z");
    let call = CallVersion {
        step: 4,
        talk_ms: 9_000,
        shifted_us: 0,
        retracted: false,
    };
    let log = log_of(events(0, 1, false, time, &Happening::Call(vec![call])), 0);
    let mut state = fresh();
    apply(&mut state, &log[0]);
    let shown = |state: &ShardState| {
        let names = rows(state).into_keys().map(|(_, _, name)| name);
        names.filter(|name| name.ends_with('h')).collect::<Vec<_>>()
    };
    let minute = at("2026-06-01T10:00:00Z").0;
    for (minutes, expected) in [
        (0, vec![]),
        (1, vec!["1h"]),
        (5, vec!["1h", "24h"]),
        (60, vec!["1h", "24h"]),
        (61, vec!["24h"]),
        (24 * 60 + 4, vec!["24h"]),
        (24 * 60 + 5, vec![]),
    ] {
        state.advance(Instant(minute + minutes * MINUTE_US), &mut Vec::new());
        assert_eq!(shown(&state), expected, "{minutes}");
    }
}
