//! Rows to Parquet files and back: fixed writer settings, sorted rows, statistics, and a footer that says where they came from.
//!
//! The same rows give the same bytes: no Arrow metadata, whose maps have no order, goes into the file.

mod read;
mod split;
mod write;

use arrow::datatypes::{Field, Schema, SchemaRef};
use paceline_schemas::tables::Table;
use std::sync::Arc;

pub use read::{Contents, footer_rows, footer_value, read_footer, read_rows};
pub use split::{Part, split};
pub use write::{FileWriter, Footer, Written};

/// The schema of a table's files: the contract's without comments and without the partition column.
pub fn file_schema(table: &Table) -> SchemaRef {
    let stored = table
        .columns
        .iter()
        .filter(|column| Some(column.name) != table.partition);
    let fields: Vec<Field> = stored
        .map(|column| Field::new(column.name, column.kind.arrow(), column.nullable))
        .collect();
    Arc::new(Schema::new(fields))
}
