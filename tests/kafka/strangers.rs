//! Another data directory over the same topics: what would split or double the events is refused.

use std::fs;

use paceline_tests::generator::Floor;
use paceline_tests::sandbox::{DEADLINE, Sandbox, mapping};

use crate::same_tables::floor;
use crate::serving::started;
use crate::shared_broker;

/// The same topics and group over a data directory of its own.
fn stranger_to(sandbox: &Sandbox) -> Sandbox {
    let stranger = sandbox.copy();
    fs::remove_dir_all(stranger.data()).expect("removed");
    stranger
}

fn csv(floor: &Floor, name: &str) -> Vec<u8> {
    let found = floor.csv().into_iter().find(|(known, _)| *known == name);
    found.expect("a file").1
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn a_member_of_another_data_directory_is_refused_with_the_keys_to_change() {
    let sandbox = Sandbox::on_kafka(&shared_broker());
    let mut first = started(&sandbox, &["run"]);
    // It is a member once a file can be read.
    first.wait_until("its shards", DEADLINE, || sandbox.data().join("shards/3").exists());
    let refused = stranger_to(&sandbox).run(&["process"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    for word in ["another data directory", "log.kafka.group", "log.kafka.topic_prefix"] {
        assert!(refused.stderr.contains(word), "{}", refused.stderr);
    }
    let stopped = first.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn what_a_second_writer_wrote_is_noticed_and_read_before_anything_else_is_written() {
    let floor = floor();
    let sandbox = Sandbox::on_kafka(&shared_broker());
    let first = started(&sandbox, &["run"]);
    let people = sandbox.file("people.csv", csv(&floor, "people"));
    sandbox.import(&[&people], &mapping("sample_people.toml"));

    let stranger = stranger_to(&sandbox).with("LOG__KAFKA__GROUP", "strangers");
    let calls = sandbox.file("calls.csv", csv(&floor, "calls"));
    stranger.import(&[&calls], &mapping("sample_calls.toml"));

    let deals = sandbox.file("deals.csv", csv(&floor, "deals"));
    let words = Sandbox::import_words(&[&deals], &mapping("sample_deals.toml"));
    let noticed = sandbox.start(&words).wait(DEADLINE);
    assert_eq!(noticed.code, Some(4), "{noticed:?}");
    assert!(
        noticed.stderr.contains("another process has written"),
        "{}",
        noticed.stderr
    );
    // By now it knows the calls of the other: they are no news to it.
    let report = sandbox.import(&[&deals], &mapping("sample_deals.toml"));
    assert_eq!(report.rejected, 0, "{}", report.whole);
    let again = sandbox.file("again.csv", [csv(&floor, "calls"), b"\n".to_vec()].concat());
    assert_eq!(sandbox.import(&[&again], &mapping("sample_calls.toml")).published, 0);
    let stopped = first.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    sandbox.fsck();
}
