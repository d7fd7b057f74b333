//! What persons decide: plans, approvals, rejections, locks.

use paceline_query::Engine;
use paceline_schemas::event::{Event, EventType, Target};
use paceline_schemas::ids::{Label, LongLabel, NodeId, Text64};
use paceline_schemas::metrics;
use paceline_schemas::symbol::{DecidedBy, Lock, NodeKind};
use paceline_schemas::time::{Day, Instant};
use paceline_snapshots::Which;
use paceline_targets::{
    Draft, Drafts, Facts, Goal, Org, Planned, Proposal, Sources, State, amount, amount_text, months_after,
};

use super::facts::{self, Span};
use super::{Desk, mark, refused};
use crate::commands::sql::engine_at;
use crate::failure::{Exit, Failure};
use crate::request::{By, LockRequest, Told};

pub(super) fn plan(mut desk: Desk<'_>, goal: &str, dry_run: bool, by: &By) -> Result<Told, Failure> {
    let goal: Goal = toml::from_str(goal).map_err(|e| Failure::new(Exit::Usage, format!("the goal: {e}")))?;
    let mark = mark(by, DecidedBy::Person)?;
    let policy_version = desk.policy_version(dry_run)?;
    desk.publish()?;
    let engine = engine_at(desk.config, Which::Latest)?;
    let (org, facts) = past(&desk, &engine, goal.year, mark.at)?;
    let sources = Sources {
        org: &org,
        facts: &facts,
        known: &desk.ledger,
        policy: &desk.config.targets.policy,
        policy_version: &policy_version,
    };
    let planned = paceline_targets::plan(&goal, sources).map_err(refused)?;
    let mut told = told_of(&planned.drafts);
    told.columns = ["metric", "unit", "node", "year"].map(str::to_owned).into();
    told.columns
        .extend((0..12).map(|at| months_after(goal.year, at).month()));
    told.rows = table(&planned);
    finish(&mut desk, told, planned.drafts, &mark, dry_run)
}

/// The local day of the default site on which something was decided.
fn day_of(desk: &Desk<'_>, at: Instant) -> Day {
    let site = desk.config.sites.get(&desk.config.default_site);
    let in_utc = || Day::from_date(at.local(&jiff::tz::TimeZone::UTC).date());
    site.map_or_else(in_utc, |site| site.business_date(at))
}

/// The day on which teams are looked at for a plan year: its first, or that of the decision where it has begun.
pub(super) fn looked_at(desk: &Desk<'_>, year: Day, at: Instant) -> Day {
    day_of(desk, at).clamp(year, months_after(year, 12).plus(-1))
}

/// Who is where for a plan year, and the results before the day of the decision.
pub(super) fn past(desk: &Desk<'_>, engine: &Engine, year: Day, at: Instant) -> Result<(Org, Facts), Failure> {
    let on = looked_at(desk, year, at);
    let last = day_of(desk, at).min(year).plus(-1);
    let days = i32::try_from(desk.config.targets.policy.history_days).unwrap_or(365);
    let span = Span {
        from: last.plus(1 - days),
        as_of: last,
        on,
        until: months_after(year, 12),
    };
    let org = facts::org(engine, on)?;
    let facts = facts::facts(engine, desk.config.default_site.as_str(), span)?;
    Ok((org, facts))
}

fn table(planned: &Planned) -> Vec<Vec<String>> {
    let rows = planned.values.iter().flat_map(|((metric, unit), nodes)| {
        nodes.iter().map(move |(node, months)| {
            let whole = if unit == "ppm" {
                months.first().copied().unwrap_or(0)
            } else {
                months.iter().sum()
            };
            let head = [metric.clone(), unit.clone(), node.clone(), amount_text(whole, unit)];
            head.into_iter()
                .chain(months.iter().map(|value| amount_text(*value, unit)))
                .collect()
        })
    });
    rows.collect()
}

pub(super) fn told_of(drafts: &Drafts) -> Told {
    Told {
        proposal: Some(drafts.proposal_id.clone()),
        known: u64::try_from(drafts.size).unwrap_or(0),
        ..Told::default()
    }
}

