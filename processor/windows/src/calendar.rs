//! Calendars: today at each site, and where its calendar windows begin.

use std::collections::BTreeMap;

use paceline_schemas::ids::{Currency, SiteId};
use paceline_schemas::site::Site;
use paceline_schemas::time::{Day, Instant, MINUTE_US};

use crate::config::Period;
use crate::pane::Edge;
use crate::window::{CalendarWindow, Windows, day_of};

/// The calendars of all sites as of one instant. A site that is not configured has that of UTC.
#[derive(Debug, Clone)]
pub(crate) struct Calendars {
    sites: Vec<Calendar>,
    positions: BTreeMap<SiteId, usize>,
    /// Calendar of sites that are not configured.
    fallback: Calendar,
}

/// One site's calendar.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    site: Site,
    /// What each calendar window covers, today included.
    pub(crate) edges: Vec<Edge>,
    /// Start of the window that reaches back furthest.
    pub(crate) lo_min: i32,
    /// When the next business date begins.
    pub(crate) turns_at: Instant,
}

impl Calendars {
    pub(crate) fn new(sites: BTreeMap<SiteId, Site>, windows: &Windows, now: Instant) -> Self {
        let positions = sites.keys().cloned().zip(0..).collect();
        let utc = Site::utc(SiteId::default(), Currency::default());
        Self {
            sites: sites
                .into_values()
                .map(|site| Calendar::new(site, windows, now))
                .collect(),
            positions,
            fallback: Calendar::new(utc, windows, now),
        }
    }

    /// Moves to `now`; the next instant at which some site's date changes.
    pub(crate) fn turn(&mut self, windows: &Windows, now: Instant) -> Instant {
        let all = self.sites.iter_mut().chain([&mut self.fallback]);
        all.fold(Instant(i64::MAX), |next, calendar| {
            if calendar.turns_at <= now {
                calendar.turn(windows, now);
            }
            next.min(calendar.turns_at)
        })
    }

    /// Where a site's calendar lies.
    pub(crate) fn position(&self, site: &SiteId) -> Option<usize> {
        self.positions.get(site).copied()
    }

    /// The calendar there.
    pub(crate) fn at(&self, position: Option<usize>) -> &Calendar {
        position.and_then(|at| self.sites.get(at)).unwrap_or(&self.fallback)
    }
}

impl Calendar {
    fn new(site: Site, windows: &Windows, now: Instant) -> Self {
        let mut calendar = Self {
            site,
            edges: Vec::new(),
            lo_min: 0,
            turns_at: now,
        };
        calendar.turn(windows, now);
        calendar
    }

    fn turn(&mut self, windows: &Windows, now: Instant) {
        let today = self.today(now);
        let periods = self.site.periods(today);
        let start = |window: &CalendarWindow| match window {
            CalendarWindow::Days(days) => today.plus(1 - days),
            CalendarWindow::ToDate(Period::Day) => today,
            CalendarWindow::ToDate(Period::Week) => periods.week_start,
            CalendarWindow::ToDate(Period::Month) => periods.month_start,
            CalendarWindow::ToDate(Period::Quarter) => periods.quarter_start,
            CalendarWindow::ToDate(Period::Half) => periods.half_start,
            CalendarWindow::ToDate(Period::Year) => periods.year_start,
        };
        let edge = |window| Edge {
            lo: day_of(start(window).plus(-1)),
            hi: day_of(today),
        };
        self.edges.clear();
        self.edges.extend(windows.calendar.iter().map(edge));
        self.lo_min = self.edges.iter().map(|edge| edge.lo).min().unwrap_or(i32::MAX);
        let soonest = Instant(now.0.saturating_add(MINUTE_US));
        self.turns_at = Some(self.site.ends_at(today))
            .filter(|end| *end > now)
            .unwrap_or(soonest);
    }

    /// The last business date that has begun. Where clocks go back over the shift boundary the local time belongs to
    /// the day before once more, and the date that has begun stays.
    fn today(&self, now: Instant) -> Day {
        let local = self.site.business_date(now);
        if self.site.ends_at(local) <= now {
            local.plus(1)
        } else {
            local
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Options;
    use jiff::civil::Time;
    use jiff::tz::TimeZone;

    fn berlin(hour: i8, minute: i8) -> Site {
        let mut site = Site::utc(
            SiteId::new("berlin").expect("id"),
            Currency::new("EUR").expect("currency"),
        );
        site.zone = TimeZone::get("Europe/Berlin").expect("zone");
        site.shift_boundary = Time::constant(hour, minute, 0, 0);
        site
    }

    fn at(text: &str) -> Instant {
        Instant::parse(text).expect("instant")
    }

    /// Turns of a site between two instants: when, and the date that began.
    fn turns(site: Site, from: &str, to: &str) -> Vec<(String, String)> {
        let windows = Windows::new(&Options {
            to_date: vec![Period::Day],
            ..Options::default()
        });
        let site_id = site.site_id.clone();
        let mut calendars = Calendars::new(BTreeMap::from([(site_id.clone(), site)]), &windows, at(from));
        let position = calendars.position(&site_id);
        let mut turns = Vec::new();
        loop {
            let now = calendars.at(position).turns_at;
            if now > at(to) {
                return turns;
            }
            calendars.turn(&windows, now);
            let today = calendars.at(position).edges.last().expect("today").hi;
            turns.push((now.to_string(), Day(today).to_string()));
        }
    }

    fn texts(turns: &[(&str, &str)]) -> Vec<(String, String)> {
        turns
            .iter()
            .map(|(at, day)| ((*at).to_owned(), (*day).to_owned()))
            .collect()
    }

    #[test]
    fn dates_begin_at_the_shift_boundary_of_the_local_clock() {
        assert_eq!(
            turns(berlin(4, 0), "2026-10-23T12:00:00Z", "2026-10-26T12:00:00Z"),
            texts(&[
                ("2026-10-24T02:00:00Z", "2026-10-24"),
                ("2026-10-25T03:00:00Z", "2026-10-25"),
                ("2026-10-26T03:00:00Z", "2026-10-26"),
            ])
        );
        assert_eq!(
            turns(berlin(0, 0), "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"),
            texts(&[
                ("2026-03-28T23:00:00Z", "2026-03-29"),
                ("2026-03-29T22:00:00Z", "2026-03-30")
            ])
        );
    }

    #[test]
    fn a_date_that_has_begun_stays_where_the_clock_repeats_its_boundary() {
        assert_eq!(
            turns(berlin(2, 30), "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
            texts(&[("2026-10-25T00:30:00Z", "2026-10-25")])
        );
    }

    #[test]
    fn a_jump_over_years_lands_on_the_right_date() {
        let windows = Windows::new(&Options::default());
        let site = berlin(0, 0);
        let site_id = site.site_id.clone();
        let mut calendars = Calendars::new(BTreeMap::from([(site_id, site)]), &windows, Instant(0));
        let next = calendars.turn(&windows, at("2026-11-25T00:00:00Z"));
        assert_eq!(next, at("2026-11-25T23:00:00Z"));
        let edges = &calendars.at(Some(0)).edges;
        let starts: Vec<_> = edges.iter().map(|edge| Day(edge.lo + 1).to_string()).collect();
        assert_eq!(
            starts,
            [
                "2026-11-19",
                "2026-10-29",
                "2026-08-28",
                "2026-11-25",
                "2026-11-23",
                "2026-11-01",
                "2026-10-01",
                "2026-07-01",
                "2026-01-01"
            ]
        );
    }
}
