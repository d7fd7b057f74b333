//! Calls as a dialer exports them: one row per leg, with the dialer's own codes.

use jiff::civil::Date;

use super::Person;
use crate::Random;

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The rep dialled.
    Outbound,
    /// The customer called.
    Inbound,
    /// The dialer called back who had asked for it.
    Callback,
}

impl Direction {
    /// The word in the export.
    pub fn word(self) -> &'static str {
        match self {
            Self::Outbound => "out",
            Self::Inbound => "in",
            Self::Callback => "back",
        }
    }
}

/// A result of a call: the dialer's code, what it stands for, and how far the call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The dialer's code.
    pub code: &'static str,
    /// The disposition that the sample's mapping makes of it.
    pub disposition: &'static str,
    /// 1 dial, 2 connect, 3 live, 4 contact, 5 right party, 6 pitch, 7 interested, 8 win.
    pub step: i64,
}

const fn outcome(code: &'static str, disposition: &'static str, step: i64) -> Outcome {
    Outcome {
        code,
        disposition,
        step,
    }
}

/// All results that the dialer knows.
pub const OUTCOMES: [Outcome; 16] = [
    outcome("NA", "no_answer", 1),
    outcome("B", "busy", 1),
    outcome("DC", "invalid_number", 1),
    outcome("A", "machine", 2),
    outcome("AL", "message_left", 2),
    outcome("HU", "hung_up_early", 3),
    outcome("WN", "wrong_number", 4),
    outcome("XFER", "transferred", 4),
    outcome("NP", "not_interested_early", 5),
    outcome("CALLBK", "callback", 5),
    outcome("NI", "not_interested", 6),
    outcome("DEC", "declined", 6),
    outcome("INFO", "information_sent", 7),
    outcome("INT", "interested", 7),
    outcome("APPT", "appointment", 7),
    outcome("SALE", "sale", 8),
];

/// One leg of one call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Number of the call.
    pub call_id: String,
    /// 1 for the first rep, 2 for the one that it was passed on to.
    pub leg: i64,
    /// The rep.
    pub rep_id: String,
    /// Who called whom.
    pub direction: Direction,
    /// First dial, or arrival.
    pub started: i64,
    /// Answer, if any.
    pub answered: Option<i64>,
    /// End.
    pub ended: i64,
    /// Talk without hold; nothing without an answer.
    pub talk_s: Option<i64>,
    /// Hold; nothing without an answer.
    pub hold_s: Option<i64>,
    /// From dial to answer or end.
    pub ring_s: i64,
    /// Wrap-up.
    pub wrap_s: i64,
    /// Result.
    pub outcome: Outcome,
    /// The customer's number.
    pub phone: String,
    /// Campaign.
    pub campaign: &'static str,
    /// Where the lead came from.
    pub lead_source: &'static str,
    /// Call-back that was promised.
    pub callback_due: Option<i64>,
    /// Promise that this call keeps.
    pub callback_for: Option<i64>,
}

impl Call {
    /// Whether the promise was kept within a quarter of an hour; nothing where the call keeps none.
    pub fn on_time(&self) -> Option<bool> {
        self.callback_for.map(|due| (self.started - due).abs() <= 15 * 60)
    }
}

/// The instant at which that second of the day begins.
pub(super) fn instant(day: Date, second: i64) -> i64 {
    let midnight = day
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .expect("UTC has every day");
    midnight.timestamp().as_second() + second
}

/// Makes the calls of one day of one rep after another.
#[derive(Debug)]
pub(super) struct Dialer {
    random: Random,
    calls: u64,
}

