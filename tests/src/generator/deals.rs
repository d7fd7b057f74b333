//! Deals as a CRM exports them: one row per deal in its state at the end of the plan.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Call, Person, Plan};
use crate::Random;

/// How a deal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It has not.
    Open,
    /// Won on that day.
    Won(Date),
    /// Lost on that day.
    Lost(Date),
}

/// One deal.
#[derive(Debug, Clone)]
pub struct Deal {
    /// The CRM's number.
    pub deal_id: String,
    /// The owner.
    pub rep_id: String,
    /// The customer.
    pub account: String,
    /// The product.
    pub product: &'static str,
    /// Where the lead came from.
    pub lead_source: &'static str,
    /// The day on which it was opened.
    pub opened: Date,
    /// How it ended.
    pub ending: Ending,
    /// The amount in cents.
    pub amount_minor: i64,
    /// Why it was lost, in the CRM's words.
    pub lost_reason: &'static str,
}

const PRODUCTS: [(&str, i64); 4] = [
    ("Basic", 29_900),
    ("Plus", 74_900),
    ("Pro", 189_000),
    ("Support", 12_000),
];

/// Deals that come of calls with interest. Some customers buy again.
pub(super) fn deals(plan: &Plan, people: &[Person], calls: &[Call], random: &mut Random) -> Vec<Deal> {
    let skills: BTreeMap<&str, &Person> = people.iter().map(|person| (person.rep_id.as_str(), person)).collect();
    let last_day = plan.first_day + Span::new().days(i64::from(plan.days) - 1);
    let mut accounts = Vec::new();
    let mut deals = Vec::new();
    for call in calls.iter().filter(|call| call.outcome.step >= 7) {
        let sold = call.outcome.code == "SALE";
        if !sold && random.chance(350) {
            continue;
        }
        let opened = Timestamp::from_second(call.ended)
            .expect("an instant")
            .to_zoned_datetime(TimeZone::UTC)
            .date();
        let closing = if sold {
            opened
        } else {
            opened + Span::new().days(random.between(1, 35))
        };
        let wins = sold || random.chance(skills[call.rep_id.as_str()].skill_on(closing));
        let ending = match (closing <= last_day, wins) {
            (false, _) => Ending::Open,
            (true, true) => Ending::Won(closing),
            (true, false) => Ending::Lost(closing),
        };
        let (product, price) = *random.pick(&PRODUCTS);
        deals.push(Deal {
            deal_id: format!("D-{:05}", deals.len() + 1),
            rep_id: call.rep_id.clone(),
            account: account(&mut accounts, random),
            product,
            lead_source: call.lead_source,
            opened,
            ending,
            amount_minor: price * random.between(1, 12) - random.between(0, 999),
            lost_reason: random.pick::<&str>(&["price", "competitor", "no budget", "timing"]),
        });
    }
    deals
}

fn account(accounts: &mut Vec<String>, random: &mut Random) -> String {
    if !accounts.is_empty() && random.chance(200) {
        return random.pick(accounts).clone();
    }
    accounts.push(format!("C-{:04}", accounts.len() + 1));
    accounts.last().cloned().unwrap_or_default()
}
