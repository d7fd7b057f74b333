//! `measures`: what an event counts, and where. The one function from which every number follows.
//!
//! `contribution(e) = +measures(new state) − measures(previous)`, each at its own place, computed from the event alone.

use crate::event::{Call, Data, Deal, Event, EventType, Keyed, Lead, Previous, RepState};
use crate::field::Milliseconds;
use crate::ids::{Currency, Label, RepId, SiteId};
use crate::measure::{Measure as M, Vector};
use crate::symbol::{CreditRole, CustomerKind, Direction, LegRole, Outcome, PauseClass, RepStateKind, Step};
use crate::time::{Day, Instant, LocalHour};

/// Where a vector counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place<'a> {
    /// The rep.
    pub rep_id: &'a RepId,
    /// The site.
    pub site_id: &'a SiteId,
    /// The campaign.
    pub campaign_id: Option<&'a Label>,
    /// The lead source.
    pub lead_source: Option<&'a Label>,
    /// The product.
    pub product_id: Option<&'a Label>,
    /// The currency.
    pub currency: &'a Currency,
    /// The business date.
    pub business_date: Day,
    /// The local hour.
    pub hour: LocalHour,
    /// The instant, for minute panes.
    pub time: Instant,
}

/// Up to two vectors, each at its own place. Zero vectors are left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Contribution<'a> {
    parts: [Option<(Place<'a>, Vector)>; 2],
}

impl<'a> Contribution<'a> {
    /// The places and vectors.
    pub fn parts(&self) -> impl Iterator<Item = &(Place<'a>, Vector)> {
        self.parts.iter().flatten()
    }

    fn of(own: (Place<'a>, Vector), before: Option<(Place<'a>, Vector)>) -> Self {
        let mut own = Some(own).filter(|(_, vector)| !vector.is_zero());
        let mut before = before.filter(|(_, vector)| !vector.is_zero());
        if let (Some((place, sum)), Some((other, vector))) = (&mut own, &before)
            && place == other
        {
            *sum += vector;
            before = None;
        }
        if own.is_some_and(|(_, vector)| vector.is_zero()) {
            own = None;
        }
        Self { parts: [own, before] }
    }
}

/// What the event adds to the sums.
pub fn contribution(event: &Event) -> Contribution<'_> {
    let Some(keyed) = event.data.keyed() else {
        return Contribution::default();
    };
    let event_type = event.envelope.event_type;
    let (own, before) = match &event.data {
        Data::Call(call) => (
            call_vector(call),
            keyed.previous.map(|previous| -previous_call(previous)),
        ),
        Data::Deal(deal) => deal_vectors(event_type, deal, keyed.previous),
        Data::Lead(lead) => (
            lead_vector(event_type, lead),
            keyed.previous.map(|previous| -previous_lead(previous)),
        ),
        Data::State(state) => (
            state_vector(state),
            keyed.previous.map(|previous| -previous_state(previous)),
        ),
        Data::People(_) | Data::Target(_) | Data::Tick => return Contribution::default(),
    };
    let before = before
        .zip(keyed.previous)
        .map(|(vector, previous)| (previous_place(&keyed, previous), vector));
    Contribution::of((own_place(&keyed, event.envelope.time), own), before)
}

fn own_place<'a>(keyed: &Keyed<'a>, time: Instant) -> Place<'a> {
    Place {
        rep_id: keyed.rep_id,
        site_id: keyed.site_id,
        campaign_id: keyed.campaign_id,
        lead_source: keyed.lead_source,
        product_id: keyed.product_id,
        currency: keyed.currency,
        business_date: keyed.business_date,
        hour: keyed.hour,
        time,
    }
}

fn previous_place<'a>(keyed: &Keyed<'a>, previous: &'a Previous) -> Place<'a> {
    Place {
        rep_id: keyed.rep_id,
        site_id: previous.site_id.as_ref().unwrap_or(keyed.site_id),
        campaign_id: previous.campaign_id.as_ref(),
        lead_source: previous.lead_source.as_ref(),
        product_id: previous.product_id.as_ref(),
        currency: previous.currency.as_ref().unwrap_or(keyed.currency),
        business_date: previous.business_date.unwrap_or(keyed.business_date),
        hour: previous.hour.unwrap_or(keyed.hour),
        time: previous.time.unwrap_or_default(),
    }
}

