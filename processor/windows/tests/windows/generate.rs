//! Logs of a small floor: calls, states and deals with their corrections, at three sites, in two currencies.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use paceline_schemas::envelope::Envelope;
use paceline_schemas::event::{Call, Data, Deal, Event, EventType, Previous, RepState};
use paceline_schemas::field::{Milliseconds, Minor};
use paceline_schemas::ids::{Currency, EventId, RepId, SiteId, Source};
use paceline_schemas::measures::previous_of;
use paceline_schemas::site::Site;
use paceline_schemas::symbol::{CreditRole, CustomerKind, Direction, Outcome, PauseClass, RepStateKind, Step};
use paceline_schemas::time::{HOUR_US, Instant, MINUTE_US};
use paceline_windows::Arrived;
use proptest::prelude::*;

pub(crate) const DAY_US: i64 = 24 * HOUR_US;

/// One record of a log.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// The event; nothing for bytes that cannot be decoded.
    pub(crate) event: Option<Event>,
    pub(crate) arrived: Arrived,
}

pub(crate) fn at(text: &str) -> Instant {
    Instant::parse(text).expect("instant")
}

fn site(name: &str, zone: &str, boundary: i8, currency: &str) -> Site {
    let id = SiteId::new(name).expect("site");
    let mut site = Site::utc(id, Currency::new(currency).expect("currency"));
    site.zone = TimeZone::get(zone).expect("zone");
    site.shift_boundary = Time::constant(boundary, 0, 0, 0);
    site
}

/// Berlin with night shifts until 04:00, Shanghai, and New York with other weeks and fiscal years.
pub(crate) static SITES: LazyLock<BTreeMap<SiteId, Site>> = LazyLock::new(|| {
    let mut york = site("york", "America/New_York", 0, "USD");
    york.week_start = Weekday::Sunday;
    york.fiscal_year_start_month = 4;
    let all = [
        site("berlin", "Europe/Berlin", 4, "EUR"),
        site("shanghai", "Asia/Shanghai", 0, "USD"),
        york,
    ];
    all.into_iter().map(|site| (site.site_id.clone(), site)).collect()
});

pub(crate) fn sites() -> BTreeMap<SiteId, Site> {
    SITES.clone()
}

/// A rep's number picks name and site: rep 3 works at two sites.
fn place(rep: u8, elsewhere: bool) -> (RepId, Site) {
    let (name, home) = [("ann", "berlin"), ("bo", "shanghai"), ("cy", "york"), ("di", "berlin")][usize::from(rep) % 4];
    let site = if rep % 4 == 3 && elsewhere { "shanghai" } else { home };
    let site = SITES[&SiteId::new(site).expect("id")].clone();
    (RepId::new(name).expect("rep"), site)
}

/// What happened, without the stamps.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// A call, and later versions of it.
    Call(Vec<CallVersion>),
    /// A deal: its outcomes in order.
    Deal(Vec<DealStep>),
    /// Ready or paused for some seconds.
    State { paused: bool, seconds: i64 },
}

#[derive(Debug, Clone)]
pub(crate) struct CallVersion {
    pub(crate) step: usize,
    pub(crate) talk_ms: i64,
    pub(crate) shifted_us: i64,
    pub(crate) retracted: bool,
}

/// A step in the life of a deal; one that does not fit what came before is left out.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DealStep {
    Win { amount: i64 },
    Lose,
    Amend { amount: i64 },
    Cancel,
    Refund { share: i64 },
    Reopen,
}

/// The events of one happening, in the order in which `ingest` would publish them.
pub(crate) fn events(n: usize, rep: u8, elsewhere: bool, time: Instant, what: &Happening) -> Vec<Event> {
    let maker = Maker { n, rep, elsewhere };
    match what {
        Happening::Call(versions) => maker.call(time, versions),
        Happening::Deal(steps) => maker.deal(time, steps),
        Happening::State { paused, seconds } => vec![maker.state(time, *paused, *seconds)],
    }
}

