//! Drafts: facts as a source states them, stamped, before versions are settled.

use std::sync::Arc;

use paceline_schemas::event::{Data, Event, EventType, Previous};
use paceline_schemas::ids::{EventId, RepId};
use paceline_schemas::reject::Reject;
use paceline_schemas::symbol::{CreditRole, Side};

use crate::import::FileName;

/// One fact as a source states it, stamped, before versions are settled.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Native entity, parts joined by `:`; names the event ids.
    pub entity: String,
    /// The event as stated: type as the mapping or producer says, data with given and stamped fields; `id` is
    /// provisional, and there is no `previous`.
    pub event: Event,
    /// Id given by a producer of canonical events; none for files, whose ids settling makes from entity, type and
    /// content.
    pub id: Option<EventId>,
    /// Shares of a deal; none: the data's own rep owns everything.
    pub splits: Vec<Share>,
    /// Where it came from, for dead letters.
    pub origin: Origin,
}

/// One rep's share of a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The rep.
    pub rep_id: RepId,
    /// The rep's part.
    pub role: CreditRole,
    /// Basis points of the amount.
    pub bp: i64,
}

/// Where a draft came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: Arc<FileName>,
    /// Line at which the row begins; the header is line 1.
    pub line: u64,
    /// Number of the block within the mapping, from 0.
    pub block: u32,
    /// Name of the mapping.
    pub mapping: Arc<str>,
}

/// Checks an event before its version is settled: what versions add is required of published events, and until then a
/// stand-in satisfies the check.
pub(crate) fn check(event: &mut Event) -> Result<(), Reject> {
    let event_type = event.envelope.event_type;
    match &mut event.data {
        Data::Deal(data) => data.previous = Some(Box::<Previous>::default()),
        Data::Lead(data) if event_type == EventType::LeadTransferred => data.side = Some(Side::In),
        Data::Lead(_) | Data::Call(_) | Data::State(_) | Data::People(_) | Data::Target(_) | Data::Tick => {}
    }
    let checked = event.data.check(event_type).and_then(|()| event.data.check_stamps());
    match &mut event.data {
        Data::Deal(data) => data.previous = None,
        Data::Lead(data) => data.side = None,
        Data::Call(_) | Data::State(_) | Data::People(_) | Data::Target(_) | Data::Tick => {}
    }
    checked
}
