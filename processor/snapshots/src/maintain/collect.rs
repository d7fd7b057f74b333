//! What nobody needs any more: old manifests and states, and files that nothing names.

use std::collections::{BTreeMap, BTreeSet};

use paceline_schemas::time::Instant;

use super::compact::APP_ID;
use crate::delta::{Change, DeltaHandle, Tables};
use crate::error::Error;
use crate::layout::{self, FileName, Origin};
use crate::manifest::{Manifest, Sequence};
use crate::protocol::collect::{ORPHAN_AGE_US, kept};
use crate::shard::chain::Chain;
use crate::store::{Entry, Store};
use crate::unit::Unit;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Manifests.
    pub manifests: usize,
    /// States.
    pub states: usize,
    /// Data files that nothing names.
    pub orphans: usize,
    /// Temporary files of writers that ended.
    pub temps: usize,
}

/// Files that manifests name, and the newest number per unit.
#[derive(Debug, Default)]
struct Named {
    paths: BTreeSet<String>,
    newest: BTreeMap<Unit, Sequence>,
}

/// Removes what is old and not needed, of all units below the data directory.
///
/// # Errors
/// A chain is damaged or the store fails; what is removed stays removed.
pub async fn collect(tables: &mut Tables, at: Instant) -> Result<Collected, Error> {
    let store = tables.store().clone();
    let orphaned_before = Instant(at.0.saturating_sub(ORPHAN_AGE_US));
    let mut collected = Collected::default();
    let mut named = Named::default();
    for unit in units(&store).await? {
        let mut chain = Chain::load(&store, unit).await?;
        chain.load_all().await?;
        collect_unit(&store, unit, chain.manifests(), orphaned_before, at, &mut collected).await?;
        named.paths.extend(
            chain
                .manifests()
                .iter()
                .flat_map(Manifest::files)
                .map(|(_, file)| file.path.clone()),
        );
        named.newest.extend(chain.newest().map(|newest| (unit, newest.seq())));
    }
    for handle in tables.iter_mut() {
        handle.refresh().await?;
        let orphans = orphans(&store, handle, &named, orphaned_before).await?;
        if orphans.iter().any(|(_, name)| !matches!(name.origin, Origin::Unit(_))) {
            // A sleeper that still means to commit one of these files is refused: the version it read is no longer the newest.
            let raised = handle.txn(APP_ID).await?.unwrap_or(0) + 1;
            handle
                .commit(
                    Change {
                        txns: vec![(APP_ID.to_owned(), raised)],
                        rearranges: true,
                        ..Change::default()
                    },
                    at,
                )
                .await?;
        }
        collected.orphans += orphans.len();
        store
            .delete(orphans.into_iter().map(|(path, _)| path).collect())
            .await?;
    }
    collected.temps = store.sweep(orphaned_before).await?;
    Ok(collected)
}

/// The units that have a folder.
///
/// # Errors
/// The store fails.
pub(crate) async fn units(store: &Store) -> Result<BTreeSet<Unit>, Error> {
    let entries = store.list("shards").await?;
    Ok(entries
        .iter()
        .filter_map(|entry| entry.path.split('/').nth(1)?.parse().ok())
        .collect())
}

async fn collect_unit(
    store: &Store,
    unit: Unit,
    chain: &[Manifest],
    orphaned_before: Instant,
    at: Instant,
    collected: &mut Collected,
) -> Result<(), Error> {
    let Some(newest) = chain.last().map(Manifest::body) else {
        return Ok(());
    };
    let Some(kept) = kept(chain, newest.published, at) else {
        return Ok(());
    };
    let below = |entry: &Entry| layout::manifest_number(&entry.path).is_some_and(|number| number < kept.oldest);
    // From the oldest on: a crash in between leaves one unbroken run.
    let old: Vec<String> = store
        .list(&layout::manifests(unit))
        .await?
        .into_iter()
        .filter(below)
        .map(|entry| entry.path)
        .collect();
    collected.manifests += old.len();
    for path in old {
        store.delete(vec![path]).await?;
    }
    let unnamed = |entry: &Entry| {
        let taken = layout::state_number(&entry.path).is_some_and(|number| number <= newest.seq);
        taken && entry.modified < orphaned_before && !kept.states.contains(&entry.path)
    };
    let old: Vec<String> = store
        .list(&layout::states(unit))
        .await?
        .into_iter()
        .filter(unnamed)
        .map(|entry| entry.path)
        .collect();
    collected.states += old.len();
    store.delete(old).await
}

async fn orphans(
    store: &Store,
    handle: &mut DeltaHandle,
    named: &Named,
    before: Instant,
) -> Result<Vec<(String, FileName)>, Error> {
    let folder = layout::table(handle.contract().name);
    let in_log = handle.files()?.into_iter().map(|file| file.path);
    let in_log: BTreeSet<String> = in_log
        .chain(handle.removed().await?.into_iter().map(|(path, _)| path))
        .collect();
    let entries = store.list(&folder).await?.into_iter();
    let old = entries.filter(|entry| entry.modified < before && !named.paths.contains(&entry.path));
    let unnamed = old.filter_map(|entry| {
        let within = entry.path.strip_prefix(&folder)?.strip_prefix('/')?;
        let name =
            FileName::parse(within).filter(|_| !within.starts_with("_delta_log/") && !in_log.contains(within))?;
        let taken = match &name.origin {
            // Until its number is taken, the writer may still name the file.
            Origin::Unit(unit) => named.newest.get(unit).is_some_and(|newest| newest.0 >= name.number),
            Origin::Compaction | Origin::Job(_) => true,
        };
        taken.then_some((entry.path, name))
    });
    Ok(unnamed.collect())
}
