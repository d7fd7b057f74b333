//! The bytes of a file, unpacked where they are gzip, with the place reached and the limit kept.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::privacy::push_hex;

const BUFFER_BYTES: usize = 128 * 1024;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// How far a file was taken.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    done: Arc<AtomicU64>,
    total: u64,
}

impl Progress {
    pub(super) fn new(total: u64) -> Self {
        Self {
            done: Arc::new(AtomicU64::new(0)),
            total,
        }
    }

    pub(super) fn position(&self) -> (u64, u64) {
        // A file that grows while it is read must not be done by more than all of it.
        (self.done.load(Ordering::Relaxed).min(self.total), self.total)
    }
}

struct Counted {
    file: File,
    done: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.done.fetch_add(u64::try_from(read).unwrap_or(0), Ordering::Relaxed);
        Ok(read)
    }
}

/// The unpacked bytes.
pub(super) struct Packed {
    inner: Box<dyn Read + Send>,
    left: u64,
    limit: u64,
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packed")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl Packed {
    pub(super) fn open(file: File, progress: Progress, limit: u64) -> io::Result<Self> {
        let mut reader = BufReader::with_capacity(
            BUFFER_BYTES,
            Counted {
                file,
                done: progress.done,
            },
        );
        let is_gzip = reader.fill_buf()?.starts_with(&GZIP_MAGIC);
        let inner: Box<dyn Read + Send> = if is_gzip {
            Box::new(MultiGzDecoder::new(reader))
        } else {
            Box::new(reader)
        };
        Ok(Self {
            inner,
            left: limit,
            limit,
        })
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Fills `buffer` as far as one read goes; `FileTooLarge` as an error kind where more than the limit comes.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let taken = u64::try_from(read).unwrap_or(u64::MAX);
        self.left = self
            .left
            .checked_sub(taken)
            .ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        Ok(read)
    }
}

/// SHA-256 of a whole file in hex; the file is at its start again afterwards.
pub(super) fn digest(file: &mut File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; BUFFER_BYTES];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut hex = String::with_capacity(64);
    push_hex(&mut hex, &hasher.finalize());
    Ok(hex)
}
