//! The newest records of a partition, kept in memory for consumers that have caught up.
//!
//! Pure. What it holds is contiguous and was acknowledged; bytes bound it, counted with what a
//! record costs beside its content.

use std::collections::VecDeque;

use paceline_schemas::position::Offset;

use crate::log::{ReadLimit, Stored};

#[derive(Debug)]
pub(super) struct Tail {
    records: VecDeque<Stored>,
    bytes: usize,
    bytes_max: usize,
}

impl Tail {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            records: VecDeque::new(),
            bytes: 0,
            bytes_max,
        }
    }

    pub(super) fn push(&mut self, record: Stored) {
        if let Some(last) = self.records.back() {
            assert_eq!(last.offset + 1, record.offset, "the tail of a partition has no gap");
        }
        self.bytes += cost(&record);
        self.records.push_back(record);
        while self.bytes > self.bytes_max {
            let Some(oldest) = self.records.pop_front() else { break };
            self.bytes -= cost(&oldest);
        }
    }

    /// Records from `from` on, or nothing if `from` is older than what is held.
    pub(super) fn read(&self, from: Offset, limit: ReadLimit) -> Option<Vec<Stored>> {
        let skip = usize::try_from(from.checked_sub(self.records.front()?.offset)?).ok()?;
        if skip >= self.records.len() {
            return None;
        }
        let mut page = Page::new(limit);
        for record in self.records.range(skip..) {
            if !page.has_room(record) {
                break;
            }
            page.push(record.clone());
        }
        Some(page.into_records())
    }
}

fn cost(record: &Stored) -> usize {
    size_of::<Stored>() + record.key.len() + record.payload.len()
}

/// Records of one read, within its limit.
#[derive(Debug)]
pub(super) struct Page {
    records: Vec<Stored>,
    bytes: usize,
    limit: ReadLimit,
}

impl Page {
    pub(super) fn new(limit: ReadLimit) -> Self {
        Self {
            records: Vec::new(),
            bytes: 0,
            limit,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        !self.records.is_empty() && (self.records.len() >= self.limit.records || self.bytes >= self.limit.bytes)
    }

    pub(super) fn has_room(&self, record: &Stored) -> bool {
        let bytes = self.bytes + record.key.len() + record.payload.len();
        self.records.is_empty() || (self.records.len() < self.limit.records && bytes <= self.limit.bytes)
    }

    pub(super) fn push(&mut self, record: Stored) {
        self.bytes += record.key.len() + record.payload.len();
        self.records.push(record);
    }

    pub(super) fn into_records(self) -> Vec<Stored> {
        self.records
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use paceline_schemas::time::Instant;

    use super::*;

    fn record(offset: Offset) -> Stored {
        Stored {
            offset,
            append_time: Instant(0),
            key: Bytes::from_static(b"k"),
            payload: Bytes::from_static(b"123"),
        }
    }

    fn offsets(records: Option<Vec<Stored>>) -> Option<Vec<Offset>> {
        records.map(|records| records.into_iter().map(|r| r.offset).collect())
    }

    const ALL: ReadLimit = ReadLimit {
        records: usize::MAX,
        bytes: usize::MAX,
    };

    #[test]
    fn the_oldest_records_leave_when_the_bytes_are_used_up() {
        let mut tail = Tail::new(3 * cost(&record(0)));
        for offset in 10..15 {
            tail.push(record(offset));
        }
        assert_eq!(offsets(tail.read(12, ALL)), Some(vec![12, 13, 14]));
        assert_eq!(offsets(tail.read(11, ALL)), None, "left already");
        assert_eq!(offsets(tail.read(15, ALL)), None, "not there yet");
    }

    #[test]
    fn a_read_stops_at_either_limit_but_returns_one_record() {
        let mut tail = Tail::new(usize::MAX);
        for offset in 0..5 {
            tail.push(record(offset));
        }
        for (records, bytes, expected) in [(2, 99, 2), (9, 8, 2), (9, 7, 1), (0, 0, 1)] {
            let page = tail.read(0, ReadLimit { records, bytes }).expect("held");
            assert_eq!(page.len(), expected, "{records} records, {bytes} bytes");
        }
    }
}
