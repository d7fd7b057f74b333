//! The additive measures: their order, names and definitions, and vectors over them.

use std::ops::{AddAssign, Index, IndexMut, Neg};

macro_rules! measures {
    ($($name:ident = $text:literal, $comment:literal;)*) => {
        /// One additive, integer measure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Measure { $(#[doc = $comment] $name,)* }

        impl Measure {
            /// All measures in the order of their columns.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Name of the column.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Definition, as the column's comment gives it.
            pub const fn comment(self) -> &'static str {
                match self { $(Self::$name => $comment,)* }
            }
        }
    };
}

measures! {
    Dials = "dials", "Outbound or callback first legs placed; blocked ones are none";
    Connects = "connects", "Dials answered by anything: human, voicemail, fax, screening";
    LiveAnswers = "live_answers", "First legs answered by a human, whether or not a rep came";
    Contacts = "contacts", "Legs on which a rep spoke with a human; first legs and transfers in";
    Rpc = "rpc", "Contacts that reached the person who can decide";
    Pitches = "pitches", "Contacts to whom the offer was presented";
    Interested = "interested", "Contacts with positive interest recorded";
    Wins = "wins", "Deals won, credited as owner, restated: less cancelled and fully refunded ones, on the day of the win";
    Losses = "losses", "Deals lost, credited as owner, less reopened ones, on the day of the loss";
    Cancels = "cancels", "Wins taken back by cancellation, on the day of the cancellation";
    Refunds = "refunds", "Refunds of wins not cancelled, credited as owner, on the day of the refund";
    CustomersNew = "customers_new", "Wins credited as owner whose customer is new, restated";
    RevenueMinor = "revenue_minor", "Credit of won deals in minor units, net of tax, restated: less what was cancelled or refunded, on the day of the win";
    WinsBooked = "wins_booked", "Deals won, credited as owner, never taken back by cancellation or refund";
    RevenueBookedMinor = "revenue_booked_minor", "Credit of won deals in minor units, never taken back by cancellation or refund";
    CancelledMinor = "cancelled_minor", "Revenue in minor units taken back by cancellation, on the day of the cancellation";
    RefundedMinor = "refunded_minor", "Revenue in minor units refunded, on the day of the refund";
    TalkS = "talk_s", "Seconds of talk from the customer's answer to the end, without hold";
    HoldS = "hold_s", "Seconds on hold";
    RingS = "ring_s", "Seconds from dial start to answer or end";
    AcwS = "acw_s", "Seconds of wrap-up after the call";
    ReadyS = "ready_s", "Seconds ready, from closed state intervals";
    PauseProductiveS = "pause_productive_s", "Seconds of productive pause, from closed state intervals";
    PauseUnproductiveS = "pause_unproductive_s", "Seconds of unproductive pause, from closed state intervals";
    BreakS = "break_s", "Seconds of break, from closed state intervals";
    ShortCalls = "short_calls", "Answered legs with less talk than the site's limit, 10 s by default";
    CallbacksDue = "callbacks_due", "Call-backs promised, on the day of the call that made the promise";
    CallbacksOnTime = "callbacks_on_time", "Call-backs kept within the site's limit, 15 min by default, on the day of the call that kept the promise";
    LeadsAssigned = "leads_assigned", "Leads assigned or transferred in";
}

/// Number of measures.
pub const MEASURES: usize = Measure::ALL.len();

/// One integer per measure. Vectors form a group under addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Vector(pub [i64; MEASURES]);

impl Vector {
    /// The vector that changes nothing.
    pub const ZERO: Self = Self([0; MEASURES]);

    /// True when every measure is 0.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|value| *value == 0)
    }

    /// Measure and value of what is not 0, in column order.
    pub fn nonzero(&self) -> impl Iterator<Item = (Measure, i64)> + '_ {
        Measure::ALL
            .iter()
            .copied()
            .zip(self.0)
            .filter(|(_, value)| *value != 0)
    }
}

impl Default for Vector {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Index<Measure> for Vector {
    type Output = i64;
    fn index(&self, measure: Measure) -> &i64 {
        &self.0[measure as usize]
    }
}

impl IndexMut<Measure> for Vector {
    fn index_mut(&mut self, measure: Measure) -> &mut i64 {
        &mut self.0[measure as usize]
    }
}

impl AddAssign<&Self> for Vector {
    fn add_assign(&mut self, other: &Self) {
        for (sum, value) in self.0.iter_mut().zip(other.0) {
            *sum = sum.saturating_add(value);
        }
    }
}

impl Neg for Vector {
    type Output = Self;
    fn neg(mut self) -> Self {
        for value in &mut self.0 {
            *value = value.saturating_neg();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_29_measures_with_names_of_their_own() {
        let names: std::collections::BTreeSet<_> = Measure::ALL.iter().map(|m| m.name()).collect();
        assert_eq!((names.len(), MEASURES), (29, 29));
    }

    #[test]
    fn a_vector_and_its_negative_sum_to_zero() {
        let mut vector = Vector::ZERO;
        vector[Measure::Wins] = 3;
        let negative = -vector;
        vector += &negative;
        assert!(vector.is_zero());
    }
}
