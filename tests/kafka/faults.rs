//! Topics that others delete, make again, widen or empty under a process that serves.

use std::time::Duration;

use paceline_tests::generator::{Floor, Plan};
use paceline_tests::sandbox::{Dump, Finished, Sandbox, mapping};
use serde_json::{Value, json};

use crate::broker::Cluster;
use crate::serving::{Serving, administer, connection, ends, produce, records, settings};

/// How long a topic may be another one before it is noticed, and the end that follows.
pub(crate) const NOTICED: Duration = Duration::from_secs(60);

pub(crate) fn small_floor() -> Floor {
    Floor::new(&Plan {
        seed: 29,
        days: 12,
        ..Plan::sample()
    })
}

fn events_topic(sandbox: &Sandbox) -> String {
    format!("{}paceline.events", sandbox.topic_prefix())
}

/// The calls of a small floor, served from a topic of two partitions.
pub(crate) struct Fed {
    pub(crate) cluster: Cluster,
    pub(crate) serving: Serving,
    pub(crate) calls: Vec<Value>,
}

impl Fed {
    pub(crate) fn start() -> Self {
        let cluster = Cluster::start(1, &[]);
        let [(_, people), (_, csv), _] = small_floor().csv();
        let text = settings(&connection("dialer", "calls", Some("sample_calls.toml")));
        let sandbox = Sandbox::on_kafka_with(&cluster.address, &text);
        sandbox.import(&[&sandbox.file("people.csv", people)], &mapping("sample_people.toml"));
        let calls = records(&csv, "calls", "call");
        produce(&cluster.address, &["calls:2".to_owned()], &calls);
        let mut serving = Serving::start(sandbox);
        serving.wait_for("SELECT COUNT(*) FROM fct_call_event", calls.len());
        Self {
            cluster,
            serving,
            calls,
        }
    }

    /// The same calls under other names.
    fn more_calls(&self, count: usize) -> Vec<Value> {
        let mut more = self.calls[..count].to_vec();
        for record in &mut more {
            let text = record["value"].as_str().expect("text");
            record["value"] = json!(text.replace("\"call\":\"", "\"call\":\"more-"));
        }
        more
    }
}

/// Records that nobody can read, as many for each partition as lie below its end, and some more.
pub(crate) fn junk(topic: &str, ends: &[(u64, u64)], more: usize) -> Vec<Value> {
    let of_partition = |(partition, (_, next)): (usize, &(u64, u64))| {
        let record = json!({"topic": topic, "partition": partition, "value": "junk"});
        vec![record; usize::try_from(*next).expect("a count") + more]
    };
    ends.iter().enumerate().flat_map(of_partition).collect()
}

/// A start that must be refused.
#[track_caller]
fn refused(sandbox: &Sandbox) -> Finished {
    sandbox.start(&["run"]).wait(NOTICED)
}

/// Asserts that a process has ended by itself, and why.
#[track_caller]
fn assert_ended(ended: &Finished, code: i32, words: &[&str]) {
    assert_eq!(ended.code, Some(code), "{}: {}", ended.ended, ended.stderr);
    for word in words {
        assert!(ended.stderr.contains(word), "`{word}` is not said:\n{}", ended.stderr);
    }
}

#[test]
#[ignore = "starts a broker of its own"]
fn events_deleted_and_made_again_end_the_process_and_change_no_table() {
    let fed = Fed::start();
    let (address, more) = (fed.cluster.address.clone(), fed.more_calls(20));
    let Serving { sandbox, process } = fed.serving;
    let before = Dump::of(&sandbox);
    let topic = events_topic(&sandbox);
    // Stopped, it cannot see the moment in which there is no topic.
    process.signal("STOP");
    administer(&address, &["delete-topic", &topic]);
    sandbox.succeed(&["topics", "create"]);
    produce(&address, &[], &more);
    process.signal("CONT");
    let ended = process.wait(NOTICED);
    assert_ended(&ended, 1, &["deleted and made again", "rebuild"]);

    Dump::of(&sandbox).assert_same(&before, "after the topic was made again");
    sandbox.fsck();
    assert_ended(&refused(&sandbox), 1, &["records are gone", "rebuild"]);
    Dump::of(&sandbox).assert_same(&before, "after a start that was refused");
}

/// Lets the topic of events be made again, with more records than it had, and waits for the end of the process.
#[track_caller]
fn end_on_a_longer_topic(fed: Fed) -> (Cluster, Sandbox) {
    let address = fed.cluster.address.clone();
    let Serving { sandbox, process } = fed.serving;
    let topic = events_topic(&sandbox);
    let other = junk(&topic, &ends(&address, &topic), 50);
    // Stopped, it cannot see the moment in which the topic is shorter than it was.
    process.signal("STOP");
    administer(&address, &["delete-topic", &topic]);
    sandbox.succeed(&["topics", "create"]);
    produce(&address, &[], &other);
    process.signal("CONT");
    let ended = process.wait(NOTICED);
    assert_ended(&ended, 1, &["deleted and made again", "rebuild"]);
    (fed.cluster, sandbox)
}

