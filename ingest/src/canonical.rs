//! Canonical events: CloudEvents that a producer has made itself, structured or binary, and the drafts of them.
//!
//! Absent: mappings, and versions, which settling decides. What is stamped is overwritten.

use std::sync::Arc;

use paceline_schemas::codec::{Limits, Refused, decode};
use paceline_schemas::event::{Data, Event};
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::symbol::{Flag, Flags};
use paceline_schemas::time::Instant;

use crate::draft::{Draft, Origin, check};
use crate::import::{FileName, check_json};
use crate::stamp::{Basis, Stamper};

/// Attributes of CloudEvents that are read from headers `ce_…`.
const ATTRIBUTES: [&str; 11] = [
    "specversion",
    "type",
    "source",
    "id",
    "time",
    "subject",
    "dataschema",
    "correlationid",
    "causationid",
    "recordedtime",
    "sequence",
];

/// Headers of a record: names and values.
pub type Headers = [(String, Vec<u8>)];

/// Whether headers say that the record is a CloudEvent.
pub fn is_cloud_event(headers: &Headers) -> bool {
    is_structured(headers) || headers.iter().any(|(name, _)| name.starts_with("ce_"))
}

fn is_structured(headers: &Headers) -> bool {
    value_of(headers, "content-type").is_some_and(|value| value.starts_with(b"application/cloudevents"))
}

fn value_of<'a>(headers: &'a Headers, name: &str) -> Option<&'a [u8]> {
    let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_slice())
}

/// Reads a record: structured where its content type says so or it has no header of CloudEvents, else binary
/// (CloudEvents Kafka Protocol Binding 1.0.2, section 3).
///
/// # Errors
/// The reason, with what could be read of the envelope.
pub fn read(headers: &Headers, value: Option<&[u8]>, limits: Limits) -> Result<Event, Box<Refused>> {
    let named = headers.iter().any(|(name, _)| name.starts_with("ce_"));
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Err(refused(if named {
            Reject::new(Reason::NoData, "CloudEvents headers without a value")
        } else {
            Reject::new(Reason::Tombstone, "an empty record")
        }));
    };
    if named && !is_structured(headers) {
        return decode(&structured(headers, value, limits).map_err(refused)?, limits);
    }
    let event = decode(value, limits)?;
    agrees(headers, &event).map_err(|reject| {
        Box::new(Refused {
            reject,
            source: Some(event.envelope.source.to_string()),
            id: Some(event.envelope.id.to_string()),
            event_type: Some(event.envelope.event_type.full_name().to_owned()),
        })
    })?;
    Ok(event)
}

fn refused(reject: Reject) -> Box<Refused> {
    Box::new(Refused {
        reject,
        source: None,
        id: None,
        event_type: None,
    })
}

/// The structured form of a binary record.
fn structured(headers: &Headers, value: &[u8], limits: Limits) -> Result<Vec<u8>, Reject> {
    if value.len() > limits.event_bytes_max {
        let detail = format!("{} bytes are over the limit of {}", value.len(), limits.event_bytes_max);
        return Err(Reject::new(Reason::TooLarge, detail));
    }
    // One whole value: otherwise what follows it would be read as attributes.
    check_json(value).map_err(|detail| Reject::new(Reason::Malformed, detail))?;
    let mut out = Vec::with_capacity(value.len() + 512);
    out.push(b'{');
    for name in ATTRIBUTES {
        let Some(bytes) = value_of(headers, &format!("ce_{name}")) else {
            continue;
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Reject::new(Reason::BadEnvelope, format!("`ce_{name}` is not UTF-8")))?;
        out.extend_from_slice(format!("\"{name}\":").as_bytes());
        out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
        out.push(b',');
    }
    out.extend_from_slice(b"\"data\":");
    out.extend_from_slice(value);
    out.push(b'}');
    Ok(out)
}

/// A header that repeats an attribute must not contradict it.
fn agrees(headers: &Headers, event: &Event) -> Result<(), Reject> {
    let envelope = &event.envelope;
    let stated = [
        ("ce_type", envelope.event_type.full_name()),
        ("ce_source", envelope.source.as_str()),
        ("ce_id", envelope.id.as_str()),
    ];
    for (name, said) in stated {
        if value_of(headers, name).is_some_and(|value| value != said.as_bytes()) {
            let detail = format!("header `{name}` contradicts the record");
            return Err(Reject::new(Reason::EnvelopeConflict, detail));
        }
    }
    Ok(())
}

