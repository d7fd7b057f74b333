//! The one path of a query: gate, plan, pin, turn, run, with a deadline over all of it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc as blocking;
use std::task::{Context, Poll};

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::physical_plan::execute_stream;
use futures::{Stream, StreamExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::QueryError;
use crate::limits::Limits;
use crate::runtime::{self, Threads};
use crate::sqlstate::SqlState;
use crate::table_set::{Pinned, TableSource};
use crate::{gate, session};

/// Batches that wait for a slow reader.
const BATCHES_WAITING: usize = 4;

/// Answers SQL over the tables of one source.
#[derive(Debug)]
pub struct Engine {
    inner: Arc<Inner>,
    threads: Threads,
}

#[derive(Debug)]
struct Inner {
    source: Arc<dyn TableSource>,
    limits: Limits,
    template: SessionState,
    turns: Semaphore,
}

/// What a query sends to its reader: first the schema, then batches.
enum Part {
    Schema(SchemaRef),
    Batch(RecordBatch),
}

type Parts = mpsc::Sender<Result<Part, QueryError>>;

impl Engine {
    /// Starts the threads and plans the views.
    ///
    /// # Errors
    /// The system gives no threads or no folder to spill to.
    pub fn open(source: Arc<dyn TableSource>, limits: Limits) -> Result<Self, QueryError> {
        let threads = Threads::start(&limits)?;
        let shared = runtime::shared(&limits, source.store())?;
        let template = on(&threads, {
            let limits = limits.clone();
            async move { session::build(&limits, shared).await }
        })?;
        let turns = Semaphore::new(limits.queries_max);
        Ok(Self {
            inner: Arc::new(Inner {
                source,
                limits,
                template,
                turns,
            }),
            threads,
        })
    }

    /// Runs one statement. The rows end with an error, or they are all there.
    ///
    /// # Errors
    /// The statement is refused, or fails before its first batch.
    pub async fn execute(&self, sql: &str) -> Result<(SchemaRef, Rows), QueryError> {
        let deadline = Instant::now() + self.inner.limits.timeout;
        let (sender, mut parts) = mpsc::channel(BATCHES_WAITING);
        let run = self
            .threads
            .handle()
            .spawn(run(Arc::clone(&self.inner), sql.to_owned(), sender.clone()));
        let query = run.abort_handle();
        self.threads.handle().spawn(supervise(run, deadline, sender));
        match parts.recv().await {
            Some(Ok(Part::Schema(schema))) => Ok((schema, Rows { parts, query })),
            Some(Err(error)) => Err(error),
            Some(Ok(Part::Batch(_))) | None => Err(vanished()),
        }
    }

    /// Runs one statement and waits for all rows. The calling thread blocks.
    ///
    /// # Errors
    /// The statement is refused, or fails.
    pub fn query_all(&self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>), QueryError> {
        let deadline = Instant::now() + self.inner.limits.timeout;
        let (sender, mut parts) = mpsc::channel(BATCHES_WAITING);
        let run = self
            .threads
            .handle()
            .spawn(run(Arc::clone(&self.inner), sql.to_owned(), sender.clone()));
        self.threads.handle().spawn(supervise(run, deadline, sender));
        on(&self.threads, async move {
            let mut schema = None;
            let mut batches = Vec::new();
            while let Some(part) = parts.recv().await {
                match part? {
                    Part::Schema(found) => schema = Some(found),
                    Part::Batch(batch) => batches.push(batch),
                }
            }
            schema.map(|schema| (schema, batches)).ok_or_else(vanished)
        })
    }
}

/// Waits on the calling thread for what runs on the query threads; unlike `block_on` also within asynchronous code.
fn on<T: Send + 'static>(
    threads: &Threads,
    work: impl Future<Output = Result<T, QueryError>> + Send + 'static,
) -> Result<T, QueryError> {
    let (sender, receiver) = blocking::sync_channel(1);
    threads.handle().spawn(async move {
        let done = work.await;
        // Nobody waits if the caller is gone.
        sender.send(done).ok();
    });
    receiver.recv().unwrap_or_else(|_| Err(vanished()))
}

fn vanished() -> QueryError {
    QueryError::new(SqlState::Internal, "the query ended without an answer")
}

