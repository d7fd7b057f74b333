//! The rules one by one.

use paceline_ingest::memory::{Memory, Options as MemoryOptions, Volatile};
use paceline_ingest::settle::{Options, Outcome, settle_record};
use paceline_schemas::event::{Data, Deal, Event, EventType};
use paceline_schemas::field::Minor;
use paceline_schemas::ids::{Currency, EventId, RepId, SiteId};
use paceline_schemas::measure::Measure;
use paceline_schemas::reject::Reason;
use paceline_schemas::site::Site;
use paceline_schemas::symbol::{Amends, CustomerKind, Flag, Outcome as DealOutcome, Step};
use paceline_schemas::time::{Instant, MINUTE_US};

use crate::deals::received;
use crate::floor::{Floor, at, call, cancelled, deal, lead, lost, pause, refunded, rep, share, won};

pub(crate) fn site() -> Site {
    Site::utc(
        SiteId::new("main").expect("site"),
        Currency::new("USD").expect("currency"),
    )
}

fn types(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.envelope.event_type.name()).collect()
}

fn deal_of(event: &Event) -> &Deal {
    match &event.data {
        Data::Deal(deal) => deal,
        other => panic!("expected a deal, found {other:?}"),
    }
}

fn total(floor: &Floor, measure: Measure) -> i64 {
    floor.log.sums().values().map(|vector| vector[measure]).sum()
}

fn opened(number: u8) -> paceline_ingest::draft::Draft {
    deal(EventType::DealOpened, number, 1, at(0, 0), |_| {})
}

#[test]
fn month_end_exports_imported_twice_publish_each_fact_once() {
    let mut floor = Floor::new(Options::default());
    let engaging = || vec![opened(1)];
    let closed = || vec![opened(1), won(1, 1, at(3, 0), 105_400, Some(1), None)];
    for (step, drafts) in [engaging(), engaging(), closed(), closed(), engaging()]
        .into_iter()
        .enumerate()
    {
        for draft in drafts {
            floor.take(draft, received(step)).expect("taken");
        }
    }
    let events: Vec<Event> = floor.log.all().cloned().collect();
    assert_eq!(types(&events), ["deal.opened", "deal.won"]);
    assert_eq!(deal_of(&events[1]).customer_kind, Some(CustomerKind::New));
    assert!(deal_of(&events[1]).flags.has(Flag::KindDerived));
}

#[test]
fn an_amount_is_amended_and_the_win_cancelled_as_in_the_example() {
    let mut floor = Floor::new(Options::default());
    let first = floor.publish(won(1, 1, at(3, 0), 105_400, Some(1), None), received(0));
    let amended = floor.publish(won(1, 1, at(3, 0), 115_400, Some(1), None), received(1));
    let gone = floor.publish(cancelled(1, 1, at(9, 0)), received(2));
    assert_eq!(types(&amended), ["deal.amended"]);
    assert_eq!(types(&gone), ["deal.cancelled"]);
    let (amendment, cancellation) = (deal_of(&amended[0]), deal_of(&gone[0]));
    assert_eq!(amendment.amends, Some(Amends::Amount));
    assert_eq!(amendment.supersedes.as_ref(), Some(&first[0].envelope.id));
    assert_eq!(amendment.revision, Some(received(1).0));
    assert!(amendment.flags.has(Flag::RevisionByArrival));
    assert_eq!(cancellation.cancels.as_ref(), Some(&first[0].envelope.id));
    assert_eq!(cancellation.credit_minor, Some(Minor(115_400)));
    assert_eq!(total(&floor, Measure::RevenueBookedMinor), 115_400);
    assert_eq!(total(&floor, Measure::CancelledMinor), 115_400);
    assert_eq!(total(&floor, Measure::RevenueMinor), 0);
}

#[test]
fn won_cancelled_and_won_again_are_three_ids() {
    let mut floor = Floor::new(Options::default());
    let win = || won(1, 1, at(3, 0), 100, None, None);
    let first = floor.publish(win(), received(0));
    floor.publish(cancelled(1, 1, at(4, 0)), received(1));
    let again = floor.publish(win(), received(2));
    assert_eq!(types(&again), ["deal.won"]);
    assert!(deal_of(&again[0]).reinstated);
    assert_ne!(first[0].envelope.id, again[0].envelope.id);
    assert_eq!(total(&floor, Measure::Wins), 1);
    assert_eq!(total(&floor, Measure::WinsBooked), 2);
}

