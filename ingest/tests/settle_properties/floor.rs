//! A small floor: drafts as a source would state them, a log of four partitions, and sums over what was published.

use std::collections::{BTreeMap, BTreeSet};

use paceline_ingest::draft::{Draft, Origin, Share};
use paceline_ingest::memory::{CompleteTo, Memory, Options as MemoryOptions, Volatile};
use paceline_ingest::settle::{Fault, Options, Outcome, Settled, settle};
use paceline_schemas::codec::{Limits, decode, encode};
use paceline_schemas::disposition::Disposition;
use paceline_schemas::envelope::Envelope;
use paceline_schemas::event::{Call, Data, Deal, Event, EventType, Lead, RepState};
use paceline_schemas::field::{BasisPoints, Milliseconds, Minor};
use paceline_schemas::ids::{
    CallId, Currency, CustomerKey, DealId, EventId, Label, LeadId, LegId, RefundId, RepId, SiteId, Source,
};
use paceline_schemas::measure::Vector;
use paceline_schemas::measures::contribution;
use paceline_schemas::position::{Topic, partition_of};
use paceline_schemas::reject::Reason;
use paceline_schemas::symbol::{
    CancelReason, CreditRole, Direction, LeadOrigin, LegRole, LostReason, PauseClass, RepStateKind, Step,
};
use paceline_schemas::time::{Day, HOUR_US, Instant, LocalHour};

pub(crate) const PARTITIONS: u32 = 4;
pub(crate) const DAY_US: i64 = 24 * HOUR_US;
/// 2026-01-01T00:00:00Z.
pub(crate) const START: Instant = Instant(1_767_225_600_000_000);

pub(crate) fn at(day: i64, hour: i64) -> Instant {
    Instant(START.0 + day * DAY_US + hour * HOUR_US)
}

pub(crate) fn rep(number: u8) -> RepId {
    RepId::new(&format!("rep-{number}")).expect("rep")
}

pub(crate) fn day_of(time: Instant) -> Day {
    Day(i32::try_from(time.0.div_euclid(DAY_US)).expect("a day"))
}

fn hour_of(time: Instant) -> LocalHour {
    LocalHour {
        start: time.floor(HOUR_US),
        offset_s: 0,
    }
}

fn site() -> SiteId {
    SiteId::new("main").expect("site")
}

fn usd() -> Currency {
    Currency::new("USD").expect("currency")
}

pub(crate) fn draft(event_type: EventType, entity: &str, time: Instant, data: Data) -> Draft {
    let source = Source::new("//acme/file/crm").expect("source");
    let id = EventId::new("provisional").expect("id");
    Draft {
        entity: entity.to_owned(),
        event: Event {
            envelope: Envelope::new(event_type, source, id, time),
            data,
        },
        id: None,
        splits: Vec::new(),
        origin: Origin::default(),
    }
}

/// A deal draft of deal `number` under rep `owner`; `fill` sets what the type needs.
pub(crate) fn deal(event_type: EventType, number: u8, owner: u8, time: Instant, fill: impl FnOnce(&mut Deal)) -> Draft {
    let mut deal = Deal {
        rep_id: rep(owner),
        deal_id: DealId::new(&format!("deal-{number}")).expect("deal"),
        site_id: site(),
        business_date: Some(day_of(time)),
        hour: Some(hour_of(time)),
        currency: usd(),
        credit_role: Some(CreditRole::Owner),
        credit_bp: Some(BasisPoints(10_000)),
        ..Deal::default()
    };
    fill(&mut deal);
    draft(event_type, &format!("deal-{number}"), time, Data::Deal(Box::new(deal)))
}

pub(crate) fn won(
    number: u8,
    owner: u8,
    time: Instant,
    amount: i64,
    customer: Option<u8>,
    product: Option<u8>,
) -> Draft {
    deal(EventType::DealWon, number, owner, time, |deal| {
        deal.amount_minor = Some(Minor(amount));
        deal.customer_key = customer.map(|key| CustomerKey::new(&format!("k1:{key}")).expect("key"));
        deal.product_id = product.map(|id| Label::new(&format!("product-{id}")).expect("product"));
    })
}

