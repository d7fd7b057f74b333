//! One Parquet file.

use std::io::{self, Write};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;

#[derive(Debug)]
pub(super) struct Encoder<W: Write + Send> {
    writer: ArrowWriter<W>,
}

impl<W: Write + Send> Encoder<W> {
    pub(super) fn new(out: W, schema: &SchemaRef) -> io::Result<Self> {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = ArrowWriter::try_new(out, Arc::clone(schema), Some(properties)).map_err(io::Error::other)?;
        Ok(Self { writer })
    }

    pub(super) fn write(&mut self, rows: &RecordBatch) -> io::Result<()> {
        self.writer.write(rows).map_err(io::Error::other)
    }

    pub(super) fn finish(self) -> io::Result<W> {
        let mut out = self.writer.into_inner().map_err(io::Error::other)?;
        out.flush()?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};

    use crate::encode::{Format, fixture};

    #[test]
    fn the_file_has_all_rows() {
        let rows = fixture::rows();
        let bytes = fixture::encode(Format::Parquet, &rows);
        // The reader takes what it can share; a vector is copied into that once.
        let file = tempfile::tempfile().expect("file");
        std::io::Write::write_all(&mut &file, &bytes).expect("written");
        let reader = SerializedFileReader::new(file).expect("footer");
        assert_eq!(reader.metadata().file_metadata().num_rows(), 4);
    }
}
