//! JSON Schema 2020-12 of the envelope and of each type's data, made of the tables of fields.
//!
//! The schemas are open: a field that they do not name passes, so that adding one breaks no producer and no reader.
//! Whatever the decoder takes passes its schema. The reverse need not hold: the decoder counts bytes where a schema
//! counts characters, and it compares fields with each other.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::event::people::{SHIFTS_MAX, kinds};
use crate::event::target::{CELLS_MAX, CHECKS_MAX, WEIGHTS_MAX};
use crate::event::{Call, Deal, EventType, Family, Lead, People, Previous, RepState, Target};
use crate::field::{BasisPoints, Count, FieldSpec, Kind, Labels, Milliseconds, Minor, Origin};
use crate::ids::{EventId, Label, LongLabel, Source, Text256, Text1000};

/// Version of the data of every type.
pub const VERSION: &str = "1.0";

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of a type's data, as `dataschema` of the envelope names it.
pub fn schema(event_type: EventType) -> Value {
    let name = event_type.name();
    let required = event_type.required();
    let fallback = fallback_of(event_type.family());
    let properties: Map<String, Value> = event_type
        .fields()
        .map(|spec| {
            let mut property = property(spec, fallback);
            if let Some(allowed) = kinds(event_type).filter(|_| spec.name == "kind") {
                let symbols: Vec<_> = allowed.iter().map(|kind| kind.as_str()).collect();
                property.retain(|key, _| key == "description");
                insert(&mut property, symbol(&symbols, fallback(spec.name)));
            }
            if !required.contains(&spec.name) {
                allow_null(&mut property);
            }
            (spec.name.to_owned(), Value::Object(property))
        })
        .collect();
    json!({
        "$schema": DIALECT,
        "$id": format!("urn:paceline:event:{name}:{VERSION}"),
        "title": name,
        "description": "Lengths of text are limits in bytes of UTF-8. Fields marked readOnly are set by Paceline.",
        "type": "object",
        "required": required,
        "properties": properties,
    })
}

/// The schema of the envelope: the attributes of a structured CloudEvent.
pub fn envelope() -> Value {
    let types: Vec<_> = EventType::ALL.iter().map(|of| of.full_name()).collect();
    let text = |max: usize, doc: &str| json!({"description": doc, "type": ["string", "null"], "maxLength": max});
    let instant = |doc: &str| json!({"description": doc, "type": "string", "format": "date-time"});
    let mut recorded = instant("When this CloudEvent was made; stamped where it is absent");
    recorded["type"] = json!(["string", "null"]);
    let mut source = text(
        Source::MAX,
        "Where the event comes from: //<tenant>/<vendor>/<connection>",
    );
    insert_into(&mut source, json!({"type": "string", "minLength": 1}));
    let mut id = text(EventId::MAX, "Unique within the source");
    insert_into(&mut id, json!({"type": "string", "minLength": 1}));
    json!({
        "$schema": DIALECT,
        "$id": "urn:paceline:envelope:1.0",
        "title": "envelope",
        "description": "Structured CloudEvent 1.0. Lengths of text are limits in bytes of UTF-8.",
        "type": "object",
        "required": ["specversion", "type", "source", "id", "time", "data"],
        "properties": {
            "specversion": {"description": "Version of CloudEvents", "type": "string", "enum": ["1.0"]},
            "type": {"description": "Type of the event", "type": "string", "examples": types},
            "source": source,
            "id": id,
            "time": instant("When the fact happened, from 2000-01-01 on"),
            "subject": text(Text256::MAX, "For people only"),
            "datacontenttype": {"description": "application/json", "type": ["string", "null"]},
            "dataschema": {
                "description": "Schema of the data; version 1 where it is absent",
                "type": ["string", "null"],
                "examples": [format!("urn:paceline:event:call.completed:{VERSION}")],
            },
            "partitionkey": {"description": "The rep; set by Paceline", "type": ["string", "null"], "readOnly": true},
            "correlationid": text(LongLabel::MAX, "Lead or conversation that ties events together"),
            "causationid": text(EventId::MAX, "Id of the cause"),
            "recordedtime": recorded,
            "sequence": text(LongLabel::MAX, "The source's order; informational"),
            "publishedset": text(Label::MAX, "Of targets: the published set that was read"),
            "publishedoffsets": text(Text1000::MAX, "Of targets: how far that set held each shard, 0:91544,1:90210"),
            "data": {"description": "The fact, by the schema of its type", "type": "object"},
        },
    })
}

