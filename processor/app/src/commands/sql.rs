//! `paceline sql`: a question and its answer, over the published tables of a data directory.

use std::io::Read;
use std::sync::Arc;

use paceline_query::{DataDirectory, Engine, Limits, QueryError, encode};
use paceline_snapshots::Which;

use super::prompt;
use crate::cli::{Format, SqlArgs};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::write_out;

pub(super) fn sql(config: &Arc<Config>, arguments: &SqlArgs) -> Result<Exit, Failure> {
    let engine = engine(config)?;
    match arguments.query.as_deref() {
        None => prompt::prompt(config, &engine, arguments.format),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|e| Failure::new(Exit::Failed, format!("failed to read standard input: {e}")))?;
            write_out(&answer(&engine, &text, arguments.format)?)?;
            Ok(Exit::Done)
        }
        Some(text) => {
            write_out(&answer(&engine, text, arguments.format)?)?;
            Ok(Exit::Done)
        }
    }
}

/// The engine over the newest published set.
///
/// # Errors
/// There is no data directory, or its tables cannot be read.
pub(crate) fn engine(config: &Config) -> Result<Engine, Failure> {
    engine_at(config, Which::Latest)
}

/// The engine over one published set.
///
/// # Errors
/// There is no data directory, the set is gone, or its tables cannot be read.
pub(crate) fn engine_at(config: &Config, which: Which) -> Result<Engine, Failure> {
    if !config.data.join("tables").is_dir() {
        let text = format!(
            "`{}` holds no tables; import something first, or name the data directory with --data",
            config.data.display()
        );
        return Err(Failure::new(Exit::Usage, text));
    }
    let limits = Limits {
        memory_bytes: config.query.memory_bytes,
        timeout: config.query.timeout,
        rows_max: config.query.rows_max,
        bytes_max: config.query.bytes_max,
        threads: config.query.threads,
        ..Limits::default()
    };
    let store = paceline_snapshots::Store::local(&config.data, true)?;
    DataDirectory::open_at(&config.data, store, which)
        .and_then(|source| Engine::open(Arc::new(source), limits))
        .map_err(|error| refused(&error))
}

/// The answer to `text`, encoded.
pub(super) fn answer(engine: &Engine, text: &str, format: Format) -> Result<Vec<u8>, Failure> {
    let (schema, batches) = engine.query_all(text).map_err(|error| refused(&error))?;
    let form = match format {
        Format::Table => encode::Format::Table,
        Format::Json => encode::Format::Json,
        Format::Csv => encode::Format::Csv,
        Format::Parquet => encode::Format::Parquet,
    };
    let write = || {
        let mut encoder = encode::Encoder::new(form, Vec::new(), &schema)?;
        batches.iter().try_for_each(|batch| encoder.write(batch))?;
        encoder.finish()
    };
    write().map_err(|e: std::io::Error| Failure::new(Exit::Failed, format!("failed to write the answer: {e}")))
}

/// A refused or failed query, as a person reads it.
pub(crate) fn refused(error: &QueryError) -> Failure {
    use paceline_query::Class;
    let exit = match error.class() {
        Class::Input => Exit::Failed,
        Class::Transient => Exit::Transient,
        Class::Fatal => Exit::OurFault,
    };
    Failure::new(exit, error.to_string())
}
