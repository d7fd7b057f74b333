use std::collections::BTreeMap;

use super::*;
use crate::codec::{Limits, decode, encode};
use crate::disposition::{Disposition, Undisposed};
use crate::envelope::Envelope;
use crate::event::Family;
use crate::ids::{EventId, Source};
use crate::symbol::Side;

mod chain;
mod chains;
mod deals;
mod legs;
mod retraction;

/// Sums by business date and product.
type Sums = BTreeMap<(Day, Option<Label>), Vector>;

fn sums<'a>(events: impl IntoIterator<Item = &'a Event>) -> Sums {
    let mut sums = Sums::new();
    for event in events {
        for (place, vector) in contribution(event).parts() {
            *sums
                .entry((place.business_date, place.product_id.cloned()))
                .or_default() += vector;
        }
    }
    sums.retain(|_, vector| !vector.is_zero());
    sums
}

fn day(text: &str) -> Day {
    Day::parse(text).expect("day")
}

fn rep() -> RepId {
    RepId::new("r-17").expect("rep")
}

fn site() -> SiteId {
    SiteId::new("central").expect("site")
}

fn currency(code: &str) -> Currency {
    Currency::new(code).expect("currency")
}

fn noon(day: Day) -> Instant {
    Instant(i64::from(day.0) * 24 * crate::time::HOUR_US + 12 * crate::time::HOUR_US)
}

fn hour(day: Day) -> LocalHour {
    LocalHour {
        start: noon(day),
        offset_s: 0,
    }
}

fn event(event_type: EventType, day: Day, data: Data) -> Event {
    let source = Source::new("//acme/file/crm").expect("source");
    let id = EventId::new("e1").expect("id");
    Event {
        envelope: Envelope::new(event_type, source, id, noon(day)),
        data,
    }
}

/// The event as it is read from its own bytes.
fn read_back(event: &Event) -> Event {
    decode(&encode(event), Limits::default()).expect("an event that is written can be read")
}
