//! Sites: where a floor stands, and with that its days, weeks, periods and currency.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use crate::ids::{Currency, SiteId};
use crate::time::{Day, Instant, LocalHour};

/// One site as configured. Business dates are computed with it once, by `ingest`.
#[derive(Debug, Clone)]
pub struct Site {
    /// Name of the site.
    pub site_id: SiteId,
    /// IANA time zone.
    pub zone: TimeZone,
    /// Local time at which a business day begins; before it the day before goes on.
    pub shift_boundary: Time,
    /// First day of the week.
    pub week_start: Weekday,
    /// Month, 1 to 12, in which the fiscal year begins on its first day.
    pub fiscal_year_start_month: i8,
    /// Currency of calls and of amounts that name none.
    pub currency: Currency,
    /// ISO 3166 country of phone numbers without a country code.
    pub country: String,
    /// Answered legs with less talk than this are short, in milliseconds.
    pub short_call_ms: i64,
    /// Undisposed legs with at least this talk reached a contact, in milliseconds.
    pub contact_min_ms: i64,
    /// A call-back started within this time of its promise is on time, in milliseconds.
    pub callback_on_time_ms: i64,
}

/// First days of the calendar periods that a business date lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// First day of the week.
    pub week_start: Day,
    /// First day of the month.
    pub month_start: Day,
    /// First day of the fiscal quarter.
    pub quarter_start: Day,
    /// First day of the fiscal half.
    pub half_start: Day,
    /// First day of the fiscal year.
    pub year_start: Day,
}

impl Site {
    /// A site in UTC with weeks from Monday and years from January.
    pub fn utc(site_id: SiteId, currency: Currency) -> Self {
        Self {
            site_id,
            zone: TimeZone::UTC,
            shift_boundary: Time::midnight(),
            week_start: Weekday::Monday,
            fiscal_year_start_month: 1,
            currency,
            country: "US".to_owned(),
            short_call_ms: 10_000,
            contact_min_ms: 10_000,
            callback_on_time_ms: 15 * 60_000,
        }
    }

    /// The business date of an instant: its local date, one day earlier before the shift boundary.
    pub fn business_date(&self, time: Instant) -> Day {
        let local = time.local(&self.zone);
        let day = Day::from_date(local.date());
        if local.time() < self.shift_boundary {
            day.plus(-1)
        } else {
            day
        }
    }

    /// The local hour in which an instant lies.
    pub fn hour(&self, time: Instant) -> LocalHour {
        LocalHour::of(time, &self.zone)
    }

    /// The instant at which a business date begins. Where the clock skips it, the first instant after.
    pub fn starts_at(&self, day: Day) -> Instant {
        let local = day.date().to_datetime(self.shift_boundary);
        self.zone
            .to_ambiguous_timestamp(local)
            .compatible()
            .map_or(Instant(i64::MAX), |t| Instant(t.as_microsecond()))
    }

    /// The instant at which a business date ends, which is the start of the next.
    pub fn ends_at(&self, day: Day) -> Instant {
        self.starts_at(day.plus(1))
    }

    /// First days of the periods in which `day` lies.
    pub fn periods(&self, day: Day) -> Periods {
        let date = day.date();
        let into_week = i32::from(date.weekday().since(self.week_start));
        let months_in = i32::from(date.month() - self.fiscal_year_start_month).rem_euclid(12);
        let first_of_month = |back: i32| {
            let month0 = i32::from(date.year()) * 12 + i32::from(date.month()) - 1 - back;
            let year = i16::try_from(month0.div_euclid(12)).unwrap_or_else(|_| date.year());
            let month = i8::try_from(month0.rem_euclid(12) + 1).unwrap_or(1);
            Date::new(year, month, 1).map_or(day, Day::from_date)
        };
        Periods {
            week_start: day.plus(-into_week),
            month_start: first_of_month(0),
            quarter_start: first_of_month(months_in % 3),
            half_start: first_of_month(months_in % 6),
            year_start: first_of_month(months_in),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin(boundary_hour: i8) -> Site {
        let mut site = Site::utc(
            SiteId::new("berlin").expect("id"),
            Currency::new("EUR").expect("currency"),
        );
        site.zone = TimeZone::get("Europe/Berlin").expect("zone");
        site.shift_boundary = Time::constant(boundary_hour, 0, 0, 0);
        site
    }

    fn at(text: &str) -> Instant {
        Instant::parse(text).expect("instant")
    }

    #[test]
    fn days_have_23_24_or_25_hours() {
        let site = berlin(0);
        let hours = |day: &str| {
            let day = Day::parse(day).expect("day");
            (site.ends_at(day).0 - site.starts_at(day).0) / crate::time::HOUR_US
        };
        assert_eq!(
            (hours("2026-03-29"), hours("2026-06-01"), hours("2026-10-25")),
            (23, 24, 25)
        );
    }

    #[test]
    fn before_the_shift_boundary_the_day_before_goes_on() {
        let site = berlin(4);
        for (time, day) in [
            ("2026-06-01T01:59:59Z", "2026-05-31"),
            ("2026-06-01T02:00:00Z", "2026-06-01"),
            ("2026-06-01T21:59:59Z", "2026-06-01"),
        ] {
            assert_eq!(site.business_date(at(time)).to_string(), day);
        }
    }

    #[test]
    fn every_instant_of_a_business_day_has_its_date() {
        for site in [berlin(0), berlin(2), berlin(4)] {
            for day in ["2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"] {
                let day = Day::parse(day).expect("day");
                assert_eq!(site.business_date(site.starts_at(day)), day);
                assert_eq!(site.business_date(Instant(site.ends_at(day).0 - 1)), day);
            }
        }
    }

    #[test]
    fn periods_follow_the_fiscal_year_and_the_week_start() {
        let mut site = berlin(0);
        site.fiscal_year_start_month = 4;
        site.week_start = Weekday::Sunday;
        let periods = site.periods(Day::parse("2026-02-18").expect("day"));
        let texts = [
            periods.week_start,
            periods.month_start,
            periods.quarter_start,
            periods.half_start,
            periods.year_start,
        ];
        assert_eq!(
            texts.map(|d| d.to_string()),
            ["2026-02-15", "2026-02-01", "2026-01-01", "2025-10-01", "2025-04-01"]
        );
    }
}
