//! Brokers that come late, go and come back, and sources whose partitions fill at their own pace.

use std::time::Duration;

use paceline_tests::generator::Floor;
use paceline_tests::sandbox::{DEADLINE, Dump, Sandbox, mapping};
use serde_json::{Value, json};

use crate::broker::Cluster;
use crate::faults::small_floor;
use crate::same_tables::floor;
use crate::serving::{Serving, administer, connection, emitter_of, produce, records, settings};

const COUNTS: [&str; 2] = ["SELECT COUNT(*) FROM fct_call", "SELECT COUNT(*) FROM fct_deal"];

/// A floor imported into the embedded log, and a sandbox on Kafka that knows its people and reads the rest from topics.
struct Compared {
    embedded: Sandbox,
    sandbox: Sandbox,
    calls: Vec<Value>,
    deals: Vec<Value>,
}

impl Compared {
    fn new(address: &str, floor: &Floor, more_settings: &str) -> Self {
        let [(_, people), (_, calls), (_, deals)] = floor.csv();
        let embedded = Sandbox::new();
        embedded.import_floor(floor);
        let text = connection("dialer", "calls", Some("sample_calls.toml"))
            + &connection("crm", "deals", Some("sample_deals.toml"));
        let sandbox = Sandbox::on_kafka_with(address, &(settings(&text) + more_settings));
        produce(address, &["calls:4".to_owned(), "deals:2".to_owned()], &[]);
        sandbox.import(&[&sandbox.file("people.csv", people)], &mapping("sample_people.toml"));
        Self {
            embedded,
            sandbox,
            calls: records(&calls, "calls", "call"),
            deals: records(&deals, "deals", "deal"),
        }
    }

    /// Waits until all rows are there, stops, and compares.
    fn finish(embedded: &Sandbox, mut serving: Serving, what: &str) -> Sandbox {
        for statement in COUNTS {
            serving.wait_for_same(statement, embedded);
        }
        let sandbox = serving.stop();
        Dump::of(&sandbox).assert_same(&Dump::of(embedded), what);
        let events = "SELECT COUNT(*) FROM fct_call_event";
        assert_eq!(sandbox.sql(events).rows, embedded.sql(events).rows, "{what}");
        sandbox.fsck();
        sandbox
    }
}

/// Small appends, so that a load lasts.
const SMALL_BATCHES: &str = "[ingest]\nbatch_events = 64\n";

#[test]
#[ignore = "starts a broker of its own"]
fn a_broker_that_comes_after_the_process_is_waited_for() {
    let cluster = Cluster::start(1, &[]);
    let sandbox = Sandbox::on_kafka(&cluster.address);
    sandbox.import_floor(&small_floor());
    let before = Dump::of(&sandbox);
    cluster.kill(1);

    let sandbox = sandbox.with("LOG__KAFKA__CONNECT_TIMEOUT", "1s");
    let refused = sandbox.run(&["run"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(refused.stderr.contains(&cluster.address), "{}", refused.stderr);
    assert!(refused.stderr.contains("log.kafka.bootstrap"), "{}", refused.stderr);

    let sandbox = sandbox.with("LOG__KAFKA__CONNECT_TIMEOUT", "5m");
    let mut process = sandbox.start(&["run"]);
    process.wait_to_hear("trying again for 300s", DEADLINE);
    cluster.restart(1);
    let run_file = sandbox.data().join("run.json");
    process.wait_until("the process serves", DEADLINE, || run_file.exists());
    let stopped = process.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    Dump::of(&sandbox).assert_same(&before, "after a late broker");
}

#[test]
#[ignore = "waits for a broker that does not come"]
fn a_process_that_waits_for_a_broker_can_be_stopped() {
    let sandbox = Sandbox::new()
        .with("LOG__KIND", "kafka")
        .with("LOG__KAFKA__BOOTSTRAP", "127.0.0.1:9");
    let mut process = sandbox.start(&["run"]);
    process.wait_to_hear("trying again for 300s", DEADLINE);
    process.signal("TERM");
    let stopped = process.wait(Duration::from_secs(30));
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
}

#[test]
#[ignore = "starts a broker of its own"]
fn a_broker_that_goes_twice_while_a_connection_is_read_changes_no_table() {
    let cluster = Cluster::start(1, &[]);
    let compared = Compared::new(&cluster.address, &small_floor(), SMALL_BATCHES);
    let mut serving = Serving::start(compared.sandbox);
    let mut emitter = emitter_of(&cluster.address, &[]);
    emitter.send(&compared.deals);
    let third = compared.calls.len() / 3;
    for part in compared.calls[..2 * third].chunks(third) {
        emitter.send(part);
        serving.wait_for("SELECT CAST(COUNT(*) > 0 AS INT) FROM fct_call", 1);
        cluster.kill(1);
        cluster.restart(1);
    }
    emitter.send(&compared.calls[2 * third..]);
    emitter.finish();
    Compared::finish(&compared.embedded, serving, "after the broker went twice");
}

#[test]
#[ignore = "starts three brokers of its own"]
fn three_brokers_that_go_one_after_another_change_no_table() {
    let fenced_soon = ["broker.session.timeout.ms=3000", "broker.heartbeat.interval.ms=500"];
    let cluster = Cluster::start(3, &fenced_soon);
    let compared = Compared::new(&cluster.address, &floor(), SMALL_BATCHES);
    let mut serving = Serving::start(compared.sandbox);
    let mut emitter = emitter_of(&cluster.address, &[]);
    let (calls, deals) = (&compared.calls, &compared.deals);
    let parts = calls.chunks(calls.len() / 3 + 1).zip(deals.chunks(deals.len() / 3 + 1));
    for (number, (calls, deals)) in (1..).zip(parts) {
        emitter.send(calls);
        cluster.kill(number);
        emitter.send(deals);
        serving.wait_for("SELECT CAST(COUNT(*) > 0 AS INT) FROM fct_call", 1);
        cluster.restart(number);
        administer(&cluster.address, &["wait-for-copies", "3"]);
    }
    emitter.finish();
    Compared::finish(&compared.embedded, serving, "after each broker went once");
}

#[test]
#[ignore = "starts a broker of its own"]
fn partitions_that_fill_one_after_another_make_no_row_late() {
    let cluster = Cluster::start(1, &[]);
    // These calls are of another year: a tick of today would rightly make late what comes after it.
    let compared = Compared::new(&cluster.address, &small_floor(), "[ingest]\ntick_every = \"1h\"\n");
    let mut serving = Serving::start(compared.sandbox);
    produce(&cluster.address, &[], &compared.deals);
    let third = compared.calls.len() / 3;
    let mut sent = 0;
    // The oldest calls come last, and partition 1 stays empty.
    for (partition, from) in [(2, 2 * third), (0, third), (3, 0)] {
        let to = if partition == 2 {
            compared.calls.len()
        } else {
            from + third
        };
        let mut part = compared.calls[from..to].to_vec();
        part.iter_mut()
            .for_each(|record| record["partition"] = json!(partition));
        sent += part.len();
        produce(&cluster.address, &[], &part);
        serving.wait_for("SELECT COUNT(*) FROM fct_call", sent);
    }
    let sandbox = Compared::finish(&compared.embedded, serving, "over partitions one after another");
    assert_eq!(sandbox.sql("SELECT COUNT(*) FROM ops_late_event").number(), 0);
    assert_eq!(sandbox.sql("SELECT COUNT(*) FROM ops_dead_letter").number(), 0);
}
