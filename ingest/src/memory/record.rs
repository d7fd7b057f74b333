//! What is kept of each entity, and how it is written.

use std::collections::BTreeMap;

use paceline_schemas::envelope::Envelope;
use paceline_schemas::event::{Data, Deal, Event, EventType, Previous};
use paceline_schemas::ids::{DealId, EventId, RefundId, RepId, Source};
use paceline_schemas::measures;
use paceline_schemas::symbol::Outcome;
use paceline_schemas::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::content::Content;

/// Version of the encoding, the first byte of every value.
const FORMAT: u8 = 1;

/// Replaced versions whose ids are still known, per entity.
const EARLIER_MAX: usize = 32;

/// The version last published of an entity, or of one aspect of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mark {
    #[serde(rename = "i")]
    pub id: EventId,
    #[serde(rename = "c")]
    pub content: Content,
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub revision: i64,
    /// When this content was received, in µs.
    #[serde(rename = "a")]
    pub arrival_us: i64,
    /// When the fact happened, in µs.
    #[serde(rename = "t")]
    pub time_us: i64,
    /// The id that the second of two events of one change replaces; there only after the first.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<EventId>,
    /// The id under which the source stated this content, where `ingest` restated it later on its own.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<EventId>,
    /// Versions replaced, the newest of them.
    #[serde(rename = "e", default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
}

/// A version that was replaced: revision, hash of its id, content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Earlier(i64, u64, Content);

fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Mark {
    /// The mark of an event that comes after `old`.
    pub(crate) fn after(old: Option<Self>, event: &Event, content: Content) -> Self {
        let envelope = &event.envelope;
        let mut mark = Self {
            id: envelope.id.clone(),
            content,
            revision: revision_of(&event.data).unwrap_or(0),
            arrival_us: envelope.recordedtime.unwrap_or_default().0,
            time_us: envelope.time.0,
            replaced: is_first_of_two(&envelope.id)
                .then(|| supersedes_of(&event.data).cloned())
                .flatten(),
            stated: None,
            earlier: Vec::new(),
        };
        if let Some(old) = old {
            if old.content == content {
                mark.arrival_us = old.arrival_us;
                mark.stated = Some(old.stated.clone().unwrap_or_else(|| old.id.clone()));
            }
            mark.remember(old);
        }
        mark
    }

    /// Keeps `old`, and what it replaced, among the earlier versions.
    pub(crate) fn remember(&mut self, old: Self) {
        let own = Earlier(old.revision, id_hash(&old.id), old.content);
        self.earlier.extend(old.earlier);
        self.earlier.push(own);
        self.earlier.sort_unstable();
        self.earlier.dedup();
        let over = self.earlier.len().saturating_sub(EARLIER_MAX);
        self.earlier.drain(..over);
    }

    /// The content that was published under `id`, as far as it is known.
    pub(crate) fn published(&self, id: &EventId) -> Option<Content> {
        if self.id == *id || self.stated.as_ref() == Some(id) {
            return Some(self.content);
        }
        if self.earlier.is_empty() {
            return None;
        }
        let hash = id_hash(id);
        self.earlier
            .iter()
            .find(|earlier| earlier.1 == hash)
            .map(|earlier| earlier.2)
    }

    /// The id that the next version replaces.
    pub(crate) fn next_replaces(&self) -> &EventId {
        self.replaced.as_ref().unwrap_or(&self.id)
    }

    /// The id by which the source's versions of equal revision are ordered.
    pub(crate) fn order_id(&self) -> &EventId {
        self.stated.as_ref().unwrap_or(&self.id)
    }

    /// Order of versions that were read from different partitions.
    pub(crate) fn rank(&self) -> (i64, i64, bool) {
        (self.revision, self.arrival_us, self.replaced.is_none())
    }
}

