//! Numbers as people write them: counts, money in major units, shares in percent, dates.

use paceline_schemas::event::Target;
use paceline_schemas::ids::Currency;
use paceline_schemas::metrics::{Metric, Sum, metric};
use paceline_schemas::time::Day;

use super::Language;
use super::layout::NO_BREAK;
use crate::evidence::Kind;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// How the numbers of one target are written.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    pub(super) language: Language,
    pub(super) kind: Kind,
    currency: Option<Currency>,
    metric: Option<&'static Metric>,
    metric_id: String,
    /// Dates of this year are written without it.
    year: i16,
}

impl Figures {
    pub(super) fn of(data: &Target, language: Language) -> Self {
        let unit = data.unit.as_ref().map_or("count", |unit| unit.as_str());
        let currency = unit.strip_prefix("minor:");
        let kind = match (unit, currency) {
            ("ppm", _) => Kind::Rate,
            (_, Some(_)) => Kind::Money,
            _ => Kind::Count,
        };
        let metric_id = data.metric.as_ref().map_or("", |metric| metric.as_str());
        let as_of = data
            .evidence
            .as_ref()
            .map_or_else(Day::default, |evidence| evidence.as_of);
        Self {
            language,
            kind,
            currency: currency.and_then(|code| Currency::new(code).ok()),
            metric: metric(metric_id),
            metric_id: metric_id.to_owned(),
            year: as_of.date().year(),
        }
    }

    pub(super) fn is_rate(&self) -> bool {
        self.kind == Kind::Rate
    }

    pub(super) fn may_be_recalibrated(&self) -> bool {
        self.metric.is_some_and(|metric| metric.recalibrate)
    }

    /// Name of the metric.
    pub(super) fn name(&self) -> String {
        self.metric
            .map_or_else(|| self.metric_id.clone(), |metric| self.name_of(metric))
    }

    fn name_of(&self, metric: &Metric) -> String {
        self.language.pick(metric.name_en, metric.name_zh).to_owned()
    }

    /// What the numerator of a rate counts; of any other metric the metric itself.
    pub(super) fn numerator(&self) -> String {
        self.metric
            .map_or_else(|| self.name(), |metric| self.side(&metric.numerator))
    }

    /// What the denominator of a rate counts.
    pub(super) fn denominator(&self) -> String {
        let sum = self.metric.and_then(|metric| metric.denominator.as_ref());
        sum.map_or_else(|| self.language.pick("cases", "次数").to_owned(), |sum| self.side(sum))
    }

    fn side(&self, sum: &Sum) -> String {
        let names: Vec<String> = sum
            .measures
            .iter()
            .map(|measure| metric(measure.name()).map_or_else(|| measure.name().to_owned(), |of| self.name_of(of)))
            .collect();
        names.join(" + ")
    }

    /// A value of the target with its unit; English counts name what is counted, in Chinese the sentence does.
    pub(super) fn value(&self, value: i64) -> String {
        match (self.kind, self.language) {
            (Kind::Count, Language::English) => noun(&grouped(value), value == 1, &self.name()),
            _ => self.bare(value),
        }
    }

    /// A value of the target without the name of what is counted.
    pub(super) fn bare(&self, value: i64) -> String {
        match self.kind {
            Kind::Count => grouped(value),
            Kind::Money => self.money(value),
            Kind::Rate => self.percent(value),
        }
    }

    /// The difference of two values.
    pub(super) fn difference(&self, value: i64) -> String {
        if self.kind != Kind::Rate {
            return self.value(value);
        }
        let points = decimal(value, 4, 4, true);
        self.language.pick(
            noun(&points, value == 10_000, "percentage points"),
            format!("{points} 个百分点"),
        )
    }

    fn money(&self, minor: i64) -> String {
        let Some(currency) = &self.currency else {
            return grouped(minor);
        };
        let digits = currency.exponent();
        format!("{currency}{NO_BREAK}{}", decimal(minor, digits, digits, false))
    }

    /// A value of the target per day.
    pub(super) fn per_day(&self, value: i64, days: i64) -> String {
        let days = days.max(1);
        match self.kind {
            Kind::Count => millionths(value.saturating_mul(1_000_000) / days),
            Kind::Money | Kind::Rate => self.bare((2 * value + days).div_euclid(2 * days)),
        }
    }

