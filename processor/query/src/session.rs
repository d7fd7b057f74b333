//! The session from which every query's own is made: catalogue, functions, settings.

use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
    SchemaProvider, TableProvider,
};
use datafusion::datasource::ViewTable;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use paceline_schemas::tables;

use crate::delta_table::PublishedTable;
use crate::error::QueryError;
use crate::functions;
use crate::gate::{DIALECT, name_subqueries};
use crate::limits::Limits;
use crate::views;

const CATALOGUE: &str = "paceline";
const DEFAULT_SCHEMA: &str = "public";
const STORED_SCHEMA: &str = "stored";

/// Builds the session with all tables and views of the contract.
///
/// # Errors
/// A view cannot be planned.
pub(crate) async fn build(limits: &Limits, runtime: Arc<RuntimeEnv>) -> Result<SessionState, QueryError> {
    let public = Arc::new(MemorySchemaProvider::new());
    let stored = Arc::new(MemorySchemaProvider::new());
    for table in tables::stored() {
        let provider: Arc<dyn TableProvider> = Arc::new(PublishedTable::new(table));
        stored.register_table(table.name.to_owned(), Arc::clone(&provider))?;
        if !views::all().iter().any(|view| view.name == table.name) {
            public.register_table(table.name.to_owned(), provider)?;
        }
    }
    let catalogue = MemoryCatalogProvider::new();
    catalogue.register_schema(DEFAULT_SCHEMA, Arc::clone(&public) as Arc<dyn SchemaProvider>)?;
    catalogue.register_schema(STORED_SCHEMA, stored)?;
    let list = MemoryCatalogProviderList::new();
    list.register_catalog(CATALOGUE.to_owned(), Arc::new(catalogue));
    let state = SessionStateBuilder::new()
        .with_config(settings(limits))
        .with_runtime_env(runtime)
        .with_catalog_list(Arc::new(list))
        .with_expr_planners(functions::planners())
        .with_scalar_functions(functions::scalar())
        .with_aggregate_functions(functions::aggregate())
        .with_window_functions(functions::window())
        .build();
    for view in views::all() {
        let mut statement = state.sql_to_statement(view.sql, &DIALECT)?;
        name_subqueries(&mut statement);
        let plan = state.statement_to_plan(statement).await?;
        let provider = ViewTable::new(plan, Some(view.sql.to_owned()));
        public.register_table(view.name.to_owned(), Arc::new(provider))?;
    }
    Ok(state)
}

fn settings(limits: &Limits) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOGUE, DEFAULT_SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true)
        .with_target_partitions(limits.threads().min(8));
    let options = config.options_mut();
    options.sql_parser.dialect = DIALECT;
    options.execution.enable_recursive_ctes = false;
    options.execution.parquet.pushdown_filters = false;
    config
}
