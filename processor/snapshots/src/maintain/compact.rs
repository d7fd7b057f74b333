//! Small files into large ones, per table and partition.

use std::collections::{BTreeMap, BTreeSet};

use paceline_schemas::tables::TableKind;
use paceline_schemas::time::Instant;

use super::merge::Merge;
use super::{FILE_BYTES_FULL, FILE_ROWS_FULL, MERGE_ROWS_MAX};
use crate::delta::{Change, DeltaHandle, LiveFile, Names, TAG_ORIGIN, Tables, millis};
use crate::error::Error;
use crate::layout::{self, Origin};
use crate::parquet::{Contents, FileWriter, Written};
use crate::set::{PUBLISH_LOG, newest_file};
use crate::stats::Bound;
use crate::store::Store;

/// The application id by which two compactors collide.
pub(super) const APP_ID: &str = "paceline/compact";
/// Rounds against other writers.
const ROUNDS_MAX: u32 = 4;

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Tables that changed.
    pub tables: usize,
    /// Files merged.
    pub merged: usize,
    /// Files written.
    pub written: usize,
}

/// Merges small files that were made before `closed_before`, and drops published sets from before `sets_from`.
///
/// Readers see the result with the next [`announce`](crate::announce).
///
/// # Errors
/// A file is damaged or the store fails; tables done so far stay done.
pub async fn compact(
    tables: &mut Tables,
    closed_before: Instant,
    sets_from: Instant,
    at: Instant,
) -> Result<Compacted, Error> {
    let (store, names) = (tables.store().clone(), tables.names());
    let mut compacted = Compacted::default();
    for handle in tables
        .iter_mut()
        .filter(|handle| handle.contract().kind != TableKind::Job)
    {
        handle.refresh().await?;
        let (groups, expired) = plan(handle, closed_before, sets_from)?;
        if groups.is_empty() && expired.is_empty() {
            continue;
        }
        let txn = handle.txn(APP_ID).await?;
        let mut change = Change {
            removes: expired,
            ..Change::default()
        };
        change.rearranges = change.removes.is_empty();
        for group in groups {
            change.adds.extend(rewrite(&store, handle, &names, &group).await?);
            change.removes.extend(group);
        }
        let done = Compacted {
            tables: 1,
            merged: change.removes.len(),
            written: change.adds.len(),
        };
        if commit(handle, change, txn, at).await? {
            compacted.tables += done.tables;
            compacted.merged += done.merged;
            compacted.written += done.written;
        }
    }
    Ok(compacted)
}

type Groups = Vec<Vec<LiveFile>>;

fn plan(handle: &DeltaHandle, closed_before: Instant, sets_from: Instant) -> Result<(Groups, Vec<LiveFile>), Error> {
    let is_log = handle.contract().name == PUBLISH_LOG;
    // The file of the newest set is found by its tag: it stays as it is.
    let newest = if is_log {
        newest_file(handle)?.map(|(_, file)| file.path)
    } else {
        None
    };
    let files = handle
        .files()?
        .into_iter()
        .filter(|file| Some(&file.path) != newest.as_ref());
    let closed = files.filter(|file| file.modified_ms < millis(closed_before));
    let (expired, closed): (Vec<_>, Vec<_>) = closed.partition(|file| is_log && ends_before(file, sets_from));
    Ok((group(closed), expired))
}

fn ends_before(file: &LiveFile, instant: Instant) -> bool {
    let range = file.stats.as_ref().and_then(|stats| stats.columns.get("published_at"));
    matches!(range.and_then(|range| range.max.as_ref()), Some(Bound::Timestamp(last)) if *last < instant)
}

/// Groups small files of equal partition, none above the limit of rows, each of at least two files.
pub(super) fn group(files: Vec<LiveFile>) -> Groups {
    let mut by_partition: BTreeMap<Option<String>, Vec<LiveFile>> = BTreeMap::new();
    for file in files {
        let small = file.len < FILE_BYTES_FULL && file.rows().is_some_and(|rows| rows < FILE_ROWS_FULL);
        if small && file.blake3().is_some() {
            by_partition.entry(file.partition.clone()).or_default().push(file);
        }
    }
    let mut groups = Groups::new();
    for files in by_partition.into_values() {
        let mut open: Vec<LiveFile> = Vec::new();
        let (mut rows, mut bytes) = (0, 0);
        for file in files {
            let (more_rows, more_bytes) = (file.rows().unwrap_or(0), file.len);
            if rows + more_rows > MERGE_ROWS_MAX || bytes + more_bytes > 2 * FILE_BYTES_FULL {
                groups.push(std::mem::take(&mut open));
                (rows, bytes) = (0, 0);
            }
            (rows, bytes) = (rows + more_rows, bytes + more_bytes);
            open.push(file);
        }
        groups.push(open);
    }
    groups.retain(|group| group.len() > 1);
    groups
}

