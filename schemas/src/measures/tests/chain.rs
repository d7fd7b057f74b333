//! The events of one deal and rep, each with what the one before it counted.

use super::*;
use crate::field::{BasisPoints, Minor};
use crate::ids::{DealId, RefundId};
use crate::symbol::{Amends, CancelReason, LostReason};

/// A chain and the state of the deal that its next event carries.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    state: Deal,
    pub(super) events: Vec<Event>,
}

impl Chain {
    /// A deal of an owner with a new customer.
    pub(super) fn new(code: &str) -> Self {
        let state = Deal {
            rep_id: rep(),
            site_id: site(),
            currency: currency(code),
            deal_id: DealId::new("D1").expect("deal"),
            customer_kind: Some(CustomerKind::New),
            credit_role: Some(CreditRole::Owner),
            credit_bp: Some(BasisPoints(10_000)),
            lost_reason: Some(LostReason::Price),
            ..Deal::default()
        };
        Self {
            state,
            events: Vec::new(),
        }
    }

    /// Changes the state that later events carry.
    pub(super) fn with(mut self, change: impl FnOnce(&mut Deal)) -> Self {
        change(&mut self.state);
        self
    }

    pub(super) fn push(mut self, event_type: EventType, on: Day, change: impl FnOnce(&mut Deal)) -> Self {
        let mut deal = self.state.clone();
        deal.business_date = Some(on);
        deal.hour = Some(hour(on));
        deal.previous = self.events.last().map(|last| Box::new(previous_of(last)));
        change(&mut deal);
        self.events.push(event(event_type, on, Data::Deal(Box::new(deal))));
        self
    }

    pub(super) fn won(mut self, on: Day, minor: i64) -> Self {
        self.state.amount_minor = Some(Minor(minor));
        self.state.credit_minor = Some(Minor(minor));
        self.push(EventType::DealWon, on, |_| {})
    }

    pub(super) fn lost(self, on: Day) -> Self {
        self.push(EventType::DealLost, on, |_| {})
    }

    pub(super) fn cancelled(self, on: Day) -> Self {
        self.push(EventType::DealCancelled, on, |deal| {
            deal.reason = Some(CancelReason::Customer);
        })
    }

    pub(super) fn reopened(self, on: Day) -> Self {
        self.push(EventType::DealStageChanged, on, |deal| deal.reopened = true)
    }

    pub(super) fn refunded(self, on: Day, minor: i64, full: bool) -> Self {
        self.push(EventType::DealRefunded, on, |deal| {
            deal.reason = Some(CancelReason::Customer);
            deal.refund_id = Some(RefundId::new("R1").expect("refund"));
            deal.refund_minor = Some(Minor(minor.max(1)));
            deal.credit_refund_minor = Some(Minor(minor));
            deal.full = full;
        })
    }

    /// Restates the outcome; `refunded` and `full` are the refunds so far.
    pub(super) fn amended(mut self, on: Day, status: Outcome, minor: i64, refunded: i64, full: bool) -> Self {
        self.state.amount_minor = Some(Minor(minor));
        self.state.credit_minor = Some(Minor(minor));
        self.push(EventType::DealAmended, on, |deal| {
            deal.amends = Some(Amends::Amount);
            deal.status = Some(status);
            deal.credit_refunded_minor = Some(Minor(refunded));
            deal.full = full;
        })
    }

    /// Sums by business date, products added up.
    pub(super) fn by_day(&self) -> BTreeMap<Day, Vector> {
        let mut days = BTreeMap::<Day, Vector>::new();
        for ((on, _), vector) in sums(&self.events) {
            *days.entry(on).or_default() += &vector;
        }
        days.retain(|_, vector| !vector.is_zero());
        days
    }
}
