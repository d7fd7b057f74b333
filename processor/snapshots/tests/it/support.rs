//! A unit that folds a log of numbered records, a store that fails, and a reader that counts.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path as FsPath, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::Int64Type;
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result,
};
use paceline_schemas::tables::{self, ColumnType, Table};
use paceline_schemas::time::{Day, HOUR_US, Instant};
use paceline_snapshots::durable::DurableStore;
use paceline_snapshots::manifest::Books;
use paceline_snapshots::parquet::read_rows;
use paceline_snapshots::protocol::commit::{FoldConfig, Identity};
use paceline_snapshots::store::Retry;
use paceline_snapshots::{
    CheckpointInput, Error, LogBounds, Opened, Owner, PublishedSet, Reader, Store, TableRows, Tables, Unit, Which,
};
use uuid::Uuid;

/// A few tables of the real contract: facts, increments, books, a job, a dimension, the publish log.
pub(crate) static CONTRACT: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let names = [
        "fct_call_event",
        "agg_rep_day",
        "ops_ingest_day",
        "ops_publish_log",
        "snap_rep_window",
        "dim_metric",
    ];
    tables::stored()
        .filter(|table| names.contains(&table.name))
        .cloned()
        .collect()
});

pub(crate) const AT: Instant = Instant(1_795_428_000_000_000);
const FIRST_DAY: Day = Day(20_390);
/// Records of one day.
pub(crate) const PER_DAY: u64 = 4;

pub(crate) fn at(minutes: i64) -> Instant {
    Instant(AT.0 + minutes * 60_000_000)
}

pub(crate) fn contract(name: &str) -> &'static Table {
    CONTRACT
        .iter()
        .find(|table| table.name == name)
        .expect("a table of the test's contract")
}

pub(crate) fn identity(writer: u128) -> Identity {
    Identity {
        deployment: "demo".to_owned(),
        writer: Uuid::from_u128(writer),
        code: "0.1.0".to_owned(),
        logic: 1,
        partitions: 2,
        cluster: "log".to_owned(),
    }
}

pub(crate) fn config() -> FoldConfig {
    FoldConfig {
        config_hash: [("measures".to_owned(), "77ab".to_owned())].into(),
        params: BTreeMap::new(),
    }
}

pub(crate) struct Folder {
    _guard: tempfile::TempDir,
    pub(crate) root: PathBuf,
}

pub(crate) fn folder() -> Folder {
    let guard = tempfile::tempdir().expect("folder");
    // A blank and other alphabets: paths become URLs on the way to the Delta library.
    let root = guard.path().canonicalize().expect("canonical").join("data 资料");
    std::fs::create_dir(&root).expect("folder");
    Folder { _guard: guard, root }
}

pub(crate) fn healthy(root: &FsPath) -> Store {
    Store::local(root, true).expect("store")
}

/// A date that stands for an offset.
pub(crate) fn day(offset: u64) -> Day {
    FIRST_DAY.plus(i32::try_from(offset / PER_DAY).expect("small"))
}

/// Rows of `table`, one per offset; what the columns hold follows from the offset.
pub(crate) fn rows(table: &Table, unit: Unit, offsets: std::ops::Range<u64>) -> RecordBatch {
    let offsets: Vec<u64> = offsets.collect();
    let number = |offset: &u64| i64::try_from(*offset).expect("small");
    let columns: Vec<ArrayRef> = table
        .columns
        .iter()
        .map(|column| -> ArrayRef {
            match (column.kind, column.name) {
                (ColumnType::Text, name) => {
                    Arc::new(StringArray::from_iter_values(offsets.iter().map(|offset| match name {
                        "business_month" | "as_of_month" => day(*offset).month(),
                        "rep_id" => format!("rep-{}", offset % 3),
                        "event_id" => format!("event-{offset}"),
                        _ => name.to_owned(),
                    })))
                }
                (ColumnType::BigInt, name) => {
                    Arc::new(Int64Array::from_iter_values(offsets.iter().map(|offset| match name {
                        "offset" => number(offset),
                        "shard" => i64::from(unit.partition()),
                        "duplicates" | "dead_letters" | "ticks" | "late" => 0,
                        _ => 1,
                    })))
                }
                (ColumnType::Date, _) => Arc::new(Date32Array::from_iter_values(
                    offsets.iter().map(|offset| day(*offset).0),
                )),
                (ColumnType::Timestamp, _) => {
                    let values = offsets.iter().map(|offset| AT.0 + number(offset) * 1_000_003);
                    Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"))
                }
                (ColumnType::Boolean, _) => Arc::new(BooleanArray::from(vec![false; offsets.len()])),
                (kind, name) => panic!("the test makes no {kind:?} for {name}"),
            }
        })
        .collect();
    RecordBatch::try_new(table.arrow_schema(), columns).expect("rows of the contract")
}

