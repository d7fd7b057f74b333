//! Content: what a source says about a fact, as one number.
//!
//! Two versions of a fact are the same when their contents are. The content is computed from a published event alone,
//! so that memory can be rebuilt from the log. It covers the given fields that are there, the time, the outcome of a
//! deal and a retraction; neither stamps nor version fields. A derived `customer_kind` is no one's statement and left
//! out. Facts about people are dated by their fields, so their envelope time is left out too.

use std::fmt;
use std::sync::OnceLock;

use paceline_schemas::event::{Data, Deal, Event, EventType, Family};
use paceline_schemas::field::{AnyField, Origin};
use paceline_schemas::ids::EventId;
use paceline_schemas::symbol::{Flag, Outcome};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The first 64 bits of the SHA-256 of a canonical form; shown as 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Content(pub u64);

impl Content {
    /// The content of an event.
    pub fn of(event: &Event) -> Self {
        Canonical::of(event).content()
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The canonical form of what an event states, JSON with sorted keys and no spaces (RFC 8785), and its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    bytes: Vec<u8>,
    content: Content,
}

impl Canonical {
    /// The canonical form of an event.
    pub fn of(event: &Event) -> Self {
        let mut out = Vec::with_capacity(768);
        out.push(b'{');
        let (fields, family): (Vec<&dyn AnyField>, Family) = match &event.data {
            Data::Call(data) => (data.fields(), Family::Call),
            Data::Deal(data) => (data.fields(), Family::Deal),
            Data::Lead(data) => (data.fields(), Family::Lead),
            Data::State(data) => (data.fields(), Family::State),
            Data::People(data) => (data.fields(), Family::People),
            Data::Target(data) => (data.fields(), Family::Target),
            Data::Tick => (Vec::new(), Family::Tick),
        };
        for slot in slots(family) {
            slot.write(event, &fields, &mut out);
        }
        out.push(b'}');
        Self {
            content: first_64(Sha256::new_with_prefix(&out)),
            bytes: out,
        }
    }

    /// The content.
    pub fn content(&self) -> Content {
        self.content
    }

    /// The content together with the id of the version that it replaces: won, cancelled and won again are three.
    pub fn replacing(&self, replaced: &EventId) -> Content {
        first_64(
            Sha256::new_with_prefix(&self.bytes)
                .chain_update([b'\n'])
                .chain_update(replaced.as_str()),
        )
    }

    /// The canonical form itself.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn first_64(hash: Sha256) -> Content {
    let digest: [u8; 32] = hash.finalize().into();
    let (first, _) = digest.split_at(8);
    Content(first.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

#[derive(Debug, Clone, Copy)]
enum What {
    Field(usize),
    CustomerKind(usize),
    Outcome,
    Retracted,
    Time,
}

#[derive(Debug)]
struct Slot {
    name: &'static str,
    what: What,
}

impl Slot {
    fn write(&self, event: &Event, fields: &[&dyn AnyField], out: &mut Vec<u8>) {
        match self.what {
            What::CustomerKind(_) if kind_is_derived(&event.data) => {}
            What::Field(at) | What::CustomerKind(at) => {
                if let Some(field) = fields.get(at).filter(|field| !field.absent()) {
                    self.key(out);
                    field.write_json(out);
                }
            }
            What::Outcome => {
                if let Data::Deal(deal) = &event.data {
                    self.text(outcome_name(event.envelope.event_type, deal), out);
                }
            }
            What::Retracted => {
                if retracted(&event.data) {
                    self.key(out);
                    out.extend_from_slice(b"true");
                }
            }
            What::Time => {
                self.key(out);
                event.envelope.time.write_json(out);
            }
        }
    }

    fn text(&self, value: &str, out: &mut Vec<u8>) {
        self.key(out);
        out.push(b'"');
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    }

    fn key(&self, out: &mut Vec<u8>) {
        if out.len() > 1 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(b"\":");
    }
}

fn kind_is_derived(data: &Data) -> bool {
    matches!(data, Data::Deal(deal) if deal.flags.has(Flag::KindDerived))
}

/// True for an event whose entity counts nothing.
pub(crate) fn retracted(data: &Data) -> bool {
    match data {
        Data::Call(data) => data.retracted,
        Data::Lead(data) => data.retracted,
        Data::State(data) => data.retracted,
        Data::People(data) => data.retracted,
        Data::Deal(_) | Data::Target(_) | Data::Tick => false,
    }
}

// An amendment and the event that it restates in place say the same about the outcome.
fn outcome_name(event_type: EventType, deal: &Deal) -> &'static str {
    match event_type {
        EventType::DealWon => Outcome::Won.as_str(),
        EventType::DealLost => Outcome::Lost.as_str(),
        EventType::DealAmended => deal.status.unwrap_or(Outcome::Open).as_str(),
        EventType::DealCancelled => Outcome::Cancelled.as_str(),
        EventType::DealRefunded => "refunded",
        _ => Outcome::Open.as_str(),
    }
}

fn slots(family: Family) -> &'static [Slot] {
    static SLOTS: [OnceLock<Vec<Slot>>; 7] = [const { OnceLock::new() }; 7];
    let at = match family {
        Family::Call => 0,
        Family::Deal => 1,
        Family::Lead => 2,
        Family::State => 3,
        Family::People => 4,
        Family::Tick => 5,
        Family::Target => 6,
    };
    SLOTS
        .get(at)
        .map_or(&[], |slots| slots.get_or_init(|| sorted_slots(family)))
}

fn sorted_slots(family: Family) -> Vec<Slot> {
    let given = family.fields().iter().enumerate();
    let mut slots: Vec<Slot> = given
        .filter(|(_, spec)| spec.origin == Origin::Given)
        .map(|(at, spec)| Slot {
            name: spec.name,
            what: if spec.name == "customer_kind" {
                What::CustomerKind(at)
            } else {
                What::Field(at)
            },
        })
        .collect();
    let extra = |name, what| Slot { name, what };
    match family {
        Family::Deal => slots.push(extra("outcome", What::Outcome)),
        Family::Call | Family::Lead | Family::State | Family::People => {
            slots.push(extra("retracted", What::Retracted));
        }
        Family::Target | Family::Tick => {}
    }
    if family != Family::People {
        slots.push(extra("time", What::Time));
    }
    slots.sort_by_key(|slot| slot.name);
    slots
}

#[cfg(test)]
mod tests {
    use super::*;
    use paceline_schemas::envelope::Envelope;
    use paceline_schemas::field::Minor;
    use paceline_schemas::ids::{Currency, DealId, RepId, SiteId, Source};
    use paceline_schemas::symbol::CustomerKind;
    use paceline_schemas::time::Instant;

