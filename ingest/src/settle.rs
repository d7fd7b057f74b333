//! Settling: which events a draft gives, after what was published before.
//!
//! A draft states a fact; memory knows what of it was published. The same content gives nothing, other content a
//! correction that carries what it takes back, an older version nothing. All decisions are here, before the log: what
//! reads the log only adds.
//!
//! Absent: clocks, the log, files. Given the same memory, draft and receipt time the same events follow, with the same
//! ids. Invariant: over all published events the contributions sum to what the states that stand count.
//!
//! A higher revision that states the same content is not remembered, for the log would not tell it again: an older
//! version that comes after it is taken as later.
//!
//! A source without revisions is ordered by receipt, so a file has **one** receipt time, also when it is read again
//! after a crash. Rows of one file that contradict each other are ordered by their time and content, not by their line.

mod call;
mod credit;
mod customer;
mod deal;
mod lead;
mod outcome;
mod people;
mod refund;
mod single;
mod stage;
mod state;
mod version;

use std::collections::BTreeMap;

use paceline_schemas::event::{Data, Event, EventType};
use paceline_schemas::ids::SiteId;
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::site::Site;
use paceline_schemas::time::Instant;

use crate::content::Content;
use crate::draft::Draft;
use crate::error::Error;
use crate::memory::Memory;

/// Whether a deal that was won follows its owner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Credit {
    /// A win stays with those who won it.
    #[default]
    Stays,
    /// A win goes to the deal's new owner.
    FollowsOwner,
}

/// What a connection says about settling.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether a change of owner moves a win. Default: it stays.
    pub credit: Credit,
    /// Days after a customer's last win within which the next one is of a retained customer. Default 365.
    pub retained_within_days: i32,
    /// A cancelled win that is stated again without a revision stays cancelled: for connections whose wins and
    /// cancellations come in files of their own. Default false: it is reinstated.
    pub cancelled_wins_stay: bool,
    /// The sites, at whose local hours intervals of states are cut.
    pub sites: BTreeMap<SiteId, Site>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            credit: Credit::Stays,
            retained_within_days: 365,
            cancelled_wins_stay: false,
            sites: BTreeMap::new(),
        }
    }
}

/// What became of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Its events are to be appended to the log.
    Published,
    /// It says what was published already.
    Unchanged,
    /// A later version was published already.
    Stale,
}

/// A settled draft.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// What became of it.
    pub outcome: Outcome,
    /// The events, final, in the order in which they are appended.
    pub events: Vec<Event>,
}

/// Why a draft was not settled.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The draft is refused and becomes a dead letter.
    #[error("settle a draft: {0}")]
    Rejected(#[from] Reject),
    /// Memory failed; the same draft is settled again later.
    #[error(transparent)]
    Memory(#[from] Error),
}

/// The events of a draft before memory has seen them.
#[derive(Debug, Default)]
struct Plan {
    stale: bool,
    events: Vec<(Event, Content)>,
}

impl Plan {
    fn publish(events: Vec<(Event, Content)>) -> Self {
        Self {
            events,
            ..Self::default()
        }
    }

    fn unchanged() -> Self {
        Self::default()
    }

    fn stale() -> Self {
        Self {
            stale: true,
            ..Self::default()
        }
    }
}

/// Settles `draft`, received at `received`, and takes its events into memory.
///
/// The caller appends the events, waits for the acknowledgement and then commits memory.
///
/// # Errors
/// The draft is refused ([`Fault::Rejected`]), or memory cannot be read: then memory is opened again.
pub fn settle(memory: &mut Memory, options: &Options, draft: Draft, received: Instant) -> Result<Settled, Fault> {
    let plan = plan(memory, options, draft, received)?;
    let outcome = match (plan.stale, plan.events.is_empty()) {
        (true, _) => Outcome::Stale,
        (false, true) => Outcome::Unchanged,
        (false, false) => Outcome::Published,
    };
    let mut own = Vec::with_capacity(plan.events.len());
    let mut touched = Vec::new();
    for (event, content) in plan.events {
        touched.append(&mut memory.note(&event, content)?);
        own.push(event);
    }
    // What a draft changes of other deals goes first: cut off by a crash, it follows when the draft is settled again.
    let mut events = customer::republish(memory, options, &touched, received)?;
    events.append(&mut own);
    Ok(Settled { outcome, events })
}

/// Settles the drafts of one record, a row of a file, in their order.
///
/// A row states everything at once. A win in it that the same row cancels or loses is not stated anew by a row that
/// was read before.
///
/// # Errors
/// Memory cannot be read. A refused draft is an `Err` in its place.
pub fn settle_record(
    memory: &mut Memory,
    options: &Options,
    drafts: Vec<Draft>,
    received: Instant,
) -> Result<Vec<Result<Settled, Reject>>, Error> {
    let mut settled = Vec::with_capacity(drafts.len());
    let mut rest = drafts.into_iter();
    while let Some(draft) = rest.next() {
        if is_overtaken(memory, options, &draft, rest.as_slice(), received)? {
            settled.push(Ok(Settled {
                outcome: Outcome::Unchanged,
                events: Vec::new(),
            }));
            continue;
        }
        match settle(memory, options, draft, received) {
            Ok(done) => settled.push(Ok(done)),
            Err(Fault::Rejected(reject)) => settled.push(Err(reject)),
            Err(Fault::Memory(error)) => return Err(error),
        }
    }
    Ok(settled)
}

fn plan(memory: &mut Memory, options: &Options, draft: Draft, received: Instant) -> Result<Plan, Fault> {
    match draft.event.data {
        Data::Call(_) => call::plan(memory, draft, received),
        Data::Deal(_) => deal::plan(memory, options, draft, received),
        Data::Lead(_) => lead::plan(memory, draft, received),
        Data::State(_) => state::plan(memory, options, draft, received),
        Data::People(_) => people::plan(memory, draft, received),
        Data::Target(_) => {
            let detail = "`type`: targets are made by `paceline targets`";
            Err(Reject::new(Reason::UnknownType, detail).into())
        }
        Data::Tick => Err(Reject::new(Reason::UnknownType, "`type`: ticks are made by ingest alone").into()),
    }
}

/// True for an outcome whose successor in the same record is what stands already.
fn is_overtaken(
    memory: &mut Memory,
    options: &Options,
    draft: &Draft,
    later: &[Draft],
    received: Instant,
) -> Result<bool, Error> {
    let Data::Deal(deal) = &draft.event.data else {
        return Ok(false);
    };
    if !is_outcome(draft) || draft.id.is_some() || deal.revision.is_some() {
        return Ok(false);
    }
    for next in later.iter().filter(|next| is_outcome(next)) {
        let Data::Deal(other) = &next.event.data else { continue };
        if other.deal_id != deal.deal_id {
            continue;
        }
        match plan(memory, options, next.clone(), received) {
            Ok(plan) if plan.events.is_empty() && !plan.stale => return Ok(true),
            Ok(_) | Err(Fault::Rejected(_)) => {}
            Err(Fault::Memory(error)) => return Err(error),
        }
    }
    Ok(false)
}

fn is_outcome(draft: &Draft) -> bool {
    matches!(
        draft.event.envelope.event_type,
        EventType::DealWon | EventType::DealLost | EventType::DealCancelled
    )
}

/// The refusal of a correction of something that was never published.
fn orphan(what: &str) -> Fault {
    Reject::new(Reason::Orphan, format!("{what} that was never published")).into()
}

/// The refusal of an id that was used for something else.
fn id_conflict() -> Fault {
    Reject::new(Reason::IdConflict, "`id`: another content was published under it").into()
}
