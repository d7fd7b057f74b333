//! The manifest: offset, watermark, state and staged files of one unit, true together or not at all.
//!
//! Absent: I/O and clocks. The invariant: a manifest that decodes is byte for byte what its writer encoded. The CRC tells
//! damage cheaply, the BLAKE3 of the body links the chain, and the decoder encodes again and compares.

mod codec;

use std::collections::BTreeMap;
use std::fmt;

use paceline_schemas::position::Offset;
use paceline_schemas::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use codec::Fault;

use crate::unit::Unit;

/// The format that this code writes; it reads this one.
pub const FORMAT: u32 = 1;

/// Number of a manifest within its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(pub u64);

impl Sequence {
    /// The number that follows.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Count of claims of a unit; the higher one owns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A BLAKE3 digest, written as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Reads 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let hash = blake3::Hash::from_hex(text).ok()?;
        let digest = Self(*hash.as_bytes());
        (digest.to_string() == text).then_some(digest)
    }

    pub(crate) fn of_hasher(hasher: &blake3::Hasher) -> Self {
        Self(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no BLAKE3 digest"))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// What a manifest was created for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A new owner takes the unit; nothing else changes.
    Claim,
    /// The owner commits a stretch of the log.
    Checkpoint,
}

/// The record at `next - 1`, by which a truncated or re-created topic is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// Its offset.
    pub offset: Offset,
    /// Its append time in microseconds.
    pub ts: i64,
    /// CRC-32C of its payload, eight lower-case hexadecimal digits.
    pub crc32c: String,
}

/// The stretch of the log that the manifest covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The topic.
    pub topic: String,
    /// Identity of the log.
    pub cluster: String,
    /// First offset of the stretch: the predecessor's `next`.
    pub from: Offset,
    /// First offset after the stretch.
    pub next: Offset,
    /// Watermark after the stretch in microseconds.
    pub watermark: Option<i64>,
    /// The last record of the log so far.
    pub last: Option<Fingerprint>,
}

/// A stored state of the fold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateRef {
    /// The manifest at whose `next` it was cut.
    pub seq: Sequence,
    /// That `next`: the log is read on from here.
    pub next: Offset,
    /// Where it lies.
    pub path: String,
    /// Bytes.
    pub len: u64,
    /// Digest of the stored bytes.
    pub blake3: Digest,
    /// Digest of the fold's canonical encoding, which a replay must reproduce.
    pub digest: Digest,
}

/// One staged data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagedFile {
    /// Where it lies.
    pub path: String,
    /// Bytes.
    pub len: u64,
    /// Digest of the bytes.
    pub blake3: Digest,
    /// Rows, as in the Parquet footer.
    pub rows: u64,
    /// Value of the partition column.
    pub month: Option<String>,
    /// Least business date.
    pub min: Option<Day>,
    /// Greatest business date.
    pub max: Option<Day>,
}

/// The staged files of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagedTable {
    /// The table.
    pub table: String,
    /// Its files, in the order of their creation.
    pub files: Vec<StagedFile>,
}

/// What became of the records of a stretch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Books {
    /// Records read.
    pub consumed: u64,
    /// Events added.
    pub applied: u64,
    /// Re-sends that changed nothing.
    pub duplicate: u64,
    /// Records refused.
    pub dead: u64,
    /// Clock ticks.
    pub ticks: u64,
    /// Late events, within `applied`.
    pub late: u64,
}

impl Books {
    /// True if every record read went somewhere.
    pub fn balance(&self) -> bool {
        [self.applied, self.duplicate, self.dead, self.ticks]
            .into_iter()
            .try_fold(0_u64, u64::checked_add)
            .is_some_and(|sum| sum == self.consumed && self.late <= self.applied)
    }
}

impl std::ops::AddAssign for Books {
    fn add_assign(&mut self, other: Self) {
        self.consumed += other.consumed;
        self.applied += other.applied;
        self.duplicate += other.duplicate;
        self.dead += other.dead;
        self.ticks += other.ticks;
        self.late += other.late;
    }
}

/// A stretch of the log that was given up by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// First offset given up.
    pub from: Offset,
    /// First offset after it.
    pub to: Offset,
}

/// The body of a manifest, in the order of its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Version of this format.
    pub format: u32,
    /// The deployment that the data directory belongs to.
    pub deployment: String,
    /// The unit.
    #[serde(rename = "shard")]
    pub unit: Unit,
    /// Number within the chain.
    pub seq: Sequence,
    /// Digest of the predecessor's body.
    pub prev: Option<Digest>,
    /// Claim or checkpoint.
    pub kind: Kind,
    /// The writing process.
    pub writer: Uuid,
    /// Claims so far.
    pub epoch: Epoch,
    /// Version of the program.
    pub code: String,
    /// Version of the fold's results.
    pub logic: u32,
    /// Partitions of the topic.
    pub partitions: u32,
    /// When it was written.
    pub at: Instant,
    /// Digest of each piece of configuration that the fold reads.
    pub config_hash: BTreeMap<String, String>,
    /// Limits, which may change from one manifest to the next.
    pub params: BTreeMap<String, i64>,
    /// The stretch of the log.
    pub input: Input,
    /// The newest durable state.
    pub state: Option<StateRef>,
    /// The staged files.
    pub tables: Vec<StagedTable>,
    /// What became of the records.
    pub books: Books,
    /// Number up to which everything was published when it was written.
    pub published: Option<Sequence>,
    /// Stretches given up by name, all of them.
    pub accepted_loss: Vec<Loss>,
}

/// A body with its digest: what was read from, or is ready for, the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    body: Body,
    digest: Digest,
}

impl Manifest {
    /// The body.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Digest of the body: the next manifest's `prev`.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Number within the chain.
    pub fn seq(&self) -> Sequence {
        self.body.seq
    }

    /// The staged files of `table`.
    pub fn files_of(&self, table: &str) -> &[StagedFile] {
        self.body
            .tables
            .iter()
            .find(|staged| staged.table == table)
            .map_or(&[], |staged| &staged.files)
    }

    /// All staged files with their tables.
    pub fn files(&self) -> impl Iterator<Item = (&str, &StagedFile)> {
        self.body
            .tables
            .iter()
            .flat_map(|staged| staged.files.iter().map(|file| (staged.table.as_str(), file)))
    }
}
