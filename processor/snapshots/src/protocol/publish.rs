//! What a Delta table misses of the manifests of its units.

use crate::manifest::{Manifest, Sequence, StagedFile};
use crate::unit::Unit;

/// Files added by one commit at most, unless a single manifest has more.
pub const FILES_PER_COMMIT_MAX: usize = 1_000;

/// How far a unit is, in its chain and in one table.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The unit.
    pub unit: Unit,
    /// The version of the unit's application id in the table.
    pub txn: Option<i64>,
    /// The number up to which everything is published, by the newest manifest or by what was seen since.
    pub published: Option<Sequence>,
    /// The newest manifest.
    pub newest: Sequence,
    /// The manifests above `published`, oldest first.
    pub pending: &'a [Manifest],
}

/// A file to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// The unit that staged it.
    pub unit: Unit,
    /// The manifest that names it.
    pub seq: Sequence,
    /// Its record.
    pub file: StagedFile,
}

/// What to do about one table in one round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Nothing is missing.
    Done,
    /// The table holds a number above our newest manifest: another owner went on.
    Superseded(Unit),
    /// One commit.
    Commit {
        /// The files.
        files: Vec<PlannedFile>,
        /// Per unit the number that the table is complete to after the commit.
        complete: Vec<(Unit, Sequence)>,
        /// True if the limit left files for a further round.
        more: bool,
    },
}

/// Plans the next commit to `table`.
///
/// | version in the table | |
/// |---|---|
/// | absent | what is published counts; a table without rows misses nothing |
/// | below the newest manifest | the manifests in between are added, their files once |
/// | the newest manifest | done |
/// | above it | superseded |
pub fn plan(table: &str, units: &[Progress<'_>]) -> Plan {
    let mut files = Vec::new();
    let mut complete = Vec::new();
    let mut more = false;
    for progress in units {
        let txn = progress
            .txn
            .and_then(|version| u64::try_from(version).ok())
            .map(Sequence);
        if txn.is_some_and(|version| version > progress.newest) {
            return Plan::Superseded(progress.unit);
        }
        let reached = txn.max(progress.published);
        let mut last = None;
        for manifest in progress
            .pending
            .iter()
            .filter(|manifest| Some(manifest.seq()) > reached)
        {
            let staged = manifest.files_of(table);
            if !files.is_empty() && files.len() + staged.len() > FILES_PER_COMMIT_MAX {
                more = true;
                break;
            }
            let planned = |file: &StagedFile| PlannedFile {
                unit: progress.unit,
                seq: manifest.seq(),
                file: file.clone(),
            };
            files.extend(staged.iter().map(planned));
            if !staged.is_empty() || last.is_some() {
                last = Some(manifest.seq());
            }
        }
        complete.extend(last.map(|seq| (progress.unit, seq)));
    }
    if files.is_empty() {
        Plan::Done
    } else {
        Plan::Commit { files, complete, more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn progress(pending: &[Manifest], txn: Option<i64>, published: Option<u64>) -> Progress<'_> {
        let newest = pending.last().map_or(Sequence(0), Manifest::seq);
        Progress {
            unit: Unit::Shard(3),
            txn,
            published: published.map(Sequence),
            newest,
            pending,
        }
    }

    fn numbers(plan: &Plan) -> Vec<u64> {
        match plan {
            Plan::Commit { files, .. } => files.iter().map(|file| file.seq.0).collect(),
            Plan::Done | Plan::Superseded(_) => Vec::new(),
        }
    }

    #[test]
    fn exactly_the_manifests_above_the_version_in_the_table_are_added() {
        let chain = fixture::chain(6);
        for (txn, published, expected) in [
            (None, None, vec![1, 2, 3, 4, 5]),
            (Some(3), None, vec![4, 5]),
            (Some(2), Some(4), vec![5]),
            (None, Some(4), vec![5]),
            (Some(5), None, vec![]),
            (None, Some(5), vec![]),
        ] {
            let planned = plan("fct_call_event", &[progress(&chain, txn, published)]);
            assert_eq!(numbers(&planned), expected, "{txn:?} {published:?}");
        }
    }

    #[test]
    fn a_table_without_rows_misses_nothing() {
        let chain = fixture::chain(6);
        assert_eq!(plan("fct_deal_event", &[progress(&chain, None, None)]), Plan::Done);
    }

    #[test]
    fn a_version_above_our_newest_manifest_supersedes() {
        let chain = fixture::chain(6);
        assert_eq!(
            plan("fct_call_event", &[progress(&chain, Some(6), None)]),
            Plan::Superseded(Unit::Shard(3))
        );
    }

    #[test]
    fn several_units_share_one_commit() {
        let chain = fixture::chain(3);
        let other = Progress {
            unit: Unit::Shard(1),
            ..progress(&chain, Some(1), None)
        };
        let Plan::Commit { files, complete, more } = plan("fct_call_event", &[progress(&chain, None, None), other])
        else {
            panic!("a commit");
        };
        assert_eq!(files.len(), 3);
        assert_eq!(complete, [(Unit::Shard(3), Sequence(2)), (Unit::Shard(1), Sequence(2))]);
        assert!(!more);
    }

    #[test]
    fn the_limit_cuts_between_manifests_and_every_file_comes_once() {
        let chain = fixture::chain_with_files(6, 400);
        let (mut seen, mut txn, mut rounds) = (Vec::new(), None, 0);
        while let Plan::Commit { files, complete, more } = plan("fct_call_event", &[progress(&chain, txn, None)]) {
            assert!(files.len() <= FILES_PER_COMMIT_MAX);
            seen.extend(files.into_iter().map(|file| file.file.path));
            txn = complete.first().and_then(|(_, seq)| i64::try_from(seq.0).ok());
            rounds += 1;
            assert_eq!(more, txn != Some(5));
        }
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((count, seen.len(), rounds), (2_000, 2_000, 3));
    }

    #[test]
    fn a_manifest_above_the_limit_is_not_divided() {
        let chain = fixture::chain_with_files(2, 1_500);
        let planned = plan("fct_call_event", &[progress(&chain, None, None)]);
        assert_eq!(numbers(&planned).len(), 1_500);
    }
}
