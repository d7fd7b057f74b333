//! One value of one row, as the text formats see it.

use std::io;

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

/// What a value is to a text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Digits that a JSON number may have.
    Number,
    /// True or false.
    Boolean,
    /// Everything else, exact amounts included.
    Text,
}

/// The values of one column of a batch.
pub(super) struct Column<'a> {
    pub(super) kind: Kind,
    array: &'a dyn Array,
    formatter: ArrayFormatter<'a>,
}

pub(super) fn columns(rows: &RecordBatch) -> io::Result<Vec<Column<'_>>> {
    let columns = rows.columns().iter().map(|array| {
        let formatter = ArrayFormatter::try_new(array, &OPTIONS).map_err(io::Error::other)?;
        Ok(Column {
            kind: kind_of(array.data_type()),
            array,
            formatter,
        })
    });
    columns.collect()
}

const OPTIONS: FormatOptions<'static> = FormatOptions::new();

pub(super) fn kind_of(kind: &DataType) -> Kind {
    match kind {
        DataType::Boolean => Kind::Boolean,
        number if number.is_integer() || number.is_floating() => Kind::Number,
        _ => Kind::Text,
    }
}

/// Whether a table puts the column to the right.
pub(super) fn is_right_aligned(kind: &DataType) -> bool {
    kind.is_numeric()
}

impl Column<'_> {
    /// Puts the value into `text`; false for NULL.
    pub(super) fn read(&self, row: usize, text: &mut String) -> io::Result<bool> {
        text.clear();
        if self.array.is_null(row) {
            return Ok(false);
        }
        self.formatter.value(row).write(text).map_err(io::Error::other)?;
        Ok(true)
    }
}
