//! The outcome of a deal: won, lost, amended, cancelled, withdrawn.
//!
//! | stands | stated | published |
//! |---|---|---|
//! | none, open | won, lost | `deal.won`, `deal.lost` |
//! | lost | won | `deal.won` |
//! | won, lost | the same, other content | `deal.amended` |
//! | won | lost | `deal.cancelled`, `deal.lost` |
//! | cancelled | won | `deal.won`, reinstated |
//! | won | cancelled | `deal.cancelled` |
//!
//! A rep who loses the credit gets an amendment to `open` that counts nothing.

mod amended;
mod won;

use paceline_schemas::event::{Deal, Event, EventType};
use paceline_schemas::field::{BasisPoints, Minor};
use paceline_schemas::ids::EventId;
use paceline_schemas::symbol::{Amends, CancelReason, CreditRole, Outcome};

use self::amended::what_is_amended;
use super::deal::{Case, Link, Part, rank, shares_of};
use super::version::{Numbered, Stated, with_suffix};
use super::{Credit, Fault, Options, Plan, id_conflict, orphan};
use crate::content::Content;
use crate::draft::Share;
use crate::memory::{Memory, Standing};

/// A win or a loss.
pub(super) fn restate(memory: &mut Memory, options: &Options, case: &Case, target: Outcome) -> Result<Plan, Fault> {
    let corrects = case.event_type() == EventType::DealAmended;
    if corrects && case.last().is_none() {
        return Err(orphan("amends an outcome"));
    }
    let event_type = if target == Outcome::Won {
        EventType::DealWon
    } else {
        EventType::DealLost
    };
    let shares = shares(options, case, target)?;
    let mut parts = case.parts(event_type, &shares);
    for part in &mut parts {
        keep_stamps(case, part);
    }
    if target == Outcome::Won {
        won::derive_kinds(memory, options, case, &mut parts)?;
        won::carry_refunds(case, &mut parts);
    }
    let contents: Vec<Content> = parts.iter().map(|part| case.content(part)).collect();
    if is_known(case, &parts, &contents)? {
        return Ok(Plan::unchanged());
    }
    let same: Vec<bool> = parts
        .iter()
        .zip(&contents)
        .map(|(part, content)| is_same(case, part, target, *content))
        .collect();
    let leaving = leaving(case, &parts);
    let all_same = same.iter().all(|same| *same) && leaving.is_empty();
    if all_same || (options.cancelled_wins_stay && won::was_cancelled(case, &parts, &contents)) {
        return Ok(Plan::unchanged());
    }
    let first = contents.first().copied().unwrap_or(Content(0));
    let stated = Stated::of(&case.draft, case.received, rank(target), first);
    let completes = case
        .last()
        .filter(|(mark, _)| same.contains(&true) && stated.arrived_with(mark))
        .map(|(mark, _)| stated.completing(mark));
    let Some(numbered) = completes.or_else(|| stated.against(case.last())) else {
        return Ok(Plan::stale());
    };
    let moves = corrects || !case.all_standing(&[Outcome::Won]).is_empty();
    let mut events = Vec::new();
    for standing in leaving {
        events.push(leave(case, standing, target, numbered));
    }
    for (part, _) in parts.into_iter().zip(same).filter(|(_, same)| !same) {
        restate_part(case, part, target, numbered, moves, &mut events);
    }
    Ok(Plan::publish(events))
}

/// Who is credited: those who won it, where wins stay and no shares are stated; else who is stated.
fn shares(options: &Options, case: &Case, target: Outcome) -> Result<Vec<Share>, Fault> {
    let won = case.all_standing(&[Outcome::Won]);
    let stays = target == Outcome::Won
        && options.credit == Credit::Stays
        && case.draft.splits.is_empty()
        && !case.is_one_part();
    if stays && !won.is_empty() {
        return Ok(shares_of(&won));
    }
    case.shares()
}

// A draft is stamped for the rep that it names. A part that stays with another one keeps that rep's site and day.
fn keep_stamps(case: &Case, part: &mut Part) {
    if part.rep_id == case.stated.rep_id {
        return;
    }
    if let Some(standing) = case.standing(&part.rep_id) {
        part.deal.site_id = standing.deal.site_id.clone();
        if standing.time_us == part.time.0 {
            part.deal.business_date = standing.deal.business_date;
            part.deal.hour = standing.deal.hour;
        }
    }
}

/// True when a producer sent all parts under these ids before.
fn is_known(case: &Case, parts: &[Part], contents: &[Content]) -> Result<bool, Fault> {
    let mut known = 0;
    for (part, content) in parts.iter().zip(contents) {
        let standing = case.standing(&part.rep_id);
        let published = case.given_id(part).and_then(|id| standing?.mark.published(&id));
        match published {
            Some(before) if before != *content => return Err(id_conflict()),
            Some(_) => known += 1,
            None => {}
        }
    }
    Ok(known > 0 && known == parts.len())
}

