//! Versions: which of two comes later, and the id and stamps of the one that is published.

use paceline_schemas::event::{Data, Event, EventType, Previous};
use paceline_schemas::ids::EventId;
use paceline_schemas::symbol::{Flag, Flags};
use paceline_schemas::time::Instant;
use sha2::{Digest, Sha256};

use crate::content::{Canonical, Content};
use crate::draft::Draft;
use crate::memory::{Mark, revision_of};

/// What orders a draft among the versions of its entity.
#[derive(Debug, Clone)]
pub(super) struct Stated {
    revision: Option<i64>,
    id: Option<EventId>,
    received: Instant,
    arrival: Instant,
    tie: (i64, u8, Content),
}

impl Stated {
    /// What `draft` says about its order; `rank` orders kinds of facts of the same time.
    pub(super) fn of(draft: &Draft, received: Instant, rank: u8, content: Content) -> Self {
        let envelope = &draft.event.envelope;
        Self {
            revision: revision_of(&draft.event.data),
            id: draft.id.clone(),
            received,
            arrival: envelope.recordedtime.unwrap_or(received),
            tie: (envelope.time.0, rank, content),
        }
    }

    /// True where only the order of receipt tells which version is later.
    pub(super) fn has_revision(&self) -> bool {
        self.revision.is_some()
    }

    /// The number that goes with the version `mark`, for a part of it that was not published.
    pub(super) fn completing(&self, mark: &Mark) -> Numbered {
        Numbered {
            revision: self.revision.unwrap_or(mark.revision),
            by_arrival: self.revision.is_none() && mark.revision != 0,
        }
    }

    /// True when `mark` was received together with this version.
    pub(super) fn arrived_with(&self, mark: &Mark) -> bool {
        self.arrival.0 == mark.arrival_us && self.revision.is_none_or(|revision| revision == mark.revision)
    }

    /// Where the version stands after the last published one, `last` with its rank.
    ///
    /// | revision | id | later when |
    /// |---|---|---|
    /// | given, above, below | | above |
    /// | given, equal | of the producer | the id is higher |
    /// | given, equal | made here | received later; together: higher time, rank, content |
    /// | none | of the producer | received after the last revision |
    /// | none | made here | received later; together: higher time, rank, content |
    ///
    /// The second of two events of one change always follows the first.
    pub(super) fn against(&self, last: Option<(&Mark, u8)>) -> Option<Numbered> {
        let Some((mark, rank)) = last else {
            return Some(Numbered {
                revision: self.revision.unwrap_or(0),
                by_arrival: false,
            });
        };
        let tied = || self.tie >= (mark.time_us, rank, mark.content);
        let later = match (self.revision, &self.id) {
            (Some(given), _) if given != mark.revision => given > mark.revision,
            (_, _) if mark.replaced.is_some() => self.revision.is_some() || self.received.0 >= mark.arrival_us,
            (Some(_), Some(id)) => id > mark.order_id() || mark.id.as_str().starts_with(id.as_str()),
            (Some(_), None) => self.arrival.0 > mark.arrival_us || (self.arrival.0 == mark.arrival_us && tied()),
            (None, Some(_)) => self.received.0 >= mark.revision,
            (None, None) => self.received.0 > mark.arrival_us || (self.received.0 == mark.arrival_us && tied()),
        };
        later.then(|| self.after(mark))
    }

    /// The number of a version that follows `mark` whatever was received when.
    pub(super) fn after(&self, mark: &Mark) -> Numbered {
        Numbered {
            revision: self
                .revision
                .unwrap_or_else(|| self.received.0.max(mark.revision.saturating_add(1))),
            by_arrival: self.revision.is_none(),
        }
    }
}

/// The revision of a version that is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) revision: i64,
    pub(super) by_arrival: bool,
}

/// How ids of a draft's events begin.
#[derive(Debug)]
pub(super) struct Naming {
    entity: String,
    given: Option<EventId>,
}

impl Naming {
    pub(super) fn of(draft: &Draft) -> Self {
        Self {
            entity: draft.entity.clone(),
            given: draft.id.clone(),
        }
    }

    pub(super) fn of_entity(entity: &str) -> Self {
        Self {
            entity: entity.to_owned(),
            given: None,
        }
    }

    /// The id of an event: the producer's, else from entity, type and content, which covers what is replaced.
    pub(super) fn id(
        &self,
        event_type: EventType,
        canonical: &Canonical,
        replaced: Option<&EventId>,
        suffix: &str,
    ) -> EventId {
        if let Some(given) = &self.given {
            return with_suffix(given.as_str(), suffix);
        }
        let content = replaced.map_or_else(|| canonical.content(), |id| canonical.replacing(id));
        with_suffix(&format!("{}/{}:{content}", self.entity, event_type.name()), suffix)
    }
}

/// `base` with `suffix`; a base too long for both, or no printable text, becomes `h:` and 32 hex digits of its hash.
pub(super) fn with_suffix(base: &str, suffix: &str) -> EventId {
    EventId::new(&format!("{base}{suffix}")).unwrap_or_else(|_| {
        let digest: [u8; 32] = Sha256::digest(base).into();
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        EventId::new(&format!("h:{hex}{suffix}")).expect("34 bytes and a short suffix are printable")
    })
}

/// What a version is stamped with when it is published.
#[derive(Debug)]
pub(super) struct Stamp {
    pub(super) id: EventId,
    pub(super) numbered: Numbered,
    pub(super) received: Instant,
    /// Id of the version that it replaces.
    pub(super) supersedes: Option<EventId>,
    /// Id of its cause, where there is one.
    pub(super) cause: Option<EventId>,
    /// What it takes back.
    pub(super) previous: Option<Previous>,
}

/// Makes `event` final.
pub(super) fn stamp(event: &mut Event, stamp: Stamp) {
    let envelope = &mut event.envelope;
    envelope.id = stamp.id;
    envelope.recordedtime.get_or_insert(stamp.received);
    if stamp.cause.is_some() {
        envelope.causationid = stamp.cause;
    }
    let previous = stamp.previous.map(Box::new);
    macro_rules! fill {
        ($data:expr) => {{
            $data.revision = Some(stamp.numbered.revision);
            $data.supersedes = stamp.supersedes;
            mark_arrival(&mut $data.flags, stamp.numbered);
        }};
    }
    match &mut event.data {
        Data::Call(data) => {
            fill!(data);
            data.previous = previous;
        }
        Data::Deal(data) => {
            fill!(data);
            data.previous = previous;
        }
        Data::Lead(data) => {
            fill!(data);
            data.previous = previous;
        }
        Data::State(data) => {
            fill!(data);
            data.previous = previous;
        }
        Data::People(data) => fill!(data),
        Data::Target(_) | Data::Tick => {}
    }
}

fn mark_arrival(flags: &mut Flags, numbered: Numbered) {
    if numbered.by_arrival {
        flags.raise(Flag::RevisionByArrival);
    }
}
