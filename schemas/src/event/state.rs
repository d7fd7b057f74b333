//! `rep.state_ended`: a closed interval of a rep's state within one local hour.

use crate::field::{Labels, data};
use crate::ids::{Currency, EventId, Label, RepId, SiteId};
use crate::reject::Reject;
use crate::symbol::{Flags, PauseClass, RepStateKind};
use crate::time::{Day, Instant, LocalHour};

use super::{Previous, broken};

data! {
    /// A closed interval, cut by `ingest` at the site's local hours.
    RepState {
        Given rep_id: RepId, "The rep";
        Version revision: Option<i64>, "Order of versions of the interval; 0 where none is given";
        Stamped site_id: SiteId, "The rep's site at the time";
        Stamped business_date: Option<Day>, "Local day of the site, shift boundary applied";
        Stamped hour: Option<LocalHour>, "Start of the local hour with the site's offset";
        Stamped currency: Currency, "The site's currency";
        Stamped flags: Flags, "What ingest assumed or mended";
        Given state: Option<RepStateKind>, "The state";
        Given pause_class: Option<PauseClass>, "Class of a pause";
        Given pause_code: Option<Label>, "The vendor's pause code";
        Given login_id: Option<Label>, "Login of the rep at the dialer";
        Given started_at: Option<Instant>, "Start of the interval";
        Given ended_at: Option<Instant>, "End of the interval";
        Given campaign_id: Option<Label>, "Campaign that the rep was logged into";
        Given lead_source: Option<Label>, "Lead source, where the state is of one";
        Given product_id: Option<Label>, "Product, where the state is of one";
        Version supersedes: Option<EventId>, "Version last published of this interval";
        Version previous: Option<Box<Previous>>, "What the replaced interval counted";
        Version retracted: bool, "The interval counts nothing";
        Given native: Labels, "The vendor's ids and codes";
        Given attributes: Labels, "The producer's labels";
    }
}

impl RepState {
    pub(super) fn check(&self) -> Result<(), Reject> {
        if self.ended_at < self.started_at {
            return Err(broken("ended_at", "lies before `started_at`"));
        }
        Ok(())
    }
}
