//! The questions that SQL answers about targets and reps: the files under `tests/sql/questions` over one seeded floor,
//! and the check of the sums on a corrupted copy of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::plan::{Month, Version, below, last_of_month};
use crate::seed::{Floor, Row, Value, at, day, lines, row};
use crate::slt;

const APRIL: &str = "2026-04-01";
const MAY: &str = "2026-05-01";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql/questions")
}

/// A full day on weekdays, half as much more on the last three of April; no work on the 6th of April.
fn weights(start: &str) -> Vec<i64> {
    let start = day(start);
    let weight = |n: i32| {
        let on = start.plus(n);
        let is_workday = (on.0 - 4).rem_euclid(7) < 5 && on != day("2026-04-06");
        let is_heavy = (day("2026-04-28")..=day("2026-04-30")).contains(&on);
        i64::from(is_workday) * if is_heavy { 15_000 } else { 10_000 }
    };
    (0..=last_of_month(start).0 - start.0).map(weight).collect()
}

fn month(node: &'static str, parent: &'static str, start: &'static str, value: i64) -> Month {
    let version = Version {
        number: 1,
        value,
        from: day(start),
        kept: 0,
        weights: weights(start),
        denominator: None,
        recorded_at: "2026-01-04T00:00:00Z",
        proposal: Some("plan"),
    };
    let (year_start, start) = (day("2026-01-01"), day(start));
    Month {
        node,
        parent,
        metric: "wins",
        unit: "count",
        year_start,
        start,
        versions: vec![version],
    }
}

fn rate(start: &'static str, value: i64, denominator: i64) -> Month {
    let mut month = month("ann", "east", start, value);
    (month.metric, month.unit) = ("close_per_contact", "ppm");
    month.versions[0].weights.clear();
    month.versions[0].denominator = Some(denominator);
    month
}

/// Two months of a plan of 182 wins. A recalibration takes one of April from ann, and the reserve takes it over.
fn plan() -> Vec<Month> {
    let mut all = vec![rate(APRIL, 50_000, 800), rate(MAY, 60_000, 700)];
    let leaves = [
        ("ann", "east", [40, 42]),
        ("bob", "east", [20, 20]),
        ("cid", "west", [30, 30]),
        ("~reserve.co", "co", [2, -2]),
        ("~reserve.east", "east", [0, 0]),
        ("~reserve.west", "west", [0, 0]),
    ];
    for (node, parent, values) in leaves {
        for (start, value) in [APRIL, MAY].into_iter().zip(values) {
            all.push(month(node, parent, start, value));
        }
    }
    for (node, value) in [("ann", 39), ("~reserve.east", 1)] {
        let changed = all
            .iter_mut()
            .find(|month| month.node == node && month.unit == "count")
            .expect("a month");
        changed.change(
            day("2026-04-23"),
            value,
            weights(APRIL)[22..].to_vec(),
            "2026-04-15T20:00:00Z",
        );
    }
    all
}

fn held(node: &'static str, kind: &'static str, period: [&'static str; 3], lock: &'static str, value: i64) -> Row {
    let [period_kind, start, end] = period;
    row! { target_id: format!("{node}:wins:{start}:{period_kind}"), version: 1, node_id: node, node_kind: kind,
    metric: "wins", unit: "count", period_kind: period_kind, period_start: day(start), period_end: day(end),
    valid_from: day(start), value: value, bound: value, lock: lock, proposal_id: "plan", decided_by: "person",
    decided_at: at("2026-01-04T00:00:00Z"), recorded_at: at("2026-01-04T00:00:00Z") }
}

fn decisions(floor: &Floor) {
    floor.write(
        "tgt_proposal",
        &[
            row! { proposal_id: "plan", state: "approved", method: "plan", size: 14, received: 14, decided_by: "person",
            decider_id: "dora", ended_by: "boss", ended_at: at("2026-01-05T09:00:00Z"),
            effective_at: at("2026-01-01T00:00:00Z"), recorded_at: at("2026-01-04T00:00:00Z") },
        ],
    );
    let decision = |id: &'static str, on: &str, outcome: &'static str, reason: &'static str| {
        row! { decision_id: id, target_id: "ann:wins:2026", as_of: day(on), policy_version: "tp-7", outcome: outcome,
        reason_code: reason, evidence_n: 52.4, theta_ppm: 668_000, ci_lo_ppm: 509_000, ci_hi_ppm: 844_000,
        requested_by: "policy", recorded_at: at("2026-04-15T20:00:00Z") }
    };
    let mut applied = decision("d2", "2026-04-15", "applied", "evidence_below");
    applied.extend(row! { approved_by: "policy", approved_at: at("2026-04-15T20:00:00Z"),
    effective_at: at("2026-04-23T00:00:00Z") });
    let kept = decision("d1", "2026-03-25", "watching", "awaiting_confirmation");
    floor.write("tgt_adjustment", &[kept, applied]);
}

