//! Rights that are withdrawn from a process that serves, and given back.

use std::time::Duration;

use paceline_tests::sandbox::{Dump, Sandbox, mapping};
use serde_json::Value;

use crate::broker::Cluster;
use crate::faults::small_floor;
use crate::serving::{Serving, administer, connection, produce, records, settings};

/// How long it may take until a right that is gone is missed.
const NOTICED: Duration = Duration::from_secs(60);

const EVENTS: &str = "paceline.events";

/// A cluster with passwords on which alice serves calls from a topic, and may do what that needs and nothing else.
struct Guarded {
    cluster: Cluster,
    serving: Serving,
    admin: String,
    prefix: String,
    embedded: Sandbox,
    calls: Vec<Value>,
}

impl Guarded {
    /// Half of the calls are folded.
    fn start() -> Self {
        let cluster = Cluster::start(1, &["ACL=1"]);
        let admin = format!("admin@{}", cluster.address);
        let floor = small_floor();
        let [(_, people), (_, csv), _] = floor.csv();
        let embedded = Sandbox::new();
        for (name, csv) in [("people", &people), ("calls", &csv)] {
            let file = embedded.file(&format!("{name}.csv"), csv);
            embedded.import(&[&file], &mapping(&format!("sample_{name}.toml")));
        }

        let text = settings(&connection("dialer", "calls", Some("sample_calls.toml")))
            + "[log.kafka.properties]\nsecurity.protocol = \"SASL_PLAINTEXT\"\nsasl.mechanism = \"PLAIN\"\n\
               sasl.username = \"admin\"\nsasl.password = \"admin-secret\"\n";
        let sandbox = Sandbox::on_kafka_with(&cluster.address, &text)
            .with("LOG__KAFKA__PROPERTIES__SASL__USERNAME", "alice")
            .with("LOG__KAFKA__PROPERTIES__SASL__PASSWORD", "alice-secret");
        let prefix = sandbox.topic_prefix();
        let calls = records(&csv, "calls", "call");
        produce(&admin, &["calls:2".to_owned()], &calls[..calls.len() / 2]);
        let allow = |words: &[&str]| administer(&admin, &[&["allow", "alice"], words].concat());
        allow(&["topic", &prefix, "DESCRIBE", "DESCRIBE_CONFIGS", "WRITE"]);
        for topic in [EVENTS, "paceline.people", "paceline.dead-letters"] {
            allow(&["topic", &format!("{prefix}{topic}"), "READ"]);
        }
        allow(&["topic", "calls", "DESCRIBE", "READ"]);
        allow(&["group", &prefix, "READ"]);
        sandbox.import(&[&sandbox.file("people.csv", people)], &mapping("sample_people.toml"));
        let mut serving = Serving::start(sandbox);
        serving.wait_for("SELECT COUNT(*) FROM fct_call", calls.len() / 2);
        Self {
            cluster,
            serving,
            admin,
            prefix,
            embedded,
            calls,
        }
    }

    fn emit_the_rest(&self) {
        produce(&self.admin, &[], &self.calls[self.calls.len() / 2..]);
    }
}

#[test]
#[ignore = "starts a broker of its own"]
fn a_right_to_read_is_waited_for_and_nothing_is_lost_meanwhile() {
    let mut guarded = Guarded::start();
    let events = format!("{}{EVENTS}", guarded.prefix);
    let admin = guarded.admin.clone();
    administer(&admin, &["withdraw", "alice", "topic", &events, "READ"]);
    let process = &mut guarded.serving.process;
    process.wait_to_hear(&format!("consume `{events}`"), NOTICED);
    process.wait_to_hear("let the user read, write and describe the topics", NOTICED);
    process.wait_to_hear("waiting 300s for it", NOTICED);
    administer(&admin, &["withdraw", "alice", "topic", "calls", "READ"]);
    guarded.emit_the_rest();
    guarded
        .serving
        .process
        .wait_to_hear("\"connection\":\"dialer\"", NOTICED);
    let half = guarded.calls.len() / 2;
    let count = "SELECT COUNT(*) FROM fct_call";
    assert_eq!(usize::try_from(guarded.serving.sandbox.sql(count).number()), Ok(half));

    administer(&admin, &["allow", "alice", "topic", "calls", "READ"]);
    administer(&admin, &["allow", "alice", "topic", &events, "READ"]);
    let (embedded, mut serving) = (guarded.embedded, guarded.serving);
    serving.wait_for_same(count, &embedded);
    let sandbox = serving.stop();
    Dump::of(&sandbox).assert_same(&Dump::of(&embedded), "after rights were given back");
    sandbox.fsck();
    drop(guarded.cluster);
}

#[test]
#[ignore = "starts a broker of its own"]
fn without_the_right_to_write_it_ends_and_the_next_start_goes_on() {
    let guarded = Guarded::start();
    let admin = &guarded.admin;
    administer(admin, &["withdraw", "alice", "topic", &guarded.prefix, "WRITE"]);
    guarded.emit_the_rest();
    let Serving { sandbox, process } = guarded.serving;
    let ended = process.wait(NOTICED);
    assert_eq!(ended.code, Some(2), "{}: {}", ended.ended, ended.stderr);
    let said = "let the user read, write and describe the topics";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    assert!(ended.stderr.contains(&guarded.prefix), "{}", ended.stderr);

    administer(admin, &["allow", "alice", "topic", &guarded.prefix, "WRITE"]);
    let mut serving = Serving::start(sandbox);
    serving.wait_for_same("SELECT COUNT(*) FROM fct_call", &guarded.embedded);
    let sandbox = serving.stop();
    Dump::of(&sandbox).assert_same(&Dump::of(&guarded.embedded), "after a right was given back");
    sandbox.fsck();
    drop(guarded.cluster);
}
