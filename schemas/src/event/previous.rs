//! `previous`: exactly what `measures` reads of the version that an event corrects.

use crate::field::{Field, FieldValue, Kind, Milliseconds, Minor, data, unfit};
use crate::ids::{Currency, Label, SiteId};
use crate::reject::Reject;
use crate::symbol::{CreditRole, CustomerKind, Direction, LegRole, Outcome, PauseClass, RepStateKind, Step};
use crate::time::{Day, Instant, LocalHour};

data! {
    /// What was counted, and where. What counted nothing has only `outcome` or `retracted`.
    Previous {
        Stamped time: Option<Instant>, "Time of the version";
        Stamped site_id: Option<SiteId>, "Its site";
        Stamped business_date: Option<Day>, "Its business date";
        Stamped hour: Option<LocalHour>, "Its local hour";
        Stamped campaign_id: Option<Label>, "Its campaign";
        Stamped lead_source: Option<Label>, "Its lead source";
        Stamped product_id: Option<Label>, "Its product";
        Stamped currency: Option<Currency>, "Its currency";
        Stamped direction: Option<Direction>, "Its direction";
        Stamped leg_role: Option<LegRole>, "Its part in the conversation";
        Stamped step: Option<Step>, "Its step";
        Stamped short: Option<bool>, "Whether it was short";
        Stamped talk_ms: Option<Milliseconds>, "Its talk";
        Stamped hold_ms: Option<Milliseconds>, "Its hold";
        Stamped ring_ms: Option<Milliseconds>, "Its ringing";
        Stamped wrap_ms: Option<Milliseconds>, "Its wrap-up";
        Stamped callback_due_at: Option<Instant>, "Its promise";
        Stamped callback_on_time: Option<bool>, "Whether it kept one in time";
        Stamped outcome: Option<Outcome>, "Its outcome";
        Stamped credit_role: Option<CreditRole>, "Its part in the deal";
        Stamped credit_minor: Option<Minor>, "Its share of the amount";
        Stamped credit_refunded_minor: Option<Minor>, "Refunded of it";
        Stamped full: bool, "Whether all was refunded";
        Stamped customer_kind: Option<CustomerKind>, "Its customer's kind";
        Stamped state: Option<RepStateKind>, "Its state";
        Stamped pause_class: Option<PauseClass>, "Its class of pause";
        Stamped started_at: Option<Instant>, "Its start";
        Stamped ended_at: Option<Instant>, "Its end";
        Stamped retracted: bool, "It counted nothing";
    }
}

impl Field for Previous {
    const KIND: Kind = Kind::Object;
    fn is_absent(&self) -> bool {
        false
    }
    fn assign(&mut self, _: &FieldValue) -> Result<(), Reject> {
        Err(unfit("no value: ingest stamps this field"))
    }
}