fn people(floor: &Floor) {
    let rep = |rep: &'static str, team: &'static str| {
        row! { rep_id: rep, team_id: team, site_id: "main", role: "seller", fte_bp: 10_000,
        valid_from: day("2026-01-01") }
    };
    let mut bob = rep("bob", "east");
    bob.insert("valid_to", day("2026-05-15").into());
    let mut moved = rep("bob", "west");
    moved.insert("valid_from", day("2026-05-16").into());
    floor.write("dim_rep", &[rep("ann", "east"), bob, moved, rep("cid", "west")]);
    let (co, east, west) = (("co", "company"), ("east", "team"), ("west", "team"));
    let from = "2026-01-01";
    let mut rows: Vec<Row> = ["ann", "bob", "cid"]
        .map(|rep| below(co, (rep, "rep"), 2, from, None))
        .into();
    rows.extend([
        below(co, ("~reserve.co", "reserve"), 1, from, None),
        below(co, ("~reserve.east", "reserve"), 2, from, None),
        below(co, ("~reserve.west", "reserve"), 2, from, None),
        below(east, ("~reserve.east", "reserve"), 1, from, None),
        below(west, ("~reserve.west", "reserve"), 1, from, None),
        below(east, ("ann", "rep"), 1, from, None),
        below(east, ("bob", "rep"), 1, from, Some("2026-05-15")),
        below(west, ("bob", "rep"), 1, "2026-05-16", None),
        below(west, ("cid", "rep"), 1, from, None),
    ]);
    floor.write("dim_org", &rows);
}

fn source(mut row: Row, source: &'static str) -> Row {
    if !source.is_empty() {
        row.insert("lead_source", source.into());
    }
    row
}

fn sums(floor: &Floor) {
    let sums = |on: &str, rep: &'static str, from: &'static str, currency: &'static str, counts: [i64; 5]| {
        let [dials, contacts, pitches, wins, revenue] = counts;
        let row = row! { business_date: day(on), rep_id: rep, site_id: "main", currency: currency, dials: dials,
        contacts: contacts, pitches: pitches, wins: wins, revenue_minor: revenue };
        source(row, from)
    };
    floor.write(
        "agg_rep_day",
        &[
            sums("2026-04-01", "ann", "web", "USD", [100, 40, 20, 4, 40_000]),
            sums("2026-04-02", "ann", "list", "USD", [30, 10, 3, 0, 0]),
            sums("2026-04-01", "bob", "list", "USD", [80, 30, 10, 1, 5_000]),
            sums("2026-04-03", "bob", "web", "EUR", [0, 0, 0, 1, 7_000]),
            sums("2026-04-03", "bob", "web", "USD", [20, 15, 9, 0, 0]),
            sums("2026-04-02", "cid", "", "USD", [120, 20, 12, 3, 60_000]),
            sums("2026-04-02", "cid", "web", "USD", [40, 16, 8, 2, 20_000]),
            sums("2026-05-01", "cid", "web", "USD", [999, 500, 400, 300, 1]),
        ],
    );
    let hour = |rep: &'static str, from: &'static str, local_hour: i64, counts: [i64; 5]| {
        let [dials, contacts, rpc, wins, talk] = counts;
        let row = row! { business_date: day(APRIL), rep_id: rep, site_id: "main", currency: "USD",
        hour_start: at(&format!("2026-04-01T{local_hour:02}:00:00Z")), local_hour: local_hour, dials: dials,
        contacts: contacts, rpc: rpc, wins: wins, talk_s: talk, ring_s: 600, acw_s: 300, hold_s: 100 };
        source(row, from)
    };
    floor.write(
        "agg_rep_hour",
        &[
            hour("ann", "web", 9, [50, 20, 16, 2, 2_600]),
            hour("bob", "web", 9, [30, 20, 4, 1, 1_600]),
            hour("ann", "web", 10, [50, 20, 10, 2, 6_200]),
            hour("bob", "list", 9, [40, 0, 0, 0, 0]),
            hour("cid", "", 11, [25, 5, 4, 1, 800]),
        ],
    );
}

