//! One rep in one currency: panes, and a running sum per window.
//!
//! The sums of calendar windows leave today out and [`RepSums::row`] reads it from its pane, so an event in order
//! touches two panes and no sum, however many windows there are and however long they are.

use std::sync::Arc;

use paceline_schemas::ids::SiteId;
use paceline_schemas::measure::Vector;
use paceline_schemas::time::Instant;

use crate::calendar::{Calendar, Calendars};
use crate::effect::{RowKey, WindowSet};
use crate::packed::{Sign, add_vector};
use crate::pane::{Edge, Run};
use crate::window::{Kept, Windows};

/// As of what rows are shown: the edges of all windows, and how often they have moved.
#[derive(Debug, Clone)]
pub(crate) struct AsOf {
    pub(crate) trailing: Vec<Edge>,
    pub(crate) calendars: Calendars,
    pub(crate) turn: u64,
}

/// Where a contribution counts, as positions of panes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    pub(crate) minute: i32,
    pub(crate) day: i32,
}

/// Panes and sums of one rep in one currency.
#[derive(Debug, Clone)]
pub(crate) struct RepSums {
    pub(crate) key: Arc<RowKey>,
    /// Site of the newest contribution, whose calendar holds.
    site: SiteId,
    calendar_at: Option<usize>,
    newest: Instant,
    minutes: Run,
    days: Run,
    /// What each sum covers, and the sums. Of calendar windows the last day is in `edges` and not in the sum.
    edges: Vec<Edge>,
    sums: Vec<Vector>,
    turn: u64,
    /// When some row changes or everything is forgotten, as it is scheduled.
    pub(crate) due: Option<Instant>,
}

impl RepSums {
    /// A rep of whom nothing is known yet.
    pub(crate) fn new(key: Arc<RowKey>, site: SiteId, newest: Instant, as_of: &AsOf) -> Self {
        let mut sums = Self {
            key,
            calendar_at: as_of.calendars.position(&site),
            site,
            newest,
            minutes: Run::default(),
            days: Run::default(),
            edges: Vec::new(),
            sums: Vec::new(),
            turn: as_of.turn,
            due: None,
        };
        let calendar = as_of.calendars.at(sums.calendar_at);
        sums.edges.extend(as_of.trailing.iter().chain(&calendar.edges));
        sums.sums.resize(sums.edges.len(), Vector::ZERO);
        sums
    }

    /// A rep with the panes of an encoded state; the sums come from them.
    pub(crate) fn with_panes(mut self, minutes: Run, days: Run, windows: &Windows) -> Self {
        let trailing = windows.trailing.len();
        for (position, (edge, sum)) in self.edges.iter().zip(&mut self.sums).enumerate() {
            let (run, covered) = if position < trailing {
                (&minutes, *edge)
            } else {
                (&days, before_today(*edge))
            };
            run.fold(covered, sum, Sign::Plus);
        }
        (self.minutes, self.days) = (minutes, days);
        self
    }

    pub(crate) fn site(&self) -> &SiteId {
        &self.site
    }

    pub(crate) fn newest(&self) -> Instant {
        self.newest
    }

    pub(crate) fn minutes(&self) -> &Run {
        &self.minutes
    }

    pub(crate) fn days(&self) -> &Run {
        &self.days
    }

    /// True when neither a pane nor the newest contribution is kept: the same as a rep never seen.
    pub(crate) fn is_gone(&self, windows: &Windows, watermark: Option<Instant>) -> bool {
        watermark.is_some_and(|mark| self.forgets_at(windows) <= mark)
    }

    fn forgets_at(&self, windows: &Windows) -> Instant {
        let newest_day = crate::window::utc_day_of(self.newest);
        let day = self.days.last().map_or(newest_day, |last| last.max(newest_day));
        windows.forgets_at(self.minutes.last(), Some(day))
    }

    /// Takes the site of a contribution that is newer than all before; whether it is another. Of equal ones the
    /// greater site wins, so that their order does not matter.
    pub(crate) fn see_site(&mut self, site: &SiteId, time: Instant, as_of: &AsOf) -> bool {
        if (time, site) <= (self.newest, &self.site) {
            return false;
        }
        self.newest = time;
        let moves = *site != self.site;
        if moves {
            self.site = site.clone();
            self.calendar_at = as_of.calendars.position(site);
            self.turn = u64::MAX;
        }
        moves
    }