/// Appends what is missing of a proposal.
pub(super) fn finish(
    desk: &mut Desk<'_>,
    mut told: Told,
    drafts: Drafts,
    mark: &paceline_targets::Mark,
    dry_run: bool,
) -> Result<Told, Failure> {
    let source = desk.source()?;
    let events: Vec<Event> = drafts
        .missing
        .iter()
        .map(|draft| draft.event(source.clone(), mark))
        .collect();
    told.known = told.known.saturating_sub(events.len() as u64);
    if dry_run {
        told.notes.push(format!(
            "nothing was written; the proposal would have {} rows",
            drafts.size
        ));
        return Ok(told);
    }
    told.written = desk.append(events)?;
    if let Some(proposal) = desk.ledger.proposal(&drafts.proposal_id) {
        told.notes.push(say_state(proposal));
    }
    Ok(told)
}

fn say_state(proposal: &Proposal) -> String {
    let name = &proposal.proposal_id;
    match proposal.state {
        State::Complete => format!(
            "proposal {name}: {} rows; somebody else approves it with `paceline targets approve {name} --by NAME`",
            proposal.size
        ),
        State::Refused(refusal) => format!("proposal {name} is refused: {}", refusal.as_str()),
        state => format!("proposal {name} is {}", state.as_str()),
    }
}

/// The open proposal that a name, or its beginning, means.
fn open<'a>(desk: &'a Desk<'_>, name: &str) -> Result<&'a Proposal, Failure> {
    let mut fitting = desk
        .ledger
        .proposals()
        .filter(|proposal| proposal.proposal_id.starts_with(name));
    let first = fitting.next().ok_or_else(|| {
        refused(format!(
            "there is no proposal `{name}`; `paceline targets proposals` lists them"
        ))
    })?;
    if first.proposal_id != name && fitting.next().is_some() {
        return Err(refused(format!(
            "several proposals begin with `{name}`; give more of the name"
        )));
    }
    Ok(first)
}

pub(super) fn approve(mut desk: Desk<'_>, name: &str, by: &By) -> Result<Told, Failure> {
    let mark = mark(by, DecidedBy::Person)?;
    let proposal = open(&desk, name)?.clone();
    let proposal_id = proposal.proposal_id.clone();
    let is_own = proposal.decided_by != DecidedBy::Policy && proposal.decider_id.as_deref() == Some(&mark.decider_id);
    match proposal.state {
        State::Approved { .. } => {
            return Ok(Told {
                proposal: Some(proposal_id),
                notes: vec![say_state(&proposal)],
                ..Told::default()
            });
        }
        State::Complete if is_own => {
            return Err(refused(format!(
                "self_approval: `{}` made the proposal, so somebody else approves it",
                mark.decider_id
            )));
        }
        State::Complete => {}
        State::Incomplete => {
            return Err(refused(format!(
                "{}; run the command that made it again, it adds what is missing",
                say_state(&proposal)
            )));
        }
        State::Refused(_) | State::Rejected | State::Withdrawn => return Err(refused(say_state(&proposal))),
    }
    let is_past = |effective: Instant| effective < mark.at && proposal.method == "recalibrate";
    if let Some(effective) = proposal.effective_at.filter(|effective| is_past(*effective)) {
        return Err(refused(format!(
            "the proposal was to count from {effective} on, and a change never reaches back; the next recalibration \
             proposes anew what the evidence still asks for"
        )));
    }
    let data = Target {
        proposal_id: LongLabel::new(&proposal_id).ok(),
        effective_at: Some(proposal.effective_at.unwrap_or(mark.at)),
        reason_code: Label::new("approved").ok(),
        ..Target::default()
    };
    let draft = Draft::new(EventType::TargetApproved, proposal_id.clone(), data);
    write_one(&mut desk, &draft, &proposal_id, &mark)
}

