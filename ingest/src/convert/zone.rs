//! A time zone as a table of its changes, for stamping many times at little cost.
//!
//! The table covers 1970 to 2100; outside of it the zone itself is asked. The invariant: every answer is the one that
//! the zone gives.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use paceline_schemas::time::{Day, HOUR_US, Instant, LocalHour, SECOND_US};

/// Microseconds of 24 hours.
pub(crate) const DAY_US: i64 = 24 * HOUR_US;
const FIRST: Instant = Instant(0);
const LAST: Instant = Instant(4_102_444_800_000_000);

/// A time zone with its changes at hand.
#[derive(Debug, Clone)]
pub struct ZoneTable {
    zone: TimeZone,
    // The instant from which an offset holds, and the offset in microseconds.
    changes: Vec<(i64, i64)>,
}

/// What a local time without offset turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// The one instant at which the clock shows it.
    Once(Instant),
    /// The clock shows it twice: the first instant.
    Ambiguous(Instant),
    /// The clock skips it: moved on by the gap.
    Gap(Instant),
}

impl ZoneTable {
    /// Reads the changes of `zone`.
    pub fn new(zone: TimeZone) -> Self {
        let offset_us = |at: Timestamp| i64::from(zone.to_offset(at).seconds()) * SECOND_US;
        let first = FIRST.timestamp();
        let mut changes = vec![(FIRST.0, offset_us(first))];
        for change in zone.following(first) {
            let at = change.timestamp();
            if at.as_microsecond() >= LAST.0 {
                break;
            }
            changes.push((at.as_microsecond(), offset_us(at)));
        }
        Self { zone, changes }
    }

    fn segment(&self, us: i64) -> usize {
        self.changes.partition_point(|(from, _)| *from <= us).saturating_sub(1)
    }

    fn covers(us: i64) -> bool {
        (FIRST.0 + 2 * DAY_US..LAST.0 - 2 * DAY_US).contains(&us)
    }

    /// Microseconds east of UTC at `time`.
    pub fn offset_us(&self, time: Instant) -> i64 {
        if !Self::covers(time.0) {
            return i64::from(self.zone.to_offset(time.timestamp()).seconds()) * SECOND_US;
        }
        self.changes[self.segment(time.0)].1
    }

    /// The date and the local hour of `time`, where days begin `boundary_us` after midnight.
    pub fn place(&self, time: Instant, boundary_us: i64) -> (Day, LocalHour) {
        let offset_us = self.offset_us(time);
        let local_us = time.0 + offset_us;
        let day = i32::try_from((local_us - boundary_us).div_euclid(DAY_US)).unwrap_or(i32::MAX);
        let start = Instant(local_us.div_euclid(HOUR_US) * HOUR_US - offset_us);
        let offset_s = i32::try_from(offset_us / SECOND_US).unwrap_or(0);
        (Day(day), LocalHour { start, offset_s })
    }

    /// The instant at which the clock shows `local`.
    pub fn resolve(&self, local: DateTime) -> Resolved {
        let local_us = local_us(local);
        if !Self::covers(local_us) {
            return self.ask(local);
        }
        let near = self.segment(local_us);
        let mut found = (near.saturating_sub(1)..=near + 1).filter_map(|at| {
            let (from, offset_us) = *self.changes.get(at)?;
            let until = self.changes.get(at + 1).map_or(i64::MAX, |next| next.0);
            let time_us = local_us - offset_us;
            (from..until).contains(&time_us).then_some(Instant(time_us))
        });
        match (found.next(), found.next()) {
            (Some(time), None) => Resolved::Once(time),
            (Some(first), Some(_)) => Resolved::Ambiguous(first),
            (None, _) => self.ask(local),
        }
    }

    fn ask(&self, local: DateTime) -> Resolved {
        let answer = self.zone.to_ambiguous_timestamp(local);
        let make = match answer.offset() {
            jiff::tz::AmbiguousOffset::Unambiguous { .. } => Resolved::Once,
            jiff::tz::AmbiguousOffset::Fold { .. } => Resolved::Ambiguous,
            jiff::tz::AmbiguousOffset::Gap { .. } => Resolved::Gap,
        };
        make(
            answer
                .compatible()
                .map_or(Instant(i64::MAX), |time| Instant(time.as_microsecond())),
        )
    }
}

fn local_us(local: DateTime) -> i64 {
    let time = local.time();
    let seconds = i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    let fraction_us = i64::from(time.subsec_nanosecond()) / 1_000;
    i64::from(Day::from_date(local.date()).0) * DAY_US + seconds * SECOND_US + fraction_us
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::Time;
    use paceline_schemas::ids::{Currency, SiteId};
    use paceline_schemas::site::Site;
    use proptest::prelude::*;

    const ZONES: [&str; 6] = [
        "Asia/Shanghai",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "UTC",
    ];

    fn table(name: &str) -> ZoneTable {
        ZoneTable::new(TimeZone::get(name).expect("zone"))
    }

    #[test]
    fn local_times_at_the_changes_of_the_clock_are_marked() {
        let berlin = table("Europe/Berlin");
        let at = |text: &str| Instant::parse(text).expect("instant");
        let local = |text: &str| text.parse::<DateTime>().expect("local");
        for (text, expected) in [
            ("2026-03-29T01:59:59", Resolved::Once(at("2026-03-29T00:59:59Z"))),
            ("2026-03-29T02:30:00", Resolved::Gap(at("2026-03-29T01:30:00Z"))),
            ("2026-03-29T03:00:00", Resolved::Once(at("2026-03-29T01:00:00Z"))),
            ("2026-10-25T02:30:00", Resolved::Ambiguous(at("2026-10-25T00:30:00Z"))),
            ("2026-10-25T03:00:00", Resolved::Once(at("2026-10-25T02:00:00Z"))),
        ] {
            assert_eq!(berlin.resolve(local(text)), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn places_are_those_of_the_site(zone in 0..ZONES.len(), seconds in 0_i64..4_200_000_000, boundary in 0_i8..12) {
            let mut site = Site::utc(SiteId::new("s").expect("id"), Currency::new("EUR").expect("currency"));
            site.zone = TimeZone::get(ZONES[zone]).expect("zone");
            site.shift_boundary = Time::constant(boundary, 0, 0, 0);
            let time = Instant(seconds * SECOND_US + 7);
            let place = table(ZONES[zone]).place(time, i64::from(boundary) * HOUR_US);
            prop_assert_eq!(place, (site.business_date(time), site.hour(time)));
        }

        #[test]
        fn local_times_are_resolved_as_the_zone_does(zone in 0..ZONES.len(), minutes in 0_i64..70_000_000) {
            let zone = table(ZONES[zone]);
            let local = Instant(minutes * 60 * SECOND_US).local(&TimeZone::UTC);
            prop_assert_eq!(zone.resolve(local), zone.ask(local));
        }
    }
}