impl Dialer {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed ^ 0xD1A1),
            calls: 0,
        }
    }

    /// Appends the calls of that day. What is passed on goes to the colleague.
    pub(super) fn day(&mut self, person: &Person, colleague: &Person, day: Date, dials: i64, calls: &mut Vec<Call>) {
        let count = self.random.between(dials - dials / 4, dials + dials / 4);
        let span = 32_400 / count.max(1);
        let mut due = None;
        for number in 0..count {
            let second = 30_600 + number * span + self.random.between(0, span / 3);
            let at = instant(day, second);
            let mut call = self.call(person, day, at);
            if call.direction == Direction::Callback {
                call.callback_for = due.take().map(|_| at - 60 * self.late_minutes());
            }
            due = call.callback_due.or(due);
            let passed_on = (call.outcome.code == "XFER").then(|| self.second_leg(colleague, &call));
            calls.push(call);
            calls.extend(passed_on);
        }
    }

    /// Minutes behind a promise, well on either side of a quarter of an hour.
    fn late_minutes(&mut self) -> i64 {
        if self.random.chance(700) {
            self.random.between(-5, 10)
        } else {
            self.random.between(25, 90)
        }
    }

    fn call(&mut self, person: &Person, day: Date, started: i64) -> Call {
        self.calls += 1;
        let direction = match self.random.between(0, 99) {
            0..=4 => Direction::Inbound,
            5..=11 => Direction::Callback,
            _ => Direction::Outbound,
        };
        let outcome = self.outcome(person, day, direction);
        let ring_s = self.random.between(3, 45);
        let mut call = Call {
            call_id: format!("{:06}", self.calls),
            leg: 1,
            rep_id: person.rep_id.clone(),
            direction,
            started,
            answered: None,
            ended: started + ring_s,
            talk_s: None,
            hold_s: None,
            ring_s,
            wrap_s: self.random.between(2, 60),
            outcome,
            phone: self.phone(),
            campaign: self.random.pick::<&str>(&["autumn", "renewal"]),
            lead_source: self.random.pick::<&str>(&["web", "list", "referral"]),
            callback_due: None,
            callback_for: None,
        };
        if outcome.step >= 2 {
            self.answer(&mut call);
        }
        if outcome.code == "CALLBK" {
            call.callback_due = Some(call.ended + 3_600 * self.random.between(1, 48));
        }
        call
    }

    fn answer(&mut self, call: &mut Call) {
        let (low, high) = match call.outcome.step {
            2 | 3 => (2, 25),
            4 | 5 => (12, 240),
            _ => (90, 900),
        };
        let talk_s = self.random.between(low, high);
        let hold_s = if self.random.chance(80) {
            self.random.between(5, 60)
        } else {
            0
        };
        call.answered = Some(call.ended);
        call.talk_s = Some(talk_s);
        call.hold_s = Some(hold_s);
        call.ended += talk_s + hold_s;
    }

    fn outcome(&mut self, person: &Person, day: Date, direction: Direction) -> Outcome {
        let code = if direction != Direction::Inbound && self.random.chance(580) {
            *self.random.pick(&["NA", "NA", "NA", "B", "A", "A", "AL", "DC"])
        } else if self.random.chance(280) {
            *self.random.pick(&["HU", "WN", "XFER"])
        } else if self.random.chance(300) {
            *self.random.pick(&["NP", "CALLBK"])
        } else if self.random.chance(person.skill_on(day)) {
            *self.random.pick(&["INFO", "INT", "APPT", "SALE"])
        } else {
            *self.random.pick(&["NI", "NI", "DEC"])
        };
        *OUTCOMES
            .iter()
            .find(|outcome| outcome.code == code)
            .expect("every code is known")
    }

    /// A number of the range that is kept for fiction.
    fn phone(&mut self) -> String {
        let area = self.random.pick(&[206, 212, 303, 312, 404, 415, 503, 512, 617, 702]);
        format!("{area}55501{:02}", self.random.between(0, 99))
    }

    fn second_leg(&mut self, person: &Person, first: &Call) -> Call {
        let ring_s = self.random.between(2, 12);
        let outcome = *self.random.pick(&[OUTCOMES[10], OUTCOMES[13]]);
        let mut leg = Call {
            leg: 2,
            rep_id: person.rep_id.clone(),
            started: first.ended,
            answered: None,
            ended: first.ended + ring_s,
            talk_s: None,
            hold_s: None,
            ring_s,
            wrap_s: self.random.between(2, 60),
            outcome,
            ..first.clone()
        };
        self.answer(&mut leg);
        leg
    }
}
