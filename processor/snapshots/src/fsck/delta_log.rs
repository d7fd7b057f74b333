//! The Delta tables: what their logs name against what is there, and against the manifests.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use paceline_schemas::tables::Table;
use paceline_schemas::time::{HOUR_US, Instant};

use super::{Known, Listing, Report};
use crate::delta::{DeltaHandle, LiveFile};
use crate::error::Error;
use crate::layout::{self, FileName, Origin};
use crate::manifest::{Books, Manifest};
use crate::parquet::{Contents, footer_rows};
use crate::protocol::collect::ORPHAN_AGE_US;
use crate::set::{PUBLISH_LOG, read_newest};
use crate::store::Store;
use crate::unit::Unit;

const REPAIR: &str = "restore it from a copy, or import the files again into an empty data directory";
/// Within this age the log still tells which files have left.
const TOLD_US: i64 = 6 * 24 * HOUR_US;
/// The books of the log as a table.
const BOOKS: &str = "ops_ingest_day";

pub(super) async fn check(
    store: &Store,
    contract: &'static [Table],
    known: &BTreeMap<Unit, Known>,
    listing: &Listing,
    deep: bool,
    at: Instant,
    report: &mut Report,
) -> Result<(), Error> {
    let announced = announced(store, contract).await;
    for table in contract.iter().filter(|table| table.is_stored()) {
        let folder = layout::table(table.name);
        let mut handle = match DeltaHandle::open(store, table, None).await {
            Ok(Some(handle)) => handle,
            Ok(None) => {
                report.damage(
                    folder,
                    "there is no Delta table",
                    "start Paceline once: it creates the table and publishes again",
                );
                continue;
            }
            Err(error) => {
                report.damage_of_table(&folder, error)?;
                continue;
            }
        };
        if handle.forgets_transactions() {
            let what = "`delta.setTransactionRetentionDuration` is set: a forgotten number doubles a file";
            report.damage(&folder, what, "unset the property");
        }
        if let Some(named) = announced.get(table.name).filter(|named| **named > handle.version()) {
            let what = format!(
                "its log ends with version {}, the newest published set names {named}",
                handle.version()
            );
            report.damage(
                &folder,
                what,
                "restore the folder `_delta_log` of the table from a copy",
            );
        }
        let check = TableCheck {
            store,
            handle: &mut handle,
            folder,
            known,
            listing,
            deep,
            at,
        };
        if let Err(error) = check.run(report).await {
            report.damage_of_table(&layout::table(table.name), error)?;
        }
    }
    Ok(())
}

/// The versions of the newest published set; a publish log that cannot be read is found where its turn comes.
async fn announced(store: &Store, contract: &'static [Table]) -> BTreeMap<String, u64> {
    let Some(table) = contract.iter().find(|table| table.name == PUBLISH_LOG) else {
        return BTreeMap::new();
    };
    match DeltaHandle::open(store, table, None).await {
        Ok(Some(log)) => read_newest(store, &log).await.ok().flatten(),
        Ok(None) | Err(_) => None,
    }
    .map(|(_, set)| set.versions)
    .unwrap_or_default()
}

struct TableCheck<'a> {
    store: &'a Store,
    handle: &'a mut DeltaHandle,
    folder: String,
    known: &'a BTreeMap<Unit, Known>,
    listing: &'a Listing,
    deep: bool,
    at: Instant,
}

