//! Intervals of reps' states, cut at the site's local hours so that each piece counts in one hour.
//!
//! A piece is an entity of its own, named by where it begins; its number within the interval ends its id. A shorter
//! version of an interval takes the pieces back that lie beyond it.

use paceline_schemas::event::{Data, Event, EventType, RepState};
use paceline_schemas::ids::{RepId, Source};
use paceline_schemas::site::Site;
use paceline_schemas::symbol::Flag;
use paceline_schemas::time::{HOUR_US, Instant};

use super::single::{Step, Version};
use super::{Fault, Options, Plan};
use crate::draft::Draft;
use crate::memory::{self, Memory, Single};

/// Longest interval; what is longer is cut and flagged.
const INTERVAL_MAX_US: i64 = 16 * HOUR_US;

/// Pieces of the longest interval, with room for hours that a change of the clock cuts.
const PIECES_MAX: usize = 20;

pub(super) fn plan(memory: &mut Memory, options: &Options, draft: Draft, received: Instant) -> Result<Plan, Fault> {
    let Data::State(state) = &draft.event.data else {
        return Ok(Plan::unchanged());
    };
    let site = options.sites.get(&state.site_id);
    let rep_id = state.rep_id.clone();
    let drafts = pieces(&draft, site);
    let beyond = beyond(memory, &draft.event.envelope.source, &rep_id, &drafts)?;
    let count = drafts.len();
    let whole = Version::of(draft.clone(), received);
    let mut events = Vec::new();
    let (mut restated, mut stale) = (false, false);
    for (at, piece) in drafts.into_iter().enumerate() {
        let done = settle_piece(memory, Piece::of(piece, at, received, restated))?;
        if at == 0 && done.stale {
            return Ok(done);
        }
        stale |= done.stale;
        restated |= at == 0 && !done.events.is_empty() && count + beyond.len() > 1;
        events.extend(done.events);
    }
    // What lies beyond goes first and from its end: cut off anywhere by a crash, the rest is still found.
    let mut gone = Vec::new();
    for (at, single) in beyond.iter().enumerate().rev() {
        let mut piece = Piece::of(taken_back(draft.clone(), single), count + at, received, restated);
        piece.version.stated = whole.stated.clone();
        let done = settle_piece(memory, piece)?;
        stale |= done.stale;
        gone.extend(done.events);
    }
    gone.append(&mut events);
    if gone.is_empty() && stale {
        return Ok(Plan::stale());
    }
    Ok(Plan::publish(gone))
}

/// One piece of the interval that is stated.
struct Piece {
    version: Version,
    given: bool,
    /// The first piece is of a later version, so this one is too.
    restated: bool,
}

impl Piece {
    fn of(draft: Draft, at: usize, received: Instant, restated: bool) -> Self {
        let given = draft.id.is_some();
        let mut version = Version::of(draft, received);
        version.suffix = format!("/h{at}");
        Self {
            version,
            given,
            restated,
        }
    }
}

fn settle_piece(memory: &mut Memory, piece: Piece) -> Result<Plan, Fault> {
    let version = piece.version;
    let Data::State(state) = &version.event.data else {
        return Ok(Plan::unchanged());
    };
    let rep_id = state.rep_id.clone();
    let key = memory::interval(&version.event.envelope.source, &rep_id, started_at(&version.event));
    let last = memory.interval_record(&key)?;
    let mark = last.map(|single| &single.mark);
    let numbered = match (version.step(mark, piece.given)?, mark) {
        (Step::Next(numbered), _) => numbered,
        (Step::Done(plan), Some(mark)) if piece.restated && plan.stale => version.stated.after(mark),
        (Step::Done(plan), _) => return Ok(plan),
    };
    Ok(match last {
        None => version.first(numbered),
        Some(last) => version.next(last, &rep_id, EventType::RepStateEnded, numbered, |event, _, _| {
            event.clone()
        }),
    })
}

