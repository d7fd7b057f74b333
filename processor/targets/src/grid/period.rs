//! Months of one plan year and the longer periods that they make up.

use std::fmt;
use std::ops::{Index, IndexMut, Range};

/// Months of a plan year.
pub const MONTHS: usize = 12;

const LENGTHS: [usize; 4] = [1, 3, 6, MONTHS];
const SLOTS: usize = 19;

/// A month, quarter, half or the whole of a plan year; the order is by length, then by start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    length: usize,
    start: usize,
}

impl Period {
    /// The whole plan year.
    pub const YEAR: Self = Self {
        length: MONTHS,
        start: 0,
    };

    /// The month `index`, 0 to 11 from the start of the plan year.
    pub fn month(index: usize) -> Option<Self> {
        Self::nth(1, index)
    }

    /// The quarter `index`, 0 to 3.
    pub fn quarter(index: usize) -> Option<Self> {
        Self::nth(3, index)
    }

    /// The half `index`, 0 or 1.
    pub fn half(index: usize) -> Option<Self> {
        Self::nth(6, index)
    }

    fn nth(length: usize, index: usize) -> Option<Self> {
        (index < MONTHS / length).then(|| Self {
            length,
            start: index * length,
        })
    }

    /// All 19 periods, every one after its parts.
    pub fn all() -> impl Iterator<Item = Self> {
        LENGTHS.into_iter().flat_map(Self::of_length)
    }

    /// The 12 months.
    pub fn each_month() -> impl Iterator<Item = Self> {
        Self::of_length(1)
    }

    /// The 7 periods longer than a month, every one after its parts.
    pub fn each_longer() -> impl Iterator<Item = Self> {
        Self::all().filter(|period| period.length > 1)
    }

    fn of_length(length: usize) -> impl Iterator<Item = Self> {
        (0..MONTHS).step_by(length).map(move |start| Self { length, start })
    }

    /// Indices of its months.
    pub fn months(self) -> Range<usize> {
        self.start..self.start + self.length
    }

    /// Its length in months.
    pub fn length(self) -> usize {
        self.length
    }

    /// What it is divided into: a year into halves, a half into quarters, a quarter into months, a month into nothing.
    pub fn parts(self) -> impl Iterator<Item = Self> {
        let length = match self.length {
            MONTHS => 6,
            6 => 3,
            _ => 1,
        };
        let count = if self.length > 1 { self.length / length } else { 0 };
        (0..count).map(move |index| Self {
            length,
            start: self.start + index * length,
        })
    }

    /// Whether every month of `other` is one of its own; true of itself.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.months().end <= self.months().end
    }

    /// A name that sorts by start among periods of one length.
    pub(super) fn sort_name(self) -> &'static str {
        const NAMES: [&str; MONTHS] = ["00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11"];
        NAMES.get(self.start).copied().unwrap_or_default()
    }

    fn slot(self) -> usize {
        match self.length {
            1 => self.start,
            3 => 12 + self.start / 3,
            6 => 16 + self.start / 6,
            _ => 18,
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.start / self.length + 1;
        match self.length {
            1 => write!(f, "month {number}"),
            3 => write!(f, "quarter {number}"),
            6 => write!(f, "half {number}"),
            _ => f.write_str("the year"),
        }
    }
}

/// One value per period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ByPeriod<T>([T; SLOTS]);

impl<T: Copy> ByPeriod<T> {
    pub(super) fn filled(value: T) -> Self {
        Self([value; SLOTS])
    }

    pub(super) fn map<U>(&self, change: impl Fn(T) -> U) -> ByPeriod<U> {
        ByPeriod(self.0.map(change))
    }

    /// The values of the months.
    pub(super) fn months(&self) -> [T; MONTHS] {
        let mut months = [self[Period::YEAR]; MONTHS];
        for (slot, value) in months.iter_mut().zip(&self.0) {
            *slot = *value;
        }
        months
    }
}

impl ByPeriod<i128> {
    /// The months given, and their sums.
    pub(super) fn of_months(months: &[i64; MONTHS]) -> Self {
        let mut values = Self::filled(0);
        for (period, value) in Period::each_month().zip(months) {
            values[period] = i128::from(*value);
        }
        values.sum_up();
        values
    }

    /// Sets every longer period to the sum of its parts.
    pub(super) fn sum_up(&mut self) {
        for period in Period::each_longer() {
            self[period] = self.sum_of_parts(period);
        }
    }

    pub(super) fn sum_of_parts(&self, period: Period) -> i128 {
        period.parts().map(|part| self[part]).sum()
    }
}

impl<T> Index<Period> for ByPeriod<T> {
    type Output = T;

    fn index(&self, period: Period) -> &T {
        self.0.get(period.slot()).expect("a period has one of 19 slots")
    }
}

impl<T> IndexMut<Period> for ByPeriod<T> {
    fn index_mut(&mut self, period: Period) -> &mut T {
        self.0.get_mut(period.slot()).expect("a period has one of 19 slots")
    }
}
