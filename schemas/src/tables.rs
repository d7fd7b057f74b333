//! The table contract: names, grains, columns, types and comments that analysts and dashboards depend on.
//!
//! It changes only by a new column or a new table. Comments are written here once; every surface that shows one reads it here.

mod adjustments;
mod dimensions;
mod facts;
mod increments;
mod operations;
mod targets;
mod windows;

use std::sync::{Arc, OnceLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::measure::Measure;

/// Type of a column; money is a `BigInt` of minor units, durations are seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// 64-bit signed integer.
    BigInt,
    /// 64-bit float.
    Double,
    /// True or false.
    Boolean,
    /// Calendar date.
    Date,
    /// Microseconds, UTC.
    Timestamp,
    /// Money in major units for reading, 18 digits of which 2 after the point.
    Money,
}

/// One column of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name.
    pub name: &'static str,
    /// Type.
    pub kind: ColumnType,
    /// Whether NULL, for unknown, may stand in it.
    pub nullable: bool,
    /// Definition with unit.
    pub comment: &'static str,
}

/// How rows come into a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// One row per event.
    Facts,
    /// Signed increments; `SUM` over the grain is right at any moment.
    Increments,
    /// Who and where, by validity.
    Dimension,
    /// Decisions, append-only.
    Decisions,
    /// Replaced by a job, `as_of` date by `as_of` date.
    Job,
    /// The pipeline about itself.
    Operations,
    /// Computed by SQL when it is read.
    View,
}

/// One table of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Name.
    pub name: &'static str,
    /// What one row is.
    pub comment: &'static str,
    /// How rows come into it.
    pub kind: TableKind,
    /// Columns in order; a partition column comes last.
    pub columns: Vec<Column>,
    /// The grain. Of increments: every column that is not a sum.
    pub key: &'static [&'static str],
    /// Column by which files are partitioned.
    pub partition: Option<&'static str>,
    /// Order of rows inside a file.
    pub order: &'static [&'static str],
}

impl Table {
    /// False for views.
    pub fn is_stored(&self) -> bool {
        self.kind != TableKind::View
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The Arrow schema, with comments as metadata `comment` of schema and fields.
    pub fn arrow_schema(&self) -> SchemaRef {
        let comment = |text: &str| [("comment".to_owned(), text.to_owned())].into();
        let fields: Vec<Field> = self
            .columns
            .iter()
            .map(|c| Field::new(c.name, c.kind.arrow(), c.nullable).with_metadata(comment(c.comment)))
            .collect();
        Arc::new(Schema::new_with_metadata(fields, comment(self.comment)))
    }
}

impl ColumnType {
    /// The Arrow type of the column.
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::BigInt => DataType::Int64,
            Self::Double => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Money => DataType::Decimal128(18, 2),
        }
    }

    /// The SQL name of the type.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::BigInt => "BIGINT",
            Self::Double => "DOUBLE",
            Self::Boolean => "BOOLEAN",
            Self::Date => "DATE",
            Self::Timestamp => "TIMESTAMP",
            Self::Money => "DECIMAL(18,2)",
        }
    }
}

/// All tables: stored ones first, then views. A view may have the name of the stored table that it hides.
pub fn all() -> &'static [Table] {
    static ALL: OnceLock<Vec<Table>> = OnceLock::new();
    ALL.get_or_init(|| {
        [
            facts::stored(),
            increments::stored(),
            dimensions::stored(),
            windows::stored(),
            targets::stored(),
            adjustments::stored(),
            operations::stored(),
        ]
        .into_iter()
        .chain([
            facts::views(),
            increments::views(),
            windows::views(),
            targets::views(),
            operations::views(),
        ])
        .flatten()
        .collect()
    })
}

/// The stored tables.
pub fn stored() -> impl Iterator<Item = &'static Table> {
    all().iter().filter(|table| table.is_stored())
}

/// What a reader of SQL sees under `name`: the view of that name if there is one, else the stored table.
pub fn table(name: &str) -> Option<&'static Table> {
    all().iter().rev().find(|table| table.name == name)
}

/// The stored table of that name.
pub fn stored_table(name: &str) -> Option<&'static Table> {
    stored().find(|table| table.name == name)
}

const fn required(name: &'static str, kind: ColumnType, comment: &'static str) -> Column {
    Column {
        name,
        kind,
        nullable: false,
        comment,
    }
}

const fn optional(name: &'static str, kind: ColumnType, comment: &'static str) -> Column {
    Column {
        name,
        kind,
        nullable: true,
        comment,
    }
}

fn measures() -> impl Iterator<Item = Column> {
    Measure::ALL
        .iter()
        .map(|m| required(m.name(), ColumnType::BigInt, m.comment()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_and_column_has_a_comment_and_a_key_that_exists() {
        for table in all() {
            assert!(!table.comment.is_empty(), "{}", table.name);
            for column in &table.columns {
                assert!(column.comment.len() > 3, "{}.{}", table.name, column.name);
            }
            for name in table.key.iter().chain(table.order).chain(&table.partition) {
                assert!(table.column(name).is_some(), "{}.{name}", table.name);
            }
            let names: std::collections::BTreeSet<_> = table.columns.iter().map(|c| c.name).collect();
            assert_eq!(names.len(), table.columns.len(), "{}", table.name);
        }
    }

    #[test]
    fn a_partition_column_is_required_text_and_comes_last() {
        for table in all() {
            let Some(partition) = table.partition else { continue };
            let last = table.columns.last().expect("columns");
            assert_eq!(
                (last.name, last.kind, last.nullable),
                (partition, ColumnType::Text, false)
            );
        }
    }

    #[test]
    fn a_view_hides_the_stored_table_of_its_name() {
        assert_eq!(table("agg_rep_day").map(|t| t.kind), Some(TableKind::View));
        assert_eq!(stored_table("agg_rep_day").map(|t| t.kind), Some(TableKind::Increments));
    }
}
