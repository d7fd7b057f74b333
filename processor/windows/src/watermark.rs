//! The watermark: the highest event time of the shard, a function of its records alone.

use paceline_schemas::time::Instant;

/// The highest time seen. It never goes back; it moves eviction and labels, and filters nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Watermark(Option<Instant>);

impl Watermark {
    pub(crate) fn new(at: Option<Instant>) -> Self {
        Self(at)
    }

    pub(crate) fn get(self) -> Option<Instant> {
        self.0
    }

    /// Moves to `time` if that is later.
    pub(crate) fn see(&mut self, time: Instant) {
        self.0 = self.0.max(Some(time));
    }

    /// How far `time` lies behind, in microseconds.
    pub(crate) fn behind_us(self, time: Instant) -> i64 {
        self.0.map_or(0, |mark| mark.0.saturating_sub(time.0)).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back() {
        let mut mark = Watermark::default();
        assert_eq!((mark.get(), mark.behind_us(Instant(5))), (None, 0));
        for (time, after) in [(10, 10), (7, 10), (11, 11)] {
            mark.see(Instant(time));
            assert_eq!(mark.get(), Some(Instant(after)));
        }
        assert_eq!((mark.behind_us(Instant(4)), mark.behind_us(Instant(12))), (7, 0));
    }
}
