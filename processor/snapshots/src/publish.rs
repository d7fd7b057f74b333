//! Staged files into the logs of their Delta tables, then the set that names versions which agree.
//!
//! Per table and round: read the table, see what it misses, one commit, read again. Any error leads back to reading; only what
//! the table shows counts.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt};
use paceline_schemas::time::{Day, Instant};

use crate::delta::{Change, DeltaHandle, Names, TAG_ORIGIN, Tables};
use crate::error::Error;
use crate::layout::{self, Origin};
use crate::manifest::{Manifest, Sequence};
use crate::parquet::{Contents, FileWriter, Written};
use crate::protocol::publish::{Plan, PlannedFile, Progress, plan};
use crate::set::{self, PUBLISH_LOG, Reached, SetRows, TAG_SET};
use crate::shard::Owner;
use crate::shard::chain::Chain;
use crate::store::Store;
use crate::unit::Unit;

/// Rounds against one table before the caller hears of it.
const ROUNDS_MAX: u32 = 8;
/// Tables published at a time.
const PARALLEL: usize = 4;

/// Publishes everything that the owners have committed; several units share their commits.
///
/// Returns the id of the newest set. Doing it again changes nothing.
///
/// # Errors
/// A staged file is damaged, another owner went on, or the store fails; what is missing is published by the next call.
pub async fn publish(tables: &mut Tables, owners: &mut [&mut Owner], at: Instant) -> Result<u64, Error> {
    publish_with(tables, owners, &[], at).await
}

/// Publishes like [`publish`], in a set that tells of `others` too: units whose tables are replaced as a whole.
///
/// # Errors
/// As [`publish`].
pub async fn publish_with(
    tables: &mut Tables,
    owners: &mut [&mut Owner],
    others: &[(Unit, Reached)],
    at: Instant,
) -> Result<u64, Error> {
    let progress: Vec<Progress<'_>> = owners.iter().map(|owner| owner.progress()).collect();
    publish_units(tables, &progress).await?;
    let store = tables.store().clone();
    let owned = owners.iter().map(|owner| (owner.unit(), owner.reached()));
    let reached: Vec<(Unit, Reached)> = owned.chain(others.iter().copied()).collect();
    let id = announce(tables, &reached, at).await?;
    store.check()?;
    for owner in owners {
        owner.note_published();
    }
    Ok(id)
}

/// Publishes what the owners of `units` have committed and not published, because they ended on the way; names it in a
/// set, and returns the earliest business date among it.
///
/// # Errors
/// As [`publish`]; an owner that went on meanwhile is none.
pub async fn finish(tables: &mut Tables, units: &[Unit], at: Instant) -> Result<Option<Day>, Error> {
    let store = tables.store().clone();
    let (mut reached, mut first_day) = (Vec::new(), None);
    for unit in units {
        let chain = Chain::load(&store, *unit).await?;
        let Some(newest) = chain.newest() else { continue };
        let published = newest.body().published;
        let left = chain
            .manifests()
            .iter()
            .filter(|manifest| Some(manifest.seq()) > published);
        let pending: Vec<Manifest> = left.cloned().collect();
        let progress = Progress {
            unit: *unit,
            txn: None,
            published,
            newest: newest.seq(),
            pending: &pending,
        };
        match publish_units(tables, &[progress]).await {
            Ok(()) => reached.push((*unit, Reached::of(newest))),
            Err(Error::Superseded { .. }) => continue,
            Err(error) => return Err(error),
        }
        let days = pending
            .iter()
            .flat_map(Manifest::files)
            .filter_map(|(_, file)| file.min);
        first_day = days.chain(first_day).min();
    }
    announce(tables, &reached, at).await?;
    Ok(first_day)
}

