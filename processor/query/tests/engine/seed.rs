//! Tables in a temporary folder, written row by row by the tests.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use paceline_query::{Engine, Limits, QueryError, TableSource};
use paceline_schemas::tables::{self, ColumnType, Table};
use paceline_schemas::time::{Day, Instant};
use paceline_snapshots::parquet::{FileWriter, file_schema};
use paceline_snapshots::published::{self, DataFile, TableFiles};
use paceline_snapshots::{PublishedSet, Store};
use tempfile::TempDir;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Int(i64),
    Double(f64),
    Bool(bool),
    On(Day),
    At(Instant),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<Day> for Value {
    fn from(day: Day) -> Self {
        Self::On(day)
    }
}

impl From<Instant> for Value {
    fn from(instant: Instant) -> Self {
        Self::At(instant)
    }
}

/// What is not named is NULL where that may be, else 0, false or empty.
pub(crate) type Row = BTreeMap<&'static str, Value>;

macro_rules! row {
    ($($name:ident: $value:expr),* $(,)?) => {
        $crate::seed::Row::from([$((stringify!($name), $crate::seed::Value::from($value))),*])
    };
}
pub(crate) use row;

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).expect("a date")
}

pub(crate) fn at(text: &str) -> Instant {
    Instant::parse(text).expect("an instant")
}

/// Tables under construction, and the source of the set that they make up.
#[derive(Debug)]
pub(crate) struct Floor {
    folder: TempDir,
    store: Store,
    set: Mutex<PublishedSet>,
}

impl Floor {
    pub(crate) fn new() -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::local(folder.path(), true).expect("a store");
        let set = PublishedSet {
            set_id: 1,
            published_at: None,
            tables: BTreeMap::new(),
            unavailable: BTreeMap::new(),
            units: BTreeMap::new(),
        };
        Arc::new(Self {
            folder,
            store,
            set: Mutex::new(set),
        })
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Writes one more file of the stored table, in the partition that the first row names.
    pub(crate) fn write(&self, name: &str, rows: &[Row]) {
        let table = tables::stored_table(name).expect("a stored table");
        let mut set = self.set.lock().expect("unpoisoned");
        let empty = || {
            Arc::new(TableFiles {
                version: 0,
                files: Vec::new(),
                seq: BTreeMap::new(),
            })
        };
        let files = Arc::make_mut(set.tables.entry(name.to_owned()).or_insert_with(empty));
        let partition = table.partition.and_then(|column| match rows.first()?.get(column)? {
            Value::Text(value) => Some((column.to_owned(), value.clone())),
            _ => None,
        });
        let number = files.files.len();
        let path = match &partition {
            Some((column, value)) => format!("tables/{name}/{column}={value}/{number}.parquet"),
            None => format!("tables/{name}/{number}.parquet"),
        };
        files.files.push(self.write_file(table, path, partition, rows));
        files.version += 1;
    }

    fn write_file(
        &self,
        table: &'static Table,
        path: String,
        partition: Option<(String, String)>,
        rows: &[Row],
    ) -> DataFile {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let mut writer = FileWriter::begin(&self.store, table, path, Vec::new()).expect("begun");
            writer.write(&batch(table, rows)).await.expect("written");
            let written = writer.finish().await.expect("finished");
            DataFile {
                path: written.path,
                size: written.len,
                partition_values: partition.into_iter().collect(),
                stats: Some(written.stats),
                blake3: written.blake3,
            }
        })
    }

    /// Changes the files of a table behind the back of the store.
    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut Vec<DataFile>)) {
        let mut set = self.set.lock().expect("unpoisoned");
        let files = set.tables.get_mut(name).expect("a table with files");
        change(&mut Arc::make_mut(files).files);
    }

    pub(crate) fn refuse(&self, name: &str, reason: &str) {
        self.set
            .lock()
            .expect("unpoisoned")
            .unavailable
            .insert(name.to_owned(), reason.to_owned());
    }

    pub(crate) fn engine(self: &Arc<Self>) -> Engine {
        self.engine_with(Limits::default())
    }

    pub(crate) fn engine_with(self: &Arc<Self>, limits: Limits) -> Engine {
        let source: Arc<dyn TableSource> = Arc::<Self>::clone(self);
        Engine::open(source, limits).expect("an engine")
    }
}

