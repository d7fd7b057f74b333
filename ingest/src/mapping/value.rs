//! Values of fields: where their text comes from, and what it becomes.

use std::borrow::Cow;
use std::collections::HashMap;

use compact_str::CompactString;
use paceline_schemas::disposition::Disposition;
use paceline_schemas::field::FieldValue;
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::time::Day;
use regex::Regex;

use crate::convert::duration::Unit;
use crate::convert::month::Month;
use crate::convert::number::{Decimal, Notation};
use crate::convert::time::{Format, Stated};
use crate::import::Row;

/// Where a text comes from.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// One column.
    Column(usize),
    /// Columns joined by a space; nothing if one of them is blank.
    Joined(Vec<usize>),
    /// The first column that is not blank.
    FirstOf(Vec<usize>),
    /// The same for all rows.
    Constant(String),
}

/// What is done to a text before it is converted.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Takes the matches away.
    Strip(Regex),
    /// Keeps the first group; nothing where it does not match.
    Pattern(Regex),
    /// Other names; what has none stays as written.
    Alias(HashMap<String, String>),
    /// A map that must have every value, or `*`.
    Map(Map),
}

/// A named map.
#[derive(Debug, Clone)]
pub(super) struct Map {
    pub(super) name: String,
    pub(super) entries: HashMap<String, String>,
    pub(super) other: Option<String>,
}

/// What a text is converted to.
#[derive(Debug, Clone)]
pub(super) enum Convert {
    Text,
    Symbol(&'static [&'static str]),
    Disposition,
    Bool,
    Integer,
    Minor,
    Duration(Unit),
    Instant(Format),
    Date(Format),
    /// A whole number, or an instant in microseconds.
    Revision(Option<Format>),
    Month(Month),
    /// A number in the unit of its metric, multiplied.
    Times(i64),
    /// A text that passes a check.
    Checked(fn(&str) -> Result<(), String>),
}

/// Where the value of a field comes from and what it becomes.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) origin: Origin,
    pub(super) steps: Vec<Step>,
    pub(super) convert: Convert,
    pub(super) notation: Notation,
}

/// A text read from a row.
#[derive(Debug)]
pub(super) struct Text<'a> {
    /// As it shall be converted.
    pub(super) value: Cow<'a, str>,
    /// As written in the row.
    pub(super) written: Cow<'a, str>,
    /// Name of the map that knew it only by `*`.
    pub(super) unmapped: Option<&'a str>,
}

/// A value that has no entry in a map.
#[derive(Debug)]
pub(super) struct NotMapped<'a> {
    /// Name of the map.
    pub(super) map: &'a str,
    /// The value.
    pub(super) value: String,
}

impl NotMapped<'_> {
    pub(super) fn reject(&self) -> Reject {
        let detail = format!("the value has no entry in `maps.{}`, which has no `*`", self.map);
        Reject::new(Reason::MappingFailed, detail)
    }
}

/// The cell of a column, trimmed; nothing where it is blank or one of `nulls`.
pub(super) fn cell<'a>(row: &'a Row, column: usize, nulls: &[String]) -> Option<&'a str> {
    let text = row.cell(column)?.trim();
    (!text.is_empty() && !nulls.iter().any(|null| null == text)).then_some(text)
}

impl Value {
    /// Reads the text of the value from `row`.
    pub(super) fn read<'a>(&'a self, row: &'a Row, nulls: &[String]) -> Result<Option<Text<'a>>, NotMapped<'a>> {
        let Some(written) = self.origin.read(row, nulls) else {
            return Ok(None);
        };
        let mut value = written.clone();
        let mut unmapped = None;
        for step in &self.steps {
            let next = match step {
                Step::Strip(regex) => Some(Cow::Owned(regex.replace_all(&value, "").trim().to_owned())),
                Step::Pattern(regex) => regex
                    .captures(&value)
                    .and_then(|groups| groups.get(1))
                    .map(|group| Cow::Owned(group.as_str().to_owned())),
                Step::Alias(names) => match names.get(value.as_ref()) {
                    Some(name) => Some(Cow::Borrowed(name.as_str())),
                    None => Some(value),
                },
                Step::Map(map) => match (map.entries.get(value.as_ref()), &map.other) {
                    (Some(entry), _) => Some(Cow::Borrowed(entry.as_str())),
                    (None, Some(other)) => {
                        unmapped = Some(map.name.as_str());
                        Some(Cow::Borrowed(other.as_str()))
                    }
                    (None, None) => {
                        return Err(NotMapped {
                            map: &map.name,
                            value: value.into_owned(),
                        });
                    }
                },
            };
            match next {
                Some(text) if !text.is_empty() => value = text,
                Some(_) | None => return Ok(None),
            }
        }
        Ok(Some(Text {
            value,
            written,
            unmapped,
        }))
    }
}

impl Origin {
    fn read<'a>(&'a self, row: &'a Row, nulls: &[String]) -> Option<Cow<'a, str>> {
        match self {
            Self::Column(column) => cell(row, *column, nulls).map(Cow::Borrowed),
            Self::FirstOf(columns) => columns
                .iter()
                .find_map(|column| cell(row, *column, nulls))
                .map(Cow::Borrowed),
            Self::Joined(columns) => {
                let cells: Option<Vec<&str>> = columns.iter().map(|column| cell(row, *column, nulls)).collect();
                Some(Cow::Owned(cells?.join(" ")))
            }
            Self::Constant(text) => Some(Cow::Borrowed(text)),
        }
    }
}

