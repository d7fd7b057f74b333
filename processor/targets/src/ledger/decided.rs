//! Decisions of recalibrations: changes within the policy's authority, and reviews that changed nothing.

use paceline_schemas::event::target::Evidence;
use paceline_schemas::event::{Data, Event, EventType, Target};
use paceline_schemas::time::{Day, Instant};

use super::{Entry, Ledger, deltas, text};
use crate::canonical;
use crate::row::Standing;

/// One decision of a recalibration.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The event that holds it.
    pub event: Event,
    /// When the log took it.
    pub recorded_at: Instant,
    /// Whether it was taken upon a version that the log had replaced; it changes nothing then.
    pub is_stale: bool,
}

impl Decided {
    /// What was decided.
    pub fn data(&self) -> &Target {
        let Data::Target(data) = &self.event.data else {
            unreachable!("only events about targets are decisions")
        };
        data
    }

    /// The row.
    pub fn target_id(&self) -> &str {
        self.data().target_id.as_ref().map_or("", |id| id.as_str())
    }

    /// Last day of its evidence.
    pub fn as_of(&self) -> Day {
        self.evidence().map_or_else(Day::default, |evidence| evidence.as_of)
    }

    /// What it was taken from.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.data().evidence.as_ref()
    }

    /// The decision in its one form: RFC 8785 of the data alone.
    pub fn canonical(&self) -> String {
        canonical::of(self.data())
    }
}

impl Ledger {
    /// Notes a decision; nothing if the log has it.
    pub(super) fn note(&mut self, entry: &Entry, data: &Target) -> Option<&mut Decided> {
        let as_of = data.evidence.as_ref()?.as_of;
        let key = (text(&data.target_id), as_of, text(&data.policy_version));
        if self.decisions.contains_key(&key) {
            return None;
        }
        let decided = Decided {
            event: entry.event.clone(),
            recorded_at: entry.recorded_at,
            is_stale: false,
        };
        Some(self.decisions.entry(key).or_insert(decided))
    }

    pub(super) fn adjust(&mut self, entry: &Entry, data: &Target) {
        debug_assert_eq!(entry.event.envelope.event_type, EventType::TargetAdjusted);
        let row = self.row_of(data);
        let base = data
            .supersedes_version
            .map_or_else(|| row.current(), |version| version.0);
        let is_stale = base != row.current();
        let deltas = deltas(row, &data.cells);
        let Some(decided) = self.note(entry, data) else { return };
        decided.is_stale = is_stale;
        if is_stale {
            return;
        }
        let effective_at = data.effective_at.unwrap_or(entry.event.envelope.time);
        let standing = Standing::Approved {
            at: entry.recorded_at,
            effective_at,
        };
        if self.add_version(entry, data, standing).is_some()
            && let Some(against) = &data.against
        {
            self.balance(entry, against.as_str(), &deltas, effective_at);
        }
    }
}
