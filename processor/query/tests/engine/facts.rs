//! `fct_call` and `fct_lead`: the version that stands, the rep who holds, the first touch.

use std::sync::Arc;

use paceline_schemas::time::Instant;

use crate::seed::{Floor, Row, at, day, lines, row};

const SOURCE: &str = "//acme/dialer/main";

fn event(offset: i64, kind: &'static str, id: &'static str, rep: &'static str, revision: i64) -> Row {
    row! { shard: 0, offset: offset, source: SOURCE, event_id: id, type: kind, revision: revision, rep_id: rep,
    site_id: "main", currency: "USD", occurred_at: at("2026-04-01T10:00:00Z"), business_date: day("2026-04-01"),
    business_month: "2026-04" }
}

fn with(mut base: Row, more: Row) -> Row {
    base.extend(more);
    base
}

fn leg(offset: i64, id: &'static str, rep: &'static str, revision: i64, more: Row) -> Row {
    let kind = if revision == 0 {
        "call.completed"
    } else {
        "call.amended"
    };
    with(
        with(
            event(offset, kind, id, rep, revision),
            row! { call_id: "c1", leg_id: "1" },
        ),
        more,
    )
}

fn calls(rows: &[Row]) -> Vec<String> {
    let floor = Floor::new();
    // One file per row, so that nothing depends on the order of rows in a file.
    for row in rows {
        floor.write("fct_call_event", std::slice::from_ref(row));
    }
    lines(
        &floor.engine(),
        "SELECT rep_id, event_id, disposition FROM fct_call ORDER BY 1",
    )
}

#[test]
fn the_highest_revision_of_a_leg_stands_in_any_order() {
    let first = leg(1, "a", "ann", 0, row! { disposition: "contact" });
    let second = leg(2, "b", "ann", 5, row! { disposition: "sale" });
    assert_eq!(calls(&[first.clone(), second.clone()]), ["ann b sale"]);
    assert_eq!(calls(&[second, first]), ["ann b sale"]);
}

#[test]
fn a_retracted_leg_is_gone_and_comes_back_with_a_later_version() {
    let first = leg(1, "a", "ann", 0, row! {});
    let gone = leg(2, "b", "ann", 5, row! { retracted: true });
    let back = leg(3, "c", "ann", 6, row! { disposition: "voicemail" });
    assert!(calls(&[first.clone(), gone.clone()]).is_empty());
    assert_eq!(calls(&[first, gone, back]), ["ann c voicemail"]);
}

#[test]
fn a_leg_that_moved_to_another_rep_is_there_once() {
    let first = leg(1, "a", "ann", 0, row! {});
    let out = leg(2, "b#out", "ann", 5, row! { retracted: true });
    let own = leg(3, "b", "bob", 5, row! {});
    assert_eq!(calls(&[first, out, own]), ["bob b NULL"]);
}

#[test]
fn legs_of_one_call_and_calls_of_two_sources_stay_apart() {
    let other_leg = with(leg(2, "b", "ann", 0, row! {}), row! { leg_id: "2" });
    let other_source = with(leg(3, "c", "ann", 0, row! {}), row! { source: "//acme/dialer/other" });
    assert_eq!(
        calls(&[leg(1, "a", "ann", 0, row! {}), other_leg, other_source]).len(),
        3
    );
}

fn lead(offset: i64, kind: &'static str, id: &'static str, rep: &'static str, occurred: Instant, more: Row) -> Row {
    let own = row! { lead_id: "l1", occurred_at: occurred };
    with(with(event(offset, kind, id, rep, 0), own), more)
}

fn leads(rows: &[Row]) -> Arc<Floor> {
    let floor = Floor::new();
    for row in rows {
        floor.write("fct_lead_event", std::slice::from_ref(row));
    }
    floor
}

const OWNER: &str = "SELECT rep_id, assigned_at FROM fct_lead";

#[test]
fn a_lead_belongs_to_the_rep_of_its_newest_assignment_or_transfer() {
    let assigned = lead(1, "lead.assigned", "a", "ann", at("2026-04-01T08:00:00Z"), row! {});
    // A correction of the assignment has a higher revision than a transfer, and is older all the same.
    let amended = lead(
        2,
        "lead.amended",
        "b",
        "ann",
        at("2026-04-01T08:30:00Z"),
        row! { revision: 9 },
    );
    let out = lead(
        3,
        "lead.transferred",
        "t#out",
        "ann",
        at("2026-04-02T08:00:00Z"),
        row! { side: "out" },
    );
    let into = lead(
        4,
        "lead.transferred",
        "t#in",
        "bob",
        at("2026-04-02T08:00:00Z"),
        row! { side: "in" },
    );
    let floor = leads(&[assigned.clone(), amended.clone()]);
    assert_eq!(lines(&floor.engine(), OWNER), ["ann 2026-04-01T08:30:00Z"]);
    let floor = leads(&[into, out, amended, assigned]);
    assert_eq!(lines(&floor.engine(), OWNER), ["bob 2026-04-02T08:00:00Z"]);
}

#[test]
fn a_transfer_in_the_instant_of_the_assignment_follows_it() {
    let same = at("2026-04-01T00:00:00Z");
    let floor = leads(&[
        lead(1, "lead.transferred", "a", "bob", same, row! { side: "in" }),
        lead(2, "lead.assigned", "z", "ann", same, row! {}),
    ]);
    assert_eq!(lines(&floor.engine(), OWNER), ["bob 2026-04-01T00:00:00Z"]);
}

#[test]
fn a_retracted_assignment_holds_no_lead() {
    let when = at("2026-04-01T08:00:00Z");
    let assigned = lead(1, "lead.assigned", "a", "ann", when, row! {});
    let retracted = lead(
        2,
        "lead.amended",
        "b",
        "ann",
        when,
        row! { revision: 9, retracted: true },
    );
    assert!(lines(&leads(&[assigned, retracted]).engine(), OWNER).is_empty());
}

#[test]
fn the_first_touch_is_the_first_outbound_call_whatever_came_in_before() {
    let floor = leads(&[lead(
        1,
        "lead.assigned",
        "a",
        "ann",
        at("2026-04-01T08:00:00Z"),
        row! {},
    )]);
    let call = |id: &'static str, direction: &'static str, started: &str| {
        with(
            leg(1, id, "ann", 0, row! { lead_id: "l1" }),
            row! { call_id: id, direction: direction, started_at: at(started) },
        )
    };
    floor.write(
        "fct_call_event",
        &[
            call("x", "inbound", "2026-04-01T09:00:00Z"),
            call("y", "outbound", "2026-04-01T11:00:00Z"),
        ],
    );
    floor.write("fct_call_event", &[call("z", "callback", "2026-04-01T10:00:00Z")]);
    let found = lines(&floor.engine(), "SELECT first_touch_at FROM fct_lead");
    assert_eq!(found, ["2026-04-01T10:00:00Z"]);
}
