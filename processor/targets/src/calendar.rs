//! The days of one site, as far as targets need them: which are worked, and how much each weighs.

use paceline_schemas::time::{Day, Instant};

/// One business date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalendarDay {
    /// The date.
    pub day: Day,
    /// Whether the site works on it.
    pub workday: bool,
    /// Weight within its month in basis points.
    pub weight_bp: i64,
    /// First day of its fiscal quarter.
    pub quarter_start: Day,
    /// First day of its fiscal year.
    pub year_start: Day,
    /// When it begins.
    pub starts_at: Instant,
    /// When it ends.
    pub ends_at: Instant,
}

/// Consecutive business dates of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    days: Vec<CalendarDay>,
}

impl Calendar {
    /// The calendar of `days`, which must follow one another without a gap; `None` if they do not.
    pub fn new(days: Vec<CalendarDay>) -> Option<Self> {
        let follow = |pair: &[CalendarDay]| matches!(pair, [a, b] if a.day.plus(1) == b.day);
        days.windows(2).all(follow).then_some(Self { days })
    }

    /// The date, if the calendar reaches that far.
    pub fn day(&self, day: Day) -> Option<&CalendarDay> {
        let first = self.days.first()?.day;
        let at = usize::try_from(i64::from(day.0) - i64::from(first.0)).ok()?;
        self.days.get(at)
    }

    /// The dates from `from` to `to`, both included.
    pub fn span(&self, from: Day, to: Day) -> &[CalendarDay] {
        let start = self.days.partition_point(|date| date.day < from);
        let end = self.days.partition_point(|date| date.day <= to);
        self.days.get(start..end).unwrap_or_default()
    }

    /// Working days after `after` up to `to`, that one included.
    pub fn workdays(&self, after: Day, to: Day) -> i64 {
        let worked = self.span(after.plus(1), to).iter().filter(|date| date.workday);
        i64::try_from(worked.count()).unwrap_or(i64::MAX)
    }

    /// The working day that follows `count` others after `after`.
    pub fn workday_after(&self, after: Day, count: i64) -> Option<Day> {
        let start = self.days.partition_point(|date| date.day <= after);
        let mut worked = self.days.get(start..)?.iter().filter(|date| date.workday);
        worked.nth(usize::try_from(count).ok()?).map(|date| date.day)
    }

    /// Weights of the dates from `from` to the end of its month.
    pub fn weights(&self, from: Day) -> Vec<i64> {
        self.span(from, month_end(from))
            .iter()
            .map(|date| date.weight_bp)
            .collect()
    }
}

/// The first day of the month of `day`.
pub fn month_start(day: Day) -> Day {
    Day::from_date(day.date().first_of_month())
}

/// The last day of the month of `day`.
pub fn month_end(day: Day) -> Day {
    Day::from_date(day.date().last_of_month())
}

/// The first day of the month `count` months after that of `day`; the same month where no calendar goes so far.
pub fn months_after(day: Day, count: i32) -> Day {
    let first = day.date().first_of_month();
    Day::from_date(first.checked_add(jiff::Span::new().months(count)).unwrap_or(first))
}

/// Number of the month of `day` since January 1970.
pub fn month_number(day: Day) -> i64 {
    let date = day.date();
    (i64::from(date.year()) - 1970) * 12 + i64::from(date.month()) - 1
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).expect("day")
    }

    /// Monday to Friday in UTC, with the plain quarters.
    pub(crate) fn weekdays(from: &str, to: &str) -> Calendar {
        let (from, to) = (day(from), day(to));
        let days = (from.0..=to.0).map(|number| {
            let day = Day(number);
            let date = day.date();
            let workday = date.weekday().to_monday_zero_offset() < 5;
            let quarter = (date.month() - 1) / 3 * 3 + 1;
            CalendarDay {
                day,
                workday,
                weight_bp: if workday { 10_000 } else { 0 },
                quarter_start: Day::from_date(jiff::civil::date(date.year(), quarter, 1)),
                year_start: Day::from_date(jiff::civil::date(date.year(), 1, 1)),
                starts_at: Instant(i64::from(number) * 86_400_000_000),
                ends_at: Instant((i64::from(number) + 1) * 86_400_000_000),
            }
        });
        Calendar::new(days.collect()).expect("consecutive")
    }

    #[test]
    fn working_days_are_counted_after_the_first_up_to_the_last() {
        let calendar = weekdays("2026-01-01", "2026-12-31");
        assert_eq!(calendar.workdays(day("2026-04-15"), day("2026-04-22")), 5);
        assert_eq!(calendar.workdays(day("2026-04-18"), day("2026-04-19")), 0);
        assert_eq!(calendar.workday_after(day("2026-04-15"), 5), Some(day("2026-04-23")));
        assert_eq!(calendar.workday_after(day("2026-12-31"), 0), None);
    }

    #[test]
    fn months_have_their_ends_and_weights() {
        let calendar = weekdays("2026-01-01", "2026-12-31");
        assert_eq!(calendar.weights(day("2026-04-29")), [10_000, 10_000]);
        assert_eq!(months_after(day("2026-11-30"), 3), day("2027-02-01"));
        assert_eq!(month_end(day("2028-02-03")), day("2028-02-29"));
        assert_eq!(
            (month_number(day("1970-01-31")), month_number(day("2026-04-01"))),
            (0, 675)
        );
    }

    #[test]
    fn dates_with_a_gap_make_no_calendar() {
        let mut days = weekdays("2026-01-01", "2026-01-05").days;
        days.remove(2);
        assert_eq!(Calendar::new(days), None);
    }
}
