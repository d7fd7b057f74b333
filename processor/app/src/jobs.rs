//! Jobs: tables computed by SQL from one published set, `as_of` date by `as_of` date, replaced month by month.

mod due;
mod estimates;

use std::collections::BTreeSet;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{Date32Type, Int64Type};
use arrow::record_batch::RecordBatch;
use paceline_query::Engine;
use paceline_schemas::tables::stored_table;
use paceline_schemas::time::Day;

pub use due::Due;

use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::pipeline::{JobDate, Pipeline};
use crate::request::Listener;

pub use estimates::AGG_REP_ESTIMATE;

/// The jobs, each with what it writes.
pub const JOBS: [(&str, &str); 2] = [
    (SNAP_REP_WINDOW, "agg_rep_window of each closed day, as a table"),
    (
        AGG_REP_ESTIMATE,
        "what each rep's results say once the peers have been heard, as of the end of each closed week",
    ),
];

/// The job that materialises `agg_rep_window`.
pub const SNAP_REP_WINDOW: &str = "snap_rep_window";

/// Rows that are computed and held at a time.
const ROWS_AT_A_TIME: i64 = 100_000;
/// Windows of the view, the most rows that a rep and currency can have per date.
const WINDOWS: i64 = 9;

/// Runs the job `name` for one date, or for all that are due. Returns the dates written.
///
/// # Errors
/// There is no such job, the SQL fails, or the rows cannot be published.
pub fn run(
    config: &Config,
    pipeline: &Pipeline,
    name: &str,
    as_of: Option<Day>,
    listener: &mut dyn Listener,
) -> Result<Vec<String>, Failure> {
    match as_of {
        _ if name == AGG_REP_ESTIMATE => estimates::run(config, pipeline, as_of, listener),
        _ if name != SNAP_REP_WINDOW => {
            let names = JOBS.map(|(name, _)| format!("`{name}`")).join(", ");
            Err(Failure::new(
                Exit::Usage,
                format!("there is no job `{name}`; there are {names}"),
            ))
        }
        Some(day) => write_dates(&crate::commands::sql::engine(config)?, pipeline, &[day], listener),
        None => run_due(config, pipeline, listener),
    }
}

/// Runs what is due: every closed date from the earliest changed one on.
///
/// # Errors
/// The SQL fails, or the rows cannot be published.
pub fn run_due(config: &Config, pipeline: &Pipeline, listener: &mut dyn Listener) -> Result<Vec<String>, Failure> {
    if pipeline.due().earliest()?.is_none() {
        return Ok(Vec::new());
    }
    let engine = crate::commands::sql::engine(config)?;
    let Some(closed) = last_closed(&engine)? else {
        return Ok(Vec::new());
    };
    let Some(run) = pipeline.due().begin(closed)? else {
        return Ok(Vec::new());
    };
    // A pin taken before `begin` could lack a change that `begin` has taken off the list.
    let engine = crate::commands::sql::engine(config)?;
    let days: Vec<Day> = (run.first.0..=closed.0).map(Day).collect();
    let written = write_dates(&engine, pipeline, &days, listener)?;
    estimates::run_since(config, pipeline, run.first, listener)?;
    pipeline.due().finish(&run)?;
    Ok(written)
}

fn write_dates(
    engine: &Engine,
    pipeline: &Pipeline,
    days: &[Day],
    listener: &mut dyn Listener,
) -> Result<Vec<String>, Failure> {
    let reps = first_number(engine, "SELECT COUNT(DISTINCT rep_id) FROM stored.agg_rep_day")?.unwrap_or(0);
    let at_a_time = usize::try_from(ROWS_AT_A_TIME / (reps * WINDOWS).max(1))
        .unwrap_or(1)
        .clamp(1, 31);
    let set = pipeline.seal()?.unwrap_or(0);
    let written_months = months(engine)?;
    let mut done = 0;
    for chunk in days
        .chunk_by(|a, b| a.month() == b.month())
        .flat_map(|month| month.chunks(at_a_time))
    {
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else {
            continue;
        };
        let rows = window_rows(engine, *first, *last)?;
        done += chunk.len();
        // Years without an event have nothing to replace; the last date says how far the job has come.
        if rows.num_rows() == 0 && !written_months.contains(&first.month()) && Some(last) != days.last() {
            continue;
        }
        let dates = chunk
            .iter()
            .map(|day| JobDate {
                as_of: *day,
                rows: of_date(&rows, *day),
            })
            .collect();
        pipeline.replace_dates(SNAP_REP_WINDOW, set, dates)?;
        listener.progress(SNAP_REP_WINDOW, done as u64, days.len() as u64);
    }
    Ok(days.iter().map(ToString::to_string).collect())
}

