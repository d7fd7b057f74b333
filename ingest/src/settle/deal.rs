//! Deals: what a draft and the record of its deal have in common for all rules.
//!
//! A deal is settled as a whole: the record holds the part of every rep who was ever credited, and one draft may
//! publish an event for each of them.

use paceline_schemas::event::{Data, Deal, Event, EventType, Previous};
use paceline_schemas::field::{BasisPoints, Minor};
use paceline_schemas::ids::{EventId, RepId, Source};
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::symbol::{CreditRole, Outcome};
use paceline_schemas::time::Instant;

use super::credit::{Claim, WHOLE_BP, divide};
use super::version::{Naming, Numbered, Stamp, stamp};
use super::{Fault, Options, Plan, outcome, refund, stage};
use crate::content::{Canonical, Content};
use crate::draft::{Draft, Share};
use crate::memory::{self, DealRecord, Mark, Memory, Standing};

pub(super) fn plan(memory: &mut Memory, options: &Options, draft: Draft, received: Instant) -> Result<Plan, Fault> {
    let event_type = draft.event.envelope.event_type;
    let Data::Deal(deal) = &draft.event.data else {
        return Ok(Plan::unchanged());
    };
    let key = memory::deal(&draft.event.envelope.source, &deal.deal_id);
    let record = memory.deal_record(&key)?.cloned().unwrap_or_default();
    let (reopened, status) = (deal.reopened, deal.status);
    let case = Case::new(draft, record, received);
    match (event_type, status) {
        (EventType::DealStageChanged, _) if reopened => stage::reopen(&case),
        (EventType::DealOpened | EventType::DealStageChanged, _) => stage::plan(&case, event_type),
        (EventType::DealWon, _) | (EventType::DealAmended, Some(Outcome::Won)) => {
            outcome::restate(memory, options, &case, Outcome::Won)
        }
        (EventType::DealLost, _) | (EventType::DealAmended, Some(Outcome::Lost)) => {
            outcome::restate(memory, options, &case, Outcome::Lost)
        }
        (EventType::DealAmended, Some(Outcome::Open)) => outcome::withdraw(&case),
        (EventType::DealCancelled, _) | (EventType::DealAmended, Some(Outcome::Cancelled)) => outcome::cancel(&case),
        (EventType::DealAmended, None) => Err(Reject::missing("data.status").into()),
        (EventType::DealRefunded, _) => refund::plan(&case),
        (_, _) => Ok(Plan::unchanged()),
    }
}

/// A draft of a deal beside what was published of the deal.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) draft: Draft,
    /// The draft's data without what only settling fills.
    pub(super) stated: Deal,
    pub(super) record: DealRecord,
    pub(super) received: Instant,
    naming: Naming,
}

/// One rep's event in the making.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) rep_id: RepId,
    pub(super) event_type: EventType,
    pub(super) time: Instant,
    pub(super) deal: Deal,
    pub(super) suffix: String,
}

/// What an event says about the version before it.
#[derive(Debug, Default)]
pub(super) struct Link {
    pub(super) replaced: Option<EventId>,
    pub(super) previous: Option<Previous>,
}

impl Link {
    /// The link to what stands for the rep.
    pub(super) fn to(standing: &Standing, source: &Source) -> Self {
        Self {
            replaced: Some(standing.mark.next_replaces().clone()),
            previous: Some(standing.previous(source)),
        }
    }

    /// The link of an outcome to a rep who had none that counted.
    pub(super) fn from(outcome: Outcome, mark: Option<&Mark>) -> Self {
        Self {
            replaced: mark.map(|mark| mark.next_replaces().clone()),
            previous: Some(Previous {
                outcome: Some(outcome),
                ..Previous::default()
            }),
        }
    }
}

impl Case {
    fn new(draft: Draft, record: DealRecord, received: Instant) -> Self {
        let naming = Naming::of(&draft);
        let mut stated = match &draft.event.data {
            Data::Deal(deal) => (**deal).clone(),
            _ => Deal::default(),
        };
        stated.reinstated = false;
        stated.reopened = false;
        stated.status = None;
        stated.supersedes = None;
        stated.cancels = None;
        stated.refunds = None;
        stated.previous = None;
        stated.full = false;
        stated.credit_refunded_minor = None;
        stated.credit_refund_minor = None;
        stated.credit_role.get_or_insert(CreditRole::Owner);
        stated.credit_bp.get_or_insert(BasisPoints(WHOLE_BP));
        Self {
            draft,
            stated,
            record,
            received,
            naming,
        }
    }

    pub(super) fn source(&self) -> &Source {
        &self.draft.event.envelope.source
    }

    pub(super) fn event_type(&self) -> EventType {
        self.draft.event.envelope.event_type
    }

    /// True where a producer states each rep's part by itself.
    pub(super) fn is_one_part(&self) -> bool {
        self.draft.splits.is_empty()
            && (self.stated.credit_role != Some(CreditRole::Owner)
                || self.stated.credit_bp != Some(BasisPoints(WHOLE_BP)))
    }

