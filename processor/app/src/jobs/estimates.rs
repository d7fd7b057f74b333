//! The job `agg_rep_estimate`: what each rep's results say once the peers have been heard.

use arrow::record_batch::RecordBatch;
use paceline_schemas::time::Day;
use paceline_snapshots::Which;
use paceline_snapshots::rows;
use paceline_targets::estimate;

use crate::commands::sql::engine_at;
use crate::config::Config;
use crate::failure::Failure;
use crate::pipeline::{JobDate, Pipeline};
use crate::request::Listener;
use crate::targets::{evidence, last_closed_week};

/// Name of the job and its table.
pub const AGG_REP_ESTIMATE: &str = "agg_rep_estimate";

/// Writes the estimates of one date, or of the newest closed week.
pub(super) fn run(
    config: &Config,
    pipeline: &Pipeline,
    as_of: Option<Day>,
    listener: &mut dyn Listener,
) -> Result<Vec<String>, Failure> {
    let newest = match as_of {
        Some(day) => Some(day),
        None => last_closed_week(&engine_at(config, Which::Latest)?)?,
    };
    newest.map_or(Ok(Vec::new()), |day| write(config, pipeline, &[day], listener))
}

/// Writes the estimates of the ends of the closed weeks whose evidence reaches back to `first` or beyond.
pub(super) fn run_since(
    config: &Config,
    pipeline: &Pipeline,
    first: Day,
    listener: &mut dyn Listener,
) -> Result<Vec<String>, Failure> {
    let Some(newest) = last_closed_week(&engine_at(config, Which::Latest)?)? else {
        return Ok(Vec::new());
    };
    let window = i32::try_from(config.targets.policy.evidence_days).unwrap_or(56);
    // What changed reaches the estimates of as many days as the evidence has; older ones are asked for by name.
    let from = first.max(newest.plus(-window));
    let mut days: Vec<Day> = (0..)
        .map(|week| newest.plus(-7 * week))
        .take_while(|day| *day >= from)
        .collect();
    days.reverse();
    write(config, pipeline, &days, listener)
}

fn write(
    config: &Config,
    pipeline: &Pipeline,
    days: &[Day],
    listener: &mut dyn Listener,
) -> Result<Vec<String>, Failure> {
    let set = pipeline.seal()?.unwrap_or(0);
    let engine = engine_at(config, Which::Latest)?;
    let policy = &config.targets.policy;
    let mut months: Vec<(String, Vec<JobDate>)> = Vec::new();
    for (done, day) in days.iter().enumerate() {
        let facts = evidence(&engine, config, policy, *day)?;
        let rows: RecordBatch = rows::estimates(*day, &estimate(&facts, policy.peers_min));
        let date = JobDate { as_of: *day, rows };
        match months.last_mut().filter(|(month, _)| *month == day.month()) {
            Some((_, dates)) => dates.push(date),
            None => months.push((day.month(), vec![date])),
        }
        listener.progress(AGG_REP_ESTIMATE, done as u64 + 1, days.len() as u64);
    }
    for (_, dates) in months {
        pipeline.replace_dates(AGG_REP_ESTIMATE, set, dates)?;
    }
    Ok(days.iter().map(ToString::to_string).collect())
}
