//! Topics of connections that others empty or make again under a process that reads them.

use paceline_tests::sandbox::{Sandbox, mapping};
use serde_json::json;

use crate::broker::Cluster;
use crate::faults::{Fed, NOTICED, junk, small_floor};
use crate::serving::{Serving, administer, connection, ends, produce, records, settings};

#[test]
#[ignore = "starts a broker of its own"]
fn source_records_deleted_before_they_were_read_are_counted_and_hold_up_no_other() {
    let cluster = Cluster::start(1, &[]);
    let address = &cluster.address;
    let [(_, people), (_, calls), (_, deals)] = small_floor().csv();
    let text = connection("dialer", "calls", Some("sample_calls.toml"))
        + &connection("crm", "deals", Some("sample_deals.toml"));
    let sandbox = Sandbox::on_kafka_with(address, &settings(&text));
    let group = format!("{}-dialer", sandbox.topic_prefix());
    sandbox.import(&[&sandbox.file("people.csv", people)], &mapping("sample_people.toml"));
    let mut calls = records(&calls, "calls", "call");
    calls.iter_mut().for_each(|record| record["partition"] = json!(0));
    let (calls, deals) = (calls, records(&deals, "deals", "deal"));
    produce(address, &["calls:1".to_owned(), "deals:1".to_owned()], &calls[..100]);
    let mut serving = Serving::start(sandbox);
    serving.wait_for("SELECT COUNT(*) FROM fct_call", 100);

    // Nothing is fetched while it is stopped.
    serving.process.signal("STOP");
    produce(address, &[], &calls[100..130]);
    administer(address, &["delete-records", "calls", "0", "112"]);
    serving.process.signal("CONT");
    let lost = "`12` records from 100 on were deleted before they were read";
    serving.process.wait_to_hear(lost, NOTICED);
    produce(address, &[], &deals);
    serving.wait_for("SELECT COUNT(*) FROM fct_deal", deals.len());
    assert_eq!(serving.sandbox.sql("SELECT COUNT(*) FROM fct_call").number(), 100);
    let sandbox = serving.stop();

    let mut serving = Serving::start(sandbox);
    serving.process.wait_to_hear(lost, NOTICED);
    // What it says helps.
    administer(address, &["move-group", &group, "calls", "0", "112"]);
    serving.wait_for("SELECT COUNT(*) FROM fct_call", 118);
    serving.stop().fsck();
}

#[test]
#[ignore = "starts a broker of its own"]
fn a_source_topic_made_again_and_filled_further_is_told_and_not_skipped() {
    let mut fed = Fed::start();
    let address = &fed.cluster.address;
    let other = junk("calls", &ends(address, "calls"), 50);
    // Stopped, it cannot see the moment in which the topic is shorter than it was.
    fed.serving.process.signal("STOP");
    administer(address, &["delete-topic", "calls"]);
    produce(address, &["calls:2".to_owned()], &other);
    fed.serving.process.signal("CONT");
    let told = "it is another topic of that name; to read it from its start, give the connection another `group`";
    fed.serving.process.wait_to_hear(told, NOTICED);
    let sandbox = fed.serving.stop();
    let mut serving = Serving::start(sandbox);
    serving.process.wait_to_hear(told, NOTICED);
    serving.wait_for("SELECT COUNT(*) FROM fct_call_event", fed.calls.len());
    serving.stop().fsck();
}