/// The last business date that has ended at every site, by the smallest watermark.
pub(crate) fn last_closed(engine: &Engine) -> Result<Option<Day>, Failure> {
    let sql = "SELECT CAST(MIN(day) AS DATE) FROM (SELECT site_id, MAX(business_date) AS day FROM dim_calendar \
               WHERE ends_at <= (SELECT MIN(watermark) FROM ops_freshness WHERE \"table\" = 'agg_rep_day') GROUP BY site_id)";
    let (_, batches) = ask(engine, sql)?;
    let first = batches.iter().find(|batch| batch.num_rows() > 0);
    Ok(first.and_then(|batch| {
        let column = batch.column(0).as_primitive_opt::<Date32Type>()?;
        column.is_valid(0).then(|| Day(column.value(0)))
    }))
}

/// The months of which the table has rows.
fn months(engine: &Engine) -> Result<BTreeSet<String>, Failure> {
    let sql = "SELECT DISTINCT CAST(DATE_TRUNC('month', as_of) AS DATE) FROM snap_rep_window";
    let (_, batches) = ask(engine, sql)?;
    let firsts = batches
        .iter()
        .filter_map(|batch| batch.column(0).as_primitive_opt::<Date32Type>());
    Ok(firsts
        .flat_map(|column| column.values().iter().map(|day| Day(*day).month()))
        .collect())
}

fn first_number(engine: &Engine, sql: &str) -> Result<Option<i64>, Failure> {
    let (_, batches) = ask(engine, sql)?;
    let first = batches.iter().find(|batch| batch.num_rows() > 0);
    Ok(first.and_then(|batch| {
        batch
            .column(0)
            .as_primitive_opt::<Int64Type>()
            .map(|column| column.value(0))
    }))
}

fn ask(engine: &Engine, sql: &str) -> Result<(arrow::datatypes::SchemaRef, Vec<RecordBatch>), Failure> {
    engine
        .query_all(sql)
        .map_err(|error| crate::commands::sql::refused(&error))
}

/// The view's rows of some dates as rows of the stored table, ordered as its files are.
fn window_rows(engine: &Engine, first: Day, last: Day) -> Result<RecordBatch, Failure> {
    let table = stored_table(SNAP_REP_WINDOW).ok_or_else(|| Failure::new(Exit::OurFault, "no table for the job"))?;
    let names: Vec<String> = table
        .columns
        .iter()
        .filter(|c| Some(c.name) != table.partition)
        .map(|c| format!("\"{}\"", c.name))
        .collect();
    let sql = format!(
        "SELECT {} FROM agg_rep_window WHERE as_of BETWEEN DATE '{first}' AND DATE '{last}' \
         ORDER BY as_of, rep_id, \"window\", currency",
        names.join(", ")
    );
    let (schema, batches) = ask(engine, &sql)?;
    let broken = |e: arrow::error::ArrowError| Failure::new(Exit::OurFault, format!("rows of {SNAP_REP_WINDOW}: {e}"));
    let rows = concat_batches(&schema, &batches).map_err(broken)?;
    let wanted = table.arrow_schema();
    let month: ArrayRef = std::sync::Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
        first.month(),
        rows.num_rows(),
    )));
    let columns: Result<Vec<ArrayRef>, _> = rows
        .columns()
        .iter()
        .chain([&month])
        .zip(wanted.fields())
        .map(|(column, field)| cast(column, field.data_type()))
        .collect();
    RecordBatch::try_new(wanted, columns.map_err(broken)?).map_err(broken)
}

fn of_date(rows: &RecordBatch, day: Day) -> RecordBatch {
    let at = rows.schema().index_of("as_of").unwrap_or_default();
    let dates = rows.column(at).as_primitive::<Date32Type>();
    let first = dates.values().partition_point(|date| *date < day.0);
    let end = dates.values().partition_point(|date| *date <= day.0);
    rows.slice(first, end - first)
}
