//! Durations from text, in whole milliseconds.

use super::number::{Decimal, Notation};

/// Unit in which a source counts a duration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    #[default]
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Minutes.
    Minutes,
    /// `h:mm:ss` or `m:ss`.
    Clock,
}

impl Unit {
    /// The names that mappings use.
    pub const NAMES: &'static str = "s, ms, us, min, hms";

    /// The unit of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "s" => Some(Self::Seconds),
            "ms" => Some(Self::Milliseconds),
            "us" => Some(Self::Microseconds),
            "min" => Some(Self::Minutes),
            "hms" => Some(Self::Clock),
            _ => None,
        }
    }

    /// Reads a duration in milliseconds, which is below 0 where the source says so.
    pub fn parse(self, text: &str, notation: Notation) -> Option<i64> {
        let units = |exponent| Some(Decimal::parse(text, notation)?.to_units(exponent)?.0);
        match self {
            Self::Seconds => units(3),
            Self::Milliseconds => units(0),
            Self::Microseconds => units(0).map(|us| (us + 500).div_euclid(1_000)),
            Self::Minutes => units(3)?.checked_mul(60),
            Self::Clock => clock(text, notation),
        }
    }
}

fn clock(text: &str, notation: Notation) -> Option<i64> {
    let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (larger, seconds) = unsigned.rsplit_once(':')?;
    let seconds_ms = Decimal::parse(seconds, notation)?.to_units(3)?.0;
    let mut minutes = 0_i64;
    for (at, part) in larger.split(':').enumerate() {
        if at > 1 || part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let value: i64 = part.parse().ok()?;
        if at == 1 && value > 59 {
            return None;
        }
        minutes = minutes.checked_mul(60)?.checked_add(value)?;
    }
    (0..60_000)
        .contains(&seconds_ms)
        .then(|| minutes.checked_mul(60_000)?.checked_add(seconds_ms)?.checked_mul(sign))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_become_milliseconds_in_every_unit() {
        for (unit, text, expected) in [
            ("s", "261", Some(261_000)),
            ("s", "1.5", Some(1_500)),
            ("s", "-3", Some(-3_000)),
            ("ms", "250", Some(250)),
            ("us", "1500", Some(2)),
            ("us", "1499", Some(1)),
            ("min", "1.5", Some(90_000)),
            ("hms", "1:02:03", Some(3_723_000)),
            ("hms", "02:03", Some(123_000)),
            ("hms", "75:00", Some(4_500_000)),
            ("hms", "0:00:01.5", Some(1_500)),
            ("hms", "1:75:00", None),
            ("hms", "0:61", None),
            ("hms", "1:2:3:4", None),
            ("hms", "12", None),
            ("s", "long", None),
        ] {
            let unit = Unit::from_name(unit).expect("unit");
            assert_eq!(unit.parse(text, Notation::default()), expected, "{unit:?} {text}");
        }
    }
}
