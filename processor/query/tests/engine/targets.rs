//! Days and sums of targets against a recount date by date.

use std::collections::BTreeMap;
use std::sync::Arc;

use paceline_schemas::time::Day;

use crate::plan::{Month, Version, below, last_of_month};
use crate::seed::{Floor, Row, day, lines, row, texts};
use crate::windows::Numbers;

/// Bob moves from east to west on this day.
const MOVE: &str = "2026-03-11";
/// Each leaf with its parent.
const LEAVES: [(&str, &str); 5] = [
    ("ann", "east"),
    ("bob", "east"),
    ("~reserve.east", "east"),
    ("~reserve.west", "west"),
    ("~reserve.co", "co"),
];
/// Each metric with its unit and the start of its plan year.
const METRICS: [(&str, &str, &str); 3] = [
    ("wins", "count", "2026-01-01"),
    ("revenue_minor", "minor:USD", "2025-07-01"),
    ("close_per_contact", "ppm", "2026-01-01"),
];
const MONTHS: [&str; 3] = ["2026-02-01", "2026-03-01", "2026-04-01"];
const RECORDED: [&str; 3] = ["2026-01-05T00:00:00Z", "2026-02-05T00:00:00Z", "2026-03-05T00:00:00Z"];

fn weights(numbers: &mut Numbers, from: Day) -> Vec<i64> {
    let days = last_of_month(from.plus(1 - i32::from(from.date().day()))).0 - from.0 + 1;
    // Some months weigh nothing at all, and then hold nothing.
    let kinds = if numbers.below(12) == 0 { 1 } else { 4 };
    (0..days)
        .map(|_| [0, 10_000, 15_000, 7_777][usize::try_from(numbers.below(kinds)).expect("small")])
        .collect()
}

fn months(seed: u64) -> Vec<Month> {
    let mut numbers = Numbers(seed);
    let mut all = Vec::new();
    for (node, parent) in LEAVES {
        for (metric, unit, year_start) in METRICS {
            for start in MONTHS.map(day) {
                let mut month = Month {
                    node,
                    parent,
                    metric,
                    unit,
                    year_start: day(year_start),
                    start,
                    versions: vec![],
                };
                first(&mut numbers, &mut month);
                for recorded_at in &RECORDED[..usize::try_from(numbers.below(3)).expect("small")] {
                    let from = start.plus(i32::try_from(numbers.below(28)).expect("small"));
                    change(&mut numbers, &mut month, from, recorded_at);
                }
                all.push(month);
            }
        }
    }
    all
}

/// What is left of a month: any sign, and nothing where no day has a weight.
fn amount(numbers: &mut Numbers, unit: &str, weights: &[i64]) -> i64 {
    match unit {
        "ppm" => numbers.below(90_000),
        _ if weights.iter().all(|weight| *weight == 0) => 0,
        "count" => numbers.below(90) - 30,
        _ => (numbers.below(1 << 30) - (1 << 29)) * (1 << 30),
    }
}

fn first(numbers: &mut Numbers, month: &mut Month) {
    let is_rate = month.unit == "ppm";
    let weights = if is_rate { vec![] } else { weights(numbers, month.start) };
    month.versions.push(Version {
        number: 1,
        value: amount(numbers, month.unit, &weights),
        from: month.start,
        kept: 0,
        weights,
        denominator: is_rate.then(|| numbers.below(500)),
        recorded_at: "2026-01-01T00:00:00Z",
        proposal: None,
    });
}

fn change(numbers: &mut Numbers, month: &mut Month, from: Day, recorded_at: &'static str) {
    if month.unit == "ppm" {
        let value = numbers.below(90_000);
        month.change(from, value, vec![], recorded_at);
        month.versions.last_mut().expect("one").kept = 0;
        return;
    }
    let weights = weights(numbers, from);
    let left = amount(numbers, month.unit, &weights);
    month.change(from, 0, weights, recorded_at);
    let version = month.versions.last_mut().expect("one");
    version.value = version.kept + left;
}

