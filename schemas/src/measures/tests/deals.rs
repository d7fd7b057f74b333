//! What chains of deal events count, outcome by outcome.

use super::chain::Chain;
use super::*;

const WON: &str = "2017-03-01";
const LATER: &str = "2017-06-12";
const LAST: &str = "2017-07-04";

fn check(name: &str, chain: &Chain, expected: &[(&str, &[(M, i64)])]) {
    let found: Vec<_> = chain
        .by_day()
        .iter()
        .map(|(on, vector)| (on.to_string(), vector.nonzero().collect::<Vec<_>>()))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(on, measures)| ((*on).to_owned(), measures.to_vec()))
        .collect();
    assert_eq!(found, expected, "{name}");
    for event in &chain.events {
        assert_eq!(read_back(event), *event, "{name}");
    }
}

/// A standing win of an owner with a new customer, of which `revenue` is left.
fn standing(booked: i64, revenue: i64) -> [(M, i64); 5] {
    [
        (M::Wins, 1),
        (M::CustomersNew, 1),
        (M::RevenueMinor, revenue),
        (M::WinsBooked, 1),
        (M::RevenueBookedMinor, booked),
    ]
}

/// What is left of a win that was taken back.
fn booked(minor: i64) -> [(M, i64); 2] {
    [(M::WinsBooked, 1), (M::RevenueBookedMinor, minor)]
}

fn cancel(minor: i64) -> [(M, i64); 2] {
    [(M::Cancels, 1), (M::CancelledMinor, minor)]
}

fn refund(minor: i64) -> [(M, i64); 2] {
    [(M::Refunds, 1), (M::RefundedMinor, minor)]
}

fn not_new(measures: [(M, i64); 5]) -> Vec<(M, i64)> {
    let rest = measures.into_iter().filter(|(measure, _)| *measure != M::CustomersNew);
    rest.collect()
}

fn with_role(role: CreditRole) -> Chain {
    Chain::new("USD").with(|deal| deal.credit_role = Some(role))
}

fn retained(chain: Chain) -> Chain {
    chain.with(|deal| deal.customer_kind = Some(CustomerKind::Retained))
}

#[test]
fn first_outcomes_count_on_their_own_day() {
    let new = || Chain::new("USD");
    check("won", &new().won(day(WON), 1000), &[(WON, &standing(1000, 1000))]);
    check("lost", &new().lost(day(WON)), &[(WON, &[(M::Losses, 1)])]);
    let opened = new().push(EventType::DealOpened, day(WON), |_| {});
    check("opened", &opened, &[]);
    let moved = opened.clone().push(EventType::DealStageChanged, day(LATER), |_| {});
    check("moved", &moved, &[]);
    check(
        "opened, won",
        &opened.won(day(WON), 1000),
        &[(WON, &standing(1000, 1000))],
    );
    let old = retained(new()).won(day(WON), 1000);
    check(
        "won from a retained customer",
        &old,
        &[(WON, &not_new(standing(1000, 1000)))],
    );
    check(
        "won for nothing",
        &new().won(day(WON), 0),
        &[(WON, &[(M::Wins, 1), (M::CustomersNew, 1), (M::WinsBooked, 1)])],
    );
}

#[test]
fn minor_units_count_as_they_are_in_every_currency() {
    for code in ["JPY", "CNY", "KWD"] {
        let chain = Chain::new(code).won(day(WON), 105_400).cancelled(day(LATER));
        check(code, &chain, &[(WON, &booked(105_400)), (LATER, &cancel(105_400))]);
        for event in &chain.events {
            for (place, _) in contribution(event).parts() {
                assert_eq!(place.currency.as_str(), code);
            }
        }
    }
}

#[test]
fn later_outcomes_take_back_earlier_ones() {
    let new = || Chain::new("USD");
    let lost = new().lost(day(WON));
    let lost_then_won = lost.clone().won(day(LATER), 1000);
    check("lost, won", &lost_then_won, &[(LATER, &standing(1000, 1000))]);
    let reopened = lost.clone().reopened(day(LATER));
    check("lost, reopened", &reopened, &[]);
    check(
        "lost, reopened, lost",
        &reopened.lost(day(LAST)),
        &[(LAST, &[(M::Losses, 1)])],
    );
    check(
        "lost, cancelled",
        &lost.cancelled(day(LATER)),
        &[(WON, &[(M::Losses, 1)])],
    );

    let taken_back = new().won(day(WON), 1000).cancelled(day(LATER));
    let expected: [(&str, &[_]); 2] = [(WON, &booked(1000)), (LATER, &cancel(1000))];
    check("won, cancelled", &taken_back, &expected);
    check(
        "won, cancelled twice",
        &taken_back.clone().cancelled(day(LAST)),
        &expected,
    );
    let lost_after = [(M::Losses, 1), (M::Cancels, 1), (M::CancelledMinor, 1000)];
    let then_lost = taken_back.clone().lost(day(LATER));
    check(
        "won, cancelled, lost",
        &then_lost,
        &[(WON, &booked(1000)), (LATER, &lost_after)],
    );
    let again = taken_back.push(EventType::DealWon, day(LAST), |deal| deal.reinstated = true);
    let [won, cancelled] = expected;
    check(
        "won, cancelled, reinstated",
        &again,
        &[won, cancelled, (LAST, &standing(1000, 1000))],
    );
}