pub(crate) fn checkpoint_input(unit: Unit, offsets: std::ops::Range<u64>, with_state: bool) -> CheckpointInput {
    let count = offsets.end - offsets.start;
    let fed = ["fct_call_event", "agg_rep_day", "ops_ingest_day"];
    CheckpointInput {
        rows: fed
            .map(|name| TableRows {
                table: name,
                rows: rows(contract(name), unit, offsets.clone()),
            })
            .into(),
        next: offsets.end,
        watermark: Some(Instant(AT.0 + i64::try_from(offsets.end).expect("small"))),
        last: None,
        books: Books {
            consumed: count,
            applied: count,
            ..Books::default()
        },
        state: with_state.then(|| format!("state of {unit} at {}", offsets.end).into()),
        config: config(),
        accepted_loss: Vec::new(),
    }
}

pub(crate) async fn open(
    store: &Store,
    writer: u128,
    unit: Unit,
) -> std::result::Result<(Tables, Owner, Opened), Error> {
    let mut tables = Tables::open(store, &CONTRACT, Uuid::from_u128(writer), AT).await?;
    let (owner, opened) = claim(&mut tables, writer, unit).await?;
    Ok((tables, owner, opened))
}

pub(crate) async fn claim(
    tables: &mut Tables,
    writer: u128,
    unit: Unit,
) -> std::result::Result<(Owner, Opened), Error> {
    let log = LogBounds { low: 0, next: u64::MAX };
    Owner::open(tables, &CONTRACT, unit, identity(writer), &config(), log, AT).await
}

/// What a reader of the newest set counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// `(shard, offset)` of every fact, sorted.
    pub(crate) facts: Vec<(i64, i64)>,
    /// Sum of one measure of the day rows.
    pub(crate) measured: i64,
    /// Records in the books.
    pub(crate) consumed: i64,
    /// Live files.
    pub(crate) files: usize,
}

pub(crate) async fn read(store: &Store) -> PublishedSet {
    Reader::new(store.clone(), &CONTRACT)
        .load(Which::Latest)
        .await
        .expect("set")
}

pub(crate) async fn batches(store: &Store, set: &PublishedSet, name: &str) -> Vec<RecordBatch> {
    let mut found = Vec::new();
    for file in &set.tables[name].files {
        paceline_snapshots::published::verify(store, file)
            .await
            .expect("verified");
        let bytes = store.need(&file.path).await.expect("bytes");
        let read = read_rows(contract(name), &file.path, bytes).expect("parquet");
        let batches: Vec<RecordBatch> = read.map(|rows| rows.expect("rows")).collect();
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(
            file.stats.as_ref().map(|stats| stats.rows),
            Some(rows as u64),
            "{}",
            file.path
        );
        found.extend(batches);
    }
    found
}

pub(crate) fn numbers(rows: &RecordBatch, column: &str) -> Vec<i64> {
    let column = rows.column_by_name(column).expect("column").as_primitive::<Int64Type>();
    (0..column.len()).map(|row| column.value(row)).collect()
}