/// What the steps and times of a leg are counted from.
#[derive(Debug, Clone, Copy)]
struct Leg {
    direction: Direction,
    role: LegRole,
    step: Step,
    short: bool,
    times: [Option<Milliseconds>; 4],
    promised: bool,
    kept: bool,
}

fn call_vector(call: &Call) -> Vector {
    if call.retracted {
        return Vector::ZERO;
    }
    leg_vector(Leg {
        direction: call.direction.unwrap_or(Direction::Unknown),
        role: call.leg_role.unwrap_or(LegRole::First),
        step: call.step.unwrap_or(Step::None),
        short: call.short == Some(true),
        times: [call.talk_ms, call.hold_ms, call.ring_ms, call.wrap_ms],
        promised: call.callback_due_at.is_some(),
        kept: call.callback_on_time == Some(true),
    })
}

fn previous_call(previous: &Previous) -> Vector {
    if previous.retracted {
        return Vector::ZERO;
    }
    leg_vector(Leg {
        direction: previous.direction.unwrap_or(Direction::Unknown),
        role: previous.leg_role.unwrap_or(LegRole::First),
        step: previous.step.unwrap_or(Step::None),
        short: previous.short == Some(true),
        times: [previous.talk_ms, previous.hold_ms, previous.ring_ms, previous.wrap_ms],
        promised: previous.callback_due_at.is_some(),
        kept: previous.callback_on_time == Some(true),
    })
}

fn leg_vector(leg: Leg) -> Vector {
    let mut vector = Vector::ZERO;
    let placed = matches!(leg.direction, Direction::Outbound | Direction::Callback);
    let outside = placed || leg.direction == Direction::Inbound;
    if leg.direction == Direction::Internal {
        return vector;
    }
    let first = leg.role == LegRole::First;
    let spoke = matches!(leg.role, LegRole::First | LegRole::TransferIn);
    let reached = |step: Step, counts: bool| i64::from(counts && leg.step >= step);
    vector[M::Dials] = reached(Step::Dial, placed && first);
    vector[M::Connects] = reached(Step::Connect, placed && first);
    vector[M::LiveAnswers] = reached(Step::Live, outside && first);
    vector[M::Contacts] = reached(Step::Contact, outside && spoke);
    vector[M::Rpc] = reached(Step::Rpc, outside && spoke);
    vector[M::Pitches] = reached(Step::Pitch, outside && spoke);
    vector[M::Interested] = reached(Step::Interested, outside && spoke);
    for (measure, time) in [M::TalkS, M::HoldS, M::RingS, M::AcwS].into_iter().zip(leg.times) {
        vector[measure] = time.map_or(0, Milliseconds::seconds);
    }
    vector[M::ShortCalls] = i64::from(leg.short);
    vector[M::CallbacksDue] = i64::from(leg.promised);
    vector[M::CallbacksOnTime] = i64::from(leg.kept);
    vector
}

/// What an outcome of a deal and rep is counted from.
#[derive(Debug, Clone, Copy)]
struct Credit {
    outcome: Outcome,
    role: CreditRole,
    credit_minor: i64,
    refunded_minor: i64,
    full: bool,
    customer_new: bool,
}

impl Credit {
    fn before(previous: &Previous) -> Self {
        Self {
            outcome: previous.outcome.unwrap_or(Outcome::Open),
            role: previous.credit_role.unwrap_or_default(),
            credit_minor: previous.credit_minor.map_or(0, |m| m.0),
            refunded_minor: previous.credit_refunded_minor.map_or(0, |m| m.0),
            full: previous.full,
            customer_new: previous.customer_kind == Some(CustomerKind::New),
        }
    }

    fn now(deal: &Deal, outcome: Outcome) -> Self {
        Self {
            outcome,
            role: deal.credit_role.unwrap_or_default(),
            credit_minor: deal.credit_minor.map_or(0, |m| m.0),
            refunded_minor: deal.credit_refunded_minor.map_or(0, |m| m.0),
            full: deal.full,
            customer_new: deal.customer_kind == Some(CustomerKind::New),
        }
    }

    fn owns(self) -> i64 {
        i64::from(self.role == CreditRole::Owner)
    }

