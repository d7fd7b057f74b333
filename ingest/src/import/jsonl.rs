//! JSON lines: one object a line, columns by key or JSON pointer.
//!
//! Numbers are handed on as the text that they are written as, so that no amount passes through a float.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::de::IgnoredAny;
use sonic_rs::{JsonType, JsonValueTrait, LazyValue};

use super::FileName;
use super::error::Error;
use super::record::{Read, Refused, Repeats, Row};
use super::text::{Line, Text};
use crate::mapping::CompiledMapping;

const UNMAPPED_MAX: usize = 100;
const DEPTH_MAX: usize = 16;

/// Reads JSON lines.
#[derive(Debug)]
pub(super) struct JsonLines {
    text: Text,
    raw: Vec<u8>,
    line: u64,
    skip_rows: u64,
    objects: Objects,
}

impl JsonLines {
    pub(super) fn open(text: Text, mapping: &CompiledMapping, file: Arc<FileName>) -> Self {
        Self {
            text,
            raw: Vec::new(),
            line: 0,
            skip_rows: mapping.layout().skip_rows,
            objects: Objects::new(mapping, file),
        }
    }

    pub(super) fn unmapped(&self) -> Vec<String> {
        self.objects.unmapped.iter().cloned().collect()
    }

    /// The next row.
    ///
    /// # Errors
    /// The file cannot be read any further.
    pub(super) fn next(&mut self) -> Result<Option<Read>, Error> {
        loop {
            self.raw.clear();
            let taken = self.text.line(&mut self.raw)?;
            if taken == Line::End {
                return Ok(None);
            }
            self.line += 1;
            let invalid = self.text.take_invalid();
            if self.line <= self.skip_rows || (taken == Line::Whole && self.raw.trim_ascii().is_empty()) {
                continue;
            }
            let (line, size) = (self.line, self.raw.len());
            if taken == Line::TooLong {
                return Ok(Some(Read::Refused(Refused::too_large(
                    line,
                    size,
                    self.text.row_bytes_max(),
                ))));
            }
            if let Some(byte) = invalid {
                return Ok(Some(Read::Refused(Refused::invalid(
                    line,
                    size,
                    byte,
                    self.text.encoding().name(),
                ))));
            }
            let read = match self.objects.row(self.raw.trim_ascii(), line) {
                Ok(row) => Read::Row(row),
                Err(detail) => Read::Refused(Refused::malformed(line, size, format!("row at line {line}: {detail}"))),
            };
            return Ok(Some(read));
        }
    }
}

/// Reads JSON objects, each a row of a mapping.
#[derive(Debug)]
pub struct Objects {
    file: Arc<FileName>,
    // Of each key, the columns that begin with it and the rest of their pointers.
    keys: HashMap<String, Vec<(usize, Vec<String>)>>,
    width: usize,
    unmapped: BTreeSet<String>,
    repeats: Option<Repeats>,
}

impl Objects {
    /// A reader for `mapping`; `file` names where the objects come from.
    pub fn new(mapping: &CompiledMapping, file: Arc<FileName>) -> Self {
        let mut keys: HashMap<String, Vec<(usize, Vec<String>)>> = HashMap::new();
        for (at, column) in mapping.columns().iter().enumerate() {
            let mut segments = segments(column);
            let head = segments.remove(0);
            keys.entry(head).or_default().push((at, segments));
        }
        Self {
            file,
            keys,
            width: mapping.columns().len(),
            unmapped: BTreeSet::new(),
            repeats: mapping.layout().counts_repeats.then(Repeats::default),
        }
    }

    /// The row of one object.
    ///
    /// # Errors
    /// What is wrong with the bytes; nothing of them is quoted.
    pub fn row(&mut self, bytes: &[u8], line: u64) -> Result<Row, String> {
        let json = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        check_json(bytes)?;
        if !json.starts_with('{') {
            return Err("no JSON object".to_owned());
        }
        let mut text = String::with_capacity(bytes.len());
        let mut cells = vec![None; self.width];
        for entry in sonic_rs::to_object_iter(json) {
            let (key, value) = entry.map_err(|_| "no JSON object".to_owned())?;
            let Some(columns) = self.keys.get(key.as_ref()) else {
                if self.unmapped.len() < UNMAPPED_MAX && !self.unmapped.contains(key.as_ref()) {
                    self.unmapped.insert(key.to_string());
                }
                continue;
            };
            for (column, path) in columns {
                if let Some(cell) = cells.get_mut(*column) {
                    *cell = append_at(&mut text, &value, path);
                }
            }
        }
        Ok(Row {
            line,
            identity: self.repeats.as_mut().map(|repeats| repeats.identify(bytes)),
            bytes: bytes.to_vec(),
            file: Arc::clone(&self.file),
            text,
            cells,
        })
    }
}

/// Checks that the bytes are one JSON value of few levels.
///
/// The lazy readers do not check what they pass over, and have no limit of nesting: a deep value would overflow the
/// stack, so brackets are counted first.
pub(crate) fn check_json(bytes: &[u8]) -> Result<(), String> {
    if is_deep(bytes) {
        return Err(format!("nested deeper than {DEPTH_MAX}"));
    }
    serde_json::from_slice::<IgnoredAny>(bytes)
        .map(drop)
        .map_err(|error| format!("no JSON at column {}", error.column()))
}

fn is_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return true;
        }
    }
    false
}

// A column is a key, or a pointer where it begins with `/`.
fn segments(column: &str) -> Vec<String> {
    match column.strip_prefix('/') {
        Some(pointer) => pointer
            .split('/')
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect(),
        None => vec![column.to_owned()],
    }
}

// Appends what `path` leads to; the depth is that of the pointer in the mapping.
fn append_at(text: &mut String, value: &LazyValue<'_>, path: &[String]) -> Option<(u32, u32)> {
    let Some((segment, rest)) = path.split_first() else {
        return append(text, value);
    };
    match value.get_type() {
        JsonType::Object => append_at(text, &value.get(segment.as_str())?, rest),
        JsonType::Array => append_at(text, &value.get(segment.parse::<usize>().ok()?)?, rest),
        JsonType::Null | JsonType::Boolean | JsonType::Number | JsonType::String => None,
    }
}

fn append(text: &mut String, value: &LazyValue<'_>) -> Option<(u32, u32)> {
    let start = u32::try_from(text.len()).ok()?;
    match value.get_type() {
        JsonType::Null => return None,
        JsonType::String => text.push_str(value.as_str()?),
        JsonType::Boolean | JsonType::Number | JsonType::Object | JsonType::Array => text.push_str(value.as_raw_str()),
    }
    Some((start, u32::try_from(text.len()).ok()?))
}
