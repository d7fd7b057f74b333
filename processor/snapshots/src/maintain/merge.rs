//! Rows of several files as the rows of one: sorted by the contract, increments of equal key summed.
//!
//! The rows are decoded once and handed on piece by piece, so memory holds them about once.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt64Array};
use arrow::compute::{filter_record_batch, interleave_record_batch, take_record_batch};
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};
use paceline_schemas::tables::{Table, TableKind};

use crate::error::Error;
use crate::parquet::file_schema;

/// Rows of a piece, before those of equal key are summed.
const PIECE_ROWS: usize = 16 * 1024;

/// The merged rows, in pieces.
#[derive(Debug)]
pub(super) struct Merge {
    table: &'static Table,
    rows: Vec<RecordBatch>,
    /// Batch and row, in the order of the merged file.
    order: Vec<(usize, usize)>,
    /// Of each batch, what its rows are sorted by. Nothing for a table without order.
    keys: Vec<Rows>,
    next: usize,
}

impl Merge {
    /// Sorts rows that have the columns of the table's files.
    pub(super) fn new(table: &'static Table, rows: Vec<RecordBatch>) -> Result<Self, Error> {
        let mut by = table.order.to_vec();
        if table.kind == TableKind::Increments {
            by.extend(table.key.iter().filter(|key| !table.order.contains(key)));
        }
        let keys = encode(&by, &rows).map_err(Error::arrow(table.name))?;
        let mut order: Vec<(usize, usize)> = rows
            .iter()
            .enumerate()
            .flat_map(|(batch, rows)| (0..rows.num_rows()).map(move |row| (batch, row)))
            .collect();
        if !keys.is_empty() {
            // Equal rows keep the order of their files, so that the same files always give the same bytes.
            order.sort_by(|a, b| keys[a.0].row(a.1).cmp(&keys[b.0].row(b.1)));
        }
        Ok(Self {
            table,
            rows,
            order,
            keys,
            next: 0,
        })
    }

    fn is_same_key(&self, at: usize) -> bool {
        let row = |at: usize| {
            let (batch, row) = *self.order.get(at)?;
            Some(self.keys.get(batch)?.row(row))
        };
        at > 0 && row(at).is_some() && row(at) == row(at - 1)
    }

    fn piece(&self, from: usize, to: usize) -> Result<RecordBatch, Error> {
        let rows: Vec<&RecordBatch> = self.rows.iter().collect();
        let order = self.order.get(from..to).unwrap_or_default();
        let piece = interleave_record_batch(&rows, order).map_err(Error::arrow(self.table.name))?;
        // The files' own metadata is none of the merged file's.
        let piece = RecordBatch::try_new(file_schema(self.table), piece.columns().to_vec());
        let piece = piece.map_err(Error::arrow(self.table.name))?;
        if self.table.kind != TableKind::Increments {
            return Ok(piece);
        }
        let starts = (from..to).filter(|at| *at == from || !self.is_same_key(*at));
        let mut starts: Vec<usize> = starts.map(|at| at - from).collect();
        starts.push(to - from);
        sum(self.table, &piece, &starts)
    }
}

impl Iterator for Merge {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (from, end) = (self.next, self.order.len());
        if from == end {
            return None;
        }
        let mut to = end.min(from + PIECE_ROWS);
        while self.table.kind == TableKind::Increments && self.is_same_key(to) {
            to += 1;
        }
        self.next = to;
        Some(self.piece(from, to))
    }
}

/// Sums the rows of each run and drops those that cancel out; `starts` ends with the number of rows.
fn sum(table: &Table, sorted: &RecordBatch, starts: &[usize]) -> Result<RecordBatch, Error> {
    let schema = sorted.schema();
    let is_sum = |index: usize| {
        let field = schema.field(index);
        *field.data_type() == DataType::Int64 && !table.key.contains(&field.name().as_str())
    };
    let firsts = UInt64Array::from_iter_values(starts.iter().rev().skip(1).rev().map(|row| *row as u64));
    let heads = take_record_batch(sorted, &firsts).map_err(Error::arrow(table.name))?;
    let mut keep = vec![false; heads.num_rows()];
    let mut columns: Vec<ArrayRef> = heads.columns().to_vec();
    for (index, column) in columns.iter_mut().enumerate().filter(|(index, _)| is_sum(*index)) {
        let sums = sum_runs(table, sorted.column(index).as_primitive::<Int64Type>(), starts)?;
        keep.iter_mut()
            .zip(sums.iter())
            .for_each(|(keep, sum)| *keep |= sum != Some(0));
        *column = Arc::new(sums);
    }
    let summed = RecordBatch::try_new(schema, columns).map_err(Error::arrow(table.name))?;
    filter_record_batch(&summed, &keep.into()).map_err(Error::arrow(table.name))
}