pub(crate) async fn count(store: &Store) -> Counted {
    let set = read(store).await;
    assert_eq!(set.unavailable, BTreeMap::new());
    let mut counted = Counted {
        files: set.tables.values().map(|table| table.files.len()).sum(),
        ..Counted::default()
    };
    for rows in batches(store, &set, "fct_call_event").await {
        counted
            .facts
            .extend(numbers(&rows, "shard").into_iter().zip(numbers(&rows, "offset")));
    }
    counted.facts.sort_unstable();
    let measure = contract("agg_rep_day").columns.last().expect("columns").name;
    for rows in batches(store, &set, "agg_rep_day").await {
        counted.measured += numbers(&rows, measure).iter().sum::<i64>();
    }
    for rows in batches(store, &set, "ops_ingest_day").await {
        counted.consumed += numbers(&rows, "consumed").iter().sum::<i64>();
    }
    counted
}

/// What a reader must count once each unit has been folded up to its offset.
pub(crate) fn expected(units: &[(Unit, u64)]) -> Counted {
    let facts = units
        .iter()
        .flat_map(|(unit, next)| (0..*next).map(|offset| (i64::from(unit.partition()), offset.cast_signed())));
    let total: u64 = units.iter().map(|(_, next)| next).sum();
    Counted {
        facts: facts.collect(),
        measured: total.cast_signed(),
        consumed: total.cast_signed(),
        files: 0,
    }
}

/// What goes wrong with one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The process ends before it.
    Before,
    /// The process ends after it.
    After,
    /// It is refused, and the process goes on.
    Refused,
    /// It is done and answered with an error, and the process goes on.
    Unclear,
}

impl Moment {
    pub(crate) fn ends_the_process(self) -> bool {
        matches!(self, Self::Before | Self::After)
    }

    fn prevents_the_write(self) -> bool {
        matches!(self, Self::Before | Self::Refused)
    }
}

/// A store of which one write, the `fatal`-th, goes wrong.
#[derive(Debug)]
pub(crate) struct Crashing {
    inner: DurableStore,
    writes: AtomicU64,
    fatal: u64,
    moment: Moment,
}

pub(crate) fn crashing(root: &FsPath, fatal: u64, moment: Moment) -> (Store, Arc<Crashing>) {
    let crashing = Arc::new(Crashing {
        inner: DurableStore::new(root.to_path_buf()),
        writes: AtomicU64::new(0),
        fatal,
        moment,
    });
    let store = Store::over(Arc::<Crashing>::clone(&crashing), root).expect("store");
    (
        store.with_retry(Retry {
            attempts: 1,
            pause: Duration::ZERO,
        }),
        crashing,
    )
}

impl Crashing {
    pub(crate) fn reached(&self) -> bool {
        self.writes.load(Ordering::SeqCst) >= self.fatal
    }

    fn ended() -> object_store::Error {
        object_store::Error::Generic {
            store: "test",
            source: "the process has ended".into(),
        }
    }

    fn alive(&self) -> Result<()> {
        if self.reached() && self.moment.ends_the_process() {
            Err(Self::ended())
        } else {
            Ok(())
        }
    }

    /// Counts a write; tells whether it is the one that goes wrong.
    fn write(&self) -> Result<bool> {
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let ended = number > self.fatal && self.moment.ends_the_process();
        if ended || (number == self.fatal && self.moment.prevents_the_write()) {
            return Err(Self::ended());
        }
        Ok(number == self.fatal)
    }
}

impl fmt::Display for Crashing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Crashing")
    }
}

#[async_trait]
impl ObjectStore for Crashing {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let last = self.write()?;
        let done = self.inner.put_opts(location, payload, opts).await;
        if last { Err(Self::ended()) } else { done }
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let last = self.write()?;
        let begun = self.inner.put_multipart_opts(location, opts).await;
        if last { Err(Self::ended()) } else { begun }
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.alive()?;
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        match self.write() {
            Ok(false) => self.inner.delete_stream(locations),
            Ok(true) => {
                let ended = futures::stream::once(async { Err(Self::ended()) });
                Box::pin(self.inner.delete_stream(locations).chain(ended))
            }
            Err(error) => Box::pin(futures::stream::once(async move { Err(error) })),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.alive() {
            Ok(()) => self.inner.list(prefix),
            Err(error) => Box::pin(futures::stream::once(async move { Err(error) })),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.alive()?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// An instant later than anything a test writes.
pub(crate) fn much_later() -> Instant {
    Instant(AT.0 + 90 * 24 * HOUR_US)
}
