//! A slow and obvious recount of the day and window tables from final facts.
//!
//! It adds up what stands in the end and knows nothing of events, versions, panes or increments. It shares no code with
//! what it judges: names of measures, calendars and rules of counting are written down here once more.

mod calendar;
mod counts;
mod deal;

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::generator::{Call, Deal, Direction, Ending};

pub use calendar::SiteRules;
pub use counts::{Counts, MEASURES};
pub use deal::{FinalDeal, Refund, Standing};

/// The columns before the measures of a day row.
pub const DAY_KEY: [&str; 7] = [
    "business_date",
    "rep_id",
    "site_id",
    "campaign_id",
    "lead_source",
    "product_id",
    "currency",
];

/// The columns before the measures of a window row.
pub const WINDOW_KEY: [&str; 4] = ["rep_id", "window", "as_of", "currency"];

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    business_date: Date,
    rep_id: String,
    site_id: String,
    campaign_id: String,
    lead_source: String,
    product_id: String,
    currency: String,
}

/// The recount.
#[derive(Debug)]
pub struct Oracle {
    sites: Vec<SiteRules>,
    site_of_rep: BTreeMap<String, String>,
    deals: Vec<FinalDeal>,
    days: BTreeMap<Place, Counts>,
}

impl Oracle {
    /// Nothing counted yet. A rep that is not in the list belongs to the first site.
    pub fn new(sites: Vec<SiteRules>, site_of_rep: BTreeMap<String, String>) -> Self {
        Self {
            sites,
            site_of_rep,
            deals: Vec::new(),
            days: BTreeMap::new(),
        }
    }

    /// Counts a leg, at its end.
    pub fn add_call(&mut self, call: &Call) {
        let site = self.site(&call.rep_id);
        let place = Place {
            business_date: site.business_date(call.ended),
            rep_id: call.rep_id.clone(),
            site_id: site.site_id.clone(),
            campaign_id: call.campaign.to_owned(),
            lead_source: call.lead_source.to_owned(),
            product_id: String::new(),
            currency: site.currency.clone(),
        };
        let step = call.outcome.step;
        let is_first = call.leg == 1;
        let is_placed = call.direction != Direction::Inbound;
        let mut counts = Counts::default();
        counts.add("dials", i64::from(is_first && is_placed && step >= 1));
        counts.add("connects", i64::from(is_first && is_placed && step >= 2));
        counts.add("live_answers", i64::from(is_first && step >= 3));
        counts.add("contacts", i64::from(step >= 4));
        counts.add("rpc", i64::from(step >= 5));
        counts.add("pitches", i64::from(step >= 6));
        counts.add("interested", i64::from(step >= 7));
        counts.add("talk_s", call.talk_s.unwrap_or(0));
        counts.add("hold_s", call.hold_s.unwrap_or(0));
        counts.add("ring_s", call.ring_s);
        counts.add("acw_s", call.wrap_s);
        counts.add("short_calls", i64::from(call.talk_s.is_some_and(|talk_s| talk_s < 10)));
        counts.add("callbacks_due", i64::from(call.callback_due.is_some()));
        counts.add("callbacks_on_time", i64::from(call.on_time() == Some(true)));
        self.days.entry(place).or_default().add_all(&counts);
    }

    /// Counts a generated deal.
    pub fn add_deal(&mut self, deal: &Deal, currency: &str) {
        let standing = match deal.ending {
            Ending::Open => Standing::Open,
            Ending::Lost(day) => Standing::Lost(day),
            Ending::Won(day) => Standing::won(day, deal.amount_minor),
        };
        self.add_final_deal(FinalDeal {
            deal_id: deal.deal_id.clone(),
            rep_id: deal.rep_id.clone(),
            product_id: deal.product.to_owned(),
            lead_source: deal.lead_source.to_owned(),
            currency: currency.to_owned(),
            customer: deal.account.clone(),
            standing,
        });
    }

    /// Counts a deal in its final state. Whose customer is new follows when all are known.
    pub fn add_final_deal(&mut self, deal: FinalDeal) {
        self.deals.push(deal);
    }

    /// The day rows that are not all zero, keys first.
    pub fn day_rows(&self) -> Vec<Vec<String>> {
        let rows = self.counted().into_iter().filter(|(_, counts)| !counts.is_zero());
        rows.map(|(place, counts)| {
            let mut row = vec![place.business_date.to_string(), place.rep_id, place.site_id];
            row.extend([place.campaign_id, place.lead_source, place.product_id, place.currency]);
            row.extend(counts.texts());
            row
        })
        .collect()
    }

    /// The window rows of all calendar families that are not all zero, up to that date.
    pub fn window_rows(&self, last: Date) -> Vec<Vec<String>> {
        let days = self.counted();
        let Some((first, _)) = days.first_key_value() else {
            return Vec::new();
        };
        let mut sums: BTreeMap<[String; 4], Counts> = BTreeMap::new();
        let mut as_of = first.business_date;
        while as_of <= last {
            for site in &self.sites {
                for (window, start) in site.windows(as_of) {
                    let inside = |place: &Place| {
                        place.site_id == site.site_id && start <= place.business_date && place.business_date <= as_of
                    };
                    for (place, counts) in days.iter().filter(|(place, _)| inside(place)) {
                        let key = [
                            place.rep_id.clone(),
                            window.to_owned(),
                            as_of.to_string(),
                            place.currency.clone(),
                        ];
                        sums.entry(key).or_default().add_all(counts);
                    }
                }
            }
            as_of = as_of.tomorrow().expect("a day after");
        }
        let rows = sums.into_iter().filter(|(_, counts)| !counts.is_zero());
        rows.map(|(key, counts)| key.into_iter().chain(counts.texts()).collect())
            .collect()
    }