    /// Moves every window to `as_of`; the windows whose rows show something else.
    pub(crate) fn sync(&mut self, as_of: &AsOf, kept: Kept) -> WindowSet {
        let mut changed = WindowSet::EMPTY;
        if self.turn == as_of.turn {
            return changed;
        }
        self.turn = as_of.turn;
        let calendar = as_of.calendars.at(self.calendar_at);
        let targets = as_of.trailing.iter().chain(&calendar.edges);
        for (position, ((edge, sum), to)) in self.edges.iter_mut().zip(&mut self.sums).zip(targets).enumerate() {
            if edge == to {
                continue;
            }
            let differs = if position < as_of.trailing.len() {
                self.minutes.shift(sum, *edge, *to)
            } else {
                self.days.shift(sum, before_today(*edge), before_today(*to));
                let (start, end) = (Edge::between(edge.lo, to.lo), Edge::between(edge.hi, to.hi));
                self.days.any_in(start) || self.days.any_in(end)
            };
            if differs {
                changed.add(position);
            }
            *edge = *to;
        }
        self.minutes.forget(kept.minute);
        self.days.forget(kept.day);
        changed
    }

    /// Adds a contribution to its panes and to the windows that cover it; those windows.
    pub(crate) fn add(&mut self, at: Position, vector: &Vector, windows: &Windows, kept: Kept) -> WindowSet {
        let mut changed = WindowSet::EMPTY;
        let (in_minutes, in_days) = (at.minute > kept.minute, at.day > kept.day);
        if in_minutes {
            self.minutes.add(at.minute, vector);
        }
        if in_days {
            self.days.add(at.day, vector);
        }
        let trailing = windows.trailing.len();
        for (position, (edge, sum)) in self.edges.iter().zip(&mut self.sums).enumerate() {
            if position < trailing {
                if in_minutes && edge.has(at.minute) {
                    add_vector(sum, vector);
                    changed.add(position);
                }
            } else if in_days && edge.has(at.day) {
                if at.day < edge.hi {
                    add_vector(sum, vector);
                }
                changed.add(position);
            }
        }
        changed
    }

    /// What the row of a window shows; nothing where every measure is 0.
    pub(crate) fn row(&self, position: usize, windows: &Windows) -> Option<Vector> {
        let mut sum = *self.sums.get(position)?;
        if position >= windows.trailing.len() {
            self.days.add_pane(self.edges.get(position)?.hi, &mut sum);
        }
        (!sum.is_zero()).then_some(sum)
    }

    /// When a contribution there changes rows by the passing of time alone.
    pub(crate) fn due_for(&self, at: Position, windows: &Windows, as_of: &AsOf) -> Option<Instant> {
        let calendar = as_of.calendars.at(self.calendar_at);
        let trailing = windows.trailing.iter().zip(&self.edges).filter_map(|(window, edge)| {
            if at.minute > edge.hi {
                Some(window.enters_at(at.minute))
            } else {
                (at.minute > edge.lo).then(|| window.leaves_at(at.minute))
            }
        });
        trailing.chain(day_turn(at.day, calendar)).min()
    }

    /// When some row changes by the passing of time alone, or else when nothing is kept.
    pub(crate) fn next_due(&self, windows: &Windows, as_of: &AsOf) -> Instant {
        let calendar = as_of.calendars.at(self.calendar_at);
        let trailing = windows.trailing.iter().zip(&self.edges).flat_map(|(window, edge)| {
            let enters = self.minutes.first_after(edge.hi).map(|minute| window.enters_at(minute));
            let leaves = self.minutes.first_after(edge.lo).map(|minute| window.leaves_at(minute));
            [enters, leaves].into_iter().flatten()
        });
        let days = self.days.last().and_then(|day| day_turn(day, calendar));
        trailing.chain(days).min().unwrap_or_else(|| self.forgets_at(windows))
    }

    /// Bytes of panes and sums.
    #[cfg(test)]
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + self.minutes.heap_bytes()
            + self.days.heap_bytes()
            + self.edges.capacity() * size_of::<Edge>()
            + self.sums.capacity() * size_of::<Vector>()
    }
}

/// The site's next date, if a pane on `day` can matter to it.
fn day_turn(day: i32, calendar: &Calendar) -> Option<Instant> {
    (day > calendar.lo_min).then_some(calendar.turns_at)
}

/// What the sum of a calendar window covers: its days without today.
fn before_today(edge: Edge) -> Edge {
    Edge {
        lo: edge.lo,
        hi: edge.hi - 1,
    }
}

#[cfg(test)]
mod tests;
