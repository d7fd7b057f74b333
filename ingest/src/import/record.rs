//! Rows as they are handed on, and rows that are refused.

use std::collections::HashMap;
use std::sync::Arc;

use paceline_schemas::reject::{Reason, Reject};
use sha2::{Digest, Sha256};

use super::FileName;
use crate::privacy::push_hex;

/// What reading gave: a row, or why there is none.
#[derive(Debug)]
pub enum Read {
    /// A row.
    Row(Row),
    /// A row that cannot be read.
    Refused(Refused),
}

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Line at which it begins; the header is line 1.
    pub line: u64,
    /// Why.
    pub reject: Reject,
    /// Its bytes as decoded, as far as they were kept.
    pub size: usize,
}

impl Refused {
    pub(super) fn malformed(line: u64, size: usize, detail: impl Into<String>) -> Self {
        Self {
            line,
            reject: Reject::new(Reason::Malformed, detail),
            size,
        }
    }

    pub(super) fn too_large(line: u64, size: usize, limit: usize) -> Self {
        let detail = format!("row at line {line}: over the limit of {limit} bytes");
        Self {
            line,
            reject: Reject::new(Reason::TooLarge, detail),
            size,
        }
    }

    pub(super) fn invalid(line: u64, size: usize, byte: u64, encoding: &str) -> Self {
        Self::malformed(
            line,
            size,
            format!(
                "row at line {line}: the bytes at {byte} are not valid {encoding}; \
                 if the whole file is like this, name its `encoding` in the mapping"
            ),
        )
    }
}

/// One row, its cells in the order of the mapping's columns.
#[derive(Debug, Clone)]
pub struct Row {
    /// Line at which it begins; the header is line 1.
    pub line: u64,
    /// The row as decoded, without its line break.
    pub bytes: Vec<u8>,
    pub(crate) file: Arc<FileName>,
    pub(crate) identity: Option<Identity>,
    pub(super) text: String,
    pub(super) cells: Vec<Option<(u32, u32)>>,
}

impl Row {
    /// The cell of the mapping's column `column`; nothing where the row has none.
    pub fn cell(&self, column: usize) -> Option<&str> {
        let (start, end) = (*self.cells.get(column)?)?;
        self.text.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    /// What names the file.
    pub fn file(&self) -> &Arc<FileName> {
        &self.file
    }
}

/// The name of a row that has no other: its content and how often that has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    digest: [u8; 32],
    repeat: u32,
}

impl Identity {
    /// The digest in hex, `#` and the number of the repeat.
    pub(crate) fn text(self) -> String {
        let mut text = String::with_capacity(72);
        push_hex(&mut text, &self.digest);
        text.push('#');
        text.push_str(&self.repeat.to_string());
        text
    }
}

/// Counts how often each row has come, by the first half of a half of its digest: 12 bytes a row.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    seen: HashMap<u64, u32>,
}

impl Repeats {
    pub(super) fn identify(&mut self, bytes: &[u8]) -> Identity {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let head = digest
            .iter()
            .take(8)
            .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        let count = self.seen.entry(head).or_insert(0);
        *count += 1;
        Identity { digest, repeat: *count }
    }
}
