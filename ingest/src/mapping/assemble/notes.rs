//! What an import tells about its rows beside events and refusals.

use std::collections::BTreeMap;

/// Counts of rows, and values that no map has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// Rows seen.
    pub rows: u64,
    /// Rows that no block takes.
    pub skipped: u64,
    /// Values that a map knows only by `*` or not at all, by map and value, with their count.
    pub unmapped_values: BTreeMap<(String, String), u64>,
    /// Such values beyond the first thousand.
    pub unmapped_more: u64,
}

const VALUES_MAX: usize = 1_000;

impl Notes {
    pub(super) fn count(&mut self, skipped: bool) {
        self.rows += 1;
        self.skipped += u64::from(skipped);
    }

    pub(super) fn unmapped(&mut self, map: &str, value: &str) {
        let key = (map.to_owned(), value.to_owned());
        if let Some(count) = self.unmapped_values.get_mut(&key) {
            *count += 1;
        } else if self.unmapped_values.len() < VALUES_MAX {
            self.unmapped_values.insert(key, 1);
        } else {
            self.unmapped_more += 1;
        }
    }
}
