//! A small sales floor, invented from a seed: people, their calls and the deals that come of them.
//!
//! The same plan and seed give the same rows on every machine. Instants are seconds since 1970 in UTC; every time,
//! duration and amount of a row agrees with the others of its row, so that the oracle and the product read one truth.

mod calls;
mod deals;
mod people;
mod rows;

use jiff::civil::Date;

use crate::Random;

pub use calls::{Call, Direction, OUTCOMES, Outcome};
pub use deals::{Deal, Ending};
pub use people::Person;
pub use rows::{CALL_COLUMNS, write_calls, write_deals, write_people};

/// How large a floor is, and from when to when it works.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Number of reps.
    pub reps: usize,
    /// First calendar day.
    pub first_day: Date,
    /// Calendar days, weekends included.
    pub days: i32,
    /// Dials of a rep on a workday, on average.
    pub dials_a_day: i64,
    /// What the random numbers follow from.
    pub seed: u64,
}

impl Plan {
    /// The floor that is shipped: twelve reps, sixty days.
    pub fn sample() -> Self {
        Self {
            reps: 12,
            first_day: jiff::civil::date(2025, 9, 1),
            days: 60,
            dials_a_day: 6,
            seed: 20_250_901,
        }
    }
}

/// Everything that happened on a floor.
#[derive(Debug, Clone)]
pub struct Floor {
    /// The reps.
    pub people: Vec<Person>,
    /// Their calls in the order of their ends.
    pub calls: Vec<Call>,
    /// Their deals in the order in which they were opened.
    pub deals: Vec<Deal>,
}

impl Floor {
    /// The files of the floor, `people`, `calls` and `deals`, in the order in which they are imported.
    ///
    /// # Panics
    /// Never: a vector takes everything.
    pub fn csv(&self) -> [(&'static str, Vec<u8>); 3] {
        let (mut people, mut calls, mut deals) = (Vec::new(), Vec::new(), Vec::new());
        write_people(&mut people, &self.people)
            .and_then(|()| write_calls(&mut calls, &self.calls, true))
            .and_then(|()| write_deals(&mut deals, &self.deals))
            .expect("a vector takes everything");
        [("people", people), ("calls", calls), ("deals", deals)]
    }

    /// The floor of that plan.
    pub fn new(plan: &Plan) -> Self {
        let mut random = Random::new(plan.seed);
        let people = people::people(plan, &mut random);
        let mut calls = Vec::new();
        let mut dialer = calls::Dialer::new(plan.seed);
        for day in workdays(plan) {
            let present: Vec<&Person> = people.iter().filter(|person| person.works_on(day)).collect();
            for (at, person) in present.iter().enumerate() {
                let colleague = present[(at + 1) % present.len()];
                dialer.day(person, colleague, day, plan.dials_a_day, &mut calls);
            }
        }
        calls.sort_by(|a, b| (a.ended, &a.call_id, a.leg).cmp(&(b.ended, &b.call_id, b.leg)));
        let deals = deals::deals(plan, &people, &calls, &mut random);
        Self { people, calls, deals }
    }
}

/// The days from Monday to Friday of a plan.
pub fn workdays(plan: &Plan) -> impl Iterator<Item = Date> {
    let days = i64::from(plan.days);
    let dates = (0..days).map({
        let first_day = plan.first_day;
        move |day| first_day + jiff::Span::new().days(day)
    });
    dates.filter(|date| date.weekday().to_monday_zero_offset() < 5)
}

/// Hands out the calls of a floor one day of one rep after another, for files too large to be kept in memory.
///
/// # Errors
/// What `take` answers.
pub fn each_day<E>(plan: &Plan, mut take: impl FnMut(&[Call]) -> Result<(), E>) -> Result<(), E> {
    let people = people::people(plan, &mut Random::new(plan.seed));
    let mut dialer = calls::Dialer::new(plan.seed);
    let mut calls = Vec::new();
    for day in workdays(plan) {
        for (at, person) in people.iter().enumerate() {
            calls.clear();
            let colleague = &people[(at + 1) % people.len()];
            dialer.day(person, colleague, day, plan.dials_a_day, &mut calls);
            take(&calls)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_names_its_floor() {
        let rows = |seed| {
            let floor = Floor::new(&Plan {
                seed,
                days: 20,
                ..Plan::sample()
            });
            let mut text = Vec::new();
            write_calls(&mut text, &floor.calls, true).expect("a vector takes everything");
            write_deals(&mut text, &floor.deals).expect("a vector takes everything");
            text
        };
        assert!(rows(1) == rows(1));
        assert!(rows(1) != rows(2));
    }

    #[test]
    fn instants_of_a_call_are_in_order_and_durations_fill_them() {
        let floor = Floor::new(&Plan::sample());
        for call in &floor.calls {
            let picked_up = call.answered.unwrap_or(call.ended);
            assert_eq!(call.ring_s, picked_up - call.started, "{call:?}");
            assert_eq!(
                call.talk_s.unwrap_or(0) + call.hold_s.unwrap_or(0),
                call.ended - picked_up,
                "{call:?}"
            );
        }
    }

    #[test]
    fn one_rep_converts_less_in_the_second_half() {
        let floor = Floor::new(&Plan {
            dials_a_day: 400,
            ..Plan::sample()
        });
        let share = |rep: &Person, from: i64, to: i64| {
            let calls = floor
                .calls
                .iter()
                .filter(|call| call.rep_id == rep.rep_id && (from..to).contains(&call.started));
            let (reached, sold) = calls.fold((0, 0), |(reached, sold), call| {
                (
                    reached + i64::from(call.outcome.step >= 4),
                    sold + i64::from(call.outcome.step >= 7),
                )
            });
            1000 * sold / reached
        };
        let drop = floor
            .people
            .iter()
            .find(|person| person.drops_on.is_some())
            .expect("one rep drops");
        let middle = calls::instant(drop.drops_on.expect("a day"), 0);
        assert!(share(drop, middle, i64::MAX) * 3 < share(drop, 0, middle) * 2);
        let steady = &floor.people[0];
        assert!(share(steady, middle, i64::MAX) * 3 > share(steady, 0, middle) * 2);
    }
}