/// The interval in pieces, each within one local hour.
fn pieces(draft: &Draft, site: Option<&Site>) -> Vec<Draft> {
    let Data::State(state) = &draft.event.data else {
        return Vec::new();
    };
    let (Some(started), Some(ended)) = (state.started_at, state.ended_at) else {
        return vec![draft.clone()];
    };
    let clamped = ended.0 - started.0 > INTERVAL_MAX_US;
    let end = if clamped {
        Instant(started.0 + INTERVAL_MAX_US)
    } else {
        ended
    };
    let mut drafts = Vec::new();
    let mut from = started;
    while drafts.len() < PIECES_MAX {
        let to = site.map_or(end, |site| next_hour(site, from)).min(end);
        let mut piece = draft.clone();
        piece.event.envelope.time = to;
        if let Data::State(state) = &mut piece.event.data {
            state.started_at = Some(from);
            state.ended_at = Some(to);
            if let Some(site) = site {
                state.hour = Some(site.hour(from));
                state.business_date = Some(site.business_date(from));
            }
            if clamped {
                state.flags.raise(Flag::Clamped);
            }
        }
        drafts.push(piece);
        if to >= end {
            break;
        }
        from = to;
    }
    drafts
}

/// Where the next local hour begins: an hour later, or where the clock is changed within it.
fn next_hour(site: &Site, from: Instant) -> Instant {
    let hour = site.hour(from);
    let next = Instant(hour.start.0 + HOUR_US);
    let after = site.hour(Instant(next.0 - 1));
    if after == hour {
        next
    } else {
        // The offset changes by whole minutes within this hour: the first minute of another hour is the border.
        let minutes = (from.0 / 60_000_000 + 1)..=(next.0 / 60_000_000);
        minutes
            .map(|minute| Instant(minute * 60_000_000))
            .find(|instant| site.hour(*instant) != hour)
            .unwrap_or(next)
    }
}

/// Pieces of the published version that lie beyond the new one.
fn beyond(memory: &mut Memory, source: &Source, rep_id: &RepId, drafts: &[Draft]) -> Result<Vec<Single>, Fault> {
    let Some(first) = drafts.first() else {
        return Ok(Vec::new());
    };
    let mut beyond = Vec::new();
    let mut start = started_at(&first.event);
    for at in 0..PIECES_MAX {
        let key = memory::interval(source, rep_id, start);
        let Some(single) = memory.interval_record(&key)? else {
            break;
        };
        if !single.mark.id.as_str().ends_with(&format!("/h{at}")) {
            break;
        }
        let ended = single.previous.ended_at;
        if at >= drafts.len() && !single.previous.retracted {
            beyond.push(single.clone());
        }
        let planned = drafts.get(at).map(|draft| ended_at(&draft.event));
        match ended.or(planned) {
            Some(next) if next > start => start = next,
            Some(_) | None => break,
        }
    }
    Ok(beyond)
}

fn taken_back(mut draft: Draft, single: &Single) -> Draft {
    let counted = &single.previous;
    draft.event.envelope.time = counted.time.unwrap_or(draft.event.envelope.time);
    if let Data::State(state) = &mut draft.event.data {
        let kept = RepState {
            rep_id: single.rep_id.clone(),
            revision: state.revision,
            site_id: counted.site_id.clone().unwrap_or_else(|| state.site_id.clone()),
            business_date: counted.business_date,
            hour: counted.hour,
            currency: counted.currency.clone().unwrap_or_else(|| state.currency.clone()),
            state: counted.state,
            started_at: counted.started_at,
            ended_at: counted.ended_at,
            retracted: true,
            ..RepState::default()
        };
        **state = kept;
    }
    draft
}

fn started_at(event: &Event) -> Instant {
    match &event.data {
        Data::State(state) => state.started_at.unwrap_or_default(),
        _ => Instant::default(),
    }
}

fn ended_at(event: &Event) -> Instant {
    match &event.data {
        Data::State(state) => state.ended_at.unwrap_or_default(),
        _ => Instant::default(),
    }
}
