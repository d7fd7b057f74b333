//! The envelope: CloudEvents 1.0 attributes of an event.

use crate::event::EventType;
use crate::ids::{EventId, Label, LongLabel, Source, Text256, Text1000};
use crate::reject::{Reason, Reject};
use crate::time::Instant;

/// Oldest time that is taken, 2000-01-01: errors of unit end in 1970.
pub const TIME_MIN: Instant = Instant(946_684_800_000_000);

/// Who says what happened when.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// Type of the event.
    pub event_type: EventType,
    /// Where it came from.
    pub source: Source,
    /// Id, unique within the source.
    pub id: EventId,
    /// When the fact happened.
    pub time: Instant,
    /// For people only.
    pub subject: Option<Text256>,
    /// Lead or conversation that ties events together.
    pub correlationid: Option<LongLabel>,
    /// Id of the cause.
    pub causationid: Option<EventId>,
    /// When this CloudEvent was made.
    pub recordedtime: Option<Instant>,
    /// The source's order; informational.
    pub sequence: Option<LongLabel>,
    /// The published set from which a decision was read.
    pub publishedset: Option<Label>,
    /// How far that set held each shard: `0:91544,1:90210`.
    pub publishedoffsets: Option<Text1000>,
}

impl Envelope {
    /// An envelope with its required attributes.
    pub fn new(event_type: EventType, source: Source, id: EventId, time: Instant) -> Self {
        Self {
            event_type,
            source,
            id,
            time,
            subject: None,
            correlationid: None,
            causationid: None,
            recordedtime: None,
            sequence: None,
            publishedset: None,
            publishedoffsets: None,
        }
    }
}

/// Checks an event's time against the time at which it was received.
///
/// # Errors
/// `bad_time` before 2000, `clock_skew` more than `skew_us` after `received`.
pub fn check_time(time: Instant, received: Instant, skew_us: i64) -> Result<(), Reject> {
    if time < TIME_MIN {
        return Err(Reject::new(
            Reason::BadTime,
            format!("`time`: {time} lies before 2000-01-01"),
        ));
    }
    if time.0 > received.0.saturating_add(skew_us) {
        let detail = format!(
            "`time`: {time} lies more than {} s after its receipt at {received}",
            skew_us / 1_000_000
        );
        return Err(Reject::new(Reason::ClockSkew, detail));
    }
    Ok(())
}

/// The major version that `dataschema` names; 1 where it is absent.
///
/// # Errors
/// The text is no `urn:paceline:event:<name>:<major>.<minor>`.
pub fn major_version(dataschema: Option<&str>, name: &str) -> Result<u32, Reject> {
    let Some(text) = dataschema else { return Ok(1) };
    text.strip_prefix("urn:paceline:event:")
        .and_then(|rest| rest.strip_prefix(name))
        .and_then(|rest| rest.strip_prefix(':'))
        .and_then(|version| version.split_once('.'))
        .and_then(|(major, minor)| minor.parse::<u32>().ok().and_then(|_| major.parse().ok()))
        .ok_or_else(|| {
            Reject::new(
                Reason::BadEnvelope,
                format!("`dataschema`: expected urn:paceline:event:{name}:<major>.<minor>"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_taken_from_2000_to_a_little_after_now() {
        let now = Instant::parse("2026-11-25T00:00:00Z").expect("instant");
        let skew_us = 600_000_000;
        let reason = |us: i64| check_time(Instant(us), now, skew_us).err().map(|reject| reject.reason);
        assert_eq!(reason(now.0 + skew_us), None);
        assert_eq!(reason(now.0 + skew_us + 1), Some(Reason::ClockSkew));
        assert_eq!(reason(TIME_MIN.0), None);
        assert_eq!(reason(TIME_MIN.0 - 1), Some(Reason::BadTime));
    }

    #[test]
    fn versions_are_read_from_the_schema_name() {
        assert_eq!(major_version(None, "deal.won").ok(), Some(1));
        assert_eq!(
            major_version(Some("urn:paceline:event:deal.won:2.7"), "deal.won").ok(),
            Some(2)
        );
        assert!(major_version(Some("urn:paceline:event:deal.lost:2.7"), "deal.won").is_err());
        assert!(major_version(Some("https://example.org"), "deal.won").is_err());
    }
}