pub(crate) fn lost(number: u8, owner: u8, time: Instant) -> Draft {
    deal(EventType::DealLost, number, owner, time, |deal| {
        deal.lost_reason = Some(LostReason::Unknown);
    })
}

pub(crate) fn cancelled(number: u8, owner: u8, time: Instant) -> Draft {
    deal(EventType::DealCancelled, number, owner, time, |deal| {
        deal.reason = Some(CancelReason::Customer);
    })
}

pub(crate) fn refunded(number: u8, owner: u8, time: Instant, refund: u8, minor: i64) -> Draft {
    deal(EventType::DealRefunded, number, owner, time, |deal| {
        deal.refund_id = Some(RefundId::new(&format!("refund-{refund}")).expect("refund"));
        deal.refund_minor = Some(Minor(minor));
        deal.reason = Some(CancelReason::Customer);
    })
}

pub(crate) fn share(number: u8, role: CreditRole, bp: i64) -> Share {
    Share {
        rep_id: rep(number),
        role,
        bp,
    }
}

pub(crate) fn call(number: u16, owner: u8, ended: Instant, step: Step, talk_ms: i64) -> Draft {
    let id = format!("call-{number}");
    let data = Call {
        rep_id: rep(owner),
        call_id: CallId::new(&id).expect("call"),
        leg_id: LegId::new(&id).expect("leg"),
        site_id: site(),
        business_date: Some(day_of(ended)),
        hour: Some(hour_of(ended)),
        currency: usd(),
        leg_role: Some(LegRole::First),
        direction: Some(Direction::Outbound),
        started_at: Some(Instant(ended.0 - 60_000_000)),
        answered_at: Some(Instant(ended.0 - 40_000_000)),
        ended_at: Some(ended),
        talk_ms: Some(Milliseconds(talk_ms)),
        disposition: Some(Disposition::from_symbol("undisposed").expect("disposition")),
        reached: Some(step),
        step: Some(step),
        short: Some(talk_ms < 10_000),
        ..Call::default()
    };
    draft(EventType::CallCompleted, &id, ended, Data::Call(Box::new(data)))
}

pub(crate) fn call_retraction(number: u16, owner: u8, ended: Instant, given: &str) -> Draft {
    let mut draft = call(number, owner, ended, Step::None, 0);
    draft.event.envelope.event_type = EventType::CallAmended;
    draft.id = Some(EventId::new(given).expect("id"));
    if let Data::Call(call) = &mut draft.event.data {
        call.retracted = true;
    }
    draft
}

pub(crate) fn lead(number: u8, owner: u8, time: Instant) -> Draft {
    let data = Lead {
        rep_id: rep(owner),
        lead_id: LeadId::new(&format!("lead-{number}")).expect("lead"),
        site_id: site(),
        business_date: Some(day_of(time)),
        hour: Some(hour_of(time)),
        currency: usd(),
        origin: Some(LeadOrigin::List),
        ..Lead::default()
    };
    draft(
        EventType::LeadAssigned,
        &format!("lead-{number}"),
        time,
        Data::Lead(Box::new(data)),
    )
}

pub(crate) fn pause(owner: u8, started: Instant, ended: Instant) -> Draft {
    let data = RepState {
        rep_id: rep(owner),
        site_id: site(),
        business_date: Some(day_of(started)),
        hour: Some(hour_of(started)),
        currency: usd(),
        state: Some(RepStateKind::Paused),
        pause_class: Some(PauseClass::Break),
        started_at: Some(started),
        ended_at: Some(ended),
        ..RepState::default()
    };
    let entity = format!("rep-{owner}:{}", started.0);
    draft(EventType::RepStateEnded, &entity, ended, Data::State(Box::new(data)))
}

/// Sums at rep, product and day.
pub(crate) type Sums = BTreeMap<(RepId, Option<Label>, Day), Vector>;

