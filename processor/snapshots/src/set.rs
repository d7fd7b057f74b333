//! A published set: table versions that belong together, and how far each unit is in them.
//!
//! A set is one commit to `ops_publish_log`, and the number of that commit is the id of the set. Every set names every table.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use paceline_schemas::position::Offset;
use paceline_schemas::tables::Table;
use paceline_schemas::time::Instant;

use crate::delta::{DeltaHandle, LiveFile};
use crate::error::Error;
use crate::layout;
use crate::manifest::Sequence;
use crate::parquet::{Contents, file_schema};
use crate::store::Store;
use crate::unit::Unit;

/// The table that names the sets.
pub const PUBLISH_LOG: &str = "ops_publish_log";
/// Tag with the id of the set that a file of the publish log holds.
pub(crate) const TAG_SET: &str = "paceline.set";

/// How far a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// Its newest complete checkpoint.
    pub seq: Sequence,
    /// The offset up to which its log is in the tables.
    pub next: Offset,
    /// Its watermark there.
    pub watermark: Option<Instant>,
}

/// One set without its id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetRows {
    /// Version per table.
    pub versions: BTreeMap<String, u64>,
    /// Per table and unit how far the unit is.
    pub reached: BTreeMap<(String, Unit), Reached>,
    /// When it was published.
    pub published_at: Option<Instant>,
}

