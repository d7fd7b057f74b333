//! `lead.*`: a lead and the rep who works it.

use crate::field::{Count, Labels, data};
use crate::ids::{Country, Currency, CustomerKey, EventId, Label, LeadId, RepId, SiteId, Text64};
use crate::symbol::{Flags, LeadOrigin, Side, TransferReason};
use crate::time::{Day, Instant, LocalHour};

use super::Previous;

data! {
    /// A lead, whole state.
    Lead {
        Given rep_id: RepId, "The rep that the event counts for";
        Version revision: Option<i64>, "Order of versions within the lead; 0 where none is given";
        Stamped site_id: SiteId, "The rep's site at the time";
        Stamped business_date: Option<Day>, "Local day of the site, shift boundary applied";
        Stamped hour: Option<LocalHour>, "Start of the local hour with the site's offset";
        Stamped currency: Currency, "The site's currency";
        Stamped flags: Flags, "What ingest assumed or mended";
        Given lead_id: LeadId, "The lead of the dialer or CRM";
        Given list_id: Option<Label>, "List of the dialer";
        Given campaign_id: Option<Label>, "Campaign";
        Given lead_source: Option<Label>, "Where the lead came from";
        Given product_id: Option<Label>, "Product";
        Given customer_key: Option<CustomerKey>, "Keyed hash of the number";
        Stamped phone_masked: Option<Text64>, "Country code, stars and the last two digits";
        Stamped phone_country: Option<Country>, "Country of the number";
        Given priority: Option<Count>, "0 is lowest";
        Given first_touch_due_at: Option<Instant>, "Agreed time for the first call";
        Given origin: Option<LeadOrigin>, "How the lead came to its rep";
        Given from_rep_id: Option<RepId>, "Rep who had the lead";
        Given to_rep_id: Option<RepId>, "Rep who gets the lead";
        Given reason: Option<TransferReason>, "Why the lead was transferred";
        Version side: Option<Side>, "Which of the two reps the event counts for";
        Version supersedes: Option<EventId>, "Version last published of this lead";
        Version previous: Option<Box<Previous>>, "What the replaced version counted";
        Version retracted: bool, "The version counts nothing";
        Given native: Labels, "The vendor's ids and codes";
        Given attributes: Labels, "The producer's labels";
    }
}