pub(crate) fn add(sums: &mut Sums, rep_id: RepId, product: Option<Label>, day: Day, vector: &Vector) {
    *sums.entry((rep_id, product, day)).or_default() += vector;
}

/// Everything that was published, in partitions as the log has them.
#[derive(Debug, Default, Clone)]
pub(crate) struct Published {
    pub(crate) partitions: [Vec<Event>; PARTITIONS as usize],
    pub(crate) ids: BTreeSet<String>,
}

impl Published {
    /// Appends an event as bytes would carry it. An id is used once.
    pub(crate) fn append(&mut self, event: &Event) {
        let decoded = decode(&encode(event), Limits::default()).expect("a published event decodes");
        assert_eq!(&decoded, event, "an event survives the log");
        let fresh = self.ids.insert(event.envelope.id.to_string());
        assert!(fresh, "`{}` was published twice", event.envelope.id);
        let keyed = event.data.keyed().expect("a keyed event");
        let partition = partition_of(keyed.rep_id.as_str().as_bytes(), PARTITIONS);
        self.partitions[partition as usize].push(decoded);
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Event> {
        self.partitions.iter().flatten()
    }

    pub(crate) fn count(&self) -> usize {
        self.partitions.iter().map(Vec::len).sum()
    }

    pub(crate) fn sums(&self) -> Sums {
        let mut sums = Sums::new();
        for event in self.all() {
            for (place, vector) in contribution(event).parts() {
                add(
                    &mut sums,
                    place.rep_id.clone(),
                    place.product_id.cloned(),
                    place.business_date,
                    vector,
                );
            }
        }
        sums.retain(|_, vector| !vector.is_zero());
        sums
    }

    pub(crate) fn positions(&self) -> CompleteTo {
        let position = |(partition, events): (u32, &Vec<Event>)| ((Topic::Events, partition), events.len() as u64);
        (0..).zip(&self.partitions).map(position).collect()
    }
}

/// Memory and what was published through it.
pub(crate) struct Floor {
    pub(crate) options: Options,
    pub(crate) store: Volatile,
    pub(crate) memory: Memory,
    pub(crate) log: Published,
}

impl Floor {
    pub(crate) fn new(options: Options) -> Self {
        Self::over(options, Volatile::default(), Published::default())
    }

    /// Opens memory over `store` and reads `log` from where memory is complete to.
    pub(crate) fn over(options: Options, store: Volatile, log: Published) -> Self {
        let limits = MemoryOptions { entities_max: 4 };
        let mut memory = Memory::open(store.clone(), limits).expect("memory");
        let complete_to = memory.complete_to().clone();
        for (partition, events) in (0_u32..).zip(&log.partitions) {
            let from = complete_to.get(&(Topic::Events, partition)).copied().unwrap_or(0);
            for event in events.iter().skip(usize::try_from(from).expect("an index")) {
                memory.observe(event).expect("observe");
            }
        }
        Self {
            options,
            store,
            memory,
            log,
        }
    }

    /// Settles and appends. A refusal is its reason.
    pub(crate) fn take(&mut self, draft: Draft, received: Instant) -> Result<Settled, Reason> {
        match settle(&mut self.memory, &self.options, draft, received) {
            Ok(settled) => {
                for event in &settled.events {
                    self.log.append(event);
                }
                Ok(settled)
            }
            Err(Fault::Rejected(reject)) => Err(reject.reason),
            Err(Fault::Memory(error)) => panic!("memory: {error}"),
        }
    }

    /// Settles a draft that must be published, and gives its events.
    pub(crate) fn publish(&mut self, draft: Draft, received: Instant) -> Vec<Event> {
        let settled = self.take(draft, received).expect("a draft that is taken");
        assert_eq!(settled.outcome, Outcome::Published);
        settled.events
    }

    pub(crate) fn commit(&mut self) {
        let positions = self.log.positions();
        self.memory.commit(&positions).expect("commit");
    }
}