/// The draft of an event that came by `connection`.
///
/// # Errors
/// A producer may not send its type, its time cannot be, or a rule of the type is broken.
pub fn draft(mut event: Event, stamper: &Stamper, connection: &str, received: Instant) -> Result<Draft, Reject> {
    if matches!(event.data, Data::Tick) {
        return Err(Reject::new(
            Reason::UnknownType,
            "`type`: ticks are made by ingest alone",
        ));
    }
    let id = event.envelope.id.clone();
    event.envelope.recordedtime.get_or_insert(received);
    unstamp(&mut event.data);
    let basis = Basis {
        connection,
        received,
        date: None,
        knows_answers: true,
    };
    stamper.stamp(&mut event, basis)?;
    check(&mut event)?;
    Ok(Draft {
        entity: id.to_string(),
        event,
        id: Some(id),
        splits: Vec::new(),
        origin: Origin {
            file: Arc::new(FileName::default()),
            line: 0,
            block: 0,
            mapping: "".into(),
        },
    })
}

/// Takes off what only `ingest` knows; that an answer is not known is the producer's to say.
fn unstamp(data: &mut Data) {
    macro_rules! reset {
        ($data:expr) => {{
            let unknown = $data.flags.has(Flag::AnswerUnknown);
            $data.flags = Flags::default();
            if unknown {
                $data.flags.raise(Flag::AnswerUnknown);
            }
            $data.supersedes = None;
        }};
    }
    match data {
        Data::Call(data) => reset!(data),
        Data::Deal(data) => reset!(data),
        Data::Lead(data) => reset!(data),
        Data::State(data) => reset!(data),
        Data::People(_) | Data::Target(_) | Data::Tick => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &[u8] = br#"{"rep_id":"ada","deal_id":"D1","amount_minor":100,"currency":"USD"}"#;

    fn header(name: &str, value: &str) -> (String, Vec<u8>) {
        (name.to_owned(), value.as_bytes().to_vec())
    }

    fn binary() -> Vec<(String, Vec<u8>)> {
        vec![
            header("ce_specversion", "1.0"),
            header("ce_type", "paceline.deal.won"),
            header("ce_source", "//acme/crm/one"),
            header("ce_id", "D1/won"),
            header("ce_time", "2026-03-01T10:00:00Z"),
        ]
    }

    fn written() -> Vec<u8> {
        structured(&binary(), DATA, Limits::default()).expect("composed")
    }

    #[test]
    fn both_forms_are_the_same_event() {
        let from_binary = read(&binary(), Some(DATA), Limits::default()).expect("read");
        let headers = [header("content-type", "application/cloudevents+json; charset=UTF-8")];
        let from_structured = read(&headers, Some(&written()), Limits::default()).expect("read");
        assert_eq!(from_binary, from_structured);
        assert_eq!(
            read(&[], Some(&written()), Limits::default()).expect("read"),
            from_binary
        );
        assert_eq!(from_binary.envelope.id.as_str(), "D1/won");
    }

    #[test]
    fn what_cannot_be_an_event_is_refused_with_its_reason() {
        let deep = [b"{\"a\":".repeat(10_000), b"1".to_vec(), b"}".repeat(10_000)].concat();
        let large = [b"{\"a\":\"".to_vec(), vec![b'x'; 2 << 20], b"\"}".to_vec()].concat();
        let injected = br#"{},"id":"other""#;
        let mut contradicting = binary();
        contradicting.push(header("content-type", "application/cloudevents+json"));
        contradicting[3] = header("ce_id", "D2/won");
        let text = written();
        let cases: [(&str, &Headers, Option<&[u8]>, Reason); 8] = [
            ("bad JSON", &[], Some(b"{"), Reason::Malformed),
            ("null", &[], None, Reason::Tombstone),
            ("null with headers", &binary(), None, Reason::NoData),
            ("deep", &binary(), Some(&deep), Reason::Malformed),
            ("deep, structured", &[], Some(&deep[..60_000]), Reason::Malformed),
            ("large", &binary(), Some(&large), Reason::TooLarge),
            ("more than a value", &binary(), Some(injected), Reason::Malformed),
            (
                "header against record",
                &contradicting,
                Some(&text),
                Reason::EnvelopeConflict,
            ),
        ];
        for (what, headers, value, reason) in cases {
            let refusal = read(headers, value, Limits::default()).expect_err(what);
            assert_eq!(refusal.reject.reason, reason, "{what}: {}", refusal.reject);
        }
    }
}
