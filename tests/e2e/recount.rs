//! Day and window tables against the oracle.

use std::collections::BTreeMap;

use paceline_tests::generator::{Floor, Plan, write_calls};
use paceline_tests::oracle::{Oracle, SiteRules, day_statement, window_statement};
use paceline_tests::sandbox::{Dump, Sandbox, mapping};

/// Asserts that days and windows are what the oracle counts, and that restated and booked numbers agree.
#[track_caller]
pub(crate) fn assert_counts(sandbox: &Sandbox, oracle: &Oracle, what: &str) {
    sandbox
        .sql(&day_statement())
        .assert_rows(&format!("{what}: days"), oracle.day_rows());
    let last = sandbox.last_business_date();
    let windows = sandbox.sql(&window_statement(last));
    windows.assert_rows(&format!("{what}: windows"), oracle.window_rows(last));
    let sums = sandbox.sql(
        "SELECT SUM(wins) - SUM(wins_booked) + SUM(cancels), SUM(revenue_minor) - SUM(revenue_booked_minor) \
         + SUM(cancelled_minor) + SUM(refunded_minor) FROM agg_rep_day",
    );
    assert!(
        sums.rows[0][0].parse::<i64>().expect("a number") <= 0,
        "{what}: more wins than booked"
    );
    assert_eq!(sums.rows[0][1], "0", "{what}: restated and booked revenue differ");
}

/// The recount of a floor at the built-in site.
pub(crate) fn recount(floor: &Floor) -> Oracle {
    let mut oracle = Oracle::new(vec![SiteRules::utc("main", "USD")], BTreeMap::new());
    floor.calls.iter().for_each(|call| oracle.add_call(call));
    floor.deals.iter().for_each(|deal| oracle.add_deal(deal, "USD"));
    oracle
}

#[test]
fn days_and_windows_of_a_floor_equal_the_recount() {
    let floor = Floor::new(&Plan {
        seed: 11,
        days: 45,
        ..Plan::sample()
    });
    let sandbox = Sandbox::new();
    sandbox.import_floor(&floor);
    assert_counts(&sandbox, &recount(&floor), "seed 11");
    let hours_less_days = "SELECT SUM(dials) + SUM(talk_s) + SUM(revenue_minor) FROM";
    let hours = sandbox.sql(&format!("{hours_less_days} agg_rep_hour"));
    let days = sandbox.sql(&format!("{hours_less_days} agg_rep_day"));
    assert_eq!(hours.rows, days.rows);
    sandbox.fsck();
}

#[test]
fn a_second_import_of_the_same_rows_publishes_nothing() {
    let floor = Floor::new(&Plan {
        seed: 12,
        days: 15,
        ..Plan::sample()
    });
    let sandbox = Sandbox::new();
    sandbox.import_floor(&floor);
    let before = Dump::of(&sandbox);
    let mut calls = Vec::new();
    write_calls(&mut calls, &floor.calls, true).expect("a vector takes everything");
    let same = sandbox.import(&[&sandbox.file("again.csv", &calls)], &mapping("sample_calls.toml"));
    assert!(same.duplicate_file && same.published == 0, "{}", same.whole);
    let mut backwards = Vec::new();
    let reversed: Vec<_> = floor.calls.iter().rev().cloned().collect();
    write_calls(&mut backwards, &reversed, true).expect("a vector takes everything");
    let other = sandbox.import(
        &[&sandbox.file("backwards.csv", &backwards)],
        &mapping("sample_calls.toml"),
    );
    let count = i64::try_from(floor.calls.len()).expect("a small floor");
    assert_eq!(
        (other.duplicate_file, other.published, other.unchanged),
        (false, 0, count),
        "{}",
        other.whole
    );
    Dump::of(&sandbox).assert_same(&before, "after a second import");
}

#[test]
fn calls_alone_and_deals_alone_fill_their_measures() {
    let floor = Floor::new(&Plan {
        seed: 13,
        days: 12,
        ..Plan::sample()
    });
    let only_calls = Floor {
        deals: Vec::new(),
        ..floor.clone()
    };
    let only_deals = Floor {
        calls: Vec::new(),
        ..floor
    };
    for (what, floor) in [("calls only", only_calls), ("deals only", only_deals)] {
        let sandbox = Sandbox::new();
        sandbox.import_floor(&floor);
        assert_counts(&sandbox, &recount(&floor), what);
    }
}

#[test]
fn an_older_file_after_a_newer_one_ends_in_the_same_tables() {
    let floor = Floor::new(&Plan {
        seed: 14,
        days: 20,
        ..Plan::sample()
    });
    let middle = floor.calls[floor.calls.len() / 2].started;
    let (older, newer): (Vec<_>, Vec<_>) = floor.calls.iter().cloned().partition(|call| call.started < middle);
    let tables = |files: [&[paceline_tests::generator::Call]; 2]| {
        let sandbox = Sandbox::new();
        sandbox.import_floor(&Floor {
            calls: Vec::new(),
            ..floor.clone()
        });
        for (at, calls) in files.into_iter().enumerate() {
            let mut text = Vec::new();
            write_calls(&mut text, calls, true).expect("a vector takes everything");
            sandbox.import(
                &[&sandbox.file(&format!("calls-{at}.csv"), text)],
                &mapping("sample_calls.toml"),
            );
        }
        assert_counts(&sandbox, &recount(&floor), "two files");
        Dump::of(&sandbox)
    };
    tables([&newer, &older]).assert_same(&tables([&older, &newer]), "newer first");
}
