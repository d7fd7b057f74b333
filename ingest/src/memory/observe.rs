//! How a published event changes memory: the only place where memory changes.
//!
//! Settling decides from memory and then shows memory its own events; a start shows it the log. Both end in the same
//! records. Events of one rep come in the order of their partition. Those of different reps may come in any order,
//! so what they share is ordered by revision.

use paceline_schemas::event::{Call, Data, Deal, Event, EventType, Lead, People, RepState};
use paceline_schemas::field::Minor;
use paceline_schemas::ids::{CustomerKey, EventId, RepId};
use paceline_schemas::measures;
use paceline_schemas::symbol::{Amends, Outcome};

use super::record::{Customer, DealRecord, LeadRecord, Mark, Record, Refund, RepDeal, Single, Standing, Win};
use super::{Memory, key};
use crate::content::Content;
use crate::error::Error;

/// Transfers remembered per lead.
const TRANSFERS_MAX: usize = 64;

/// A place among a customer's wins at which something changed.
pub(crate) type Touched = (CustomerKey, Win);

impl Memory {
    /// Takes a published event into memory.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn observe(&mut self, event: &Event) -> Result<(), Error> {
        if matches!(event.data, Data::Tick) {
            return Ok(());
        }
        self.note(event, Content::of(event)).map(drop)
    }

    /// Takes an event with its content, and tells where the wins of customers changed.
    pub(crate) fn note(&mut self, event: &Event, content: Content) -> Result<Vec<Touched>, Error> {
        match &event.data {
            Data::Call(call) => self.note_call(event, call, content)?,
            Data::Deal(deal) => return self.note_deal(event, deal, content),
            Data::Lead(lead) => self.note_lead(event, lead, content)?,
            Data::State(state) => self.note_state(event, state, content)?,
            Data::People(people) => self.note_people(event, people, content)?,
            Data::Target(_) | Data::Tick => {}
        }
        Ok(Vec::new())
    }

    fn note_call(&mut self, event: &Event, call: &Call, content: Content) -> Result<(), Error> {
        let key = key::leg(&event.envelope.source, &call.call_id, &call.leg_id);
        let old = match self.take(&key)? {
            Some(Record::Leg(old)) => Some(*old),
            _ => None,
        };
        let single = advance(old, event, &call.rep_id, call.supersedes.as_ref(), content);
        self.put(key, Record::Leg(Box::new(single)));
        Ok(())
    }

    fn note_state(&mut self, event: &Event, state: &RepState, content: Content) -> Result<(), Error> {
        let started_at = state.started_at.unwrap_or_default();
        let key = key::interval(&event.envelope.source, &state.rep_id, started_at);
        let old = match self.take(&key)? {
            Some(Record::Interval(old)) => Some(*old),
            _ => None,
        };
        let single = advance(old, event, &state.rep_id, state.supersedes.as_ref(), content);
        self.put(key, Record::Interval(Box::new(single)));
        Ok(())
    }

    fn note_lead(&mut self, event: &Event, lead: &Lead, content: Content) -> Result<(), Error> {
        let key = key::lead(&event.envelope.source, &lead.lead_id);
        let mut record = match self.take(&key)? {
            Some(Record::Lead(old)) => *old,
            _ => LeadRecord::default(),
        };
        if event.envelope.event_type == EventType::LeadTransferred {
            record.transfers.push((event.envelope.time.0, content));
            record.transfers.sort_unstable();
            record.transfers.dedup();
            let over = record.transfers.len().saturating_sub(TRANSFERS_MAX);
            record.transfers.drain(..over);
        } else {
            let old = record.assigned.take();
            record.assigned = Some(advance(old, event, &lead.rep_id, lead.supersedes.as_ref(), content));
        }
        self.put(key, Record::Lead(Box::new(record)));
        Ok(())
    }

    fn note_people(&mut self, event: &Event, people: &People, content: Content) -> Result<(), Error> {
        let key = key::people(event.envelope.event_type, &event.envelope.source, people);
        let old = match self.take(&key)? {
            Some(Record::People(old)) => Some(*old),
            _ => None,
        };
        self.put(key, Record::People(Box::new(Mark::after(old, event, content))));
        Ok(())
    }

    fn note_deal(&mut self, event: &Event, deal: &Deal, content: Content) -> Result<Vec<Touched>, Error> {
        let key = key::deal(&event.envelope.source, &deal.deal_id);
        let mut record = match self.take(&key)? {
            Some(Record::Deal(old)) => *old,
            _ => DealRecord::default(),
        };
        let part = record.reps.entry(deal.rep_id.clone()).or_default();
        let before = win_of(event, part);
        note_part(part, event, deal, content);
        let after = win_of(event, part);
        self.put(key, Record::Deal(Box::new(record)));
        let mut touched = Vec::new();
        if before != after {
            if let Some((customer, win)) = before {
                self.change_customer(&customer, |customer| {
                    customer.wins.retain(|other| *other != win);
                })?;
                touched.push((customer, win));
            }
            if let Some((customer, win)) = after {
                self.change_customer(&customer, |customer| {
                    if let Err(at) = customer.wins.binary_search(&win) {
                        customer.wins.insert(at, win.clone());
                    }
                })?;
                touched.push((customer, win));
            }
        }
        Ok(touched)
    }

    fn change_customer(&mut self, customer: &CustomerKey, change: impl FnOnce(&mut Customer)) -> Result<(), Error> {
        let key = key::customer(customer);
        let mut record = match self.take(&key)? {
            Some(Record::Customer(old)) => *old,
            _ => Customer::default(),
        };
        change(&mut record);
        self.put(key, Record::Customer(Box::new(record)));
        Ok(())
    }
}