fn is_same(case: &Case, part: &Part, target: Outcome, content: Content) -> bool {
    let number = |minor: Option<Minor>| minor.map_or(0, |minor| minor.0);
    case.standing(&part.rep_id).is_some_and(|standing| {
        standing.outcome == target
            && standing.mark.content == content
            && number(standing.deal.credit_minor) == number(part.deal.credit_minor)
            && number(standing.deal.credit_refunded_minor) == number(part.deal.credit_refunded_minor)
            && standing.deal.full == part.deal.full
    })
}

/// Outcomes of reps whom the draft does not credit any more.
fn leaving<'a>(case: &'a Case, parts: &[Part]) -> Vec<&'a Standing> {
    if case.is_one_part() {
        return Vec::new();
    }
    let mut standing = case.all_standing(&[Outcome::Won, Outcome::Lost]);
    standing.retain(|standing| parts.iter().all(|part| part.rep_id != standing.deal.rep_id));
    standing
}

fn leave(case: &Case, standing: &Standing, target: Outcome, numbered: Numbered) -> (Event, Content) {
    let link = Link::to(standing, case.source());
    let suffix = if standing.deal.credit_role == Some(CreditRole::Owner) {
        "#out".to_owned()
    } else {
        let rep = with_suffix(standing.deal.rep_id.as_str(), "");
        format!("#out.{:08x}", short_hash(&rep))
    };
    if target == Outcome::Lost && standing.outcome == Outcome::Won {
        let template = Part {
            rep_id: standing.deal.rep_id.clone(),
            event_type: EventType::DealCancelled,
            time: case.draft.event.envelope.time,
            deal: case.stated.clone(),
            suffix: String::new(),
        };
        let mut part = cancellation(case, &template, standing);
        part.suffix = suffix;
        return case.publish(part, EventType::DealCancelled, numbered, link, None);
    }
    let mut deal = standing.deal.clone();
    deal.credit_bp = Some(BasisPoints(0));
    deal.credit_minor = Some(Minor(0));
    deal.credit_refunded_minor = Some(Minor(0));
    deal.full = false;
    deal.reinstated = false;
    deal.amends = Some(Amends::Credit);
    deal.status = Some(Outcome::Open);
    let part = Part {
        rep_id: deal.rep_id.clone(),
        event_type: EventType::DealAmended,
        time: paceline_schemas::time::Instant(standing.time_us),
        deal,
        suffix,
    };
    case.publish(part, EventType::DealAmended, numbered, link, None)
}

