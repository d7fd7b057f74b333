//! An open-addressing index from keys to the numbers of entries: four bytes a slot, linear probing.
//!
//! It holds no keys; whoever calls hands in how to read the entry of a number.

use super::Entry;

/// Bits of a number; the highest bit of a slot says that it is taken.
pub(super) const NUMBER_MASK: u32 = 0x7fff_ffff;
const TAKEN: u32 = 0x8000_0000;
const SLOTS_MIN: usize = 16;

#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// A power of two of slots, or none at all.
    slots: Vec<u32>,
    taken: usize,
}

impl Index {
    pub(super) fn find(&self, key: u64, entry_of: impl Fn(u32) -> Option<Entry>) -> Option<Entry> {
        let mut position = self.home(key);
        loop {
            let number = self.number(position)?;
            let entry = entry_of(number)?;
            if entry.key == key {
                return Some(entry);
            }
            position = self.after(position);
        }
    }

    /// Adds a key that is not there.
    pub(super) fn insert(&mut self, key: u64, number: u32, entry_of: impl Fn(u32) -> Option<Entry>) {
        if self.taken * 4 >= self.slots.len() * 3 {
            self.grow(entry_of);
        }
        self.taken += 1;
        self.place(key, number);
    }

    /// Takes out the key of `number`, and closes the gap so that probing finds what lies behind it.
    pub(super) fn remove(&mut self, key: u64, number: u32, entry_of: impl Fn(u32) -> Option<Entry>) {
        let mut gap = self.home(key);
        loop {
            match self.number(gap) {
                Some(found) if found == number => break,
                Some(_) => gap = self.after(gap),
                None => return,
            }
        }
        self.taken -= 1;
        let mut position = self.after(gap);
        while let Some(moving) = self.number(position) {
            let Some(entry) = entry_of(moving) else { break };
            let from_home = self.distance(self.home(entry.key), position);
            if from_home >= self.distance(gap, position) {
                self.set(gap, moving | TAKEN);
                gap = position;
            }
            position = self.after(position);
        }
        self.set(gap, 0);
    }

    fn grow(&mut self, entry_of: impl Fn(u32) -> Option<Entry>) {
        let wider = (self.slots.len() * 2).max(SLOTS_MIN);
        let before = std::mem::replace(&mut self.slots, vec![0; wider]);
        for slot in before.into_iter().filter(|slot| *slot != 0) {
            let number = slot & NUMBER_MASK;
            if let Some(entry) = entry_of(number) {
                self.place(entry.key, number);
            }
        }
    }

    fn place(&mut self, key: u64, number: u32) {
        let mut position = self.home(key);
        while self.number(position).is_some() {
            position = self.after(position);
        }
        self.set(position, number | TAKEN);
    }

    fn number(&self, position: usize) -> Option<u32> {
        self.slots
            .get(position)
            .filter(|slot| **slot != 0)
            .map(|slot| slot & NUMBER_MASK)
    }

    fn set(&mut self, position: usize, slot: u32) {
        if let Some(target) = self.slots.get_mut(position) {
            *target = slot;
        }
    }

    /// The slot that a key is looked for first; keys are hashes, so their low bits spread.
    #[expect(clippy::cast_possible_truncation, reason = "the mask keeps less than the cast does")]
    fn home(&self, key: u64) -> usize {
        key as usize & self.mask()
    }

    fn after(&self, position: usize) -> usize {
        (position + 1) & self.mask()
    }

    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & self.mask()
    }

    fn mask(&self) -> usize {
        self.slots.len().wrapping_sub(1)
    }
}
