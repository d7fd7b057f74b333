//! Lines of a file as UTF-8, each with the place of the first byte that its encoding does not allow.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use encoding_rs::{Decoder, DecoderResult};

use super::error::Error;
use super::layout::Encoding;
use super::packed::Packed;

const CHUNK_BYTES: usize = 64 * 1024;

/// A byte sequence that is not valid, replaced by U+FFFD in the decoded text.
#[derive(Debug, Clone, Copy)]
struct Invalid {
    // Where the replacement lies in the decoded text.
    at: u64,
    // Where the bytes lie in the unpacked file.
    byte: u64,
}

/// What one call for a line gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// The file is over.
    End,
    /// A line, its break included, was appended.
    Whole,
    /// The line is longer than its limit: what was appended is a part, the rest was passed over.
    TooLong,
}

/// The decoded lines.
#[derive(Debug)]
pub(super) struct Text {
    input: Packed,
    path: PathBuf,
    encoding: &'static encoding_rs::Encoding,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_at: usize,
    raw_len: usize,
    bytes_done: u64,
    ended: bool,
    flushed: bool,
    decoded: Vec<u8>,
    decoded_at: usize,
    decoded_done: u64,
    invalid: VecDeque<Invalid>,
    row_bytes_max: usize,
}

impl Text {
    /// Begins to decode; a byte order mark decides the encoding.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn open(input: Packed, encoding: Encoding, row_bytes_max: usize, path: &Path) -> Result<Self, Error> {
        let mut text = Self {
            input,
            path: path.to_owned(),
            encoding: encoding.decoder(),
            decoder: encoding.decoder().new_decoder_without_bom_handling(),
            raw: vec![0; CHUNK_BYTES],
            raw_at: 0,
            raw_len: 0,
            bytes_done: 0,
            ended: false,
            flushed: false,
            decoded: Vec::with_capacity(4 * CHUNK_BYTES),
            decoded_at: 0,
            decoded_done: 0,
            invalid: VecDeque::new(),
            row_bytes_max,
        };
        // A mark has up to three bytes, and one read may give fewer.
        while text.raw_len < 4 && !text.ended {
            text.read_raw()?;
        }
        if let Some((marked, mark_bytes)) = encoding_rs::Encoding::for_bom(&text.raw[..text.raw_len]) {
            text.encoding = marked;
            text.decoder = marked.new_decoder_without_bom_handling();
            text.raw_at = mark_bytes;
        }
        Ok(text)
    }

    pub(super) fn row_bytes_max(&self) -> usize {
        self.row_bytes_max
    }

    /// The encoding in use, as the standard names it.
    pub(super) fn encoding(&self) -> &'static encoding_rs::Encoding {
        self.encoding
    }

    /// Appends the next line to `out`, as far as the limit of a row allows.
    ///
    /// # Errors
    /// The file cannot be read, or is larger than its limit.
    pub(super) fn line(&mut self, out: &mut Vec<u8>) -> Result<Line, Error> {
        let mut left = self.row_bytes_max;
        let mut fits = true;
        let mut any = false;
        loop {
            if self.decoded_at == self.decoded.len() && !self.decode()? {
                return Ok(match (any, fits) {
                    (false, _) => Line::End,
                    (true, true) => Line::Whole,
                    (true, false) => Line::TooLong,
                });
            }
            any = true;
            let rest = &self.decoded[self.decoded_at..];
            let line_break = rest.iter().position(|byte| *byte == b'\n');
            let taken = line_break.map_or(rest.len(), |at| at + 1);
            fits = fits && taken <= left;
            if fits {
                out.extend_from_slice(&rest[..taken]);
                left -= taken;
            }
            self.decoded_at += taken;
            if line_break.is_some() {
                return Ok(if fits { Line::Whole } else { Line::TooLong });
            }
        }
    }

    /// The first invalid byte of what was taken since the last call, by its place in the unpacked file.
    pub(super) fn take_invalid(&mut self) -> Option<u64> {
        let until = self.decoded_done + u64::try_from(self.decoded_at).unwrap_or(0);
        let mut first = None;
        while self.invalid.front().is_some_and(|invalid| invalid.at < until) {
            let byte = self.invalid.pop_front().map(|invalid| invalid.byte);
            first = first.or(byte);
        }
        first
    }

    // Decodes one chunk; false at the end of the file.
    fn decode(&mut self) -> Result<bool, Error> {
        self.decoded_done += u64::try_from(self.decoded.len()).unwrap_or(0);
        self.decoded.clear();
        self.decoded_at = 0;
        while self.decoded.is_empty() && !self.flushed {
            if self.raw_at == self.raw_len && !self.ended {
                self.bytes_done += u64::try_from(self.raw_len).unwrap_or(0);
                (self.raw_at, self.raw_len) = (0, 0);
                self.read_raw()?;
            }
            // The last call lets the decoder report a sequence that the end of the file cuts.
            self.decode_raw(self.ended);
            self.flushed = self.ended;
        }
        Ok(!self.decoded.is_empty())
    }

    fn decode_raw(&mut self, last: bool) {
        loop {
            let start = self.decoded.len();
            self.decoded.resize(start + CHUNK_BYTES, 0);
            let source = &self.raw[self.raw_at..self.raw_len];
            let target = &mut self.decoded[start..];
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(source, target, last);
            self.decoded.truncate(start + written);
            self.raw_at += read;
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(len, after) => self.mark(u64::from(len) + u64::from(after)),
            }
        }
    }

    fn mark(&mut self, back: u64) {
        let at = self.decoded_done + u64::try_from(self.decoded.len()).unwrap_or(0);
        let byte = (self.bytes_done + u64::try_from(self.raw_at).unwrap_or(0)).saturating_sub(back);
        // A line of nothing else must not fill the memory.
        if self.invalid.len() < CHUNK_BYTES {
            self.invalid.push_back(Invalid { at, byte });
        }
        self.decoded.extend_from_slice("\u{fffd}".as_bytes());
    }

    fn read_raw(&mut self) -> Result<(), Error> {
        let read = loop {
            match self.input.read(&mut self.raw[self.raw_len..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    return Err(Error::FileTooLarge {
                        path: self.path.clone(),
                        limit: self.input.limit(),
                    });
                }
                Err(source) => {
                    return Err(Error::Io {
                        action: "read",
                        path: self.path.clone(),
                        source,
                    });
                }
                Ok(read) => break read,
            }
        };
        self.ended = read == 0;
        self.raw_len += read;
        Ok(())
    }
}