async fn publish_units(tables: &mut Tables, units: &[Progress<'_>]) -> Result<(), Error> {
    let fed: BTreeSet<&str> = units
        .iter()
        .flat_map(|unit| unit.pending)
        .flat_map(Manifest::files)
        .map(|(table, _)| table)
        .collect();
    let store = tables.store().clone();
    let fed = tables.iter_mut().filter(|handle| fed.contains(handle.contract().name));
    let published = futures::stream::iter(fed).map(|handle| Box::pin(publish_table(&store, handle, units)));
    published.buffer_unordered(PARALLEL).try_collect::<()>().await
}

async fn publish_table(store: &Store, handle: &mut DeltaHandle, units: &[Progress<'_>]) -> Result<(), Error> {
    let table = handle.contract().name;
    let mut last = None;
    for _ in 0..ROUNDS_MAX {
        handle.refresh().await?;
        let mut current = units.to_vec();
        for progress in &mut current {
            progress.txn = handle.txn(&progress.unit.app_id()).await?;
        }
        let (files, complete, more) = match plan(table, &current) {
            Plan::Done => return Ok(()),
            Plan::Superseded(unit) => {
                let detail = format!("table `{table}` holds a number above our newest manifest");
                return Err(Error::Superseded { unit, detail });
            }
            Plan::Commit { files, complete, more } => (files, complete, more),
        };
        let change = change_of(store, handle, files, &complete).await?;
        let newest = units
            .iter()
            .flat_map(|progress| progress.pending.last())
            .map(|manifest| manifest.body().at)
            .max();
        if let Err(error) = handle.commit(change, newest.unwrap_or_default()).await {
            tracing::debug!(table, %error, "commit is looked at again");
            last = Some(error);
            continue;
        }
        if !more && is_complete(handle, &complete).await? {
            return Ok(());
        }
    }
    Err(last.unwrap_or_else(|| Error::Contended {
        table: table.to_owned(),
        rounds: ROUNDS_MAX,
    }))
}

async fn change_of(
    store: &Store,
    handle: &DeltaHandle,
    files: Vec<PlannedFile>,
    complete: &[(Unit, Sequence)],
) -> Result<Change, Error> {
    let mut adds = Vec::with_capacity(files.len());
    for PlannedFile { unit, seq, file } in files {
        let contents = Contents::read(store, &file.path, file.len, file.blake3).await?;
        let stats = contents.stats(handle.contract(), file.rows)?;
        let tags = BTreeMap::from([(TAG_ORIGIN.to_owned(), format!("{}/{seq}", unit.marker()))]);
        let written = Written {
            path: file.path,
            len: file.len,
            blake3: file.blake3,
            stats,
        };
        adds.push((written, file.month, tags));
    }
    let txns = complete
        .iter()
        .map(|(unit, seq)| (unit.app_id(), i64::try_from(seq.0).unwrap_or(i64::MAX)));
    Ok(Change {
        adds,
        txns: txns.collect(),
        ..Change::default()
    })
}

async fn is_complete(handle: &mut DeltaHandle, complete: &[(Unit, Sequence)]) -> Result<bool, Error> {
    for (unit, seq) in complete {
        let shown = handle
            .txn(&unit.app_id())
            .await?
            .and_then(|txn| u64::try_from(txn).ok());
        if shown < Some(seq.0) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Appends a set that names the current versions, unless the newest one says the same; returns its id.
///
/// Called after every commit that readers shall see together: a publication, a job, a compaction.
///
/// # Errors
/// The store fails, or others keep publishing.
pub async fn announce(tables: &mut Tables, units: &[(Unit, Reached)], at: Instant) -> Result<u64, Error> {
    let (store, names) = (tables.store().clone(), tables.names());
    let versions: Vec<_> = tables
        .iter()
        .filter(|handle| handle.contract().name != PUBLISH_LOG)
        .map(|handle| (handle.contract(), handle.version()))
        .collect();
    let log = tables.get(PUBLISH_LOG)?;
    let mut last = None;
    for _ in 0..ROUNDS_MAX {
        log.refresh().await?;
        let (newest, rows) = set::read_newest(&store, log).await?.unwrap_or_default();
        let next = set::merge(&rows, &versions, units, at);
        if next.says_the_same(&rows) {
            return Ok(newest);
        }
        match append_set(&store, log, &names, &next, at).await {
            Ok(id) => return Ok(id),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| Error::Contended {
        table: PUBLISH_LOG.to_owned(),
        rounds: ROUNDS_MAX,
    }))
}

async fn append_set(
    store: &Store,
    log: &mut DeltaHandle,
    names: &Names,
    rows: &SetRows,
    at: Instant,
) -> Result<u64, Error> {
    let contract = log.contract();
    let id = log.version() + 1;
    let name = names.next(id, Origin::Job("set".to_owned()));
    let path = format!("{}/{}", layout::table(contract.name), name.within_table(None));
    let mut open = FileWriter::begin(
        store,
        contract,
        path,
        vec![("set", id.to_string()), ("at", at.to_string())],
    )?;
    open.write(&rows.to_rows(contract)?).await?;
    let written = open.finish().await?;
    let tags = [(TAG_ORIGIN, "set".to_owned()), (TAG_SET, id.to_string())].map(|(key, value)| (key.to_owned(), value));
    let change = Change {
        adds: vec![(written, None, BTreeMap::from(tags))],
        ..Change::default()
    };
    log.commit(change, at).await
}
