//! What a real Kafka with four partitions ends in is what the embedded log ends in.

use paceline_tests::generator::{Floor, Plan, write_calls, write_people};
use paceline_tests::sandbox::{Dump, Sandbox, mapping};

use crate::shared_broker;

pub(crate) fn floor() -> Floor {
    Floor::new(&Plan {
        seed: 23,
        days: 45,
        ..Plan::sample()
    })
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn a_floor_imported_over_kafka_has_the_same_tables() {
    let floor = floor();
    let embedded = Sandbox::new();
    embedded.import_floor(&floor);
    let kafka = Sandbox::on_kafka(&shared_broker());
    kafka.import_floor(&floor);
    Dump::of(&kafka).assert_same(&Dump::of(&embedded), "over Kafka");
    kafka.fsck();

    let again = kafka.file("calls-again.csv", {
        let mut calls = Vec::new();
        write_calls(&mut calls, &floor.calls, true).expect("a vector takes everything");
        calls.push(b'\n');
        calls
    });
    let report = kafka.import(&[&again], &mapping("sample_calls.toml"));
    assert_eq!(report.published, 0, "{}", report.whole);
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn a_data_directory_that_is_gone_is_made_again_from_the_topics() {
    let floor = floor();
    let kafka = Sandbox::on_kafka(&shared_broker());
    kafka.import_floor(&floor);
    let before = Dump::of(&kafka);
    std::fs::remove_dir_all(kafka.data()).expect("removed");
    // Any writing command reads what is in the log.
    kafka.succeed(&["jobs", "run", "snap_rep_window"]);
    let mut people = Vec::new();
    write_people(&mut people, &floor.people).expect("a vector takes everything");
    let report = kafka.import(&[&kafka.file("people.csv", people)], &mapping("sample_people.toml"));
    assert_eq!(report.published, 0, "{}", report.whole);
    Dump::of(&kafka).assert_same(&before, "after the data directory was lost");
    kafka.fsck();
}
