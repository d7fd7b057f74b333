//! Values of fields: the source of their text and their converters, checked against what the field holds.

use std::collections::HashMap;

use paceline_schemas::field::Kind;
use regex::Regex;

use super::Compiler;
use crate::convert::duration::Unit;
use crate::convert::number::Notation;
use crate::convert::time::Format;
use crate::mapping::raw::{RawConverter, RawField};
use crate::mapping::value::{Convert, Origin, Step, Value};

/// Compiles the value of the field `name`, which holds `kind`.
pub(super) fn value(compiler: &mut Compiler, path: &str, name: &str, kind: Kind, raw: &RawField) -> Option<Value> {
    value_by(compiler, path, name, raw, |compiler, table| {
        convert(compiler, path, name, kind, table)
    })
}

/// Compiles the value of the field `name`, whose converter `convert` makes.
pub(super) fn value_by(
    compiler: &mut Compiler,
    path: &str,
    name: &str,
    raw: &RawField,
    convert: impl FnOnce(&mut Compiler, &RawConverter) -> Option<Convert>,
) -> Option<Value> {
    let table = match raw {
        RawField::Column(column) => RawConverter {
            column: Some(column.clone()),
            ..RawConverter::default()
        },
        RawField::Table(table) => (**table).clone(),
        RawField::List(_) => {
            compiler.fault(path, format!("`{name}` takes a column or a table, no list"));
            return None;
        }
    };
    let origin = origin(compiler, path, &table);
    let steps = steps(compiler, path, &table);
    let notation = match table.decimal.as_deref() {
        Some(sample) => Notation::of_sample(sample),
        None => Some(Notation::default()),
    };
    if notation.is_none() {
        compiler.fault(
            &format!("{path}.decimal"),
            "expected the number 1234.56 as the source writes it, as \"1.234,56\"",
        );
    }
    let convert = convert(compiler, &table);
    let value = Value {
        origin: origin?,
        steps,
        convert: convert?,
        notation: notation?,
    };
    check_texts(compiler, path, &value);
    Some(value)
}

fn origin(compiler: &mut Compiler, path: &str, table: &RawConverter) -> Option<Origin> {
    let mut several = |key: &str, names: &[String]| -> Vec<usize> {
        let path = format!("{path}.{key}");
        if names.is_empty() {
            compiler.fault(&path, "expected at least one column");
        }
        names.iter().map(|name| compiler.column(&path, name)).collect()
    };
    match (&table.column, &table.columns, &table.first_of, &table.constant) {
        (Some(column), None, None, None) => Some(Origin::Column(compiler.column(&format!("{path}.column"), column))),
        (None, Some(names), None, None) => Some(Origin::Joined(several("columns", names))),
        (None, None, Some(names), None) => Some(Origin::FirstOf(several("first_of", names))),
        (None, None, None, Some(constant)) => {
            let text = match constant {
                toml::Value::String(text) => text.clone(),
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(flag) => flag.to_string(),
                _ => {
                    compiler.fault(&format!("{path}.const"), "expected a text, an integer or a boolean");
                    return None;
                }
            };
            let has_steps = [&table.map, &table.pattern, &table.strip]
                .iter()
                .any(|key| key.is_some())
                || table.alias.is_some();
            if has_steps {
                compiler.fault(path, "a `const` takes no `alias`, `map`, `pattern` or `strip`");
            }
            Some(Origin::Constant(text))
        }
        _ => {
            compiler.fault(path, "expected exactly one of `column`, `columns`, `first_of`, `const`");
            None
        }
    }
}

fn steps(compiler: &mut Compiler, path: &str, table: &RawConverter) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut regex = |key: &str, text: &Option<String>, needs_group: bool| -> Option<Regex> {
        let text = text.as_ref()?;
        match Regex::new(text) {
            Ok(regex) if needs_group && regex.captures_len() < 2 => {
                compiler.fault(&format!("{path}.{key}"), "the expression has no group");
                None
            }
            Ok(regex) => Some(regex),
            Err(error) => {
                compiler.fault(&format!("{path}.{key}"), error.to_string().replace('\n', " "));
                None
            }
        }
    };
    steps.extend(regex("strip", &table.strip, false).map(Step::Strip));
    steps.extend(regex("pattern", &table.pattern, true).map(Step::Pattern));
    if let Some(names) = &table.alias {
        steps.push(Step::Alias(
            names
                .iter()
                .map(|(from, to)| (from.clone(), to.clone()))
                .collect::<HashMap<_, _>>(),
        ));
    }
    if let Some(name) = &table.map {
        match compiler.maps.get(name).cloned() {
            Some(map) => {
                compiler.maps_used.push(name.clone());
                steps.push(Step::Map(map));
            }
            None => compiler.fault(&format!("{path}.map"), format!("there is no `[maps.{name}]`")),
        }
    }
    steps
}