    fn counts_money(self) -> bool {
        matches!(self.role, CreditRole::Owner | CreditRole::Split)
    }

    /// What cancellation and refund take back.
    fn restated(self) -> Vector {
        let mut vector = Vector::ZERO;
        if self.outcome == Outcome::Won {
            let standing = self.owns() * i64::from(!self.full);
            vector[M::Wins] = standing;
            vector[M::CustomersNew] = standing * i64::from(self.customer_new);
            if self.counts_money() {
                vector[M::RevenueMinor] = self.credit_minor - self.refunded_minor;
            }
        }
        vector
    }

    /// Everything that the outcome counts on its own day.
    fn whole(self) -> Vector {
        let mut vector = self.restated();
        if self.outcome == Outcome::Won {
            vector[M::WinsBooked] = self.owns();
            vector[M::RevenueBookedMinor] = if self.counts_money() { self.credit_minor } else { 0 };
        }
        if self.outcome == Outcome::Lost {
            vector[M::Losses] = self.owns();
        }
        vector
    }
}

fn deal_vectors(event_type: EventType, deal: &Deal, previous: Option<&Previous>) -> (Vector, Option<Vector>) {
    let before = previous.map(Credit::before);
    let taken_back = before.map(|credit| -credit.whole());
    match event_type {
        EventType::DealWon => (Credit::now(deal, Outcome::Won).whole(), taken_back),
        EventType::DealLost => (Credit::now(deal, Outcome::Lost).whole(), taken_back),
        EventType::DealAmended => (
            Credit::now(deal, deal.status.unwrap_or(Outcome::Open)).whole(),
            taken_back,
        ),
        EventType::DealStageChanged => (Vector::ZERO, taken_back),
        EventType::DealCancelled => cancelled(before),
        EventType::DealRefunded => refunded(deal, before),
        _ => (Vector::ZERO, None),
    }
}

fn cancelled(before: Option<Credit>) -> (Vector, Option<Vector>) {
    let taken = before.map_or(Vector::ZERO, Credit::restated);
    let mut own = Vector::ZERO;
    own[M::Cancels] = taken[M::Wins];
    own[M::CancelledMinor] = taken[M::RevenueMinor];
    (own, Some(-taken))
}

fn refunded(deal: &Deal, before: Option<Credit>) -> (Vector, Option<Vector>) {
    let Some(before) = before.filter(|credit| credit.outcome == Outcome::Won) else {
        return (Vector::ZERO, None);
    };
    let refund_minor = deal.credit_refund_minor.map_or(0, |m| m.0);
    let after = Credit {
        refunded_minor: before.refunded_minor + refund_minor,
        full: before.full || deal.full,
        ..before
    };
    let mut change = after.restated();
    change += &-before.restated();
    let mut own = Vector::ZERO;
    own[M::Refunds] = before.owns();
    own[M::RefundedMinor] = -change[M::RevenueMinor];
    (own, Some(change))
}

fn lead_vector(event_type: EventType, lead: &Lead) -> Vector {
    let counts = match event_type {
        EventType::LeadAssigned => true,
        EventType::LeadTransferred => lead.side == Some(crate::symbol::Side::In),
        EventType::LeadAmended => !lead.retracted,
        _ => false,
    };
    let mut vector = Vector::ZERO;
    vector[M::LeadsAssigned] = i64::from(counts);
    vector
}

fn previous_lead(previous: &Previous) -> Vector {
    let mut vector = Vector::ZERO;
    vector[M::LeadsAssigned] = i64::from(!previous.retracted);
    vector
}

fn state_vector(state: &RepState) -> Vector {
    if state.retracted {
        return Vector::ZERO;
    }
    interval_vector(state.state, state.pause_class, state.started_at, state.ended_at)
}

fn previous_state(previous: &Previous) -> Vector {
    if previous.retracted {
        return Vector::ZERO;
    }
    interval_vector(
        previous.state,
        previous.pause_class,
        previous.started_at,
        previous.ended_at,
    )
}

