//! `paceline targets`: what is asked, where it is carried out, and how the answer looks.

use std::path::Path;
use std::sync::Arc;

use paceline_schemas::time::{Day, Instant};
use paceline_targets::Policy;

use super::import::{absolute, date, mapping_text};
use super::{sql, write};
use crate::cli::targets::{ByArgs, Lang, LockArgs, PlanArgs, SheetArgs, ShowArgs, TargetsCommand};
use crate::cli::{Format, ReportFormat};
use crate::config::Config;
use crate::failure::{Exit, Failure, io};
use crate::output::{rows, say, write_out};
use crate::request::{self, Answer, By, LockRequest, Told, WriteCommand};

pub(super) fn targets(config: &Arc<Config>, command: &TargetsCommand) -> Result<Exit, Failure> {
    match command {
        TargetsCommand::Plan(arguments) => plan(config, arguments),
        TargetsCommand::Import(arguments) => import(config, arguments),
        TargetsCommand::Proposals { state, format } => {
            let state = state
                .as_deref()
                .map(|state| format!(" WHERE state = {}", quoted(state)))
                .unwrap_or_default();
            ask(
                config,
                &format!("SELECT * FROM tgt_proposal{state} ORDER BY recorded_at DESC, proposal_id"),
                *format,
            )
        }
        TargetsCommand::Approve { proposal, by } => {
            let asked = request::TargetsCommand::Approve {
                proposal: proposal.clone(),
                mark: mark(by)?,
            };
            carry_out(config, asked, ReportFormat::Table)
        }
        TargetsCommand::Reject {
            proposal,
            reason,
            withdraw,
            by,
        } => {
            let asked = request::TargetsCommand::End {
                proposal: proposal.clone(),
                withdraw: *withdraw,
                reason: reason.clone(),
                mark: mark(by)?,
            };
            carry_out(config, asked, ReportFormat::Table)
        }
        TargetsCommand::Lock(arguments) => lock(config, arguments),
        TargetsCommand::Show(arguments) => show(config, arguments),
        TargetsCommand::History { target, format } => history(config, target, *format),
        TargetsCommand::Diff { from, to, node, format } => diff(config, (from, to), node.as_deref(), *format),
        TargetsCommand::Recalibrate { as_of, dry_run, format } => {
            let asked = request::TargetsCommand::Recalibrate {
                as_of: as_of.as_deref().map(date).transpose()?,
                dry_run: *dry_run,
            };
            carry_out(config, asked, *format)
        }
        TargetsCommand::Explain { target, as_of, lang } => {
            let asked = request::TargetsCommand::Explain {
                target: target.clone(),
                as_of: as_of.as_deref().map(date).transpose()?,
                chinese: *lang == Lang::Zh,
            };
            carry_out(config, asked, ReportFormat::Table)
        }
        TargetsCommand::Verify { as_of, format } => {
            let as_of = as_of.as_deref().map(date).transpose()?;
            carry_out(config, request::TargetsCommand::Verify { as_of }, *format)
        }
        TargetsCommand::Policy { format } => policy(&config.targets.policy, *format),
    }
}

fn plan(config: &Arc<Config>, arguments: &PlanArgs) -> Result<Exit, Failure> {
    let asked = request::TargetsCommand::Plan {
        goal: text_of(&arguments.goal)?,
        dry_run: arguments.dry_run,
        mark: mark(&arguments.by)?,
    };
    carry_out(config, asked, arguments.format)
}

fn import(config: &Arc<Config>, arguments: &SheetArgs) -> Result<Exit, Failure> {
    let asked = request::TargetsCommand::Import {
        file: absolute(&arguments.file)?,
        mapping_name: arguments.mapping.display().to_string(),
        mapping_text: mapping_text(&arguments.mapping)?,
        dry_run: arguments.dry_run,
        mark: mark(&arguments.by)?,
    };
    carry_out(config, asked, arguments.format)
}

fn lock(config: &Arc<Config>, arguments: &LockArgs) -> Result<Exit, Failure> {
    let asked = request::TargetsCommand::Lock(LockRequest {
        node: arguments.node.clone(),
        metric: arguments.metric.clone(),
        currency: arguments.currency.clone(),
        year: date(&arguments.year)?,
        period: arguments.period.clone(),
        kind: arguments.kind.clone(),
        value: arguments.value.clone(),
        reason: arguments.reason.clone(),
        mark: mark(&arguments.by)?,
    });
    carry_out(config, asked, ReportFormat::Table)
}

fn text_of(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| Failure {
        exit: Exit::Usage,
        ..io("read", path, &e)
    })
}

fn mark(by: &ByArgs) -> Result<By, Failure> {
    Ok(By {
        name: by.by.clone(),
        at_us: by.decided_at.as_deref().map(instant).transpose()?.map(|at| at.0),
        comment: by.comment.clone(),
    })
}

/// An instant, or the start of a date in UTC.
fn instant(text: &str) -> Result<Instant, Failure> {
    let of_date = || {
        Day::parse(text)
            .ok()
            .and_then(|day| Instant::parse(&format!("{day}T00:00:00Z")).ok())
    };
    Instant::parse(text)
        .ok()
        .or_else(of_date)
        .ok_or_else(|| Failure::new(Exit::Usage, format!("`{text}` is no time such as 2026-04-15T09:00:00Z")))
}

fn carry_out(config: &Arc<Config>, command: request::TargetsCommand, format: ReportFormat) -> Result<Exit, Failure> {
    let answer = write::execute(config, &WriteCommand::Targets(command))?;
    let exit = answer.exit();
    write_out(&report(&answer, format)?)?;
    Ok(exit)
}

