//! Rows of a checkpoint apart by the value of their partition column.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use paceline_schemas::tables::Table;

use crate::error::Error;

/// Rows of one partition, without the partition column.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Value of the partition column; `None` for an unpartitioned table.
    pub value: Option<String>,
    /// The rows, in the order in which they came.
    pub rows: RecordBatch,
}

/// Splits `rows`, which have the columns of the contract.
///
/// # Errors
/// A column is missing or has another type, or a partition value is no month.
pub fn split(table: &Table, rows: &RecordBatch) -> Result<Vec<Part>, Error> {
    check(table, rows)?;
    let width = table.columns.len() - usize::from(table.partition.is_some());
    let columns: Vec<usize> = (0..width).collect();
    let Some(partition) = table.partition else {
        return Ok(vec![Part {
            value: None,
            rows: rows.clone(),
        }]);
    };
    let values = rows.column(width).as_string::<i32>();
    let mut by_value: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (index, value) in values.iter().enumerate() {
        let value = value.filter(|value| is_month(value)).ok_or_else(|| {
            let shown = value.unwrap_or("NULL");
            Error::Contract {
                table: table.name.to_owned(),
                detail: format!("`{shown}` in `{partition}` is no month"),
            }
        })?;
        by_value.entry(value).or_default().push(index as u64);
    }
    let bare = rows.project(&columns).map_err(Error::arrow(table.name))?;
    let parts = by_value.into_iter().map(|(value, indices)| {
        let rows = take_record_batch(&bare, &UInt64Array::from(indices)).map_err(Error::arrow(table.name))?;
        Ok(Part {
            value: Some(value.to_owned()),
            rows,
        })
    });
    parts.collect()
}

fn check(table: &Table, rows: &RecordBatch) -> Result<(), Error> {
    let schema = rows.schema();
    let fault = |detail: String| {
        Err(Error::Contract {
            table: table.name.to_owned(),
            detail,
        })
    };
    if schema.fields().len() != table.columns.len() {
        return fault(format!(
            "{} columns were given, the contract has {}",
            schema.fields().len(),
            table.columns.len()
        ));
    }
    for (field, column) in schema.fields().iter().zip(&table.columns) {
        if field.name() != column.name || *field.data_type() != column.kind.arrow() {
            let (name, kind) = (field.name(), field.data_type());
            return fault(format!(
                "column `{name}` of type {kind} was given for `{}` of {}",
                column.name,
                column.kind.arrow()
            ));
        }
    }
    Ok(())
}

/// A value becomes the name of a folder: nothing but `YYYY-MM` does.
fn is_month(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() == 7
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 4 { *byte == b'-' } else { byte.is_ascii_digit() })
}
