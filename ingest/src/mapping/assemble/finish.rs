//! The last steps of a draft: what follows from the entity, the time, the stamps, the checks.

use std::sync::Arc;

use paceline_schemas::disposition::Disposition;
use paceline_schemas::envelope::{Envelope, TIME_MIN};
use paceline_schemas::event::{Data, Deal, Event, EventType};
use paceline_schemas::field::{BasisPoints, Minor};
use paceline_schemas::ids::{CallId, DealId, EventId, IdError, LeadId};
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::symbol::{CreditRole, Flag, Flags};
use paceline_schemas::time::{Day, Instant};
use sha2::{Digest, Sha256};

use super::{Assembly, needs_rep};
use crate::draft::{Draft, Origin, check};
use crate::privacy::push_hex;
use crate::stamp::Basis;

impl Assembly<'_> {
    /// Completes the draft.
    ///
    /// # Errors
    /// A required field is missing, or a rule of the type is broken.
    pub(super) fn finish(mut self, received: Instant) -> Result<Draft, Reject> {
        self.fill_ids()?;
        let time = self.own_time()?;
        if let Data::Deal(data) = &mut self.data
            && (data.amount_minor.is_some() || data.refund_minor.is_some())
        {
            data.currency = self.currency.take().unwrap_or_default();
            if self.currency_defaulted {
                data.flags.raise(Flag::CurrencyDefaulted);
            }
        }
        let event_type = self.block.event_type;
        let mut envelope = Envelope::new(event_type, self.source.clone(), provisional_id(self.entity)?, time);
        envelope.recordedtime = Some(received);
        let mut event = Event {
            envelope,
            data: self.data,
        };
        let basis = Basis {
            connection: &self.mapping.connection,
            received,
            date: self.date,
            knows_answers: self.block.knows_answers,
        };
        self.stamper.stamp(&mut event, basis)?;
        check(&mut event)?;
        Ok(Draft {
            entity: self.entity.to_owned(),
            event,
            id: None,
            splits: self.splits,
            origin: Origin {
                file: Arc::clone(self.row.file()),
                line: self.row.line,
                block: self.number,
                mapping: Arc::clone(&self.mapping.name),
            },
        })
    }

    // Ids that the source did not name are the entity's.
    fn fill_ids(&mut self) -> Result<(), Reject> {
        let wrong = |name: &str| {
            let name = format!("data.{name}");
            move |error: IdError| Reject::new(Reason::SchemaViolation, error.to_string()).at(&name)
        };
        match &mut self.data {
            Data::Call(data) if data.call_id.is_empty() => {
                data.call_id = CallId::new(self.entity).map_err(wrong("call_id"))?;
            }
            Data::Deal(data) => {
                if data.deal_id.is_empty() {
                    data.deal_id = DealId::new(self.entity).map_err(wrong("deal_id"))?;
                }
                if let Some(owner) = self.splits.iter().find(|share| share.role == CreditRole::Owner) {
                    data.rep_id.clone_from(&owner.rep_id);
                }
            }
            Data::Lead(data) => {
                if data.lead_id.is_empty() {
                    data.lead_id = LeadId::new(self.entity).map_err(wrong("lead_id"))?;
                }
                if let (true, Some(to)) = (data.rep_id.is_empty(), &data.to_rep_id) {
                    data.rep_id.clone_from(to);
                }
            }
            Data::Call(_) | Data::State(_) | Data::People(_) | Data::Target(_) | Data::Tick => {}
        }
        let is_call = matches!(self.data, Data::Call(_));
        if needs_rep(self.block.event_type) && !is_call && self.data.lacks("rep_id") {
            return Err(Reject::missing("rep_id"));
        }
        Ok(())
    }

    fn own_time(&mut self) -> Result<Instant, Reject> {
        let stated = self.time;
        match &mut self.data {
            Data::Call(data) => {
                data.ended_at = data.ended_at.or(stated);
                stated.or(data.ended_at).ok_or_else(|| Reject::missing("ended_at"))
            }
            Data::State(data) => {
                data.ended_at = data.ended_at.or(stated);
                stated.or(data.ended_at).ok_or_else(|| Reject::missing("ended_at"))
            }
            Data::People(data) => {
                let day = [data.valid_from, data.hired_on, data.on, data.from, data.left_on]
                    .into_iter()
                    .flatten()
                    .next();
                self.people_time(stated, day)
            }
            Data::Deal(_) | Data::Lead(_) | Data::Target(_) | Data::Tick => {
                stated.ok_or_else(|| Reject::missing("time"))
            }
        }
    }

    // Who was hired before the oldest time that an event may have was there at that time.
    fn people_time(&self, stated: Option<Instant>, day: Option<Day>) -> Result<Instant, Reject> {
        let time = stated.or_else(|| day.map(|day| self.clock_on(day).starts_at(day)));
        time.map(|time| time.max(TIME_MIN))
            .ok_or_else(|| Reject::missing("time"))
    }
}

fn provisional_id(entity: &str) -> Result<EventId, Reject> {
    let id = EventId::new(entity).or_else(|_| {
        let mut text = "h:".to_owned();
        push_hex(&mut text, &Sha256::digest(entity.as_bytes())[..16]);
        EventId::new(&text)
    });
    id.map_err(|error| Reject::new(Reason::SchemaViolation, error.to_string()).at("id"))
}

/// The deal that a call with disposition `sale` stands for on a floor without CRM.
///
/// The result is an error where the ids of the call leave no room for those of the deal.
pub(super) fn deal_of_sale(call: &Draft) -> Option<Result<Draft, Reject>> {
    let Data::Call(data) = &call.event.data else {
        return None;
    };
    if data.disposition != Some(Disposition::Sale) {
        return None;
    }
    let entity = format!("call:{}", data.call_id);
    let deal_id = match DealId::new(&entity) {
        Ok(deal_id) => deal_id,
        Err(error) => {
            return Some(Err(
                Reject::new(Reason::SchemaViolation, error.to_string()).at("data.deal_id")
            ));
        }
    };
    let mut flags = Flags::default();
    for flag in [
        Flag::AgentMissing,
        Flag::RepUnmapped,
        Flag::SiteDefaulted,
        Flag::TimeAssumed,
        Flag::TimeOfDayAssumed,
    ] {
        if data.flags.has(flag) {
            flags.raise(flag);
        }
    }
    let deal = Deal {
        rep_id: data.rep_id.clone(),
        revision: data.revision,
        site_id: data.site_id.clone(),
        business_date: data.business_date,
        hour: data.hour,
        currency: data.currency.clone(),
        flags,
        deal_id,
        product_id: data.product_id.clone(),
        campaign_id: data.campaign_id.clone(),
        lead_id: data.lead_id.clone(),
        lead_source: data.lead_source.clone(),
        call_id: Some(data.call_id.clone()),
        customer_key: data.customer_key.clone(),
        amount_minor: Some(Minor(0)),
        credit_role: Some(CreditRole::Owner),
        credit_bp: Some(BasisPoints(10_000)),
        ..Deal::default()
    };
    let id = match provisional_id(&entity) {
        Ok(id) => id,
        Err(reject) => return Some(Err(reject)),
    };
    let from = &call.event.envelope;
    let mut envelope = Envelope::new(EventType::DealWon, from.source.clone(), id, from.time);
    envelope.recordedtime = from.recordedtime;
    envelope.causationid = Some(from.id.clone());
    Some(Ok(Draft {
        entity,
        event: Event {
            envelope,
            data: Data::Deal(Box::new(deal)),
        },
        id: None,
        splits: Vec::new(),
        origin: call.origin.clone(),
    }))
}
