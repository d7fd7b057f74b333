//! Bytes of an encoded state: fixed and variable-length integers, short texts.

use paceline_schemas::ids::{Currency, IdError, RepId, SiteId};

use crate::error::DecodeError;
use crate::packed::{read_varint, skip_packed, unzigzag, zigzag};

/// Writes a state.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push((value & 0x7f) as u8);
    }

    pub(crate) fn signed(&mut self, value: i64) {
        self.varint(zigzag(value));
    }

    pub(crate) fn count(&mut self, count: usize) {
        self.varint(count as u64);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes(text.as_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Reads a state. Every method answers with what is wrong and never panics.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    len: usize,
}

/// An identifier as the state keeps it: the empty one too, which no constructor makes.
pub(crate) trait Id: Default + Sized {
    fn read(text: &str) -> Result<Self, IdError>;
}

macro_rules! ids {
    ($($name:ident),*) => {$(
        impl Id for $name {
            fn read(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
    )*};
}

ids!(RepId, Currency, SiteId);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            len: bytes.len(),
        }
    }

    pub(crate) fn damaged(&self, what: &'static str) -> DecodeError {
        DecodeError::Damaged {
            at: self.len - self.rest.len(),
            what,
        }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Leaves out the last `len` bytes.
    pub(crate) fn cut(&mut self, len: usize) {
        let (rest, _) = self.rest.split_at(self.rest.len().saturating_sub(len));
        self.rest = rest;
    }

    pub(crate) fn varint(&mut self) -> Result<u64, DecodeError> {
        let (value, rest) = read_varint(self.rest).ok_or_else(|| self.damaged("no integer"))?;
        self.rest = rest;
        Ok(value)
    }

    pub(crate) fn signed(&mut self) -> Result<i64, DecodeError> {
        Ok(unzigzag(self.varint()?))
    }

    /// A number of items of at least `size` bytes each, which the rest must be able to hold.
    pub(crate) fn count(&mut self, size: usize) -> Result<usize, DecodeError> {
        let count = usize::try_from(self.varint()?).map_err(|_| self.damaged("a count out of range"))?;
        if count > self.rest.len() / size.max(1) {
            return Err(self.damaged("a count above what follows"));
        }
        Ok(count)
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (bytes, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or_else(|| self.damaged("an end too early"))?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(crate) fn word(&mut self) -> Result<u64, DecodeError> {
        let (word, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| self.damaged("an end too early"))?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*word))
    }

    pub(crate) fn id<T: Id>(&mut self) -> Result<T, DecodeError> {
        let len = self.count(1)?;
        let text = std::str::from_utf8(self.bytes(len)?).map_err(|_| self.damaged("no text"))?;
        if text.is_empty() {
            return Ok(T::default());
        }
        T::read(text).map_err(|_| self.damaged("no identifier"))
    }

    /// One packed vector.
    pub(crate) fn packed(&mut self) -> Result<&'a [u8], DecodeError> {
        let after = skip_packed(self.rest).ok_or_else(|| self.damaged("no pane"))?;
        self.bytes(self.rest.len() - after.len())
    }
}
