//! `deal.*`: a deal and one rep's share of it.

use crate::field::{BasisPoints, Count, Labels, Minor, data};
use crate::ids::{CallId, Currency, CustomerKey, DealId, EventId, Label, LeadId, RefundId, RepId, SiteId, Text64};
use crate::reject::{Reason, Reject};
use crate::symbol::{Amends, CancelReason, CreditRole, CustomerKind, Flags, ForecastCategory, LostReason, Outcome};
use crate::time::{Day, LocalHour};

use super::{EventType, Previous, broken};

data! {
    /// A deal and one rep's share of it, whole state as far as the source knows it.
    Deal {
        Given rep_id: RepId, "The rep that the event counts for";
        Version revision: Option<i64>, "Order of versions within the aspect; 0 where none is given";
        Stamped site_id: SiteId, "The rep's site at the time";
        Stamped business_date: Option<Day>, "Local day of the site, shift boundary applied";
        Stamped hour: Option<LocalHour>, "Start of the local hour with the site's offset";
        Given currency: Currency, "Currency of the amount; the site's without an amount";
        Stamped flags: Flags, "What ingest assumed or mended";
        Given deal_id: DealId, "The CRM's deal";
        Given pipeline_id: Option<Label>, "Pipeline of the CRM";
        Given stage_id: Option<Label>, "Stage of the CRM";
        Given from_stage_id: Option<Label>, "Stage before the change";
        Given to_stage_id: Option<Label>, "Stage after the change";
        Given stage_rank: Option<Count>, "Rank of the stage in its pipeline";
        Version reopened: bool, "A loss is taken back";
        Given product_id: Option<Label>, "Product";
        Given campaign_id: Option<Label>, "Campaign";
        Given quantity: Option<Count>, "Pieces sold";
        Given lead_id: Option<LeadId>, "Lead";
        Given lead_source: Option<Label>, "Where the lead came from";
        Given call_id: Option<CallId>, "The call that brought the deal";
        Given customer_key: Option<CustomerKey>, "Keyed hash of number or account";
        Given customer_kind: Option<CustomerKind>, "Whether the customer is new";
        Given expected_close_on: Option<Day>, "Expected date of closing";
        Given probability_bp: Option<BasisPoints>, "Probability of closing";
        Given forecast_category: Option<ForecastCategory>, "Forecast category";
        Given amount_minor: Option<Minor>, "Amount of the whole deal";
        Given term_months: Option<Count>, "Term of the contract";
        Given credit_role: Option<CreditRole>, "The rep's part; owner where none is given";
        Given credit_bp: Option<BasisPoints>, "The rep's share; 10,000 where none is given";
        Stamped credit_minor: Option<Minor>, "The rep's share of the amount, by largest remainder";
        Stamped credit_refunded_minor: Option<Minor>, "Refunded so far of the rep's share";
        Stamped full: bool, "The whole amount is refunded";
        Given lost_reason: Option<LostReason>, "Why the deal was lost";
        Given competitor: Option<Text64>, "Competitor to whom the deal was lost";
        Version reinstated: bool, "A cancelled win came back";
        Version supersedes: Option<EventId>, "Version last published of this outcome";
        Version amends: Option<Amends>, "What an amendment restates";
        Version status: Option<Outcome>, "Outcome that an amendment restates";
        Version merged_into: Option<DealId>, "Deal that this one was merged into";
        Version cancels: Option<EventId>, "The win that is taken back";
        Given reason: Option<CancelReason>, "Why a win was cancelled or refunded";
        Given in_cooling_off: Option<bool>, "The cancellation fell into the cooling-off period";
        Version refunds: Option<EventId>, "The win that is refunded";
        Given refund_id: Option<RefundId>, "Id of the refund";
        Given refund_minor: Option<Minor>, "Refunded of the whole deal by this refund";
        Stamped credit_refund_minor: Option<Minor>, "Refunded of the rep's share by this refund";
        Version previous: Option<Box<Previous>>, "What the last outcome of this deal and rep counted";
        Given native: Labels, "The vendor's ids and codes";
        Given attributes: Labels, "The producer's labels";
    }
}

impl Deal {
    pub(super) fn check(&self, event_type: EventType) -> Result<(), Reject> {
        self.native.check().map_err(|reject| reject.at("data.native"))?;
        self.attributes.check().map_err(|reject| reject.at("data.attributes"))?;
        if self.amount_minor.is_some_and(|amount| amount.0 < 0) {
            return Err(Reject::new(Reason::BadMoney, "an amount below 0").at("data.amount_minor"));
        }
        if self.amount_minor.is_some() && !self.currency.is_empty() && !self.currency.is_iso_form() {
            return Err(Reject::new(Reason::BadMoney, "no ISO 4217 code").at("data.currency"));
        }
        if event_type == EventType::DealRefunded && self.refund_minor.is_some_and(|refund| refund.0 <= 0) {
            return Err(Reject::new(Reason::BadMoney, "a refund must be above 0").at("data.refund_minor"));
        }
        let overlay = self.credit_role == Some(CreditRole::Overlay);
        if !overlay && self.credit_bp.is_some_and(|share| share.0 > 10_000) {
            return Err(broken("credit_bp", "is above 10,000"));
        }
        Ok(())
    }
}
