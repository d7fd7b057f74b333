//! Decimal numbers from text, exact to the last digit.

/// How a source writes decimal numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notation {
    /// Stands between groups of three digits.
    pub group: Option<char>,
    /// Stands before the fraction.
    pub point: char,
}

impl Default for Notation {
    fn default() -> Self {
        Self {
            group: None,
            point: '.',
        }
    }
}

impl Notation {
    /// Reads the notation off a sample: the number 1234.56 as the source writes it.
    pub fn of_sample(sample: &str) -> Option<Self> {
        let rest = sample.strip_prefix('1')?;
        let group = rest.chars().next().filter(|c| !c.is_ascii_digit());
        let rest = group
            .map_or(Some(rest), |c| rest.strip_prefix(c))?
            .strip_prefix("234")?;
        let point = rest.chars().next().filter(|c| !c.is_ascii_digit())?;
        let fraction = rest.strip_prefix(point)?;
        (fraction == "56" && group != Some(point)).then_some(Self { group, point })
    }
}

/// A decimal number: `units` divided by ten to the power of `scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    units: i128,
    scale: u32,
}

/// Digits of a number at most; amounts have 15 before the point.
const DIGITS_MAX: u32 = 30;

impl Decimal {
    /// Reads a number, optionally signed and with an exponent as JSON writes it.
    pub fn parse(text: &str, notation: Notation) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, unsigned) = match mantissa.strip_prefix(['-', '\u{2212}']) {
            Some(unsigned) => (true, unsigned),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = unsigned.split_once(notation.point).unwrap_or((unsigned, ""));
        let mut digits = Digits::default();
        digits.take_whole(whole, notation.group)?;
        let scale = digits.take(fraction)?;
        if digits.count == 0 {
            return None;
        }
        let units = if negative { -digits.units } else { digits.units };
        Self { units, scale }.shifted(exponent)
    }

    fn shifted(self, exponent: i32) -> Option<Self> {
        if exponent.unsigned_abs() > DIGITS_MAX {
            return None;
        }
        let shift = exponent.unsigned_abs();
        if exponent < 0 {
            return Some(Self {
                scale: self.scale + shift,
                ..self
            });
        }
        let up = shift.saturating_sub(self.scale);
        let units = self.units.checked_mul(10_i128.checked_pow(up)?)?;
        Some(Self {
            units,
            scale: self.scale.saturating_sub(shift),
        })
    }

    /// The number `factor` times; nothing where that is out of range.
    pub fn times(self, factor: i64) -> Option<Self> {
        let units = self.units.checked_mul(i128::from(factor))?;
        Some(Self { units, ..self })
    }

    /// The number in units of ten to the power of minus `exponent`, half to even, and whether digits were lost.
    pub fn to_units(self, exponent: u32) -> Option<(i64, bool)> {
        if exponent >= self.scale {
            let units = self.units.checked_mul(10_i128.checked_pow(exponent - self.scale)?)?;
            return Some((i64::try_from(units).ok()?, false));
        }
        let divisor = 10_i128.checked_pow(self.scale - exponent)?;
        let (quotient, rest) = (self.units.div_euclid(divisor), self.units.rem_euclid(divisor));
        let up = match (rest * 2).cmp(&divisor) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => quotient & 1,
            std::cmp::Ordering::Greater => 1,
        };
        Some((i64::try_from(quotient + up).ok()?, rest != 0))
    }

    /// The number where it is whole.
    pub fn to_integer(self) -> Option<i64> {
        match self.to_units(0)? {
            (number, false) => Some(number),
            (_, true) => None,
        }
    }
}

#[derive(Default)]
struct Digits {
    units: i128,
    count: u32,
}

impl Digits {
    fn take(&mut self, text: &str) -> Option<u32> {
        let before = self.count;
        for byte in text.bytes() {
            if !byte.is_ascii_digit() || self.count == DIGITS_MAX {
                return None;
            }
            self.units = self.units * 10 + i128::from(byte - b'0');
            self.count += 1;
        }
        Some(self.count - before)
    }

    // Groups must be whole, or `1,23` would be read as 123 where the source meant a decimal comma.
    fn take_whole(&mut self, whole: &str, group: Option<char>) -> Option<()> {
        let Some(group) = group else {
            return self.take(whole).map(|_| ());
        };
        let mut parts = whole.split(group);
        let first = self.take(parts.next()?)?;
        for part in parts {
            if first == 0 || self.take(part)? != 3 {
                return None;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn minor(text: &str, sample: &str, exponent: u32) -> Option<(i64, bool)> {
        Notation::of_sample(sample)
            .and_then(|notation| Decimal::parse(text, notation))?
            .to_units(exponent)
    }

    #[test]
    fn amounts_are_read_in_the_notation_of_their_source() {
        for (text, sample, expected) in [
            ("1054", "1234.56", Some((105_400, false))),
            ("-10.5", "1234.56", Some((-1_050, false))),
            ("1.234,56", "1.234,56", Some((123_456, false))),
            ("1234,56", "1.234,56", Some((123_456, false))),
            ("1 234 567,8", "1 234,56", Some((123_456_780, false))),
            ("1'234.5", "1'234.56", Some((123_450, false))),
            ("1.05E3", "1234.56", Some((105_000, false))),
            (".5", "1234.56", Some((50, false))),
            ("12,34", "1,234.56", None),
            ("1,234", "1234.56", None),
            ("", "1234.56", None),
            ("-", "1234.56", None),
            ("1e99", "1234.56", None),
            ("12 USD", "1234.56", None),
        ] {
            assert_eq!(minor(text, sample, 2), expected, "{text} as {sample}");
        }
    }

    #[test]
    fn digits_beyond_the_currency_are_rounded_half_to_even() {
        for (text, expected) in [
            ("0.125", (12, true)),
            ("0.135", (14, true)),
            ("0.1251", (13, true)),
            ("-0.125", (-12, true)),
            ("-0.135", (-14, true)),
            ("0.120", (12, false)),
        ] {
            assert_eq!(minor(text, "1234.56", 2), Some(expected), "{text}");
        }
    }

    #[test]
    fn yen_have_no_and_dinars_three_digits() {
        assert_eq!(minor("1500", "1234.56", 0), Some((1_500, false)));
        assert_eq!(minor("1500.5", "1234.56", 0), Some((1_500, true)));
        assert_eq!(minor("1.234", "1234.56", 3), Some((1_234, false)));
    }

    #[test]
    fn a_sample_must_say_what_separates() {
        for sample in ["", "1234", "1.234", "1.234.56", "9.99", "1234.5"] {
            assert_eq!(Notation::of_sample(sample), None, "{sample}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_survives_being_written(units in -1_000_000_000_000_000_i64..=1_000_000_000_000_000, exponent in 0_u32..=4) {
            let scale = 10_i64.pow(exponent);
            let sign = if units < 0 { "-" } else { "" };
            let (whole, rest) = (units.abs() / scale, units.abs() % scale);
            let width = usize::try_from(exponent).expect("small");
            let text = if exponent == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:0width$}") };
            let read = Decimal::parse(&text, Notation::default()).and_then(|number| number.to_units(exponent));
            prop_assert_eq!(read, Some((units, false)));
        }
    }
}
