//! Durations and sizes as people write them.

use std::time::Duration;

pub(super) const MILLISECOND: Duration = Duration::from_millis(1);
pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// Reads `250ms`, `30s`, `10m`, `24h`, `7d`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(millis).map(Duration::from_millis)
}

/// Reads `64KiB`, `512MiB`, `1GiB`, `100B`.
pub(super) fn bytes(text: &str) -> Option<usize> {
    let (number, unit) = split(text)?;
    let shift = match unit {
        "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    let bytes = number.checked_mul(1 << shift)?;
    usize::try_from(bytes).ok()
}

/// Writes a duration in the largest unit that fits.
pub(super) fn show_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
        if millis >= size && millis.is_multiple_of(size) {
            return format!("{}{unit}", millis / size);
        }
    }
    if millis == 0 {
        "0s".to_owned()
    } else {
        format!("{millis}ms")
    }
}

/// Writes a size in the largest unit that fits.
pub(super) fn show_bytes(bytes: usize) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if bytes >= 1 << shift && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}B")
}

fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    number.parse().ok().map(|number| (number, unit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_read_as_they_are_written() {
        for text in ["250ms", "30s", "10m", "24h", "7d"] {
            let shown = duration(text).map(show_duration);
            assert!(
                shown.as_deref() == Some(text) || (text, shown.as_deref()) == ("24h", Some("1d")),
                "{text}"
            );
        }
        for text in ["100B", "64KiB", "512MiB", "1GiB"] {
            assert_eq!(bytes(text).map(show_bytes).as_deref(), Some(text));
        }
        for text in ["", "s", "3", "3 weeks", "-1s", "1.5s"] {
            assert_eq!((duration(text), bytes(text)), (None, None), "{text}");
        }
    }
}