fn interval_vector(
    state: Option<RepStateKind>,
    pause: Option<PauseClass>,
    started_at: Option<Instant>,
    ended_at: Option<Instant>,
) -> Vector {
    let mut vector = Vector::ZERO;
    let (Some(started), Some(ended)) = (started_at, ended_at) else {
        return vector;
    };
    let seconds = Milliseconds((ended.0 - started.0) / 1000).seconds();
    match (state, pause) {
        (Some(RepStateKind::Ready), _) => vector[M::ReadyS] = seconds,
        (Some(RepStateKind::Paused), Some(PauseClass::Productive)) => vector[M::PauseProductiveS] = seconds,
        (Some(RepStateKind::Paused), Some(PauseClass::Unproductive)) => vector[M::PauseUnproductiveS] = seconds,
        (Some(RepStateKind::Paused), Some(PauseClass::Break)) => vector[M::BreakS] = seconds,
        _ => {}
    }
    vector
}

/// What a later correction of this event has to take back, as its `previous`. `outcome` is that of the deal after it.
pub fn previous_of(event: &Event) -> Previous {
    let mut previous = Previous {
        time: Some(event.envelope.time),
        ..Previous::default()
    };
    if let Some(keyed) = event.data.keyed() {
        previous.site_id = Some(keyed.site_id.clone());
        previous.business_date = Some(keyed.business_date);
        previous.hour = Some(keyed.hour);
        previous.campaign_id = keyed.campaign_id.cloned();
        previous.lead_source = keyed.lead_source.cloned();
        previous.product_id = keyed.product_id.cloned();
        previous.currency = Some(keyed.currency.clone());
    }
    match &event.data {
        Data::Call(call) if call.retracted => {
            return Previous {
                retracted: true,
                ..Previous::default()
            };
        }
        Data::Call(call) => keep_call(&mut previous, call),
        Data::Deal(deal) => return previous_of_deal(event.envelope.event_type, deal, previous),
        Data::Lead(lead) if lead_vector(event.envelope.event_type, lead).is_zero() => {
            return Previous {
                retracted: true,
                ..Previous::default()
            };
        }
        Data::State(state) if state.retracted => {
            return Previous {
                retracted: true,
                ..Previous::default()
            };
        }
        Data::State(state) => {
            previous.state = state.state;
            previous.pause_class = state.pause_class;
            previous.started_at = state.started_at;
            previous.ended_at = state.ended_at;
        }
        Data::Lead(_) | Data::People(_) | Data::Target(_) | Data::Tick => {}
    }
    previous
}

fn keep_call(previous: &mut Previous, call: &Call) {
    previous.direction = Some(call.direction.unwrap_or(Direction::Unknown));
    previous.leg_role = Some(call.leg_role.unwrap_or(LegRole::First));
    previous.step = Some(call.step.unwrap_or(Step::None));
    previous.short = call.short;
    previous.talk_ms = call.talk_ms;
    previous.hold_ms = call.hold_ms;
    previous.ring_ms = call.ring_ms;
    previous.wrap_ms = call.wrap_ms;
    previous.callback_due_at = call.callback_due_at;
    previous.callback_on_time = call.callback_on_time;
}

fn previous_of_deal(event_type: EventType, deal: &Deal, place: Previous) -> Previous {
    let nothing = |outcome: Outcome| Previous {
        outcome: Some(outcome),
        ..Previous::default()
    };
    let outcome = match event_type {
        EventType::DealWon => Outcome::Won,
        EventType::DealLost => Outcome::Lost,
        EventType::DealAmended => deal.status.unwrap_or(Outcome::Open),
        EventType::DealCancelled => return nothing(Outcome::Cancelled),
        EventType::DealRefunded => {
            // A refund leaves the win where it was; only what is refunded grows.
            let mut previous = deal.previous.as_deref().cloned().unwrap_or_default();
            let before = previous.credit_refunded_minor.map_or(0, |m| m.0);
            let refund = deal.credit_refund_minor.map_or(0, |m| m.0);
            previous.credit_refunded_minor = Some(crate::field::Minor(before + refund));
            previous.full |= deal.full;
            return previous;
        }
        _ => return nothing(Outcome::Open),
    };
    if outcome == Outcome::Open {
        return nothing(outcome);
    }
    Previous {
        outcome: Some(outcome),
        credit_role: Some(deal.credit_role.unwrap_or_default()),
        credit_minor: deal.credit_minor,
        credit_refunded_minor: deal.credit_refunded_minor,
        full: deal.full,
        customer_kind: deal.customer_kind,
        ..place
    }
}

#[cfg(test)]
mod tests;
