//! From a mapping as written to one without faults.

mod blocks;
mod cells;
mod converter;
mod rules;

use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;
use paceline_schemas::ids::{Currency, Label};

use super::raw::RawMapping;
use super::value::Map;
use super::{Amounts, CompiledMapping, Fault, Namespace, Settings};
use crate::convert::zone::ZoneTable;
use crate::import::{Encoding, Format, Layout};
use crate::privacy;

const LABELS_MAX: usize = 16;

/// Gathers faults, and the columns in the order of their first use.
#[derive(Debug, Default)]
pub(super) struct Compiler {
    faults: Vec<Fault>,
    columns: Vec<String>,
    maps: HashMap<String, Map>,
    maps_used: Vec<String>,
}

impl Compiler {
    pub(super) fn fault(&mut self, path: &str, message: impl Into<String>) {
        let fault = Fault {
            path: path.to_owned(),
            message: message.into(),
        };
        // A field of all blocks is compiled for each of them.
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    pub(super) fn column(&mut self, path: &str, name: &str) -> usize {
        if name.trim().is_empty() {
            self.fault(path, "the name of a column is empty");
        }
        if let Some(at) = self.columns.iter().position(|column| column == name) {
            return at;
        }
        self.columns.push(name.to_owned());
        self.columns.len() - 1
    }

    // One of a few words; the first is the default.
    fn word<T: Copy>(&mut self, path: &str, text: Option<&str>, words: &[(&str, T)]) -> T {
        let Some(text) = text else { return words[0].1 };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => *value,
            None => {
                let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                self.fault(path, format!("`{text}` is none of {}", known.join(", ")));
                words[0].1
            }
        }
    }

    fn checked<T>(&mut self, path: &str, text: Option<&str>, make: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match make(text?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.fault(path, message);
                None
            }
        }
    }
}

pub(super) fn compile(raw: &RawMapping) -> Result<CompiledMapping, Vec<Fault>> {
    let mut compiler = Compiler {
        maps: maps(&raw.maps),
        ..Compiler::default()
    };
    for (path, text) in [("mapping", &raw.mapping), ("connection", &raw.connection)] {
        if Label::new(text).is_err() || text.contains(['/', ':', '#']) {
            compiler.fault(path, "expected 1 to 64 printable bytes without `/`, `:` and `#`");
        }
    }
    let layout = layout(&mut compiler, raw);
    let settings = settings(&mut compiler, raw);
    let entity: Vec<usize> = raw
        .entity
        .iter()
        .map(|column| compiler.column("entity", column))
        .collect();
    let attributes = attributes(&mut compiler, &raw.attributes);
    let (blocks, cells) = blocks::compile(&mut compiler, raw);
    for name in raw
        .maps
        .keys()
        .filter(|name| !compiler.maps_used.contains(name))
        .cloned()
        .collect::<Vec<_>>()
    {
        compiler.fault(&format!("maps.{name}"), "no field uses this map");
    }
    if !compiler.faults.is_empty() {
        return Err(compiler.faults);
    }
    Ok(CompiledMapping {
        name: raw.mapping.as_str().into(),
        connection: raw.connection.clone(),
        entity,
        layout,
        columns: compiler.columns,
        settings,
        attributes,
        blocks,
        cells,
    })
}

fn maps(raw: &BTreeMap<String, BTreeMap<String, String>>) -> HashMap<String, Map> {
    let map = |name: &String, entries: &BTreeMap<String, String>| Map {
        name: name.clone(),
        entries: entries
            .iter()
            .filter(|(key, _)| *key != "*")
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
        other: entries.get("*").cloned(),
    };
    raw.iter()
        .map(|(name, entries)| (name.clone(), map(name, entries)))
        .collect()
}

fn layout(compiler: &mut Compiler, raw: &RawMapping) -> Layout {
    let formats = [("csv", Format::Delimited), ("jsonl", Format::JsonLines)];
    let format = compiler.word("format", raw.format.as_deref(), &formats);
    let encodings = Encoding::NAMES.map(|name| (name, Encoding::from_name(name).unwrap_or_default()));
    let delimiters = [(",", b','), ("\t", b'\t'), ("|", b'|'), (";", b';')];
    if format == Format::JsonLines {
        for (path, is_set) in [("delimiter", raw.delimiter.is_some()), ("header", raw.header.is_some())] {
            if is_set {
                compiler.fault(path, "format = \"jsonl\" has none");
            }
        }
    }
    Layout {
        format,
        encoding: compiler.word("encoding", raw.encoding.as_deref(), &encodings),
        delimiter: compiler.word("delimiter", raw.delimiter.as_deref(), &delimiters),
        header: raw.header.unwrap_or(true),
        skip_rows: raw.skip_rows.unwrap_or(0),
        strict: raw.strict.unwrap_or(false),
        counts_repeats: raw.entity.is_empty(),
    }
}

fn settings(compiler: &mut Compiler, raw: &RawMapping) -> Settings {
    let namespaces = [("company", Namespace::Company), ("aliases", Namespace::Aliases)];
    let retained_within_days = raw.retained_within_days.unwrap_or(365);
    if !(1..=36_500).contains(&retained_within_days) {
        compiler.fault("retained_within_days", "expected 1 to 36500");
    }
    Settings {
        namespace: compiler.word("rep_namespace", raw.rep_namespace.as_deref(), &namespaces),
        refuses_unknown_reps: compiler.word(
            "unknown_rep",
            raw.unknown_rep.as_deref(),
            &[("keep", false), ("reject", true)],
        ),
        zone: compiler.checked("zone", raw.zone.as_deref(), |name| {
            TimeZone::get(name)
                .map(ZoneTable::new)
                .map_err(|_| format!("`{name}` is no IANA time zone"))
        }),
        nulls: raw
            .null
            .iter()
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect(),
        country: compiler.checked("country", raw.country.as_deref(), |code| {
            privacy::country(code).ok_or_else(|| format!("`{code}` is no ISO 3166 country"))
        }),
        currency: compiler.checked("currency", raw.currency.as_deref(), currency),
        amounts: compiler.word(
            "amounts",
            raw.amounts.as_deref(),
            &[("net", Amounts::Net), ("gross", Amounts::Gross)],
        ),
        hashes_phones: compiler.word("phone", raw.phone.as_deref(), &[("hash", true), ("none", false)]),
        deals_from_sales: raw.deals_from_sales.unwrap_or(false),
        credit_follows_owner: compiler.word(
            "credit",
            raw.credit.as_deref(),
            &[("keep", false), ("follow_owner", true)],
        ),
        cancelled_wins_stay: compiler.word(
            "cancelled_wins",
            raw.cancelled_wins.as_deref(),
            &[("reinstate", false), ("stay", true)],
        ),
        retained_within_days,
    }
}

pub(super) fn currency(code: &str) -> Result<Currency, String> {
    let currency = Currency::new(code).ok().filter(Currency::is_iso_form);
    currency.ok_or_else(|| format!("`{code}` is no ISO 4217 code"))
}

fn attributes(compiler: &mut Compiler, raw: &BTreeMap<String, String>) -> Vec<(String, usize)> {
    if raw.len() > LABELS_MAX {
        compiler.fault("attributes", format!("more than {LABELS_MAX} labels"));
    }
    let mut attributes = Vec::with_capacity(raw.len());
    for (label, column) in raw {
        let path = format!("attributes.{label}");
        if label.is_empty() || label.len() > 64 {
            compiler.fault(&path, "expected a label of 1 to 64 bytes");
        }
        attributes.push((label.clone(), compiler.column(&path, column)));
    }
    attributes
}
