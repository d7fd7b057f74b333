//! What can go wrong between the fold and its files, and what the shell does about it.

use std::time::Duration;

use crate::manifest::Fault;
use crate::unit::Unit;

/// What the caller does about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Refuse the request or the start, and name what has to change.
    Input,
    /// Keep what is staged and try again.
    Transient,
    /// Stop the unit or the process; a person looks.
    Fatal,
}

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No space is left under the data directory.
    #[error(
        "write `{path}`: no space is left for {need} bytes; free space on its file system or move the data directory, writing resumes by itself"
    )]
    DiskFull {
        /// The file that was being written.
        path: String,
        /// Bytes it needs.
        need: u64,
    },
    /// The disk refused to make a write durable; what it holds is unknown.
    #[error("sync `{path}`: the disk did not confirm the write; the file is abandoned, check the disk, then restart")]
    SyncFailed {
        /// The file or folder.
        path: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A path or file system is not taken.
    #[error("use `{path}`: {reason}")]
    Refused {
        /// The path.
        path: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The object store failed.
    #[error("access `{path}`")]
    Store {
        /// The object.
        path: String,
        /// What the store said.
        #[source]
        source: Box<object_store::Error>,
    },
    /// Whether an object was created could not be found out.
    #[error("create `{path}`: the outcome is still unknown after {attempts} attempts; the next claim resolves it")]
    Unresolved {
        /// The object.
        path: String,
        /// Attempts made.
        attempts: u32,
    },
    /// A name that is never reused holds other bytes.
    #[error("create `{path}`: the name holds other bytes")]
    NameTaken {
        /// The object.
        path: String,
    },
    /// A manifest cannot be believed.
    #[error("read manifest `{path}`: {fault}")]
    Manifest {
        /// The manifest.
        path: String,
        /// What is wrong with it.
        #[source]
        fault: Fault,
    },
    /// A unit must not go on.
    #[error("continue unit `{unit}`: {reason}")]
    Halt {
        /// The unit.
        unit: Unit,
        /// Why, and what to do.
        reason: String,
    },
    /// The configuration does not fit what the unit was built with.
    #[error("resume unit `{unit}`: {reason}")]
    Mismatch {
        /// The unit.
        unit: Unit,
        /// Both sides, and what to do.
        reason: String,
    },
    /// Another owner has claimed the unit.
    #[error("write as owner of unit `{unit}`: superseded, {detail}")]
    Superseded {
        /// The unit.
        unit: Unit,
        /// What told so: both epochs, or both numbers.
        detail: String,
    },
    /// A stored object is missing, short or has other bytes than its record says.
    #[error("read `{path}`: {detail}; run `paceline fsck`")]
    Damaged {
        /// The object.
        path: String,
        /// What was expected, and what was found.
        detail: String,
    },
    /// Rows do not fit the table contract.
    #[error("write rows of `{table}`: {detail}")]
    Contract {
        /// The table.
        table: String,
        /// What does not fit.
        detail: String,
    },
    /// A Delta table could not be read or written.
    #[error("use Delta table `{table}`")]
    Delta {
        /// The table.
        table: String,
        /// What the library said.
        #[source]
        source: Box<deltalake_core::DeltaTableError>,
    },
    /// A commit lost against others until the limit of rounds.
    #[error("commit to `{table}`: not done after {rounds} rounds")]
    Contended {
        /// The table.
        table: String,
        /// Rounds made.
        rounds: u32,
    },
    /// A Parquet file could not be read or written.
    #[error("use Parquet file `{path}`")]
    Parquet {
        /// The file.
        path: String,
        /// What the library said.
        #[source]
        source: Box<parquet::errors::ParquetError>,
    },
    /// Columns could not be computed.
    #[error("compute columns of `{table}`")]
    Arrow {
        /// The table.
        table: String,
        /// What the library said.
        #[source]
        source: Box<arrow::error::ArrowError>,
    },
    /// A published set is not there, or no longer.
    #[error("read published set {wanted}: {detail}")]
    NoSuchSet {
        /// The set asked for.
        wanted: u64,
        /// What there is.
        detail: String,
    },
    /// A blocking task ended without an answer.
    #[error("run a blocking write: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Error {
    /// What the caller does about it.
    pub fn class(&self) -> Class {
        match self {
            Self::Refused { .. } | Self::Mismatch { .. } | Self::NoSuchSet { .. } => Class::Input,
            Self::DiskFull { .. }
            | Self::Store { .. }
            | Self::Contended { .. }
            | Self::Delta { .. }
            | Self::Superseded { .. } => Class::Transient,
            Self::SyncFailed { .. }
            | Self::Unresolved { .. }
            | Self::NameTaken { .. }
            | Self::Manifest { .. }
            | Self::Halt { .. }
            | Self::Damaged { .. }
            | Self::Contract { .. }
            | Self::Parquet { .. }
            | Self::Arrow { .. }
            | Self::Task(_) => Class::Fatal,
        }
    }

    /// How long to wait before a transient error is worth another attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::DiskFull { .. } => Some(Duration::from_secs(10)),
            Self::Superseded { .. } => Some(Duration::from_secs(5)),
            error if error.class() == Class::Transient => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// True if another owner has the unit and ours drops its state.
    pub fn is_superseded(&self) -> bool {
        matches!(self, Self::Superseded { .. })
    }

    pub(crate) fn arrow(table: &str) -> impl FnOnce(arrow::error::ArrowError) -> Self {
        move |source| Self::Arrow {
            table: table.to_owned(),
            source: Box::new(source),
        }
    }

    pub(crate) fn delta(table: &str) -> impl FnOnce(deltalake_core::DeltaTableError) -> Self {
        move |source| Self::Delta {
            table: table.to_owned(),
            source: Box::new(source),
        }
    }

    pub(crate) fn parquet(path: &str) -> impl FnOnce(parquet::errors::ParquetError) -> Self {
        move |source| Self::Parquet {
            path: path.to_owned(),
            source: Box::new(source),
        }
    }
}
