//! The versions of a target: what has become of each, when it counts, and when the log knew it.

use std::sync::Arc;

use crate::plan::{Month, Version};
use crate::seed::{Floor, at, day, lines, row};

fn version_of(number: i64, from: &str, proposal: Option<&'static str>, recorded_at: &'static str) -> Version {
    let from = day(from);
    Version {
        number,
        value: 10 * number,
        from,
        kept: 0,
        weights: vec![1; usize::try_from(day("2026-04-30").0 - from.0 + 1).expect("few")],
        denominator: None,
        recorded_at,
        proposal,
    }
}

/// A month of five versions, a lock, and the proposals that they belong to.
fn versions() -> Arc<Floor> {
    let floor = Floor::new();
    let start = day("2026-04-01");
    let versions = vec![
        version_of(1, "2026-04-01", Some("plan"), "2026-01-01T00:00:00Z"),
        version_of(2, "2026-04-20", None, "2026-04-08T00:00:00Z"),
        version_of(3, "2026-04-10", Some("mend"), "2026-04-08T12:00:00Z"),
        version_of(4, "2026-04-25", Some("torn"), "2026-04-09T00:00:00Z"),
        version_of(5, "2026-04-25", Some("never"), "2026-04-09T00:00:00Z"),
        version_of(6, "2026-04-25", Some("young"), "2026-04-13T00:00:00Z"),
        version_of(7, "2026-04-25", Some("whole"), "2026-04-09T00:00:00Z"),
    ];
    let month = Month {
        node: "ann",
        parent: "east",
        metric: "wins",
        unit: "count",
        year_start: day("2026-01-01"),
        start,
        versions,
    };
    let lock = |number: i64, lock: &'static str, bound: i64, recorded_at: &str| {
        row! { target_id: "east:wins:2026-04:month", version: number, node_id: "east", node_kind: "team",
        metric: "wins", unit: "count", period_kind: "month", period_start: start, period_end: day("2026-04-30"), valid_from: start,
        lock: lock, bound: bound, decided_at: at(recorded_at), effective_at: at(recorded_at),
        recorded_at: at(recorded_at) }
    };
    let locks = [
        lock(1, "floor", 5, "2026-02-01T00:00:00Z"),
        lock(2, "none", 0, "2026-03-01T00:00:00Z"),
    ];
    floor.write("tgt_target", &[month.rows(), locks.to_vec()].concat());
    let proposal = |id: &'static str, state: &'static str, recorded_at: &str| {
        row! { proposal_id: id, state: state, size: 1, received: 1, recorded_at: at(recorded_at) }
    };
    let approved = |id: &'static str, effective_at: &str, ended_at: &str| {
        let mut row = proposal(id, "approved", "2026-01-01T00:00:00Z");
        row.extend(row! { effective_at: at(effective_at), ended_at: at(ended_at), ended_by: "boss" });
        row
    };
    floor.write(
        "tgt_proposal",
        &[
            approved("plan", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"),
            approved("mend", "2026-04-10T00:00:00Z", "2026-04-09T00:00:00Z"),
            proposal("torn", "incomplete", "2026-04-09T00:00:00Z"),
            proposal("never", "withdrawn", "2026-04-09T00:00:00Z"),
            proposal("young", "incomplete", "2026-04-13T00:00:00Z"),
            proposal("whole", "complete", "2026-04-09T00:00:00Z"),
        ],
    );
    floor
}

fn published(floor: &Arc<Floor>, watermark: &str, published_at: &str) {
    let row = row! { table: "tgt_target", shard: "0", version: 1, seq: 1, next_offset: 1, watermark: at(watermark),
    published_at: at(published_at) };
    floor.write("ops_publish_log", &[row]);
}

#[test]
fn a_version_says_when_it_counts_and_when_the_log_knew_it() {
    let floor = versions();
    published(&floor, "2026-04-09T18:00:00Z", "2026-04-13T06:00:00Z");
    let sql = "SELECT version, status, approved_at, superseded_at, valid_from, valid_to FROM tgt_target \
               WHERE lock IS NULL ORDER BY version";
    let expected = [
        "1 superseded 2026-01-03T00:00:00Z 2026-04-08T00:00:00Z 2026-04-01 2026-04-10",
        "2 superseded 2026-04-08T00:00:00Z 2026-04-09T00:00:00Z 2026-04-20 2026-04-20",
        "3 approved 2026-04-09T00:00:00Z NULL 2026-04-10 NULL",
        "4 incomplete NULL NULL 2026-04-25 NULL",
        "5 withdrawn NULL NULL 2026-04-25 NULL",
        "6 proposed NULL NULL 2026-04-25 NULL",
        "7 proposed NULL NULL 2026-04-25 NULL",
    ];
    assert_eq!(lines(&floor.engine(), sql), expected);
    let locks =
        "SELECT version, lock, value, bound, status, superseded_at FROM tgt_target WHERE lock IS NOT NULL ORDER BY 1";
    let expected = [
        "1 floor NULL 5 superseded 2026-03-01T00:00:00Z",
        "2 none NULL 0 active NULL",
    ];
    assert_eq!(lines(&floor.engine(), locks), expected);
}

#[test]
fn an_approved_version_is_active_once_the_watermark_has_passed_its_start() {
    let floor = versions();
    published(&floor, "2026-04-10T00:00:00Z", "2026-04-14T00:00:00Z");
    let sql = "SELECT version, status FROM tgt_target WHERE lock IS NULL AND version IN (3, 6) ORDER BY version";
    assert_eq!(lines(&floor.engine(), sql), ["3 active", "6 incomplete"]);
}

#[test]
fn what_was_known_on_a_day_is_one_version_of_each_month() {
    let floor = versions();
    published(&floor, "2026-04-10T00:00:00Z", "2026-04-14T00:00:00Z");
    let engine = floor.engine();
    let known = |on: &str| {
        let sql = format!(
            "SELECT version FROM tgt_target WHERE lock IS NULL AND approved_at <= TIMESTAMP '{on}' \
             AND (superseded_at IS NULL OR superseded_at > TIMESTAMP '{on}')"
        );
        lines(&engine, &sql)
    };
    assert!(known("2026-01-02T00:00:00Z").is_empty());
    assert_eq!(known("2026-03-01T00:00:00Z"), ["1"]);
    assert_eq!(known("2026-04-08T10:00:00Z"), ["2"]);
    assert_eq!(known("2026-04-09T00:00:00Z"), ["3"]);
}
