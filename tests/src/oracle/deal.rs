//! A deal in its final state, and what that counts.

use jiff::civil::Date;

use super::Counts;

/// A deal with one owner, as it stands after everything that happened to it.
#[derive(Debug, Clone)]
pub struct FinalDeal {
    /// Name of the deal.
    pub deal_id: String,
    /// The owner.
    pub rep_id: String,
    /// The product; empty for none.
    pub product_id: String,
    /// Where the lead came from; empty for unknown.
    pub lead_source: String,
    /// Currency of the amount; the site's for a deal without amount.
    pub currency: String,
    /// The customer; empty for unknown.
    pub customer: String,
    /// What became of it.
    pub standing: Standing,
}

/// What became of a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It goes on.
    Open,
    /// It was lost on that day.
    Lost(Date),
    /// It was won, and perhaps cancelled or refunded afterwards.
    Won {
        /// Day of the win.
        on: Date,
        /// The amount that stands in the end.
        amount_minor: i64,
        /// Day of the cancellation that stands.
        cancelled_on: Option<Date>,
        /// Refunds before any cancellation.
        refunds: Vec<Refund>,
    },
}

/// Money that was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refund {
    /// Day of the refund.
    pub on: Date,
    /// How much of the amount.
    pub minor: i64,
}

impl Standing {
    /// A win to which nothing happened.
    pub fn won(on: Date, amount_minor: i64) -> Self {
        Self::Won {
            on,
            amount_minor,
            cancelled_on: None,
            refunds: Vec::new(),
        }
    }
}

impl FinalDeal {
    /// Day of a win that has not been cancelled.
    pub(super) fn standing_win(&self) -> Option<Date> {
        match self.standing {
            Standing::Won {
                on, cancelled_on: None, ..
            } => Some(on),
            Standing::Won { .. } | Standing::Open | Standing::Lost(_) => None,
        }
    }

    /// What the deal counts, day by day.
    pub(super) fn counts(&self, is_customer_new: bool) -> Vec<(Date, Counts)> {
        let one = |name| {
            let mut counts = Counts::default();
            counts.add(name, 1);
            counts
        };
        match &self.standing {
            Standing::Open => Vec::new(),
            Standing::Lost(day) => vec![(*day, one("losses"))],
            Standing::Won {
                on,
                amount_minor,
                cancelled_on,
                refunds,
            } => {
                let refunded: i64 = refunds.iter().map(|refund| refund.minor).sum();
                let is_full = !refunds.is_empty() && refunded == *amount_minor;
                let stands = i64::from(!is_full);
                let mut days = vec![(*on, booked(*amount_minor))];
                for refund in refunds {
                    let mut counts = one("refunds");
                    counts.add("refunded_minor", refund.minor);
                    days.push((refund.on, counts));
                }
                if let Some(cancelled_on) = cancelled_on {
                    let mut counts = Counts::default();
                    counts.add("cancels", stands);
                    counts.add("cancelled_minor", amount_minor - refunded);
                    days.push((*cancelled_on, counts));
                } else {
                    let mut counts = Counts::default();
                    counts.add("wins", stands);
                    counts.add("customers_new", stands * i64::from(is_customer_new));
                    counts.add("revenue_minor", amount_minor - refunded);
                    days.push((*on, counts));
                }
                days
            }
        }
    }
}

fn booked(amount_minor: i64) -> Counts {
    let mut counts = Counts::default();
    counts.add("wins_booked", 1);
    counts.add("revenue_booked_minor", amount_minor);
    counts
}
