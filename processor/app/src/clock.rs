//! The wall clock, read here and nowhere else.

use paceline_schemas::time::Instant;

/// The wall-clock time.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn now() -> Instant {
    Instant(jiff::Timestamp::now().as_microsecond())
}
