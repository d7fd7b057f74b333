//! Bytes to events and back: structured CloudEvents JSON.
//!
//! Decoding never panics and never fails for a batch: what cannot be taken is refused record by record, with a reason.

mod diagnose;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::envelope::{Envelope, TIME_MIN, major_version};
use crate::event::{Call, Data, Deal, Event, EventType, Family, Lead, People, RepState, Target};
use crate::ids::{EventId, Label, LongLabel, Source, Text256, Text1000};
use crate::reject::{Reason, Reject};
use crate::time::Instant;
use crate::upcast;

/// Limits of a record.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of one event as JSON.
    pub event_bytes_max: usize,
    /// Nesting of brackets.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            event_bytes_max: 64 * 1024,
            depth_max: 16,
        }
    }
}

/// A record that is refused, with what could be read of its envelope.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// Why.
    pub reject: Reject,
    /// Source, where readable.
    pub source: Option<String>,
    /// Id, where readable.
    pub id: Option<String>,
    /// Type as sent, where readable.
    pub event_type: Option<String>,
}

/// Text that is borrowed from the record unless it has escapes; an `Option` of `Cow` itself would always be copied.
#[derive(Deserialize)]
#[serde(transparent)]
struct Attribute<'a>(#[serde(borrow)] Cow<'a, str>);

impl std::ops::Deref for Attribute<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    specversion: Option<Attribute<'a>>,
    #[serde(borrow, default, rename = "type")]
    event_type: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    source: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    id: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    time: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    subject: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    dataschema: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    correlationid: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    causationid: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    recordedtime: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    sequence: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    publishedset: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    publishedoffsets: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    data: Option<sonic_rs::LazyValue<'a>>,
    #[serde(borrow, default)]
    data_base64: Option<sonic_rs::LazyValue<'a>>,
}

/// Reads one structured CloudEvent.
///
/// # Errors
/// The reason, with what could be read of the envelope.
pub fn decode(bytes: &[u8], limits: Limits) -> Result<Event, Box<Refused>> {
    let refuse = |reject: Reject| {
        Box::new(Refused {
            reject,
            source: None,
            id: None,
            event_type: None,
        })
    };
    check_bytes(bytes, limits).map_err(refuse)?;
    // The lazy part of the decoder trusts its input to be UTF-8, so that is checked here and not there.
    let text = std::str::from_utf8(bytes).map_err(|e| refuse(Reject::new(Reason::Malformed, e.to_string())))?;
    let wire: Wire<'_> =
        sonic_rs::from_str(text).map_err(|e| refuse(Reject::new(Reason::Malformed, diagnose::place(&e))))?;
    decode_wire(&wire).map_err(|reject| {
        Box::new(Refused {
            reject,
            source: wire.source.as_deref().map(str::to_owned),
            id: wire.id.as_deref().map(str::to_owned),
            event_type: wire.event_type.as_deref().map(str::to_owned),
        })
    })
}

/// The events and the refused records of a batch, each with its place in it.
pub type Batch = (Vec<(usize, Event)>, Vec<(usize, Box<Refused>)>);

/// Reads a batch.
pub fn decode_batch<'a>(records: impl IntoIterator<Item = &'a [u8]>, limits: Limits) -> Batch {
    let mut events = Vec::new();
    let mut refused = Vec::new();
    for (at, bytes) in records.into_iter().enumerate() {
        match decode(bytes, limits) {
            Ok(event) => events.push((at, event)),
            Err(refusal) => refused.push((at, refusal)),
        }
    }
    (events, refused)
}

// The decoder below has no limit of nesting: a deep record would overflow the stack, so brackets are counted first.
fn check_bytes(bytes: &[u8], limits: Limits) -> Result<(), Reject> {
    if bytes.is_empty() {
        return Err(Reject::new(Reason::Tombstone, "an empty record"));
    }
    if bytes.len() > limits.event_bytes_max {
        let detail = format!("{} bytes are over the limit of {}", bytes.len(), limits.event_bytes_max);
        return Err(Reject::new(Reason::TooLarge, detail));
    }
    let opening = bytes.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if opening > limits.depth_max && diagnose::depth(bytes) > limits.depth_max {
        return Err(Reject::new(
            Reason::Malformed,
            format!("nested deeper than {}", limits.depth_max),
        ));
    }
    Ok(())
}

fn decode_wire(wire: &Wire<'_>) -> Result<Event, Reject> {
    if wire.specversion.as_deref() != Some("1.0") {
        return Err(Reject::new(Reason::BadEnvelope, "`specversion`: expected 1.0"));
    }
    if wire.data_base64.is_some() {
        return Err(Reject::new(
            Reason::Malformed,
            "`data_base64` is not taken: send JSON in `data`",
        ));
    }
    let type_text = attribute(wire.event_type.as_deref(), "type")?;
    let name = type_text.strip_prefix("paceline.").unwrap_or(type_text);
    let event_type = EventType::from_name(name)
        .filter(|_| name.len() != type_text.len())
        .ok_or_else(|| Reject::new(Reason::UnknownType, "`type`: no event of this release"))?;
    let major = major_version(wire.dataschema.as_deref(), event_type.name())?;
    let envelope = Envelope {
        event_type,
        source: Source::new(attribute(wire.source.as_deref(), "source")?).map_err(|e| bad("source", &e))?,
        id: EventId::new(attribute(wire.id.as_deref(), "id")?).map_err(|e| bad("id", &e))?,
        time: time(attribute(wire.time.as_deref(), "time")?)?,
        subject: optional(wire.subject.as_deref(), "subject", Text256::new)?,
        correlationid: optional(wire.correlationid.as_deref(), "correlationid", LongLabel::new)?,
        causationid: optional(wire.causationid.as_deref(), "causationid", EventId::new)?,
        recordedtime: optional(wire.recordedtime.as_deref(), "recordedtime", Instant::parse)?,
        sequence: optional(wire.sequence.as_deref(), "sequence", LongLabel::new)?,
        publishedset: optional(wire.publishedset.as_deref(), "publishedset", Label::new)?,
        publishedoffsets: optional(wire.publishedoffsets.as_deref(), "publishedoffsets", Text1000::new)?,
    };
    let raw = upcast::RELEASED.raise(event_type, major, raw_data(wire.data.as_ref())?)?;
    let data = decode_data(event_type, &raw)?;
    data.check(event_type)?;
    Ok(Event { envelope, data })
}

