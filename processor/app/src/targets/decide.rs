//! Recalibrations: asked for, and due once a week is closed.

use std::collections::BTreeMap;

use paceline_ingest::log::Log;
use paceline_query::Engine;
use paceline_schemas::event::{Data, Event, EventType, Target};
use paceline_schemas::ids::{Label, Text1000};
use paceline_schemas::symbol::{DecidedBy, Recalibrated};
use paceline_schemas::time::{Day, Instant};
use paceline_snapshots::Which;
use paceline_targets::{Decision, Entry, Facts, Ledger, Policy, Run, amount_text};

use super::facts::{self, Span};
use super::{Desk, refused};
use crate::commands::sql::engine_at;
use crate::config::Config;
use crate::failure::Failure;
use crate::pipeline::Pipeline;
use crate::request::{Listener, Told};

/// Reads what a recalibration of `as_of` is taken from.
pub(crate) fn evidence(engine: &Engine, config: &Config, policy: &Policy, as_of: Day) -> Result<Facts, Failure> {
    let days = i32::try_from(policy.evidence_days).unwrap_or(56);
    let span = Span {
        from: as_of.plus(1 - days),
        as_of,
        on: as_of,
        until: as_of.plus(400),
    };
    facts::facts(engine, config.default_site.as_str(), span)
}

/// What the log knew by the end of `as_of`: decisions from earlier evidence, and what persons had decided by then.
pub(super) fn known_by(entries: &[Entry], as_of: Day, end: Instant) -> Ledger {
    let is_known = |entry: &&Entry| match &entry.event.data {
        Data::Target(data) if data.decided_by == Some(DecidedBy::Policy) => {
            data.evidence.as_ref().is_some_and(|evidence| evidence.as_of < as_of)
        }
        _ => entry.event.envelope.time <= end,
    };
    Ledger::of(entries.iter().filter(is_known))
}

pub(super) fn recalibrate(mut desk: Desk<'_>, as_of: Option<Day>, dry_run: bool) -> Result<Told, Failure> {
    desk.publish()?;
    let as_of = match as_of {
        Some(day) => day,
        None => last_closed_week(&engine_at(desk.config, Which::Latest)?)?
            .ok_or_else(|| refused("no week is closed yet; import results first, or name a day with --as-of"))?,
    };
    let policy_version = desk.policy_version(dry_run)?;
    let set = desk.publish()?;
    let engine = engine_at(desk.config, set.map_or(Which::Latest, Which::Set))?;
    let policy = desk.config.targets.policy.clone();
    let facts = evidence(&engine, desk.config, &policy, as_of)?;
    let end = facts.calendar.day(as_of).map(|date| date.ends_at);
    let end = end.ok_or_else(|| refused(format!("{as_of} lies outside the calendar")))?;
    let known = known_by(&desk.entries, as_of, end);
    let run = Run {
        facts: &facts,
        known: &known,
        policy: &policy,
        policy_version: &policy_version,
    };
    let decisions = paceline_targets::recalibrate(run);
    if decisions.is_empty() {
        return Err(refused(format!(
            "no rep has a target that was known by {as_of}: plan or import some and have them approved; a decision of the \
             past is dated with --decided-at"
        )));
    }
    let place = place(&engine, set)?;
    let events = fresh(&desk, &decisions, &place)?;
    let mut told = Told {
        known: (decisions.len() - events.len()) as u64,
        notes: vec![counted(&desk, &decisions)],
        ..Told::default()
    };
    (told.columns, told.rows) = table(&desk, &decisions);
    if dry_run {
        told.notes.push("nothing was written".to_owned());
    } else {
        told.written = desk.append(events)?;
    }
    Ok(told)
}

/// The published set that was read, and how far it held each shard.
fn place(engine: &Engine, set: Option<u64>) -> Result<(Option<Label>, Option<Text1000>), Failure> {
    let sql = "SELECT shard, next_offset FROM ops_freshness WHERE \"table\" = 'agg_rep_day' ORDER BY shard";
    let offsets = facts::pairs(engine, sql)?;
    let text: Vec<String> = offsets.iter().map(|(shard, next)| format!("{shard}:{next}")).collect();
    let set = set.and_then(|set| Label::new(&set.to_string()).ok());
    Ok((set, Text1000::new(&text.join(",")).ok()))
}

/// The events of the decisions that the log does not have.
fn fresh(
    desk: &Desk<'_>,
    decisions: &[Decision],
    place: &(Option<Label>, Option<Text1000>),
) -> Result<Vec<Event>, Failure> {
    let source = desk.source()?;
    let new = decisions.iter().filter(|decision| recorded(desk, decision).is_none());
    let events = new.map(|decision| {
        let mut event = decision.event(source.clone());
        (event.envelope.publishedset, event.envelope.publishedoffsets) = place.clone();
        event
    });
    Ok(events.collect())
}

