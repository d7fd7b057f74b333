//! The encoded state: versioned, in one order, and the same bytes for the same records.
//!
//! Sums are not in it: they are computed from panes at load, so a window that is new is filled from history.
//! Panes that are kept no more are left out even where they are still in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use paceline_schemas::ids::SiteId;
use paceline_schemas::site::Site;
use paceline_schemas::time::Instant;

use super::{Books, ShardState};
use crate::config::Options;
use crate::dedup::Entry;
use crate::effect::RowKey;
use crate::error::DecodeError;
use crate::hash;
use crate::pane::Run;
use crate::rep::RepSums;
use crate::watermark::Watermark;
use crate::wire::{Reader, Writer};

const MAGIC: &[u8; 8] = b"PLWINDOW";
const VERSION: u32 = 1;
/// Bytes of the hash over all others, at the end.
const CHECK: usize = 8;
const ENTRY: usize = 16;
/// Bytes that a rep takes at least: three texts, a time, two counts.
const REP_MIN: usize = 6;
/// Bytes that a pane takes at least: its position, its mask and one value.
const PANE_MIN: usize = 6;

impl ShardState {
    /// The state as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer(Vec::with_capacity(1024 + self.dedup.len() * (ENTRY + 1)));
        writer.bytes(MAGIC);
        writer.varint(u64::from(VERSION));
        writer.varint(self.next_offset);
        let mark = self.watermark.get();
        writer.varint(u64::from(mark.is_some()));
        writer.signed(mark.unwrap_or_default().0);
        for count in self.books.in_order() {
            writer.varint(count);
        }
        self.encode_ids(&mut writer);
        self.encode_reps(&mut writer);
        let check = hash::of_bytes(&writer.0);
        writer.bytes(&check.to_le_bytes());
        writer.0
    }

    fn encode_ids(&self, writer: &mut Writer) {
        writer.signed(self.dedup.minute());
        writer.varint(self.dedup.forgotten());
        writer.count(self.dedup.marks().len());
        for mark in self.dedup.marks() {
            writer.signed(mark.minute);
            writer.varint(mark.count);
        }
        for entry in self.dedup.entries() {
            writer.bytes(&entry.key.to_le_bytes());
            writer.bytes(&entry.content.to_le_bytes());
        }
    }

    fn encode_reps(&self, writer: &mut Writer) {
        let mark = self.watermark.get();
        let kept = self.windows.kept(mark);
        let mut reps = self.reps.sorted();
        reps.retain(|rep| !rep.is_gone(&self.windows, mark));
        writer.count(reps.len());
        for rep in reps {
            writer.text(rep.key.rep_id.as_str());
            writer.text(rep.key.currency.as_str());
            writer.text(rep.site().as_str());
            writer.signed(rep.newest().0);
            encode_run(writer, rep.minutes(), kept.minute);
            encode_run(writer, rep.days(), kept.day);
        }
    }

    /// The state of these bytes. Windows may be others than those it was encoded with; all are filled from its panes.
    ///
    /// # Errors
    /// The bytes are damaged or of another version, or the options do not fit each other.
    pub fn decode(bytes: &[u8], options: Options, sites: BTreeMap<SiteId, Site>) -> Result<Self, DecodeError> {
        let mut state = Self::new(options, sites)?;
        let mut reader = checked(bytes)?;
        state.next_offset = reader.varint()?;
        let seen = reader.varint()?;
        let time = Instant(reader.signed()?);
        if seen > 1 || (seen == 0 && time != Instant(0)) {
            return Err(reader.damaged("no watermark"));
        }
        state.watermark = Watermark::new((seen == 1).then_some(time));
        state.books = Books::read(&mut reader)?;
        state.decode_ids(&mut reader)?;
        state.move_to(time, &mut Vec::new());
        state.decode_reps(&mut reader)?;
        if !reader.is_at_end() {
            return Err(reader.damaged("more than a state"));
        }
        Ok(state)
    }

    fn decode_ids(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        let (minute, forgotten) = (reader.signed()?, reader.varint()?);
        self.dedup.resume(minute, forgotten);
        let mut marks = Vec::new();
        for _ in 0..reader.count(2)? {
            marks.push((reader.signed()?, reader.count(ENTRY)?));
        }
        let ascending = marks.iter().zip(marks.iter().skip(1)).all(|(a, b)| a.0 < b.0);
        let full = marks.iter().all(|(at, count)| *at <= minute && *count > 0);
        if !ascending || !full {
            return Err(reader.damaged("minutes of ids out of order"));
        }
        for (at, count) in marks {
            for _ in 0..count {
                let entry = Entry {
                    key: reader.word()?,
                    content: reader.word()?,
                };
                if !self.dedup.restore(entry, at) {
                    return Err(reader.damaged("an id that is there twice"));
                }
            }
        }
        Ok(())
    }

    fn decode_reps(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        let mut last: Option<Arc<RowKey>> = None;
        for _ in 0..reader.count(REP_MIN)? {
            let key = Arc::new(RowKey {
                rep_id: reader.id()?,
                currency: reader.id()?,
            });
            if last.is_some_and(|last| last >= key) {
                return Err(reader.damaged("reps out of order"));
            }
            last = Some(key.clone());
            let site: SiteId = reader.id()?;
            let newest = Instant(reader.signed()?);
            let minutes = decode_run(reader)?;
            let days = decode_run(reader)?;
            let rep = RepSums::new(key, site, newest, &self.as_of).with_panes(minutes, days, &self.windows);
            let due = rep.next_due(&self.windows, &self.as_of);
            let slot = self.reps.insert(rep);
            self.reps.schedule(slot, due);
        }
        Ok(())
    }
}