fn report(answer: &Answer, format: ReportFormat) -> Result<Vec<u8>, Failure> {
    let nothing = Told::default();
    let told = answer.targets.as_ref().unwrap_or(&nothing);
    if format == ReportFormat::Json {
        let text = serde_json::to_string(told).map_err(|e| Failure::new(Exit::OurFault, e))?;
        return Ok(format!("{text}\n").into_bytes());
    }
    for note in &told.notes {
        say(note);
    }
    if told.written + told.known > 0 && told.page.is_none() {
        say(&format!("{} events written, {} were there", told.written, told.known));
    }
    if let Some(page) = &told.page {
        return Ok(page.clone().into_bytes());
    }
    if told.columns.is_empty() {
        return Ok(Vec::new());
    }
    let columns: Vec<&str> = told.columns.iter().map(String::as_str).collect();
    rows(format, &columns, &told.rows)
}

fn policy(policy: &Policy, format: ReportFormat) -> Result<Exit, Failure> {
    let values: serde_json::Value = serde_json::to_value(policy).map_err(|e| Failure::new(Exit::OurFault, e))?;
    let list: Vec<Vec<String>> = Policy::KEYS
        .iter()
        .map(|key| {
            let value = values.get(key.name).map(ToString::to_string).unwrap_or_default();
            let range = format!("{} to {}", key.min, key.max);
            vec![
                key.name.to_owned(),
                value,
                key.default.to_string(),
                range,
                key.doc.to_owned(),
            ]
        })
        .collect();
    write_out(&rows(format, &["key", "value", "default", "range", "meaning"], &list)?)?;
    Ok(Exit::Done)
}

fn show(config: &Config, arguments: &ShowArgs) -> Result<Exit, Failure> {
    let given = [("node_id", &arguments.node), ("metric", &arguments.metric)];
    let given = given
        .into_iter()
        .filter_map(|(column, value)| Some((column, value.as_deref()?)));
    let mut conditions: Vec<String> = given
        .map(|(column, value)| format!("{column} = {}", quoted(value)))
        .collect();
    let sql = match &arguments.as_of {
        None => {
            conditions.push(format!("period_kind = {}", quoted(&arguments.period)));
            // Sorted after it is computed: an order by a column that a condition holds fixed is one that the planner trips over.
            format!(
                "SELECT * FROM (SELECT node_id, metric, currency, period_kind, period_start, period_end, value, \
                 ROW_NUMBER() OVER (ORDER BY node_id, metric, currency, period_start) AS at FROM tgt_target_sum WHERE {}) \
                 ORDER BY at",
                conditions.join(" AND ")
            )
        }
        Some(at) => {
            conditions.push("period_kind = 'month' AND lock IS NULL".to_owned());
            conditions.push(known_at(instant(at)?));
            format!(
                "SELECT target_id, version, node_id, metric, currency, period_start, value, valid_from, reason_code \
                 FROM tgt_target WHERE {} ORDER BY target_id, period_start",
                conditions.join(" AND ")
            )
        }
    };
    ask(config, &sql, arguments.format)
}

/// What the log held for true at that instant.
fn known_at(at: Instant) -> String {
    format!("approved_at <= TIMESTAMP '{at}' AND (superseded_at IS NULL OR superseded_at > TIMESTAMP '{at}')")
}

fn history(config: &Config, target: &str, format: Format) -> Result<Exit, Failure> {
    let name = quoted(target);
    let sql = format!(
        "SELECT * FROM (\
         SELECT recorded_at, target_id, version, CAST(period_start AS TEXT) AS month, value, status, reason_code, decided_by, \
         decider_id FROM tgt_target WHERE (target_id = {name} OR node_id = {name}) \
         UNION ALL \
         SELECT recorded_at, target_id, from_version AS version, 'as of ' || CAST(as_of AS TEXT) AS month, proposed_value AS value, \
         outcome AS status, reason_code, 'policy' AS decided_by, policy_version AS decider_id \
         FROM tgt_adjustment WHERE target_id = {name} OR target_id LIKE {name} || ':%') \
         ORDER BY recorded_at, target_id, version, month"
    );
    ask(config, &sql, format)
}

fn diff(config: &Config, (from, to): (&str, &str), node: Option<&str>, format: Format) -> Result<Exit, Failure> {
    let (before, after) = (known_at(instant(from)?), known_at(instant(to)?));
    let below = node.map_or_else(String::new, |node| {
        let node = quoted(node);
        format!(
            " AND (node_id = {node} OR node_id IN (SELECT descendant_id FROM dim_org WHERE ancestor_id = {node} AND \
             valid_to IS NULL))"
        )
    });
    let cells = |known: &str| {
        format!(
            "SELECT target_id, period_start, version, value, reason_code FROM tgt_target \
             WHERE period_kind = 'month' AND lock IS NULL AND {known}{below}"
        )
    };
    let sql = format!(
        "SELECT COALESCE(b.target_id, a.target_id) AS target_id, COALESCE(b.period_start, a.period_start) AS month, \
         a.version AS version_before, b.version AS version_after, a.value AS before, b.value AS after, b.reason_code \
         FROM ({}) a FULL JOIN ({}) b ON a.target_id = b.target_id AND a.period_start = b.period_start \
         WHERE a.value IS DISTINCT FROM b.value ORDER BY 1, 2",
        cells(&before),
        cells(&after)
    );
    ask(config, &sql, format)
}

fn ask(config: &Config, sql: &str, format: Format) -> Result<Exit, Failure> {
    let engine = sql::engine(config)?;
    write_out(&sql::answer(&engine, sql, format)?)?;
    Ok(Exit::Done)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
