//! The state of one shard: the fold over its records, and the passing of time.

mod codec;

use std::collections::BTreeMap;
use std::sync::Arc;

use compact_str::CompactString;
use paceline_schemas::envelope::check_time;
use paceline_schemas::event::{Data, Event};
use paceline_schemas::ids::{Currency, RepId, SiteId};
use paceline_schemas::measure::Vector;
use paceline_schemas::measures::{Contribution, Place, contribution};
use paceline_schemas::position::Offset;
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::site::Site;
use paceline_schemas::time::{HOUR_US, Instant};

use crate::calendar::Calendars;
use crate::config::Options;
use crate::dedup::{Dedup, Entry, Seen};
use crate::effect::{Effect, RowKey, WindowIndex};
use crate::error::OptionsError;
use crate::hash;
use crate::rep::{AsOf, Position};
use crate::reps::Reps;
use crate::watermark::Watermark;
use crate::window::{Windows, day_of, minute_of};

/// Last instant of which rows are shown, 9999-01-01: calendars end soon after.
const NOW_MAX: Instant = Instant(253_370_764_800_000_000);

/// How a record lay in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// Its offset.
    pub offset: Offset,
    /// When the log appended it.
    pub append_time: Instant,
    /// Hash of its bytes, by which re-sends and conflicts of an id are told apart.
    pub content: u64,
}

/// Counts since the start of the log. `consumed = applied + duplicate + dead + ticks`; `late` is a part of `applied`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Books {
    /// Records taken.
    pub consumed: u64,
    /// Events that counted, be it nothing.
    pub applied: u64,
    /// Re-sends.
    pub duplicate: u64,
    /// Dead letters.
    pub dead: u64,
    /// Ticks.
    pub ticks: u64,
    /// Events labelled late.
    pub late: u64,
}

/// What a window of a rep and currency shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Whose row.
    pub of: &'a RowKey,
    /// The window.
    pub window: WindowIndex,
    /// Its measures, not all of them 0.
    pub vector: Vector,
}

/// Windows, panes and ids of one shard.
#[derive(Debug, Clone)]
pub struct ShardState {
    options: Options,
    windows: Windows,
    next_offset: Offset,
    watermark: Watermark,
    books: Books,
    dedup: Dedup,
    reps: Reps,
    /// As of what the rows are shown: the larger of the watermark and what [`ShardState::advance`] was given.
    now: Instant,
    as_of: AsOf,
    /// When some window of some site moves next.
    turns_at: Instant,
    redelivered: u64,
}

impl ShardState {
    /// The state before the first record. A site that is not among `sites` has the calendar of UTC.
    ///
    /// # Errors
    /// The options do not fit each other.
    pub fn new(options: Options, sites: BTreeMap<SiteId, Site>) -> Result<Self, OptionsError> {
        let faults = options.validate();
        if !faults.is_empty() {
            return Err(OptionsError { faults });
        }
        let windows = Windows::new(&options);
        let now = Instant(0);
        let as_of = AsOf {
            trailing: Vec::new(),
            calendars: Calendars::new(sites, &windows, now),
            turn: 0,
        };
        let mut state = Self {
            dedup: Dedup::new(options.dedup_horizon_us, options.dedup_ids_max),
            options,
            windows,
            next_offset: 0,
            watermark: Watermark::default(),
            books: Books::default(),
            reps: Reps::default(),
            now,
            as_of,
            turns_at: now,
            redelivered: 0,
        };
        state.turn();
        Ok(state)
    }

    /// Applies the next record of the log. Effects are added to `effects`, which the caller empties and uses again.
    pub fn apply(&mut self, event: &Event, arrived: Arrived, effects: &mut Vec<Effect>) {
        self.apply_counted(event, &contribution(event), arrived, effects);
    }

