//! Delimited text: cells between delimiters, quoted where they hold delimiters or line breaks.
//!
//! Records are split here and not by a CSV library because those hold a record of any length: one quote left open
//! would hold the rest of the file. A record that is refused ends at its first line, and the lines that it had taken
//! in are read again, each as a record of its own.

mod split;

use std::path::Path;
use std::sync::Arc;

use super::FileName;
use super::error::Error;
use super::record::{Read, Refused, Repeats, Row};
use super::text::{Line, Text};
use crate::mapping::CompiledMapping;
use split::{Cells, Splitter};

/// Reads delimited rows.
#[derive(Debug)]
pub(super) struct Delimited {
    text: Text,
    file: Arc<FileName>,
    splitter: Splitter,
    raw: Vec<u8>,
    cells: Cells,
    first_line_bytes: usize,
    first: u64,
    line: u64,
    // Lines that come again, and the number of the line after them.
    again: Vec<u8>,
    again_at: usize,
    resume_after: u64,
    replayed: bool,
    // Taken as the first row where there is no header.
    waiting: bool,
    width: usize,
    columns: Vec<usize>,
    repeats: Option<Repeats>,
}

enum Record {
    End,
    Blank,
    Whole,
    Refused(Refused),
}

impl Delimited {
    /// Reads the header and finds the mapping's columns in it; also returns the columns that the mapping does not use.
    ///
    /// # Errors
    /// There is no header, it does not decode, or it lacks columns.
    pub(super) fn open(
        text: Text,
        mapping: &CompiledMapping,
        file: Arc<FileName>,
        path: &Path,
    ) -> Result<(Self, Vec<String>), Error> {
        let layout = mapping.layout();
        let mut reader = Self {
            text,
            file,
            splitter: Splitter::new(layout.delimiter),
            raw: Vec::new(),
            cells: Cells::default(),
            first_line_bytes: 0,
            first: 0,
            line: 0,
            again: Vec::new(),
            again_at: 0,
            resume_after: 0,
            replayed: false,
            waiting: false,
            width: 0,
            columns: Vec::new(),
            repeats: layout.counts_repeats.then(Repeats::default),
        };
        reader.skip(layout.skip_rows)?;
        let names = reader.header(layout.header, layout.skip_rows, path)?;
        let found = |column: &String| names.iter().position(|name| name == column);
        let missing: Vec<String> = mapping
            .columns()
            .iter()
            .filter(|c| found(c).is_none())
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(Error::MissingColumns {
                path: path.to_owned(),
                missing,
                found: names,
            });
        }
        let repeated = mapping
            .columns()
            .iter()
            .find(|c| names.iter().filter(|name| name == c).count() > 1);
        if let Some(column) = repeated {
            return Err(Error::RepeatedColumn {
                path: path.to_owned(),
                column: column.clone(),
            });
        }
        reader.columns = mapping.columns().iter().filter_map(found).collect();
        reader.width = names.len();
        let unmapped = names
            .into_iter()
            .filter(|name| !mapping.columns().contains(name))
            .collect();
        Ok((reader, unmapped))
    }

    fn skip(&mut self, lines: u64) -> Result<(), Error> {
        for _ in 0..lines {
            self.raw.clear();
            if self.text.line(&mut self.raw)? == Line::End {
                break;
            }
            self.line += 1;
        }
        self.text.take_invalid();
        Ok(())
    }

    fn header(&mut self, named: bool, skipped: u64, path: &Path) -> Result<Vec<String>, Error> {
        let limit = self.text.row_bytes_max();
        loop {
            match self.record()? {
                Record::End => {
                    return Err(Error::NoHeader {
                        path: path.to_owned(),
                        skipped,
                    });
                }
                Record::Blank => {}
                Record::Refused(_) => {
                    return Err(Error::HeaderTooLarge {
                        path: path.to_owned(),
                        limit,
                    });
                }
                Record::Whole => break,
            }
        }
        let names: Vec<String> = self
            .cells
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).into_owned())
            .collect();
        if !named {
            self.waiting = true;
            return Ok((1..=names.len()).map(|number| format!("c{number}")).collect());
        }
        let invalid = self.text.take_invalid().or_else(|| self.raw.contains(&0).then_some(0));
        if let Some(byte) = invalid {
            let encoding = self.text.encoding();
            return Err(Error::HeaderEncoding {
                path: path.to_owned(),
                encoding: encoding.name(),
                line: self.line,
                byte,
                suggestion: others(encoding, self.raw.contains(&0)),
            });
        }
        Ok(names
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim().to_owned())
            .collect())
    }

    /// The next row.
    ///
    /// # Errors
    /// The file cannot be read any further.
    pub(super) fn next(&mut self) -> Result<Option<Read>, Error> {
        loop {
            let record = if std::mem::take(&mut self.waiting) {
                Record::Whole
            } else {
                self.record()?
            };
            let read = match record {
                Record::End => return Ok(None),
                Record::Blank => continue,
                Record::Refused(refused) => Read::Refused(refused),
                Record::Whole => self.row(),
            };
            if matches!(read, Read::Refused(_)) {
                self.read_again();
            }
            return Ok(Some(read));
        }
    }

    fn record(&mut self) -> Result<Record, Error> {
        self.raw.clear();
        self.cells.clear();
        self.splitter.begin();
        let limit = self.text.row_bytes_max();
        loop {
            let start = self.raw.len();
            let taken = self.take_line()?;
            if start == 0 {
                self.first = self.line;
                self.first_line_bytes = self.raw.len();
            }
            let first = self.first;
            match taken {
                Line::End if start == 0 => return Ok(Record::End),
                Line::End => return Ok(Record::Refused(open_quote(first, start))),
                Line::TooLong => {
                    let size = self.raw.len();
                    self.raw.truncate(start);
                    return Ok(Record::Refused(Refused::too_large(first, size, limit)));
                }
                Line::Whole => {}
            }
            let line = self.raw.get(start..).unwrap_or_default();
            if start == 0 && without_break(line).is_empty() {
                return Ok(Record::Blank);
            }
            if self.splitter.feed(line, &mut self.cells) {
                return Ok(Record::Whole);
            }
            if self.replayed {
                return Ok(Record::Refused(open_quote(first, self.raw.len())));
            }
            if self.raw.len() > limit {
                return Ok(Record::Refused(Refused::too_large(first, self.raw.len(), limit)));
            }
        }
    }

    fn take_line(&mut self) -> Result<Line, Error> {
        let rest = self.again.get(self.again_at..).unwrap_or_default();
        self.replayed = !rest.is_empty();
        if self.replayed {
            let len = rest
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(rest.len(), |at| at + 1);
            self.raw.extend_from_slice(&rest[..len]);
            self.again_at += len;
            self.line += 1;
            return Ok(Line::Whole);
        }
        if !self.again.is_empty() {
            self.again.clear();
            self.again_at = 0;
            self.line = self.resume_after;
        }
        let taken = self.text.line(&mut self.raw)?;
        self.line += u64::from(taken != Line::End);
        Ok(taken)
    }

    // What a refused record took in beyond its first line comes once more; lines that come again are never joined,
    // so each is looked at twice at most.
    fn read_again(&mut self) {
        if self.replayed || self.raw.len() <= self.first_line_bytes {
            return;
        }
        self.resume_after = self.line;
        self.line = self.first;
        self.again.clear();
        self.again.extend_from_slice(&self.raw[self.first_line_bytes..]);
        self.again_at = 0;
    }

    fn row(&mut self) -> Read {
        let (line, size) = (self.first, self.raw.len());
        if let Some(byte) = self.text.take_invalid() {
            return Read::Refused(Refused::invalid(line, size, byte, self.text.encoding().name()));
        }
        // Of a line that comes again the places are gone: the replacement character is what is left of them.
        let text = match String::from_utf8(self.cells.text.clone()) {
            Ok(text) if !(self.replayed && text.contains('\u{fffd}')) => text,
            Ok(_) | Err(_) => {
                return Read::Refused(Refused::malformed(
                    line,
                    size,
                    format!("row at line {line}: invalid bytes"),
                ));
            }
        };
        if self.cells.len() != self.width {
            let detail = format!(
                "row at line {line}: {} cells, the header has {}",
                self.cells.len(),
                self.width
            );
            return Read::Refused(Refused::malformed(line, size, detail));
        }
        let bytes = without_break(&self.raw).to_vec();
        Read::Row(Row {
            line,
            identity: self.repeats.as_mut().map(|repeats| repeats.identify(&bytes)),
            bytes,
            file: Arc::clone(&self.file),
            cells: self
                .columns
                .iter()
                .map(|column| Some(self.cells.span(*column)))
                .collect(),
            text,
        })
    }
}

fn open_quote(line: u64, size: usize) -> Refused {
    Refused {
        size,
        ..Refused::malformed(line, size, format!("row at line {line}: a quote is not closed"))
    }
}

fn without_break(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn others(tried: &'static encoding_rs::Encoding, has_zeros: bool) -> String {
    let names: &[&str] = if has_zeros {
        &["utf-16le"]
    } else if tried == encoding_rs::UTF_8 {
        &["gb18030", "windows-1252"]
    } else {
        &["utf-8"]
    };
    names.join("\" or \"")
}