fn short_hash(id: &EventId) -> u32 {
    id.as_str().bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

fn restate_part(
    case: &Case,
    mut part: Part,
    target: Outcome,
    numbered: Numbered,
    moves: bool,
    events: &mut Vec<(Event, Content)>,
) {
    let corrects = case.event_type() == EventType::DealAmended;
    let Some(standing) = case.standing(&part.rep_id) else {
        let (event_type, link) = if moves && target == Outcome::Won || corrects {
            amend(&mut part, target, Amends::Credit);
            (EventType::DealAmended, Link::from(Outcome::Open, None))
        } else {
            (part.event_type, Link::default())
        };
        events.push(case.publish(part, event_type, numbered, link, None));
        return;
    };
    let mut link = Link::to(standing, case.source());
    let restated = standing.outcome == target
        || (standing.outcome == Outcome::Open && moves && target == Outcome::Won)
        || (corrects && standing.outcome != Outcome::Cancelled);
    if restated {
        let what = what_is_amended(case, &part, standing);
        amend(&mut part, target, what);
        events.push(case.publish(part, EventType::DealAmended, numbered, link, None));
        return;
    }
    let event_type = part.event_type;
    let id = case.id_of(&part, event_type, link.replaced.as_ref());
    if standing.outcome == Outcome::Won {
        let mut first = cancellation(case, &part, standing);
        first.suffix = String::new();
        let first_id = with_suffix(id.as_str(), "#cancelled");
        events.push(case.publish(first, EventType::DealCancelled, numbered, link, Some(first_id)));
        link = Link::from(Outcome::Cancelled, Some(&standing.mark));
    }
    part.deal.amends = None;
    part.deal.reinstated = standing.outcome == Outcome::Cancelled && target == Outcome::Won;
    events.push(case.publish(part, event_type, numbered, link, Some(id)));
}

fn amend(part: &mut Part, status: Outcome, what: Amends) {
    part.deal.status = Some(status);
    part.deal.amends = Some(what);
    part.deal.credit_refunded_minor.get_or_insert(Minor(0));
}

/// `deal.cancelled`.
pub(super) fn cancel(case: &Case) -> Result<Plan, Fault> {
    let standing = case.all_standing(&[Outcome::Won, Outcome::Cancelled]);
    if standing.is_empty() {
        return Err(orphan("cancels a win"));
    }
    let stands = standing.iter().any(|standing| standing.outcome == Outcome::Won);
    if !stands && !case.all_standing(&[Outcome::Lost]).is_empty() {
        return Ok(Plan::stale());
    }
    let parts = case.parts(EventType::DealCancelled, &shares_of(&standing));
    let parts: Vec<Part> = parts
        .iter()
        .zip(&standing)
        .map(|(part, standing)| cancellation(case, part, standing))
        .collect();
    let contents: Vec<Content> = parts.iter().map(|part| case.content(part)).collect();
    if is_known(case, &parts, &contents)? {
        return Ok(Plan::unchanged());
    }
    let is_done = |(standing, content): (&&Standing, &Content)| {
        standing.outcome == Outcome::Cancelled && standing.mark.content == *content
    };
    if standing.iter().zip(&contents).all(is_done) {
        return Ok(Plan::unchanged());
    }
    let first = contents.first().copied().unwrap_or(Content(0));
    let stated = Stated::of(&case.draft, case.received, rank(Outcome::Cancelled), first);
    let last = case.last();
    // A cancellation in the same file as its win comes after it, whatever the dates say.
    let together = last.filter(|(mark, _)| stands && case.draft.id.is_none() && stated.arrived_with(mark));
    let numbered = match together {
        Some((mark, _)) => Some(stated.after(mark)),
        None => stated.against(last),
    };
    let Some(numbered) = numbered else {
        return Ok(Plan::stale());
    };
    let mut events = Vec::new();
    for ((part, standing), content) in parts.into_iter().zip(standing).zip(contents) {
        if is_done((&standing, &content)) {
            continue;
        }
        let link = Link::to(standing, case.source());
        events.push(case.publish(part, EventType::DealCancelled, numbered, link, None));
    }
    Ok(Plan::publish(events))
}

/// `deal.amended` to open: an outcome was entered by mistake.
pub(super) fn withdraw(case: &Case) -> Result<Plan, Fault> {
    let standing = case.all_standing(&[Outcome::Won, Outcome::Lost]);
    if standing.is_empty() {
        return match case.last() {
            Some(_) => Ok(Plan::unchanged()),
            None => Err(orphan("withdraws an outcome")),
        };
    }
    let mut parts = case.parts(EventType::DealAmended, &shares_of(&standing));
    for part in &mut parts {
        amend(part, Outcome::Open, case.stated.amends.unwrap_or(Amends::Error));
    }
    let contents: Vec<Content> = parts.iter().map(|part| case.content(part)).collect();
    if is_known(case, &parts, &contents)? {
        return Ok(Plan::unchanged());
    }
    let first = contents.first().copied().unwrap_or(Content(0));
    let stated = Stated::of(&case.draft, case.received, rank(Outcome::Cancelled), first);
    let Some(numbered) = stated.against(case.last()) else {
        return Ok(Plan::stale());
    };
    let mut events = Vec::new();
    for (part, standing) in parts.into_iter().zip(standing) {
        let link = Link::to(standing, case.source());
        events.push(case.publish(part, EventType::DealAmended, numbered, link, None));
    }
    Ok(Plan::publish(events))
}

/// The cancellation of what stands, from what `part` states.
pub(super) fn cancellation(case: &Case, part: &Part, standing: &Standing) -> Part {
    let mut cancelled = part.clone();
    cancelled.event_type = EventType::DealCancelled;
    cancelled.time = case.draft.event.envelope.time;
    let deal = &mut cancelled.deal;
    fill(deal, standing);
    deal.reason.get_or_insert(CancelReason::Unknown);
    deal.cancels.clone_from(&standing.won_id);
    deal.amends = None;
    deal.lost_reason = None;
    deal.competitor = None;
    deal.credit_refunded_minor = None;
    deal.full = false;
    cancelled
}

/// Takes from the win what a cancellation or refund is counted by: the credit and the place, unless it is stated.
pub(super) fn fill(deal: &mut Deal, standing: &Standing) {
    let won = &standing.deal;
    deal.rep_id = won.rep_id.clone();
    deal.credit_role = won.credit_role;
    deal.credit_bp = won.credit_bp;
    deal.credit_minor = won.credit_minor;
    deal.amount_minor = won.amount_minor;
    deal.currency = won.currency.clone();
    for (own, other) in [
        (&mut deal.product_id, &won.product_id),
        (&mut deal.campaign_id, &won.campaign_id),
        (&mut deal.lead_source, &won.lead_source),
    ] {
        if own.is_none() {
            own.clone_from(other);
        }
    }
}
