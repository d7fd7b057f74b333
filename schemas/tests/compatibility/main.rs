//! What is published beside the code: every schema file is the code's, every fixture of every version still decodes.
//!
//! With `PACELINE_UPDATE=1` schema files and expectations are written anew. Fixtures are written by hand, and never changed.
#![expect(
    clippy::disallowed_methods,
    reason = "the crate is pure, its tests read and write the files that are published with it"
)]

mod validator;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use paceline_schemas::codec::{Limits, decode, encode};
use paceline_schemas::event::{Event, EventType, Family};
use paceline_schemas::json_schema;
use serde_json::Value;

const FIXTURES: [&str; 3] = ["minimal", "full", "zh"];

#[test]
fn the_envelope_schema_is_that_of_the_code() {
    compare(&events().join("envelope.schema.json"), &json_schema::envelope());
}

#[test]
fn every_schema_file_is_that_of_the_code() {
    for event_type in EventType::ALL {
        compare(&schema_path(*event_type), &json_schema::schema(*event_type));
    }
}

#[test]
fn every_folder_is_of_a_type() {
    let names: BTreeSet<_> = EventType::ALL.iter().map(|of| of.name().to_owned()).collect();
    let folders: BTreeSet<_> = entries(&events())
        .into_iter()
        .filter(|path| path.is_dir())
        .map(|path| name(&path))
        .collect();
    assert_eq!(folders, names);
}

#[test]
fn every_type_has_its_fixtures_with_expectations() {
    for event_type in EventType::ALL {
        let found: BTreeSet<_> = fixtures(*event_type).iter().map(|path| name(path)).collect();
        for fixture in FIXTURES {
            let file = format!("{}-{fixture}.json", json_schema::VERSION);
            assert!(found.contains(&file), "{}: no fixture `{file}`", event_type.name());
        }
    }
}