fn advance(
    old: Option<Single>,
    event: &Event,
    rep_id: &RepId,
    supersedes: Option<&EventId>,
    content: Content,
) -> Single {
    let fresh = |mark: Mark| Single {
        mark,
        rep_id: rep_id.clone(),
        previous: measures::previous_of(event),
    };
    let Some(mut old) = old else {
        return fresh(Mark::after(None, event, content));
    };
    let alone = Mark::after(None, event, content);
    let follows = old.rep_id == *rep_id
        || (supersedes.is_some() && old.mark.replaced.as_ref() == supersedes)
        || alone.rank() >= old.mark.rank();
    if follows {
        fresh(Mark::after(Some(old.mark), event, content))
    } else {
        old.mark.remember(alone);
        old
    }
}

fn note_part(part: &mut RepDeal, event: &Event, deal: &Deal, content: Content) {
    match event.envelope.event_type {
        EventType::DealOpened => part.opened = Some(Mark::after(part.opened.take(), event, content)),
        EventType::DealStageChanged => {
            part.stage = Some(Mark::after(part.stage.take(), event, content));
            if let Some(standing) = part.standing.as_deref_mut().filter(|_| deal.reopened) {
                standing.outcome = Outcome::Open;
                replace_mark(&mut standing.mark, event, content);
            }
        }
        EventType::DealWon => {
            retire_refunds(part);
            stand(part, event, deal, content, Outcome::Won);
        }
        EventType::DealLost => stand(part, event, deal, content, Outcome::Lost),
        EventType::DealAmended => {
            let status = deal.status.unwrap_or(Outcome::Open);
            if status == Outcome::Open && deal.amends != Some(Amends::Credit) {
                end_win(part, event);
            }
            stand(part, event, deal, content, status);
        }
        EventType::DealCancelled => {
            end_win(part, event);
            if let Some(standing) = part.standing.as_deref_mut() {
                standing.outcome = Outcome::Cancelled;
                replace_mark(&mut standing.mark, event, content);
            }
        }
        EventType::DealRefunded => refund(part, event, deal),
        _ => {}
    }
}

fn replace_mark(mark: &mut Mark, event: &Event, content: Content) {
    *mark = Mark::after(Some(mark.clone()), event, content);
}

fn stand(part: &mut RepDeal, event: &Event, deal: &Deal, content: Content, outcome: Outcome) {
    let mut kept = deal.clone();
    kept.previous = None;
    let (old, won_before) = match part.standing.take() {
        Some(old) => (Some(old.mark), old.won_id),
        None => (None, None),
    };
    let won_id = match (outcome, event.envelope.event_type, won_before) {
        (Outcome::Won, EventType::DealAmended, Some(before)) => Some(before),
        (Outcome::Won, _, _) => Some(event.envelope.id.clone()),
        (_, _, before) => before,
    };
    part.standing = Some(Box::new(Standing {
        mark: Mark::after(old, event, content),
        outcome,
        time_us: event.envelope.time.0,
        deal: kept,
        won_id,
    }));
}

fn end_win(part: &mut RepDeal, event: &Event) {
    retire_refunds(part);
    part.ended_us = event.envelope.recordedtime.unwrap_or_default().0;
}

fn retire_refunds(part: &mut RepDeal) {
    for refund in part.refunds.values_mut() {
        refund.live = false;
    }
}

fn refund(part: &mut RepDeal, event: &Event, deal: &Deal) {
    let Some(refund_id) = deal.refund_id.clone() else {
        return;
    };
    let standing = part
        .standing
        .as_deref_mut()
        .filter(|standing| standing.outcome == Outcome::Won);
    let refund = Refund {
        minor: deal.refund_minor.map_or(0, |minor| minor.0),
        credit: deal.credit_refund_minor.map_or(0, |minor| minor.0),
        live: standing.is_some(),
        arrival_us: event.envelope.recordedtime.unwrap_or_default().0,
    };
    if let Some(standing) = standing {
        let so_far = standing.deal.credit_refunded_minor.map_or(0, |minor| minor.0);
        standing.deal.credit_refunded_minor = Some(Minor(so_far + refund.credit));
        standing.deal.full |= deal.full;
    }
    part.refunds.insert(refund_id, refund);
}

/// The customer's win that a rep's part is, if it is one.
fn win_of(event: &Event, part: &RepDeal) -> Option<Touched> {
    let standing = part
        .standing
        .as_deref()
        .filter(|standing| standing.outcome == Outcome::Won)?;
    let deal = &standing.deal;
    let customer = deal.customer_key.clone()?;
    Some((
        customer,
        Win(
            standing.time_us,
            event.envelope.source.clone(),
            deal.deal_id.clone(),
            deal.rep_id.clone(),
            deal.business_date.unwrap_or_default(),
        ),
    ))
}
