//! Rows of a checkpoint as data files that no Delta log names yet.

use arrow::array::RecordBatch;
use paceline_schemas::position::Offset;
use paceline_schemas::tables::Table;
use paceline_schemas::time::Instant;
use uuid::Uuid;

use crate::error::Error;
use crate::layout::{self, FileName, Origin};
use crate::manifest::{Sequence, StagedFile, StagedTable};
use crate::parquet::{FileWriter, Footer, split};
use crate::store::Store;
use crate::unit::Unit;

/// The column whose bounds a manifest records.
const DATES: &str = "business_date";

/// Rows for one table.
#[derive(Debug, Clone)]
pub struct TableRows {
    /// The table.
    pub table: &'static str,
    /// The rows, in the order of a file, with the partition column.
    pub rows: RecordBatch,
}

/// A file to write.
#[derive(Debug)]
pub(super) struct Planned {
    table: &'static Table,
    partition: Option<String>,
    rows: RecordBatch,
}

pub(super) fn plan(contract: &'static [Table], rows: &[TableRows]) -> Result<Vec<Planned>, Error> {
    let mut planned = Vec::new();
    for rows in rows.iter().filter(|rows| rows.rows.num_rows() > 0) {
        let table = contract
            .iter()
            .find(|table| table.is_stored() && table.name == rows.table)
            .ok_or_else(|| {
                let detail = "there is no stored table of that name".to_owned();
                Error::Contract {
                    table: rows.table.to_owned(),
                    detail,
                }
            })?;
        let parts = split(table, &rows.rows)?.into_iter();
        planned.extend(parts.map(|part| Planned {
            table,
            partition: part.value,
            rows: part.rows,
        }));
    }
    Ok(planned)
}

pub(super) fn footer(unit: Unit, seq: Sequence, writer: Uuid, from: Offset, next: Offset, at: Instant) -> Footer {
    vec![
        ("shard", unit.to_string()),
        ("seq", seq.to_string()),
        ("writer", writer.to_string()),
        ("from", from.to_string()),
        ("next", next.to_string()),
        ("at", at.to_string()),
    ]
}

pub(super) async fn write(
    store: &Store,
    unit: Unit,
    seq: Sequence,
    writer: Uuid,
    n: u64,
    file: Planned,
    footer: Footer,
) -> Result<(&'static str, StagedFile), Error> {
    let name = FileName {
        number: seq.0,
        origin: Origin::Unit(unit),
        writer,
        n,
    };
    let partition = file.table.partition.zip(file.partition.as_deref());
    let path = format!("{}/{}", layout::table(file.table.name), name.within_table(partition));
    let mut open = FileWriter::begin(store, file.table, path, footer)?;
    open.write(&file.rows).await?;
    let written = open.finish().await?;
    let (min, max) = written.stats.dates(DATES);
    let staged = StagedFile {
        path: written.path,
        len: written.len,
        blake3: written.blake3,
        rows: written.stats.rows,
        month: file.partition,
        min,
        max,
    };
    Ok((file.table.name, staged))
}

pub(super) fn by_table(staged: Vec<(&'static str, StagedFile)>) -> Vec<StagedTable> {
    let mut tables: Vec<StagedTable> = Vec::new();
    for (table, file) in staged {
        match tables.iter_mut().find(|known| known.table == table) {
            Some(known) => known.files.push(file),
            None => tables.push(StagedTable {
                table: table.to_owned(),
                files: vec![file],
            }),
        }
    }
    tables.sort_by(|a, b| a.table.cmp(&b.table));
    tables
}
