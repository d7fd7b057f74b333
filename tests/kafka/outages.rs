//! Brokers that are away, refuse, or have another log than the one that was folded.

use std::time::Duration;

use paceline_tests::sandbox::{DEADLINE, Dump, Sandbox, mapping};

use crate::broker::Cluster;
use crate::same_tables::floor;
use crate::shared_broker;

#[test]
#[ignore = "starts a broker of its own"]
fn a_broker_that_is_killed_and_comes_back_needs_no_restart_of_ours() {
    let cluster = Cluster::start(1, &[]);
    let floor = floor();
    let embedded = Sandbox::new();
    embedded.import_floor(&floor);

    let kafka = Sandbox::on_kafka(&cluster.address);
    let mut serving = kafka.start(&["run"]);
    let run_file = kafka.data().join("run.json");
    serving.wait_until("the process serves", DEADLINE, || run_file.exists());
    kafka.import_floor(&floor);
    cluster.kill(1);
    // Reading goes on while the broker is away.
    Dump::of(&kafka).assert_same(&Dump::of(&embedded), "while the broker is away");
    cluster.restart(1);
    let mut calls = Vec::new();
    paceline_tests::generator::write_calls(&mut calls, &floor.calls, true).expect("a vector takes everything");
    calls.push(b'\n');
    let report = kafka.import(&[&kafka.file("again.csv", calls)], &mapping("sample_calls.toml"));
    assert_eq!(report.published, 0, "{}", report.whole);
    serving.wait_until("it still serves", Duration::from_secs(60), || run_file.exists());
    let stopped = serving.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    kafka.fsck();
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn topics_that_are_not_there_are_named_with_what_makes_them() {
    let sandbox = Sandbox::new()
        .with("LOG__KIND", "kafka")
        .with("LOG__KAFKA__BOOTSTRAP", &shared_broker())
        .with("LOG__KAFKA__TOPIC_PREFIX", "nowhere.");
    let refused = sandbox.run(&["jobs", "run", "snap_rep_window"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("nowhere.paceline.events"), "{}", refused.stderr);
    assert!(refused.stderr.contains("paceline topics create"), "{}", refused.stderr);
    let checked = sandbox.run(&["topics", "check"]);
    assert_eq!(checked.code, Some(3), "{checked:?}");
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn other_topics_under_the_same_data_directory_are_refused() {
    let sandbox = Sandbox::on_kafka(&shared_broker());
    sandbox.import_floor(&floor());
    let other = Sandbox::on_kafka(&shared_broker()).over(sandbox.data());
    let refused = other.run(&["jobs", "run", "snap_rep_window"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("it was fed by log"), "{}", refused.stderr);
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn a_data_directory_of_the_other_kind_of_log_is_refused_before_anything_is_written() {
    let kafka = Sandbox::on_kafka(&shared_broker());
    kafka.import_floor(&floor());
    let forgotten = Sandbox::new().over(kafka.data());
    for words in [&["run"][..], &["jobs", "run", "snap_rep_window"], &["fsck"]] {
        let refused = forgotten.run(words);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains("on a Kafka cluster"), "{}", refused.stderr);
    }
    assert!(!kafka.data().join("log").exists(), "a log of its own was begun");
    kafka.fsck();

    let embedded = Sandbox::new();
    embedded.import_floor(&floor());
    let wrong = Sandbox::on_kafka(&shared_broker()).over(embedded.data());
    let refused = wrong.run(&["jobs", "run", "snap_rep_window"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("a log of its own"), "{}", refused.stderr);
    embedded.fsck();
}

#[test]
#[ignore = "starts a broker of its own"]
fn a_wrong_password_is_told_at_once_with_the_keys_to_check() {
    let cluster = Cluster::start(1, &["ACL=1"]);
    let with_password = |password: &str| {
        Sandbox::new()
            .with("LOG__KIND", "kafka")
            .with("LOG__KAFKA__BOOTSTRAP", &cluster.address)
            .with("LOG__KAFKA__PROPERTIES__SECURITY__PROTOCOL", "SASL_PLAINTEXT")
            .with("LOG__KAFKA__PROPERTIES__SASL__MECHANISM", "PLAIN")
            .with("LOG__KAFKA__PROPERTIES__SASL__USERNAME", "admin")
            .with("LOG__KAFKA__PROPERTIES__SASL__PASSWORD", password)
    };
    let refused = with_password("wrong").run(&["topics", "create"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("sasl.password"), "{}", refused.stderr);
    assert!(
        !refused.stderr.contains("wrong"),
        "the password is shown: {}",
        refused.stderr
    );
    let created = with_password("admin-secret").succeed(&["topics", "create"]);
    assert!(created.contains("paceline.events"), "{created}");

    // Alice is let in and may do nothing.
    let alice = with_password("alice-secret").with("LOG__KAFKA__PROPERTIES__SASL__USERNAME", "alice");
    let denied = alice.run(&["jobs", "run", "snap_rep_window"]);
    assert_eq!(denied.code, Some(2), "{denied:?}");
}