#[async_trait]
impl TableSource for Floor {
    fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::new(LocalFileSystem::new_with_prefix(self.folder.path()).expect("a folder"))
    }

    async fn pin(&self) -> Result<Arc<PublishedSet>, QueryError> {
        Ok(Arc::new(self.set.lock().expect("unpoisoned").clone()))
    }

    async fn verify(&self, file: &DataFile) -> Result<(), QueryError> {
        let state = paceline_query::SqlState::NotReady;
        published::verify(&self.store, file)
            .await
            .map_err(|error| QueryError::new(state, error.to_string()))
    }
}

pub(crate) fn batch(table: &Table, rows: &[Row]) -> RecordBatch {
    for name in rows.iter().flat_map(BTreeMap::keys) {
        assert!(table.column(name).is_some(), "{}.{name}", table.name);
    }
    let inside = table
        .columns
        .iter()
        .filter(|column| Some(column.name) != table.partition);
    let columns = inside.map(|column| {
        let values = rows.iter().map(|row| row.get(column.name));
        array(column.kind, column.nullable, values)
    });
    RecordBatch::try_new(file_schema(table), columns.collect()).expect("rows of the contract")
}

fn array<'a>(kind: ColumnType, nullable: bool, values: impl Iterator<Item = Option<&'a Value>>) -> ArrayRef {
    macro_rules! collect {
        ($array:ty, $pattern:pat => $value:expr, $default:expr) => {
            values
                .map(|value| match value {
                    Some($pattern) => Some($value),
                    Some(other) => panic!("{other:?} is no {kind:?}"),
                    None if nullable => None,
                    None => Some($default),
                })
                .collect::<$array>()
        };
    }
    match kind {
        ColumnType::Text => Arc::new(collect!(StringArray, Value::Text(text) => text.as_str(), "")),
        ColumnType::BigInt => Arc::new(collect!(Int64Array, Value::Int(number) => *number, 0)),
        ColumnType::Boolean => Arc::new(collect!(BooleanArray, Value::Bool(flag) => *flag, false)),
        ColumnType::Date => Arc::new(collect!(Date32Array, Value::On(day) => day.0, 0)),
        ColumnType::Timestamp => {
            Arc::new(collect!(TimestampMicrosecondArray, Value::At(instant) => instant.0, 0).with_timezone("UTC"))
        }
        ColumnType::Double => Arc::new(collect!(Float64Array, Value::Double(number) => *number, 0.0)),
        ColumnType::Money => panic!("no stored column has the type {kind:?}"),
    }
}

/// The rows of an answer as text, NULL as `NULL`.
pub(crate) fn texts(engine: &Engine, sql: &str) -> Result<Vec<Vec<String>>, QueryError> {
    let (_, batches) = engine.query_all(sql)?;
    let options = FormatOptions::default().with_null("NULL");
    let mut rows = Vec::new();
    for batch in &batches {
        let columns = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).expect("a formatter"));
        let columns: Vec<_> = columns.collect();
        rows.extend(
            (0..batch.num_rows()).map(|row| columns.iter().map(|column| column.value(row).to_string()).collect()),
        );
    }
    Ok(rows)
}

/// The rows of an answer, columns joined by spaces.
pub(crate) fn lines(engine: &Engine, sql: &str) -> Vec<String> {
    let rows = texts(engine, sql).unwrap_or_else(|error| panic!("{sql}: {} {error}", error.state.code()));
    rows.into_iter().map(|row| row.join(" ")).collect()
}

/// The code with which a statement is refused, or `ok`.
pub(crate) fn code(engine: &Engine, sql: &str) -> &'static str {
    engine.query_all(sql).map_or_else(|error| error.state.code(), |_| "ok")
}
