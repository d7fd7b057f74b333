//! The wall clock, read here and nowhere else.

use paceline_schemas::time::Instant;

/// The wall-clock time.
pub fn now() -> Instant {
    Instant(jiff::Timestamp::now().as_microsecond())
}
