//! Which files a filter rules out, by the value of the partition and the bounds of each column.
//!
//! A file without statistics stays, and so does one about which the bounds say nothing: the filter itself runs above the scan.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema};
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::scalar::ScalarValue;
use paceline_schemas::tables::Table;
use paceline_snapshots::published::DataFile;
use paceline_snapshots::stats::{Bound, Range};

/// Bounds of instants may be cut to the millisecond.
const CUT_US: i64 = 999;

/// The files that may hold rows for which all filters are true.
pub(crate) fn prune<'a>(
    session: &dyn Session,
    table: &Table,
    schema: &SchemaRef,
    files: &'a [DataFile],
    filters: &[Expr],
) -> Result<Vec<&'a DataFile>> {
    let all = || files.iter().collect();
    let Some(filter) = conjunction(filters.iter().cloned()) else {
        return Ok(all());
    };
    let qualified = DFSchema::try_from(Arc::clone(schema))?;
    // What the rewriting does not understand prunes nothing.
    let Ok(predicate) = session.create_physical_expr(filter, &qualified) else {
        return Ok(all());
    };
    let pruning = PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema));
    let Ok(predicate) = pruning.try_build(predicate) else {
        return Ok(all());
    };
    let kept = predicate.prune(&Known { table, schema, files })?;
    Ok(files
        .iter()
        .zip(kept)
        .filter_map(|(file, keep)| keep.then_some(file))
        .collect())
}

struct Known<'a> {
    table: &'a Table,
    schema: &'a SchemaRef,
    files: &'a [DataFile],
}

impl Known<'_> {
    fn bounds(&self, column: &str, up: bool) -> Option<ArrayRef> {
        let kind = self.schema.field_with_name(column).ok()?.data_type();
        let unknown = ScalarValue::try_from(kind).ok()?;
        let of_file = |file: &DataFile| {
            if self.table.partition == Some(column) {
                return file
                    .partition_values
                    .get(column)
                    .map(|value| ScalarValue::from(value.as_str()));
            }
            let range = file.stats.as_ref()?.columns.get(column)?;
            scalar(if up { range.max.as_ref()? } else { range.min.as_ref()? }, up)
        };
        let values = self.files.iter().map(|file| {
            of_file(file)
                .filter(|value| value.data_type() == *kind)
                .unwrap_or_else(|| unknown.clone())
        });
        ScalarValue::iter_to_array(values).ok()
    }

    fn counts(&self, count: impl Fn(&DataFile) -> Option<u64>) -> ArrayRef {
        Arc::new(self.files.iter().map(count).collect::<UInt64Array>())
    }
}

fn scalar(bound: &Bound, up: bool) -> Option<ScalarValue> {
    Some(match bound {
        Bound::Text(text) => ScalarValue::Utf8(Some(text.clone())),
        Bound::BigInt(value) => ScalarValue::Int64(Some(*value)),
        Bound::Double(value) => ScalarValue::Float64(Some(*value)),
        Bound::Boolean(value) => ScalarValue::Boolean(Some(*value)),
        Bound::Date(day) => ScalarValue::Date32(Some(day.0)),
        Bound::Timestamp(instant) => {
            let micros = if up {
                instant.0.saturating_add(CUT_US)
            } else {
                instant.0.saturating_sub(CUT_US)
            };
            ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into()))
        }
    })
}

impl PruningStatistics for Known<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(&column.name, false)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(&column.name, true)
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        if self.table.partition == Some(column.name.as_str()) {
            return Some(self.counts(|_| Some(0)));
        }
        let nulls = |range: &Range| range.nulls;
        Some(self.counts(|file| file.stats.as_ref()?.columns.get(&column.name).and_then(nulls)))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(self.counts(|file| file.stats.as_ref().map(|stats| stats.rows)))
    }

    fn contained(&self, _column: &Column, _values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
