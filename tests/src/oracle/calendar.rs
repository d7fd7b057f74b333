//! Days and periods of a site, found by walking back day by day.

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

/// What a site's calendar follows from.
#[derive(Debug, Clone)]
pub struct SiteRules {
    /// Name of the site.
    pub site_id: String,
    /// Time zone.
    pub zone: TimeZone,
    /// Local time at which a business day begins.
    pub shift_boundary: Time,
    /// First day of the week.
    pub week_start: Weekday,
    /// First month of the fiscal year.
    pub fiscal_month: i8,
    /// Currency of calls.
    pub currency: String,
}

impl SiteRules {
    /// A site in UTC whose weeks begin on Monday and whose years begin in January.
    pub fn utc(site_id: &str, currency: &str) -> Self {
        Self {
            site_id: site_id.to_owned(),
            zone: TimeZone::UTC,
            shift_boundary: Time::midnight(),
            week_start: Weekday::Monday,
            fiscal_month: 1,
            currency: currency.to_owned(),
        }
    }

    /// The business date of an instant in seconds.
    pub(super) fn business_date(&self, second: i64) -> Date {
        let instant = Timestamp::from_second(second).expect("an instant");
        let local = instant.to_zoned_datetime(self.zone.clone()).datetime();
        if local.time() < self.shift_boundary {
            local.date().yesterday().expect("a day before")
        } else {
            local.date()
        }
    }

    /// The second at which a business date begins.
    pub(super) fn starts_at(&self, day: Date) -> i64 {
        let start = day
            .to_datetime(self.shift_boundary)
            .to_zoned_datetime(self.zone.clone());
        start.expect("every day begins").timestamp().as_second()
    }

    /// Each window with its first day.
    pub(super) fn windows(&self, as_of: Date) -> [(&'static str, Date); 9] {
        [
            ("7d", days_before(as_of, 6)),
            ("28d", days_before(as_of, 27)),
            ("90d", days_before(as_of, 89)),
            ("today", as_of),
            ("wtd", back_to(as_of, |day| day.weekday() == self.week_start)),
            ("mtd", back_to(as_of, |day| day.day() == 1)),
            ("qtd", back_to(as_of, |day| self.begins_a_period_of(day, 3))),
            ("htd", back_to(as_of, |day| self.begins_a_period_of(day, 6))),
            ("ytd", back_to(as_of, |day| self.begins_a_period_of(day, 12))),
        ]
    }

    fn begins_a_period_of(&self, day: Date, months: i8) -> bool {
        day.day() == 1 && (day.month() + 12 - self.fiscal_month) % months == 0
    }
}

fn days_before(day: Date, days: usize) -> Date {
    (0..days).fold(day, |day, _| day.yesterday().expect("a day before"))
}

fn back_to(day: Date, is_start: impl Fn(Date) -> bool) -> Date {
    let mut day = day;
    while !is_start(day) {
        day = day.yesterday().expect("a day before");
    }
    day
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    #[test]
    fn periods_begin_with_week_and_fiscal_year() {
        let mut site = SiteRules::utc("main", "USD");
        site.week_start = Weekday::Sunday;
        site.fiscal_month = 4;
        let starts: Vec<String> = site
            .windows(date(2026, 2, 18))
            .iter()
            .map(|(_, day)| day.to_string())
            .collect();
        assert_eq!(
            starts,
            [
                "2026-02-12",
                "2026-01-22",
                "2025-11-21",
                "2026-02-18",
                "2026-02-15",
                "2026-02-01",
                "2026-01-01",
                "2025-10-01",
                "2025-04-01",
            ]
        );
    }

    #[test]
    fn a_night_belongs_to_the_day_before() {
        let mut site = SiteRules::utc("main", "USD");
        site.shift_boundary = time(4, 0, 0, 0);
        let day = date(2026, 2, 18);
        let start = site.starts_at(day);
        assert_eq!(
            (site.business_date(start - 1), site.business_date(start)),
            (date(2026, 2, 17), day)
        );
    }
}
