//! The topic of targets: read whole, appended to in order.

use paceline_ingest::log::{Log, LogReader, ReadLimit, Record};
use paceline_schemas::codec::{Limits, decode, encode};
use paceline_schemas::envelope::Envelope;
use paceline_schemas::event::{Data, Event, EventType, Target};
use paceline_schemas::ids::{EventId, Label, Source};
use paceline_schemas::position::{Offset, Topic};
use paceline_schemas::symbol::DecidedBy;
use paceline_schemas::time::{Day, Instant};
use paceline_targets::{Entry, Policy};

use crate::failure::Failure;

/// Events that are appended together.
const BATCH: usize = 1_000;

/// Hands over every entry from offset `from` on, or from the start; returns the offset after the last.
///
/// # Errors
/// The log cannot be read.
pub(crate) fn each(
    log: &(impl LogReader + ?Sized),
    from: Option<Offset>,
    mut take: impl FnMut(&Entry),
) -> Result<Offset, Failure> {
    let bounds = log.bounds(Topic::Targets, 0)?;
    let mut at = from.unwrap_or(bounds.low);
    while at < bounds.next {
        let records = log.read(Topic::Targets, 0, at, ReadLimit::default())?;
        let Some(last) = records.last() else { break };
        at = last.offset + 1;
        for record in &records {
            match decode(&record.payload, Limits::default()) {
                Ok(event) => take(&Entry {
                    event,
                    recorded_at: record.append_time,
                }),
                Err(refused) => {
                    tracing::warn!(offset = record.offset, reject = %refused.reject, "a record about targets is passed over");
                }
            }
        }
    }
    Ok(at)
}

/// Appends events in their order.
///
/// # Errors
/// The log cannot be written; what was appended before stays.
pub(super) fn append(log: &dyn Log, events: &[Event]) -> Result<(), Failure> {
    for batch in events.chunks(BATCH) {
        let records = batch.iter().map(|event| {
            let key = match &event.data {
                Data::Target(data) => data.target_id.as_ref().map(ToString::to_string).unwrap_or_default(),
                _ => String::new(),
            };
            Record::to(0, key.into_bytes(), encode(event))
        });
        log.append(Topic::Targets, records.collect())?;
    }
    Ok(())
}

/// The event that publishes a policy.
pub(super) fn policy(policy: &Policy, version: &str, source: Source, at: Instant) -> Event {
    let id = format!("policy/{version}");
    let data = Target {
        policy: serde_json::from_str(&policy.canonical()).ok(),
        policy_version: Label::new(version).ok(),
        valid_from: Some(Day(0)),
        decided_by: Some(DecidedBy::Import),
        decider_id: Label::new("configuration").ok(),
        ..Target::default()
    };
    Event {
        envelope: Envelope::new(
            EventType::TargetPolicyPublished,
            source,
            EventId::new(&id).unwrap_or_default(),
            at,
        ),
        data: Data::Target(Box::new(data)),
    }
}