    /// Applies the next record, whose contribution the caller has computed for its own use too.
    pub fn apply_counted(
        &mut self,
        event: &Event,
        counted: &Contribution<'_>,
        arrived: Arrived,
        effects: &mut Vec<Effect>,
    ) {
        if !self.take(arrived.offset) {
            return;
        }
        let (time, skew_us) = (event.envelope.time, self.options.skew_max_us);
        if matches!(event.data, Data::Tick) {
            self.books.ticks += 1;
            self.see(
                time.min(Instant(arrived.append_time.0.saturating_add(skew_us))),
                effects,
            );
            return;
        }
        if let Err(reject) = check_time(time, arrived.append_time, skew_us) {
            return self.reject(reject, effects);
        }
        let key = hash::of_id(event.envelope.source.as_str(), event.envelope.id.as_str());
        let entry = Entry {
            key,
            content: arrived.content,
        };
        match self.dedup.admit(entry, arrived.append_time) {
            Seen::New => self.count(time, counted, effects),
            Seen::Duplicate => {
                self.books.duplicate += 1;
                effects.push(Effect::Duplicate);
            }
            Seen::Conflict => {
                let detail = "`id`: came with other content within `dedup_horizon`; an id belongs to one content";
                self.reject(Reject::new(Reason::IdConflict, detail), effects);
            }
        }
    }

    /// Passes over a record that could not be decoded: it stands in the books and moves nothing else.
    pub fn refuse(&mut self, offset: Offset) {
        if self.take(offset) {
            self.books.dead += 1;
        }
    }

    /// Shows the rows as of `now`, unless the watermark is further. Changes nothing that is encoded.
    pub fn advance(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.move_to(now, effects);
    }

