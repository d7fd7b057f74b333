//! Events: what happened, as CloudEvents with typed data.

pub mod call;
mod carried;
pub mod deal;
pub mod lead;
pub mod people;
pub mod previous;
pub mod state;
pub mod target;

use crate::envelope::Envelope;
use crate::field::FieldSpec;
use crate::ids::{Currency, Label, RepId, SiteId};
use crate::position::Topic;
use crate::reject::{Reason, Reject};
use crate::symbol::Flags;
use crate::time::{Day, LocalHour};

pub use call::Call;
pub use deal::Deal;
pub use lead::Lead;
pub use people::People;
pub use previous::Previous;
pub use state::RepState;
pub use target::Target;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Who says what happened when.
    pub envelope: Envelope,
    /// What happened.
    pub data: Data,
}

/// The data of an event, by family.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// `call.*`.
    Call(Box<Call>),
    /// `deal.*`.
    Deal(Box<Deal>),
    /// `lead.*`.
    Lead(Box<Lead>),
    /// `rep.state_ended`.
    State(Box<RepState>),
    /// `org.*`, `rep.*` but states, `customer.*`.
    People(Box<People>),
    /// `target.*`.
    Target(Box<Target>),
    /// `clock.ticked`: moves the watermark and counts nothing.
    Tick,
}

/// A family of events, whose data have one struct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Calls.
    Call,
    /// Deals.
    Deal,
    /// Leads.
    Lead,
    /// States of reps.
    State,
    /// Reps, organisation, objections.
    People,
    /// Targets.
    Target,
    /// Ticks.
    Tick,
}

impl Family {
    /// The fields that data of the family may have.
    pub fn fields(self) -> &'static [FieldSpec] {
        match self {
            Self::Call => Call::FIELDS,
            Self::Deal => Deal::FIELDS,
            Self::Lead => Lead::FIELDS,
            Self::State => RepState::FIELDS,
            Self::People => People::FIELDS,
            Self::Target => Target::FIELDS,
            Self::Tick => &[],
        }
    }
}

macro_rules! types {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $family:ident, [$($required:literal),*];)*) => {
        /// Type of an event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType { $($(#[$doc])* $variant,)* }

        impl EventType {
            /// All types.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name without the prefix `paceline.`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The type of that name, without the prefix.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }

            /// The name in an envelope.
            pub fn full_name(self) -> &'static str {
                match self { $(Self::$variant => concat!("paceline.", $text),)* }
            }

            /// The family of the type.
            pub fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family,)* }
            }

            /// Fields without which data of the type are refused.
            pub fn required(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($required),*],)* }
            }
        }
    };
}

types! {
    /// One rep's leg of one call is over.
    CallCompleted = "call.completed", Call, ["rep_id", "call_id", "leg_id", "started_at", "ended_at"];
    /// A later version of the same leg.
    CallAmended = "call.amended", Call, ["rep_id", "call_id", "leg_id", "ended_at", "reason", "previous"];
    /// A deal entered a pipeline.
    DealOpened = "deal.opened", Deal, ["rep_id", "deal_id"];
    /// A deal moved to another stage.
    DealStageChanged = "deal.stage_changed", Deal, ["rep_id", "deal_id"];
    /// A deal was won.
    DealWon = "deal.won", Deal, ["rep_id", "deal_id", "amount_minor", "currency"];
    /// A deal was lost.
    DealLost = "deal.lost", Deal, ["rep_id", "deal_id", "lost_reason"];
    /// An outcome is restated in place.
    DealAmended = "deal.amended", Deal, ["rep_id", "deal_id", "amends", "status", "previous"];
    /// A win is taken back.
    DealCancelled = "deal.cancelled", Deal, ["rep_id", "deal_id", "reason", "previous"];
    /// Money of a win is given back.
    DealRefunded = "deal.refunded", Deal, ["rep_id", "deal_id", "refund_id", "refund_minor", "reason", "previous"];
    /// A lead came to a rep.
    LeadAssigned = "lead.assigned", Lead, ["rep_id", "lead_id", "origin"];
    /// A later version of an assignment.
    LeadAmended = "lead.amended", Lead, ["rep_id", "lead_id", "previous"];
    /// A lead went from one rep to another.
    LeadTransferred = "lead.transferred", Lead, ["rep_id", "lead_id", "from_rep_id", "to_rep_id", "reason", "side"];
    /// A rep's state is over.
    RepStateEnded = "rep.state_ended", State, ["rep_id", "state", "started_at", "ended_at"];
    /// Time went by without an event.
    ClockTicked = "clock.ticked", Tick, [];
    /// A node of the organisation.
    OrgDefined = "org.defined", People, ["node_id", "kind", "name", "valid_from"];
    /// A rep joined.
    RepHired = "rep.hired", People, ["rep_id", "hired_on", "role", "site_id", "team_id", "fte_bp"];
    /// A rep has a new team, site or role.
    RepAssigned = "rep.assigned", People, ["rep_id", "team_id", "site_id", "role", "fte_bp", "valid_from"];
    /// A day's plan of a rep.
    RepRostered = "rep.rostered", People, ["rep_id", "on"];
    /// A rep is away.
    RepAbsent = "rep.absent", People, ["rep_id", "from", "to", "kind", "portion_bp"];
    /// A rep left.
    RepLeft = "rep.left", People, ["rep_id", "left_on", "kind"];
    /// A customer does not want to be called.
    CustomerObjected = "customer.objected", People, ["suppression_key", "scope", "channel", "origin"];
    /// A policy holds from now on.
    TargetPolicyPublished = "target.policy_published", Target, ["policy_version", "policy", "valid_from", "decided_by"];
    /// The value of a node and period is entered, locked or bounded.
    TargetLocked = "target.locked", Target,
        ["node_id", "node_kind", "metric", "unit", "period_kind", "period_start", "period_end", "lock", "decided_by"];
    /// One row of a proposal.
    TargetProposed = "target.proposed", Target,
        ["target_id", "version", "node_id", "node_kind", "metric", "unit", "period_kind", "period_start", "period_end",
         "value", "cells", "method", "proposal_id", "proposal_size", "policy_version", "reason_code", "decided_by"];
    /// All rows of a proposal count from now on.
    TargetApproved = "target.approved", Target, ["proposal_id", "effective_at", "decided_by"];
    /// A proposal is refused by who may approve it.
    TargetRejected = "target.rejected", Target, ["proposal_id", "reason_code", "decided_by"];
    /// A proposal is taken back by who made it.
    TargetWithdrawn = "target.withdrawn", Target, ["proposal_id", "reason_code", "decided_by"];
    /// A recalibration left a target as it is.
    TargetReviewed = "target.reviewed", Target,
        ["target_id", "version", "node_id", "node_kind", "metric", "unit", "period_kind", "period_start", "period_end",
         "outcome", "checks", "evidence", "policy_version", "reason_code", "decided_by"];
    /// A recalibration changed a target within the policy's own authority.
    TargetAdjusted = "target.adjusted", Target,
        ["target_id", "version", "node_id", "node_kind", "metric", "unit", "period_kind", "period_start", "period_end",
         "value", "cells", "old_value", "proposed_value", "uncapped_value", "effective_at", "checks", "evidence",
         "policy_version", "reason_code", "decided_by"];
}