/// What a decoder makes of a symbol that its list lacks.
type Fallback = fn(&str) -> Option<String>;

fn fallback_of(family: Family) -> Fallback {
    match family {
        Family::Call => fallback::<Call>,
        Family::Deal => fallback::<Deal>,
        Family::Lead => fallback::<Lead>,
        Family::State => fallback::<RepState>,
        Family::People => fallback::<People>,
        Family::Target => fallback::<Target>,
        Family::Tick => |_| None,
    }
}

// The lists do not say whether they take what they do not know, so the decoder is asked.
fn fallback<T: DeserializeOwned + Serialize>(name: &str) -> Option<String> {
    let data: T = serde_json::from_value(json!({ name: "~" })).ok()?;
    let written = serde_json::to_value(data).ok()?;
    written.get(name)?.as_str().map(str::to_owned)
}

fn property(spec: &FieldSpec, fallback: Fallback) -> Map<String, Value> {
    let mut property = Map::new();
    property.insert("description".to_owned(), json!(spec.doc));
    insert(&mut property, shape(spec, fallback));
    if spec.origin == Origin::Stamped {
        property.insert("readOnly".to_owned(), json!(true));
    }
    property
}

fn shape(spec: &FieldSpec, fallback: Fallback) -> Value {
    match spec.kind {
        Kind::Text(max) => text(max),
        Kind::Milliseconds => integer(Milliseconds::MIN, Milliseconds::MAX),
        Kind::Count => integer(Count::MIN, Count::MAX),
        Kind::BasisPoints => integer(BasisPoints::MIN, BasisPoints::MAX),
        Kind::Minor => integer(minor_min(spec.name), Minor::MAX),
        Kind::Integer => json!({"type": "integer"}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Instant | Kind::LocalHour => instant(),
        Kind::Date => date(),
        Kind::Symbol(symbols) => symbol(symbols, fallback(spec.name)),
        Kind::Symbols(symbols) => json!({"type": "array", "items": {"type": "string", "enum": symbols}}),
        Kind::Labels => labels(),
        Kind::Object => object(spec.name),
    }
}

fn text(max: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": max})
}

fn instant() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn date() -> Value {
    json!({"type": "string", "format": "date", "minLength": 10, "maxLength": 10})
}

fn integer(min: i64, max: i64) -> Value {
    json!({"type": "integer", "minimum": min, "maximum": max})
}

fn minor_min(name: &str) -> i64 {
    match name {
        "amount_minor" => 0,
        "refund_minor" => 1,
        _ => Minor::MIN,
    }
}

/// A list that takes what it does not know is shown and not enforced.
fn symbol(symbols: &[&str], fallback: Option<String>) -> Value {
    match fallback.filter(|other| symbols.contains(&other.as_str())) {
        Some(other) => {
            json!({"type": "string", "examples": symbols, "$comment": format!("any other symbol is read as {other}")})
        }
        None => json!({"type": "string", "enum": symbols}),
    }
}

fn labels() -> Value {
    json!({
        "type": "object",
        "maxProperties": Labels::KEYS_MAX,
        "propertyNames": {"maxLength": Labels::KEY_BYTES_MAX},
        "additionalProperties": {
            "type": ["string", "number", "boolean", "null"],
            "maxLength": Labels::VALUE_BYTES_MAX,
        },
    })
}

fn object(name: &str) -> Value {
    match name {
        "previous" => {
            let properties: Map<String, Value> = Previous::FIELDS
                .iter()
                .map(|spec| {
                    let mut property = property(spec, fallback::<Previous>);
                    allow_null(&mut property);
                    (spec.name.to_owned(), Value::Object(property))
                })
                .collect();
            json!({"type": "object", "properties": properties})
        }
        "aliases" => list(json!({"source": text(Source::MAX), "native_id": text(Label::MAX)})),
        "shifts" => {
            let paid = integer(Milliseconds::MIN, Milliseconds::MAX);
            let mut shifts = list(json!({"starts_at": instant(), "ends_at": instant(), "paid_ms": paid}));
            insert_into(&mut shifts, json!({"maxItems": SHIFTS_MAX}));
            shifts
        }
        "cells" => cells(),
        "checks" => checks(),
        "evidence" => evidence(),
        "policy" => json!({"type": "object"}),
        _ => json!({}),
    }
}

fn cells() -> Value {
    let any = json!({"type": "integer"});
    let weights = json!({"type": "array", "maxItems": WEIGHTS_MAX, "items": {"type": "integer", "minimum": 0}});
    let planned = json!({"type": ["integer", "null"]});
    json!({"type": "array", "maxItems": CELLS_MAX, "items": {
        "type": "object",
        "required": ["month", "value", "from"],
        "properties": {
            "month": date(), "value": any, "from": date(), "kept": any, "weights": weights,
            "denominator_planned": planned,
        },
    }})
}

fn checks() -> Value {
    let number = json!({"type": ["integer", "null"]});
    json!({"type": "array", "maxItems": CHECKS_MAX, "items": {
        "type": "object",
        "required": ["check", "passed"],
        "properties": {"check": text(Label::MAX), "passed": {"type": "boolean"}, "measured": number, "bound": number},
    }})
}

fn evidence() -> Value {
    let integers = [
        "n_eff",
        "numerator",
        "denominator",
        "theta",
        "low",
        "high",
        "weight_own",
        "peers",
        "prior_strength",
        "confirmations",
    ];
    let mut properties = Map::new();
    properties.insert("as_of".to_owned(), date());
    properties.insert("from".to_owned(), date());
    properties.extend(integers.map(|name| (name.to_owned(), json!({"type": "integer"}))));
    properties.insert("inputs_sha256".to_owned(), text(Label::MAX));
    let required: Vec<String> = properties.keys().cloned().collect();
    json!({"type": "object", "required": required, "properties": properties})
}

fn list(properties: Value) -> Value {
    let required: Vec<_> = properties
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .cloned()
        .collect();
    json!({"type": "array", "items": {"type": "object", "required": required, "properties": properties}})
}

fn allow_null(property: &mut Map<String, Value>) {
    if let Some(of) = property.get("type").cloned() {
        property.insert("type".to_owned(), json!([of, "null"]));
    }
    if let Some(Value::Array(symbols)) = property.get_mut("enum") {
        symbols.push(Value::Null);
    }
}

fn insert_into(property: &mut Value, more: Value) {
    if let Value::Object(property) = property {
        insert(property, more);
    }
}

fn insert(property: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        property.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(event_type: EventType, name: &str) -> Value {
        schema(event_type)["properties"][name].clone()
    }

    #[test]
    fn lists_that_take_the_unknown_are_shown_and_the_others_enforced() {
        let direction = at(EventType::CallCompleted, "direction");
        assert_eq!(direction["$comment"], "any other symbol is read as unknown");
        assert!(direction.get("enum").is_none());
        assert_eq!(at(EventType::CallCompleted, "disposition")["examples"][0], "undisposed");
        assert_eq!(
            at(EventType::DealWon, "credit_role")["enum"],
            json!(["owner", "split", "overlay", null])
        );
    }

    #[test]
    fn kinds_are_those_of_the_type() {
        assert_eq!(
            at(EventType::OrgDefined, "kind")["enum"],
            json!(["company", "site", "team"])
        );
        assert_eq!(at(EventType::RepLeft, "kind")["examples"][0], "resigned");
    }

    #[test]
    fn limits_are_those_of_the_decoder() {
        assert_eq!(at(EventType::CallCompleted, "rep_id")["maxLength"], 64);
        assert_eq!(at(EventType::CallCompleted, "talk_ms")["maximum"], Milliseconds::MAX);
        assert_eq!(at(EventType::DealWon, "amount_minor")["minimum"], 0);
        assert_eq!(at(EventType::RepRostered, "shifts")["maxItems"], 8);
    }

    #[test]
    fn only_required_fields_refuse_null() {
        for event_type in EventType::ALL {
            let schema = schema(*event_type);
            for (name, property) in schema["properties"].as_object().expect("properties") {
                let takes_null = property["type"]
                    .as_array()
                    .is_some_and(|types| types.contains(&json!("null")));
                assert_eq!(takes_null, !event_type.required().contains(&name.as_str()), "{name}");
            }
        }
    }
}