    /// When [`ShardState::advance`] has something to do next.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.reps.next_due()
    }

    /// The highest time seen, capped at append time plus skew.
    pub fn watermark(&self) -> Option<Instant> {
        self.watermark.get()
    }

    /// As of what the rows are shown; nothing before the first record and the first advance.
    pub fn as_of(&self) -> Option<Instant> {
        Some(self.now).filter(|now| *now > Instant(0))
    }

    /// The offset of the record to be applied next. Offsets may have gaps.
    pub fn next_offset(&self) -> Offset {
        self.next_offset
    }

    /// The counts since the start of the log.
    pub fn books(&self) -> Books {
        self.books
    }

    /// Records that came again below the next offset, since this state was made or decoded.
    pub fn redelivered(&self) -> u64 {
        self.redelivered
    }

    /// Ids that are remembered for the dedup.
    pub fn ids_remembered(&self) -> usize {
        self.dedup.len()
    }

    /// Ids that were forgotten within the horizon because there were too many.
    pub fn ids_forgotten(&self) -> u64 {
        self.dedup.forgotten()
    }

    /// Names of the windows by their index.
    pub fn window_names(&self) -> &[CompactString] {
        &self.windows.names
    }

    /// The row of a window; nothing where every measure is 0.
    pub fn row(&self, rep_id: &RepId, currency: &Currency, window: WindowIndex) -> Option<Vector> {
        let rep = self.reps.get(self.reps.find(rep_id, currency)?)?;
        rep.row(usize::from(window.0), &self.windows)
    }

    /// All rows, by rep, currency and window.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let windows = || (0..=u8::MAX).map(WindowIndex).take(self.windows.count());
        self.reps.sorted().into_iter().flat_map(move |rep| {
            let row = move |window: WindowIndex| {
                let vector = rep.row(usize::from(window.0), &self.windows)?;
                Some(Row {
                    of: &rep.key,
                    window,
                    vector,
                })
            };
            windows().filter_map(row)
        })
    }

    /// Of whom anything is kept, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<RowKey>> {
        self.reps.sorted().into_iter().map(|rep| &rep.key)
    }

    /// Whether the record at `offset` is to be judged; one below the next offset came again.
    fn take(&mut self, offset: Offset) -> bool {
        if offset < self.next_offset {
            self.redelivered += 1;
            return false;
        }
        self.next_offset = offset.saturating_add(1);
        self.books.consumed += 1;
        true
    }

    fn reject(&mut self, reject: Reject, effects: &mut Vec<Effect>) {
        self.books.dead += 1;
        effects.push(Effect::Rejected(reject));
    }

    fn count(&mut self, time: Instant, counted: &Contribution<'_>, effects: &mut Vec<Effect>) {
        self.books.applied += 1;
        let by_us = self.watermark.behind_us(time);
        let late = by_us > self.options.lateness_max_us;
        effects.push(Effect::Fact { late });
        if late {
            self.books.late += 1;
            effects.push(Effect::Late { by_us });
        }
        self.see(time, effects);
        for (part, (place, vector)) in counted.parts().enumerate() {
            effects.push(Effect::Increment { part });
            self.add(place, vector, effects);
        }
    }

    fn add(&mut self, place: &Place<'_>, vector: &Vector, effects: &mut Vec<Effect>) {
        let (windows, as_of, watermark) = (&self.windows, &self.as_of, self.watermark.get());
        let kept = windows.kept(watermark);
        let at = Position {
            minute: minute_of(place.time),
            day: day_of(place.business_date),
        };
        if at.minute <= kept.minute && at.day <= kept.day {
            return;
        }
        let slot = self.reps.slot(place, windows, as_of, watermark);
        let Some(rep) = self.reps.get_mut(slot) else { return };
        let moved = rep.see_site(place.site_id, place.time, as_of);
        let changed = rep.sync(as_of, kept).union(rep.add(at, vector, windows, kept));
        if !changed.is_empty() {
            effects.push(Effect::RowsChanged {
                of: rep.key.clone(),
                windows: changed,
            });
        }
        let due = match rep.due {
            Some(due) if !moved => rep.due_for(at, windows, as_of).filter(|sooner| *sooner < due),
            Some(_) | None => Some(rep.next_due(windows, as_of)),
        };
        if let Some(due) = due {
            self.reps.schedule(slot, due);
        }
    }

    fn see(&mut self, time: Instant, effects: &mut Vec<Effect>) {
        self.watermark.see(time);
        self.move_to(time, effects);
    }

    fn move_to(&mut self, time: Instant, effects: &mut Vec<Effect>) {
        let now = time.min(NOW_MAX);
        if now <= self.now {
            return;
        }
        self.now = now;
        if now >= self.turns_at {
            self.turn();
        }
        while let Some(slot) = self.reps.pop_due(now) {
            self.settle(slot, effects);
        }
    }

    /// Moves the edges of all windows to now.
    fn turn(&mut self) {
        let now = self.now;
        let trailing = self.windows.trailing.iter();
        self.as_of.trailing.clear();
        self.as_of
            .trailing
            .extend(trailing.clone().map(|window| window.edge(now)));
        let next_date = self.as_of.calendars.turn(&self.windows, now);
        self.turns_at = trailing
            .map(|window| window.turns_at(now))
            .fold(next_date, Instant::min);
        self.as_of.turn += 1;
    }

    /// Moves the windows of a rep that is due, and schedules it again unless nothing of it is kept.
    fn settle(&mut self, slot: usize, effects: &mut Vec<Effect>) {
        let (windows, as_of, watermark) = (&self.windows, &self.as_of, self.watermark.get());
        let Some(rep) = self.reps.get_mut(slot) else { return };
        let changed = rep.sync(as_of, windows.kept(watermark));
        if !changed.is_empty() {
            effects.push(Effect::RowsChanged {
                of: rep.key.clone(),
                windows: changed,
            });
        }
        if rep.is_gone(windows, watermark) {
            return self.reps.remove(slot);
        }
        // Panes go with the watermark. Where the clock runs ahead of it, they are looked at once a day.
        let tomorrow = Instant(self.now.0.saturating_add(24 * HOUR_US));
        let due = Some(rep.next_due(windows, as_of))
            .filter(|due| *due > self.now)
            .unwrap_or(tomorrow);
        self.reps.schedule(slot, due);
    }
}