struct Maker {
    n: usize,
    rep: u8,
    elsewhere: bool,
}

macro_rules! stamped {
    ($data:expr, $maker:expr, $time:expr) => {{
        let mut data = $data;
        let (rep_id, site) = place($maker.rep, $maker.elsewhere);
        data.rep_id = rep_id;
        data.business_date = Some(site.business_date($time));
        data.hour = Some(site.hour($time));
        data.site_id = site.site_id;
        data.currency = site.currency;
        data
    }};
}

impl Maker {
    fn envelope(&self, event_type: EventType, version: usize, time: Instant) -> Envelope {
        let source = Source::new("//t/dialer/c").expect("source");
        let id = EventId::new(&format!("{}:{version}", self.n)).expect("id");
        Envelope::new(event_type, source, id, time)
    }

    fn call(&self, time: Instant, versions: &[CallVersion]) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        for (number, version) in versions.iter().enumerate() {
            let ended = Instant(time.0 + version.shifted_us);
            let previous = events.last().map(|event| Box::new(previous_of(event)));
            let event_type = if number == 0 {
                EventType::CallCompleted
            } else {
                EventType::CallAmended
            };
            let call = Call {
                direction: Some(Direction::Outbound),
                step: Some(Step::ALL[version.step % Step::ALL.len()]),
                talk_ms: Some(Milliseconds(version.talk_ms)),
                retracted: number > 0 && version.retracted,
                previous,
                ..Call::default()
            };
            let data = Data::Call(Box::new(stamped!(call, self, ended)));
            events.push(Event {
                envelope: self.envelope(event_type, number, ended),
                data,
            });
        }
        events
    }

    fn state(&self, time: Instant, paused: bool, seconds: i64) -> Event {
        let state = RepState {
            state: Some(if paused {
                RepStateKind::Paused
            } else {
                RepStateKind::Ready
            }),
            pause_class: paused.then_some(PauseClass::Break),
            started_at: Some(Instant(time.0 - seconds * 1_000_000)),
            ended_at: Some(time),
            ..RepState::default()
        };
        let data = Data::State(Box::new(stamped!(state, self, time)));
        Event {
            envelope: self.envelope(EventType::RepStateEnded, 0, time),
            data,
        }
    }

    fn deal(&self, time: Instant, steps: &[DealStep]) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        let mut life = Life::default();
        for (number, step) in steps.iter().enumerate() {
            let moment = Instant(time.0 + number as i64 * 7 * HOUR_US);
            let Some((event_type, mut deal)) = life.take(*step) else {
                continue;
            };
            if !events.is_empty() {
                deal.previous = life.previous.clone().map(Box::new);
            }
            let data = Data::Deal(Box::new(stamped!(deal, self, moment)));
            let event = Event {
                envelope: self.envelope(event_type, number, moment),
                data,
            };
            life.previous = Some(previous_of(&event));
            events.push(event);
        }
        events
    }
}

/// What a deal is after its steps so far.
#[derive(Debug, Default)]
struct Life {
    outcome: Option<Outcome>,
    amount: i64,
    refunded: i64,
    previous: Option<Previous>,
}

