//! Builders of the columns of one table, filled cell by cell in the order of the contract.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
    UInt32Array,
};
use arrow::compute::take_record_batch;
use arrow::record_batch::RecordBatch;
use paceline_schemas::tables::{ColumnType, Table, stored_table};
use paceline_schemas::time::{Day, Instant};

/// A value for a cell.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// NULL.
    Null,
    /// Text.
    Text(&'a str),
    /// An integer.
    Int(i64),
    /// A float.
    Double(f64),
    /// True or false.
    Bool(bool),
    /// A date.
    Date(Day),
    /// An instant.
    At(Instant),
}

#[derive(Debug)]
enum Builder {
    Text(StringBuilder),
    Int(Int64Builder),
    Double(Float64Builder),
    Bool(BooleanBuilder),
    Date(Date32Builder),
    At(TimestampMicrosecondBuilder),
}

/// The columns of one stored table under construction.
#[derive(Debug)]
pub struct Columns {
    table: &'static Table,
    builders: Vec<Builder>,
    next: usize,
    rows: usize,
    text_bytes: usize,
}

impl Columns {
    /// Empty columns of the stored table `name`.
    ///
    /// # Panics
    /// The contract has no stored table of that name.
    pub fn new(name: &str) -> Self {
        let table = stored_table(name).expect("a stored table of the contract");
        let builders = table
            .columns
            .iter()
            .map(|column| match column.kind {
                ColumnType::Text => Builder::Text(StringBuilder::new()),
                ColumnType::BigInt => Builder::Int(Int64Builder::new()),
                ColumnType::Double => Builder::Double(Float64Builder::new()),
                ColumnType::Boolean => Builder::Bool(BooleanBuilder::new()),
                ColumnType::Date => Builder::Date(Date32Builder::new()),
                ColumnType::Timestamp => Builder::At(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
                ColumnType::Money => unreachable!("money stands in views, and `{name}` is stored"),
            })
            .collect();
        Self {
            table,
            builders,
            next: 0,
            rows: 0,
            text_bytes: 0,
        }
    }

    /// Rows finished.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes held, roughly.
    pub fn bytes(&self) -> usize {
        self.rows * self.builders.len() * 9 + self.text_bytes
    }

    /// Writes the next cell of the current row, which must be of column `name`.
    ///
    /// # Panics
    /// The contract has another column here, another type, or forbids NULL.
    pub fn put(&mut self, name: &str, cell: Cell<'_>) {
        let column = &self.table.columns[self.next];
        assert!(
            column.name == name,
            "`{}` has `{}` where `{name}` is written",
            self.table.name,
            column.name
        );
        assert!(
            column.nullable || !matches!(cell, Cell::Null),
            "`{}.{name}` must not be NULL",
            self.table.name
        );
        match (&mut self.builders[self.next], cell) {
            (Builder::Text(builder), Cell::Text(text)) => {
                self.text_bytes += text.len();
                builder.append_value(text);
            }
            (Builder::Int(builder), Cell::Int(value)) => builder.append_value(value),
            (Builder::Double(builder), Cell::Double(value)) => builder.append_value(value),
            (Builder::Bool(builder), Cell::Bool(value)) => builder.append_value(value),
            (Builder::Date(builder), Cell::Date(day)) => builder.append_value(day.0),
            (Builder::At(builder), Cell::At(instant)) => builder.append_value(instant.0),
            (Builder::Text(builder), Cell::Null) => builder.append_null(),
            (Builder::Int(builder), Cell::Null) => builder.append_null(),
            (Builder::Double(builder), Cell::Null) => builder.append_null(),
            (Builder::Bool(builder), Cell::Null) => builder.append_null(),
            (Builder::Date(builder), Cell::Null) => builder.append_null(),
            (Builder::At(builder), Cell::Null) => builder.append_null(),
            (_, cell) => panic!("`{}.{name}` is {:?}, not {cell:?}", self.table.name, column.kind),
        }
        self.next += 1;
        if self.next == self.builders.len() {
            self.next = 0;
            self.rows += 1;
        }
    }

    /// Writes the next cell, NULL for `None`.
    pub fn put_opt<'a, T>(&mut self, name: &str, value: Option<T>, cell: impl FnOnce(T) -> Cell<'a>) {
        self.put(name, value.map_or(Cell::Null, cell));
    }

    /// The columns as one batch.
    ///
    /// # Panics
    /// A row is unfinished.
    pub fn finish(self) -> RecordBatch {
        assert!(self.next == 0, "an unfinished row of `{}`", self.table.name);
        let arrays: Vec<ArrayRef> = self
            .builders
            .into_iter()
            .map(|builder| match builder {
                Builder::Text(mut builder) => Arc::new(builder.finish()) as ArrayRef,
                Builder::Int(mut builder) => Arc::new(builder.finish()),
                Builder::Double(mut builder) => Arc::new(builder.finish()),
                Builder::Bool(mut builder) => Arc::new(builder.finish()),
                Builder::Date(mut builder) => Arc::new(builder.finish()),
                Builder::At(mut builder) => Arc::new(builder.finish()),
            })
            .collect();
        RecordBatch::try_new(self.table.arrow_schema(), arrays).expect("columns built after the contract")
    }

    /// The columns as one batch whose rows follow `order`, indices of finished rows.
    pub fn finish_ordered(self, order: Vec<u32>) -> RecordBatch {
        let batch = self.finish();
        take_record_batch(&batch, &UInt32Array::from(order)).expect("indices of rows that exist")
    }
}

/// One batch of the stored table `name`, its rows given as cells in the order of the contract.
pub fn batch_of<'a>(name: &str, rows: impl IntoIterator<Item = Vec<Cell<'a>>>) -> RecordBatch {
    let mut columns = Columns::new(name);
    let names: Vec<&'static str> = columns.table.columns.iter().map(|column| column.name).collect();
    for row in rows {
        assert!(
            row.len() == names.len(),
            "`{name}` has {} columns, not {}",
            names.len(),
            row.len()
        );
        for (column, cell) in names.iter().zip(row) {
            columns.put(column, cell);
        }
    }
    columns.finish()
}
