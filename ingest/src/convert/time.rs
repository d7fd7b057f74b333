//! Times and dates from text.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime::BrokenDownTime;
use paceline_schemas::time::{Day, Instant};

use super::number::{Decimal, Notation};

/// How a source writes a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Seconds since 1970.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMilliseconds,
    /// Microseconds since 1970.
    EpochMicroseconds,
    /// RFC 3339, with its offset.
    Rfc3339,
    /// RFC 2822, with its offset.
    Rfc2822,
    /// A pattern of `strftime`.
    Pattern(Pattern),
}

/// A checked pattern of `strftime`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    has_clock: bool,
    has_offset: bool,
}

/// A time as a source states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stated {
    /// It did not happen: `0`, `1970-01-01`, zeros in every place.
    Never,
    /// An instant.
    At(Instant),
    /// A local time without offset.
    Local(DateTime),
    /// A date without a time of day.
    Date(Day),
}

impl Format {
    /// The format of that name, or the pattern.
    ///
    /// # Errors
    /// The pattern has a directive that is not known, or yields no date.
    pub fn new(text: &str) -> Result<Self, String> {
        match text {
            "epoch_s" => Ok(Self::EpochSeconds),
            "epoch_ms" => Ok(Self::EpochMilliseconds),
            "epoch_us" => Ok(Self::EpochMicroseconds),
            "rfc3339" => Ok(Self::Rfc3339),
            "rfc2822" => Ok(Self::Rfc2822),
            _ if text.contains('%') => Pattern::new(text).map(Self::Pattern),
            _ => Err("expected epoch_s, epoch_ms, epoch_us, rfc3339, rfc2822 or a strftime pattern".to_owned()),
        }
    }

    /// Reads a time; nothing where the text is not of this format.
    pub fn parse(&self, text: &str) -> Option<Stated> {
        // Zeros in every place of a date are how several databases write "never".
        if text.contains('0')
            && !text
                .bytes()
                .any(|byte| matches!(byte, b'1'..=b'9') || byte.is_ascii_alphabetic())
        {
            return Some(Stated::Never);
        }
        let stated = match self {
            Self::EpochSeconds => epoch(text, 6)?,
            Self::EpochMilliseconds => epoch(text, 3)?,
            Self::EpochMicroseconds => epoch(text, 0)?,
            Self::Rfc3339 => Stated::At(Instant::parse(text).ok()?),
            Self::Rfc2822 => Stated::At(Instant(
                jiff::fmt::rfc2822::DateTimeParser::new()
                    .parse_timestamp(text)
                    .ok()?
                    .as_microsecond(),
            )),
            Self::Pattern(pattern) => pattern.parse(text)?,
        };
        Some(if stated.is_epoch() { Stated::Never } else { stated })
    }
}

impl Stated {
    fn is_epoch(self) -> bool {
        match self {
            Self::Never => true,
            Self::At(time) => time == Instant(0),
            Self::Local(local) => local.date() == EPOCH,
            Self::Date(day) => day == Day(0),
        }
    }
}

const EPOCH: Date = Date::constant(1970, 1, 1);

