//! Generated chains of a deal, against a recount of its history.

use proptest::prelude::*;

use super::chain::Chain;
use super::*;

/// What may happen to a deal; what does not fit its outcome is left out.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Win { minor: i64 },
    Lose,
    Reopen,
    Cancel,
    Refund { share: i64 },
    Amend { minor: i64, moved: bool },
    Mistake,
}

/// One win of the history, as a clerk would note it down.
#[derive(Debug, Clone, Copy)]
struct Win {
    on: Day,
    minor: i64,
    refunded: i64,
    cancelled: bool,
}

/// The history of a deal, from which every number is counted anew.
#[derive(Debug, Default)]
struct Book {
    wins: Vec<Win>,
    lost_on: Option<Day>,
    refunds: Vec<(Day, i64)>,
    cancels: Vec<(Day, Win)>,
}

impl Book {
    fn standing(&mut self) -> Option<&mut Win> {
        self.wins.last_mut().filter(|win| !win.cancelled)
    }

    fn recount(&self) -> BTreeMap<Day, Vector> {
        let mut days = BTreeMap::<Day, Vector>::new();
        for win in &self.wins {
            let vector = days.entry(win.on).or_default();
            let stands = !win.cancelled && win.refunded < win.minor;
            vector[M::WinsBooked] += 1;
            vector[M::RevenueBookedMinor] += win.minor;
            vector[M::Wins] += i64::from(stands);
            vector[M::CustomersNew] += i64::from(stands);
            vector[M::RevenueMinor] += if stands { win.minor - win.refunded } else { 0 };
        }
        for (on, minor) in &self.refunds {
            let vector = days.entry(*on).or_default();
            vector[M::Refunds] += 1;
            vector[M::RefundedMinor] += minor;
        }
        for (on, win) in &self.cancels {
            let left = win.minor - win.refunded;
            let vector = days.entry(*on).or_default();
            vector[M::Cancels] += i64::from(left > 0);
            vector[M::CancelledMinor] += left;
        }
        if let Some(on) = self.lost_on {
            days.entry(on).or_default()[M::Losses] += 1;
        }
        days.retain(|_, vector| !vector.is_zero());
        days
    }
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => (1_i64..5000).prop_map(|minor| Happening::Win { minor }),
        2 => Just(Happening::Lose),
        1 => Just(Happening::Reopen),
        2 => Just(Happening::Cancel),
        3 => (1_i64..=100).prop_map(|share| Happening::Refund { share }),
        2 => (1_i64..5000, any::<bool>()).prop_map(|(minor, moved)| Happening::Amend { minor, moved }),
        1 => Just(Happening::Mistake),
    ]
}

fn happen(chain: Chain, book: &mut Book, on: Day, happening: Happening) -> Chain {
    let lost = book.lost_on.is_some();
    match (happening, book.standing()) {
        (Happening::Win { minor }, None) => {
            book.lost_on = None;
            book.wins.push(Win {
                on,
                minor,
                refunded: 0,
                cancelled: false,
            });
            chain.won(on, minor)
        }
        (Happening::Lose, None) if !lost => {
            book.lost_on = Some(on);
            chain.lost(on)
        }
        (Happening::Reopen, None) if lost => {
            book.lost_on = None;
            chain.reopened(on)
        }
        (Happening::Cancel, Some(win)) => {
            win.cancelled = true;
            let taken = *win;
            book.cancels.push((on, taken));
            chain.cancelled(on)
        }
        (Happening::Refund { share }, Some(win)) if win.refunded < win.minor => {
            let refund = ((win.minor - win.refunded) * share / 100).max(1);
            win.refunded += refund;
            let full = win.refunded == win.minor;
            book.refunds.push((on, refund));
            chain.refunded(on, refund, full)
        }
        (Happening::Amend { minor, moved }, Some(win)) => {
            win.minor = minor.max(win.refunded);
            win.on = if moved { on } else { win.on };
            let full = win.refunded == win.minor;
            chain.amended(win.on, Outcome::Won, win.minor, win.refunded, full)
        }
        (Happening::Mistake, Some(win)) if win.refunded == 0 => {
            book.wins.pop();
            chain.amended(on, Outcome::Open, 0, 0, false)
        }
        _ => chain,
    }
}

proptest! {
    #[test]
    fn any_history_of_a_deal_counts_as_its_recount(happenings in proptest::collection::vec(happening(), 1..16)) {
        let mut chain = Chain::new("USD");
        let mut book = Book::default();
        let mut on = day("2017-03-01");
        for happening in happenings {
            on = on.plus(1);
            chain = happen(chain, &mut book, on, happening);
            prop_assert_eq!(chain.by_day(), book.recount(), "{:?} on {}", happening, on);
        }
        let mut total = Vector::ZERO;
        for vector in chain.by_day().values() {
            total += vector;
        }
        let full = book.wins.iter().filter(|win| win.refunded == win.minor).count();
        let full = i64::try_from(full).expect("few wins");
        prop_assert_eq!(total[M::Wins], total[M::WinsBooked] - total[M::Cancels] - full);
        prop_assert_eq!(
            total[M::RevenueMinor],
            total[M::RevenueBookedMinor] - total[M::CancelledMinor] - total[M::RefundedMinor]
        );
        let read: Vec<_> = chain.events.iter().map(read_back).collect();
        prop_assert_eq!(sums(&read), sums(&chain.events));
        prop_assert_eq!(sums(read.iter().rev()), sums(&chain.events));
    }
}