fn recorded<'a>(desk: &'a Desk<'_>, decision: &Decision) -> Option<&'a paceline_targets::Decided> {
    let target_id = decision.data.target_id.as_ref()?;
    let as_of = decision.data.evidence.as_ref()?.as_of;
    let policy = decision.data.policy_version.as_ref()?;
    desk.ledger.decision(target_id.as_str(), as_of, policy.as_str())
}

/// What stands in the log about a decision, or the decision itself.
fn standing<'a>(desk: &'a Desk<'_>, decision: &'a Decision) -> (EventType, &'a Target) {
    recorded(desk, decision).map_or((decision.event_type, &decision.data), |decided| {
        (decided.event.envelope.event_type, decided.data())
    })
}

fn counted(desk: &Desk<'_>, decisions: &[Decision]) -> String {
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for decision in decisions {
        let (_, data) = standing(desk, decision);
        let outcome = data.outcome.map(|outcome| outcome.as_str()).unwrap_or_default();
        let reason = data.reason_code.as_ref().map(ToString::to_string).unwrap_or_default();
        *counts.entry((outcome.to_owned(), reason)).or_default() += 1;
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|((outcome, reason), n)| format!("{n} {outcome} ({reason})"))
        .collect();
    parts.join(", ")
}

fn table(desk: &Desk<'_>, decisions: &[Decision]) -> (Vec<String>, Vec<Vec<String>>) {
    let columns = [
        "target", "outcome", "reason", "theta", "low", "high", "old", "new", "needs", "decision",
    ];
    let rows = decisions.iter().map(|decision| {
        let (_, data) = standing(desk, decision);
        let text = |value: Option<String>| value.unwrap_or_default();
        let unit = text(data.unit.as_ref().map(ToString::to_string));
        let share = |value: i64| format!("{}.{:03}", value / 1_000_000, value.rem_euclid(1_000_000) / 1_000);
        let evidence = data.evidence.as_ref();
        let needs = data.authority.filter(|_| data.outcome == Some(Recalibrated::Proposed));
        let value = |value: Option<i64>| text(value.map(|value| amount_text(value, &unit)));
        vec![
            text(data.target_id.as_ref().map(ToString::to_string)),
            text(data.outcome.map(|outcome| outcome.as_str().to_owned())),
            text(data.reason_code.as_ref().map(ToString::to_string)),
            text(evidence.map(|evidence| share(evidence.theta))),
            text(evidence.map(|evidence| share(evidence.low))),
            text(evidence.map(|evidence| share(evidence.high))),
            value(data.old_value),
            value(data.proposed_value),
            text(needs.map(|authority| authority.as_str().to_owned())),
            decision.id.as_str().chars().take(12).collect(),
        ]
    });
    (columns.map(str::to_owned).into(), rows.collect())
}

/// The last day of the newest week that has ended at every site.
pub(crate) fn last_closed_week(engine: &Engine) -> Result<Option<Day>, Failure> {
    let Some(closed) = crate::jobs::last_closed(engine)? else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT CAST(MIN(day) AS DATE) FROM (SELECT site_id, MAX(week_start) - INTERVAL '1 day' AS day FROM dim_calendar \
         WHERE week_start <= DATE '{}' GROUP BY site_id)",
        closed.plus(1)
    );
    facts::first_day(engine, &sql)
}

/// Recalibrates the newest closed week, if that was not done.
///
/// # Errors
/// The log or the tables fail.
pub(crate) fn recalibrate_due(
    config: &Config,
    log: &dyn Log,
    pipeline: Option<&Pipeline>,
    listener: &mut dyn Listener,
) -> Result<u64, Failure> {
    if log.bounds(paceline_schemas::position::Topic::Targets, 0)?.next == 0 || !config.data.join("tables").is_dir() {
        return Ok(0);
    }
    let Some(as_of) = last_closed_week(&engine_at(config, Which::Latest)?)? else {
        return Ok(0);
    };
    let desk = Desk::open(config, log, pipeline)?;
    let is_done = desk.ledger.decisions().any(|decided| decided.as_of() >= as_of);
    let has_targets = desk
        .ledger
        .rows()
        .any(|row| row.current() > 0 && row.period_end >= as_of);
    if is_done || !has_targets {
        return Ok(0);
    }
    match recalibrate(desk, Some(as_of), false) {
        Ok(told) => {
            listener.note(&format!("recalibrated as of {as_of}: {}", told.notes.join("; ")));
            Ok(told.written)
        }
        Err(failure) if failure.exit == crate::failure::Exit::Failed => {
            tracing::info!(%failure, "no recalibration as of {as_of}");
            Ok(0)
        }
        Err(failure) => Err(failure),
    }
}