fn raw_data<'a>(data: Option<&'a sonic_rs::LazyValue<'_>>) -> Result<&'a str, Reject> {
    match data.map(|data| data.as_raw_str().trim()) {
        Some(text) if text != "null" => Ok(text),
        Some(_) | None => Err(Reject::new(Reason::NoData, "`data` is absent or null")),
    }
}

fn decode_data(event_type: EventType, raw: &str) -> Result<Data, Reject> {
    let family = event_type.family();
    fn typed<'a, T: Deserialize<'a> + 'a>(family: Family, raw: &'a str) -> Result<Box<T>, Reject> {
        sonic_rs::from_str::<T>(raw)
            .map(Box::new)
            .map_err(|error| diagnose::data(family, raw, &error))
    }
    let data = match family {
        Family::Call => Data::Call(typed::<Call>(family, raw)?),
        Family::Deal => Data::Deal(typed::<Deal>(family, raw)?),
        Family::Lead => Data::Lead(typed::<Lead>(family, raw)?),
        Family::State => Data::State(typed::<RepState>(family, raw)?),
        Family::People => Data::People(typed::<People>(family, raw)?),
        Family::Target => Data::Target(typed::<Target>(family, raw)?),
        Family::Tick => Data::Tick,
    };
    Ok(data)
}

fn attribute<'a>(value: Option<&'a str>, name: &str) -> Result<&'a str, Reject> {
    value.ok_or_else(|| Reject::new(Reason::BadEnvelope, format!("`{name}` is required")))
}

fn bad(name: &str, error: &dyn std::fmt::Display) -> Reject {
    Reject::new(Reason::BadEnvelope, format!("`{name}`: {error}"))
}

fn optional<T, E: std::fmt::Display>(
    value: Option<&str>,
    name: &str,
    make: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Reject> {
    value
        .filter(|text| !text.is_empty())
        .map(|text| make(text).map_err(|e| bad(name, &e)))
        .transpose()
}

fn time(text: &str) -> Result<Instant, Reject> {
    let wrong = "`time`: expected RFC 3339 with an offset";
    let time = Instant::parse(text).map_err(|_| Reject::new(Reason::BadTime, wrong))?;
    if time < TIME_MIN {
        return Err(Reject::new(Reason::BadTime, "`time` lies before 2000-01-01"));
    }
    Ok(time)
}

#[derive(Serialize)]
struct Written<'a> {
    specversion: &'static str,
    #[serde(rename = "type")]
    event_type: &'static str,
    source: &'a Source,
    id: &'a EventId,
    time: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a Text256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlationid: Option<&'a LongLabel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    causationid: Option<&'a EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recordedtime: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<&'a LongLabel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    publishedset: Option<&'a Label>,
    #[serde(skip_serializing_if = "Option::is_none")]
    publishedoffsets: Option<&'a Text1000>,
    data: WrittenData<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum WrittenData<'a> {
    Call(&'a Call),
    Deal(&'a Deal),
    Lead(&'a Lead),
    State(&'a RepState),
    People(&'a People),
    Target(&'a Target),
    Tick {},
}

/// Writes one structured CloudEvent.
pub fn encode(event: &Event) -> Vec<u8> {
    let envelope = &event.envelope;
    let written = Written {
        specversion: "1.0",
        event_type: envelope.event_type.full_name(),
        source: &envelope.source,
        id: &envelope.id,
        time: envelope.time,
        subject: envelope.subject.as_ref(),
        correlationid: envelope.correlationid.as_ref(),
        causationid: envelope.causationid.as_ref(),
        recordedtime: envelope.recordedtime,
        sequence: envelope.sequence.as_ref(),
        publishedset: envelope.publishedset.as_ref(),
        publishedoffsets: envelope.publishedoffsets.as_ref(),
        data: match &event.data {
            Data::Call(data) => WrittenData::Call(data),
            Data::Deal(data) => WrittenData::Deal(data),
            Data::Lead(data) => WrittenData::Lead(data),
            Data::State(data) => WrittenData::State(data),
            Data::People(data) => WrittenData::People(data),
            Data::Target(data) => WrittenData::Target(data),
            Data::Tick => WrittenData::Tick {},
        },
    };
    sonic_rs::to_vec(&written).expect("text, integers and maps with text keys are JSON")
}

#[cfg(test)]
mod tests;
