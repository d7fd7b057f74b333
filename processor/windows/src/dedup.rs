//! Re-sends: which `(source, id)` came within the horizon of append time, and with what content.
//!
//! An id takes 16 bytes, in order of arrival, and 4 to 8 bytes in an index of their positions. The horizon is counted
//! in whole minutes of append time, of which only the highest counts: it never goes back.

mod index;

use std::collections::VecDeque;

use paceline_schemas::time::{Instant, MINUTE_US};

use index::Index;

/// What is remembered of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Hash of source and id.
    pub(crate) key: u64,
    /// Hash of the content.
    pub(crate) content: u64,
}

/// How many entries came in one minute of append time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) minute: i64,
    pub(crate) count: u64,
}

/// What an id turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Not within the horizon.
    New,
    /// There, with the same content.
    Duplicate,
    /// There, with other content.
    Conflict,
}

/// The ids of the horizon.
#[derive(Debug, Clone)]
pub(crate) struct Dedup {
    entries: VecDeque<Entry>,
    marks: VecDeque<Mark>,
    /// Highest append time so far, in minutes.
    minute: i64,
    /// Number of the first entry, counted from the first ever.
    first: u32,
    index: Index,
    /// Ids that went before their time because there were too many.
    forgotten: u64,
    horizon_minutes: i64,
    ids_max: usize,
}

impl Dedup {
    pub(crate) fn new(horizon_us: i64, ids_max: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            marks: VecDeque::new(),
            minute: i64::MIN,
            first: 0,
            index: Index::default(),
            forgotten: 0,
            horizon_minutes: horizon_us / MINUTE_US,
            ids_max,
        }
    }

    /// Judges an id, and remembers it if it is new.
    pub(crate) fn admit(&mut self, entry: Entry, append_time: Instant) -> Seen {
        self.minute = self.minute.max(append_time.0.div_euclid(MINUTE_US));
        self.expire();
        if let Some(before) = self.find(entry.key) {
            return if before.content == entry.content {
                Seen::Duplicate
            } else {
                Seen::Conflict
            };
        }
        while self.entries.len() >= self.ids_max {
            self.pop();
            self.forgotten += 1;
        }
        self.push(entry, self.minute);
        Seen::New
    }

    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn minute(&self) -> i64 {
        self.minute
    }

    pub(crate) fn marks(&self) -> &VecDeque<Mark> {
        &self.marks
    }

    pub(crate) fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// Sets what an encoded state carries beside its entries.
    pub(crate) fn resume(&mut self, minute: i64, forgotten: u64) {
        self.minute = minute;
        self.forgotten = forgotten;
    }

    /// Puts back an entry of an encoded state; false if its key is there already.
    pub(crate) fn restore(&mut self, entry: Entry, minute: i64) -> bool {
        let fresh = self.find(entry.key).is_none();
        if fresh {
            self.push(entry, minute);
        }
        fresh
    }

    fn find(&self, key: u64) -> Option<Entry> {
        let entry_of = |number: u32| self.entry(number);
        self.index.find(key, entry_of)
    }

    /// The entry of a number; numbers wrap and are counted from the first that is kept.
    fn entry(&self, number: u32) -> Option<Entry> {
        entry_at(&self.entries, self.first, number)
    }

    fn push(&mut self, entry: Entry, minute: i64) {
        let (entries, first) = (&self.entries, self.first);
        let number = u32::try_from(entries.len()).unwrap_or(u32::MAX).wrapping_add(first) & index::NUMBER_MASK;
        self.index
            .insert(entry.key, number, |number| entry_at(entries, first, number));
        self.entries.push_back(entry);
        match self.marks.back_mut() {
            Some(mark) if mark.minute == minute => mark.count += 1,
            Some(_) | None => self.marks.push_back(Mark { minute, count: 1 }),
        }
    }

    fn expire(&mut self) {
        let oldest = self.minute.saturating_sub(self.horizon_minutes);
        while self.marks.front().is_some_and(|mark| mark.minute < oldest) {
            self.pop();
        }
    }

    /// Forgets the oldest entry.
    fn pop(&mut self) {
        let Some(oldest) = self.entries.front().copied() else {
            return;
        };
        let (entries, first) = (&self.entries, self.first);
        self.index
            .remove(oldest.key, first, |number| entry_at(entries, first, number));
        self.entries.pop_front();
        self.first = self.first.wrapping_add(1) & index::NUMBER_MASK;
        if let Some(mark) = self.marks.front_mut() {
            mark.count -= 1;
            if mark.count == 0 {
                self.marks.pop_front();
            }
        }
    }
}