fn floor(months: &[Month]) -> Arc<Floor> {
    let floor = Floor::new();
    floor.write("tgt_target", &months.iter().flat_map(Month::rows).collect::<Vec<Row>>());
    let rep = |rep: &'static str, site: &'static str| {
        row! { rep_id: rep, team_id: "east", site_id: site, role: "seller", fte_bp: 10_000,
        valid_from: day("2026-01-01") }
    };
    floor.write("dim_rep", &[rep("ann", "main"), rep("bob", "lima")]);
    floor.write("dim_org", &org());
    let calendar = |(site, first): (&'static str, i32)| {
        (0..150).map(move |n| {
            let on = day("2026-01-01").plus(n);
            row! { site_id: site, business_date: on, workday: true, weight_bp: 10_000, week_start: week(on, first) }
        })
    };
    floor.write(
        "dim_calendar",
        &SITES.into_iter().flat_map(calendar).collect::<Vec<Row>>(),
    );
    floor
}

/// Each site with the day of 1970 on which a week begins.
const SITES: [(&str, i32); 2] = [("lima", 3), ("main", 4)];

fn week(on: Day, first: i32) -> Day {
    on.plus(-(on.0 - first).rem_euclid(7))
}

fn org() -> Vec<Row> {
    let (co, east, west) = (("co", "company"), ("east", "team"), ("west", "team"));
    let from = "2026-01-01";
    vec![
        below(co, ("east", "team"), 1, from, None),
        below(co, ("west", "team"), 1, from, None),
        below(co, ("co", "company"), 0, from, None),
        below(co, ("~reserve.co", "reserve"), 1, from, None),
        below(co, ("~reserve.east", "reserve"), 2, from, None),
        below(co, ("~reserve.west", "reserve"), 2, from, None),
        below(co, ("ann", "rep"), 2, from, None),
        below(co, ("bob", "rep"), 2, from, Some("2026-03-10")),
        below(co, ("bob", "rep"), 2, MOVE, None),
        below(east, ("ann", "rep"), 1, from, None),
        below(east, ("bob", "rep"), 1, from, Some("2026-03-10")),
        below(east, ("~reserve.east", "reserve"), 1, from, None),
        below(west, ("bob", "rep"), 1, MOVE, None),
        below(west, ("~reserve.west", "reserve"), 1, from, None),
    ]
}

/// The node itself and those above it.
fn path(node: &'static str, on: Day) -> Vec<&'static str> {
    match node {
        "ann" | "~reserve.east" => vec![node, "east", "co"],
        "bob" if on < day(MOVE) => vec![node, "east", "co"],
        "bob" | "~reserve.west" => vec![node, "west", "co"],
        _ => vec![node, "co"],
    }
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| value.to_string())
}

#[test]
fn every_date_has_the_day_of_the_version_in_force() {
    for seed in 0..4 {
        let all = months(seed);
        let mut expected: Vec<Vec<String>> = Vec::new();
        for month in &all {
            expected.extend(month.days().into_iter().map(|day| {
                let numbers = [day.weight, Some(day.value), day.cumulative, day.denominator];
                let named = [month.target_id(), day.on.to_string(), day.version.to_string()];
                named.into_iter().chain(numbers.map(shown)).collect()
            }));
        }
        let sql = "SELECT target_id, business_date, version, phase_weight, value, expected_cumulative, \
                   denominator_planned FROM tgt_target_day";
        let mut found = texts(&floor(&all).engine(), sql).expect("rows");
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "seed {seed}");
    }
}