impl EventType {
    /// The topic that carries the type.
    pub fn topic(self) -> Topic {
        match self.family() {
            Family::Call | Family::Deal | Family::Lead | Family::State | Family::Tick => Topic::Events,
            Family::People => Topic::People,
            Family::Target => Topic::Targets,
        }
    }
}

/// What every keyed event carries, borrowed from its data.
#[derive(Debug, Clone, Copy)]
pub struct Keyed<'a> {
    /// The rep it counts for.
    pub rep_id: &'a RepId,
    /// Order within the entity.
    pub revision: i64,
    /// The rep's site.
    pub site_id: &'a SiteId,
    /// Business date.
    pub business_date: Day,
    /// Local hour.
    pub hour: LocalHour,
    /// Currency.
    pub currency: &'a Currency,
    /// Campaign.
    pub campaign_id: Option<&'a Label>,
    /// Lead source.
    pub lead_source: Option<&'a Label>,
    /// Product.
    pub product_id: Option<&'a Label>,
    /// What was counted before, if the event corrects something.
    pub previous: Option<&'a Previous>,
    /// What ingest assumed or mended.
    pub flags: &'a Flags,
}

macro_rules! keyed_of {
    ($data:expr) => {{
        let data = $data;
        Some(Keyed {
            rep_id: &data.rep_id,
            revision: data.revision.unwrap_or(0),
            site_id: &data.site_id,
            business_date: data.business_date.unwrap_or_default(),
            hour: data.hour.unwrap_or_default(),
            currency: &data.currency,
            campaign_id: data.campaign_id.as_ref(),
            lead_source: data.lead_source.as_ref(),
            product_id: data.product_id.as_ref(),
            previous: data.previous.as_deref(),
            flags: &data.flags,
        })
    }};
}

impl Data {
    /// What a keyed event carries; nothing for people, targets and ticks.
    pub fn keyed(&self) -> Option<Keyed<'_>> {
        match self {
            Self::Call(data) => keyed_of!(data),
            Self::Deal(data) => keyed_of!(data),
            Self::Lead(data) => keyed_of!(data),
            Self::State(data) => keyed_of!(data),
            Self::People(_) | Self::Target(_) | Self::Tick => None,
        }
    }

    /// True when the field `name` is absent.
    pub fn lacks(&self, name: &str) -> bool {
        match self {
            Self::Call(data) => data.lacks(name),
            Self::Deal(data) => data.lacks(name),
            Self::Lead(data) => data.lacks(name),
            Self::State(data) => data.lacks(name),
            Self::People(data) => data.lacks(name),
            Self::Target(data) => data.lacks(name),
            Self::Tick => true,
        }
    }

    /// Checks what the types of the fields cannot: required fields, order of instants, limits of labels.
    ///
    /// # Errors
    /// The first rule that is broken, with its path.
    pub fn check(&self, event_type: EventType) -> Result<(), Reject> {
        if let Some(name) = event_type.required().iter().find(|name| self.lacks(name)) {
            return Err(Reject::missing(&format!("data.{name}")));
        }
        match self {
            Self::Call(data) => data.check(),
            Self::Deal(data) => data.check(event_type),
            Self::People(data) => data.check(event_type),
            Self::Target(data) => data.check(),
            Self::Lead(_) | Self::Tick => Ok(()),
            Self::State(data) => data.check(),
        }
    }

    /// Checks what `ingest` stamps on every keyed event.
    ///
    /// # Errors
    /// The stamp that is missing, with its path.
    pub fn check_stamps(&self) -> Result<(), Reject> {
        if self.keyed().is_none() {
            return Ok(());
        }
        let stamps = ["site_id", "business_date", "hour", "currency"];
        stamps
            .iter()
            .find(|name| self.lacks(name))
            .map_or(Ok(()), |name| Err(Reject::missing(&format!("data.{name}"))))
    }
}

/// A rule about a field that is broken.
pub(crate) fn broken(path: &str, rule: &str) -> Reject {
    Reject::new(Reason::SchemaViolation, rule).at(&format!("data.{path}"))
}
