//! `call.completed` and `call.amended`: one rep's leg of one call.

use crate::disposition::Disposition;
use crate::field::{Count, Labels, Milliseconds, data};
use crate::ids::{
    CallId, Country, Currency, CustomerKey, EventId, Label, LeadId, LegId, LongLabel, RepId, SiteId, Text64, Text256,
};
use crate::reject::Reject;
use crate::symbol::{Amd, CallReason, DialMode, Direction, EndedBy, Flags, LegRole, Step, TransferredTo};
use crate::time::{Day, HOUR_US, Instant, LocalHour};

use super::{Previous, broken};

data! {
    /// One leg, whole state. Of a retracted leg only the identity, `ended_at` and `previous` are there.
    Call {
        Given rep_id: RepId, "The rep that the leg counts for";
        Version revision: Option<i64>, "Order of versions within the leg; 0 where none is given";
        Stamped site_id: SiteId, "The rep's site at the time";
        Stamped business_date: Option<Day>, "Local day of the site, shift boundary applied";
        Stamped hour: Option<LocalHour>, "Start of the local hour with the site's offset";
        Stamped currency: Currency, "The site's currency";
        Stamped flags: Flags, "What ingest assumed or mended";
        Given call_id: CallId, "The vendor's call";
        Given leg_id: LegId, "The leg; the call where there are no legs";
        Given conversation_id: Option<LongLabel>, "Groups legs, transfers and consults";
        Given leg_no: Option<Count>, "Number of the leg, from 1";
        Given leg_role: Option<LegRole>, "Part of the leg in its conversation; first where none is given";
        Given transferred_to: Option<TransferredTo>, "Where the leg was passed on to";
        Given direction: Option<Direction>, "Who called whom";
        Given dial_mode: Option<DialMode>, "How the dialer placed the call";
        Given campaign_id: Option<Label>, "Campaign of the dialer";
        Given list_id: Option<Label>, "List of the dialer";
        Given queue_id: Option<Label>, "Queue of the dialer";
        Given product_id: Option<Label>, "Product of the campaign";
        Given lead_id: Option<LeadId>, "Lead of the dialer or CRM";
        Given lead_source: Option<Label>, "Where the lead came from";
        Given attempt_no: Option<Count>, "Attempt at this lead, from 1";
        Given customer_key: Option<CustomerKey>, "Keyed hash of the number";
        Stamped phone_masked: Option<Text64>, "Country code, stars and the last two digits";
        Stamped phone_country: Option<Country>, "Country of the number";
        Given started_at: Option<Instant>, "First dial; inbound: arrival";
        Given answered_at: Option<Instant>, "The customer's answer; inbound: the rep's";
        Given ended_at: Option<Instant>, "End of the leg";
        Given disposed_at: Option<Instant>, "When the result was set";
        Given queue_ms: Option<Milliseconds>, "Waiting before a rep was offered";
        Given ring_ms: Option<Milliseconds>, "From dial start to answer or end";
        Given talk_ms: Option<Milliseconds>, "Talk without hold";
        Given hold_ms: Option<Milliseconds>, "On hold";
        Given wrap_ms: Option<Milliseconds>, "Wrap-up after the call";
        Given amd: Option<Amd>, "Answering-machine detection";
        Given disposition: Option<Disposition>, "Result of the call";
        Given disposition_native: Option<Text64>, "The vendor's code, as sent";
        Given reached: Option<Step>, "Furthest step the rep recorded; raises the step, never lowers it";
        Stamped step: Option<Step>, "Furthest step, from disposition, reached and times";
        Stamped short: Option<bool>, "Answered with less talk than the site's limit";
        Given ended_by: Option<EndedBy>, "Who ended the call";
        Given callback_due_at: Option<Instant>, "Call-back promised for this instant";
        Given callback_for_due_at: Option<Instant>, "Due time of the promise that this call keeps";
        Stamped callback_on_time: Option<bool>, "Whether the promise was kept in time";
        Given recording_ref: Option<Text256>, "Opaque reference of the recording at the vendor";
        Version supersedes: Option<EventId>, "Version last published for this leg";
        Version reason: Option<CallReason>, "Why the version was made";
        Version previous: Option<Box<Previous>>, "What the replaced version counted";
        Version retracted: bool, "The leg counts nothing";
        Given native: Labels, "The vendor's ids, codes and own durations";
        Given attributes: Labels, "The producer's labels";
    }
}

const LEG_MAX_US: i64 = 24 * HOUR_US;

impl Call {
    pub(super) fn check(&self) -> Result<(), Reject> {
        self.native.check().map_err(|reject| reject.at("data.native"))?;
        self.attributes.check().map_err(|reject| reject.at("data.attributes"))?;
        let (Some(started), Some(ended)) = (self.started_at, self.ended_at) else {
            return Ok(());
        };
        if ended < started {
            return Err(broken("ended_at", "lies before `started_at`"));
        }
        if ended.0 - started.0 > LEG_MAX_US {
            return Err(broken("ended_at", "lies more than 24 h after `started_at`"));
        }
        match self.answered_at {
            Some(answered) if answered < started || answered > ended => {
                Err(broken("answered_at", "lies outside of `started_at` to `ended_at`"))
            }
            Some(_) | None => Ok(()),
        }
    }
}