#[test]
fn every_fixture_decodes_to_its_expectation() {
    for event_type in EventType::ALL {
        for path in fixtures(*event_type) {
            let event = read_event(&path);
            assert_eq!(event.envelope.event_type, *event_type, "{}", path.display());
            let written = encode(&event);
            compare(&path.with_extension("expect.json"), &json(&written));
            assert_eq!(
                decode(&written, Limits::default()).expect("event"),
                event,
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn fixtures_of_events_from_ingest_carry_its_stamps() {
    for event_type in EventType::ALL {
        for path in fixtures(*event_type) {
            let stamped = read_event(&path).data.check_stamps();
            assert_eq!(stamped, Ok(()), "{}", path.display());
        }
    }
}

#[test]
fn every_fixture_fits_the_published_schemas() {
    let envelope = read_json(&events().join("envelope.schema.json"));
    for event_type in EventType::ALL {
        let schema = read_json(&schema_path(*event_type));
        for path in fixtures(*event_type)
            .iter()
            .flat_map(|path| [path.clone(), path.with_extension("expect.json")])
        {
            let event = read_json(&path);
            assert_eq!(
                validator::faults(&envelope, &event),
                Vec::<String>::new(),
                "{}",
                path.display()
            );
            assert_eq!(
                validator::faults(&schema, &event["data"]),
                Vec::<String>::new(),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn a_full_fixture_sets_every_field_and_a_minimal_one_only_what_must_be_there() {
    let envelope = read_json(&events().join("envelope.schema.json"));
    let stamps = ["site_id", "business_date", "hour", "currency"];
    for event_type in EventType::ALL {
        let full = read_json(&fixture(*event_type, "full"));
        let mut attributes = keys(&envelope["properties"]);
        if event_type.family() != Family::Target {
            attributes.retain(|name| !name.starts_with("published"));
        }
        assert_eq!(keys(&full), attributes, "{}", event_type.name());
        let carried: BTreeSet<_> = event_type.fields().map(|spec| spec.name.to_owned()).collect();
        assert_eq!(keys(&full["data"]), carried, "{}", event_type.name());

        let minimal = read_json(&fixture(*event_type, "minimal"));
        let required = event_type.required();
        let known = |name: &String| required.contains(&name.as_str()) || stamps.contains(&name.as_str());
        let more: Vec<_> = keys(&minimal["data"])
            .into_iter()
            .filter(|name| !known(name) && name != "retracted")
            .collect();
        assert_eq!(more, Vec::<String>::new(), "{}", event_type.name());
    }
}

#[test]
fn without_a_required_field_an_event_is_refused_by_decoder_and_schema() {
    for event_type in EventType::ALL {
        let schema = json_schema::schema(*event_type);
        for field in event_type.required() {
            let mut event = read_json(&fixture(*event_type, "minimal"));
            event["data"].as_object_mut().expect("data").remove(*field);
            let place = format!("{} {field}", event_type.name());
            assert!(
                decode(event.to_string().as_bytes(), Limits::default()).is_err(),
                "{place}"
            );
            assert!(!validator::faults(&schema, &event["data"]).is_empty(), "{place}");
            event["data"][*field] = Value::Null;
            assert!(
                decode(event.to_string().as_bytes(), Limits::default()).is_err(),
                "{place}"
            );
            assert!(!validator::faults(&schema, &event["data"]).is_empty(), "{place}");
        }
    }
}

#[test]
fn null_is_the_same_as_absence() {
    for event_type in EventType::ALL {
        let path = fixture(*event_type, "minimal");
        let event = read_event(&path);
        let mut spelled_out = read_json(&path);
        let data = spelled_out["data"].as_object_mut().expect("data");
        for spec in event_type.fields() {
            data.entry(spec.name).or_insert(Value::Null);
        }
        let bytes = spelled_out.to_string();
        assert_eq!(
            decode(bytes.as_bytes(), Limits::default()).expect("event"),
            event,
            "{}",
            event_type.name()
        );
    }
}

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("events")
}

fn schema_path(event_type: EventType) -> PathBuf {
    let file = format!("{}.schema.json", json_schema::VERSION);
    events().join(event_type.name()).join(file)
}

fn fixture(event_type: EventType, which: &str) -> PathBuf {
    let file = format!("{}-{which}.json", json_schema::VERSION);
    events().join(event_type.name()).join("fixtures").join(file)
}

/// The fixtures of all versions of a type, in the order of their names.
fn fixtures(event_type: EventType) -> Vec<PathBuf> {
    let all = entries(&events().join(event_type.name()).join("fixtures"));
    all.into_iter()
        .filter(|path| !name(path).ends_with(".expect.json"))
        .collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listing = fs::read_dir(folder).unwrap_or_else(|e| panic!("`{}`: {e}", folder.display()));
    let mut paths: Vec<_> = listing.map(|entry| entry.expect("entry").path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().expect("name").to_string_lossy().into_owned()
}

fn keys(object: &Value) -> BTreeSet<String> {
    object.as_object().expect("object").keys().cloned().collect()
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

fn read_json(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("`{}`: {e}", path.display()));
    json(&bytes)
}

fn read_event(path: &Path) -> Event {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("`{}`: {e}", path.display()));
    decode(&bytes, Limits::default()).unwrap_or_else(|refused| panic!("`{}`: {}", path.display(), refused.reject))
}

/// Compares a published file with what the code makes, to the byte.
fn compare(path: &Path, value: &Value) {
    let text = format!("{value:#}\n");
    if std::env::var("PACELINE_UPDATE").is_ok_and(|update| update == "1") {
        // Other tests read the same file meanwhile, so it is whole at any moment.
        let new = path.with_extension("new");
        fs::write(&new, &text).unwrap_or_else(|e| panic!("`{}`: {e}", new.display()));
        fs::rename(&new, path).unwrap_or_else(|e| panic!("`{}`: {e}", path.display()));
    }
    let published = fs::read_to_string(path).unwrap_or_else(|e| panic!("`{}`: {e}", path.display()));
    assert_eq!(
        published,
        text,
        "`{}` differs: run with PACELINE_UPDATE=1 and read the change",
        path.display()
    );
}
