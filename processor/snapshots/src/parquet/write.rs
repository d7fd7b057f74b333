//! One data file, written in pieces.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::future::BoxFuture;
use paceline_schemas::tables::Table;
use parquet::arrow::AsyncArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::async_writer::AsyncFileWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::file_schema;
use crate::error::Error;
use crate::manifest::Digest;
use crate::stats::FileStats;
use crate::store::{Store, Upload};

/// Rows of a row group; a reader skips groups by their statistics.
const GROUP_ROWS: usize = 128 * 1024;

/// What the footer says about the origin of the rows, as pairs of key and value.
pub type Footer = Vec<(&'static str, String)>;

/// A finished file.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Path below the data directory.
    pub path: String,
    /// Bytes.
    pub len: u64,
    /// Digest of the bytes.
    pub blake3: Digest,
    /// Rows and bounds.
    pub stats: FileStats,
}

/// A file in progress; it appears when it is finished.
pub struct FileWriter {
    table: &'static Table,
    path: String,
    inner: AsyncArrowWriter<Sink>,
    failed: Arc<Mutex<Option<Error>>>,
}

impl std::fmt::Debug for FileWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileWriter")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl FileWriter {
    /// Begins the file at `path`.
    ///
    /// # Errors
    /// The contract has a type that Parquet cannot hold.
    pub fn begin(store: &Store, table: &'static Table, path: String, footer: Footer) -> Result<Self, Error> {
        let failed = Arc::new(Mutex::new(None));
        let sink = Sink {
            upload: store.upload(&path),
            done: None,
            failed: Arc::clone(&failed),
        };
        let options = ArrowWriterOptions::new()
            .with_properties(properties(table, footer))
            .with_skip_arrow_metadata(true);
        let inner = AsyncArrowWriter::try_new_with_options(sink, file_schema(table), options);
        Ok(Self {
            table,
            inner: inner.map_err(Error::parquet(&path))?,
            path,
            failed,
        })
    }

    /// Writes rows without their partition column, in the order of the file.
    ///
    /// # Errors
    /// The rows do not fit the contract, or the store fails.
    pub async fn write(&mut self, rows: &RecordBatch) -> Result<(), Error> {
        let rows = RecordBatch::try_new(file_schema(self.table), rows.columns().to_vec());
        let rows = rows.map_err(|error| Error::Contract {
            table: self.table.name.to_owned(),
            detail: error.to_string(),
        })?;
        let written = self.inner.write(&rows).await;
        written.map_err(|error| self.explain(error))
    }

    /// Bytes written so far, those held in memory included.
    pub fn size(&self) -> usize {
        self.inner.bytes_written() + self.inner.in_progress_size()
    }

    /// Finishes the file: it is durable when this returns.
    ///
    /// # Errors
    /// The store fails.
    pub async fn finish(mut self) -> Result<Written, Error> {
        let finished = self.inner.finish().await;
        let footer = finished.map_err(|error| self.explain(error))?;
        let stats = FileStats::of_footer(self.table, &footer);
        let Some((len, blake3)) = self.inner.into_inner().done else {
            return Err(Error::Damaged {
                path: self.path,
                detail: "it was not completed".to_owned(),
            });
        };
        Ok(Written {
            path: self.path,
            len,
            blake3,
            stats,
        })
    }

    fn explain(&self, error: ParquetError) -> Error {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        failed.unwrap_or_else(|| Error::parquet(&self.path)(error))
    }
}

fn properties(table: &Table, footer: Footer) -> WriterProperties {
    let schema = file_schema(table);
    let index = |name: &&str| schema.index_of(name).ok().and_then(|index| i32::try_from(index).ok());
    let sorting: Vec<SortingColumn> = table
        .order
        .iter()
        .map_while(index)
        .map(|column_idx| SortingColumn {
            column_idx,
            descending: false,
            nulls_first: true,
        })
        .collect();
    let pairs = footer
        .into_iter()
        .map(|(key, value)| KeyValue::new(key.to_owned(), value))
        .collect();
    WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_created_by("paceline".to_owned())
        .set_sorting_columns((!sorting.is_empty()).then_some(sorting))
        .set_key_value_metadata(Some(pairs))
        .build()
}

/// Hands bytes to the store, and keeps its error, which the Parquet library would turn into text.
struct Sink {
    upload: Upload,
    done: Option<(u64, Digest)>,
    failed: Arc<Mutex<Option<Error>>>,
}

impl Sink {
    fn keep(&self, error: Error) -> ParquetError {
        let shown = ParquetError::General(error.to_string());
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        shown
    }
}

impl AsyncFileWriter for Sink {
    fn write(&mut self, bs: Bytes) -> BoxFuture<'_, parquet::errors::Result<()>> {
        Box::pin(async move { self.upload.write(bs).await.map_err(|error| self.keep(error)) })
    }

    fn complete(&mut self) -> BoxFuture<'_, parquet::errors::Result<()>> {
        Box::pin(async move {
            let done = self.upload.complete().await.map_err(|error| self.keep(error))?;
            self.done = Some(done);
            Ok(())
        })
    }
}
