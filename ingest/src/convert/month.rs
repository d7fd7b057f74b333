//! Months from text, each as its first day.

use jiff::civil::Date;
use paceline_schemas::time::Day;

use super::number::{Decimal, Notation};
use super::time::{Format, Stated};

/// Events of an earlier time are refused, so such a month could never be met.
const EARLIEST: Date = Date::constant(2000, 1, 1);

/// How a source writes a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Month {
    /// A year, of which it is this month, 1 to 12.
    OfYear(i8),
    /// `YYYY-MM` or `YYYY-MM-DD`.
    Written,
    /// A day in the month.
    Dated(Format),
}

impl Month {
    /// Reads the first day of a month, or that there is none; nothing where the text is no month or lies before 2000.
    pub fn parse(&self, text: &str) -> Option<Stated> {
        let stated = match self {
            Self::OfYear(month) => {
                // A spreadsheet may write the year as `2019.0`.
                let year = Decimal::parse(text, Notation::default())?.to_integer()?;
                let date = Date::new(i16::try_from(year).ok()?, *month, 1).ok()?;
                Stated::Date(Day::from_date(date))
            }
            Self::Written => Stated::Date(Day::parse(text).or_else(|_| Day::parse(&format!("{text}-01"))).ok()?),
            Self::Dated(format) => format.parse(text)?,
        };
        let date = match stated {
            Stated::Never => return Some(Stated::Never),
            // The month of an instant depends on a zone.
            Stated::At(_) => return None,
            Stated::Local(local) => local.date(),
            Stated::Date(day) => day.date(),
        };
        (date >= EARLIEST).then(|| Stated::Date(Day::from_date(date.first_of_month())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_its_first_day_however_it_is_written() {
        let dated = |pattern: &str| Month::Dated(Format::new(pattern).expect("format"));
        let first = |text: &str| Some(Stated::Date(Day::parse(text).expect("day")));
        for (month, text, expected) in [
            (Month::OfYear(7), "2019", first("2019-07-01")),
            (Month::OfYear(12), "2019.0", first("2019-12-01")),
            (Month::OfYear(7), "2019.5", None),
            (Month::OfYear(7), "19", None),
            (Month::OfYear(7), "99999", None),
            (Month::OfYear(7), "FY19", None),
            (Month::Written, "2019-07", first("2019-07-01")),
            (Month::Written, "2020-02-29", first("2020-02-01")),
            (Month::Written, "2019-02-29", None),
            (Month::Written, "2019-13", None),
            (Month::Written, "2019-7", None),
            (Month::Written, "1999-12", None),
            (Month::Written, "2000-01", first("2000-01-01")),
            (dated("%d.%m.%Y"), "31.07.2019", first("2019-07-01")),
            (dated("%Y-%m-%d %H:%M"), "2019-07-31 23:59", first("2019-07-01")),
            (dated("%d.%m.%Y"), "00.00.0000", Some(Stated::Never)),
            (dated("epoch_s"), "1564531200", None),
        ] {
            assert_eq!(month.parse(text), expected, "{month:?} {text}");
        }
    }
}