fn epoch(text: &str, exponent: u32) -> Option<Stated> {
    let (time_us, _) = Decimal::parse(text, Notation::default())?.to_units(exponent)?;
    Some(Stated::At(Instant(time_us)))
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        let sample = DateTime::constant(2024, 11, 25, 13, 14, 15, 0)
            .to_zoned_datetime(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)))
            .map_err(|error| error.to_string())?;
        let written = jiff::fmt::strtime::format(text, &sample).map_err(|error| error.to_string())?;
        let read = BrokenDownTime::parse(text, &written).map_err(|error| error.to_string())?;
        read.to_date().map_err(|_| "the pattern yields no date".to_owned())?;
        let has_clock = read.hour().is_some();
        let has = |directives: [&str; 2]| directives.iter().any(|directive| text.contains(directive));
        if has(["%I", "%l"]) && !has(["%p", "%P"]) {
            return Err("the pattern has an hour on the 12-hour clock without `%p`".to_owned());
        }
        Ok(Self {
            text: text.to_owned(),
            has_clock,
            has_offset: read.offset().is_some(),
        })
    }

    /// The pattern as the mapping states it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn parse(&self, text: &str) -> Option<Stated> {
        let read = BrokenDownTime::parse(&self.text, text).ok()?;
        if self.has_offset && self.has_clock {
            return Some(Stated::At(Instant(read.to_timestamp().ok()?.as_microsecond())));
        }
        if self.has_clock {
            return Some(Stated::Local(read.to_datetime().ok()?));
        }
        Some(Stated::Date(Day::from_date(read.to_date().ok()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Option<Stated> {
        Some(Stated::Date(Day::parse(text).expect("day")))
    }

    fn at(text: &str) -> Option<Stated> {
        Some(Stated::At(Instant::parse(text).expect("instant")))
    }

    #[test]
    fn dates_and_times_are_read_in_their_format() {
        let local = |text: &str| Some(Stated::Local(text.parse().expect("local")));
        for (format, text, expected) in [
            ("%Y-%m-%d", "2017-03-01", day("2017-03-01")),
            ("%m/%d/%y", "3/1/17", day("2017-03-01")),
            ("%m/%d/%y", "11/12/16", day("2016-11-12")),
            ("%d.%m.%Y", "29.02.2016", day("2016-02-29")),
            ("%d.%m.%Y", "29.02.2017", None),
            ("%Y-%m-%d", "2017-03-01x", None),
            ("%b-%d-%Y", "Jan-1-1995", day("1995-01-01")),
            ("%Y/%m/%d %H:%M", "2026/6/1 9:05", local("2026-06-01T09:05:00")),
            ("%m/%d/%Y %I:%M %p", "6/1/2026 9:05 PM", local("2026-06-01T21:05:00")),
            (
                "%Y-%m-%d %H:%M:%S%z",
                "2026-06-01 10:00:00+0800",
                at("2026-06-01T02:00:00Z"),
            ),
            ("epoch_s", "1488348000", at("2017-03-01T06:00:00Z")),
            ("epoch_s", "1488348000.5", at("2017-03-01T06:00:00.5Z")),
            ("epoch_ms", "1488348000123", at("2017-03-01T06:00:00.123Z")),
            ("epoch_us", "1488348000123456", at("2017-03-01T06:00:00.123456Z")),
            (
                "rfc3339",
                "2017-03-01T06:00:00.1234567+00:00",
                at("2017-03-01T06:00:00.123456Z"),
            ),
            ("rfc3339", "2017-03-01T06:00:00", None),
            ("rfc2822", "Wed, 01 Mar 2017 06:00:00 +0000", at("2017-03-01T06:00:00Z")),
        ] {
            let format = Format::new(format).expect("format");
            assert_eq!(format.parse(text), expected, "{format:?} {text}");
        }
    }

    #[test]
    fn zeros_and_the_epoch_mean_never() {
        for (format, text) in [
            ("epoch_s", "0"),
            ("%m/%d/%Y", "00/00/0000"),
            ("%Y-%m-%d %H:%M:%S", "0000-00-00 00:00:00"),
            ("%Y-%m-%d %H:%M:%S", "1970-01-01 08:00:00"),
            ("%Y-%m-%d", "1970-01-01"),
            ("rfc3339", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(
                Format::new(format).expect("format").parse(text),
                Some(Stated::Never),
                "{text}"
            );
        }
    }

    #[test]
    fn patterns_that_yield_no_date_are_refused() {
        for format in ["iso", "%H:%M", "%Q!", "%Y-%m", "%Y-%m-%d %I:%M"] {
            assert!(Format::new(format).is_err(), "{format}");
        }
    }
}