impl Books {
    fn in_order(&self) -> [u64; 6] {
        [
            self.consumed,
            self.applied,
            self.duplicate,
            self.dead,
            self.ticks,
            self.late,
        ]
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let books = Self {
            consumed: reader.varint()?,
            applied: reader.varint()?,
            duplicate: reader.varint()?,
            dead: reader.varint()?,
            ticks: reader.varint()?,
            late: reader.varint()?,
        };
        let parts = [books.applied, books.duplicate, books.dead, books.ticks];
        let sum = parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(*part));
        if sum != Some(books.consumed) || books.late > books.applied {
            return Err(reader.damaged("books that do not add up"));
        }
        Ok(books)
    }
}

/// A reader behind the head, once the hash at the end is right.
fn checked(bytes: &[u8]) -> Result<Reader<'_>, DecodeError> {
    let mut reader = Reader::new(bytes);
    if reader.bytes(MAGIC.len())? != MAGIC {
        return Err(reader.damaged("no state of windows"));
    }
    let found = reader.varint()?;
    if found != u64::from(VERSION) {
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        return Err(DecodeError::Version { found, known: VERSION });
    }
    let (body, check) = bytes
        .split_last_chunk::<CHECK>()
        .ok_or_else(|| reader.damaged("an end too early"))?;
    if hash::of_bytes(body) != u64::from_le_bytes(*check) {
        return Err(reader.damaged("a hash that does not fit"));
    }
    reader.cut(CHECK);
    Ok(reader)
}

fn encode_run(writer: &mut Writer, run: &Run, kept: i32) {
    writer.count(run.panes_after(kept).count());
    let mut before = 0;
    for (at, packed) in run.panes_after(kept) {
        writer.signed(i64::from(at) - before);
        before = i64::from(at);
        writer.bytes(packed);
    }
}

fn decode_run(reader: &mut Reader<'_>) -> Result<Run, DecodeError> {
    let mut run = Run::default();
    let mut at = 0_i64;
    for n in 0..reader.count(PANE_MIN)? {
        let step = reader.signed()?;
        at = at.saturating_add(step);
        if n > 0 && step <= 0 {
            return Err(reader.damaged("panes out of order"));
        }
        let position = i32::try_from(at)
            .ok()
            .filter(|at| at.abs() <= crate::window::POSITION_MAX);
        let position = position.ok_or_else(|| reader.damaged("a pane out of range"))?;
        run.push_packed(position, reader.packed()?);
    }
    Ok(run)
}

#[cfg(test)]
mod tests;
