//! The topic of live rows, as a dashboard reads it.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use paceline_tests::clients::python;
use paceline_tests::generator::{Floor, Plan};
use paceline_tests::oracle::{MEASURES, Oracle, SiteRules};
use paceline_tests::sandbox::{DEADLINE, Sandbox, mapping, root};
use serde_json::Value;

use crate::serving::started;
use crate::shared_broker;
use crate::sources::{connection, produce, records, settings, unique};

/// The newest record of each key.
fn states(topic: &str) -> Vec<Value> {
    let output = Command::new(python(Path::new(env!("CARGO_TARGET_TMPDIR"))))
        .arg(root().join("tests/clients/states.py"))
        .args([&shared_broker(), topic])
        .output()
        .expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn live_topic(sandbox: &Sandbox) -> String {
    let folder = sandbox.data().parent().and_then(Path::file_name).expect("a folder");
    format!("{}.paceline.rep-windows", folder.to_string_lossy())
}

/// Rows of the calendar windows, in the form of the recount.
fn calendar_rows(states: &[Value]) -> Vec<Vec<String>> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let rows = states.iter().map(|state| &state["value"]).filter(|row| !row.is_null());
    let rows = rows.filter(|row| !["1h", "24h"].contains(&row["window"].as_str().expect("a window")));
    let mut rows: Vec<Vec<String>> = rows
        .map(|row| {
            let as_of = row["as_of"].as_str().expect("an instant").get(..10).expect("a date");
            let mut cells = vec![
                text(&row["rep_id"]),
                text(&row["window"]),
                as_of.to_owned(),
                text(&row["currency"]),
            ];
            cells.extend(MEASURES.iter().map(|measure| text(&row[*measure])));
            cells
        })
        .filter(|row| row[4..].iter().any(|measure| measure != "0"))
        .collect();
    rows.sort();
    rows
}

/// A floor whose last day was yesterday: nothing in it lies in the future.
fn recent_floor(today: Date) -> Floor {
    Floor::new(&Plan {
        seed: 41,
        reps: 8,
        first_day: today - 30.days(),
        days: 30,
        dials_a_day: 12,
    })
}

fn wins_and_calls(floor: &Floor, today: Date) -> Vec<Vec<String>> {
    let mut oracle = Oracle::new(vec![SiteRules::utc("main", "USD")], std::collections::BTreeMap::new());
    floor.calls.iter().for_each(|call| oracle.add_call(call));
    let mut rows = oracle.window_rows(today);
    rows.retain(|row| row[2] == today.to_string());
    rows.sort();
    rows
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn the_newest_states_are_the_windows_of_now() {
    let today = jiff::tz::TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let floor = recent_floor(today);
    let [(_, people), (_, calls), _] = floor.csv();
    let topic = format!("calls-{}", unique());
    let text = connection("dialer", &topic, Some("sample_calls.toml"));
    let sandbox = Sandbox::on_kafka_with(&shared_broker(), &settings(&text));
    let live = live_topic(&sandbox);
    produce(&[format!("{topic}:3")], &[]);
    sandbox.import(&[&sandbox.file("people.csv", people)], &mapping("sample_people.toml"));
    let mut serving = started(&sandbox, &["run"]);

    let calls = records(&calls, &topic, "call");
    let expected = wins_and_calls(&floor, today);
    for part in calls.chunks(calls.len().div_ceil(4)) {
        produce(&[], part);
    }
    serving.wait_until("the windows of now", DEADLINE, || {
        calendar_rows(&states(&live)) == expected
    });
    let newest = states(&live);
    for state in &newest {
        let value = &state["value"];
        if !value.is_null() {
            let names = ["rep_id", "window", "currency"].map(|name| value[name].as_str().expect("text"));
            assert_eq!(state["key"], names.join("|"));
        }
        for header in ["shard", "epoch", "offset"] {
            let text = state["headers"][header].as_str().expect("a header");
            assert!(text.parse::<u64>().is_ok(), "{state}");
        }
        let gap = state["gap_ms_min"].as_i64();
        assert!(gap.is_none_or(|gap| gap >= 1_000), "twice within a second: {state}");
    }
    assert!(
        newest.iter().any(|state| state["writes"] != 1),
        "no row was ever sent again"
    );
    let stopped = serving.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);

    // After a restart numbers do not go back, and epochs tell who is newer.
    let mut serving = sandbox.start(&["run"]);
    let epoch = |states: &[Value]| {
        let epochs = states
            .iter()
            .map(|state| state["headers"]["epoch"].as_str().expect("text").parse::<u64>());
        epochs.map(|epoch| epoch.expect("a number")).min().expect("a state")
    };
    let before = epoch(&newest);
    serving.wait_until("all rows again", DEADLINE, || epoch(&states(&live)) > before);
    assert_eq!(calendar_rows(&states(&live)), expected);
    let stopped = serving.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
}

/// Events a second, seconds and reps: few, or those of `PACELINE_TEST_RATE`.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the test says here how much it measures"
)]
fn rate() -> Vec<String> {
    let text = std::env::var("PACELINE_TEST_RATE").unwrap_or_else(|_| "200,4,20".to_owned());
    text.split(',').map(str::to_owned).collect()
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn every_event_becomes_visible_in_the_live_rows() {
    let topic = format!("calls-{}", unique());
    let text = connection("dialer", &topic, Some("sample_calls.toml"));
    let sandbox = Sandbox::on_kafka_with(&shared_broker(), &text);
    let live = live_topic(&sandbox);
    produce(&[format!("{topic}:4")], &[]);
    let serving = started(&sandbox, &["run"]);
    let output = Command::new(python(Path::new(env!("CARGO_TARGET_TMPDIR"))))
        .arg(root().join("tests/clients/latency.py"))
        .args([&shared_broker(), &topic, &live])
        .args(rate())
        .output()
        .expect("python runs");
    let (told, faults) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    io::stdout()
        .write_all(told.as_bytes())
        .expect("standard output is open");
    assert!(output.status.success(), "{told}{faults}");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["events"], told["of"]);
    let stopped = serving.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
}