async fn rewrite(
    store: &Store,
    handle: &DeltaHandle,
    names: &Names,
    group: &[LiveFile],
) -> Result<Option<(Written, Option<String>, BTreeMap<String, String>)>, Error> {
    let contract = handle.contract();
    let folder = layout::table(contract.name);
    let mut rows = Vec::new();
    for file in group {
        let path = format!("{folder}/{}", file.path);
        let foreign = || Error::Damaged {
            path: path.clone(),
            detail: "its entry has no digest".to_owned(),
        };
        let contents = Contents::read(store, &path, file.len, file.blake3().ok_or_else(foreign)?).await?;
        for batch in contents.rows(contract)? {
            rows.push(batch?);
        }
    }
    let partition = group.first().and_then(|file| file.partition.clone());
    let name = names.next(handle.version() + 1, Origin::Compaction);
    let path = format!(
        "{folder}/{}",
        name.within_table(contract.partition.zip(partition.as_deref()))
    );
    let mut open = None;
    for piece in tokio::task::spawn_blocking(move || Merge::new(contract, rows)).await?? {
        let piece = piece?;
        if piece.num_rows() == 0 {
            continue;
        }
        if open.is_none() {
            let footer = vec![("compacted", group.len().to_string())];
            open = Some(FileWriter::begin(store, contract, path.clone(), footer)?);
        }
        if let Some(file) = &mut open {
            file.write(&piece).await?;
        }
    }
    let Some(open) = open else { return Ok(None) };
    let tags = BTreeMap::from([(TAG_ORIGIN.to_owned(), "compact".to_owned())]);
    Ok(Some((open.finish().await?, partition, tags)))
}

/// Commits once the files are written; appends of others in between do no harm, another compactor does.
async fn commit(handle: &mut DeltaHandle, mut change: Change, read: Option<i64>, at: Instant) -> Result<bool, Error> {
    let ours = read.unwrap_or(0) + 1;
    change.txns = vec![(APP_ID.to_owned(), ours)];
    let mut last = None;
    for _ in 0..ROUNDS_MAX {
        let txn = handle.txn(APP_ID).await?;
        let live: BTreeSet<String> = handle.files()?.into_iter().map(|file| file.path).collect();
        let added = change
            .adds
            .iter()
            .all(|(file, ..)| live.iter().any(|path| file.path.ends_with(path)));
        let removed = change.removes.iter().all(|file| !live.contains(&file.path));
        if txn == Some(ours) && added && removed {
            return Ok(true);
        }
        if txn != read || !change.removes.iter().all(|file| live.contains(&file.path)) {
            return Ok(false);
        }
        if let Err(error) = handle.commit(change.clone(), at).await {
            last = Some(error);
        }
        handle.refresh().await?;
    }
    Err(last.unwrap_or_else(|| Error::Contended {
        table: handle.contract().name.to_owned(),
        rounds: ROUNDS_MAX,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::TAG_BLAKE3;
    use crate::manifest::Digest;
    use crate::stats::FileStats;

    fn file(path: &str, partition: &str, len: u64, rows: u64) -> LiveFile {
        LiveFile {
            path: path.to_owned(),
            len,
            partition: Some(partition.to_owned()),
            stats: Some(FileStats {
                rows,
                ..FileStats::default()
            }),
            tags: BTreeMap::from([(TAG_BLAKE3.to_owned(), Digest::of(path.as_bytes()).to_string())]),
            modified_ms: 0,
        }
    }

    fn grouped(files: Vec<LiveFile>) -> Vec<Vec<String>> {
        group(files)
            .into_iter()
            .map(|group| group.into_iter().map(|file| file.path).collect())
            .collect()
    }

    #[test]
    fn small_files_of_one_partition_come_together_and_others_stay() {
        let files = vec![
            file("a", "2026-10", 10, 5),
            file("b", "2026-11", 10, 5),
            file("c", "2026-10", 10, 5),
            file("d", "2026-10", FILE_BYTES_FULL, 5),
            file("e", "2026-10", 10, FILE_ROWS_FULL),
        ];
        assert_eq!(grouped(files), [["a", "c"]]);
    }

    #[test]
    fn a_group_never_exceeds_its_limit_of_rows() {
        let files = (0..7)
            .map(|n| file(&n.to_string(), "m", 10, FILE_ROWS_FULL - 1))
            .collect();
        assert_eq!(grouped(files).iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
    }

    #[test]
    fn foreign_files_are_never_merged() {
        let mut foreign = file("a", "m", 10, 5);
        foreign.tags.clear();
        assert!(grouped(vec![foreign, file("b", "m", 10, 5)]).is_empty());
    }
}
