//! JSON. Integers are digits of any length; exact amounts, dates and instants are strings; NaN and infinity are null.

use std::io::{self, Write};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;

use super::cell::{self, Column, Kind};
use super::sql_type;

/// One object with the columns and all rows.
#[derive(Debug)]
pub(super) struct Encoder<W> {
    out: W,
    is_first: bool,
}

impl<W: Write> Encoder<W> {
    pub(super) fn new(mut out: W, schema: &SchemaRef) -> io::Result<Self> {
        out.write_all(b"{\"columns\":[")?;
        for (index, field) in schema.fields().iter().enumerate() {
            out.write_all(if index > 0 { b",{\"name\":" } else { b"{\"name\":" })?;
            string(&mut out, field.name())?;
            out.write_all(b",\"type\":")?;
            string(&mut out, &sql_type(field.data_type()))?;
            if let Some(comment) = field.metadata().get("comment") {
                out.write_all(b",\"comment\":")?;
                string(&mut out, comment)?;
            }
            out.write_all(b"}")?;
        }
        out.write_all(b"],\"rows\":[")?;
        Ok(Self { out, is_first: true })
    }

    pub(super) fn write(&mut self, rows: &RecordBatch) -> io::Result<()> {
        let columns = cell::columns(rows)?;
        let mut text = String::new();
        for row in 0..rows.num_rows() {
            self.out.write_all(if self.is_first { b"\n[" } else { b",\n[" })?;
            self.is_first = false;
            for (index, column) in columns.iter().enumerate() {
                self.out.write_all(if index > 0 { b"," } else { b"" })?;
                value(&mut self.out, column, row, &mut text)?;
            }
            self.out.write_all(b"]")?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.out.write_all(b"]}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// One object a row.
#[derive(Debug)]
pub(super) struct LineEncoder<W> {
    out: W,
    names: Vec<String>,
}

impl<W: Write> LineEncoder<W> {
    pub(super) fn new(out: W, schema: &SchemaRef) -> Self {
        let names = schema.fields().iter().map(|field| field.name().clone()).collect();
        Self { out, names }
    }

    pub(super) fn write(&mut self, rows: &RecordBatch) -> io::Result<()> {
        let columns = cell::columns(rows)?;
        let mut text = String::new();
        for row in 0..rows.num_rows() {
            for (index, (name, column)) in self.names.iter().zip(&columns).enumerate() {
                self.out.write_all(if index > 0 { b"," } else { b"{" })?;
                string(&mut self.out, name)?;
                self.out.write_all(b":")?;
                value(&mut self.out, column, row, &mut text)?;
            }
            self.out.write_all(if columns.is_empty() { b"{}\n" } else { b"}\n" })?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

fn value(out: &mut impl Write, column: &Column<'_>, row: usize, text: &mut String) -> io::Result<()> {
    if !column.read(row, text)? {
        return out.write_all(b"null");
    }
    match column.kind {
        Kind::Boolean => out.write_all(text.as_bytes()),
        Kind::Number if text.ends_with(|last: char| last.is_ascii_digit()) => out.write_all(text.as_bytes()),
        Kind::Number => out.write_all(b"null"),
        Kind::Text => string(out, text),
    }
}

fn string(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(b"\"")?;
    for part in text.split_inclusive(|c: char| c == '"' || c == '\\' || c < ' ') {
        let mut chars = part.chars();
        match chars.next_back() {
            Some(last @ ('"' | '\\')) => write!(out, "{}\\{last}", chars.as_str())?,
            Some('\n') => write!(out, "{}\\n", chars.as_str())?,
            Some(last) if last < ' ' => write!(out, "{}\\u{:04x}", chars.as_str(), u32::from(last))?,
            _ => out.write_all(part.as_bytes())?,
        }
    }
    out.write_all(b"\"")
}

#[cfg(test)]
mod tests {
    use crate::encode::{Format, fixture};

    #[test]
    fn one_object_holds_columns_and_rows() {
        let expected = "{\"columns\":[{\"name\":\"rep_id\",\"type\":\"TEXT\"},{\"name\":\"wins\",\"type\":\"BIGINT\"},\
            {\"name\":\"rate\",\"type\":\"DOUBLE\"},{\"name\":\"full\",\"type\":\"BOOLEAN\"},{\"name\":\"on\",\"type\":\"DATE\"},\
            {\"name\":\"at\",\"type\":\"TIMESTAMP\"},{\"name\":\"amount\",\"type\":\"DECIMAL(18,2)\"}],\"rows\":[\n\
            [\"李雷\",3,0.25,true,\"2024-10-04\",\"1970-01-01T00:00:00Z\",\"1054.00\"],\n\
            [\"a,\\\"b\\\"\\n\",-12,null,false,null,\"1970-01-01T00:00:01.500Z\",\"-0.05\"],\n\
            [\"\",0,null,null,null,null,null],\n\
            [null,null,2.0,null,null,null,\"0.00\"]]}\n";
        assert_eq!(fixture::text(Format::Json), expected);
    }

    #[test]
    fn one_line_is_one_object() {
        let text = fixture::text(Format::NdJson);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        let third = "{\"rep_id\":\"\",\"wins\":0,\"rate\":null,\"full\":null,\"on\":null,\"at\":null,\"amount\":null}";
        assert_eq!(lines[2], third);
    }

    #[test]
    fn control_characters_are_escaped() {
        let mut out = Vec::new();
        super::string(&mut out, "a\u{1}\t\\中").expect("written");
        assert_eq!(String::from_utf8(out).expect("UTF-8"), "\"a\\u0001\\u0009\\\\中\"");
    }
}