    /// The shares that the draft states.
    pub(super) fn shares(&self) -> Result<Vec<Share>, Fault> {
        let splits = &self.draft.splits;
        if splits.is_empty() {
            return Ok(vec![Share {
                rep_id: self.stated.rep_id.clone(),
                role: self.stated.credit_role.unwrap_or(CreditRole::Owner),
                bp: self.stated.credit_bp.map_or(WHOLE_BP, |bp| bp.0),
            }]);
        }
        let counting = splits.iter().filter(|share| share.role != CreditRole::Overlay);
        let total: i64 = counting.map(|share| share.bp).sum();
        let repeated = splits
            .iter()
            .enumerate()
            .any(|(at, share)| splits.iter().take(at).any(|other| other.rep_id == share.rep_id));
        if total != WHOLE_BP || repeated || splits.iter().any(|share| share.bp < 0) {
            let detail = format!("`splits`: {total} basis points, expected {WHOLE_BP} and each rep once");
            return Err(Reject::new(Reason::SchemaViolation, detail).into());
        }
        Ok(splits.clone())
    }

    /// The parts of the reps, each with its share of the amount.
    pub(super) fn parts(&self, event_type: EventType, shares: &[Share]) -> Vec<Part> {
        let claims: Vec<Claim> = shares.iter().map(|share| Claim::of(share.role, share.bp)).collect();
        let credits = self
            .stated
            .amount_minor
            .map(|amount| divide(amount.0, &claims))
            .unwrap_or_default();
        let numbered = shares.len() > 1 || !self.draft.splits.is_empty();
        let one = |(at, share): (usize, &Share)| {
            let mut deal = self.stated.clone();
            deal.rep_id = share.rep_id.clone();
            deal.credit_role = Some(share.role);
            deal.credit_bp = Some(BasisPoints(share.bp));
            deal.credit_minor = credits.get(at).copied().map(Minor);
            Part {
                rep_id: share.rep_id.clone(),
                event_type,
                time: self.draft.event.envelope.time,
                deal,
                suffix: if numbered {
                    format!("#{}", at + 1)
                } else {
                    String::new()
                },
            }
        };
        shares.iter().enumerate().map(one).collect()
    }

    /// What stands for `rep_id`.
    pub(super) fn standing(&self, rep_id: &RepId) -> Option<&Standing> {
        self.record.reps.get(rep_id)?.standing.as_deref()
    }

    /// What stands with one of `outcomes`, in the order of the reps.
    pub(super) fn all_standing(&self, outcomes: &[Outcome]) -> Vec<&Standing> {
        self.record
            .reps
            .values()
            .filter_map(|part| part.standing.as_deref())
            .filter(|standing| outcomes.contains(&standing.outcome))
            .collect()
    }

    /// The version last published of the outcome, of whatever rep, with its rank.
    pub(super) fn last(&self) -> Option<(&Mark, u8)> {
        let all = self.record.reps.values().filter_map(|part| part.standing.as_deref());
        all.max_by_key(|standing| standing.mark.rank())
            .map(|standing| (&standing.mark, rank(standing.outcome)))
    }

    /// The producer's id of a part, where it gave one.
    pub(super) fn given_id(&self, part: &Part) -> Option<EventId> {
        let given = self.draft.id.as_ref()?;
        Some(super::version::with_suffix(given.as_str(), &part.suffix))
    }

    /// The part as a final event of `event_type`.
    pub(super) fn publish(
        &self,
        part: Part,
        event_type: EventType,
        numbered: Numbered,
        link: Link,
        id: Option<EventId>,
    ) -> (Event, Content) {
        let mut envelope = self.draft.event.envelope.clone();
        envelope.event_type = event_type;
        envelope.time = part.time;
        let mut event = Event {
            envelope,
            data: Data::Deal(Box::new(part.deal)),
        };
        let canonical = Canonical::of(&event);
        let content = canonical.content();
        let id = id.unwrap_or_else(|| {
            self.naming
                .id(event_type, &canonical, link.replaced.as_ref(), &part.suffix)
        });
        let own = Stamp {
            id,
            numbered,
            received: self.received,
            supersedes: link.replaced.clone(),
            cause: link.replaced,
            previous: link.previous,
        };
        stamp(&mut event, own);
        (event, content)
    }

    /// The id that the part gets when it is published as `event_type`.
    pub(super) fn id_of(&self, part: &Part, event_type: EventType, replaced: Option<&EventId>) -> EventId {
        let mut envelope = self.draft.event.envelope.clone();
        envelope.event_type = event_type;
        envelope.time = part.time;
        let event = Event {
            envelope,
            data: Data::Deal(Box::new(part.deal.clone())),
        };
        self.naming
            .id(event_type, &Canonical::of(&event), replaced, &part.suffix)
    }

    /// The content of a part.
    pub(super) fn content(&self, part: &Part) -> Content {
        let mut envelope = self.draft.event.envelope.clone();
        envelope.event_type = part.event_type;
        envelope.time = part.time;
        Content::of(&Event {
            envelope,
            data: Data::Deal(Box::new(part.deal.clone())),
        })
    }
}

/// Order of outcomes of the same time: a cancellation comes after the win that it takes back.
pub(super) fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Open => 0,
        Outcome::Won | Outcome::Lost => 1,
        Outcome::Cancelled => 2,
    }
}

/// The shares that stand.
pub(super) fn shares_of(standing: &[&Standing]) -> Vec<Share> {
    let share = |standing: &&Standing| Share {
        rep_id: standing.deal.rep_id.clone(),
        role: standing.deal.credit_role.unwrap_or_default(),
        bp: standing.deal.credit_bp.map_or(WHOLE_BP, |bp| bp.0),
    };
    standing.iter().map(share).collect()
}
