//! Data files as the Delta log writes them, and as it reads them back.

use std::collections::{BTreeMap, HashMap};

use deltalake_core::kernel::{Add, LogicalFileView, Remove};
use paceline_schemas::tables::Table;
use paceline_schemas::time::Instant;

use crate::layout;
use crate::manifest::Digest;
use crate::parquet::Written;
use crate::stats::FileStats;

/// Tag with the BLAKE3 of a file's bytes.
pub const TAG_BLAKE3: &str = "paceline.blake3";
/// Tag that says who added a file.
pub const TAG_ORIGIN: &str = "paceline.origin";

/// Milliseconds since 1970, as the Delta log counts.
pub fn millis(at: Instant) -> i64 {
    at.0.div_euclid(1_000)
}

/// A file of the table's current version.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveFile {
    /// Path within the folder of the table.
    pub path: String,
    /// Bytes.
    pub len: u64,
    /// Value of the partition column.
    pub partition: Option<String>,
    /// Rows and bounds, where the log has them.
    pub stats: Option<FileStats>,
    /// Tags of the `Add`.
    pub tags: BTreeMap<String, String>,
    /// When the file was made, in milliseconds.
    pub modified_ms: i64,
}

impl LiveFile {
    /// The digest in the tags; a file without one was not written by Paceline.
    pub fn blake3(&self) -> Option<Digest> {
        self.tags.get(TAG_BLAKE3).and_then(|text| Digest::parse(text))
    }

    /// Rows, where the log has them.
    pub fn rows(&self) -> Option<u64> {
        self.stats.as_ref().map(|stats| stats.rows)
    }
}

/// One commit.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Files that enter, with their partition value and tags.
    pub adds: Vec<(Written, Option<String>, BTreeMap<String, String>)>,
    /// Files that leave.
    pub removes: Vec<LiveFile>,
    /// Application ids and versions.
    pub txns: Vec<(String, i64)>,
    /// True if the same rows are only laid out anew.
    pub rearranges: bool,
}

pub(super) fn live(contract: &Table, view: &LogicalFileView) -> LiveFile {
    let add = as_add(view);
    let tags = add
        .tags
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)));
    LiveFile {
        len: u64::try_from(add.size).unwrap_or(0),
        partition: contract
            .partition
            .and_then(|column| add.partition_values.get(column).cloned().flatten()),
        stats: add
            .stats
            .as_deref()
            .and_then(|text| FileStats::of_delta(contract, text)),
        tags: tags.collect(),
        modified_ms: add.modification_time,
        path: add.path,
    }
}

fn partition_values(contract: &Table, value: Option<&String>) -> HashMap<String, Option<String>> {
    contract
        .partition
        .map(|column| (column.to_owned(), value.cloned()))
        .into_iter()
        .collect()
}

pub(super) fn add(
    contract: &Table,
    add: &(Written, Option<String>, BTreeMap<String, String>),
    data_change: bool,
    at: Instant,
) -> Add {
    let (file, partition, tags) = add;
    let folder = format!("{}/", layout::table(contract.name));
    let mut tags: HashMap<String, Option<String>> = tags.iter().map(|(k, v)| (k.clone(), Some(v.clone()))).collect();
    tags.insert(TAG_BLAKE3.to_owned(), Some(file.blake3.to_string()));
    Add {
        path: file.path.strip_prefix(&folder).unwrap_or(&file.path).to_owned(),
        partition_values: partition_values(contract, partition.as_ref()),
        size: i64::try_from(file.len).unwrap_or(i64::MAX),
        modification_time: millis(at),
        data_change,
        stats: Some(file.stats.to_delta()),
        tags: Some(tags),
        ..Add::default()
    }
}

pub(super) fn remove(contract: &Table, file: &LiveFile, data_change: bool, at: Instant) -> Remove {
    Remove {
        path: file.path.clone(),
        data_change,
        deletion_timestamp: Some(millis(at)),
        extended_file_metadata: Some(true),
        partition_values: Some(partition_values(contract, file.partition.as_ref())),
        size: Some(i64::try_from(file.len).unwrap_or(i64::MAX)),
        ..Remove::default()
    }
}

#[expect(deprecated, reason = "the Arrow view that replaces it does not carry the tags")]
fn as_add(view: &LogicalFileView) -> Add {
    view.add_action()
}
