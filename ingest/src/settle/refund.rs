//! Refunds: each once by its id, divided among those who hold the win, never above what is left of their credit.

use std::collections::BTreeMap;

use paceline_schemas::event::EventType;
use paceline_schemas::field::Minor;
use paceline_schemas::ids::RefundId;
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::symbol::{CancelReason, CreditRole, Outcome};

use super::credit::{Claim, WHOLE_BP, divide};
use super::deal::{Case, Link, shares_of};
use super::outcome::fill;
use super::version::Numbered;
use super::{Fault, Plan, orphan};
use crate::memory::{Refund, Standing};

/// `deal.refunded`.
pub(super) fn plan(case: &Case) -> Result<Plan, Fault> {
    let refund_id = case.stated.refund_id.clone();
    let refund_id = refund_id.ok_or_else(|| Reject::missing("data.refund_id"))?;
    let minor = case.stated.refund_minor.filter(|minor| minor.0 > 0);
    let minor = minor.ok_or_else(|| Reject::new(Reason::BadMoney, "`data.refund_minor`: expected above 0"))?;
    let won = case.all_standing(&[Outcome::Won]);
    let lost = !case.all_standing(&[Outcome::Lost]).is_empty();
    let standing = if won.is_empty() && !lost {
        case.all_standing(&[Outcome::Cancelled])
    } else {
        won
    };
    if standing.is_empty() {
        return Err(orphan("refunds a win"));
    }
    let holders: Vec<Refund> = case
        .record
        .reps
        .values()
        .filter_map(|part| part.refunds.get(&refund_id).copied())
        .collect();
    if holders.iter().any(|refund| refund.minor != minor.0) {
        let detail = "`data.refund_id`: another amount was published under it";
        return Err(Reject::new(Reason::IdConflict, detail).into());
    }
    if !holders.is_empty() && !is_cut_off(case, &holders) {
        return Ok(Plan::unchanged());
    }
    let so_far = refunded(case, Some(&refund_id));
    let amount = standing
        .iter()
        .filter(|standing| standing.outcome == Outcome::Won)
        .find_map(|standing| standing.deal.amount_minor)
        .map(|amount| amount.0);
    if amount.is_some_and(|amount| so_far + minor.0 > amount) {
        let detail = format!(
            "`data.refund_minor`: {} more than what is left of the amount",
            so_far + minor.0 - amount.unwrap_or(0)
        );
        return Err(Reject::new(Reason::BadMoney, detail).into());
    }
    let full = amount.is_some_and(|amount| so_far + minor.0 == amount);
    Ok(publish(case, &standing, &refund_id, minor, full))
}

/// True when a crash kept a refund from some of those who share it: less is taken from them than was refunded.
fn is_cut_off(case: &Case, holders: &[Refund]) -> bool {
    let won = case.all_standing(&[Outcome::Won]);
    let amount = won.iter().find_map(|standing| standing.deal.amount_minor);
    let counting = |role: &Option<CreditRole>| *role != Some(CreditRole::Overlay);
    let (mut bp, mut taken) = (0, 0);
    for deal in won.iter().map(|standing| &standing.deal) {
        if counting(&deal.credit_role) {
            bp += deal.credit_bp.map_or(WHOLE_BP, |bp| bp.0);
            taken += deal.credit_refunded_minor.map_or(0, |minor| minor.0);
        }
    }
    let due = refunded(case, None).min(amount.map_or(0, |amount| amount.0));
    holders.iter().all(|refund| is_live(case, refund)) && bp == WHOLE_BP && taken < due
}

fn publish(case: &Case, standing: &[&Standing], refund_id: &RefundId, minor: Minor, full: bool) -> Plan {
    let shares = shares_of(standing);
    let claims: Vec<Claim> = standing
        .iter()
        .map(|standing| claim(case, standing, refund_id))
        .collect();
    let credits = divide(minor.0, &claims);
    let numbered = Numbered {
        revision: case.stated.revision.unwrap_or(0),
        by_arrival: false,
    };
    let mut events = Vec::new();
    let parts = case.parts(EventType::DealRefunded, &shares);
    for ((mut part, standing), credit) in parts.into_iter().zip(standing).zip(credits) {
        if published(case, standing, refund_id).is_some() {
            continue;
        }
        fill(&mut part.deal, standing);
        let stands = standing.outcome == Outcome::Won;
        part.deal.refund_minor = Some(minor);
        part.deal.credit_refund_minor = Some(Minor(if stands { credit } else { 0 }));
        part.deal.full = full && stands;
        part.deal.refunds.clone_from(&standing.won_id);
        part.deal.reason.get_or_insert(CancelReason::Unknown);
        let link = Link::to(standing, case.source());
        events.push(case.publish(part, EventType::DealRefunded, numbered, link, None));
    }
    Plan::publish(events)
}

/// What a rep can give back: the credit less earlier refunds, as it was before this one.
fn claim(case: &Case, standing: &Standing, refund_id: &RefundId) -> Claim {
    let deal = &standing.deal;
    let own = published(case, standing, refund_id).map_or(0, |refund| refund.credit);
    let refunded = deal.credit_refunded_minor.map_or(0, |minor| minor.0) - own;
    let left = (deal.credit_minor.map_or(0, |minor| minor.0) - refunded).max(0);
    Claim {
        role: deal.credit_role.unwrap_or_default(),
        bp: deal.credit_bp.map_or(WHOLE_BP, |bp| bp.0),
        most: if standing.outcome == Outcome::Won { left } else { 0 },
    }
}

fn published(case: &Case, standing: &Standing, refund_id: &RefundId) -> Option<Refund> {
    case.record
        .reps
        .get(&standing.deal.rep_id)?
        .refunds
        .get(refund_id)
        .copied()
}

/// Refunded so far of the win that stands, without the refund `except`.
pub(super) fn refunded(case: &Case, except: Option<&RefundId>) -> i64 {
    let mut live: BTreeMap<&RefundId, i64> = BTreeMap::new();
    for part in case.record.reps.values() {
        for (refund_id, refund) in part.refunds.iter().filter(|(_, refund)| is_live(case, refund)) {
            live.insert(refund_id, refund.minor);
        }
    }
    live.into_iter()
        .filter(|(refund_id, _)| Some(*refund_id) != except)
        .map(|(_, minor)| minor)
        .sum()
}

// A win may have gone to another rep since the refund and ended there.
fn is_live(case: &Case, refund: &Refund) -> bool {
    let ended = |ended_us: i64| ended_us > refund.arrival_us;
    refund.live && !case.record.reps.values().any(|part| ended(part.ended_us))
}
