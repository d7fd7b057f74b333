//! Events about targets become rows: a plan of two reps and a reserve, its approval, and a recalibration.

use arrow::util::display::{ArrayFormatter, FormatOptions};
use paceline_schemas::codec::{Limits, decode};
use paceline_schemas::event::Event;
use paceline_targets::Entry;

use super::*;

const YEAR: &str = r#""period_kind":"year","period_start":"2026-01-01","period_end":"2026-12-31""#;
const BY: &str = r#""policy_version":"tp-1","reason_code":"plan","decided_by":"person","decider_id":"anna""#;

fn event(event_type: &str, id: &str, data: &str) -> Event {
    let text = format!(
        r#"{{"specversion":"1.0","type":"paceline.target.{event_type}","source":"//t/targets","id":"{id}",
        "time":"2026-01-01T00:00:00Z","publishedset":"412","publishedoffsets":"0:9","data":{{{data}}}}}"#
    );
    decode(text.as_bytes(), Limits::default()).expect("event")
}

fn proposed(node: &str, kind: &str, value: i64) -> Event {
    let data = format!(
        r#""target_id":"{node}:wins:2026","version":1,"parent_target_id":"t:wins:2026","node_id":"{node}",
        "node_kind":"{kind}","metric":"wins","unit":"count",{YEAR},"value":{value},
        "cells":[{{"month":"2026-04-01","value":{value},"from":"2026-04-01","kept":0,"weights":[10000,0,15000]}}],
        {BY},"method":"plan","proposal_id":"p-1","proposal_size":2"#
    );
    event("proposed", &format!("p-{node}"), &data)
}

fn locked(node: &str, period: &str, lock: &str, bound: i64, proposal: &str) -> Event {
    let data = format!(
        r#""node_id":"{node}","node_kind":"team","metric":"wins","unit":"count",{period},{BY},"lock":"{lock}",
        "bound":{bound}{proposal}"#
    );
    event("locked", &format!("l-{node}-{lock}"), &data)
}

fn decided(event_type: &str, id: &str, as_of: &str, rest: &str) -> Event {
    let data = format!(
        r#""target_id":"r:wins:2026","parent_target_id":"t:wins:2026","node_id":"r","node_kind":"rep","metric":"wins",
        "unit":"count",{YEAR},"policy_version":"tp-1","reason_code":"evidence_below","decided_by":"policy",
        "evidence":{{"as_of":"{as_of}","from":"2026-02-19","n_eff":52400000,"numerator":31,"denominator":52,
        "theta":667702,"low":509000,"high":844000,"weight_own":813665,"peers":24,"prior_strength":12000000,
        "confirmations":2,"inputs_sha256":"9f86"}},
        "old_value":13,"proposed_value":12,"uncapped_value":9,"authority":"site",
        "checks":[{{"check":"evidence","passed":true,"measured":52400000,"bound":20000000}}],{rest}"#
    );
    event(event_type, id, &data)
}