    fn site(&self, rep_id: &str) -> &SiteRules {
        let name = self.site_of_rep.get(rep_id);
        let site = self.sites.iter().find(|site| Some(&site.site_id) == name);
        site.unwrap_or_else(|| self.sites.first().expect("there is a site"))
    }

    fn counted(&self) -> BTreeMap<Place, Counts> {
        let mut days = self.days.clone();
        for deal in &self.deals {
            let site = self.site(&deal.rep_id);
            let is_new = self.is_first_of_its_customer(deal);
            for (business_date, counts) in deal.counts(is_new) {
                let place = Place {
                    business_date,
                    rep_id: deal.rep_id.clone(),
                    site_id: site.site_id.clone(),
                    campaign_id: String::new(),
                    lead_source: deal.lead_source.clone(),
                    product_id: deal.product_id.clone(),
                    currency: deal.currency.clone(),
                };
                days.entry(place).or_default().add_all(&counts);
            }
        }
        days
    }

    /// Whether no earlier win of the customer stands. Wins of one instant follow the names of their deals.
    fn is_first_of_its_customer(&self, deal: &FinalDeal) -> bool {
        let moment = |deal: &FinalDeal| {
            let won_on = deal.standing_win()?;
            Some((self.site(&deal.rep_id).starts_at(won_on), deal.deal_id.clone()))
        };
        let own = moment(deal);
        let others = self
            .deals
            .iter()
            .filter(|other| other.customer == deal.customer && !deal.customer.is_empty());
        own.is_some() && !deal.customer.is_empty() && others.filter_map(moment).all(|other| Some(other) >= own)
    }
}

/// The statement whose answer has the form of [`Oracle::day_rows`].
pub fn day_statement() -> String {
    statement("agg_rep_day", &DAY_KEY)
}

/// The statement whose answer has the form of [`Oracle::window_rows`], up to that date.
pub fn window_statement(last: Date) -> String {
    format!(
        "{} AND as_of <= DATE '{last}'",
        statement("agg_rep_window", &WINDOW_KEY)
    )
}

fn statement(view: &str, key: &[&str]) -> String {
    let quoted = |name: &&str| format!("\"{name}\"");
    let columns: Vec<String> = key.iter().chain(&MEASURES).map(quoted).collect();
    let any: Vec<String> = MEASURES.iter().map(|name| format!("\"{name}\" <> 0")).collect();
    format!("SELECT {} FROM {view} WHERE ({})", columns.join(", "), any.join(" OR "))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn deal(deal_id: &str, won_on: Date, amount_minor: i64) -> FinalDeal {
        FinalDeal {
            deal_id: deal_id.to_owned(),
            rep_id: "a".to_owned(),
            product_id: String::new(),
            lead_source: String::new(),
            currency: "USD".to_owned(),
            customer: "c".to_owned(),
            standing: Standing::won(won_on, amount_minor),
        }
    }

    #[test]
    fn a_win_lies_in_the_windows_that_end_within_their_length() {
        let mut oracle = Oracle::new(vec![SiteRules::utc("main", "USD")], BTreeMap::new());
        oracle.add_final_deal(deal("1", date(2025, 3, 1), 700));
        oracle.add_final_deal(deal("2", date(2025, 3, 31), 50));
        let rows = oracle.window_rows(date(2025, 3, 31));
        let seven: Vec<_> = rows
            .iter()
            .filter(|row| row[1] == "7d")
            .map(|row| row[2].as_str())
            .collect();
        assert_eq!(seven.first().zip(seven.last()), Some((&"2025-03-01", &"2025-03-31")));
        assert_eq!(seven.len(), 8);
        let revenue_at = 4 + MEASURES
            .iter()
            .position(|name| *name == "revenue_minor")
            .expect("a measure");
        let month = rows
            .iter()
            .find(|row| row[1] == "mtd" && row[2] == "2025-03-31")
            .expect("a row");
        assert_eq!(month[revenue_at], "750");
    }

    #[test]
    fn the_earlier_win_of_a_customer_is_the_new_one() {
        let mut oracle = Oracle::new(vec![SiteRules::utc("main", "USD")], BTreeMap::new());
        oracle.add_final_deal(deal("1", date(2025, 3, 9), 1));
        oracle.add_final_deal(deal("2", date(2025, 3, 2), 1));
        let new_at = 7 + MEASURES
            .iter()
            .position(|name| *name == "customers_new")
            .expect("a measure");
        let news: Vec<_> = oracle
            .day_rows()
            .iter()
            .map(|row| (row[0].clone(), row[new_at].clone()))
            .collect();
        let text = |day: &str, count: &str| (day.to_owned(), count.to_owned());
        assert_eq!(news, [text("2025-03-02", "1"), text("2025-03-09", "0")]);
    }
}
