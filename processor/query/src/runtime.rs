//! Threads, memory and disk of queries.

use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use object_store::ObjectStore;
use tokio::runtime::{Builder, Handle, Runtime};
use url::Url;

use crate::delta_table::STORE;
use crate::error::QueryError;
use crate::limits::Limits;
use crate::sqlstate::SqlState;

/// Planning, running and dropping a deep plan recurse. The memory is virtual until it is used.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Threads that block on files, at most.
const BLOCKING_THREADS_MAX: usize = 32;

/// Consumers of memory that an error may name.
const CONSUMERS_NAMED: NonZeroUsize = NonZeroUsize::MIN;

/// The threads of all queries.
#[derive(Debug)]
pub(crate) struct Threads {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Threads {
    /// Starts them. There are at least two, so that one can end a query that keeps the other busy.
    ///
    /// # Errors
    /// The system gives no threads.
    pub(crate) fn start(limits: &Limits) -> Result<Self, QueryError> {
        let built = Builder::new_multi_thread()
            .worker_threads(limits.threads().max(2))
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .thread_stack_size(STACK_BYTES)
            .thread_name("query")
            .enable_all()
            .build();
        let runtime =
            built.map_err(|error| QueryError::new(SqlState::NotReady, format!("start query threads: {error}")))?;
        let handle = runtime.handle().clone();
        Ok(Self {
            runtime: Some(runtime),
            handle,
        })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Waiting for them here would panic where the engine is dropped by asynchronous code.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What all queries share: the store, caches of footers, the quota of disk.
///
/// # Errors
/// The folder for spilling cannot be made.
pub(crate) fn shared(limits: &Limits, store: Arc<dyn ObjectStore>) -> Result<Arc<RuntimeEnv>, QueryError> {
    let disk = DiskManagerBuilder::default()
        .with_mode(DiskManagerMode::OsTmpDirectory)
        .with_max_temp_directory_size(limits.spill_bytes);
    // The list of files comes from the pinned set: nothing is listed, so nothing may be cached as listed.
    let built = RuntimeEnvBuilder::new()
        .with_disk_manager_builder(disk)
        .with_object_list_cache_limit(0)
        .with_object_store_registry(Arc::new(OneStore(store)))
        .build_arc();
    Ok(built?)
}

/// The same with a memory pool for one query.
///
/// # Errors
/// The engine refuses the settings.
pub(crate) fn of_query(limits: &Limits, shared: &RuntimeEnv) -> Result<Arc<RuntimeEnv>, QueryError> {
    let pool = TrackConsumersPool::new(FairSpillPool::new(limits.memory_bytes), CONSUMERS_NAMED);
    Ok(RuntimeEnvBuilder::from_runtime_env(shared)
        .with_memory_pool(Arc::new(pool))
        .build_arc()?)
}

/// A registry that knows the store of the tables and takes no other.
#[derive(Debug)]
struct OneStore(Arc<dyn ObjectStore>);

impl ObjectStoreRegistry for OneStore {
    fn register_store(&self, _url: &Url, _store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> EngineResult<Arc<dyn ObjectStore>> {
        if url.as_str().trim_end_matches('/') == STORE.trim_end_matches('/') {
            return Ok(Arc::clone(&self.0));
        }
        let refused = QueryError::new(SqlState::NotPermitted, "only the published tables are read");
        Err(DataFusionError::from(refused))
    }
}
