//! Whether a customer is new, and the deals whose answer changes when a win comes late or goes.
//!
//! Wins of a customer are ordered by time, source and deal. A win's kind hangs on the one before it alone, so a change
//! at one place concerns the next deal.

use std::collections::BTreeSet;

use paceline_schemas::envelope::Envelope;
use paceline_schemas::event::{Data, Deal, Event, EventType};
use paceline_schemas::field::Minor;
use paceline_schemas::ids::{DealId, Source};
use paceline_schemas::symbol::{Amends, CustomerKind, Flag, Outcome};
use paceline_schemas::time::Instant;

use super::version::{Naming, Numbered, Stamp, stamp};
use super::{Fault, Options};
use crate::content::Canonical;
use crate::memory::{self, Customer, Memory, Standing, Touched, Win};

/// The kind of the customer of a win of `deal` at `time`.
pub(super) fn kind(
    memory: &mut Memory,
    options: &Options,
    source: &Source,
    deal: &Deal,
    time: Instant,
) -> Result<CustomerKind, Fault> {
    let Some(customer_key) = &deal.customer_key else {
        return Ok(CustomerKind::Unknown);
    };
    let customer = memory.customer_record(&memory::customer(customer_key))?;
    let before = customer.and_then(|customer| win_before(customer, time.0, source, &deal.deal_id));
    let Some(Win(.., day)) = before else {
        return Ok(CustomerKind::New);
    };
    let days = deal.business_date.unwrap_or_default().0.saturating_sub(day.0);
    Ok(if days <= options.retained_within_days {
        CustomerKind::Retained
    } else {
        CustomerKind::Reactivated
    })
}

fn win_before<'a>(customer: &'a Customer, time_us: i64, source: &Source, deal_id: &DealId) -> Option<&'a Win> {
    let own = (time_us, source, deal_id);
    let end = customer.wins.partition_point(|win| (win.0, &win.1, &win.2) < own);
    customer
        .wins
        .iter()
        .take(end)
        .rev()
        .find(|win| (&win.1, &win.2) != (source, deal_id))
}

fn win_after<'a>(customer: &'a Customer, win: &Win) -> Option<&'a Win> {
    let start = customer.wins.partition_point(|other| other <= win);
    customer
        .wins
        .iter()
        .skip(start)
        .find(|other| (&other.1, &other.2) != (&win.1, &win.2))
}

/// Publishes the wins anew whose derived kind is another one since wins changed at `touched`.
pub(super) fn republish(
    memory: &mut Memory,
    options: &Options,
    touched: &[Touched],
    received: Instant,
) -> Result<Vec<Event>, Fault> {
    let mut events = Vec::new();
    let mut deals: BTreeSet<(Source, DealId)> = BTreeSet::new();
    for (customer_key, win) in touched {
        let customer = memory.customer_record(&memory::customer(customer_key))?;
        if let Some(next) = customer.and_then(|customer| win_after(customer, win)) {
            deals.insert((next.1.clone(), next.2.clone()));
        }
    }
    for (source, deal_id) in deals {
        let Some(record) = memory.deal_record(&memory::deal(&source, &deal_id))? else {
            continue;
        };
        let derived: Vec<Standing> = record
            .reps
            .values()
            .filter_map(|part| part.standing.as_deref())
            .filter(|standing| standing.outcome == Outcome::Won && standing.deal.flags.has(Flag::KindDerived))
            .cloned()
            .collect();
        for standing in derived {
            let time = Instant(standing.time_us);
            let kind = kind(memory, options, &source, &standing.deal, time)?;
            if standing.deal.customer_kind != Some(kind) {
                let event = amendment(&source, standing, kind, received);
                let content = crate::content::Content::of(&event);
                memory.note(&event, content)?;
                events.push(event);
            }
        }
    }
    Ok(events)
}

fn amendment(source: &Source, standing: Standing, kind: CustomerKind, received: Instant) -> Event {
    let previous = standing.previous(source);
    let mark = standing.mark;
    let mut deal = standing.deal;
    deal.customer_kind = Some(kind);
    deal.amends = Some(Amends::Customer);
    deal.status = Some(Outcome::Won);
    deal.reinstated = false;
    deal.credit_refunded_minor = Some(deal.credit_refunded_minor.unwrap_or(Minor(0)));
    let envelope = Envelope::new(
        EventType::DealAmended,
        source.clone(),
        mark.id.clone(),
        Instant(standing.time_us),
    );
    let naming = Naming::of_entity(deal.deal_id.as_str());
    let mut event = Event {
        envelope,
        data: Data::Deal(Box::new(deal)),
    };
    let replaced = mark.next_replaces().clone();
    let own = Stamp {
        id: naming.id(EventType::DealAmended, &Canonical::of(&event), Some(&replaced), ""),
        // The source stated no other version: its own next revision must still be the higher one.
        numbered: Numbered {
            revision: mark.revision,
            by_arrival: false,
        },
        received,
        supersedes: Some(replaced.clone()),
        cause: Some(replaced),
        previous: Some(previous),
    };
    stamp(&mut event, own);
    event
}
