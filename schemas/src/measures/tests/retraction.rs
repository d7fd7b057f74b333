//! `previous_of` an event takes back exactly what the event counts, for every family.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::event::RepState;
use crate::field::Minor;

/// The event of the same entity that counts nothing and takes back `previous`.
fn retraction(of: &Event, previous: Option<Previous>) -> Event {
    let previous = previous.map(Box::new);
    let (event_type, data) = match &of.data {
        Data::Call(call) => {
            let call = Call {
                rep_id: call.rep_id.clone(),
                retracted: true,
                previous,
                ..Call::default()
            };
            (EventType::CallAmended, Data::Call(Box::new(call)))
        }
        Data::Deal(deal) => {
            let deal = Deal {
                rep_id: deal.rep_id.clone(),
                status: Some(Outcome::Open),
                previous,
                ..Deal::default()
            };
            (EventType::DealAmended, Data::Deal(Box::new(deal)))
        }
        Data::Lead(lead) => {
            let lead = Lead {
                rep_id: lead.rep_id.clone(),
                retracted: true,
                previous,
                ..Lead::default()
            };
            (EventType::LeadAmended, Data::Lead(Box::new(lead)))
        }
        Data::State(state) => {
            let state = RepState {
                rep_id: state.rep_id.clone(),
                retracted: true,
                previous,
                ..RepState::default()
            };
            (EventType::RepStateEnded, Data::State(Box::new(state)))
        }
        Data::People(_) | Data::Target(_) | Data::Tick => (of.envelope.event_type, of.data.clone()),
    };
    event(event_type, Day(20_000), data)
}

/// The event as the version that follows the one that counted `previous`.
fn follow(mut event: Event, previous: Previous) -> Event {
    let previous = Some(Box::new(previous));
    match &mut event.data {
        Data::Call(call) => call.previous = previous,
        Data::Deal(deal) => deal.previous = previous,
        Data::Lead(lead) => lead.previous = previous,
        Data::State(state) => state.previous = previous,
        Data::People(_) | Data::Target(_) | Data::Tick => {}
    }
    event
}

fn negative(sums: Sums) -> Sums {
    sums.into_iter().map(|(place, vector)| (place, -vector)).collect()
}

fn days() -> impl Strategy<Value = Day> {
    (17_000_i32..17_004).prop_map(Day)
}

fn products() -> impl Strategy<Value = Option<Label>> {
    let texts = select(vec![None, Some("basic"), Some("plus")]);
    texts.prop_map(|text| text.map(|text| Label::new(text).expect("label")))
}

fn symbols<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(0.8, select(all))
}

fn times() -> impl Strategy<Value = Option<Milliseconds>> {
    proptest::option::of((0_i64..100_000).prop_map(Milliseconds))
}

fn calls() -> impl Strategy<Value = Event> {
    let which = select(vec![EventType::CallCompleted, EventType::CallAmended]);
    let shape = (symbols(Direction::ALL), symbols(LegRole::ALL), symbols(Step::ALL));
    let marks = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        proptest::bool::weighted(0.1),
    );
    let all = (
        which,
        days(),
        products(),
        shape,
        [times(), times(), times(), times()],
        marks,
    );
    all.prop_map(|(event_type, on, product_id, shape, times, marks)| {
        let (direction, leg_role, step) = shape;
        let [talk_ms, hold_ms, ring_ms, wrap_ms] = times;
        let (short, promised, kept, retracted) = marks;
        let call = Call {
            rep_id: rep(),
            site_id: site(),
            business_date: Some(on),
            hour: Some(hour(on)),
            currency: currency("CNY"),
            product_id,
            direction,
            leg_role,
            step,
            talk_ms,
            hold_ms,
            ring_ms,
            wrap_ms,
            short: Some(short),
            callback_due_at: promised.then(|| noon(on)),
            callback_on_time: kept.then_some(true),
            retracted,
            ..Call::default()
        };
        event(event_type, on, Data::Call(Box::new(call)))
    })
}

fn deals() -> impl Strategy<Value = Event> {
    let which = select(vec![
        EventType::DealStageChanged,
        EventType::DealWon,
        EventType::DealLost,
        EventType::DealAmended,
    ]);
    let money = (0_i64..1000, 0_i64..500, any::<bool>());
    let roles = (
        symbols(Outcome::ALL),
        symbols(CreditRole::ALL),
        symbols(CustomerKind::ALL),
    );
    (which, days(), products(), money, roles).prop_map(|(event_type, on, product_id, money, roles)| {
        let (credit, refunded, full) = money;
        let (status, credit_role, customer_kind) = roles;
        let deal = Deal {
            rep_id: rep(),
            site_id: site(),
            business_date: Some(on),
            hour: Some(hour(on)),
            currency: currency("KWD"),
            product_id,
            status,
            credit_role,
            credit_minor: Some(Minor(credit)),
            credit_refunded_minor: Some(Minor(refunded)),
            full,
            customer_kind,
            ..Deal::default()
        };
        event(event_type, on, Data::Deal(Box::new(deal)))
    })
}

