//! Data files read back: whole, verified, batch by batch.

use arrow::array::RecordBatch;
use bytes::Bytes;
use paceline_schemas::tables::Table;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::file_schema;
use crate::error::Error;
use crate::manifest::Digest;
use crate::stats::FileStats;
use crate::store::Store;

/// The verified bytes of a data file.
#[derive(Debug, Clone)]
pub struct Contents {
    path: String,
    bytes: Bytes,
}

impl Contents {
    /// Reads the file and compares length and digest before anything parses it.
    ///
    /// # Errors
    /// It is missing or differs from its record.
    pub async fn read(store: &Store, path: &str, len: u64, blake3: Digest) -> Result<Self, Error> {
        let bytes = store.need(path).await?;
        let damaged = |detail: String| {
            Err(Error::Damaged {
                path: path.to_owned(),
                detail,
            })
        };
        if bytes.len() as u64 != len {
            return damaged(format!("it has {} bytes, its record says {len}", bytes.len()));
        }
        let found = Digest::of(&bytes);
        if found != blake3 {
            return damaged(format!("its BLAKE3 is {found}, its record says {blake3}"));
        }
        Ok(Self {
            path: path.to_owned(),
            bytes,
        })
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The statistics of the footer, after its row count was compared.
    ///
    /// # Errors
    /// The footer does not parse, or has another row count.
    pub fn stats(&self, table: &Table, rows: u64) -> Result<FileStats, Error> {
        let stats = FileStats::of_footer(table, read_footer(&self.path, &self.bytes)?.as_ref());
        if stats.rows == rows {
            return Ok(stats);
        }
        let detail = format!("its footer has {} rows, its record says {rows}", stats.rows);
        Err(Error::Damaged {
            path: self.path.clone(),
            detail,
        })
    }

    /// The rows, in the order of the file.
    ///
    /// # Errors
    /// They do not parse or do not fit the contract.
    pub fn rows(
        &self,
        table: &'static Table,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, Error>> + use<>, Error> {
        read_rows(table, &self.path, self.bytes.clone())
    }
}

/// Reads the footer of a file.
///
/// # Errors
/// It does not parse.
pub fn read_footer(path: &str, bytes: &Bytes) -> Result<std::sync::Arc<ParquetMetaData>, Error> {
    let metadata = ArrowReaderMetadata::load(bytes, ArrowReaderOptions::new()).map_err(Error::parquet(path))?;
    Ok(std::sync::Arc::clone(metadata.metadata()))
}

/// Bytes read from the end of a file at first; larger footers take a second read.
const TAIL_BYTES: u64 = 64 << 10;

/// Reads no more of a file of `len` bytes than its footer, and tells its rows.
///
/// # Errors
/// The footer is missing or does not parse.
pub async fn footer_rows(store: &Store, path: &str, len: u64) -> Result<u64, Error> {
    let mut wanted = TAIL_BYTES;
    loop {
        let tail = store.tail(path, wanted.min(len), len).await?;
        let mut reader = ParquetMetaDataReader::new();
        match reader.try_parse_sized(&tail, len) {
            Ok(()) => {
                let footer = reader.finish().map_err(Error::parquet(path))?;
                return Ok(u64::try_from(footer.file_metadata().num_rows()).unwrap_or(0));
            }
            Err(ParquetError::NeedMoreData(needed)) if needed as u64 > wanted && wanted < len => wanted = needed as u64,
            Err(error) => return Err(Error::parquet(path)(error)),
        }
    }
}

/// The value that the footer has under `key`.
pub fn footer_value<'a>(footer: &'a ParquetMetaData, key: &str) -> Option<&'a str> {
    let pairs = footer.file_metadata().key_value_metadata()?;
    pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
}

/// Reads the rows of a file with the types of the contract.
///
/// # Errors
/// The file does not parse; each batch may fail on its own.
pub fn read_rows(
    table: &'static Table,
    path: &str,
    bytes: Bytes,
) -> Result<impl Iterator<Item = Result<RecordBatch, Error>> + use<>, Error> {
    let schema = file_schema(table);
    let options = ArrowReaderOptions::new().with_schema(std::sync::Arc::clone(&schema));
    let builder =
        ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options).map_err(Error::parquet(path))?;
    let reader = builder.with_batch_size(8_192).build().map_err(Error::parquet(path))?;
    Ok(reader.map(move |rows| rows.map_err(Error::arrow(table.name))))
}