/// What a converter made of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Converted {
    /// A value that a field takes.
    Ready(FieldValue),
    /// A symbol that its list does not have.
    Unlisted(CompactString),
    /// An amount, whose minor units depend on its currency.
    Amount(Decimal),
    /// A time, whose instant depends on a zone.
    Time(Stated),
    /// A duration below 0.
    Negative,
}

impl Value {
    /// Converts a text.
    ///
    /// # Errors
    /// It does not fit the converter.
    pub(super) fn convert(&self, text: &str) -> Result<Converted, Reject> {
        match &self.convert {
            Convert::Text => Ok(Converted::Ready(FieldValue::Text(text.into()))),
            Convert::Symbol(symbols) => Ok(listed(symbols, text)),
            Convert::Disposition => Ok(listed(Disposition::SYMBOLS, text)),
            Convert::Bool => boolean(text).map(|flag| Converted::Ready(FieldValue::Bool(flag))),
            Convert::Integer => self
                .integer(text)
                .map(|number| Converted::Ready(FieldValue::Integer(number))),
            Convert::Minor => Decimal::parse(text, self.notation)
                .map(Converted::Amount)
                .ok_or_else(|| Reject::new(Reason::BadMoney, "no decimal number in the notation of the mapping")),
            Convert::Duration(unit) => match unit.parse(text, self.notation) {
                Some(ms) if ms < 0 => Ok(Converted::Negative),
                Some(ms) => Ok(Converted::Ready(FieldValue::Integer(ms))),
                None => Err(failed("no duration in the unit of the mapping")),
            },
            Convert::Instant(format) => format.parse(text).map(Converted::Time).ok_or_else(bad_time),
            Convert::Date(format) => match format.parse(text).ok_or_else(bad_time)? {
                Stated::Date(day) => Ok(Converted::Ready(FieldValue::Date(day))),
                Stated::Local(local) => Ok(Converted::Ready(FieldValue::Date(Day::from_date(local.date())))),
                stated @ (Stated::Never | Stated::At(_)) => Ok(Converted::Time(stated)),
            },
            Convert::Revision(None) => self
                .integer(text)
                .map(|number| Converted::Ready(FieldValue::Integer(number))),
            Convert::Revision(Some(format)) => format.parse(text).map(Converted::Time).ok_or_else(bad_time),
            Convert::Month(month) => match month.parse(text).ok_or_else(bad_month)? {
                Stated::Date(day) => Ok(Converted::Ready(FieldValue::Date(day))),
                stated @ (Stated::Never | Stated::At(_) | Stated::Local(_)) => Ok(Converted::Time(stated)),
            },
            Convert::Times(factor) => Decimal::parse(text, self.notation)
                .and_then(|number| number.times(*factor))
                .map(Converted::Amount)
                .ok_or_else(|| failed("no decimal number in the notation of the mapping")),
            Convert::Checked(check) => match check(text) {
                Ok(()) => Ok(Converted::Ready(FieldValue::Text(text.into()))),
                Err(detail) => Err(failed(&detail)),
            },
        }
    }

    /// Converts a text that the mapping itself states.
    ///
    /// # Errors
    /// It does not fit the converter, or is a symbol that its list does not have.
    pub(super) fn convert_listed(&self, text: &str) -> Result<Converted, String> {
        match self.convert(text).map_err(|reject| reject.detail)? {
            Converted::Unlisted(_) => {
                let symbols = match &self.convert {
                    Convert::Symbol(symbols) => symbols,
                    _ => Disposition::SYMBOLS,
                };
                Err(format!("expected one of {}", symbols.join(", ")))
            }
            converted => Ok(converted),
        }
    }

    fn integer(&self, text: &str) -> Result<i64, Reject> {
        // Most counts are plain digits; the general way also takes groups and a fraction of zeros.
        text.parse()
            .ok()
            .or_else(|| Decimal::parse(text, self.notation)?.to_integer())
            .ok_or_else(|| failed("no whole number"))
    }
}

fn listed(symbols: &[&str], text: &str) -> Converted {
    if symbols.contains(&text) {
        Converted::Ready(FieldValue::Text(text.into()))
    } else {
        Converted::Unlisted(text.into())
    }
}

fn boolean(text: &str) -> Result<bool, Reject> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "是" => Ok(true),
        "false" | "no" | "n" | "0" | "否" => Ok(false),
        _ => Err(failed(
            "no truth value: expected true, yes, y, 1, 是 or false, no, n, 0, 否",
        )),
    }
}

fn failed(detail: &str) -> Reject {
    Reject::new(Reason::MappingFailed, detail)
}

fn bad_month() -> Reject {
    Reject::new(Reason::BadTime, "no month since 2000 in the format of the mapping")
}

fn bad_time() -> Reject {
    Reject::new(Reason::BadTime, "no time in the format of the mapping")
}
