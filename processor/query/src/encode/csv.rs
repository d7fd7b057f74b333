//! RFC 4180. NULL and an empty text stay apart: nothing, and two quotes.

use std::io::{self, Write};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;

use super::cell;

#[derive(Debug)]
pub(super) struct Encoder<W> {
    out: W,
}

impl<W: Write> Encoder<W> {
    pub(super) fn new(mut out: W, schema: &SchemaRef) -> io::Result<Self> {
        for (index, field) in schema.fields().iter().enumerate() {
            separate(&mut out, index)?;
            put(&mut out, field.name())?;
        }
        out.write_all(b"\r\n")?;
        Ok(Self { out })
    }

    pub(super) fn write(&mut self, rows: &RecordBatch) -> io::Result<()> {
        let columns = cell::columns(rows)?;
        let mut text = String::new();
        for row in 0..rows.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                separate(&mut self.out, index)?;
                if column.read(row, &mut text)? {
                    put(&mut self.out, &text)?;
                }
            }
            self.out.write_all(b"\r\n")?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

fn separate(out: &mut impl Write, index: usize) -> io::Result<()> {
    if index > 0 { out.write_all(b",") } else { Ok(()) }
}

fn put(out: &mut impl Write, text: &str) -> io::Result<()> {
    let needs_quotes = text.is_empty() || text.contains(['"', ',', '\r', '\n']) || text.trim() != text;
    if !needs_quotes {
        return out.write_all(text.as_bytes());
    }
    write!(out, "\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use crate::encode::{Format, fixture};

    #[test]
    fn null_is_empty_and_an_empty_text_has_quotes() {
        let expected = "rep_id,wins,rate,full,on,at,amount\r\n\
            李雷,3,0.25,true,2024-10-04,1970-01-01T00:00:00Z,1054.00\r\n\
            \"a,\"\"b\"\"\n\",-12,NaN,false,,1970-01-01T00:00:01.500Z,-0.05\r\n\
            \"\",0,,,,,\r\n\
            ,,2.0,,,,0.00\r\n";
        assert_eq!(fixture::text(Format::Csv), expected);
    }
}
