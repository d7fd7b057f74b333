//! Answers as bytes: CSV, JSON, one JSON object a line, Parquet, and a table for the terminal.
//!
//! Every format except the table is written batch by batch. What is not finished is recognisably cut off, or an error.

mod cell;
mod csv;
mod json;
mod parquet;
mod text;

use std::io::{self, Write};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, SchemaRef};

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a header; NULL is empty, an empty text is `""`.
    Csv,
    /// `{"columns":[{"name","type","comment"}],"rows":[[…]]}`.
    Json,
    /// One object a row and line.
    NdJson,
    /// Aligned columns for the terminal.
    Table,
    /// One Parquet file.
    Parquet,
}

/// Writes one answer.
#[derive(Debug)]
pub struct Encoder<W: Write + Send>(Kind<W>);

#[derive(Debug)]
enum Kind<W: Write + Send> {
    Csv(csv::Encoder<W>),
    Json(json::Encoder<W>),
    NdJson(json::LineEncoder<W>),
    Table(text::Encoder<W>),
    Parquet(Box<parquet::Encoder<W>>),
}

impl<W: Write + Send> Encoder<W> {
    /// Begins an answer.
    ///
    /// # Errors
    /// `out` fails, or the format has no type for a column.
    pub fn new(format: Format, out: W, schema: &SchemaRef) -> io::Result<Self> {
        Ok(Self(match format {
            Format::Csv => Kind::Csv(csv::Encoder::new(out, schema)?),
            Format::Json => Kind::Json(json::Encoder::new(out, schema)?),
            Format::NdJson => Kind::NdJson(json::LineEncoder::new(out, schema)),
            Format::Table => Kind::Table(text::Encoder::new(out, schema)),
            Format::Parquet => Kind::Parquet(Box::new(parquet::Encoder::new(out, schema)?)),
        }))
    }

    /// Adds rows.
    ///
    /// # Errors
    /// `out` fails.
    pub fn write(&mut self, rows: &RecordBatch) -> io::Result<()> {
        match &mut self.0 {
            Kind::Csv(encoder) => encoder.write(rows),
            Kind::Json(encoder) => encoder.write(rows),
            Kind::NdJson(encoder) => encoder.write(rows),
            Kind::Table(encoder) => encoder.write(rows),
            Kind::Parquet(encoder) => encoder.write(rows),
        }
    }

    /// Ends the answer and gives `out` back.
    ///
    /// # Errors
    /// `out` fails.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Kind::Csv(encoder) => encoder.finish(),
            Kind::Json(encoder) => encoder.finish(),
            Kind::NdJson(encoder) => encoder.finish(),
            Kind::Table(encoder) => encoder.finish(),
            Kind::Parquet(encoder) => encoder.finish(),
        }
    }
}

/// The SQL name of a type.
pub fn sql_type(kind: &DataType) -> String {
    match kind {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => "TEXT".to_owned(),
        DataType::Int64 | DataType::UInt64 | DataType::UInt32 => "BIGINT".to_owned(),
        DataType::Int32 | DataType::UInt16 => "INTEGER".to_owned(),
        DataType::Int16 | DataType::Int8 | DataType::UInt8 => "SMALLINT".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Float32 => "REAL".to_owned(),
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Date32 | DataType::Date64 => "DATE".to_owned(),
        DataType::Timestamp(..) => "TIMESTAMP".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "TIME".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "INTERVAL".to_owned(),
        DataType::Decimal128(digits, scale) | DataType::Decimal256(digits, scale) => {
            format!("DECIMAL({digits},{scale})")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    use std::sync::Arc;

    use datafusion::arrow::array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
        TimestampMicrosecondArray,
    };

    use super::{Encoder, Format};

    pub(crate) fn rows() -> RecordBatch {
        let text = StringArray::from(vec![Some("李雷"), Some("a,\"b\"\n"), Some(""), None]);
        let money = Decimal128Array::from(vec![Some(105_400), Some(-5), None, Some(0)]).with_precision_and_scale(18, 2);
        let instants = TimestampMicrosecondArray::from(vec![Some(0), Some(1_500_000), None, None]).with_timezone("UTC");
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("rep_id", Arc::new(text)),
            (
                "wins",
                Arc::new(Int64Array::from(vec![Some(3), Some(-12), Some(0), None])),
            ),
            (
                "rate",
                Arc::new(Float64Array::from(vec![Some(0.25), Some(f64::NAN), None, Some(2.0)])),
            ),
            (
                "full",
                Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, None])),
            ),
            ("on", Arc::new(Date32Array::from(vec![Some(20_000), None, None, None]))),
            ("at", Arc::new(instants)),
            ("amount", Arc::new(money.expect("precision"))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
            .expect("rows")
    }

    pub(crate) fn encode(format: Format, rows: &RecordBatch) -> Vec<u8> {
        let mut encoder = Encoder::new(format, Vec::new(), &rows.schema()).expect("begin");
        encoder.write(rows).expect("write");
        encoder.finish().expect("finish")
    }

    pub(crate) fn text(format: Format) -> String {
        String::from_utf8(encode(format, &rows())).expect("UTF-8")
    }
}
