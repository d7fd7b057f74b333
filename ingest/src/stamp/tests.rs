use super::*;
use paceline_schemas::disposition::Disposition;
use paceline_schemas::envelope::Envelope;
use paceline_schemas::event::{Call, EventType, People};
use paceline_schemas::field::{Milliseconds, Minor};
use paceline_schemas::ids::{CallId, EventId};
use paceline_schemas::symbol::{Direction, Step};

fn at(text: &str) -> Instant {
    Instant::parse(text).expect("instant")
}

fn day(text: &str) -> Day {
    Day::parse(text).expect("day")
}

fn site(name: &str, zone: &str, boundary_hour: i8) -> Site {
    let currency = Currency::new(if name == "shanghai" { "CNY" } else { "EUR" }).expect("currency");
    let mut site = Site::utc(SiteId::new(name).expect("id"), currency);
    site.zone = jiff::tz::TimeZone::get(zone).expect("zone");
    site.shift_boundary = Time::constant(boundary_hour, 0, 0, 0);
    site
}

fn stamper() -> Stamper {
    let sites = vec![site("berlin", "Europe/Berlin", 4), site("shanghai", "Asia/Shanghai", 0)];
    let berlin = SiteId::new("berlin").expect("id");
    Stamper::new("acme", sites, &berlin, Pepper::first(b"test"), Rules::default()).expect("stamper")
}

fn with_rep(mut stamper: Stamper, name: &str, site: &str) -> Stamper {
    let data = People {
        rep_id: RepId::new(name).expect("rep"),
        hired_on: Some(day("2020-01-01")),
        site_id: SiteId::new(site).ok(),
        ..People::default()
    };
    let id = EventId::new("h").expect("id");
    let source = stamper.source("people").expect("source");
    let event = Event {
        envelope: Envelope::new(EventType::RepHired, source, id, at("2020-01-01T00:00:00Z")),
        data: Data::People(Box::new(data)),
    };
    stamper.directory_mut().observe(&event);
    stamper
}

fn basis() -> Basis<'static> {
    Basis {
        connection: "cdr",
        received: at("2026-12-01T00:00:00Z"),
        date: None,
        knows_answers: true,
    }
}

fn event(stamper: &Stamper, event_type: EventType, time: Instant, data: Data) -> Event {
    let id = EventId::new("e").expect("id");
    Event {
        envelope: Envelope::new(event_type, stamper.source("cdr").expect("source"), id, time),
        data,
    }
}

fn call(change: impl FnOnce(&mut Call)) -> Call {
    let mut data = Call {
        rep_id: RepId::new("li").expect("rep"),
        call_id: CallId::new("c1").expect("id"),
        started_at: Some(at("2026-06-01T02:00:00Z")),
        answered_at: Some(at("2026-06-01T02:00:10Z")),
        ended_at: Some(at("2026-06-01T02:01:10Z")),
        direction: Some(Direction::Outbound),
        ..Call::default()
    };
    change(&mut data);
    data
}

