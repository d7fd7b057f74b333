//! Windows: what each covers as of an instant, and when that changes.

use compact_str::CompactString;
use paceline_schemas::time::{Day, Instant, MINUTE_US};

use crate::config::{HOP_MAX_US, Options, Period};
use crate::pane::Edge;

/// Days of panes kept beyond those asked for: a site's day begins up to two days from the same day in UTC.
const DAYS_MARGIN: i32 = 2;

const DAY_US: i64 = 24 * 60 * MINUTE_US;

/// Bound of pane positions, far from the ends of the type: lengths can be added to it.
pub(crate) const POSITION_MAX: i32 = 2_000_000_000;

/// The windows of a shard: trailing ones first, then those over days, then those to date.
#[derive(Debug, Clone)]
pub(crate) struct Windows {
    pub(crate) trailing: Vec<TrailingWindow>,
    pub(crate) calendar: Vec<CalendarWindow>,
    pub(crate) names: Vec<CompactString>,
    minutes_kept: i32,
    days_kept: i32,
}

/// A trailing window in whole minutes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrailingWindow {
    minutes: i32,
    hop_us: i64,
}

/// A window over business dates that ends today.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CalendarWindow {
    Days(i32),
    ToDate(Period),
}

/// The last positions that are kept no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) minute: i32,
    pub(crate) day: i32,
}

impl Windows {
    /// The windows that valid `options` ask for.
    pub(crate) fn new(options: &Options) -> Self {
        let trailing = options.trailing.iter().map(|window| TrailingWindow {
            minutes: position(window.length_us / MINUTE_US),
            hop_us: window.hop_us,
        });
        let days = options.days.iter().map(|window| CalendarWindow::Days(window.days));
        let to_date = options.to_date.iter().copied().map(CalendarWindow::ToDate);
        Self {
            trailing: trailing.collect(),
            calendar: days.chain(to_date).collect(),
            names: options.names(),
            minutes_kept: position((options.minutes_kept_us + HOP_MAX_US) / MINUTE_US),
            days_kept: options.days_kept + DAYS_MARGIN,
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.trailing.len() + self.calendar.len()
    }

    /// What a shard with this watermark keeps.
    pub(crate) fn kept(&self, watermark: Option<Instant>) -> Kept {
        let mark = watermark.map_or(i64::MIN, |mark| mark.0);
        Kept {
            minute: position(mark.div_euclid(MINUTE_US)) - self.minutes_kept,
            day: utc_day_of(Instant(mark)) - self.days_kept,
        }
    }

    /// The watermark from which nothing up to these positions is kept.
    pub(crate) fn forgets_at(&self, minute: Option<i32>, day: Option<i32>) -> Instant {
        let minute_us = minute.map_or(i64::MIN, |at| i64::from(at + self.minutes_kept) * MINUTE_US);
        let day_us = day.map_or(i64::MIN, |at| i64::from(at + self.days_kept).saturating_mul(DAY_US));
        Instant(minute_us.max(day_us))
    }
}

impl TrailingWindow {
    /// What the window covers as of `now`.
    pub(crate) fn edge(self, now: Instant) -> Edge {
        let hi = position(now.floor(self.hop_us).0 / MINUTE_US);
        Edge {
            lo: hi - self.minutes,
            hi,
        }
    }

    /// When the window moves next.
    pub(crate) fn turns_at(self, now: Instant) -> Instant {
        Instant(now.floor(self.hop_us).0.saturating_add(self.hop_us))
    }

    /// When the pane at `minute` enters.
    pub(crate) fn enters_at(self, minute: i32) -> Instant {
        let us = i64::from(minute) * MINUTE_US;
        Instant(us + (-us).rem_euclid(self.hop_us))
    }

    /// When the pane at `minute` leaves.
    pub(crate) fn leaves_at(self, minute: i32) -> Instant {
        self.enters_at(minute + self.minutes)
    }
}

/// The minute pane of an instant. It holds what lies after its start, up to and with its end.
pub(crate) fn minute_of(time: Instant) -> i32 {
    position(time.0.saturating_sub(1).div_euclid(MINUTE_US) + 1)
}

/// The day pane of a business date.
pub(crate) fn day_of(date: Day) -> i32 {
    position(i64::from(date.0))
}

/// The day in UTC of an instant, as a position.
pub(crate) fn utc_day_of(time: Instant) -> i32 {
    position(time.0.div_euclid(DAY_US))
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to the range before")]
fn position(at: i64) -> i32 {
    at.clamp(i64::from(-POSITION_MAX), i64::from(POSITION_MAX)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(minutes: i32, hop: i64) -> TrailingWindow {
        TrailingWindow {
            minutes,
            hop_us: hop * MINUTE_US,
        }
    }

    #[test]
    fn a_minute_ends_with_its_full_minute() {
        for (us, minute) in [
            (0, 0),
            (1, 1),
            (MINUTE_US, 1),
            (MINUTE_US + 1, 2),
            (-1, 0),
            (-MINUTE_US, -1),
        ] {
            assert_eq!(minute_of(Instant(us)), minute, "{us}");
        }
        assert_eq!(minute_of(Instant(i64::MIN)), -2_000_000_000);
    }

    #[test]
    fn a_window_covers_its_length_up_to_the_last_hop() {
        let window = window(60, 5);
        let now = Instant(64 * MINUTE_US + 59_999_999);
        assert_eq!(window.edge(now), Edge { lo: 0, hi: 60 });
        assert_eq!(window.turns_at(now), Instant(65 * MINUTE_US));
        assert_eq!(window.edge(Instant(65 * MINUTE_US)), Edge { lo: 5, hi: 65 });
    }

    #[test]
    fn a_pane_enters_and_leaves_with_a_hop() {
        let window = window(60, 5);
        for minute in 1..=10 {
            for (at, inside) in [(window.enters_at(minute), true), (window.leaves_at(minute), false)] {
                assert_eq!(window.edge(at).has(minute), inside);
                assert_eq!(window.edge(Instant(at.0 - 1)).has(minute), !inside);
            }
        }
    }

    #[test]
    fn what_is_forgotten_at_an_instant_is_kept_until_then() {
        let windows = Windows::new(&Options::default());
        for (minute, day) in [
            (Some(30_000_000), None),
            (None, Some(20_000)),
            (Some(28_900_000), Some(20_000)),
        ] {
            let at = windows.forgets_at(minute, day);
            let alive = |mark: Instant| {
                let kept = windows.kept(Some(mark));
                minute.is_some_and(|m| m > kept.minute) || day.is_some_and(|d| d > kept.day)
            };
            assert_eq!((alive(Instant(at.0 - 1)), alive(at)), (true, false));
        }
    }
}
