//! One number per measure, by name.

/// The measures in the order of their columns.
pub const MEASURES: [&str; 29] = [
    "dials",
    "connects",
    "live_answers",
    "contacts",
    "rpc",
    "pitches",
    "interested",
    "wins",
    "losses",
    "cancels",
    "refunds",
    "customers_new",
    "revenue_minor",
    "wins_booked",
    "revenue_booked_minor",
    "cancelled_minor",
    "refunded_minor",
    "talk_s",
    "hold_s",
    "ring_s",
    "acw_s",
    "ready_s",
    "pause_productive_s",
    "pause_unproductive_s",
    "break_s",
    "short_calls",
    "callbacks_due",
    "callbacks_on_time",
    "leads_assigned",
];

/// A number for every measure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts([i64; MEASURES.len()]);

impl Counts {
    /// Adds to one measure.
    ///
    /// # Panics
    /// When there is no measure of that name.
    pub fn add(&mut self, name: &str, value: i64) {
        let at = MEASURES.iter().position(|measure| *measure == name);
        self.0[at.unwrap_or_else(|| panic!("`{name}` is no measure"))] += value;
    }

    /// Adds measure by measure.
    pub(super) fn add_all(&mut self, other: &Self) {
        for (sum, value) in self.0.iter_mut().zip(other.0) {
            *sum += value;
        }
    }

    /// Whether nothing is counted.
    pub(super) fn is_zero(&self) -> bool {
        self.0.iter().all(|value| *value == 0)
    }

    /// The numbers as text.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        self.0.map(|value| value.to_string()).into_iter()
    }
}