    fn won() -> Event {
        let deal = Deal {
            rep_id: RepId::new("Moses Frase").expect("rep"),
            deal_id: DealId::new("1C1I7A6R").expect("deal"),
            currency: Currency::new("USD").expect("currency"),
            amount_minor: Some(Minor(105_400)),
            ..Deal::default()
        };
        let time = Instant::parse("2017-03-01T06:00:00Z").expect("time");
        let source = Source::new("//acme/file/crm").expect("source");
        let id = EventId::new("1C1I7A6R").expect("id");
        Event {
            envelope: Envelope::new(EventType::DealWon, source, id, time),
            data: Data::Deal(Box::new(deal)),
        }
    }

    fn change(event: &Event, change: impl FnOnce(&mut Event, &mut Deal)) -> Content {
        let mut event = event.clone();
        let Data::Deal(mut deal) = event.data.clone() else {
            panic!("a deal")
        };
        change(&mut event, &mut deal);
        event.data = Data::Deal(deal);
        Content::of(&event)
    }

    #[test]
    fn the_canonical_form_has_sorted_keys_and_given_fields_alone() {
        let text = String::from_utf8(Canonical::of(&won()).as_bytes().to_vec()).expect("text");
        assert_eq!(
            text,
            concat!(
                r#"{"amount_minor":105400,"currency":"USD","deal_id":"1C1I7A6R","outcome":"won","#,
                r#""rep_id":"Moses Frase","time":"2017-03-01T06:00:00Z"}"#
            )
        );
    }

    #[test]
    fn an_amendment_of_the_same_state_has_the_content_of_the_win() {
        let event = won();
        let amended = change(&event, |event, deal| {
            event.envelope.event_type = EventType::DealAmended;
            deal.status = Some(Outcome::Won);
            deal.revision = Some(7);
            deal.site_id = SiteId::new("main").expect("site");
            deal.credit_minor = Some(Minor(1));
        });
        assert_eq!(amended, Content::of(&event));
    }

    #[test]
    fn a_kind_counts_only_when_it_was_given() {
        let event = won();
        let given = change(&event, |_, deal| deal.customer_kind = Some(CustomerKind::New));
        let derived = change(&event, |_, deal| {
            deal.customer_kind = Some(CustomerKind::New);
            deal.flags.raise(Flag::KindDerived);
        });
        assert_ne!(given, Content::of(&event));
        assert_eq!(derived, Content::of(&event));
    }

    #[test]
    fn time_outcome_and_replaced_id_make_other_contents() {
        let event = won();
        let later = change(&event, |event, _| event.envelope.time.0 += 1);
        let lost = change(&event, |event, _| event.envelope.event_type = EventType::DealLost);
        let replacing = Canonical::of(&event).replacing(&event.envelope.id);
        let all = std::collections::BTreeSet::from([Content::of(&event), later, lost, replacing]);
        assert_eq!(all.len(), 4);
    }
}