pub(super) fn end(mut desk: Desk<'_>, name: &str, (withdraw, reason): (bool, &str), by: &By) -> Result<Told, Failure> {
    let mark = mark(by, DecidedBy::Person)?;
    let proposal = open(&desk, name)?.clone();
    let proposal_id = proposal.proposal_id.clone();
    if !matches!(proposal.state, State::Complete | State::Incomplete) {
        return Err(refused(say_state(&proposal)));
    }
    if withdraw && proposal.decider_id.as_deref() != Some(&mark.decider_id) {
        return Err(refused("only who made a proposal takes it back; others reject it"));
    }
    let event_type = if withdraw {
        EventType::TargetWithdrawn
    } else {
        EventType::TargetRejected
    };
    let reason = Label::new(reason).map_err(|e| Failure::new(Exit::Usage, format!("`--reason`: {e}")))?;
    let data = Target {
        proposal_id: LongLabel::new(&proposal_id).ok(),
        reason_code: Some(reason),
        ..Target::default()
    };
    let draft = Draft::new(event_type, proposal_id.clone(), data);
    write_one(&mut desk, &draft, &proposal_id, &mark)
}

fn write_one(
    desk: &mut Desk<'_>,
    draft: &Draft,
    proposal_id: &str,
    mark: &paceline_targets::Mark,
) -> Result<Told, Failure> {
    let written = desk.append(vec![draft.event(desk.source()?, mark)])?;
    let note = desk.ledger.proposal(proposal_id).map(say_state);
    Ok(Told {
        proposal: Some(proposal_id.to_owned()),
        written,
        notes: note.into_iter().collect(),
        ..Told::default()
    })
}

pub(super) fn lock(mut desk: Desk<'_>, request: &LockRequest) -> Result<Told, Failure> {
    let usage = |text: String| Failure::new(Exit::Usage, text);
    let mark = mark(&request.mark, DecidedBy::Person)?;
    let metric = metrics::resolve(&request.metric).map_err(|e| usage(e.to_string()))?;
    let unit = metric
        .target_unit(request.currency.as_deref())
        .map_err(|e| usage(e.to_string()))?;
    let kind = Lock::from_symbol(&request.kind)
        .filter(|kind| *kind != Lock::Entered)
        .ok_or_else(|| usage(format!("`--kind {}`: say value, floor, ceiling or none", request.kind)))?;
    let bound = match (kind, &request.value) {
        (Lock::None, _) => None,
        (_, Some(value)) => Some(amount(value, &unit).map_err(|hint| usage(format!("`--value`: {hint}")))?),
        (_, None) => return Err(usage("`--value` is needed unless a lock is taken off".to_owned())),
    };
    let (period_kind, start, end) = paceline_targets::period_of(&request.period, request.year)
        .ok_or_else(|| usage(format!("`--period {}`: say 2026-04, q2, h1 or year", request.period)))?;
    desk.publish()?;
    let org = facts::org(&engine_at(desk.config, Which::Latest)?, request.year)?;
    let node_kind = org.node(&request.node).map(|node| node.kind);
    let is_reserve = request.node.starts_with(paceline_targets::RESERVE_PREFIX);
    let node_kind = node_kind
        .or_else(|| is_reserve.then_some(NodeKind::Reserve))
        .ok_or_else(|| {
            refused(format!(
                "there is no node or rep `{}` on {}",
                request.node, request.year
            ))
        })?;
    let policy_version = desk.policy_version(false)?;
    let data = Target {
        node_id: NodeId::new(&request.node).ok(),
        node_kind: Some(node_kind),
        metric: Label::new(metric.id).ok(),
        unit: Text64::new(&unit).ok(),
        period_kind: Some(period_kind),
        period_start: Some(start),
        period_end: Some(end),
        lock: Some(kind),
        bound,
        policy_version: Label::new(&policy_version).ok(),
        reason_code: Label::new(&request.reason).ok(),
        ..Target::default()
    };
    let key = format!(
        "{} {} {unit} {start} {end} {} {}",
        request.node,
        metric.id,
        kind.as_str(),
        mark.at
    );
    let draft = Draft::new(EventType::TargetLocked, key, data);
    let written = desk.append(vec![draft.event(desk.source()?, &mark)])?;
    let value = bound
        .map(|bound| format!(" {}", amount_text(bound, &unit)))
        .unwrap_or_default();
    Ok(Told {
        written,
        notes: vec![format!(
            "{} {} {start} to {end}: {}{value}",
            request.node,
            metric.id,
            kind.as_str()
        )],
        ..Told::default()
    })
}
