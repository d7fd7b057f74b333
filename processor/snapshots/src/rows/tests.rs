use paceline_schemas::codec::{Limits, decode};
use paceline_schemas::measures::contribution;

use super::*;

fn event(text: &str) -> Event {
    decode(text.as_bytes(), Limits::default()).expect("event")
}

fn won(rep: &str, day: &str, offset: i64) -> (Event, Arrival) {
    let text = format!(
        r#"{{"specversion":"1.0","type":"paceline.deal.won","source":"//t/file/crm","id":"{rep}{day}{offset}","time":"{day}T00:00:00Z",
        "data":{{"rep_id":"{rep}","site_id":"main","business_date":"{day}","hour":"{day}T00:00:00Z","currency":"USD","deal_id":"D{offset}",
        "credit_role":"owner","amount_minor":500,"credit_minor":500}}}}"#
    );
    (
        event(&text),
        Arrival {
            shard: 0,
            offset,
            appended_at: Instant(0),
            late: false,
        },
    )
}

fn gather(events: &[(Event, Arrival)]) -> Vec<(&'static str, RecordBatch)> {
    let mut rows = Rows::default();
    for (event, arrival) in events {
        rows.fact(event, *arrival);
        for (place, vector) in contribution(event).parts() {
            rows.increment(place, vector);
        }
        let day = event.data.keyed().map(|keyed| keyed.business_date);
        rows.book("//t/file/crm", day, arrival.appended_at, Booked::Applied { late: true });
    }
    rows.take()
}

#[test]
fn rows_follow_the_contract_and_its_order() {
    let tables = gather(&[
        won("b", "2017-03-02", 0),
        won("a", "2017-03-02", 1),
        won("z", "2017-03-01", 2),
    ]);
    let names: Vec<&str> = tables.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "fct_deal_event",
            "agg_rep_hour",
            "agg_rep_day",
            "ops_ingest_day",
            "ops_late_event"
        ]
    );
    let (_, deals) = &tables[0];
    let offsets = deals.column_by_name("offset").expect("column");
    let offsets = offsets
        .as_any()
        .downcast_ref::<arrow::array::Int64Array>()
        .expect("integers");
    assert_eq!(offsets.values().as_ref(), [2, 1, 0]);
}

#[test]
fn increments_of_one_place_are_one_row_and_zero_sums_are_none() {
    let events = [won("a", "2017-03-01", 0), won("a", "2017-03-01", 1)];
    let mut rows = Rows::default();
    for (event, _) in &events {
        for (place, vector) in contribution(event).parts() {
            rows.increment(place, vector);
        }
    }
    assert_eq!(
        rows.take()
            .iter()
            .map(|(_, batch)| batch.num_rows())
            .collect::<Vec<_>>(),
        [1, 1]
    );
    for (place, vector) in contribution(&events[0].0).parts() {
        rows.increment(place, vector);
        rows.increment(place, &-*vector);
    }
    assert!(rows.take().is_empty());
}

#[test]
fn the_calendar_reaches_past_the_fiscal_year_after_the_next() {
    let site = paceline_schemas::site::Site::utc(
        paceline_schemas::ids::SiteId::new("main").expect("id"),
        paceline_schemas::ids::Currency::new("USD").expect("currency"),
    );
    let (_, batch) = calendar([&site], Day::parse("2026-11-25").expect("day"));
    let days = batch.column_by_name("business_date").expect("column");
    let days = days
        .as_any()
        .downcast_ref::<arrow::array::Date32Array>()
        .expect("dates");
    assert_eq!(Day(days.value(0)).to_string(), "2000-01-01");
    assert_eq!(Day(days.value(days.len() - 1)).to_string(), "2028-12-31");
}

#[test]
fn people_events_make_validities_and_the_tree() {
    let text = |event_type: &str, id: &str, data: &str| {
        event(&format!(
            r#"{{"specversion":"1.0","type":"paceline.{event_type}","source":"//t/file/hr","id":"{id}","time":"2017-01-01T00:00:00Z","data":{data}}}"#
        ))
    };
    let events = [
        text(
            "org.defined",
            "1",
            r#"{"node_id":"co","kind":"company","name":"Co","valid_from":"2017-01-01"}"#,
        ),
        text(
            "org.defined",
            "2",
            r#"{"node_id":"t1","kind":"team","parent_id":"co","name":"T1","valid_from":"2017-01-01"}"#,
        ),
        text(
            "org.defined",
            "3",
            r#"{"node_id":"t2","kind":"team","parent_id":"co","name":"T2","valid_from":"2017-01-01"}"#,
        ),
        text(
            "rep.hired",
            "4",
            r#"{"rep_id":"a","hired_on":"2017-01-01","role":"seller","site_id":"main","team_id":"t1","fte_bp":10000}"#,
        ),
        text(
            "rep.assigned",
            "5",
            r#"{"rep_id":"a","team_id":"t2","site_id":"main","role":"seller","fte_bp":5000,"valid_from":"2017-06-01"}"#,
        ),
        text(
            "rep.left",
            "6",
            r#"{"rep_id":"a","left_on":"2017-12-31","kind":"resigned"}"#,
        ),
    ];
    let tables = people(&events);
    assert_eq!(tables[0].1.num_rows(), 2, "two validities");
    // Three nodes with themselves, two teams below the company, the rep below each team and the company, and so the reserve
    // of each team; that of the company below the company alone.
    assert_eq!(tables[1].1.num_rows(), 3 + 2 + 4 + 4 + 1);
}
