//! Emitters write to topics of their own, by an ordinary client, and `paceline run` takes it from there.

use paceline_tests::sandbox::{Dump, Sandbox, mapping};
use serde_json::{Value, json};

use crate::same_tables::floor;
use crate::serving::{self, Serving};
use crate::shared_broker;

pub(crate) use crate::serving::{connection, records, settings, unique};

/// Writes records to the broker that all tests share.
#[track_caller]
pub(crate) fn produce(topics: &[String], records: &[Value]) {
    serving::produce(&shared_broker(), topics, records);
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn calls_and_deals_from_two_topics_end_in_the_tables_of_their_files() {
    let floor = floor();
    let [(_, people), (_, calls), (_, deals)] = floor.csv();
    let embedded = Sandbox::new();
    embedded.import_floor(&floor);

    let topics = ["calls", "deals"].map(|name| format!("{name}-{}", unique()));
    let text = connection("dialer", &topics[0], Some("sample_calls.toml"))
        + &connection("crm", &topics[1], Some("sample_deals.toml"));
    let sandbox = Sandbox::on_kafka_with(&shared_broker(), &settings(&text));
    produce(&[format!("{}:3", topics[0]), format!("{}:2", topics[1])], &[]);
    sandbox.import(&[&sandbox.file("people.csv", people)], &mapping("sample_people.toml"));

    let (calls, deals) = (records(&calls, &topics[0], "call"), records(&deals, &topics[1], "deal"));
    let mut serving = Serving::start(sandbox);
    produce(&[], &calls);
    produce(&[], &deals);
    // Not events: which wins of a customer are stated again depends on the order in which they come.
    for statement in ["SELECT COUNT(*) FROM fct_call", "SELECT COUNT(*) FROM fct_deal"] {
        serving.wait_for_same(statement, &embedded);
    }
    let sandbox = serving.stop();
    Dump::of(&sandbox).assert_same(&Dump::of(&embedded), "over two topics");

    // The same once more, and a process that was killed while it read: nothing is counted twice.
    produce(&[], &calls);
    let killed = Serving::start(sandbox);
    let sandbox = killed.sandbox;
    drop(killed.process);
    // A call at the end of each partition: once these are there, all before them was read.
    let mut last = calls[..3].to_vec();
    for (partition, record) in last.iter_mut().enumerate() {
        let text = record["value"].as_str().expect("text");
        record["value"] = json!(text.replace("\"call\":\"", "\"call\":\"last-"));
        record["partition"] = json!(partition);
    }
    produce(&[], &last);
    let more = records(b"deal,rep,account,product,lead_source,stage,opened,closed,amount,lost_reason\nlast,nobody,,,,Won,2025-01-02,2025-01-03,1.00,\n", &topics[1], "deal");
    produce(&[], &more);
    let mut serving = Serving::start(sandbox);
    serving.wait_for("SELECT COUNT(*) FROM fct_deal WHERE deal_id = 'last'", 1);
    serving.wait_for("SELECT COUNT(*) FROM fct_call WHERE starts_with(call_id, 'last-')", 3);
    let sandbox = serving.stop();
    let events = sandbox.sql("SELECT COUNT(*) FROM fct_call_event").number();
    assert_eq!(events, embedded.sql("SELECT COUNT(*) FROM fct_call_event").number() + 3);
    sandbox.fsck();
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn poison_is_a_dead_letter_with_its_place_and_the_flow_goes_on() {
    let topic = format!("emitted-{}", unique());
    let text = connection("emitter", &topic, None);
    let sandbox = Sandbox::on_kafka_with(&shared_broker(), &settings(&text));
    let event = |id: &str, deal: &str| {
        json!({
            "specversion": "1.0", "type": "paceline.deal.won", "source": "//acme/crm/emitter", "id": id,
            "time": "2026-03-01T10:00:00Z",
            "data": {"rep_id": "ada", "deal_id": deal, "amount_minor": 100, "currency": "USD"},
        })
    };
    let good = event("one", "D1").to_string();
    let structured = json!({"content-type": "application/cloudevents+json"});
    let binary = json!({
        "ce_specversion": "1.0", "ce_type": "paceline.deal.won", "ce_source": "//acme/crm/emitter", "ce_id": "two",
        "ce_time": "2026-03-01T10:00:00Z",
    });
    let conflict = json!({"content-type": "application/cloudevents+json", "ce_id": "another"});
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let large = json!({"filler": "x".repeat(2 << 20)}).to_string();
    let poison = [
        ("malformed", json!({"value": "{\"specversion\":"})),
        ("too_large", json!({"value": large})),
        ("malformed", json!({"value": deep})),
        ("tombstone", json!({"key": "k"})),
        (
            "envelope_conflict",
            json!({"value": event("three", "D3").to_string(), "headers": conflict}),
        ),
        ("bad_envelope", json!({"value": "{}", "headers": {"ce_id": "four"}})),
        ("unknown_type", json!({"value": good.replace("deal.won", "deal.sung")})),
        (
            "missing_field",
            json!({"value": event("five", "D5").to_string().replace("\"rep_id\":\"ada\",", "")}),
        ),
    ];
    let mut all: Vec<Value> = poison.iter().map(|(_, record)| record.clone()).collect();
    all.insert(0, json!({"value": good, "headers": structured}));
    all.push(json!({"value": event("x", "D2")["data"].to_string(), "headers": binary}));
    for record in &mut all {
        record["topic"] = json!(topic);
        record["partition"] = json!(0);
    }
    produce(&[format!("{topic}:1")], &all);
    let mut serving = Serving::start(sandbox);
    serving.wait_for("SELECT COUNT(*) FROM fct_deal", 2);
    serving.wait_for("SELECT COUNT(*) FROM ops_dead_letter", poison.len());
    let sandbox = serving.stop();
    let letters = sandbox.sql(
        "SELECT reason, origin_topic, origin_partition, origin_offset FROM ops_dead_letter ORDER BY origin_offset",
    );
    let expected: Vec<Vec<String>> = poison
        .iter()
        .enumerate()
        .map(|(at, (reason, _))| {
            vec![
                (*reason).to_owned(),
                topic.clone(),
                "0".to_owned(),
                (at + 1).to_string(),
            ]
        })
        .collect();
    assert_eq!(letters.rows, expected);
    let deals = sandbox.sql("SELECT deal_id, amount_minor FROM fct_deal ORDER BY deal_id");
    assert_eq!(deals.rows, [["D1", "100"], ["D2", "100"]]);
    sandbox.fsck();
}
