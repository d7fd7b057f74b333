//! Explanations: the newest decision about a target, as a page.

use paceline_schemas::symbol::Recalibrated;
use paceline_schemas::time::Day;
use paceline_snapshots::Which;
use paceline_targets::{Calendar, Decided, Language, Page, Policy};

use super::{Desk, facts, refused};
use crate::commands::sql::engine_at;
use crate::failure::Failure;
use crate::request::Told;

pub(super) fn explain(desk: &Desk<'_>, target: &str, as_of: Option<Day>, chinese: bool) -> Result<Told, Failure> {
    let decided = find(desk, target, as_of)?;
    let data = decided.data();
    let policy_version = data
        .policy_version
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let default = Policy::default();
    let mut policies = desk.ledger.policies_by_name();
    let policy = policies
        .find(|(name, _)| *name == policy_version)
        .map_or(&default, |(_, policy)| policy);
    let engine = engine_at(desk.config, Which::Latest)?;
    let names = facts::names(&engine, decided.as_of())?;
    let node = data.node_id.as_ref().map(ToString::to_string).unwrap_or_default();
    let first = decided.as_of().plus(-30);
    let (calendar, calendars) = facts::calendars(&engine, desk.config.default_site.as_str(), first, first.plus(400))?;
    let calendar: &Calendar = names
        .get(&node)
        .and_then(|person| calendars.get(&person.site_id))
        .unwrap_or(&calendar);
    let proposal = data
        .proposal_id
        .as_ref()
        .and_then(|id| desk.ledger.proposal(id.as_str()));
    let confirmed = counted_before(desk, decided);
    let id = decided.event.envelope.id.to_string();
    let page = Page {
        is_stale: decided.is_stale,
        row: desk.ledger.row(decided.target_id()),
        rep_name: names
            .get(&node)
            .and_then(|person| person.name.as_deref())
            .filter(|name| *name != node),
        team_name: names.get(&node).map(|person| person.team_id.as_str()),
        proposal,
        confirmed_on: Some(&confirmed),
        calendar: Some(calendar),
        ..Page::new(data, &id, policy)
    };
    let language = if chinese { Language::Chinese } else { Language::English };
    Ok(Told {
        page: Some(paceline_targets::explain(&page, language)),
        ..Told::default()
    })
}

/// The days of the evaluations that counted towards this one, since the last change.
fn counted_before(desk: &Desk<'_>, decided: &Decided) -> Vec<Day> {
    let mut days = Vec::new();
    for earlier in desk
        .ledger
        .decisions_of(decided.target_id())
        .filter(|one| one.as_of() < decided.as_of())
    {
        let outcome = earlier.data().outcome;
        if matches!(outcome, Some(Recalibrated::Applied | Recalibrated::Proposed)) {
            days.clear();
        } else if earlier.evidence().is_some_and(|evidence| evidence.confirmations > 0) {
            days.push(earlier.as_of());
        } else {
            days.clear();
        }
    }
    days
}

/// The newest decision about a target, or the one of that day. A target is named by its id, or by node and metric.
fn find<'a>(desk: &'a Desk<'_>, target: &str, as_of: Option<Day>) -> Result<&'a Decided, Failure> {
    let is_meant = |decided: &&Decided| {
        let id = decided.target_id();
        let is_named = id == target || id.strip_prefix(target).is_some_and(|rest| rest.starts_with(':'));
        is_named && as_of.is_none_or(|day| day == decided.as_of())
    };
    let mut fitting: Vec<&Decided> = desk.ledger.decisions().filter(is_meant).collect();
    fitting.sort_by_key(|decided| (decided.as_of(), decided.recorded_at));
    let Some(newest) = fitting.last() else {
        let on = as_of.map(|day| format!(" as of {day}")).unwrap_or_default();
        return Err(refused(format!(
            "there is no decision about `{target}`{on}; a target is named as `paceline targets show` shows it, and decided \
             about by `paceline targets recalibrate`"
        )));
    };
    let others = fitting.iter().find(|decided| decided.target_id() != newest.target_id());
    match others {
        Some(other) => Err(refused(format!(
            "`{target}` may be {} or {}; give more of the name",
            newest.target_id(),
            other.target_id()
        ))),
        None => Ok(newest),
    }
}