#[test]
fn amendments_restate_in_place() {
    let new = || Chain::new("USD").won(day(WON), 105_400);
    let amount = new().amended(day(WON), Outcome::Won, 115_400, 0, false);
    check("amount", &amount, &[(WON, &standing(115_400, 115_400))]);
    let parts: Vec<_> = amount
        .events
        .iter()
        .skip(1)
        .map(|event| contribution(event).parts().count())
        .collect();
    assert_eq!(parts, [1], "one place, one vector");
    let moved = new().amended(day(LATER), Outcome::Won, 105_400, 0, false);
    check("day", &moved, &[(LATER, &standing(105_400, 105_400))]);
    check(
        "mistake",
        &new().amended(day(WON), Outcome::Open, 105_400, 0, false),
        &[],
    );
    let customer = retained(new()).amended(day(WON), Outcome::Won, 105_400, 0, false);
    check("customer", &customer, &[(WON, &not_new(standing(105_400, 105_400)))]);
    let lost = Chain::new("USD")
        .lost(day(WON))
        .amended(day(LATER), Outcome::Lost, 0, 0, false);
    check("day of a loss", &lost, &[(LATER, &[(M::Losses, 1)])]);
    let taken_back = amount.cancelled(day(LATER));
    check(
        "amount, cancelled",
        &taken_back,
        &[(WON, &booked(115_400)), (LATER, &cancel(115_400))],
    );
}

#[test]
fn a_new_product_moves_the_win_to_its_place() {
    let label = |text: &str| Some(Label::new(text).expect("label"));
    let chain = Chain::new("USD").with(|deal| deal.product_id = label("basic"));
    let moved = chain
        .won(day(WON), 1000)
        .with(|deal| deal.product_id = label("plus"))
        .amended(day(WON), Outcome::Won, 1000, 0, false);
    let places: Vec<_> = sums(&moved.events).into_keys().collect();
    assert_eq!(places, [(day(WON), label("plus"))]);
}

#[test]
fn refunds_take_from_the_day_of_the_win_and_stand_on_their_own() {
    let new = || Chain::new("USD").won(day(WON), 1000);
    let part = new().refunded(day(LATER), 300, false);
    check("part", &part, &[(WON, &standing(1000, 700)), (LATER, &refund(300))]);
    let whole = new().refunded(day(LATER), 1000, true);
    check("full", &whole, &[(WON, &booked(1000)), (LATER, &refund(1000))]);
    check(
        "full, cancelled",
        &whole.cancelled(day(LAST)),
        &[(WON, &booked(1000)), (LATER, &refund(1000))],
    );
    let rest = part.clone().refunded(day(LAST), 700, true);
    check(
        "part, rest",
        &rest,
        &[(WON, &booked(1000)), (LATER, &refund(300)), (LAST, &refund(700))],
    );
    let taken_back = part.clone().cancelled(day(LAST));
    let expected: [(&str, &[_]); 3] = [(WON, &booked(1000)), (LATER, &refund(300)), (LAST, &cancel(700))];
    check("part, cancelled", &taken_back, &expected);
    let late = new().cancelled(day(LATER)).refunded(day(LAST), 0, false);
    check(
        "cancelled, refunded",
        &late,
        &[(WON, &booked(1000)), (LATER, &cancel(1000))],
    );
    let restated = part.amended(day(WON), Outcome::Won, 900, 300, false);
    check(
        "part, amount",
        &restated,
        &[(WON, &standing(900, 600)), (LATER, &refund(300))],
    );
}

#[test]
fn splits_count_money_alone_and_overlays_nothing() {
    let split = with_role(CreditRole::Split).won(day(WON), 400);
    check(
        "split",
        &split,
        &[(WON, &[(M::RevenueMinor, 400), (M::RevenueBookedMinor, 400)])],
    );
    let part = [(M::RevenueMinor, 300), (M::RevenueBookedMinor, 400)];
    let refunded = split.clone().refunded(day(LATER), 100, false);
    check(
        "split, refunded",
        &refunded,
        &[(WON, &part), (LATER, &[(M::RefundedMinor, 100)])],
    );
    let left = [(M::RevenueBookedMinor, 400)];
    let taken_back = split.cancelled(day(LATER));
    check(
        "split, cancelled",
        &taken_back,
        &[(WON, &left), (LATER, &[(M::CancelledMinor, 400)])],
    );
    check("split of a loss", &with_role(CreditRole::Split).lost(day(WON)), &[]);
    let overlay = with_role(CreditRole::Overlay).won(day(WON), 400);
    check("overlay", &overlay, &[]);
    check(
        "overlay, refunded",
        &overlay.clone().refunded(day(LATER), 400, true),
        &[],
    );
    check("overlay, cancelled", &overlay.cancelled(day(LATER)), &[]);
}
