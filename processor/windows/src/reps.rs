//! All reps of a shard: found by name, and by when their rows change next.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use paceline_schemas::ids::{Currency, RepId};
use paceline_schemas::measures::Place;
use paceline_schemas::time::Instant;

use crate::effect::RowKey;
use crate::rep::{AsOf, RepSums};
use crate::window::Windows;

/// Reps in slots that keep their number until a rep is gone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reps {
    slots: Vec<Option<RepSums>>,
    free: Vec<usize>,
    /// Slots of a rep, one per currency. Looked up, never walked.
    by_id: HashMap<RepId, Vec<usize>>,
    due: BTreeSet<(Instant, usize)>,
}

impl Reps {
    /// The slot of the place's rep and currency, a fresh one where nothing is kept of them.
    pub(crate) fn slot(
        &mut self,
        place: &Place<'_>,
        windows: &Windows,
        as_of: &AsOf,
        watermark: Option<Instant>,
    ) -> usize {
        if let Some(slot) = self.find(place.rep_id, place.currency) {
            if self.get(slot).is_some_and(|rep| !rep.is_gone(windows, watermark)) {
                return slot;
            }
            self.remove(slot);
        }
        let key = Arc::new(RowKey {
            rep_id: place.rep_id.clone(),
            currency: place.currency.clone(),
        });
        self.insert(RepSums::new(key, place.site_id.clone(), place.time, as_of))
    }

    pub(crate) fn insert(&mut self, rep: RepSums) -> usize {
        let slot = self.free.pop().unwrap_or(self.slots.len());
        self.by_id.entry(rep.key.rep_id.clone()).or_default().push(slot);
        match self.slots.get_mut(slot) {
            Some(target) => *target = Some(rep),
            None => self.slots.push(Some(rep)),
        }
        slot
    }

    pub(crate) fn find(&self, rep_id: &RepId, currency: &Currency) -> Option<usize> {
        let mut slots = self.by_id.get(rep_id)?.iter().copied();
        slots.find(|slot| self.get(*slot).is_some_and(|rep| rep.key.currency == *currency))
    }

    pub(crate) fn get(&self, slot: usize) -> Option<&RepSums> {
        self.slots.get(slot)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: usize) -> Option<&mut RepSums> {
        self.slots.get_mut(slot)?.as_mut()
    }

    pub(crate) fn remove(&mut self, slot: usize) {
        let Some(rep) = self.slots.get_mut(slot).and_then(Option::take) else {
            return;
        };
        if let Some(due) = rep.due {
            self.due.remove(&(due, slot));
        }
        if let Some(slots) = self.by_id.get_mut(&rep.key.rep_id) {
            slots.retain(|other| *other != slot);
            if slots.is_empty() {
                self.by_id.remove(&rep.key.rep_id);
            }
        }
        self.free.push(slot);
    }

    /// Schedules a rep, in the place of what was scheduled before.
    pub(crate) fn schedule(&mut self, slot: usize, due: Instant) {
        let Some(rep) = self.slots.get_mut(slot).and_then(Option::as_mut) else {
            return;
        };
        if let Some(before) = rep.due.replace(due) {
            self.due.remove(&(before, slot));
        }
        self.due.insert((due, slot));
    }

    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// A rep that is due at `now`, taken off the schedule.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<usize> {
        let (due, slot) = *self.due.first()?;
        if due > now {
            return None;
        }
        self.due.pop_first();
        if let Some(rep) = self.get_mut(slot) {
            rep.due = None;
        }
        Some(slot)
    }

    /// All reps in the order of their keys.
    pub(crate) fn sorted(&self) -> Vec<&RepSums> {
        let mut reps: Vec<&RepSums> = self.slots.iter().flatten().collect();
        reps.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        reps
    }
}