#[test]
fn a_win_and_its_loss_are_cancelled_and_lost() {
    let mut floor = Floor::new(Options::default());
    floor.publish(won(1, 1, at(3, 0), 100, None, None), received(0));
    let events = floor.publish(lost(1, 1, at(5, 0)), received(1));
    assert_eq!(types(&events), ["deal.cancelled", "deal.lost"]);
    let previous = deal_of(&events[1]).previous.as_deref().expect("previous");
    assert_eq!(previous.outcome, Some(DealOutcome::Cancelled));
    let events = floor.publish(won(1, 1, at(6, 0), 100, None, None), received(2));
    assert_eq!(types(&events), ["deal.won"]);
    assert_eq!(total(&floor, Measure::Losses), 0);
    assert_eq!(total(&floor, Measure::Wins), 1);
}

#[test]
fn a_row_that_states_a_win_and_its_cancellation_is_exported_again_without_effect() {
    let mut memory = Memory::open(Volatile::default(), MemoryOptions::default()).expect("memory");
    let row = || vec![won(1, 1, at(3, 0), 100, None, None), cancelled(1, 1, at(3, 0))];
    let mut count = |step: usize| -> usize {
        let settled = settle_record(&mut memory, &Options::default(), row(), received(step)).expect("memory");
        settled.into_iter().map(|one| one.expect("taken").events.len()).sum()
    };
    assert_eq!((count(0), count(0), count(1)), (2, 0, 0));
}

#[test]
fn a_cancelled_win_in_a_file_of_its_own_stays_cancelled_where_the_connection_says_so() {
    let options = Options {
        cancelled_wins_stay: true,
        ..Options::default()
    };
    let mut floor = Floor::new(options);
    floor.publish(won(1, 1, at(3, 0), 100, None, None), received(0));
    floor.publish(cancelled(1, 1, at(4, 0)), received(0));
    let again = floor
        .take(won(1, 1, at(3, 0), 100, None, None), received(5))
        .expect("taken");
    assert_eq!(again.outcome, Outcome::Unchanged);
    floor.publish(won(1, 1, at(8, 0), 100, None, None), received(6));
    assert_eq!(total(&floor, Measure::Wins), 1);
}

#[test]
fn corrections_of_what_was_never_published_are_orphans() {
    let mut floor = Floor::new(Options::default());
    let mut amended = call(1, 1, at(0, 1), Step::Live, 0);
    amended.event.envelope.event_type = EventType::CallAmended;
    let mut reopened = deal(EventType::DealStageChanged, 1, 1, at(0, 1), |deal| deal.reopened = true);
    reopened.id = Some(EventId::new("x").expect("id"));
    for draft in [
        cancelled(1, 1, at(0, 1)),
        refunded(1, 1, at(0, 1), 1, 10),
        amended,
        reopened,
    ] {
        assert_eq!(floor.take(draft, received(0)).err(), Some(Reason::Orphan));
    }
    assert_eq!(floor.log.count(), 0);
}

#[test]
fn a_producers_id_stands_for_one_content() {
    let mut floor = Floor::new(Options::default());
    let given = |id: &str, talk: i64| {
        let mut draft = call(1, 1, at(0, 1), Step::Contact, talk);
        draft.id = Some(EventId::new(id).expect("id"));
        draft
    };
    let first = floor.publish(given("a", 20_000), received(0));
    assert_eq!(first[0].envelope.id.as_str(), "a");
    floor.publish(given("b", 30_000), received(1));
    let retried = floor.take(given("a", 20_000), received(2)).expect("taken");
    assert_eq!(retried.outcome, Outcome::Unchanged);
    assert_eq!(
        floor.take(given("a", 50_000), received(3)).err(),
        Some(Reason::IdConflict)
    );
    assert_eq!(
        floor.take(given("b", 50_000), received(3)).err(),
        Some(Reason::IdConflict)
    );
    assert_eq!(total(&floor, Measure::TalkS), 30);
}