    /// Parts per million as percent, exact.
    pub(super) fn percent(&self, ppm: i64) -> String {
        self.with_percent(decimal(ppm, 4, 4, true))
    }

    /// Parts per million as percent with one digit.
    pub(super) fn about_percent(&self, ppm: i64) -> String {
        self.with_percent(decimal(ppm, 4, 1, true))
    }

    /// Parts per million as whole percent.
    pub(super) fn whole_percent(&self, ppm: i64) -> String {
        self.with_percent(decimal(ppm, 4, 0, true))
    }

    fn with_percent(&self, number: String) -> String {
        self.language.pick(format!("{number}{NO_BREAK}%"), format!("{number}%"))
    }

    /// A change in percent, with its sign.
    pub(super) fn change(&self, ppm: i64) -> String {
        let plus = if ppm > 0 { "+" } else { "" };
        format!("{plus}{}", self.about_percent(ppm))
    }

    /// A date.
    pub(super) fn day(&self, day: Day) -> String {
        let date = day.date();
        let is_other = date.year() != self.year;
        let month = month_name(date.month());
        match (self.language, is_other) {
            (Language::English, false) => format!("{}{NO_BREAK}{month}", date.day()),
            (Language::English, true) => format!("{}{NO_BREAK}{month}{NO_BREAK}{}", date.day(), date.year()),
            (Language::Chinese, false) => format!("{}月{}日", date.month(), date.day()),
            (Language::Chinese, true) => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
        }
    }

    /// A month.
    pub(super) fn month(&self, month: Day) -> String {
        let number = month.date().month();
        self.language.pick(month_name(number).to_owned(), format!("{number}月"))
    }

    /// Dates one after the other.
    pub(super) fn days(&self, days: &[Day]) -> String {
        let days: Vec<String> = days.iter().map(|day| self.day(*day)).collect();
        days.join(self.language.pick(", ", "、"))
    }
}

fn month_name(number: i8) -> &'static str {
    let at = usize::try_from(number - 1).unwrap_or_default();
    MONTHS.get(at).copied().unwrap_or_default()
}

/// A number with an English noun, whose plural ends in s.
pub(super) fn noun(number: &str, is_one: bool, plural: &str) -> String {
    let name = match plural.strip_suffix('s') {
        Some(singular) if is_one => singular,
        _ => plural,
    };
    format!("{number} {name}")
}

/// A whole number, thousands apart.
pub(super) fn grouped(number: i64) -> String {
    decimal(number, 0, 0, true)
}

/// Millionths with at most one digit after the point.
pub(super) fn millionths(number: i64) -> String {
    decimal(number, 6, 1, true)
}

/// Parts per million as a multiple of one, with three digits.
pub(super) fn multiple(ppm: i64) -> String {
    decimal(ppm, 6, 3, false)
}

/// `number` · 10^-`scale`, rounded to `digits` after the point, half away from zero.
fn decimal(number: i64, scale: u32, digits: u32, trims: bool) -> String {
    let step = 10_u64.pow(scale - digits.min(scale));
    let rounded = (number.unsigned_abs() + step / 2) / step;
    let one = 10_u64.pow(digits.min(scale));
    let mut text = thousands(rounded / one);
    if digits > 0 {
        let fraction = format!(
            "{:0width$}",
            rounded % one,
            width = usize::try_from(digits).unwrap_or_default()
        );
        let fraction = if trims {
            fraction.trim_end_matches('0')
        } else {
            &fraction
        };
        if !fraction.is_empty() {
            text = format!("{text}.{fraction}");
        }
    }
    if number < 0 && rounded > 0 {
        format!("−{text}")
    } else {
        text
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (digit, left) in digits.chars().zip((1..=digits.len()).rev()) {
        text.push(digit);
        if left > 1 && left % 3 == 1 {
            text.push(',');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_grouped_and_signed() {
        assert_eq!(grouped(-1_234_567), "−1,234,567");
        assert_eq!(millionths(52_400_000), "52.4");
        assert_eq!(millionths(20_000_000), "20");
        assert_eq!(multiple(667_702), "0.668");
        assert_eq!(multiple(-400), "0.000");
        assert_eq!(decimal(1_205, 2, 2, false), "12.05");
        assert_eq!(decimal(i64::MIN, 0, 0, true), "−9,223,372,036,854,775,808");
        assert_eq!(noun("1", true, "wins"), "1 win");
    }
}
