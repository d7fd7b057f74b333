//! Leads: an assignment and its later versions, and transfers, which are published once per rep.

use paceline_schemas::event::{Data, Event, EventType, Lead, Previous};
use paceline_schemas::ids::RepId;
use paceline_schemas::reject::Reject;
use paceline_schemas::symbol::Side;
use paceline_schemas::time::Instant;

use super::single::{Step, Version};
use super::version::{Naming, Numbered, Stamp, stamp};
use super::{Fault, Plan, id_conflict, orphan};
use crate::content::{Canonical, Content};
use crate::draft::Draft;
use crate::memory::{self, LeadRecord, Memory, revision_of};

pub(super) fn plan(memory: &mut Memory, mut draft: Draft, received: Instant) -> Result<Plan, Fault> {
    let event_type = draft.event.envelope.event_type;
    let Data::Lead(lead) = &mut draft.event.data else {
        return Ok(Plan::unchanged());
    };
    let key = memory::lead(&draft.event.envelope.source, &lead.lead_id);
    let record = memory.lead_record(&key)?;
    if event_type == EventType::LeadTransferred {
        return transfer(record, &draft, received);
    }
    let Some(last) = record.and_then(|record| record.assigned.as_ref()) else {
        if event_type == EventType::LeadAmended {
            return Err(orphan("corrects an assignment"));
        }
        let version = Version::of(draft, received);
        return Ok(match version.step(None, false)? {
            Step::Done(plan) => plan,
            Step::Next(numbered) => version.first(numbered),
        });
    };
    if lead.retracted {
        if last.previous.retracted {
            return Ok(Plan::unchanged());
        }
        lead.rep_id = last.rep_id.clone();
    }
    let rep_id = lead.rep_id.clone();
    let given = draft.id.is_some();
    let version = Version::of(draft, received);
    Ok(match version.step(Some(&last.mark), given)? {
        Step::Done(plan) => plan,
        Step::Next(numbered) => version.next(last, &rep_id, EventType::LeadAmended, numbered, retraction),
    })
}

/// The assignment under its former rep, at the place where it counted.
fn retraction(event: &Event, former: &RepId, counted: &Previous) -> Event {
    let mut envelope = event.envelope.clone();
    envelope.event_type = EventType::LeadAmended;
    envelope.time = counted.time.unwrap_or(envelope.time);
    let mut kept = Lead::default();
    if let Data::Lead(lead) = &event.data {
        kept.lead_id = lead.lead_id.clone();
        kept.site_id = counted.site_id.clone().unwrap_or_else(|| lead.site_id.clone());
        kept.business_date = counted.business_date.or(lead.business_date);
        kept.hour = counted.hour.or(lead.hour);
        kept.currency = counted.currency.clone().unwrap_or_else(|| lead.currency.clone());
    }
    kept.rep_id = former.clone();
    kept.retracted = true;
    Event {
        envelope,
        data: Data::Lead(Box::new(kept)),
    }
}

fn transfer(record: Option<&LeadRecord>, draft: &Draft, received: Instant) -> Result<Plan, Fault> {
    let Data::Lead(lead) = &draft.event.data else {
        return Ok(Plan::unchanged());
    };
    let ends = |rep: Option<&RepId>, path| rep.cloned().ok_or_else(|| Reject::missing(path));
    let sides = [
        (Side::Out, ends(lead.from_rep_id.as_ref(), "data.from_rep_id")?),
        (Side::In, ends(lead.to_rep_id.as_ref(), "data.to_rep_id")?),
    ];
    let numbered = Numbered {
        revision: revision_of(&draft.event.data).unwrap_or(0),
        by_arrival: false,
    };
    let naming = Naming::of(draft);
    let mut events = Vec::with_capacity(2);
    for (side, rep_id) in sides {
        let mut event = draft.event.clone();
        if let Data::Lead(lead) = &mut event.data {
            lead.rep_id = rep_id;
            lead.side = Some(side);
        }
        let canonical = Canonical::of(&event);
        let content = canonical.content();
        if is_published(record, event.envelope.time, content) {
            continue;
        }
        let own = Stamp {
            id: naming.id(
                EventType::LeadTransferred,
                &canonical,
                None,
                &format!("#{}", side.as_str()),
            ),
            numbered,
            received,
            supersedes: None,
            cause: None,
            previous: None,
        };
        if record
            .and_then(|record| record.assigned.as_ref())
            .is_some_and(|last| last.mark.id == own.id)
        {
            return Err(id_conflict());
        }
        stamp(&mut event, own);
        events.push((event, content));
    }
    Ok(Plan::publish(events))
}

fn is_published(record: Option<&LeadRecord>, time: Instant, content: Content) -> bool {
    record.is_some_and(|record| record.transfers.binary_search(&(time.0, content)).is_ok())
}