fn ledger() -> Ledger {
    let year_cell = |proposal: &str| locked("t", YEAR, "entered", 43, proposal);
    let month = r#""period_kind":"month","period_start":"2026-01-01","period_end":"2026-01-31""#;
    let change = r#""version":2,"supersedes_version":1,"value":39,"against":"~reserve.t:wins:2026","method":"recalibrate",
        "cells":[{"month":"2026-04-01","value":39,"from":"2026-04-03","kept":27,"weights":[15000]}],
        "effective_at":"2026-04-03T00:00:00Z","outcome":"applied""#;
    let events = [
        year_cell(r#","proposal_id":"p-1""#),
        locked("t", month, "floor", 5, ""),
        proposed("r", "rep", 40),
        proposed("~reserve.t", "reserve", 3),
        event(
            "approved",
            "a-1",
            r#""policy_version":"tp-1","reason_code":"approved","decided_by":"person","decider_id":"boss",
            "proposal_id":"p-1","effective_at":"2026-01-02T00:00:00Z""#,
        ),
        decided("reviewed", "d-1", "2026-03-25", r#""version":1,"outcome":"watching""#),
        decided("adjusted", "d-2", "2026-04-01", change),
    ];
    let entries: Vec<Entry> = (1..)
        .zip(events)
        .map(|(at, event)| Entry {
            event,
            recorded_at: Instant(at * 1_000_000),
        })
        .collect();
    Ledger::of(&entries)
}

fn lines(name: &str, columns: &[&str]) -> Vec<String> {
    let tables = targets(&ledger());
    let (_, batch) = tables.iter().find(|(table, _)| *table == name).expect("a table");
    let options = FormatOptions::default().with_null("-");
    let shown: Vec<_> = columns
        .iter()
        .map(|column| ArrayFormatter::try_new(batch.column_by_name(column).expect("a column"), &options).expect("text"))
        .collect();
    let line = |row: usize| {
        shown
            .iter()
            .map(|column| column.value(row).to_string())
            .collect::<Vec<_>>()
            .join("|")
    };
    (0..batch.num_rows()).map(line).collect()
}

#[test]
fn versions_of_months_and_of_held_cells_are_rows_in_the_order_of_their_key() {
    let key = [
        "target_id",
        "version",
        "node_kind",
        "parent_node_id",
        "period_kind",
        "period_end",
        "year_start",
    ];
    let expected = [
        "r:wins:2026|1|rep|t|month|2026-04-30|2026-01-01",
        "r:wins:2026|2|rep|t|month|2026-04-30|2026-01-01",
        "t:wins:2026:month|1|team|-|month|2026-01-31|-",
        "t:wins:2026:year|1|team|-|year|2026-12-31|-",
        "~reserve.t:wins:2026|1|reserve|t|month|2026-04-30|2026-01-01",
        "~reserve.t:wins:2026|2|reserve|t|month|2026-04-30|2026-01-01",
    ];
    assert_eq!(lines("tgt_target", &key), expected);
    let said = [
        "value",
        "valid_from",
        "kept",
        "weights",
        "lock",
        "bound",
        "proposal_id",
        "effective_at",
        "recorded_at",
    ];
    let expected = [
        "40|2026-04-01|0|10000 0 15000|-|-|p-1|-|1970-01-01T00:00:03Z",
        "39|2026-04-03|27|15000|-|-|-|2026-04-03T00:00:00Z|1970-01-01T00:00:07Z",
        "-|2026-01-01|-|-|floor|5|-|2026-01-01T00:00:00Z|1970-01-01T00:00:02Z",
        "43|2026-01-01|-|-|entered|43|p-1|-|1970-01-01T00:00:01Z",
        "3|2026-04-01|0|10000 0 15000|-|-|p-1|-|1970-01-01T00:00:04Z",
    ];
    assert_eq!(lines("tgt_target", &said)[..5], expected);
}

#[test]
fn a_reserve_takes_over_with_a_version_of_its_own() {
    let said = ["target_id", "version", "value", "method", "proposal_id", "effective_at"];
    let last = lines("tgt_target", &said).pop();
    assert_eq!(
        last.as_deref(),
        Some("~reserve.t:wins:2026|2|4|balance|-|2026-04-03T00:00:00Z")
    );
}

#[test]
fn a_proposal_says_how_it_ended() {
    let said = [
        "proposal_id",
        "state",
        "refusal",
        "size",
        "received",
        "decider_id",
        "ended_by",
        "ended_at",
        "effective_at",
    ];
    let expected = ["p-1|approved|-|2|2|anna|boss|1970-01-01T00:00:05Z|2026-01-02T00:00:00Z"];
    assert_eq!(lines("tgt_proposal", &said), expected);
}

#[test]
fn a_decision_has_its_evidence_and_says_what_came_of_it() {
    let said = [
        "decision_id",
        "as_of",
        "from_version",
        "to_version",
        "outcome",
        "reserve_delta",
        "evidence_n",
    ];
    let expected = [
        "d-1|2026-03-25|1|-|watching|-|52.4",
        "d-2|2026-04-01|1|2|applied|1|52.4",
    ];
    assert_eq!(lines("tgt_adjustment", &said), expected);
    let agreed = [
        "approved_by",
        "approved_at",
        "requested_by",
        "published_set",
        "published_offsets",
        "checks",
    ];
    let checks = r#"[{"check":"evidence","passed":true,"measured":52400000,"bound":20000000}]"#;
    let expected = [
        format!("-|-|policy|412|0:9|{checks}"),
        format!("policy|1970-01-01T00:00:07Z|policy|412|0:9|{checks}"),
    ];
    assert_eq!(lines("tgt_adjustment", &agreed), expected);
}

#[test]
fn the_same_events_make_the_same_rows() {
    assert_eq!(targets(&ledger()), targets(&ledger()));
}
