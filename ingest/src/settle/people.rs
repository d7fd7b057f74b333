//! Facts about reps, nodes and objections: the same content gives nothing, other content is published again.

use paceline_schemas::event::Data;
use paceline_schemas::time::Instant;

use super::single::{Step, Version};
use super::version::{Stamp, stamp};
use super::{Fault, Plan};
use crate::draft::Draft;
use crate::memory::{self, Memory};

pub(super) fn plan(memory: &mut Memory, draft: Draft, received: Instant) -> Result<Plan, Fault> {
    let envelope = &draft.event.envelope;
    let event_type = envelope.event_type;
    let Data::People(people) = &draft.event.data else {
        return Ok(Plan::unchanged());
    };
    let key = memory::people(event_type, &envelope.source, people);
    let last = memory.people_record(&key)?;
    let given = draft.id.is_some();
    let mut version = Version::of(draft, received);
    let numbered = match version.step(last, given)? {
        Step::Done(plan) => return Ok(plan),
        Step::Next(numbered) => numbered,
    };
    let replaced = last.map(|mark| mark.next_replaces().clone());
    let own = Stamp {
        id: version.naming.id(event_type, &version.canonical, replaced.as_ref(), ""),
        numbered,
        received,
        supersedes: replaced.clone(),
        cause: replaced,
        previous: None,
    };
    stamp(&mut version.event, own);
    Ok(Plan::publish(vec![(version.event, version.content)]))
}