/// The set that follows `latest` with what has been reached since; equal to it but for the instant if nothing has.
///
/// Numbers never go back: of two processes that publish at once the later one keeps what the other has said.
pub fn merge(latest: &SetRows, tables: &[(&'static Table, u64)], units: &[(Unit, Reached)], at: Instant) -> SetRows {
    let mut next = SetRows {
        published_at: Some(at),
        ..latest.clone()
    };
    for (table, version) in tables {
        let known = next.versions.entry(table.name.to_owned()).or_insert(*version);
        *known = (*known).max(*version);
        for (unit, reached) in units.iter().filter(|(unit, _)| unit.tells(table)) {
            let row = next.reached.entry((table.name.to_owned(), *unit)).or_insert(*reached);
            if reached.seq >= row.seq {
                *row = *reached;
            }
        }
    }
    // A table that no unit tells yet has no row, so its version cannot be told either.
    next.versions
        .retain(|table, _| next.reached.keys().any(|(named, _)| named == table));
    next
}

impl SetRows {
    /// True if both name the same versions and positions.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.versions == other.versions && self.reached == other.reached
    }

    /// How far each unit is.
    pub fn units(&self) -> BTreeMap<Unit, Reached> {
        let mut units = BTreeMap::new();
        for ((_, unit), reached) in &self.reached {
            let known: &mut Reached = units.entry(*unit).or_insert(*reached);
            if reached.seq > known.seq {
                *known = *reached;
            }
        }
        units
    }

    /// The rows for the publish log.
    ///
    /// # Errors
    /// The contract of the publish log has other columns.
    pub(crate) fn to_rows(&self, contract: &'static Table) -> Result<RecordBatch, Error> {
        let rows = || self.reached.iter();
        let text = |pick: &dyn Fn(&(String, Unit)) -> String| -> ArrayRef {
            std::sync::Arc::new(StringArray::from_iter_values(rows().map(|(key, _)| pick(key))))
        };
        let number = |pick: &dyn Fn(&(String, Unit), &Reached) -> u64| -> ArrayRef {
            let values = rows().map(|(key, reached)| i64::try_from(pick(key, reached)).unwrap_or(i64::MAX));
            std::sync::Arc::new(Int64Array::from_iter_values(values))
        };
        let instant = |pick: &dyn Fn(&Reached) -> Option<Instant>| -> ArrayRef {
            let values: Vec<Option<i64>> = rows().map(|(_, reached)| pick(reached).map(|at| at.0)).collect();
            std::sync::Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"))
        };
        let version = |table: &str| self.versions.get(table).copied().unwrap_or(0);
        let columns: Option<Vec<ArrayRef>> = contract
            .columns
            .iter()
            .map(|column| match column.name {
                "table" => Some(text(&|(table, _)| table.clone())),
                "shard" => Some(text(&|(_, unit)| unit.to_string())),
                "version" => Some(number(&|(table, _), _| version(table))),
                "seq" => Some(number(&|_, reached| reached.seq.0)),
                "next_offset" => Some(number(&|_, reached| reached.next)),
                "watermark" => Some(instant(&|reached| reached.watermark)),
                "published_at" => Some(instant(&|_| self.published_at)),
                _ => None,
            })
            .collect();
        let unknown = || Error::Contract {
            table: contract.name.to_owned(),
            detail: "it has a column that a set cannot fill".to_owned(),
        };
        RecordBatch::try_new(file_schema(contract), columns.ok_or_else(unknown)?).map_err(Error::arrow(contract.name))
    }

    fn take(&mut self, rows: &RecordBatch) -> Option<()> {
        let tables = rows.column_by_name("table")?.as_string_opt::<i32>()?;
        let shards = rows.column_by_name("shard")?.as_string_opt::<i32>()?;
        let number = |name: &str| rows.column_by_name(name)?.as_primitive_opt::<Int64Type>();
        let (versions, seqs, nexts) = (number("version")?, number("seq")?, number("next_offset")?);
        let instant = |name: &str| {
            rows.column_by_name(name)?
                .as_primitive_opt::<TimestampMicrosecondType>()
        };
        let (watermarks, published) = (instant("watermark")?, instant("published_at")?);
        for row in 0..rows.num_rows() {
            let table = tables.value(row).to_owned();
            let reached = Reached {
                seq: Sequence(u64::try_from(seqs.value(row)).ok()?),
                next: u64::try_from(nexts.value(row)).ok()?,
                watermark: watermarks.is_valid(row).then(|| Instant(watermarks.value(row))),
            };
            self.versions
                .insert(table.clone(), u64::try_from(versions.value(row)).ok()?);
            self.reached.insert((table, shards.value(row).parse().ok()?), reached);
            self.published_at = self.published_at.max(Some(Instant(published.value(row))));
        }
        Some(())
    }
}

/// The file of the newest set, and the set's id, of the version of the publish log that was read last.
pub(crate) fn newest_file(log: &DeltaHandle) -> Result<Option<(u64, LiveFile)>, Error> {
    let files = log
        .files()?
        .into_iter()
        .filter_map(|file| Some((file.tags.get(TAG_SET)?.parse::<u64>().ok()?, file)));
    Ok(files.max_by_key(|(id, _)| *id))
}

/// Reads the newest set of the version of the publish log that was read last; `None` before the first.
///
/// # Errors
/// Its file is damaged.
pub(crate) async fn read_newest(store: &Store, log: &DeltaHandle) -> Result<Option<(u64, SetRows)>, Error> {
    let Some((id, file)) = newest_file(log)? else {
        return Ok(None);
    };
    let path = format!("{}/{}", layout::table(log.contract().name), file.path);
    let damaged = |detail: &str| Error::Damaged {
        path: path.clone(),
        detail: detail.to_owned(),
    };
    let blake3 = file.blake3().ok_or_else(|| damaged("its entry has no digest"))?;
    let contents = Contents::read(store, &path, file.len, blake3).await?;
    let mut set = SetRows::default();
    for rows in contents.rows(log.contract())? {
        set.take(&rows?)
            .ok_or_else(|| damaged("its rows are no published set"))?;
    }
    Ok(Some((id, set)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use paceline_schemas::tables::stored_table;

    fn table(name: &str) -> &'static Table {
        stored_table(name).expect("stored")
    }

    fn reached(seq: u64) -> Reached {
        Reached {
            seq: Sequence(seq),
            next: seq * 10,
            watermark: (seq > 1).then_some(Instant(5)),
        }
    }

    fn two_shards() -> SetRows {
        let tables = [
            (table("agg_rep_day"), 4),
            (table("dim_rep"), 1),
            (table("dim_metric"), 2),
        ];
        merge(
            &SetRows::default(),
            &tables,
            &[(Unit::Shard(0), reached(3)), (Unit::Shard(1), reached(1))],
            Instant(9),
        )
    }

    #[test]
    fn a_set_names_each_table_once_per_unit_that_tells_it() {
        let set = two_shards();
        let rows: Vec<_> = set
            .reached
            .keys()
            .map(|(table, unit)| (table.as_str(), *unit))
            .collect();
        assert_eq!(
            rows,
            [
                ("agg_rep_day", Unit::Shard(0)),
                ("agg_rep_day", Unit::Shard(1)),
                ("dim_metric", Unit::Shard(0))
            ]
        );
        assert_eq!(set.versions.len(), 2);
    }

    #[test]
    fn nothing_goes_back_and_other_units_stay() {
        let first = two_shards();
        let older = merge(
            &first,
            &[(table("agg_rep_day"), 2)],
            &[(Unit::Shard(0), reached(2))],
            Instant(10),
        );
        assert!(older.says_the_same(&first));
        let newer = merge(
            &first,
            &[(table("agg_rep_day"), 7)],
            &[(Unit::Shard(0), reached(5))],
            Instant(10),
        );
        assert_eq!(newer.versions.get("agg_rep_day"), Some(&7));
        let row = |unit| {
            newer
                .reached
                .get(&("agg_rep_day".to_owned(), unit))
                .map(|reached| reached.seq.0)
        };
        assert_eq!((row(Unit::Shard(0)), row(Unit::Shard(1))), (Some(5), Some(1)));
    }

    #[test]
    fn a_set_survives_its_rows() {
        let set = two_shards();
        let mut back = SetRows::default();
        back.take(&set.to_rows(table(PUBLISH_LOG)).expect("rows"))
            .expect("taken");
        assert_eq!(back, set);
    }
}
