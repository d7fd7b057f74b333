//! `org.*`, `rep.*` but states, and `customer.objected`: what changes seldom and counts nothing.

use serde::{Deserialize, Serialize};

use crate::field::{BasisPoints, Count, Field, FieldValue, Kind, Labels, Milliseconds, data, unfit};
use crate::ids::{EventId, Label, LongLabel, NodeId, RepId, SiteId, Source, Text64, Text128};
use crate::reject::Reject;
use crate::symbol::{Flags, ObjectionChannel, ObjectionOrigin, ObjectionScope, PeopleKind, Role};
use crate::time::{Day, Instant};

use super::{EventType, broken};

/// An id by which another source knows a rep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The source.
    pub source: Source,
    /// The id there.
    pub native_id: Label,
}

/// Planned working time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Start.
    pub starts_at: Instant,
    /// End.
    pub ends_at: Instant,
    /// Paid of it.
    pub paid_ms: Milliseconds,
}

macro_rules! list_field {
    ($item:ty) => {
        impl Field for Vec<$item> {
            const KIND: Kind = Kind::Object;
            fn is_absent(&self) -> bool {
                self.is_empty()
            }
            fn assign(&mut self, _: &FieldValue) -> Result<(), Reject> {
                Err(unfit("a list"))
            }
        }
    };
}
list_field!(Alias);
list_field!(Shift);

data! {
    /// One fact about a rep, a node or a customer, whole state.
    People {
        Given rep_id: RepId, "The rep";
        Version revision: Option<i64>, "Order of versions within the entity; 0 where none is given";
        Stamped flags: Flags, "What ingest assumed or mended";
        Given node_id: Option<NodeId>, "Node of the organisation";
        Given kind: Option<PeopleKind>, "Kind of the node, of the absence, or of how employment ended";
        Given parent_id: Option<NodeId>, "Node above";
        Given name: Option<Text128>, "Name of the node";
        Given site_id: Option<SiteId>, "Site of node or rep";
        Given valid_from: Option<Day>, "First day on which it holds";
        Given valid_to: Option<Day>, "Last day on which it holds";
        Given display_name: Option<Text64>, "Name for pages";
        Given hired_on: Option<Day>, "Tenure starts here";
        Given role: Option<Role>, "Role of the rep";
        Given team_id: Option<NodeId>, "Team of the rep";
        Given fte_bp: Option<BasisPoints>, "Share of full time";
        Given manager_id: Option<RepId>, "Manager of the rep";
        Given prior_experience_months: Option<Count>, "Experience before hiring";
        Given aliases: Vec<Alias>, "Ids by which other sources know the rep";
        Given on: Option<Day>, "Day of the plan";
        Given shifts: Vec<Shift>, "Shifts of the day; none is a day off";
        Given from: Option<Day>, "First day of the absence";
        Given to: Option<Day>, "Last day of the absence";
        Given portion_bp: Option<BasisPoints>, "Share of the day";
        Version retracted: bool, "The absence is taken back";
        Given left_on: Option<Day>, "Last day at work";
        Given suppression_key: Option<Label>, "Keyed hash of the number that objects";
        Given scope: Option<ObjectionScope>, "What the objection covers";
        Given scope_id: Option<Label>, "Campaign or product that it covers";
        Given channel: Option<ObjectionChannel>, "Channel that it covers";
        Given origin: Option<ObjectionOrigin>, "How it was made";
        Given event_id: Option<LongLabel>, "Event in which it was made";
        Version supersedes: Option<EventId>, "Version last published";
        Given attributes: Labels, "The producer's labels";
    }
}

/// Shifts of one day at most.
pub const SHIFTS_MAX: usize = 8;

/// The kinds that a type takes; nothing for types without a kind.
pub fn kinds(event_type: EventType) -> Option<&'static [PeopleKind]> {
    use PeopleKind as K;
    match event_type {
        EventType::OrgDefined => Some(&[K::Company, K::Site, K::Team]),
        EventType::RepAbsent => Some(&[K::Leave, K::Sick, K::Training, K::Holiday, K::Other]),
        EventType::RepLeft => Some(&[K::Resigned, K::Dismissed, K::Transferred, K::Ended, K::Unknown]),
        _ => None,
    }
}

impl People {
    pub(super) fn check(&self, event_type: EventType) -> Result<(), Reject> {
        self.attributes.check().map_err(|reject| reject.at("data.attributes"))?;
        if self.shifts.len() > SHIFTS_MAX {
            return Err(broken("shifts", &format!("more than {SHIFTS_MAX} shifts of a day")));
        }
        let Some(allowed) = kinds(event_type) else {
            return Ok(());
        };
        if self.kind.is_some_and(|kind| !allowed.contains(&kind)) {
            let names: Vec<_> = allowed.iter().map(|kind| kind.as_str()).collect();
            return Err(broken("kind", &format!("expected one of {}", names.join(", "))));
        }
        Ok(())
    }
}
