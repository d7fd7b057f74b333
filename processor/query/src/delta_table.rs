//! A published table as the engine sees it: a name whose files are looked up when a scan is planned.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::common::stats::Precision;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::scalar::ScalarValue;
use paceline_schemas::tables::Table;
use paceline_snapshots::published::DataFile;

use crate::error::QueryError;
use crate::prune::prune;
use crate::sqlstate::SqlState;
use crate::table_set::Pinned;

/// The address under which the one store is registered.
pub(crate) const STORE: &str = "paceline://data/";

/// Bytes at the end of a file that are read at first; most footers lie within.
const FOOTER_BYTES: usize = 64 * 1024;

/// A stored table of the contract. It holds no files, so that a plan that is kept reads the set of the query that runs it.
#[derive(Debug)]
pub(crate) struct PublishedTable {
    table: &'static Table,
    schema: SchemaRef,
}

impl PublishedTable {
    pub(crate) fn new(table: &'static Table) -> Self {
        // Comments stay on the fields; of a whole table they would clash where tables are joined.
        let schema = Schema::new(table.arrow_schema().fields().clone());
        Self {
            table,
            schema: Arc::new(schema),
        }
    }

    fn table_schema(&self) -> TableSchema {
        let is_partition = |field: &&FieldRef| Some(field.name().as_str()) == self.table.partition;
        let (partition, inside): (Vec<&FieldRef>, Vec<&FieldRef>) = self.schema.fields().iter().partition(is_partition);
        let inside = Schema::new(inside.into_iter().cloned().collect::<Vec<_>>());
        let partition: Vec<FieldRef> = partition.into_iter().cloned().collect();
        TableSchema::builder(Arc::new(inside))
            .with_table_partition_cols(partition)
            .build()
    }

    fn empty(&self, projection: Option<&Vec<usize>>) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        Ok(Arc::new(EmptyExec::new(schema)))
    }
}

#[async_trait]
impl TableProvider for PublishedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(pinned) = state.config().get_extension::<Pinned>() else {
            return Err(QueryError::new(SqlState::NotReady, "no set of tables is pinned").into());
        };
        if let Some(reason) = pinned.set.unavailable.get(self.table.name) {
            let message = format!("table `{}` cannot be read: {reason}", self.table.name);
            return Err(QueryError::new(SqlState::NotReady, message).into());
        }
        let files = pinned
            .set
            .tables
            .get(self.table.name)
            .map_or(&[][..], |version| &version.files);
        let files = prune(state, self.table, &self.schema, files, filters)?;
        if files.is_empty() {
            return self.empty(projection);
        }
        for file in &files {
            pinned.source.verify(file).await?;
        }
        let url = ObjectStoreUrl::parse(STORE)?;
        let runtime = state.runtime_env();
        let cache = runtime.cache_manager.get_file_metadata_cache();
        let readers = CachedParquetFileReaderFactory::new(runtime.object_store(&url)?, cache);
        let source = ParquetSource::new(self.table_schema())
            .with_table_parquet_options(state.table_options().parquet.clone())
            .with_metadata_size_hint(FOOTER_BYTES)
            .with_parquet_file_reader_factory(Arc::new(readers));
        let statistics = self.statistics_of(&files);
        let groups = FileGroup::new(files.into_iter().map(|file| self.partitioned(file)).collect());
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups.split_files(state.config().target_partitions()))
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

impl PublishedTable {
    fn partitioned(&self, file: &DataFile) -> PartitionedFile {
        let value = self
            .table
            .partition
            .map(|column| ScalarValue::Utf8(file.partition_values.get(column).cloned()));
        PartitionedFile::new(file.path.clone(), file.size).with_partition_values(value.into_iter().collect())
    }

    /// Sizes for the order of joins. Inexact, so that no answer comes from them.
    fn statistics_of(&self, files: &[&DataFile]) -> Statistics {
        let rows: Option<u64> = files
            .iter()
            .map(|file| file.stats.as_ref().map(|stats| stats.rows))
            .sum();
        let bytes: u64 = files.iter().map(|file| file.size).sum();
        let inexact = |count: u64| usize::try_from(count).map_or(Precision::Absent, Precision::Inexact);
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = rows.map_or(Precision::Absent, inexact);
        statistics.total_byte_size = inexact(bytes);
        statistics
    }
}
