//! What legs, states and leads count.

use super::*;
use crate::event::RepState;

/// The funnel in the order of its steps.
const FUNNEL: [M; 7] = [
    M::Dials,
    M::Connects,
    M::LiveAnswers,
    M::Contacts,
    M::Rpc,
    M::Pitches,
    M::Interested,
];

/// How many measures of the funnel an outbound first leg with the disposition counts.
const DISPOSITIONS: [(Disposition, usize); 33] = [
    (Disposition::Blocked, 0),
    (Disposition::Service, 0),
    (Disposition::Test, 0),
    (Disposition::Undisposed, 1),
    (Disposition::NoAnswer, 1),
    (Disposition::Busy, 1),
    (Disposition::Rejected, 1),
    (Disposition::Cancelled, 1),
    (Disposition::Failed, 1),
    (Disposition::InvalidNumber, 1),
    (Disposition::Machine, 2),
    (Disposition::MessageLeft, 2),
    (Disposition::Screened, 2),
    (Disposition::Fax, 2),
    (Disposition::Abandoned, 3),
    (Disposition::HungUpEarly, 3),
    (Disposition::WrongNumber, 4),
    (Disposition::ThirdParty, 4),
    (Disposition::LanguageBarrier, 4),
    (Disposition::DoNotCall, 4),
    (Disposition::Transferred, 4),
    (Disposition::Callback, 5),
    (Disposition::NotInterestedEarly, 5),
    (Disposition::NotEligible, 5),
    (Disposition::AlreadyCustomer, 5),
    (Disposition::NotInterested, 6),
    (Disposition::Declined, 6),
    (Disposition::FollowUp, 6),
    (Disposition::InformationSent, 7),
    (Disposition::Interested, 7),
    (Disposition::Appointment, 7),
    (Disposition::OrderPending, 7),
    (Disposition::Sale, 7),
];

/// Which part of the funnel a direction and leg role can count; what is not listed counts none of it.
const PARTS: [(Direction, LegRole, std::ops::Range<usize>); 6] = [
    (Direction::Outbound, LegRole::First, 0..7),
    (Direction::Callback, LegRole::First, 0..7),
    (Direction::Inbound, LegRole::First, 2..7),
    (Direction::Outbound, LegRole::TransferIn, 3..7),
    (Direction::Callback, LegRole::TransferIn, 3..7),
    (Direction::Inbound, LegRole::TransferIn, 3..7),
];

fn leg(call: Call) -> Event {
    let on = day("2026-06-01");
    let call = Call {
        rep_id: rep(),
        site_id: site(),
        business_date: Some(on),
        hour: Some(hour(on)),
        currency: currency("CNY"),
        ended_at: Some(noon(on)),
        ..call
    };
    event(EventType::CallCompleted, on, Data::Call(Box::new(call)))
}

fn counted(event: &Event) -> Vector {
    let mut sum = Vector::ZERO;
    for (_, vector) in contribution(event).parts() {
        sum += vector;
    }
    sum
}

fn nonzero(event: &Event) -> Vec<(M, i64)> {
    counted(event).nonzero().collect()
}

#[test]
fn every_disposition_counts_its_steps_by_direction_and_leg_role() {
    let listed: std::collections::BTreeSet<_> = DISPOSITIONS.iter().map(|(disposition, _)| disposition).collect();
    assert_eq!(listed.len(), Disposition::ALL.len());
    for (disposition, steps) in DISPOSITIONS {
        for direction in Direction::ALL.iter().copied() {
            for role in LegRole::ALL.iter().copied() {
                let part = PARTS.iter().find(|(d, r, _)| (*d, *r) == (direction, role));
                let part = part.map_or(0..0, |(.., part)| part.clone());
                let mut expected = Vector::ZERO;
                for at in part.filter(|at| *at < steps) {
                    expected[FUNNEL[at]] = 1;
                }
                let event = leg(Call {
                    direction: Some(direction),
                    leg_role: Some(role),
                    disposition: Some(disposition),
                    step: Some(disposition.step(Undisposed::default())),
                    ..Call::default()
                });
                assert_eq!(counted(&event), expected, "{disposition:?} {direction:?} {role:?}");
            }
        }
    }
}

#[test]
fn times_count_on_every_leg_but_internal_ones() {
    let ms = |ms: i64| Some(Milliseconds(ms));
    let seconds = [(M::TalkS, 10), (M::HoldS, 1), (M::RingS, 20)];
    for direction in Direction::ALL.iter().copied() {
        for role in LegRole::ALL.iter().copied() {
            let event = leg(Call {
                direction: Some(direction),
                leg_role: Some(role),
                step: Some(Step::None),
                talk_ms: ms(9_500),
                hold_ms: ms(1_499),
                ring_ms: ms(20_000),
                wrap_ms: ms(499),
                ..Call::default()
            });
            let internal = direction == Direction::Internal;
            let expected: &[_] = if internal { &[] } else { &seconds };
            assert_eq!(nonzero(&event), expected, "{direction:?} {role:?}");
        }
    }
}

