//! The stage of a deal, which counts nothing, and the reopening of a loss, which takes it back.

use paceline_schemas::event::EventType;
use paceline_schemas::symbol::{CancelReason, Outcome};

use super::deal::{Case, Link, Part, rank};
use super::outcome::cancellation;
use super::version::{Numbered, Stated};
use super::{Fault, Plan, id_conflict, orphan};
use crate::content::Content;
use crate::memory::{Mark, Standing};

/// `deal.opened`, `deal.stage_changed`: other content is published again, without `previous`.
pub(super) fn plan(case: &Case, event_type: EventType) -> Result<Plan, Fault> {
    let (mut events, mut stale) = (Vec::new(), false);
    for part in case.parts(event_type, &case.shares()?) {
        let content = case.content(&part);
        let last = mark_of(case, &part);
        let known = case.given_id(&part).and_then(|id| last?.published(&id));
        if known.is_some_and(|known| known != content) {
            return Err(id_conflict());
        }
        if known.is_some() || last.is_some_and(|mark| mark.content == content) {
            continue;
        }
        match number(case, event_type, last, content) {
            Some(numbered) => {
                let link = Link {
                    replaced: last.map(|mark| mark.next_replaces().clone()),
                    previous: None,
                };
                events.push(case.publish(part, event_type, numbered, link, None));
            }
            None => stale = true,
        }
    }
    if events.is_empty() && stale {
        return Ok(Plan::stale());
    }
    Ok(Plan::publish(events))
}

fn mark_of<'a>(case: &'a Case, part: &Part) -> Option<&'a Mark> {
    let of_rep = case.record.reps.get(&part.rep_id)?;
    match part.event_type {
        EventType::DealOpened => of_rep.opened.as_ref(),
        _ => of_rep.stage.as_ref(),
    }
}

fn number(case: &Case, event_type: EventType, last: Option<&Mark>, content: Content) -> Option<Numbered> {
    let stated = Stated::of(&case.draft, case.received, 0, content);
    // A history of stages may come in any order: without revisions the stage entered last is the current one.
    let entered_before = |mark: &Mark| case.draft.event.envelope.time.0 < mark.time_us;
    if event_type == EventType::DealStageChanged && !stated.has_revision() && last.is_some_and(entered_before) {
        return None;
    }
    stated.against(last.map(|mark| (mark, 0)))
}

/// `deal.stage_changed` with `reopened`: takes back a loss; a win is cancelled first.
pub(super) fn reopen(case: &Case) -> Result<Plan, Fault> {
    let standing = case.all_standing(&[Outcome::Won, Outcome::Lost]);
    if standing.is_empty() {
        if case.last().is_none() {
            return Err(orphan("reopens a deal"));
        }
        return plan(case, EventType::DealStageChanged);
    }
    let shares = super::deal::shares_of(&standing);
    let parts = case.parts(EventType::DealStageChanged, &shares);
    let content = parts.first().map_or(Content(0), |part| case.content(part));
    let known = parts.iter().zip(&standing).any(|(part, standing)| {
        case.given_id(part)
            .is_some_and(|id| standing.mark.published(&id).is_some())
    });
    if known {
        return Ok(Plan::unchanged());
    }
    let stated = Stated::of(&case.draft, case.received, rank(Outcome::Cancelled), content);
    let Some(numbered) = stated.against(case.last()) else {
        return Ok(Plan::stale());
    };
    let mut events = Vec::new();
    for (part, standing) in parts.into_iter().zip(standing) {
        reopened(case, part, standing, numbered, &mut events);
    }
    Ok(Plan::publish(events))
}

fn reopened(
    case: &Case,
    mut part: Part,
    standing: &Standing,
    numbered: Numbered,
    events: &mut Vec<(paceline_schemas::event::Event, Content)>,
) {
    part.deal.reopened = true;
    let mut link = Link::to(standing, case.source());
    let id = case.id_of(&part, EventType::DealStageChanged, link.replaced.as_ref());
    if standing.outcome == Outcome::Won {
        let mut first = cancellation(case, &part, standing);
        first.deal.reason = Some(CancelReason::Reopened);
        first.deal.reopened = false;
        first.suffix.clear();
        let first_id = super::version::with_suffix(id.as_str(), "#cancelled");
        events.push(case.publish(first, EventType::DealCancelled, numbered, link, Some(first_id)));
        link = Link::from(Outcome::Cancelled, Some(&standing.mark));
    }
    events.push(case.publish(part, EventType::DealStageChanged, numbered, link, Some(id)));
}