impl Life {
    fn take(&mut self, step: DealStep) -> Option<(EventType, Deal)> {
        let won = self.outcome == Some(Outcome::Won);
        let lost = self.outcome == Some(Outcome::Lost);
        let before = self.outcome;
        let (event_type, deal) = match step {
            DealStep::Win { amount } if !won => {
                (self.outcome, self.amount, self.refunded) = (Some(Outcome::Won), amount, 0);
                (
                    EventType::DealWon,
                    Deal {
                        reinstated: before == Some(Outcome::Cancelled),
                        ..self.credited()
                    },
                )
            }
            DealStep::Lose if !won && !lost => {
                self.outcome = Some(Outcome::Lost);
                (EventType::DealLost, self.credited())
            }
            DealStep::Amend { amount } if won => {
                self.amount = amount.max(self.refunded);
                (
                    EventType::DealAmended,
                    Deal {
                        status: Some(Outcome::Won),
                        ..self.credited()
                    },
                )
            }
            DealStep::Cancel if won => {
                self.outcome = Some(Outcome::Cancelled);
                (EventType::DealCancelled, self.credited())
            }
            DealStep::Refund { share } if won && self.amount > self.refunded => {
                let refund = ((self.amount - self.refunded) * share / 4).max(1);
                self.refunded += refund;
                (
                    EventType::DealRefunded,
                    Deal {
                        credit_refund_minor: Some(Minor(refund)),
                        ..self.credited()
                    },
                )
            }
            DealStep::Reopen if lost => {
                self.outcome = Some(Outcome::Open);
                (
                    EventType::DealStageChanged,
                    Deal {
                        reopened: true,
                        ..self.credited()
                    },
                )
            }
            _ => return None,
        };
        Some((event_type, deal))
    }

    fn credited(&self) -> Deal {
        Deal {
            credit_role: Some(CreditRole::Owner),
            customer_kind: Some(CustomerKind::New),
            credit_minor: Some(Minor(self.amount)),
            credit_refunded_minor: Some(Minor(self.refunded)),
            full: self.amount > 0 && self.refunded == self.amount,
            ..Deal::default()
        }
    }
}

pub(crate) fn deal_step() -> impl Strategy<Value = DealStep> {
    prop_oneof![
        3 => (1..9_000_i64).prop_map(|amount| DealStep::Win { amount }),
        1 => Just(DealStep::Lose),
        2 => (1..9_000_i64).prop_map(|amount| DealStep::Amend { amount }),
        2 => Just(DealStep::Cancel),
        3 => (1..5_i64).prop_map(|share| DealStep::Refund { share }),
        1 => Just(DealStep::Reopen),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    let version = (
        0..9_usize,
        0..200_000_i64,
        -90 * MINUTE_US..90 * MINUTE_US,
        prop::bool::weighted(0.2),
    )
        .prop_map(|(step, talk_ms, shifted_us, retracted)| CallVersion {
            step,
            talk_ms,
            shifted_us,
            retracted,
        });
    prop_oneof![
        5 => proptest::collection::vec(version, 1..4).prop_map(Happening::Call),
        2 => proptest::collection::vec(deal_step(), 1..7).prop_map(Happening::Deal),
        1 => (any::<bool>(), 1..3_000_i64).prop_map(|(paused, seconds)| Happening::State { paused, seconds }),
    ]
}

/// Times around two changes of the clock, a year apart from some, on full minutes and beside them.
fn time() -> impl Strategy<Value = Instant> {
    let base = prop_oneof![
        6 => Just(at("2026-10-24T12:00:00Z")),
        2 => Just(at("2026-03-28T20:00:00Z")),
        1 => Just(at("2025-06-30T22:00:00Z")),
    ];
    let offset = prop_oneof![
        3 => (0..2 * 24 * 60_i64).prop_map(|minute| minute * MINUTE_US),
        3 => 0..2 * DAY_US,
        1 => 0..40 * DAY_US,
    ];
    (base, offset).prop_map(|(base, offset)| Instant(base.0 + offset))
}

/// Events in the order of publication, each happening's in its own.
pub(crate) fn published(happenings: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Event>> {
    let all = proptest::collection::vec((0..4_u8, any::<bool>(), time(), happening()), happenings);
    let events = all.prop_map(|all| {
        let chains = all
            .iter()
            .enumerate()
            .map(|(n, (rep, elsewhere, time, what))| events(n, *rep, *elsewhere, *time, what));
        let mut events: Vec<Event> = chains.flatten().collect();
        // Mostly in the order of time, as a floor sends them; amendments to the past stay where their time puts them.
        events.sort_by_key(|event| event.envelope.time);
        events
    });
    events.prop_filter("deals of which no step fits make no event", |events| !events.is_empty())
}

/// The events as a log whose append times are `delay_us` after the latest event so far.
pub(crate) fn log_of(events: Vec<Event>, delay_us: i64) -> Vec<Record> {
    let mut append_time = Instant(i64::MIN);
    let number = |event: &Event| content_of(event);
    events
        .into_iter()
        .zip(0..)
        .map(|(event, offset)| {
            append_time = append_time.max(Instant(event.envelope.time.0 + delay_us));
            Record {
                arrived: Arrived {
                    offset,
                    append_time,
                    content: number(&event),
                },
                event: Some(event),
            }
        })
        .collect()
}

/// Another number for other content.
pub(crate) fn content_of(event: &Event) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    format!("{event:?}").hash(&mut hasher);
    hasher.finish()
}

/// What disturbs a log.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Noise {
    Duplicate(i64),
    Conflict,
    Future,
    Tick(i64),
    Undecodable,
    Redelivered,
    Gap,
}