fn id_hash(id: &EventId) -> u64 {
    let digest: [u8; 32] = Sha256::digest(id.as_str()).into();
    let (first, _) = digest.split_at(8);
    first.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// True for the id of the first of two events of one change: under the former rep, or of a win before its loss.
fn is_first_of_two(id: &EventId) -> bool {
    id.as_str()
        .rsplit_once('#')
        .is_some_and(|(_, tail)| tail == "cancelled" || tail == "out" || tail.starts_with("out."))
}

/// The revision that an event's data give.
pub(crate) fn revision_of(data: &Data) -> Option<i64> {
    match data {
        Data::Call(data) => data.revision,
        Data::Deal(data) => data.revision,
        Data::Lead(data) => data.revision,
        Data::State(data) => data.revision,
        Data::People(data) => data.revision,
        Data::Target(_) | Data::Tick => None,
    }
}

/// The id that an event's data say they replace.
pub(crate) fn supersedes_of(data: &Data) -> Option<&EventId> {
    match data {
        Data::Call(data) => data.supersedes.as_ref(),
        Data::Deal(data) => data.supersedes.as_ref(),
        Data::Lead(data) => data.supersedes.as_ref(),
        Data::State(data) => data.supersedes.as_ref(),
        Data::People(data) => data.supersedes.as_ref(),
        Data::Target(_) | Data::Tick => None,
    }
}

/// An entity that counts under one rep at a time: a leg of a call, an assignment of a lead, a piece of an interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Single {
    #[serde(rename = "m")]
    pub mark: Mark,
    #[serde(rename = "r")]
    pub rep_id: RepId,
    #[serde(rename = "p")]
    pub previous: Previous,
}

/// A deal with the part of each rep who was ever credited.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct DealRecord {
    #[serde(rename = "r")]
    pub reps: BTreeMap<RepId, RepDeal>,
}

/// One rep's part in a deal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RepDeal {
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Mark>,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Mark>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Box<Standing>>,
    #[serde(rename = "f", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refunds: BTreeMap<RefundId, Refund>,
    /// When the last end of a win of this rep was received, in µs: a cancellation or a withdrawal.
    #[serde(rename = "e", default, skip_serializing_if = "is_zero")]
    pub ended_us: i64,
}

/// The outcome that stands for one rep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Standing {
    #[serde(rename = "m")]
    pub mark: Mark,
    #[serde(rename = "o")]
    pub outcome: Outcome,
    /// Time of the win or loss in µs.
    #[serde(rename = "t")]
    pub time_us: i64,
    /// Data of the last win, loss or amendment; what was refunded since is in it.
    #[serde(rename = "d")]
    pub deal: Deal,
    /// The win that a cancellation or refund names.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub won_id: Option<EventId>,
}

impl Standing {
    /// What the next event on this outcome takes back.
    pub(crate) fn previous(&self, source: &Source) -> Previous {
        let event_type = match self.outcome {
            Outcome::Won => EventType::DealWon,
            Outcome::Lost => EventType::DealLost,
            Outcome::Open | Outcome::Cancelled => {
                return Previous {
                    outcome: Some(self.outcome),
                    ..Previous::default()
                };
            }
        };
        let time = Instant(self.time_us);
        measures::previous_of(&Event {
            envelope: Envelope::new(event_type, source.clone(), self.mark.id.clone(), time),
            data: Data::Deal(Box::new(self.deal.clone())),
        })
    }
}

/// A refund as it fell on one rep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refund {
    /// Of the whole deal.
    #[serde(rename = "m")]
    pub minor: i64,
    /// Of the rep's share.
    #[serde(rename = "c")]
    pub credit: i64,
    /// It reduces the win that stands: false once that was cancelled.
    #[serde(rename = "l")]
    pub live: bool,
    /// When it was received, in µs.
    #[serde(rename = "a")]
    pub arrival_us: i64,
}

/// A lead: who has it, and the transfers that were published.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LeadRecord {
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub assigned: Option<Single>,
    /// Contents of both sides with their times in µs, the latest of them.
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<(i64, Content)>,
}

/// The wins of one customer that were not cancelled, in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Customer {
    #[serde(rename = "w")]
    pub wins: Vec<Win>,
}

/// One rep's part of a customer's win. The order of the fields is the order of wins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Win(pub i64, pub Source, pub DealId, pub RepId, pub Day);

/// What memory holds under one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Record {
    #[serde(rename = "c")]
    Leg(Box<Single>),
    #[serde(rename = "d")]
    Deal(Box<DealRecord>),
    #[serde(rename = "l")]
    Lead(Box<LeadRecord>),
    #[serde(rename = "s")]
    Interval(Box<Single>),
    #[serde(rename = "p")]
    People(Box<Mark>),
    #[serde(rename = "k")]
    Customer(Box<Customer>),
}

impl Record {
    /// The record as bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        sonic_rs::to_writer(&mut bytes, self).expect("text, integers and maps with text keys are JSON");
        bytes
    }

    /// The record that `bytes` hold.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, String> {
        match bytes.split_first() {
            Some((&FORMAT, json)) => sonic_rs::from_slice(json).map_err(|error| error.to_string()),
            Some((format, _)) => Err(format!("format `{format}`, this release reads `{FORMAT}`")),
            None => Err("nothing is there".to_owned()),
        }
    }
}