fn entry_at(entries: &VecDeque<Entry>, first: u32, number: u32) -> Option<Entry> {
    let position = number.wrapping_sub(first) & index::NUMBER_MASK;
    entries.get(position as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HORIZON: i64 = 10;

    fn entry(key: u64, content: u64) -> Entry {
        Entry { key, content }
    }

    #[derive(Debug, Default)]
    struct Naive {
        seen: Vec<(u64, u64, i64)>,
        minute: i64,
        forgotten: u64,
    }

    impl Naive {
        fn admit(&mut self, key: u64, content: u64, minute: i64, ids_max: usize) -> Seen {
            self.minute = self.minute.max(minute);
            let oldest = self.minute.saturating_sub(HORIZON);
            self.seen.retain(|(_, _, at)| *at >= oldest);
            if let Some((_, before, _)) = self.seen.iter().find(|(k, _, _)| *k == key) {
                return if *before == content {
                    Seen::Duplicate
                } else {
                    Seen::Conflict
                };
            }
            while self.seen.len() >= ids_max {
                self.seen.remove(0);
                self.forgotten += 1;
            }
            self.seen.push((key, content, self.minute));
            Seen::New
        }
    }

    proptest! {
        #[test]
        fn the_index_judges_as_a_list_does(
            // Keys that share their low bits crowd the index.
            steps in proptest::collection::vec((0..60_u64, any::<bool>(), 0..2_u64, -1..4_i64), 1..400),
            ids_max in 1..50_usize,
        ) {
            let mut dedup = Dedup::new(HORIZON * MINUTE_US, ids_max);
            dedup.first = index::NUMBER_MASK - 20;
            let mut naive = Naive { minute: i64::MIN, ..Naive::default() };
            let mut minute = 0;
            for (key, crowded, content, step) in steps {
                minute += step;
                let key = if crowded { key << 40 } else { key };
                let seen = dedup.admit(entry(key, content), Instant(minute * MINUTE_US + 59_999_999));
                prop_assert_eq!(seen, naive.admit(key, content, minute, ids_max));
                let kept: Vec<_> = dedup.entries().iter().map(|e| (e.key, e.content)).collect();
                let expected: Vec<_> = naive.seen.iter().map(|(k, c, _)| (*k, *c)).collect();
                prop_assert_eq!(kept, expected);
                let counts: u64 = dedup.marks().iter().map(|mark| mark.count).sum();
                prop_assert_eq!((counts, dedup.forgotten()), (naive.seen.len() as u64, naive.forgotten));
            }
        }
    }

    #[test]
    fn an_id_is_remembered_for_the_whole_horizon() {
        let mut dedup = Dedup::new(HORIZON * MINUTE_US, 100);
        let at = |minute: i64| Instant(minute * MINUTE_US);
        assert_eq!(dedup.admit(entry(1, 1), at(0)), Seen::New);
        assert_eq!(dedup.admit(entry(1, 1), at(HORIZON)), Seen::Duplicate);
        assert_eq!(dedup.admit(entry(1, 2), at(HORIZON)), Seen::Conflict);
        assert_eq!(dedup.admit(entry(1, 2), at(HORIZON + 1)), Seen::New);
    }
}