#[test]
fn older_revisions_are_stale() {
    let mut floor = Floor::new(Options::default());
    let revised = |revision: i64, amount: i64| {
        let mut draft = won(1, 1, at(3, 0), amount, None, None);
        if let Data::Deal(deal) = &mut draft.event.data {
            deal.revision = Some(revision);
        }
        draft
    };
    floor.publish(revised(5, 100), received(0));
    assert_eq!(
        floor.take(revised(4, 200), received(1)).expect("taken").outcome,
        Outcome::Stale
    );
    floor.publish(revised(6, 300), received(2));
    floor.publish(revised(6, 400), received(3));
    assert_eq!(total(&floor, Measure::RevenueMinor), 400);
}

#[test]
fn a_leg_under_another_rep_is_two_events_with_one_cause() {
    let mut floor = Floor::new(Options::default());
    let first = floor.publish(call(1, 1, at(0, 1), Step::Contact, 20_000), received(0));
    let events = floor.publish(call(1, 2, at(0, 1), Step::Contact, 20_000), received(1));
    assert_eq!(types(&events), ["call.amended", "call.amended"]);
    assert_eq!(events[0].envelope.id.as_str(), format!("{}#out", events[1].envelope.id));
    for event in &events {
        assert_eq!(event.envelope.causationid.as_ref(), Some(&first[0].envelope.id));
    }
    let Data::Call(out) = &events[0].data else {
        panic!("a call")
    };
    assert!(out.retracted && out.rep_id == rep(1));
    assert_eq!(total(&floor, Measure::Contacts), 1);
    floor.publish(call(1, 1, at(0, 1), Step::Contact, 20_000), received(2));
    assert_eq!(total(&floor, Measure::Contacts), 1);
}

#[test]
fn splits_give_one_event_per_rep_whose_credits_sum_to_the_amount() {
    use paceline_schemas::symbol::CreditRole::{Overlay, Owner, Split};
    let mut floor = Floor::new(Options::default());
    let mut draft = won(1, 1, at(3, 0), 101, None, None);
    draft.splits = vec![share(1, Owner, 5_000), share(2, Split, 5_000), share(3, Overlay, 2_000)];
    let events = floor.publish(draft.clone(), received(0));
    let credits: Vec<_> = events
        .iter()
        .map(|event| deal_of(event).credit_minor.map(|m| m.0))
        .collect();
    assert_eq!(credits, [Some(51), Some(50), Some(20)]);
    assert!(events[1].envelope.id.as_str().ends_with("#2"));
    let events = floor.publish(refunded(1, 1, at(4, 0), 1, 101), received(1));
    let refunds: Vec<_> = events
        .iter()
        .map(|event| deal_of(event).credit_refund_minor.map(|m| m.0))
        .collect();
    assert_eq!(refunds, [Some(51), Some(50), Some(20)]);
    assert_eq!(total(&floor, Measure::Wins), 0);
    assert_eq!(total(&floor, Measure::RevenueMinor), 0);
    assert_eq!(
        floor.take(refunded(1, 1, at(4, 0), 2, 1), received(2)).err(),
        Some(Reason::BadMoney)
    );
    draft.splits.pop();
    draft.splits.pop();
    assert_eq!(floor.take(draft, received(3)).err(), Some(Reason::SchemaViolation));
}

#[test]
fn a_refund_after_a_cancellation_takes_nothing() {
    let mut floor = Floor::new(Options::default());
    floor.publish(won(1, 1, at(3, 0), 100, None, None), received(0));
    floor.publish(cancelled(1, 1, at(4, 0)), received(1));
    let events = floor.publish(refunded(1, 1, at(5, 0), 1, 100), received(2));
    assert_eq!(deal_of(&events[0]).credit_refund_minor, Some(Minor(0)));
    assert_eq!(total(&floor, Measure::Refunds), 0);
}