fn sum_runs(table: &Table, values: &Int64Array, starts: &[usize]) -> Result<Int64Array, Error> {
    let overflow = || Error::Contract {
        table: table.name.to_owned(),
        detail: "a sum of increments is out of range".to_owned(),
    };
    let runs = starts.windows(2).map(|run| {
        let range = run.first().copied().unwrap_or(0)..run.last().copied().unwrap_or(0);
        let present = range.filter(|row| values.is_valid(*row));
        present
            .map(|row| values.value(row))
            .try_fold(0_i64, i64::checked_add)
            .ok_or_else(overflow)
    });
    runs.collect::<Result<Vec<i64>, Error>>().map(Int64Array::from)
}

fn encode(by: &[&str], rows: &[RecordBatch]) -> Result<Vec<Rows>, ArrowError> {
    let columns = |rows: &RecordBatch| -> Vec<ArrayRef> {
        by.iter()
            .filter_map(|name| rows.column_by_name(name).cloned())
            .collect()
    };
    let first = rows.first().map(columns).unwrap_or_default();
    if first.is_empty() {
        return Ok(Vec::new());
    }
    let fields = first
        .iter()
        .map(|column| SortField::new(column.data_type().clone()))
        .collect();
    let converter = RowConverter::new(fields)?;
    rows.iter()
        .map(|rows| converter.convert_columns(&columns(rows)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Date32Array, StringArray};
    use paceline_schemas::tables::stored_table;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Row = (String, Option<i32>, [i64; 6]);

    fn table() -> &'static Table {
        stored_table("ops_ingest_day").expect("table")
    }

    fn batch(rows: &[Row]) -> RecordBatch {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.0))),
            Arc::new(rows.iter().map(|row| row.1).collect::<Date32Array>()),
        ];
        for sum in 0..6 {
            columns.push(Arc::new(Int64Array::from_iter_values(
                rows.iter().map(|row| row.2[sum]),
            )));
        }
        RecordBatch::try_new(file_schema(table()), columns).expect("batch")
    }

    fn unbatch(rows: &RecordBatch) -> Vec<Row> {
        let dates = rows.column(1).as_primitive::<arrow::datatypes::Date32Type>();
        let numbers = |row| std::array::from_fn(|sum| rows.column(sum + 2).as_primitive::<Int64Type>().value(row));
        (0..rows.num_rows())
            .map(|row| {
                let source = rows.column(0).as_string::<i32>().value(row).to_owned();
                (source, dates.is_valid(row).then(|| dates.value(row)), numbers(row))
            })
            .collect()
    }

    fn row() -> impl Strategy<Value = Row> {
        (
            prop_oneof![Just("a"), Just("b")],
            proptest::option::of(0..3_i32),
            proptest::array::uniform6(-2..3_i64),
        )
            .prop_map(|(source, date, sums)| (source.to_owned(), date, sums))
    }

    proptest! {
        #[test]
        fn merged_increments_are_the_naive_sums_in_order(files in proptest::collection::vec(proptest::collection::vec(row(), 0..12), 0..5)) {
            let mut naive: BTreeMap<(String, Option<i32>), [i64; 6]> = BTreeMap::new();
            for (source, date, sums) in files.iter().flatten() {
                let total = naive.entry((source.clone(), *date)).or_default();
                total.iter_mut().zip(sums).for_each(|(total, value)| *total += value);
            }
            let expected: Vec<Row> = naive.into_iter().filter(|(_, sums)| sums.iter().any(|sum| *sum != 0)).map(|((source, date), sums)| (source, date, sums)).collect();
            let files = files.iter().map(|rows| batch(rows)).collect();
            let merged = Merge::new(table(), files).expect("sorted").map(|piece| unbatch(&piece.expect("merged")));
            prop_assert_eq!(merged.flatten().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_sum_out_of_range_is_an_error() {
        let row = |value| ("a".to_owned(), None, [value; 6]);
        let mut merge = Merge::new(table(), vec![batch(&[row(i64::MAX)]), batch(&[row(1)])]).expect("sorted");
        assert!(merge.all(|piece| piece.is_err()));
    }

    #[test]
    fn a_run_of_one_key_is_never_cut() {
        let row = |source: &str| (source.to_owned(), None, [1; 6]);
        let files = [PIECE_ROWS - 1, PIECE_ROWS, 2].map(|count| batch(&vec![row("a"); count]));
        let after = batch(&[row("b")]);
        let pieces = Merge::new(table(), files.into_iter().chain([after]).collect()).expect("sorted");
        let rows: Vec<Row> = pieces.flat_map(|piece| unbatch(&piece.expect("merged"))).collect();
        let of_a = 2 * PIECE_ROWS as i64 + 1;
        assert_eq!(
            rows,
            [("a".to_owned(), None, [of_a; 6]), ("b".to_owned(), None, [1; 6])]
        );
    }

    #[test]
    fn increments_are_sorted_by_columns_of_their_key() {
        let increments = paceline_schemas::tables::stored().filter(|table| table.kind == TableKind::Increments);
        for table in increments {
            assert!(
                table.order.iter().all(|column| table.key.contains(column)),
                "{}",
                table.name
            );
        }
    }
}