fn noise() -> impl Strategy<Value = Noise> {
    prop_oneof![
        3 => (0..12 * DAY_US).prop_map(Noise::Duplicate),
        1 => Just(Noise::Conflict),
        1 => Just(Noise::Future),
        2 => (0..3 * DAY_US).prop_map(Noise::Tick),
        1 => Just(Noise::Undecodable),
        1 => Just(Noise::Redelivered),
        1 => Just(Noise::Gap),
    ]
}

/// A log with everything that can come: re-sends, conflicts, wrong clocks, ticks, gaps.
pub(crate) fn noisy_log(happenings: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Record>> {
    let noises = proptest::collection::vec((any::<prop::sample::Index>(), noise()), 0..12);
    let swaps = proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..8);
    (published(happenings), noises, swaps).prop_map(|(mut events, noises, swaps)| {
        for (a, b) in swaps {
            let len = events.len();
            events.swap(a.index(len), b.index(len));
        }
        let mut log = log_of(events, 30_000_000);
        for (index, noise) in noises {
            disturb(&mut log, index, noise);
        }
        log
    })
}

fn disturb(log: &mut Vec<Record>, index: prop::sample::Index, noise: Noise) {
    let at = index.index(log.len());
    let mut record = log[at].clone();
    let after = match noise {
        Noise::Duplicate(delay_us) => {
            let position = log.partition_point(|r| r.arrived.append_time.0 <= record.arrived.append_time.0 + delay_us);
            position.max(at + 1)
        }
        Noise::Conflict | Noise::Future | Noise::Tick(_) | Noise::Undecodable | Noise::Redelivered | Noise::Gap => {
            at + 1
        }
    };
    let append_time = log[after - 1].arrived.append_time;
    record.arrived.append_time = append_time;
    match noise {
        Noise::Duplicate(_) => {}
        Noise::Conflict => record.arrived.content ^= 1,
        Noise::Future => {
            let Some(event) = &mut record.event else { return };
            event.envelope.time = Instant(append_time.0 + 10 * MINUTE_US + 1);
            event.envelope.id = EventId::new(&format!("future:{after}:{}", log.len())).expect("id");
        }
        Noise::Tick(ahead_us) => {
            let source = Source::new("//t/clock/c").expect("source");
            let time = Instant(append_time.0 + ahead_us - DAY_US);
            let envelope = Envelope::new(EventType::ClockTicked, source, EventId::new("tick").expect("id"), time);
            record.event = Some(Event {
                envelope,
                data: Data::Tick,
            });
        }
        Noise::Undecodable => record.event = None,
        Noise::Redelivered => {
            let copy = log[at].clone();
            return log.insert(after, copy);
        }
        Noise::Gap => {
            log[at..].iter_mut().for_each(|r| r.arrived.offset += 3);
            return;
        }
    }
    record.arrived.offset = log[after - 1].arrived.offset + 1;
    log[after..].iter_mut().for_each(|r| r.arrived.offset += 1);
    log.insert(after, record);
}
