//! Rows of several files as the rows of one: sorted by the contract, increments of equal key summed.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Int64Type};
use arrow::row::{RowConverter, Rows, SortField};
use paceline_schemas::tables::{Table, TableKind};

use crate::error::Error;
use crate::parquet::file_schema;

/// Merges rows that have the columns of the table's files.
pub(super) fn merge(table: &'static Table, rows: &[RecordBatch]) -> Result<RecordBatch, Error> {
    let all = concat_batches(&file_schema(table), rows).map_err(Error::arrow(table.name))?;
    if table.kind == TableKind::Increments {
        sum(table, &all)
    } else {
        sort(table, &all, table.order)
    }
}

fn sort(table: &Table, rows: &RecordBatch, by: &[&str]) -> Result<RecordBatch, Error> {
    let Some(keys) = encode(table, rows, by)? else {
        return Ok(rows.clone());
    };
    let mut order: Vec<usize> = (0..rows.num_rows()).collect();
    // Equal rows keep the order of their files, so that the same files always give the same bytes.
    order.sort_by(|a, b| keys.row(*a).cmp(&keys.row(*b)));
    let order = UInt64Array::from_iter_values(order.into_iter().map(|row| row as u64));
    take_record_batch(rows, &order).map_err(Error::arrow(table.name))
}

/// Sums increments of equal key and drops those that cancel out.
fn sum(table: &Table, rows: &RecordBatch) -> Result<RecordBatch, Error> {
    let by: Vec<&str> = table
        .order
        .iter()
        .chain(table.key.iter().filter(|key| !table.order.contains(key)))
        .copied()
        .collect();
    let sorted = sort(table, rows, &by)?;
    let Some(keys) = encode(table, &sorted, table.key)? else {
        return Ok(sorted);
    };
    let mut starts: Vec<usize> = (0..sorted.num_rows())
        .filter(|row| *row == 0 || keys.row(*row) != keys.row(row - 1))
        .collect();
    starts.push(sorted.num_rows());
    let schema = sorted.schema();
    let is_sum = |index: usize| {
        let field = schema.field(index);
        *field.data_type() == DataType::Int64 && !table.key.contains(&field.name().as_str())
    };
    let firsts = UInt64Array::from_iter_values(starts.iter().rev().skip(1).rev().map(|row| *row as u64));
    let heads = take_record_batch(&sorted, &firsts).map_err(Error::arrow(table.name))?;
    let mut keep = vec![false; heads.num_rows()];
    let mut columns: Vec<ArrayRef> = heads.columns().to_vec();
    for (index, column) in columns.iter_mut().enumerate().filter(|(index, _)| is_sum(*index)) {
        let sums = sum_runs(table, sorted.column(index).as_primitive::<Int64Type>(), &starts)?;
        keep.iter_mut()
            .zip(sums.iter())
            .for_each(|(keep, sum)| *keep |= sum != Some(0));
        *column = Arc::new(sums);
    }
    let summed = RecordBatch::try_new(schema, columns).map_err(Error::arrow(table.name))?;
    arrow::compute::filter_record_batch(&summed, &keep.into()).map_err(Error::arrow(table.name))
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

fn encode(table: &Table, rows: &RecordBatch, by: &[&str]) -> Result<Option<Rows>, Error> {
    let columns: Vec<ArrayRef> = by
        .iter()
        .filter_map(|name| rows.column_by_name(name).cloned())
        .collect();
    if columns.is_empty() {
        return Ok(None);
    }
    let fields = columns
        .iter()
        .map(|column| SortField::new(column.data_type().clone()))
        .collect();
    let converter = RowConverter::new(fields).map_err(Error::arrow(table.name))?;
    converter
        .convert_columns(&columns)
        .map(Some)
        .map_err(Error::arrow(table.name))
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
            let merged = merge(table(), &files.iter().map(|rows| batch(rows)).collect::<Vec<_>>()).expect("merged");
            prop_assert_eq!(unbatch(&merged), expected);
        }
    }

    #[test]
    fn a_sum_out_of_range_is_an_error() {
        let row = |value| ("a".to_owned(), None, [value; 6]);
        assert!(merge(table(), &[batch(&[row(i64::MAX)]), batch(&[row(1)])]).is_err());
    }
}