#[test]
#[ignore = "starts a broker of its own"]
fn events_made_again_and_filled_further_than_before_end_the_process() {
    let (_cluster, sandbox) = end_on_a_longer_topic(Fed::start());
    sandbox.fsck();
}

#[test]
#[ignore = "starts a broker of its own"]
fn records_of_a_topic_made_again_reach_no_checkpoint() {
    let (_cluster, sandbox) = end_on_a_longer_topic(Fed::start());
    assert_ended(&refused(&sandbox), 1, &["is not the one that was folded", "rebuild"]);
}

#[test]
#[ignore = "starts a broker of its own"]
fn events_deleted_end_the_process_and_made_again_refuse_the_start() {
    let fed = Fed::start();
    let address = fed.cluster.address.clone();
    let Serving { sandbox, process } = fed.serving;
    let before = Dump::of(&sandbox);
    let topic = events_topic(&sandbox);
    let held = ends(&address, &topic);
    administer(&address, &["delete-topic", &topic]);
    assert_ended(&process.wait(NOTICED), 2, &[&topic, "another log"]);
    assert_ended(&refused(&sandbox), 2, &[&topic, "another log"]);
    sandbox.succeed(&["topics", "create"]);
    assert_ended(&refused(&sandbox), 1, &["records are gone", "rebuild"]);

    // As many records as before are other records all the same.
    produce(&address, &[], &junk(&topic, &held, 0));
    assert_ended(&refused(&sandbox), 1, &["is not the one that was folded", "rebuild"]);
    Dump::of(&sandbox).assert_same(&before, "after starts that were refused");
    sandbox.fsck();
}

#[test]
#[ignore = "starts a broker of its own"]
fn more_partitions_end_the_process_and_refuse_the_next_start() {
    let fed = Fed::start();
    let Serving { sandbox, process } = fed.serving;
    let topic = events_topic(&sandbox);
    administer(&fed.cluster.address, &["add-partitions", &topic, "6"]);
    let ended = process.wait(NOTICED);
    assert_ended(&ended, 2, &[&topic, "6 partitions", "rebuild"]);
    assert_ended(&refused(&sandbox), 2, &[&topic, "6 partitions", "rebuild"]);
    // Another count in the configuration does not make it the log that was folded.
    let sandbox = sandbox.with("LOG__KAFKA__PARTITIONS", "6");
    assert_ended(&refused(&sandbox), 2, &["4 partitions", "6", "rebuild"]);
}

#[test]
#[ignore = "starts a broker of its own"]
fn retention_that_passed_the_state_refuses_the_start_with_the_count() {
    let cluster = Cluster::start(1, &[]);
    let address = &cluster.address;
    let sandbox = Sandbox::on_kafka(address);
    sandbox.import_floor(&small_floor());
    let before = Dump::of(&sandbox);
    let topic = events_topic(&sandbox);
    let (_, folded) = ends(address, &topic)[2];
    let record = json!({"topic": topic, "partition": 2, "value": "a record of another"});
    produce(address, &[], &vec![record; 10]);
    let low = folded + 7;
    administer(address, &["delete-records", &topic, "2", &low.to_string()]);
    let begins = format!("begins at offset {low}, the replay at {folded}: 7 records are gone");
    for words in [&["run"][..], &["jobs", "run", "snap_rep_window"]] {
        let refused = sandbox.start(words).wait(NOTICED);
        assert_ended(&refused, 1, &["records are gone", "rebuild"]);
    }
    let refused = sandbox.start(&["process"]).wait(NOTICED);
    assert_ended(&refused, 1, &["unit `2`", &begins, "rebuild"]);
    Dump::of(&sandbox).assert_same(&before, "after starts that were refused");
    sandbox.fsck();
}

/// Deletes every record that a topic holds.
fn empty(address: &str, topic: &str) {
    for (partition, (_, next)) in ends(address, topic).iter().enumerate() {
        let (partition, next) = (partition.to_string(), next.to_string());
        administer(address, &["delete-records", topic, &partition, &next]);
    }
}

#[test]
#[ignore = "starts a broker of its own"]
fn records_that_the_state_has_passed_may_be_gone() {
    let cluster = Cluster::start(1, &[]);
    let sandbox = Sandbox::on_kafka(&cluster.address);
    sandbox.import_floor(&small_floor());
    let before = Dump::of(&sandbox);
    empty(&cluster.address, &events_topic(&sandbox));
    sandbox.succeed(&["jobs", "run", "snap_rep_window"]);
    Dump::of(&sandbox).assert_same(&before, "without the records that were folded");
    sandbox.fsck();
}

#[test]
#[ignore = "starts a broker of its own"]
fn after_a_stop_no_record_from_before_it_is_needed() {
    let fed = Fed::start();
    let sandbox = fed.serving.stop();
    empty(&fed.cluster.address, &events_topic(&sandbox));
    let mut serving = Serving::start(sandbox);
    serving.wait_for("SELECT COUNT(*) FROM fct_call_event", fed.calls.len());
    serving.stop().fsck();
}
