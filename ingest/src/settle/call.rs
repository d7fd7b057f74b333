//! Legs of calls: a result, its later versions, another rep, a retraction.

use paceline_schemas::event::{Call, Data, Event, EventType, Previous};
use paceline_schemas::ids::LegId;
use paceline_schemas::symbol::CallReason;
use paceline_schemas::time::Instant;

use super::single::{Step, Version};
use super::{Fault, Plan, orphan};
use crate::draft::Draft;
use crate::memory::{self, Memory};

pub(super) fn plan(memory: &mut Memory, mut draft: Draft, received: Instant) -> Result<Plan, Fault> {
    let Data::Call(call) = &mut draft.event.data else {
        return Ok(Plan::unchanged());
    };
    if call.leg_id.is_empty() {
        call.leg_id = LegId::new(call.call_id.as_str()).unwrap_or_default();
    }
    let key = memory::leg(&draft.event.envelope.source, &call.call_id, &call.leg_id);
    let last = memory.leg_record(&key)?;
    let corrects = draft.event.envelope.event_type == EventType::CallAmended;
    let Some(last) = last else {
        if corrects {
            return Err(orphan("corrects a leg"));
        }
        return first(draft, received);
    };
    // A retraction concerns the rep under whom the leg counts, whoever is named.
    if call.retracted {
        if last.previous.retracted {
            return Ok(Plan::unchanged());
        }
        call.rep_id = last.rep_id.clone();
    }
    let reason = match (call.reason, call.rep_id == last.rep_id) {
        (_, false) => CallReason::Reattributed,
        (Some(reason), true) => reason,
        (None, true) => CallReason::VendorUpdate,
    };
    call.reason = Some(reason);
    let rep_id = call.rep_id.clone();
    let given = draft.id.is_some();
    let version = Version::of(draft, received);
    Ok(match version.step(Some(&last.mark), given)? {
        Step::Done(plan) => plan,
        Step::Next(numbered) => version.next(
            last,
            &rep_id,
            EventType::CallAmended,
            numbered,
            |event, former, counted| retraction(event, former.clone(), counted),
        ),
    })
}

fn first(draft: Draft, received: Instant) -> Result<Plan, Fault> {
    let version = Version::of(draft, received);
    Ok(match version.step(None, false)? {
        Step::Done(plan) => plan,
        Step::Next(numbered) => version.first(numbered),
    })
}

/// The leg under its former rep, at the place where it counted.
fn retraction(event: &Event, former: paceline_schemas::ids::RepId, counted: &Previous) -> Event {
    let mut envelope = event.envelope.clone();
    envelope.event_type = EventType::CallAmended;
    envelope.time = counted.time.unwrap_or(envelope.time);
    let mut kept = Call::default();
    if let Data::Call(call) = &event.data {
        kept.call_id = call.call_id.clone();
        kept.leg_id = call.leg_id.clone();
        kept.site_id = counted.site_id.clone().unwrap_or_else(|| call.site_id.clone());
        kept.business_date = counted.business_date.or(call.business_date);
        kept.hour = counted.hour.or(call.hour);
        kept.currency = counted.currency.clone().unwrap_or_else(|| call.currency.clone());
        kept.ended_at = counted.time.or(call.ended_at);
    }
    kept.rep_id = former;
    kept.reason = Some(CallReason::Reattributed);
    kept.retracted = true;
    Event {
        envelope,
        data: Data::Call(Box::new(kept)),
    }
}