fn stamped(change: impl FnOnce(&mut Call), basis: Basis<'_>) -> Call {
    let stamper = with_rep(stamper(), "li", "shanghai");
    let data = call(change);
    let time = data.ended_at.expect("end");
    let mut event = event(&stamper, EventType::CallCompleted, time, Data::Call(Box::new(data)));
    stamper.stamp(&mut event, basis).expect("stamped");
    match event.data {
        Data::Call(data) => *data,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_is_placed_at_the_site_of_its_rep() {
    let data = stamped(|_| {}, basis());
    assert_eq!(data.site_id.as_str(), "shanghai");
    assert_eq!(data.business_date, Some(day("2026-06-01")));
    assert_eq!(
        data.hour.map(|hour| hour.to_string()).as_deref(),
        Some("2026-06-01T10:00:00+08:00")
    );
    assert_eq!((data.currency.as_str(), data.leg_id.as_str()), ("CNY", "c1"));
    assert_eq!(data.flags.joined(), "");
    assert_eq!(data.disposition, Some(Disposition::Undisposed));
}

#[test]
fn a_rep_nobody_knows_has_the_default_site_and_its_shift_boundary() {
    let data = stamped(|data| data.rep_id = RepId::new("who").expect("rep"), basis());
    assert_eq!(
        (data.site_id.as_str(), data.flags.joined().as_str()),
        ("berlin", "site_defaulted")
    );
    let early = |data: &mut Call| {
        data.rep_id = RepId::new("who").expect("rep");
        (data.started_at, data.answered_at) = (Some(at("2026-06-01T01:00:00Z")), None);
        data.ended_at = Some(at("2026-06-01T01:30:00Z"));
    };
    assert_eq!(stamped(early, basis()).business_date, Some(day("2026-05-31")));
}

#[test]
fn the_site_of_a_connection_is_no_default() {
    let shanghai = SiteId::new("shanghai").expect("id");
    let stamper = stamper().with_connection_site("cdr", &shanghai).expect("site");
    let rep = RepId::new("who").expect("rep");
    let (clock, defaulted) = stamper.site_of(&rep, Moment::On(day("2026-06-01")), "cdr");
    assert_eq!((clock.site().site_id.as_str(), defaulted), ("shanghai", false));
    assert!(
        stamper
            .with_connection_site("cdr", &SiteId::new("rome").expect("id"))
            .is_err()
    );
}

#[test]
fn a_stated_date_stays_as_written() {
    let date = Some(day("2026-05-30"));
    let data = stamped(|_| {}, Basis { date, ..basis() });
    assert_eq!(data.business_date, date);
}

#[test]
fn calls_without_rep_are_spread_over_sixteen_of_the_site() {
    let mut names = std::collections::BTreeSet::new();
    for number in 0..400 {
        let data = stamped(
            |data| {
                data.rep_id = RepId::default();
                data.call_id = CallId::new(&format!("c{number}")).expect("id");
            },
            basis(),
        );
        assert!(data.flags.has(Flag::AgentMissing));
        names.insert(data.rep_id.to_string());
    }
    assert_eq!(names.len(), 16);
    assert!(names.contains("~berlin.0") && names.contains("~berlin.15"), "{names:?}");
}

#[test]
fn durations_follow_from_instants_and_the_sources_own_are_kept_where_they_differ() {
    let data = stamped(
        |data| {
            data.hold_ms = Some(Milliseconds(5_000));
            data.talk_ms = Some(Milliseconds(57_500));
            data.ring_ms = Some(Milliseconds(10_000));
        },
        basis(),
    );
    assert_eq!(
        (data.talk_ms, data.ring_ms),
        (Some(Milliseconds(55_000)), Some(Milliseconds(10_000)))
    );
    assert_eq!(data.flags.joined(), "duration_mismatch");
    assert_eq!(data.native.0.get("talk_ms"), Some(&57_500.into()));
    assert_eq!(data.native.0.get("ring_ms"), None);
    let close = stamped(|data| data.talk_ms = Some(Milliseconds(62_000)), basis());
    assert_eq!(
        (close.talk_ms, close.flags.joined().as_str()),
        (Some(Milliseconds(60_000)), "")
    );
}

#[test]
fn durations_are_not_computed_from_dates() {
    let data = stamped(
        |data| {
            data.flags.raise(Flag::TimeOfDayAssumed);
            data.talk_ms = Some(Milliseconds(261_000));
        },
        basis(),
    );
    assert_eq!((data.talk_ms, data.ring_ms), (Some(Milliseconds(261_000)), None));
}

#[test]
fn an_answer_out_of_order_leaves_its_durations_unknown() {
    let data = stamped(
        |data| {
            data.answered_at = Some(at("2026-06-01T03:00:00Z"));
            data.talk_ms = Some(Milliseconds(1_000));
        },
        basis(),
    );
    assert_eq!((data.answered_at, data.talk_ms, data.ring_ms), (None, None, None));
    assert_eq!(data.flags.joined(), "answer_unknown negative_duration");
    let held = stamped(|data| data.hold_ms = Some(Milliseconds(90_000)), basis());
    assert_eq!(
        (held.talk_ms, held.flags.joined().as_str()),
        (None, "negative_duration")
    );
}

#[test]
fn steps_are_proven_by_disposition_or_times_and_raised_by_what_was_reached() {
    let step = |change: fn(&mut Call)| stamped(change, basis()).step;
    assert_eq!(step(|_| {}), Some(Step::Contact));
    assert_eq!(step(|data| data.answered_at = None), Some(Step::Dial));
    assert_eq!(
        step(|data| data.disposition = Some(Disposition::NotInterested)),
        Some(Step::Pitch)
    );
    assert_eq!(
        step(|data| {
            data.disposition = Some(Disposition::NotInterested);
            data.reached = Some(Step::Interested);
        }),
        Some(Step::Interested)
    );
    assert_eq!(
        step(|data| {
            data.disposition = Some(Disposition::NotInterested);
            data.reached = Some(Step::Live);
        }),
        Some(Step::Pitch)
    );
    assert_eq!(step(|data| data.rep_id = RepId::default()), Some(Step::Live));
}

#[test]
fn answered_legs_with_little_talk_are_short() {
    let short = |seconds: i64| {
        stamped(
            |data| data.ended_at = data.answered_at.map(|time| Instant(time.0 + seconds * SECOND_US)),
            basis(),
        )
        .short
    };
    assert_eq!((short(9), short(10)), (Some(true), Some(false)));
    assert_eq!(stamped(|data| data.answered_at = None, basis()).short, Some(false));
}

#[test]
fn a_source_that_tells_no_answers_proves_them_by_talk() {
    let change = |data: &mut Call| {
        data.answered_at = None;
        data.talk_ms = Some(Milliseconds(30_000));
    };
    let data = stamped(
        change,
        Basis {
            knows_answers: false,
            ..basis()
        },
    );
    assert_eq!((data.step, data.ring_ms), (Some(Step::Contact), None));
    assert_eq!(data.flags.joined(), "answer_unknown");
}

#[test]
fn call_backs_are_on_time_within_the_sites_limit() {
    let kept = |due: &str| {
        let due = at(due);
        stamped(|data| data.callback_for_due_at = Some(due), basis()).callback_on_time
    };
    assert_eq!(kept("2026-06-01T01:45:00Z"), Some(true));
    assert_eq!(kept("2026-06-01T02:15:00Z"), Some(true));
    assert_eq!(kept("2026-06-01T01:44:59Z"), Some(false));
    assert_eq!(stamped(|_| {}, basis()).callback_on_time, None);
}

#[test]
fn amounts_keep_their_currency_and_deals_without_amount_have_the_sites() {
    let stamper = with_rep(stamper(), "li", "shanghai");
    let stamp = |data: Deal| {
        let mut event = event(
            &stamper,
            EventType::DealWon,
            at("2026-06-01T02:00:00Z"),
            Data::Deal(Box::new(data)),
        );
        stamper.stamp(&mut event, basis()).map(|()| event)
    };
    let deal = Deal {
        rep_id: RepId::new("li").expect("rep"),
        ..Deal::default()
    };
    let currency = |event: Event| event.data.keyed().map(|keyed| keyed.currency.to_string());
    assert_eq!(currency(stamp(deal.clone()).expect("stamped")).as_deref(), Some("CNY"));
    let usd = Deal {
        amount_minor: Some(Minor(1)),
        currency: Currency::new("USD").expect("code"),
        ..deal.clone()
    };
    let stamped = stamp(usd).expect("stamped");
    let Data::Deal(data) = &stamped.data else {
        panic!("{stamped:?}")
    };
    assert_eq!(
        (data.credit_role, data.credit_bp),
        (Some(CreditRole::Owner), Some(BasisPoints(10_000)))
    );
    assert_eq!(currency(stamped).as_deref(), Some("USD"));
    let none = stamp(Deal {
        amount_minor: Some(Minor(1)),
        ..deal
    });
    assert_eq!(none.err().map(|reject| reject.reason), Some(Reason::MissingCurrency));
}

#[test]
fn times_far_ahead_of_their_receipt_are_refused() {
    let stamper = stamper();
    let received = basis().received;
    let reason = |ahead_us: i64| {
        let time = Instant(received.0 + ahead_us);
        let data = call(|data| {
            (data.started_at, data.answered_at, data.ended_at) = (Some(time), None, Some(time));
        });
        let mut event = event(&stamper, EventType::CallCompleted, time, Data::Call(Box::new(data)));
        stamper.stamp(&mut event, basis()).err().map(|reject| reject.reason)
    };
    assert_eq!(reason(600 * SECOND_US), None);
    assert_eq!(reason(600 * SECOND_US + 1), Some(Reason::ClockSkew));
}

#[test]
fn a_default_site_must_be_configured() {
    let rome = SiteId::new("rome").expect("id");
    let error = Stamper::new(
        "acme",
        vec![site("berlin", "UTC", 0)],
        &rome,
        Pepper::first(b""),
        Rules::default(),
    )
    .err();
    assert_eq!(
        error.map(|e| e.to_string()).as_deref(),
        Some("find the site `rome`: it is not configured; the sites are `berlin`")
    );
}