fn leads() -> impl Strategy<Value = Event> {
    let which = select(vec![
        EventType::LeadAssigned,
        EventType::LeadAmended,
        EventType::LeadTransferred,
    ]);
    let all = (which, days(), products(), symbols(Side::ALL), any::<bool>());
    all.prop_map(|(event_type, on, product_id, side, retracted)| {
        let lead = Lead {
            rep_id: rep(),
            site_id: site(),
            business_date: Some(on),
            hour: Some(hour(on)),
            currency: currency("JPY"),
            product_id,
            side,
            retracted: retracted && event_type == EventType::LeadAmended,
            ..Lead::default()
        };
        event(event_type, on, Data::Lead(Box::new(lead)))
    })
}

fn states() -> impl Strategy<Value = Event> {
    let shape = (symbols(RepStateKind::ALL), symbols(PauseClass::ALL), 0_i64..3600);
    let all = (days(), products(), shape, proptest::bool::weighted(0.1));
    all.prop_map(|(on, product_id, (state, pause_class, seconds), retracted)| {
        let data = RepState {
            rep_id: rep(),
            site_id: site(),
            business_date: Some(on),
            hour: Some(hour(on)),
            currency: currency("CNY"),
            product_id,
            state,
            pause_class,
            started_at: Some(noon(on)),
            ended_at: Some(Instant(noon(on).0 + seconds * crate::time::SECOND_US)),
            retracted,
            ..RepState::default()
        };
        event(EventType::RepStateEnded, on, Data::State(Box::new(data)))
    })
}

/// Two versions of one entity.
fn versions() -> impl Strategy<Value = (Event, Event)> {
    prop_oneof![
        (calls(), calls()).boxed(),
        (deals(), deals()).boxed(),
        (leads(), leads()).boxed(),
        (states(), states()).boxed(),
    ]
}

proptest! {
    #[test]
    fn what_takes_an_event_back_counts_its_negative((first, second) in versions()) {
        let taken_back = retraction(&first, Some(previous_of(&first)));
        prop_assert_eq!(sums([&taken_back]), negative(sums([&first])));
        prop_assert_eq!(sums([&retraction(&second, None)]), Sums::new());
    }

    #[test]
    fn a_version_replaces_the_one_before_it((first, second) in versions()) {
        let replacing = follow(second.clone(), previous_of(&first));
        prop_assert_eq!(sums([&first, &replacing]), sums([&second]));
        let taken_back = retraction(&replacing, Some(previous_of(&replacing)));
        prop_assert_eq!(sums([&first, &replacing, &taken_back]), Sums::new());
    }

    #[test]
    fn what_was_counted_survives_its_bytes((first, second) in versions()) {
        let previous = previous_of(&follow(second, previous_of(&first)));
        let bytes = sonic_rs::to_vec(&previous).expect("JSON");
        prop_assert_eq!(sonic_rs::from_slice::<Previous>(&bytes).expect("previous"), previous);
    }
}

#[test]
fn what_counted_nothing_keeps_only_that() {
    let on = Day(17_000);
    let retracted = Previous {
        retracted: true,
        ..Previous::default()
    };
    let call = Call {
        retracted: true,
        ..Call::default()
    };
    let out = Lead {
        side: Some(Side::Out),
        ..Lead::default()
    };
    for (event_type, data) in [
        (EventType::CallAmended, Data::Call(Box::new(call))),
        (EventType::LeadTransferred, Data::Lead(Box::new(out))),
    ] {
        assert_eq!(previous_of(&event(event_type, on, data)), retracted, "{event_type:?}");
    }
    for (event_type, outcome) in [
        (EventType::DealOpened, Outcome::Open),
        (EventType::DealStageChanged, Outcome::Open),
        (EventType::DealAmended, Outcome::Open),
        (EventType::DealCancelled, Outcome::Cancelled),
    ] {
        let expected = Previous {
            outcome: Some(outcome),
            ..Previous::default()
        };
        let data = Data::Deal(Box::default());
        assert_eq!(previous_of(&event(event_type, on, data)), expected, "{event_type:?}");
    }
}
