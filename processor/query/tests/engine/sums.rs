//! Day and hour rows: increments are summed, what cancels out is gone, teams are those of the day.

use std::sync::Arc;

use paceline_schemas::tables;

use crate::seed::{Floor, Row, at, day, lines, row};

fn increment(on: &str, rep: &'static str, dials: i64, wins: i64) -> Row {
    row! { business_date: day(on), rep_id: rep, site_id: "main", currency: "USD", dials: dials, wins: wins }
}

fn teams(floor: &Floor) {
    floor.write(
        "dim_rep",
        &[
            row! { rep_id: "ann", team_id: "east", site_id: "main", role: "seller", fte_bp: 10_000,
            valid_from: day("2026-01-01"), valid_to: day("2026-03-31") },
            row! { rep_id: "ann", team_id: "west", site_id: "main", role: "seller", fte_bp: 10_000,
            valid_from: day("2026-04-01") },
        ],
    );
    let below = |above: &'static str, kind: &'static str, below: &'static str, from: &str, to: Option<&str>| {
        let mut row = row! { ancestor_id: above, ancestor_kind: kind, descendant_id: below, descendant_kind: "rep",
        depth: 1, valid_from: day(from) };
        if let Some(to) = to {
            row.insert("valid_to", day(to).into());
        }
        row
    };
    floor.write(
        "dim_org",
        &[
            below("east", "team", "ann", "2026-01-01", Some("2026-03-31")),
            below("west", "team", "ann", "2026-04-01", None),
            below("west", "team", "bob", "2026-01-01", None),
            below("all", "company", "ann", "2026-01-01", None),
            below("all", "company", "bob", "2026-01-01", None),
            row! { ancestor_id: "all", ancestor_kind: "company", descendant_id: "west", descendant_kind: "team", depth: 1,
            valid_from: day("2026-01-01") },
        ],
    );
}

fn floor() -> Arc<Floor> {
    let floor = Floor::new();
    teams(&floor);
    floor.write(
        "agg_rep_day",
        &[
            increment("2026-03-31", "ann", 5, 1),
            increment("2026-04-01", "ann", 7, 0),
        ],
    );
    floor.write("agg_rep_day", &[increment("2026-04-01", "bob", 2, 2)]);
    // A correction that came months later, and one that takes everything back.
    floor.write(
        "agg_rep_day",
        &[
            increment("2026-03-31", "ann", 1, -1),
            increment("2026-04-01", "bob", -2, -2),
        ],
    );
    floor
}

#[test]
fn increments_are_summed_and_teams_are_those_of_the_day() {
    let engine = floor().engine();
    let found = lines(
        &engine,
        "SELECT business_date, rep_id, team_id, dials, wins FROM agg_rep_day ORDER BY 1, 2",
    );
    assert_eq!(found, ["2026-03-31 ann east 6 0", "2026-04-01 ann west 7 0"]);
    let stored = lines(&engine, "SELECT COUNT(*), SUM(dials) FROM stored.agg_rep_day");
    assert_eq!(stored, ["5 13"]);
}

#[test]
fn a_place_without_campaign_is_a_place_of_its_own() {
    let floor = Floor::new();
    let mut with = increment("2026-04-01", "ann", 1, 0);
    with.insert("campaign_id", "spring".into());
    floor.write(
        "agg_rep_day",
        &[
            increment("2026-04-01", "ann", 2, 0),
            with,
            increment("2026-04-01", "ann", 3, 0),
        ],
    );
    let found = lines(
        &floor.engine(),
        "SELECT campaign_id, team_id, dials FROM agg_rep_day ORDER BY dials",
    );
    assert_eq!(found, ["spring NULL 1", "NULL NULL 5"]);
}

#[test]
fn a_node_sums_the_reps_that_were_below_it_on_the_day() {
    let engine = floor().engine();
    let found = lines(
        &engine,
        "SELECT node_id, business_date, dials FROM agg_team_day ORDER BY 1, 2",
    );
    assert_eq!(
        found,
        [
            "all 2026-03-31 6",
            "all 2026-04-01 7",
            "east 2026-03-31 6",
            "west 2026-04-01 7"
        ]
    );
}

#[test]
fn hours_are_summed_like_days() {
    let floor = Floor::new();
    teams(&floor);
    let hour = |start: &str, hour: i64, dials: i64| {
        let mut row = increment("2026-04-01", "ann", dials, 0);
        row.extend(row! { hour_start: at(start), local_hour: hour });
        row
    };
    // The repeated hour of a change of clocks: one local hour, two instants.
    floor.write(
        "agg_rep_hour",
        &[hour("2026-04-01T08:00:00Z", 1, 4), hour("2026-04-01T09:00:00Z", 1, 2)],
    );
    floor.write(
        "agg_rep_hour",
        &[hour("2026-04-01T08:00:00Z", 1, -4), hour("2026-04-01T09:00:00Z", 1, 1)],
    );
    let found = lines(
        &floor.engine(),
        "SELECT hour_start, local_hour, team_id, dials FROM agg_rep_hour",
    );
    assert_eq!(found, ["2026-04-01T09:00:00Z 1 west 3"]);
}

#[test]
fn without_files_every_table_and_view_is_there_and_empty() {
    let engine = Floor::new().engine();
    for table in tables::all() {
        let schema = if table.is_stored() { "stored." } else { "" };
        assert_eq!(
            lines(&engine, &format!("SELECT COUNT(*) FROM {schema}{}", table.name)),
            ["0"],
            "{}",
            table.name
        );
    }
}

#[test]
fn columns_and_types_are_those_of_the_contract() {
    let engine = floor().engine();
    for table in tables::all() {
        let schema = if table.is_stored() { "stored." } else { "" };
        let (found, _) = engine
            .query_all(&format!("SELECT * FROM {schema}{}", table.name))
            .expect(table.name);
        let found: Vec<_> = found
            .fields()
            .iter()
            .map(|field| (field.name().as_str(), field.data_type().clone()))
            .collect();
        let contract: Vec<_> = table
            .columns
            .iter()
            .map(|column| (column.name, column.kind.arrow()))
            .collect();
        assert_eq!(found, contract, "{}", table.name);
    }
}

#[test]
fn the_newest_set_counts_per_table_and_shard() {
    let floor = Floor::new();
    let set = |shard: &'static str, version: i64, published: &str| {
        row! { table: "agg_rep_day", shard: shard, version: version, seq: version * 2, next_offset: 10,
        watermark: at("2026-04-01T00:00:00Z"), published_at: at(published) }
    };
    floor.write(
        "ops_publish_log",
        &[set("0", 3, "2026-04-01T10:00:00Z"), set("1", 3, "2026-04-01T10:00:00Z")],
    );
    floor.write("ops_publish_log", &[set("0", 4, "2026-04-01T10:01:00Z")]);
    let found = lines(
        &floor.engine(),
        "SELECT \"table\", shard, version, seq, stale FROM ops_freshness ORDER BY shard",
    );
    assert_eq!(found, ["agg_rep_day 0 4 8 NULL", "agg_rep_day 1 3 6 NULL"]);
}
