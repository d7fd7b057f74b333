//! What a list of statements about deals and calls must sum to, found without settling anything.
//!
//! A deal is a list of bookings: from a win to its cancellation, its loss or the end. Restated measures are of the
//! last booking if it stands, booked ones of every booking, each with its last version.

use std::collections::{BTreeMap, BTreeSet};

use paceline_schemas::ids::Label;
use paceline_schemas::measure::{Measure, Vector};
use paceline_schemas::symbol::Step;
use paceline_schemas::time::Instant;

use crate::floor::{Sums, add, day_of, rep};

/// A statement about a deal.
#[derive(Debug, Clone)]
pub(crate) enum Statement {
    Won {
        /// Owner with 60 %, then perhaps another rep with 40 %.
        reps: Vec<u8>,
        time: Instant,
        amount: i64,
        customer: Option<u8>,
        product: Option<u8>,
    },
    Lost {
        rep: u8,
        time: Instant,
    },
    Cancelled {
        time: Instant,
    },
    Refunded {
        refund: u8,
        minor: i64,
        time: Instant,
    },
}

#[derive(Debug, Clone)]
struct Booking {
    reps: Vec<u8>,
    time: Instant,
    amount: i64,
    customer: Option<u8>,
    product: Option<u8>,
    refunded: i64,
    stands: bool,
}

impl Booking {
    fn shares(&self, amount: i64) -> Vec<(u8, i64)> {
        match self.reps.as_slice() {
            [owner] => vec![(*owner, amount)],
            [owner, other] => vec![(*owner, amount / 10 * 6), (*other, amount / 10 * 4)],
            _ => unreachable!("one or two reps"),
        }
    }

    fn given_back(&self) -> i64 {
        self.refunded.min(self.amount)
    }

    fn is_full(&self) -> bool {
        self.refunded > 0 && self.refunded >= self.amount
    }
}

#[derive(Debug, Default)]
struct Deal {
    bookings: Vec<Booking>,
    lost: Option<(u8, Instant)>,
    refunds: BTreeSet<u8>,
}

/// Sums over everything that was stated, in this order.
pub(crate) fn recount(statements: &[(u8, Statement)], follows_owner: bool) -> Sums {
    let mut deals: BTreeMap<u8, Deal> = BTreeMap::new();
    let mut sums = Sums::new();
    for (number, statement) in statements {
        state(deals.entry(*number).or_default(), statement, follows_owner, &mut sums);
    }
    let mut customers: BTreeMap<u8, BTreeSet<(Instant, String)>> = BTreeMap::new();
    for (number, deal) in &deals {
        if let Some(booking) = deal.bookings.last().filter(|booking| booking.stands)
            && let Some(customer) = booking.customer
        {
            customers
                .entry(customer)
                .or_default()
                .insert((booking.time, format!("deal-{number}")));
        }
    }
    for (number, deal) in &deals {
        let own = format!("deal-{number}");
        let is_new = |booking: &Booking| {
            booking
                .customer
                .is_some_and(|customer| customers[&customer].first().is_some_and(|(_, first)| *first == own))
        };
        finish(deal, is_new, &mut sums);
    }
    sums.retain(|_, vector| !vector.is_zero());
    sums
}

fn state(deal: &mut Deal, statement: &Statement, follows_owner: bool, sums: &mut Sums) {
    let standing = deal.bookings.last_mut().filter(|booking| booking.stands);
    match statement {
        Statement::Won {
            reps,
            time,
            amount,
            customer,
            product,
        } => {
            deal.lost = None;
            let explicit = reps.len() > 1;
            let (refunded, kept) = match &standing {
                Some(booking) if !explicit && !follows_owner => (booking.refunded, booking.reps.clone()),
                Some(booking) => (booking.refunded, reps.clone()),
                None => (0, reps.clone()),
            };
            let booking = Booking {
                reps: kept,
                time: *time,
                amount: *amount,
                customer: *customer,
                product: *product,
                refunded,
                stands: true,
            };
            match standing {
                Some(old) => *old = booking,
                None => deal.bookings.push(booking),
            }
        }
        Statement::Lost { rep, time } => {
            if let Some(booking) = standing {
                cancel(booking, *time, sums);
            }
            deal.lost = Some((*rep, *time));
        }
        Statement::Cancelled { time } => {
            if let Some(booking) = standing {
                cancel(booking, *time, sums);
            }
        }
        Statement::Refunded { refund, minor, time } => {
            let Some(booking) = standing else {
                // A refund of a cancelled win is known from then on, and takes nothing.
                if deal.lost.is_none() && !deal.bookings.is_empty() {
                    deal.refunds.insert(*refund);
                }
                return;
            };
            if deal.refunds.contains(refund) || booking.refunded + minor > booking.amount {
                return;
            }
            deal.refunds.insert(*refund);
            booking.refunded += minor;
            for (at, (number, part)) in booking.shares(*minor).into_iter().enumerate() {
                let mut vector = Vector::ZERO;
                vector[Measure::Refunds] = i64::from(at == 0);
                vector[Measure::RefundedMinor] = part;
                count(sums, booking, number, *time, &vector);
            }
        }
    }
}

