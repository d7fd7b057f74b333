//! Instants, business dates and the local hours they lie in. Nothing here reads a clock.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds of one second.
pub const SECOND_US: i64 = 1_000_000;
/// Microseconds of one minute.
pub const MINUTE_US: i64 = 60 * SECOND_US;
/// Microseconds of one hour.
pub const HOUR_US: i64 = 60 * MINUTE_US;

/// Why a text is no instant or date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no {1}")]
pub struct TimeError(pub String, pub &'static str);

/// An instant in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub i64);

impl Instant {
    /// Reads RFC 3339 with an offset, cut to microseconds.
    ///
    /// # Errors
    /// The text is not RFC 3339, or lacks an offset.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let stamp: jiff::Timestamp = text
            .parse()
            .map_err(|_| TimeError(text.to_owned(), "RFC 3339 instant"))?;
        Ok(Self(stamp.as_microsecond()))
    }

    /// The instant as jiff knows it, clamped to the range that jiff can express.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// The local date and time of the instant in `zone`.
    pub fn local(self, zone: &TimeZone) -> jiff::civil::DateTime {
        zone.to_datetime(self.timestamp())
    }

    /// The instant rounded down to a multiple of `step_us`.
    pub fn floor(self, step_us: i64) -> Self {
        Self(self.0.div_euclid(step_us) * step_us)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.timestamp(), f)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = compact_str::CompactString::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A calendar date as days since 1970-01-01.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

const EPOCH: Date = Date::constant(1970, 1, 1);
// A span of more days panics; from the epoch this one reaches beyond every date, where the sum saturates.
const SPAN_DAYS_MAX: i32 = 7_000_000;

impl Day {
    /// Days since 1970-01-01 of a civil date.
    pub fn from_date(date: Date) -> Self {
        let days = EPOCH.until(date).map_or(0, |span| span.get_days());
        Self(days)
    }

    /// The civil date, clamped to the range that jiff can express.
    pub fn date(self) -> Date {
        EPOCH.saturating_add(jiff::Span::new().days(self.0.clamp(-SPAN_DAYS_MAX, SPAN_DAYS_MAX)))
    }

    /// Reads `YYYY-MM-DD`.
    ///
    /// # Errors
    /// The text is no such date.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError(text.to_owned(), "date of the form YYYY-MM-DD");
        if text.len() != 10 {
            return Err(wrong());
        }
        text.parse::<Date>().map(Self::from_date).map_err(|_| wrong())
    }

    /// The day `days` later.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// `YYYY-MM`, the name of the month's partition.
    pub fn month(self) -> String {
        let date = self.date();
        format!("{:04}-{:02}", date.year(), date.month())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.date(), f)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = compact_str::CompactString::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The instant at which a local hour begins, with the site's offset at it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalHour {
    /// When the hour begins.
    pub start: Instant,
    /// Seconds east of UTC at that instant.
    pub offset_s: i32,
}

impl LocalHour {
    /// The local hour in which `time` lies.
    ///
    /// Hours begin where the local clock shows a full hour; an hour cut by a change of the clock keeps its own start.
    pub fn of(time: Instant, zone: &TimeZone) -> Self {
        let offset_s = zone.to_offset(time.timestamp()).seconds();
        let shift_us = i64::from(offset_s) * SECOND_US;
        let start = Instant((time.0 + shift_us).div_euclid(HOUR_US) * HOUR_US - shift_us);
        Self { start, offset_s }
    }

    /// The hour of the local day, 0 to 23.
    pub fn local_hour(self) -> i64 {
        (self.start.0 + i64::from(self.offset_s) * SECOND_US)
            .div_euclid(HOUR_US)
            .rem_euclid(24)
    }
}

impl fmt::Display for LocalHour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = Offset::from_seconds(self.offset_s).unwrap_or(Offset::UTC);
        fmt::Display::fmt(&self.start.timestamp().display_with_offset(offset), f)
    }
}

impl Serialize for LocalHour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalHour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = compact_str::CompactString::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl LocalHour {
    /// Reads RFC 3339 and keeps its offset.
    ///
    /// # Errors
    /// The text is not RFC 3339 with a numeric offset or `Z`.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError(text.to_owned(), "RFC 3339 instant with an offset");
        let start = Instant::parse(text)?;
        let pieces = jiff::fmt::temporal::Pieces::parse(text).map_err(|_| wrong())?;
        let offset_s = pieces.to_numeric_offset().map_or(0, Offset::seconds);
        Ok(Self { start, offset_s })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_cut_to_microseconds_and_need_an_offset() {
        assert_eq!(
            Instant::parse("2017-03-01T06:00:00.1234567Z"),
            Ok(Instant(1_488_348_000_123_456))
        );
        assert!(Instant::parse("2017-03-01T06:00:00").is_err());
        assert_eq!(Instant(1_488_348_000_000_000).to_string(), "2017-03-01T06:00:00Z");
    }

    #[test]
    fn days_survive_text_and_leap_years() {
        for text in [
            "1970-01-01",
            "2016-02-29",
            "2026-11-25",
            "1969-12-31",
            "0001-01-01",
            "9999-12-31",
        ] {
            assert_eq!(Day::parse(text).map(|d| d.to_string()), Ok(text.to_owned()));
        }
        assert!(Day::parse("2017-02-29").is_err());
        assert_eq!(Day(i32::MAX).date(), Date::MAX);
        assert_eq!(Day(i32::MIN).date(), Date::MIN);
        assert_eq!(
            Day::parse("2016-02-28").map(|d| d.plus(1).to_string()),
            Ok("2016-02-29".to_owned())
        );
    }

    #[test]
    fn local_hours_keep_the_offset_of_the_site() {
        let zone = TimeZone::get("Asia/Shanghai").expect("zone");
        let time = Instant::parse("2026-06-01T02:34:56Z").expect("time");
        let hour = LocalHour::of(time, &zone);
        assert_eq!(hour.to_string(), "2026-06-01T10:00:00+08:00");
        assert_eq!(hour.local_hour(), 10);
        assert_eq!(LocalHour::parse("2026-06-01T10:00:00+08:00"), Ok(hour));
    }

    #[test]
    fn the_hour_repeated_in_autumn_is_two_hours() {
        let zone = TimeZone::get("Europe/Berlin").expect("zone");
        let first = LocalHour::of(Instant::parse("2026-10-25T00:30:00Z").expect("time"), &zone);
        let second = LocalHour::of(Instant::parse("2026-10-25T01:30:00Z").expect("time"), &zone);
        assert_eq!((first.local_hour(), second.local_hour()), (2, 2));
        assert_ne!(first.start, second.start);
    }
}
