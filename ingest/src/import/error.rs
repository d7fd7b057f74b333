//! Why a file as a whole cannot be imported.

use std::path::PathBuf;

pub use crate::error::Class;

/// A failure that ends the reading of a file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file operation failed.
    #[error("{action} `{}`", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The failure.
        #[source]
        source: std::io::Error,
    },
    /// The file is over the limit, as it lies there or unpacked.
    #[error("read `{}`: it is over the limit of `{limit}` bytes; split it", path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// The header does not decode.
    #[error(
        "read the header of `{}` as `{encoding}`: line `{line}` has bytes at `{byte}` that are not valid; try encoding = \"{suggestion}\" in the mapping",
        path.display()
    )]
    HeaderEncoding {
        /// The file.
        path: PathBuf,
        /// The encoding tried.
        encoding: &'static str,
        /// The line of the header.
        line: u64,
        /// Where the bytes lie, from the start of the unpacked file.
        byte: u64,
        /// The encodings worth trying.
        suggestion: String,
    },
    /// There is no header, or no row.
    #[error("read the header of `{}`: the file has no line after the `{skipped}` that are skipped", path.display())]
    NoHeader {
        /// The file.
        path: PathBuf,
        /// How many lines are skipped.
        skipped: u64,
    },
    /// The header is longer than a row may be.
    #[error("read the header of `{}`: it is over the limit of `{limit}` bytes; check delimiter and quotes", path.display())]
    HeaderTooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// Columns of the mapping are not in the file.
    #[error(
        "read `{}`: it lacks the columns `{}` of the mapping; it has `{}`{}",
        path.display(), missing.join("`, `"), found.join("`, `"), other_layout(found)
    )]
    MissingColumns {
        /// The file.
        path: PathBuf,
        /// Those that are missing.
        missing: Vec<String>,
        /// Those that the file has.
        found: Vec<String>,
    },
    /// A column that the mapping uses stands in the file twice.
    #[error("read `{}`: it has the column `{column}` more than once", path.display())]
    RepeatedColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// A strict mapping does not use all columns.
    #[error(
        "read `{}`: the mapping is strict and does not use the columns `{}`; map them or set strict = false",
        path.display(), columns.join("`, `")
    )]
    UnmappedColumns {
        /// The file.
        path: PathBuf,
        /// Those that are not used.
        columns: Vec<String>,
    },
}

impl Error {
    /// Who can mend it.
    pub fn class(&self) -> Class {
        match self {
            Self::Io { .. }
            | Self::FileTooLarge { .. }
            | Self::HeaderEncoding { .. }
            | Self::NoHeader { .. }
            | Self::HeaderTooLarge { .. }
            | Self::MissingColumns { .. }
            | Self::RepeatedColumn { .. }
            | Self::UnmappedColumns { .. } => Class::Input,
        }
    }
}

/// What the only column of a file tells about its layout.
fn other_layout(found: &[String]) -> &'static str {
    match found {
        [only] if only.starts_with('{') => "; for JSON lines set `format = \"jsonl\"` in the mapping",
        [only] if only.contains(['\t', ';', '|', ',']) => "; if these are several, set `delimiter` in the mapping",
        _ => "",
    }
}