impl TableCheck<'_> {
    async fn run(mut self, report: &mut Report) -> Result<(), Error> {
        let live = self.handle.files()?;
        let removed: BTreeSet<String> = self.handle.removed().await?.into_iter().map(|(path, _)| path).collect();
        let in_log: BTreeSet<&str> = live
            .iter()
            .map(|file| file.path.as_str())
            .chain(removed.iter().map(String::as_str))
            .collect();
        self.check_units(&in_log, report).await?;
        for file in &live {
            self.check_live(file, report).await?;
        }
        self.note_orphans(&in_log, report);
        if self.handle.contract().name == BOOKS {
            self.check_books(&live, report).await?;
        }
        Ok(())
    }

    /// The number of each unit against its chain, and the files of manifests up to it.
    async fn check_units(&mut self, in_log: &BTreeSet<&str>, report: &mut Report) -> Result<(), Error> {
        let table = self.handle.contract();
        for (unit, chain) in self.known {
            let Some(txn) = self
                .handle
                .txn(&unit.app_id())
                .await?
                .and_then(|txn| u64::try_from(txn).ok())
            else {
                continue;
            };
            if chain.newest().is_none_or(|newest| txn > newest.0) {
                let newest = chain
                    .newest()
                    .map_or_else(|| "none".to_owned(), |newest| newest.to_string());
                let what = format!("it has number {txn} of unit `{unit}`, whose newest manifest is {newest}");
                report.damage(&self.folder, what, "restore the manifests of the unit from a copy");
            }
            let young = |manifest: &&Manifest| manifest.seq().0 <= txn && manifest.body().at.0 > self.at.0 - TOLD_US;
            for manifest in chain.manifests.iter().filter(young) {
                for file in manifest.files_of(table.name) {
                    let within = file
                        .path
                        .strip_prefix(&format!("{}/", self.folder))
                        .unwrap_or(&file.path);
                    if !in_log.contains(within) {
                        let what = format!("manifest {} names it, its table never did", manifest.seq());
                        report.damage(&file.path, what, REPAIR);
                    }
                }
            }
        }
        Ok(())
    }

    async fn check_live(&self, file: &LiveFile, report: &mut Report) -> Result<(), Error> {
        report.files += 1;
        let path = format!("{}/{}", self.folder, file.path);
        let Some(name) = FileName::parse(&file.path) else {
            report.damage(
                path,
                "Paceline did not write it",
                "remove it from the table with the tool that added it",
            );
            return Ok(());
        };
        if let Origin::Unit(unit) = name.origin {
            let chain = self.known.get(&unit).map_or(&[][..], |known| &known.manifests);
            let kept = chain.iter().find(|manifest| manifest.seq().0 == name.number);
            if kept.is_some_and(|manifest| !manifest.files().any(|(_, staged)| staged.path == path)) {
                report.damage(
                    &path,
                    format!("its table names it, manifest {} does not", name.number),
                    REPAIR,
                );
            }
        }
        let Some(entry) = self.listing.get(&path) else {
            report.damage(path, "its table names it, it is missing", REPAIR);
            return Ok(());
        };
        if entry.len != file.len {
            report.damage(
                path,
                format!("it has {} bytes, its table says {}", entry.len, file.len),
                REPAIR,
            );
            return Ok(());
        }
        let (Some(blake3), Some(rows)) = (file.blake3(), file.rows()) else {
            report.damage(path, "its entry has no digest or no row count", REPAIR);
            return Ok(());
        };
        let checked = if self.deep {
            let read = Contents::read(self.store, &path, file.len, blake3).await;
            read.and_then(|contents| contents.stats(self.handle.contract(), rows).map(|_| ()))
        } else {
            match footer_rows(self.store, &path, file.len).await {
                Ok(found) if found == rows => Ok(()),
                Ok(found) => {
                    report.damage(
                        &path,
                        format!("its footer has {found} rows, its table says {rows}"),
                        REPAIR,
                    );
                    Ok(())
                }
                Err(error) => Err(error),
            }
        };
        checked.or_else(|error| report.take(&path, error, REPAIR))
    }

    fn note_orphans(&self, in_log: &BTreeSet<&str>, report: &mut Report) {
        let staged = self
            .known
            .values()
            .flat_map(|known| &known.manifests)
            .flat_map(Manifest::files);
        let staged: BTreeSet<&str> = staged.map(|(_, file)| file.path.as_str()).collect();
        let prefix = format!("{}/", self.folder);
        for entry in self
            .listing
            .values()
            .filter(|entry| entry.modified.0 < self.at.0 - ORPHAN_AGE_US)
        {
            let Some(within) = entry
                .path
                .strip_prefix(&prefix)
                .filter(|within| !within.starts_with("_delta_log/"))
            else {
                continue;
            };
            if !in_log.contains(within) && !staged.contains(entry.path.as_str()) {
                report.note(
                    &entry.path,
                    "neither a manifest nor a table names it",
                    "collection removes it",
                );
            }
        }
    }

    /// Where no manifest was collected and nothing waits for publication, the table's sums are those of the manifests.
    async fn check_books(&mut self, live: &[LiveFile], report: &mut Report) -> Result<(), Error> {
        let known = self.known;
        let mut expected = Books::default();
        for (unit, chain) in known.iter().filter(|(unit, _)| matches!(unit, Unit::Shard(_))) {
            let Some(books) = chain.books() else { return Ok(()) };
            let txn = self
                .handle
                .txn(&unit.app_id())
                .await?
                .and_then(|txn| u64::try_from(txn).ok());
            let mut unpublished = chain.manifests.iter().filter(|manifest| Some(manifest.seq().0) > txn);
            if unpublished.any(|manifest| !manifest.files_of(BOOKS).is_empty()) {
                return Ok(());
            }
            expected += books;
        }
        let mut found = Books::default();
        for file in live {
            let Some(blake3) = file.blake3() else { return Ok(()) };
            let contents =
                Contents::read(self.store, &format!("{}/{}", self.folder, file.path), file.len, blake3).await?;
            for rows in contents.rows(self.handle.contract())? {
                let rows = rows?;
                let sum = |name: &str| {
                    let column = rows
                        .column_by_name(name)
                        .and_then(|column| column.as_primitive_opt::<Int64Type>());
                    column.map_or(0, |column| {
                        (0..column.len()).map(|row| column.value(row).cast_unsigned()).sum()
                    })
                };
                found += Books {
                    consumed: sum("consumed"),
                    applied: sum("applied"),
                    duplicate: sum("duplicates"),
                    dead: sum("dead_letters"),
                    ticks: sum("ticks"),
                    late: sum("late"),
                };
            }
        }
        if found != expected {
            let what = format!("it has {found:?}, the manifests have {expected:?}");
            report.damage(
                &self.folder,
                what,
                "run `paceline fsck --deep`; rebuild into an empty directory if it finds nothing",
            );
        }
        Ok(())
    }
}
