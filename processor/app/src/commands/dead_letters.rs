//! `paceline dead-letters`.

use std::sync::Arc;

use paceline_schemas::time::Instant;

use super::{import, sql, write};
use crate::cli::{DeadLettersCommand, Format, ReplayArgs};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::write_out;
use crate::request::{ReplayOptions, WriteCommand};

pub(super) fn dead_letters(config: &Arc<Config>, command: &DeadLettersCommand) -> Result<Exit, Failure> {
    match command {
        DeadLettersCommand::List { reason, format } => list(config, reason.as_deref(), *format),
        DeadLettersCommand::Show { id } => show(config, id),
        DeadLettersCommand::Replay(arguments) => replay(config, arguments),
    }
}

fn list(config: &Config, reason: Option<&str>, format: Format) -> Result<Exit, Failure> {
    let filter = match reason {
        Some(reason) => format!("WHERE reason = '{}'", known_reason(reason)?),
        None => String::new(),
    };
    let text = format!(
        "SELECT dead_letter_id, received_at, resolution, reason, detail, origin_file, origin_line, origin_block \
         FROM ops_dead_letter {filter} ORDER BY received_at DESC, origin_file, origin_line, origin_block"
    );
    write_out(&sql::answer(&sql::engine(config)?, &text, format)?)?;
    Ok(Exit::Done)
}

fn show(config: &Config, id: &str) -> Result<Exit, Failure> {
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Failure::new(
            Exit::Usage,
            format!("`{id}` is no id of a dead letter; `dead-letters list` shows them"),
        ));
    }
    let engine = sql::engine(config)?;
    let letters = format!("FROM ops_dead_letter WHERE starts_with(dead_letter_id, '{id}')");
    let count = sql::answer(&engine, &format!("SELECT COUNT(*) AS letters {letters}"), Format::Csv)?;
    if count.ends_with(b"\n0\n") || count.ends_with(b"\n0\r\n") {
        return Err(Failure::new(
            Exit::Usage,
            format!("no dead letter has an id that begins with `{id}`; `dead-letters list` shows them"),
        ));
    }
    write_out(&sql::answer(&engine, &format!("SELECT * {letters}"), Format::Json)?)?;
    Ok(Exit::Done)
}

fn replay(config: &Arc<Config>, arguments: &ReplayArgs) -> Result<Exit, Failure> {
    let since = arguments.since.as_deref().map(Instant::parse).transpose();
    let options = ReplayOptions {
        reason: arguments.reason.as_deref().map(known_reason).transpose()?,
        source: arguments.source.clone(),
        since_us: since
            .map_err(|e| Failure::new(Exit::Usage, e))?
            .map(|instant| instant.0),
        dry_run: arguments.dry_run,
    };
    let answer = write::execute(config, &WriteCommand::Replay(options))?;
    write_out(&import::report(&answer, arguments.format, arguments.dry_run)?)?;
    Ok(answer.exit())
}

fn known_reason(text: &str) -> Result<String, Failure> {
    let reasons = paceline_schemas::reject::Reason::ALL;
    if reasons.iter().any(|reason| reason.as_str() == text) {
        return Ok(text.to_owned());
    }
    let names: Vec<&str> = reasons.iter().map(|reason| reason.as_str()).collect();
    Err(Failure::new(
        Exit::Usage,
        format!("`{text}` is no reason; expected one of {}", names.join(", ")),
    ))
}
