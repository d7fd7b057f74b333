//! Reading files row by row: delimited text and JSON lines, packed or not, in the encodings that exports come in.
//!
//! What is absent: types and meaning (a row is text by column), and any memory of files read before. The invariants: a
//! row that cannot be read is refused alone and the rest goes on; memory is bounded by the longest row allowed,
//! whatever the file; a row never holds bytes that were not valid in the encoding.

mod delimited;
mod error;
mod jsonl;
mod layout;
mod packed;
mod record;
mod text;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

pub use error::{Class, Error};
pub use jsonl::Objects;
pub(crate) use jsonl::check_json;
pub use layout::{Encoding, Format, Layout};
pub use record::{Read, Refused, Row};

use delimited::Delimited;
use jsonl::JsonLines;
use packed::{Packed, Progress};
use text::Text;

use crate::mapping::CompiledMapping;

/// Limits of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a file, as it lies there and unpacked.
    pub file_bytes_max: u64,
    /// Bytes of a row.
    pub row_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes_max: 1 << 30,
            row_bytes_max: 64 * 1024,
        }
    }
}

/// What names a file: the last part of its path and its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileName {
    /// Name without the folder.
    pub name: String,
    /// SHA-256 of the bytes as they lie there, in hex.
    pub digest: String,
}

/// The rows of a file, in their order.
#[derive(Debug)]
pub struct Rows {
    file: Arc<FileName>,
    progress: Progress,
    unmapped: Vec<String>,
    reader: Reader,
}

#[derive(Debug)]
enum Reader {
    Delimited(Box<Delimited>),
    JsonLines(Box<JsonLines>),
}

/// Opens `path` to be read as `mapping` says.
///
/// # Errors
/// The file cannot be read, is too large, does not decode, or lacks a column of the mapping.
pub fn open(path: &Path, mapping: &CompiledMapping) -> Result<Rows, Error> {
    open_within(path, mapping, Limits::default())
}

/// Opens `path` under other limits.
///
/// # Errors
/// As [`open`].
pub fn open_within(path: &Path, mapping: &CompiledMapping, limits: Limits) -> Result<Rows, Error> {
    let failed = |action| {
        move |source| Error::Io {
            action,
            path: path.to_owned(),
            source,
        }
    };
    let mut opened = File::open(path).map_err(failed("open"))?;
    let bytes = opened.metadata().map_err(failed("read"))?.len();
    if bytes > limits.file_bytes_max {
        return Err(Error::FileTooLarge {
            path: path.to_owned(),
            limit: limits.file_bytes_max,
        });
    }
    let digest = packed::digest(&mut opened).map_err(failed("read"))?;
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let file = Arc::new(FileName { name, digest });
    let progress = Progress::new(bytes);
    let unpacked = Packed::open(opened, progress.clone(), limits.file_bytes_max).map_err(failed("read"))?;
    let layout = mapping.layout();
    let text = Text::open(unpacked, layout.encoding, limits.row_bytes_max, path)?;
    let (reader, unmapped) = match layout.format {
        Format::Delimited => {
            let (reader, unmapped) = Delimited::open(text, mapping, Arc::clone(&file), path)?;
            (Reader::Delimited(Box::new(reader)), unmapped)
        }
        Format::JsonLines => (
            Reader::JsonLines(Box::new(JsonLines::open(text, mapping, Arc::clone(&file)))),
            Vec::new(),
        ),
    };
    if layout.strict && !unmapped.is_empty() {
        return Err(Error::UnmappedColumns {
            path: path.to_owned(),
            columns: unmapped,
        });
    }
    Ok(Rows {
        file,
        progress,
        unmapped,
        reader,
    })
}

impl Rows {
    /// What names the file.
    pub fn file(&self) -> &FileName {
        &self.file
    }

    /// Bytes of the file taken so far, and all of them.
    pub fn position(&self) -> (u64, u64) {
        self.progress.position()
    }

    /// Columns of the file that the mapping does not use; of JSON lines those met so far.
    pub fn unmapped_columns(&self) -> Vec<String> {
        match &self.reader {
            Reader::Delimited(_) => self.unmapped.clone(),
            Reader::JsonLines(reader) => reader.unmapped(),
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Read, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.reader {
            Reader::Delimited(reader) => reader.next().transpose(),
            Reader::JsonLines(reader) => reader.next().transpose(),
        }
    }
}

#[cfg(test)]
mod tests;
