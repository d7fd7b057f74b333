//! What is particular to wins: the customer's kind, earlier refunds, wins that were cancelled.

use paceline_schemas::envelope::Envelope;
use paceline_schemas::event::{Data, Event, EventType};
use paceline_schemas::field::Minor;
use paceline_schemas::symbol::{Flag, Outcome};
use paceline_schemas::time::Instant;

use super::{Case, Fault, Options, Part};
use crate::content::Content;
use crate::memory::Memory;
use crate::settle::credit::{Claim, WHOLE_BP, divide};
use crate::settle::{customer, refund};

/// Fills in the kind of the customer where the source does not tell it.
pub(super) fn derive_kinds(
    memory: &mut Memory,
    options: &Options,
    case: &Case,
    parts: &mut [Part],
) -> Result<(), Fault> {
    for part in parts {
        if part.deal.customer_kind.is_none() || part.deal.flags.has(Flag::KindDerived) {
            part.deal.flags.raise(Flag::KindDerived);
            part.deal.customer_kind = Some(customer::kind(memory, options, case.source(), &part.deal, part.time)?);
        }
    }
    Ok(())
}

/// Takes over what was refunded of the win so far. Where amount or shares changed it is divided anew.
pub(super) fn carry_refunds(case: &Case, parts: &mut [Part]) {
    let total = refund::refunded(case, None);
    if total == 0 {
        return;
    }
    let amount = case.stated.amount_minor.map_or(0, |amount| amount.0);
    let unmoved = parts.iter().all(|part| {
        case.standing(&part.rep_id).is_some_and(|standing| {
            let old = &standing.deal;
            standing.outcome == Outcome::Won
                && (old.credit_role, old.credit_bp) == (part.deal.credit_role, part.deal.credit_bp)
                && (old.amount_minor, old.credit_minor) == (part.deal.amount_minor, part.deal.credit_minor)
        })
    });
    let claims: Vec<Claim> = parts
        .iter()
        .map(|part| Claim {
            role: part.deal.credit_role.unwrap_or_default(),
            bp: part.deal.credit_bp.map_or(WHOLE_BP, |bp| bp.0),
            most: part.deal.credit_minor.map_or(0, |minor| minor.0),
        })
        .collect();
    let divided = divide(total.min(amount), &claims);
    for (part, credit) in parts.iter_mut().zip(divided) {
        let old = case.standing(&part.rep_id).filter(|_| unmoved);
        part.deal.credit_refunded_minor =
            Some(old.map_or(Minor(credit), |old| old.deal.credit_refunded_minor.unwrap_or(Minor(0))));
        part.deal.full = total >= amount;
    }
}

/// True when each part is a win that was cancelled, stated again as it was, and nothing says that it came back.
pub(super) fn was_cancelled(case: &Case, parts: &[Part], contents: &[Content]) -> bool {
    if case.draft.id.is_some() || case.stated.revision.is_some() {
        return false;
    }
    parts.iter().zip(contents).all(|(part, content)| {
        case.standing(&part.rep_id).is_some_and(|standing| {
            let time = Instant(standing.time_us);
            let won = Event {
                envelope: Envelope::new(
                    EventType::DealWon,
                    case.source().clone(),
                    standing.mark.id.clone(),
                    time,
                ),
                data: Data::Deal(Box::new(standing.deal.clone())),
            };
            standing.outcome == Outcome::Cancelled && Content::of(&won) == *content
        })
    })
}