#[test]
fn a_win_that_comes_late_makes_the_later_one_retained_or_reactivated() {
    let kind_of = |floor: &Floor, number: u8| {
        let events = floor
            .log
            .all()
            .filter(|event| deal_of(event).deal_id.as_str() == format!("deal-{number}"));
        deal_of(events.last().expect("an event")).customer_kind
    };
    let mut floor = Floor::new(Options::default());
    floor.publish(won(3, 1, at(800, 0), 100, Some(1), None), received(0));
    floor.publish(won(2, 1, at(365, 0), 100, Some(1), None), received(1));
    let events = floor.publish(won(1, 2, at(0, 0), 100, Some(1), None), received(2));
    assert_eq!(types(&events), ["deal.amended", "deal.won"]);
    assert_eq!(deal_of(&events[0]).amends, Some(Amends::Customer));
    let kinds = |floor: &Floor| [1, 2, 3].map(|number| kind_of(floor, number));
    use CustomerKind::{New, Reactivated, Retained};
    assert_eq!(kinds(&floor), [Some(New), Some(Retained), Some(Reactivated)]);
    floor.publish(cancelled(1, 2, at(1, 0)), received(3));
    assert_eq!(kind_of(&floor, 2), Some(New));
    assert_eq!(total(&floor, Measure::CustomersNew), 1);
    // The kind that ingest restated on its own changes nothing for the next export.
    let again = floor
        .take(won(2, 1, at(365, 0), 100, Some(1), None), received(4))
        .expect("taken");
    assert_eq!(again.outcome, Outcome::Unchanged);
}

#[test]
fn long_or_unprintable_entities_have_hashed_ids() {
    let mut floor = Floor::new(Options::default());
    let mut long = won(1, 1, at(3, 0), 100, None, None);
    long.entity = "x".repeat(120);
    let mut control = won(2, 1, at(3, 0), 100, None, None);
    control.entity = "a\u{1}b".to_owned();
    for draft in [long, control] {
        let events = floor.publish(draft, received(0));
        let id = events[0].envelope.id.as_str();
        assert!(id.starts_with("h:") && id.len() == 34, "{id}");
    }
}

#[test]
fn intervals_are_cut_at_local_hours_and_shortened_ones_take_pieces_back() {
    let mut options = Options::default();
    let site = site();
    options.sites.insert(site.site_id.clone(), site);
    let mut floor = Floor::new(options);
    let start = Instant(at(0, 10).0 + 10 * MINUTE_US);
    let end = |minutes: i64| Instant(start.0 + minutes * MINUTE_US);
    let events = floor.publish(pause(1, start, end(130)), received(0));
    let ends: Vec<&str> = events
        .iter()
        .map(|event| event.envelope.id.as_str().rsplit_once('/').expect("a suffix").1)
        .collect();
    assert_eq!(ends, ["h0", "h1", "h2"]);
    assert_eq!(total(&floor, Measure::BreakS), 130 * 60);
    for (step, minutes) in [(1, 20), (2, 110), (3, 70), (4, 130)] {
        floor.publish(pause(1, start, end(minutes)), received(step));
        assert_eq!(total(&floor, Measure::BreakS), minutes * 60, "{minutes} minutes");
        let again = floor
            .take(pause(1, start, end(minutes)), received(step))
            .expect("taken");
        assert_eq!(again.outcome, Outcome::Unchanged);
    }
    let older = floor.take(pause(1, start, end(70)), received(3)).expect("taken");
    assert_eq!(older.outcome, Outcome::Stale);
}

#[test]
fn leads_are_amended_moved_and_transferred() {
    let mut floor = Floor::new(Options::default());
    floor.publish(lead(1, 1, at(0, 1)), received(0));
    let moved = floor.publish(lead(1, 2, at(0, 1)), received(1));
    assert_eq!(types(&moved), ["lead.amended", "lead.amended"]);
    assert_eq!(total(&floor, Measure::LeadsAssigned), 1);
    let transfer = || {
        let mut draft = lead(1, 2, at(2, 1));
        draft.event.envelope.event_type = EventType::LeadTransferred;
        if let Data::Lead(lead) = &mut draft.event.data {
            lead.from_rep_id = Some(rep(2));
            lead.to_rep_id = Some(rep(3));
            lead.reason = Some(paceline_schemas::symbol::TransferReason::Workload);
        }
        draft
    };
    let events = floor.publish(transfer(), received(2));
    let reps: Vec<RepId> = events
        .iter()
        .filter_map(|event| event.data.keyed().map(|keyed| keyed.rep_id.clone()))
        .collect();
    assert_eq!(reps, [rep(2), rep(3)]);
    assert_eq!(
        floor.take(transfer(), received(3)).expect("taken").outcome,
        Outcome::Unchanged
    );
    assert_eq!(
        floor.take(lead(1, 2, at(0, 1)), received(4)).expect("taken").outcome,
        Outcome::Unchanged
    );
    assert_eq!(total(&floor, Measure::LeadsAssigned), 2);
}
