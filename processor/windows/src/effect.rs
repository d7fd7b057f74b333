//! Effects: what the fold asks its shell to do.

use paceline_schemas::ids::{Currency, RepId};
use paceline_schemas::reject::Reject;
use std::sync::Arc;

/// One thing to be done for the record just applied, or because time moved.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The event belongs into the fact tables.
    Fact {
        /// It is older than `lateness_max` behind the watermark.
        late: bool,
    },
    /// Part number `part` of the event's contribution belongs into the hour and day tables.
    Increment {
        /// Position in `contribution(event).parts()`.
        part: usize,
    },
    /// Rows of one rep and currency show something else: the live table and its topic follow.
    RowsChanged {
        /// The rep and the currency.
        of: Arc<RowKey>,
        /// Windows whose rows changed.
        windows: WindowSet,
    },
    /// The record is a dead letter.
    Rejected(Reject),
    /// The event is late; it counts all the same.
    Late {
        /// How far it lies behind the watermark.
        by_us: i64,
    },
    /// The record was there already, with the same content.
    Duplicate,
}

/// Whose rows: windows never mix currencies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// The rep.
    pub rep_id: RepId,
    /// The currency.
    pub currency: Currency,
}

/// Position of a window in [`crate::ShardState::window_names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowIndex(pub u8);

/// A set of windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct WindowSet(u64);

impl WindowSet {
    /// The empty set.
    pub const EMPTY: Self = Self(0);

    /// True when no window is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the window is in it.
    pub fn has(self, window: WindowIndex) -> bool {
        self.0 >> (window.0 & 63) & 1 == 1
    }

    /// The windows in it, in order.
    pub fn iter(self) -> impl Iterator<Item = WindowIndex> {
        (0..64_u8).map(WindowIndex).filter(move |window| self.has(*window))
    }

    /// Windows of either set.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set without that window.
    #[must_use]
    pub fn without(self, window: WindowIndex) -> Self {
        Self(self.0 & !(1 << (window.0 & 63)))
    }

    /// The first `count` windows.
    pub fn first(count: usize) -> Self {
        (0..count.min(64)).fold(Self::EMPTY, |mut set, position| {
            set.add(position);
            set
        })
    }

    pub(crate) fn add(&mut self, position: usize) {
        self.0 |= 1 << (position & 63);
    }
}
