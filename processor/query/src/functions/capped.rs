//! Functions that can give more than they take, behind a cap on what they would give.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::array::{Array, Int64Array};
use datafusion::arrow::compute::{cast, kernels::length::length};
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::OUTPUT_BYTES_MAX;
use crate::error::QueryError;
use crate::sqlstate::SqlState;

/// How many bytes a row of a call may give, from its arguments.
type Reckon = fn(&[Lengths], usize) -> u64;

/// A function of the engine that first reckons what it would give.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Capped {
    inner: Arc<ScalarUDF>,
}

impl Capped {
    pub(super) fn is_capped(name: &str) -> bool {
        reckoning(name).is_some()
    }

    pub(super) fn of(inner: Arc<ScalarUDF>) -> ScalarUDF {
        ScalarUDF::new_from_impl(Self { inner })
    }
}

fn reckoning(name: &str) -> Option<Reckon> {
    Some(match name {
        "concat" => joined,
        "concat_ws" => |of, row| joined(of, row).saturating_add(of.first().map_or(0, |s| s.at(row)) * of.len() as u64),
        "repeat" => |of, row| of[0].at(row).saturating_mul(of[1].at(row)),
        // The width is in characters, of up to four bytes.
        "lpad" | "rpad" => |of, row| of[1].at(row).saturating_mul(4),
        "replace" => |of, row| {
            let (text, from, to) = (of[0].at(row), of[1].at(row), of[2].at(row));
            let places = text.checked_div(from).unwrap_or(0);
            text.saturating_add(places.saturating_mul(to))
        },
        _ => return None,
    })
}

fn joined(of: &[Lengths], row: usize) -> u64 {
    of.iter()
        .fold(0, |sum: u64, lengths| sum.saturating_add(lengths.at(row)))
}

/// Bytes of a text argument, or the value of a number, per row. NULL and negative count as 0.
pub(super) enum Lengths {
    Same(u64),
    Each(Int64Array),
}

impl Lengths {
    pub(super) fn of(value: &ColumnarValue) -> Result<Self> {
        let array = match value {
            ColumnarValue::Array(array) => Arc::clone(array),
            ColumnarValue::Scalar(scalar) => scalar.to_array_of_size(1)?,
        };
        let is_text = matches!(
            array.data_type(),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        );
        let numbers = if is_text { length(&array)? } else { array };
        let numbers = cast(&numbers, &DataType::Int64)?;
        let numbers = numbers.as_primitive::<Int64Type>().clone();
        Ok(match value {
            ColumnarValue::Array(_) => Self::Each(numbers),
            ColumnarValue::Scalar(_) => Self::Same(value_at(&numbers, 0)),
        })
    }

    fn at(&self, row: usize) -> u64 {
        match self {
            Self::Same(value) => *value,
            Self::Each(values) => value_at(values, row),
        }
    }
}

fn value_at(values: &Int64Array, row: usize) -> u64 {
    if values.is_null(row) {
        0
    } else {
        u64::try_from(values.value(row)).unwrap_or(0)
    }
}

/// Refuses a call that would give more than [`OUTPUT_BYTES_MAX`].
pub(super) fn admit(name: &str, args: &[ColumnarValue], rows: usize) -> Result<()> {
    let reckon = reckoning(name).unwrap_or(joined);
    let lengths: Vec<Lengths> = args.iter().map(Lengths::of).collect::<Result<_>>()?;
    let constant = args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let rows = if constant { 1 } else { rows };
    let mut bytes = 0_u64;
    for row in 0..rows {
        bytes = bytes.saturating_add(reckon(&lengths, row));
    }
    if bytes <= OUTPUT_BYTES_MAX {
        return Ok(());
    }
    let message = format!("function `{name}` would give {bytes} bytes at once, the limit is {OUTPUT_BYTES_MAX}");
    Err(DataFusionError::from(QueryError::new(SqlState::LimitExceeded, message)))
}

// `simplify` is not passed on: it would put the uncapped function in place of this one.
impl ScalarUDFImpl for Capped {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.inner().return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        admit(self.name(), &args.args, args.number_rows)?;
        self.inner.invoke_with_args(args)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::StringArray;
    use datafusion::scalar::ScalarValue;

    use super::*;

    fn text(value: &str) -> ColumnarValue {
        ColumnarValue::Scalar(ScalarValue::from(value))
    }

    fn number(value: i64) -> ColumnarValue {
        ColumnarValue::Scalar(ScalarValue::from(value))
    }

    #[test]
    fn what_would_dwarf_its_arguments_is_refused_before_it_runs() {
        for (name, args) in [
            ("repeat", vec![text("x"), number(500_000_000)]),
            ("lpad", vec![text("x"), number(1_000_000_000)]),
            ("rpad", vec![text("x"), number(i64::MAX), text("y")]),
            (
                "replace",
                vec![text(&"x".repeat(8_000)), text("x"), text(&"y".repeat(9_000))],
            ),
        ] {
            assert!(admit(name, &args, 1).is_err(), "{name}");
        }
        assert!(admit("repeat", &[text("x"), number(-1)], 1).is_ok());
        assert!(admit("lpad", &[text("7"), number(2), text("0")], 1).is_ok());
        assert!(admit("replace", &[text("a-b"), text("-"), text("")], 1).is_ok());
    }

    #[test]
    fn rows_of_a_batch_are_counted_together() {
        let column = ColumnarValue::Array(Arc::new(StringArray::from(vec![Some("a"), None, Some("bb")])));
        let long = text(&"x".repeat(30_000_000));
        assert!(admit("concat", &[column.clone(), long.clone()], 2).is_ok());
        assert!(admit("concat", &[column, long], 3).is_err());
    }
}