#[test]
fn short_calls_and_call_backs_count_from_their_stamps() {
    let base = Call {
        direction: Some(Direction::Outbound),
        leg_role: Some(LegRole::Consult),
        ..Call::default()
    };
    let due = Some(noon(day("2026-06-03")));
    let changed = |change: fn(&mut Call, Option<Instant>)| {
        let mut call = base.clone();
        change(&mut call, due);
        call
    };
    for (call, expected) in [
        (changed(|call, _| call.short = Some(true)), vec![(M::ShortCalls, 1)]),
        (changed(|call, _| call.short = Some(false)), vec![]),
        (
            changed(|call, due| call.callback_due_at = due),
            vec![(M::CallbacksDue, 1)],
        ),
        (changed(|call, due| call.callback_for_due_at = due), vec![]),
        (changed(|call, _| call.callback_on_time = Some(false)), vec![]),
        (
            changed(|call, _| call.callback_on_time = Some(true)),
            vec![(M::CallbacksOnTime, 1)],
        ),
        (
            changed(|call, due| (call.callback_due_at, call.direction) = (due, Some(Direction::Internal))),
            vec![],
        ),
        (
            changed(|call, due| (call.callback_due_at, call.retracted) = (due, true)),
            vec![],
        ),
    ] {
        assert_eq!(nonzero(&leg(call.clone())), expected, "{call:?}");
    }
}

#[test]
fn a_leg_whose_direction_or_role_is_not_given_counts_as_unknown_and_first() {
    let no_direction = Call {
        step: Some(Step::Interested),
        ..Call::default()
    };
    assert_eq!(nonzero(&leg(no_direction.clone())), []);
    let no_role = Call {
        direction: Some(Direction::Outbound),
        ..no_direction
    };
    assert_eq!(nonzero(&leg(no_role)), FUNNEL.map(|measure| (measure, 1)));
}

#[test]
fn states_count_seconds_by_state_and_class_of_pause() {
    let on = day("2026-06-01");
    for state in RepStateKind::ALL.iter().copied() {
        for pause in [None].into_iter().chain(PauseClass::ALL.iter().copied().map(Some)) {
            let expected = match (state, pause) {
                (RepStateKind::Ready, _) => vec![(M::ReadyS, 90)],
                (RepStateKind::Paused, Some(PauseClass::Productive)) => vec![(M::PauseProductiveS, 90)],
                (RepStateKind::Paused, Some(PauseClass::Unproductive)) => vec![(M::PauseUnproductiveS, 90)],
                (RepStateKind::Paused, Some(PauseClass::Break)) => vec![(M::BreakS, 90)],
                _ => vec![],
            };
            let data = RepState {
                rep_id: rep(),
                business_date: Some(on),
                state: Some(state),
                pause_class: pause,
                started_at: Some(noon(on)),
                ended_at: Some(Instant(noon(on).0 + 89_500_000)),
                ..RepState::default()
            };
            let ended = event(EventType::RepStateEnded, on, Data::State(Box::new(data.clone())));
            assert_eq!(nonzero(&ended), expected, "{state:?} {pause:?}");
            let retracted = RepState {
                retracted: true,
                ..data
            };
            let taken_back = event(EventType::RepStateEnded, on, Data::State(Box::new(retracted)));
            assert_eq!(nonzero(&taken_back), [], "{state:?} {pause:?}");
        }
    }
}

#[test]
fn leads_count_for_the_rep_who_gets_them() {
    let on = day("2026-06-01");
    for (event_type, side, retracted, count) in [
        (EventType::LeadAssigned, None, false, 1),
        (EventType::LeadTransferred, Some(Side::In), false, 1),
        (EventType::LeadTransferred, Some(Side::Out), false, 0),
        (EventType::LeadTransferred, None, false, 0),
        (EventType::LeadAmended, None, false, 1),
        (EventType::LeadAmended, None, true, 0),
    ] {
        let data = Lead {
            rep_id: rep(),
            side,
            retracted,
            ..Lead::default()
        };
        let event = event(event_type, on, Data::Lead(Box::new(data)));
        let mut expected = Vector::ZERO;
        expected[M::LeadsAssigned] = count;
        assert_eq!(counted(&event), expected, "{event_type:?} {side:?}");
    }
}

#[test]
fn ticks_and_people_count_nothing() {
    let on = day("2026-06-01");
    assert!(sums([&event(EventType::ClockTicked, on, Data::Tick)]).is_empty());
    let people = EventType::ALL.iter().filter(|of| of.family() == Family::People);
    for event_type in people {
        let data = Data::People(Box::default());
        assert!(sums([&event(*event_type, on, data)]).is_empty(), "{event_type:?}");
    }
}