#[test]
fn the_days_of_a_month_sum_to_its_newest_version_whatever_was_kept() {
    let all = months(77);
    let mut expected: Vec<String> = all
        .iter()
        .filter(|month| month.unit != "ppm")
        .map(|month| {
            format!(
                "{} {} {}",
                month.target_id(),
                month.start,
                month.versions.last().expect("one").value
            )
        })
        .collect();
    let changed = |month: &&Month| month.versions.len() > 1 && month.versions.iter().any(|version| version.value < 0);
    assert!(all.iter().filter(changed).count() > 5);
    expected.sort();
    let sql = "SELECT target_id, month_start, SUM(value) FROM tgt_target_day WHERE unit <> 'ppm' GROUP BY 1, 2";
    let mut found = lines(&floor(&all).engine(), sql);
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_greatest_amounts_and_weights_are_divided_exactly() {
    for (value, kept) in [(1 << 60, -(1 << 60)), (-(1 << 60), 1 << 60), (-7, 0)] {
        let version = Version {
            number: 1,
            value,
            from: day("2026-03-01"),
            kept,
            weights: vec![1 << 40; 31],
            denominator: None,
            recorded_at: "2026-01-01T00:00:00Z",
            proposal: None,
        };
        let (metric, unit, year) = METRICS[0];
        let start = day("2026-03-01");
        let month = Month {
            node: "ann",
            parent: "east",
            metric,
            unit,
            year_start: day(year),
            start,
            versions: vec![version],
        };
        let expected: Vec<String> = month.days().iter().map(|day| day.value.to_string()).collect();
        let found = lines(
            &floor(&[month]).engine(),
            "SELECT value FROM tgt_target_day ORDER BY business_date",
        );
        assert_eq!(found, expected);
    }
}

/// Node, metric, currency, kind of period, first and last day.
type Key = [String; 6];

fn recount(all: &[Month]) -> BTreeMap<Key, (i128, i128)> {
    let mut sums: BTreeMap<Key, (i128, i128)> = BTreeMap::new();
    for month in all {
        for dated in month.days() {
            for (kind, start, end) in periods(month, dated.on) {
                for node in path(month.node, dated.on) {
                    let dates = [start, end].map(|day| day.to_string());
                    let [start, end] = dates;
                    let key = [
                        node.into(),
                        month.metric.into(),
                        shown(month.currency()),
                        kind.into(),
                        start,
                        end,
                    ];
                    let denominator = i128::from(dated.denominator.unwrap_or(1));
                    let sum = sums.entry(key).or_default();
                    sum.0 += i128::from(dated.value) * denominator;
                    sum.1 += denominator;
                }
            }
        }
    }
    sums
}

fn periods(month: &Month, on: Day) -> Vec<(&'static str, Day, Day)> {
    let mut starts = vec![month.year_start];
    while starts.len() < 13 {
        starts.push(last_of_month(*starts.last().expect("one")).plus(1));
    }
    let longer = [("month", 1), ("quarter", 3), ("half", 6), ("year", 12)].map(|(kind, length)| {
        let bounds: Vec<Day> = starts.iter().step_by(length).copied().collect();
        let pair = bounds
            .windows(2)
            .find(|pair| pair[0] <= on && on < pair[1])
            .expect("in the year");
        (kind, pair[0], pair[1].plus(-1))
    });
    if month.unit == "ppm" {
        return longer.to_vec();
    }
    // Bob is of the site in which reserves beside him are counted: the first one by name.
    let first = if month.node == "ann" { 4 } else { 3 };
    let monday = week(on, first);
    let (start, end) = (monday.max(month.start), monday.plus(6).min(last_of_month(month.start)));
    longer
        .into_iter()
        .chain([("day", on, on), ("week", start, end)])
        .collect()
}

fn half_even(sum: i128, parts: i128) -> Option<i128> {
    let floor = sum.checked_div(parts)?;
    let candidates = [floor, floor + 1];
    let distance = |n: &i128| (n * parts - sum).abs();
    candidates.into_iter().min_by_key(|n| (distance(n), n % 2))
}

#[test]
fn a_node_sums_the_days_of_the_leaves_that_were_below_it() {
    for seed in [5, 6] {
        let all = months(seed);
        let mut expected: Vec<Vec<String>> = Vec::new();
        for (key, (sum, parts)) in recount(&all) {
            let is_rate = key[1] == "close_per_contact";
            let value = if is_rate { half_even(sum, parts) } else { Some(sum) };
            let denominator = is_rate.then_some(parts);
            expected.push(key.into_iter().chain([shown(value), shown(denominator)]).collect());
        }
        expected.sort();
        let sql = "SELECT node_id, metric, currency, period_kind, period_start, period_end, value, denominator_planned \
                   FROM tgt_target_sum";
        let mut found = texts(&floor(&all).engine(), sql).expect("rows");
        found.sort();
        assert_eq!(found.len(), expected.len(), "seed {seed}");
        assert_eq!(found, expected, "seed {seed}");
    }
}

#[test]
fn a_filter_on_node_and_metric_gives_what_it_would_give_afterwards() {
    let all = months(9);
    let engine = floor(&all).engine();
    let all_rows = texts(&engine, "SELECT * FROM tgt_target_sum").expect("rows");
    let mut expected: Vec<_> = all_rows
        .into_iter()
        .filter(|row| row[0] == "west" && row[2] == "wins")
        .collect();
    let sql = "SELECT * FROM tgt_target_sum WHERE node_id = 'west' AND metric = 'wins'";
    let mut found = texts(&engine, sql).expect("rows");
    expected.sort();
    found.sort();
    assert!(found.len() > 40);
    assert_eq!(found, expected);
}