async fn run(inner: Arc<Inner>, sql: String, parts: Parts) {
    if let Err(error) = answer(&inner, &sql, &parts).await {
        // Nobody reads if the receiver is gone.
        parts.send(Err(error)).await.ok();
    }
}

async fn answer(inner: &Inner, sql: &str, parts: &Parts) -> Result<(), QueryError> {
    let limits = &inner.limits;
    gate::check_text(sql, limits)?;
    let statement = gate::parse(&inner.template, sql)?;
    let turn = timeout(limits.admission_wait, inner.turns.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        return Err(
            QueryError::new(SqlState::Busy, format!("{} queries are running", limits.queries_max))
                .hint("try again in a moment"),
        );
    };
    let state = inner.session().await?;
    let plan = state.statement_to_plan(statement).await?;
    gate::check_plan(&plan, limits)?;
    let physical = state.create_physical_plan(&plan).await?;
    let mut batches = execute_stream(physical, state.task_ctx())?;
    if parts.send(Ok(Part::Schema(batches.schema()))).await.is_err() {
        return Ok(());
    }
    let mut bound = Bound::default();
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        bound.add(&batch, limits)?;
        if batch.num_rows() > 0 && parts.send(Ok(Part::Batch(batch))).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

impl Inner {
    /// A session for one query: the newest set of tables, a memory pool, and one instant for `now()`.
    async fn session(&self) -> Result<SessionState, QueryError> {
        let set = self.source.pin().await?;
        let runtime = runtime::of_query(&self.limits, self.template.runtime_env())?;
        let mut state = SessionStateBuilder::new_from_existing(self.template.clone())
            .with_runtime_env(runtime)
            .build();
        state.config_mut().set_extension(Arc::new(Pinned {
            set,
            source: Arc::clone(&self.source),
        }));
        state.mark_start_execution();
        Ok(state)
    }
}

/// Ends a query at its deadline, and tells its reader when it panicked.
async fn supervise(mut run: JoinHandle<()>, deadline: Instant, parts: Parts) {
    let error = match timeout_at(deadline, &mut run).await {
        Ok(Ok(())) => return,
        Ok(Err(ended)) if ended.is_cancelled() => QueryError::new(SqlState::Cancelled, "the query was cancelled"),
        Ok(Err(panicked)) => {
            tracing::error!(%panicked, "a query panicked");
            QueryError::new(
                SqlState::Internal,
                "the query failed inside the engine; the log has the details",
            )
        }
        Err(_) => {
            run.abort();
            QueryError::new(SqlState::Cancelled, "the query is past its deadline").hint("narrow it by dates or reps")
        }
    };
    // Nobody reads if the receiver is gone.
    parts.send(Err(error)).await.ok();
}

/// Rows and bytes of an answer so far.
#[derive(Debug, Default)]
struct Bound {
    rows: usize,
    bytes: usize,
}

impl Bound {
    fn add(&mut self, batch: &RecordBatch, limits: &Limits) -> Result<(), QueryError> {
        self.rows += batch.num_rows();
        self.bytes += batch
            .columns()
            .iter()
            .map(|column| size_of_slice(column))
            .sum::<usize>();
        let over = |what: &str, max: usize| {
            let message = format!("the answer has more than {max} {what}");
            Err(QueryError::new(SqlState::LimitExceeded, message).hint("add LIMIT, or sum before reading"))
        };
        if self.rows > limits.rows_max {
            return over("rows", limits.rows_max);
        }
        if self.bytes > limits.bytes_max {
            return over("bytes", limits.bytes_max);
        }
        Ok(())
    }
}

/// Batches may be slices of one large buffer, which would be counted for each of them.
fn size_of_slice(column: &dyn Array) -> usize {
    column
        .to_data()
        .get_slice_memory_size()
        .unwrap_or_else(|_| column.get_array_memory_size())
}

/// The rows of an answer. Dropped early, the query ends.
#[derive(Debug)]
pub struct Rows {
    parts: mpsc::Receiver<Result<Part, QueryError>>,
    query: AbortHandle,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Part")
    }
}

impl Stream for Rows {
    type Item = Result<RecordBatch, QueryError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.parts.poll_recv(context).map(|part| match part? {
            Ok(Part::Batch(batch)) => Some(Ok(batch)),
            Ok(Part::Schema(_)) => Some(Err(vanished())),
            Err(error) => Some(Err(error)),
        })
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.query.abort();
    }
}
