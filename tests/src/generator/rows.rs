//! The files of a floor.

use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Call, Deal, Ending, Person};

/// Columns of the call file.
pub const CALL_COLUMNS: [&str; 17] = [
    "call",
    "leg",
    "rep",
    "direction",
    "start",
    "answered",
    "end",
    "ring",
    "talk",
    "hold",
    "wrap",
    "result",
    "phone",
    "campaign",
    "lead_source",
    "callback_due",
    "callback_for",
];

/// Writes the people file: one row per rep.
///
/// # Errors
/// When `out` takes no more.
pub fn write_people(out: impl Write, people: &[Person]) -> csv::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(["rep", "name", "team", "manager", "office", "hired"])?;
    for person in people {
        let hired_on = person.hired_on.to_string();
        rows.write_record([
            &person.rep_id,
            &person.display_name,
            person.team,
            person.manager,
            person.office,
            &hired_on,
        ])?;
    }
    rows.flush()?;
    Ok(())
}

/// Writes rows of the call file, with or without the names of its columns.
///
/// # Errors
/// When `out` takes no more.
pub fn write_calls(out: impl Write, calls: &[Call], with_header: bool) -> csv::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    if with_header {
        rows.write_record(CALL_COLUMNS)?;
    }
    for call in calls {
        rows.write_record([
            &call.call_id,
            &call.leg.to_string(),
            &call.rep_id,
            call.direction.word(),
            &clock(Some(call.started)),
            &clock(call.answered),
            &clock(Some(call.ended)),
            &call.ring_s.to_string(),
            &number(call.talk_s),
            &number(call.hold_s),
            &call.wrap_s.to_string(),
            call.outcome.code,
            &call.phone,
            call.campaign,
            call.lead_source,
            &clock(call.callback_due),
            &clock(call.callback_for),
        ])?;
    }
    rows.flush()?;
    Ok(())
}

/// Writes the deal file: one row per deal.
///
/// # Errors
/// When `out` takes no more.
pub fn write_deals(out: impl Write, deals: &[Deal]) -> csv::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record([
        "deal",
        "rep",
        "account",
        "product",
        "lead_source",
        "stage",
        "opened",
        "closed",
        "amount",
        "lost_reason",
    ])?;
    for deal in deals {
        let (stage, closed, amount, lost_reason) = match deal.ending {
            Ending::Open => ("Open", String::new(), String::new(), ""),
            Ending::Won(day) => ("Won", day.to_string(), money(deal.amount_minor), ""),
            Ending::Lost(day) => ("Lost", day.to_string(), String::new(), deal.lost_reason),
        };
        rows.write_record([
            &deal.deal_id,
            &deal.rep_id,
            &deal.account,
            deal.product,
            deal.lead_source,
            stage,
            &deal.opened.to_string(),
            &closed,
            &amount,
            lost_reason,
        ])?;
    }
    rows.flush()?;
    Ok(())
}

fn clock(instant: Option<i64>) -> String {
    instant.map_or_else(String::new, |second| {
        let local = Timestamp::from_second(second)
            .expect("an instant")
            .to_zoned_datetime(TimeZone::UTC)
            .datetime();
        local.to_string().replace('T', " ")
    })
}

fn number(value: Option<i64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn money(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}