fn convert(compiler: &mut Compiler, path: &str, name: &str, kind: Kind, table: &RawConverter) -> Option<Convert> {
    let is_duration = kind == Kind::Milliseconds;
    let is_time = matches!(kind, Kind::Instant | Kind::Date) || name == "revision";
    let is_number = matches!(
        kind,
        Kind::Milliseconds | Kind::Count | Kind::BasisPoints | Kind::Minor | Kind::Integer
    );
    let fitting = [("unit", is_duration), ("time", is_time), ("decimal", is_number)];
    let keys: Vec<&str> = fitting.iter().filter(|(_, fits)| *fits).map(|(key, _)| *key).collect();
    check_keys(compiler, path, name, table, &keys);
    let unit = match table.unit.as_deref().map(Unit::from_name) {
        Some(None) => {
            compiler.fault(&format!("{path}.unit"), format!("expected one of {}", Unit::NAMES));
            return None;
        }
        Some(Some(unit)) => unit,
        None => Unit::default(),
    };
    let format = format(compiler, path, table)?;
    let default_date = || Format::new("%Y-%m-%d").ok();
    match kind {
        _ if name == "revision" => Some(Convert::Revision(format)),
        _ if name == "disposition" => Some(Convert::Disposition),
        Kind::Text(_) => Some(Convert::Text),
        Kind::Milliseconds => Some(Convert::Duration(unit)),
        Kind::Count | Kind::BasisPoints | Kind::Integer => Some(Convert::Integer),
        Kind::Minor => Some(Convert::Minor),
        Kind::Bool => Some(Convert::Bool),
        // A constant instant is mostly a date: files of people have one valid from the start.
        Kind::Instant if table.constant.is_some() && format.is_none() => default_date().map(Convert::Instant),
        Kind::Instant => Some(Convert::Instant(format.unwrap_or(Format::Rfc3339))),
        Kind::Date => format.or_else(default_date).map(Convert::Date),
        Kind::Symbol(symbols) => Some(Convert::Symbol(symbols)),
        Kind::LocalHour | Kind::Symbols(_) | Kind::Labels | Kind::Object => {
            compiler.fault(path, format!("`{name}` cannot be mapped"));
            None
        }
    }
}

/// Refuses the keys of a converter that `name` does not take.
pub(super) fn check_keys(compiler: &mut Compiler, path: &str, name: &str, table: &RawConverter, taken: &[&str]) {
    for (key, is_set) in [
        ("unit", table.unit.is_some()),
        ("time", table.time.is_some()),
        ("decimal", table.decimal.is_some()),
        ("month", table.month.is_some()),
        ("times", table.times.is_some()),
    ] {
        if is_set && !taken.contains(&key) {
            compiler.fault(&format!("{path}.{key}"), format!("`{name}` takes no `{key}`"));
        }
    }
}

/// The format of a time, if one is given; nothing where it is faulty.
pub(super) fn format(compiler: &mut Compiler, path: &str, table: &RawConverter) -> Option<Option<Format>> {
    match table.time.as_deref().map(Format::new).transpose() {
        Ok(format) => Some(format),
        Err(message) => {
            compiler.fault(&format!("{path}.time"), message);
            None
        }
    }
}

// What a mapping itself states must convert; only rows may surprise.
fn check_texts(compiler: &mut Compiler, path: &str, value: &Value) {
    if let Origin::Constant(text) = &value.origin {
        check_text(compiler, &format!("{path}.const"), value, text);
    }
    // Of several maps the last one meets the converter.
    match value.steps.last() {
        Some(Step::Map(map)) => {
            let mut texts: Vec<&String> = map.entries.values().chain(&map.other).collect();
            texts.sort();
            texts.dedup();
            for text in texts {
                check_text(compiler, &format!("maps.{}", map.name), value, text);
            }
        }
        Some(Step::Alias(_) | Step::Strip(_) | Step::Pattern(_)) | None => {}
    }
}

fn check_text(compiler: &mut Compiler, path: &str, value: &Value, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(message) = value.convert_listed(text).err() {
        compiler.fault(path, format!("`{text}`: {message}"));
    }
}