fn cancel(booking: &mut Booking, time: Instant, sums: &mut Sums) {
    booking.stands = false;
    let left = booking.shares(booking.amount - booking.given_back());
    for (at, (number, part)) in left.into_iter().enumerate() {
        let mut vector = Vector::ZERO;
        vector[Measure::Cancels] = i64::from(at == 0 && !booking.is_full());
        vector[Measure::CancelledMinor] = part;
        count(sums, booking, number, time, &vector);
    }
}

fn finish(deal: &Deal, is_new: impl Fn(&Booking) -> bool, sums: &mut Sums) {
    for booking in &deal.bookings {
        let revenue = booking.shares(booking.amount - booking.given_back());
        for (at, (number, part)) in booking.shares(booking.amount).into_iter().enumerate() {
            let owner = i64::from(at == 0);
            let mut vector = Vector::ZERO;
            vector[Measure::WinsBooked] = owner;
            vector[Measure::RevenueBookedMinor] = part;
            if booking.stands {
                vector[Measure::Wins] = owner * i64::from(!booking.is_full());
                vector[Measure::CustomersNew] = vector[Measure::Wins] * i64::from(is_new(booking));
                vector[Measure::RevenueMinor] = revenue[at].1;
            }
            count(sums, booking, number, booking.time, &vector);
        }
    }
    if let Some((number, time)) = deal.lost {
        let mut vector = Vector::ZERO;
        vector[Measure::Losses] = 1;
        add(sums, rep(number), None, day_of(time), &vector);
    }
}

fn count(sums: &mut Sums, booking: &Booking, number: u8, time: Instant, vector: &Vector) {
    let product = booking
        .product
        .map(|id| Label::new(&format!("product-{id}")).expect("product"));
    add(sums, rep(number), product, day_of(time), vector);
}

/// A leg as it was stated: rep, end, step, talk in ms. A retracted leg is none.
pub(crate) type Leg = Option<(u8, Instant, Step, i64)>;

/// Sums over the last statement of each leg.
pub(crate) fn recount_calls(statements: &[(u16, Leg)]) -> Sums {
    let mut last: BTreeMap<u16, Leg> = BTreeMap::new();
    for (number, leg) in statements {
        // A retraction of a leg that was never stated is an orphan.
        if leg.is_some() || last.contains_key(number) {
            last.insert(*number, *leg);
        }
    }
    let mut sums = Sums::new();
    for (number, ended, step, talk_ms) in last.into_values().flatten() {
        let mut vector = Vector::ZERO;
        let steps = [
            (Measure::Dials, Step::Dial),
            (Measure::Connects, Step::Connect),
            (Measure::LiveAnswers, Step::Live),
            (Measure::Contacts, Step::Contact),
            (Measure::Rpc, Step::Rpc),
            (Measure::Pitches, Step::Pitch),
            (Measure::Interested, Step::Interested),
        ];
        for (measure, least) in steps {
            vector[measure] = i64::from(step >= least);
        }
        vector[Measure::TalkS] = (talk_ms + 500) / 1000;
        vector[Measure::ShortCalls] = i64::from(talk_ms < 10_000);
        add(&mut sums, rep(number), None, day_of(ended), &vector);
    }
    sums.retain(|_, vector| !vector.is_zero());
    sums
}
