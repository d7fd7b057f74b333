//! Keys of entities: a letter for the family and the parts, separated by a byte that no identifier contains.

use paceline_schemas::event::{EventType, People};
use paceline_schemas::ids::{CallId, CustomerKey, DealId, LeadId, LegId, RepId, Source};
use paceline_schemas::time::Instant;

const SEPARATOR: u8 = 0;

fn key(family: u8, parts: &[&str]) -> Vec<u8> {
    let mut key = Vec::with_capacity(96);
    key.push(family);
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            key.push(SEPARATOR);
        }
        key.extend_from_slice(part.as_bytes());
    }
    key
}

pub(crate) fn leg(source: &Source, call_id: &CallId, leg_id: &LegId) -> Vec<u8> {
    // Most legs are called like their call.
    let leg = if leg_id.as_str() == call_id.as_str() {
        ""
    } else {
        leg_id.as_str()
    };
    key(b'c', &[source.as_str(), call_id.as_str(), leg])
}

pub(crate) fn deal(source: &Source, deal_id: &DealId) -> Vec<u8> {
    key(b'd', &[source.as_str(), deal_id.as_str()])
}

pub(crate) fn lead(source: &Source, lead_id: &LeadId) -> Vec<u8> {
    key(b'l', &[source.as_str(), lead_id.as_str()])
}

pub(crate) fn interval(source: &Source, rep_id: &RepId, started_at: Instant) -> Vec<u8> {
    key(
        b's',
        &[source.as_str(), rep_id.as_str(), &format!("{:x}", started_at.0)],
    )
}

pub(crate) fn customer(customer_key: &CustomerKey) -> Vec<u8> {
    key(b'k', &[customer_key.as_str()])
}

/// People are entities by type, rep or node, and date; an objection by number and what it covers.
pub(crate) fn people(event_type: EventType, source: &Source, people: &People) -> Vec<u8> {
    let day = match event_type {
        EventType::RepHired => people.hired_on,
        EventType::RepRostered => people.on,
        EventType::RepAbsent => people.from,
        EventType::RepLeft => people.left_on,
        _ => people.valid_from,
    };
    let day = day.map_or_else(String::new, |day| day.0.to_string());
    let text = |symbol: Option<&'static str>| symbol.unwrap_or("");
    key(
        b'p',
        &[
            event_type.name(),
            source.as_str(),
            people.rep_id.as_str(),
            people.node_id.as_ref().map_or("", |id| id.as_str()),
            &day,
            people.suppression_key.as_ref().map_or("", |key| key.as_str()),
            text(people.scope.map(|scope| scope.as_str())),
            people.scope_id.as_ref().map_or("", |id| id.as_str()),
            text(people.channel.map(|channel| channel.as_str())),
        ],
    )
}

/// Where memory keeps the positions that it is complete to.
pub(crate) const COMPLETE_TO: &[u8] = b"0/complete_to";
