//! Entities that count under one rep at a time: legs, assignments of leads, pieces of intervals.

use paceline_schemas::event::{Event, EventType, Previous};
use paceline_schemas::ids::RepId;
use paceline_schemas::time::Instant;

use super::version::{Naming, Numbered, Stamp, Stated, stamp, with_suffix};
use super::{Fault, Plan, id_conflict};
use crate::content::{Canonical, Content};
use crate::draft::Draft;
use crate::memory::{Mark, Single};

/// A version of an entity with what is needed to compare and name it.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) event: Event,
    pub(super) canonical: Canonical,
    pub(super) content: Content,
    pub(super) stated: Stated,
    pub(super) naming: Naming,
    pub(super) suffix: String,
    pub(super) received: Instant,
}

/// What the last published version makes of the next.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing is published.
    Done(Plan),
    /// It is published under that number.
    Next(Numbered),
}

impl Version {
    pub(super) fn of(draft: Draft, received: Instant) -> Self {
        let canonical = Canonical::of(&draft.event);
        let content = canonical.content();
        Self {
            stated: Stated::of(&draft, received, 0, content),
            naming: Naming::of(&draft),
            event: draft.event,
            canonical,
            content,
            suffix: String::new(),
            received,
        }
    }

    /// Compares with the last published version.
    pub(super) fn step(&self, last: Option<&Mark>, given: bool) -> Result<Step, Fault> {
        if let Some(mark) = last {
            let published = given.then(|| mark.published(&self.own_id(mark))).flatten();
            match published {
                Some(content) if content != self.content => return Err(id_conflict()),
                Some(_) => return Ok(Step::Done(Plan::unchanged())),
                None if mark.content == self.content && mark.replaced.is_none() => {
                    return Ok(Step::Done(Plan::unchanged()));
                }
                None => {}
            }
        }
        Ok(match self.stated.against(last.map(|mark| (mark, 0))) {
            Some(numbered) => Step::Next(numbered),
            None => Step::Done(Plan::stale()),
        })
    }

    fn own_id(&self, mark: &Mark) -> paceline_schemas::ids::EventId {
        let replaced = Some(mark.next_replaces());
        self.naming
            .id(self.event.envelope.event_type, &self.canonical, replaced, &self.suffix)
    }

    /// The first version.
    pub(super) fn first(mut self, numbered: Numbered) -> Plan {
        let event_type = self.event.envelope.event_type;
        let id = self.naming.id(event_type, &self.canonical, None, &self.suffix);
        let unlinked = Stamp {
            id,
            numbered,
            received: self.received,
            supersedes: None,
            cause: None,
            previous: None,
        };
        stamp(&mut self.event, unlinked);
        Plan::publish(vec![(self.event, self.content)])
    }

    /// A later version. One under another rep is two events: `taken_back` makes the one under the former rep, which
    /// counts nothing any more, of the rep and what it counted.
    pub(super) fn next(
        mut self,
        last: &Single,
        rep_id: &RepId,
        event_type: EventType,
        numbered: Numbered,
        taken_back: impl FnOnce(&Event, &RepId, &Previous) -> Event,
    ) -> Plan {
        self.event.envelope.event_type = event_type;
        let replaced = last.mark.next_replaces().clone();
        let id = self
            .naming
            .id(event_type, &self.canonical, Some(&replaced), &self.suffix);
        let mut events = Vec::with_capacity(2);
        let mut previous = last.previous.clone();
        if last.rep_id != *rep_id && !previous.retracted {
            let mut out = taken_back(&self.event, &last.rep_id, &last.previous);
            let out_stamp = Stamp {
                id: with_suffix(id.as_str(), "#out"),
                numbered,
                received: self.received,
                supersedes: Some(replaced.clone()),
                cause: Some(replaced.clone()),
                previous: Some(previous),
            };
            stamp(&mut out, out_stamp);
            let content = Content::of(&out);
            events.push((out, content));
            previous = Previous {
                retracted: true,
                ..Previous::default()
            };
        }
        let own = Stamp {
            id,
            numbered,
            received: self.received,
            supersedes: Some(replaced.clone()),
            cause: Some(replaced),
            previous: Some(previous),
        };
        stamp(&mut self.event, own);
        events.push((self.event, self.content));
        Plan::publish(events)
    }
}