fn estimates(floor: &Floor) {
    let estimate = |rep: &'static str, num: f64, den: f64, [mean, lo, hi]: [f64; 3], above: f64| {
        row! { rep_id: rep, metric: "close_per_contact", as_of: day("2026-04-30"), peer_group: "seller:east", num: num,
        den: den, n_eff: den, post_mean: mean, lo90: lo, hi90: hi, weight_own: 0.5, peers: 3, group_mean: 0.06,
        p_above_group: above, prior_strength: 90.0, as_of_month: "2026-04" }
    };
    floor.write(
        "agg_rep_estimate",
        &[
            estimate("ann", 12.0, 100.0, [0.071, 0.061, 0.086], 0.97),
            estimate("bob", 5.0, 100.0, [0.058, 0.041, 0.08], 0.42),
            estimate("cid", 2.0, 150.0, [0.04, 0.026, 0.055], 0.02),
        ],
    );
}

fn floor(targets: &[Row]) -> Arc<Floor> {
    let floor = Floor::new();
    floor.write("tgt_target", targets);
    decisions(&floor);
    people(&floor);
    sums(&floor);
    estimates(&floor);
    let metric = |id: &'static str, additive: &'static str| row! { metric_id: id, additive: additive };
    let metrics = [metric("wins", "both"), metric("close_per_contact", "none")];
    floor.write("dim_metric", &metrics);
    let published = row! { table: "tgt_target", shard: "0", version: 1, seq: 1, next_offset: 1,
    watermark: at("2026-04-20T00:00:00Z"), published_at: at("2026-04-20T00:00:05Z") };
    floor.write("ops_publish_log", &[published]);
    floor
}

fn sound() -> Vec<Row> {
    let mut rows: Vec<Row> = plan().iter().flat_map(Month::rows).collect();
    rows.push(held(
        "co",
        "company",
        ["year", "2026-01-01", "2026-12-31"],
        "entered",
        182,
    ));
    rows.push(held("cid", "rep", ["quarter", "2026-04-01", "2026-06-30"], "value", 60));
    rows
}

#[test]
fn questions_give_what_they_say() {
    let engine = floor(&sound()).engine();
    let faults = slt::run_folder(&engine, &folder());
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn a_broken_sum_is_told_with_its_node() {
    let mut rows = sound();
    let mut change = |node: &str, start: &str, number: i64, column: &'static str, value: i64| {
        let broken = rows.iter_mut().find(|row| {
            row["node_id"] == Value::from(node)
                && row["period_start"] == Value::from(day(start))
                && row["version"] == Value::from(number)
                && row["metric"] == Value::from("wins")
        });
        broken.expect("a row").insert(column, value.into());
    };
    change("cid", MAY, 1, "value", 31);
    change("ann", APRIL, 2, "kept", 26);
    let sql = slt::first_query(&folder().join("q07_sums.slt"));
    let mut found = lines(&floor(&rows).engine(), &sql);
    found.sort();
    assert_eq!(
        found,
        [
            "days ann wins month 2026-04-01 39 40",
            "people cid wins quarter 2026-04-01 60 61",
            "people co wins year 2026-01-01 182 184",
        ]
    );
}
