//! The rows of one file: read, settled, and handed over to the log, or refused.

use std::collections::BTreeSet;
use std::path::Path;

use paceline_ingest::dead_letter::{DeadLetter, Origin, Stage, sha256_hex};
use paceline_ingest::draft::Draft;
use paceline_ingest::import::Read;
use paceline_ingest::mapping::{Notes, Rejected};
use paceline_ingest::memory::{self, Memory};
use paceline_ingest::settle::{self, Outcome};
use paceline_schemas::codec::encode;
use paceline_schemas::event::Event;
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::symbol::Flag;
use paceline_schemas::time::Instant;

use super::batch::Batch;
use super::run::{Tally, open, unreadable};
use super::{Intake, Mapping};
use crate::failure::Failure;
use crate::request::{Listener, RefusedRow};

/// Events of a dry run that are shown.
const EVENTS_SHOWN: usize = 20;
/// Rows between two looks at the progress.
const ROWS_PER_LOOK: u64 = 2_000;

/// What one file is read for.
struct Reading<'a> {
    mapping: &'a Mapping,
    dry: Option<Memory>,
    received: Instant,
    batch: Batch,
    /// Only these lines, where a replay asks for them.
    lines: Option<&'a BTreeSet<u64>>,
    /// Line and block of corrections that were read before what they correct.
    early: BTreeSet<(u64, u32)>,
    /// The same while they, and nothing else, are read once more.
    again: Option<BTreeSet<(u64, u32)>>,
}

/// A refusal of a replayed row: line, block, and why.
pub(crate) type RefusedAgain = (u64, u32, Reject);

impl Reading<'_> {
    fn wants(&self, line: u64) -> bool {
        let asked = self.lines.is_none_or(|lines| lines.contains(&line));
        let blocks = (line, 0)..=(line, u32::MAX);
        asked
            && self
                .again
                .as_ref()
                .is_none_or(|again| again.range(blocks).next().is_some())
    }

    fn is_done(&self, line: u64, block: u32) -> bool {
        self.again.as_ref().is_some_and(|again| !again.contains(&(line, block)))
    }
}

impl Intake {
    /// Reads one file; `lines` restricts it to those rows.
    #[expect(
        clippy::too_many_arguments,
        reason = "one call for import and replay, each argument a plain fact"
    )]
    pub(crate) fn read_file(
        &mut self,
        file: &Path,
        mapping: &Mapping,
        received: Instant,
        dry_run: bool,
        lines: Option<&BTreeSet<u64>>,
        tally: &mut Tally,
        listener: &mut dyn Listener,
    ) -> Result<(), Failure> {
        self.settle_as(Some(&mapping.compiled));
        let dry = dry_run.then(|| self.scratch_memory()).transpose()?;
        let mut reading = Reading {
            mapping,
            dry,
            received,
            batch: Batch::default(),
            lines,
            early: BTreeSet::new(),
            again: None,
        };
        self.read_and_write(file, &mut reading, tally, listener)?;
        if !reading.early.is_empty() {
            reading.again = Some(std::mem::take(&mut reading.early));
            self.read_and_write(file, &mut reading, tally, listener)?;
        }
        Ok(())
    }

    /// Rows that were good before the file failed go to the log as any others. Memory may then hold the half of a row,
    /// so it is not committed.
    fn read_and_write(
        &mut self,
        file: &Path,
        reading: &mut Reading<'_>,
        tally: &mut Tally,
        listener: &mut dyn Listener,
    ) -> Result<(), Failure> {
        if let Err(failure) = self.read_rows(file, reading, tally, listener) {
            self.append(&mut reading.batch)?;
            return Err(failure);
        }
        self.write(&mut reading.batch)
    }

    fn read_rows(
        &mut self,
        file: &Path,
        reading: &mut Reading<'_>,
        tally: &mut Tally,
        listener: &mut dyn Listener,
    ) -> Result<(), Failure> {
        let label = file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut rows = open(file, reading.mapping)?;
        let mut looked = 0_u64;
        let digest = rows.file().digest.clone();
        while let Some(read) = rows.next() {
            looked += 1;
            tally.answer.counts.rows += u64::from(reading.again.is_none());
            self.read_row(read.map_err(unreadable)?, reading, (&label, &digest), tally)?;
            if reading.batch.len() >= self.config.ingest.batch_events {
                self.write(&mut reading.batch)?;
            }
            if looked.is_multiple_of(ROWS_PER_LOOK) {
                let (done, total) = rows.position();
                listener.progress(&label, done, total);
            }
        }
        let (_, total) = rows.position();
        listener.progress(&label, total, total);
        tally.columns.extend(rows.unmapped_columns());
        Ok(())
    }

    /// A memory over the same store whose changes are never committed.
    fn scratch_memory(&self) -> Result<Memory, Failure> {
        let options = memory::Options {
            entities_max: self.config.ingest.memory_entities_max,
        };
        Ok(Memory::open(self.store.clone(), options)?)
    }

    fn read_row(
        &mut self,
        read: Read,
        reading: &mut Reading<'_>,
        (label, digest): (&str, &str),
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let row = match read {
            Read::Row(row) => row,
            Read::Refused(refused) => {
                if reading.again.is_none() && reading.wants(refused.line) {
                    let origin = origin(reading.mapping, label, digest, refused.line, 0);
                    self.refuse(&refused.reject, origin, None, &[], refused.size, reading, tally);
                }
                return Ok(());
            }
        };
        if !reading.wants(row.line) {
            return Ok(());
        }
        let mut known = Notes::default();
        let notes = if reading.again.is_some() {
            &mut known
        } else {
            &mut tally.notes
        };
        let drafts = reading
            .mapping
            .compiled
            .drafts(&row, &self.stamper, reading.received, notes);
        if drafts.is_empty() {
            tally.answer.counts.skipped += 1;
        }
        let mut good = Vec::with_capacity(drafts.len());
        for draft in drafts {
            match draft {
                Ok(draft) if reading.is_done(draft.origin.line, draft.origin.block) => {}
                Ok(draft) => good.push(draft),
                Err(rejected) if reading.is_done(row.line, rejected.block) => {}
                Err(rejected) => {
                    let origin = origin(reading.mapping, label, digest, row.line, rejected.block);
                    self.refuse(
                        &rejected.reject,
                        origin,
                        Some(&rejected),
                        &row.bytes,
                        row.bytes.len(),
                        reading,
                        tally,
                    );
                }
            }
        }
        self.settle_row(good, (label, digest), &row.bytes, reading, tally)
    }

    fn settle_row(
        &mut self,
        drafts: Vec<Draft>,
        (label, digest): (&str, &str),
        bytes: &[u8],
        reading: &mut Reading<'_>,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let places: Vec<_> = drafts
            .iter()
            .map(|draft| (draft.origin.line, draft.origin.block, draft.event.envelope.event_type))
            .collect();
        if reading.again.is_none() {
            drafts.iter().for_each(|draft| note_draft(draft, tally));
        }
        let memory = reading.dry.as_mut().unwrap_or(&mut self.memory);
        let settled = settle::settle_record(memory, &self.settle, drafts, reading.received)?;
        for (outcome, (line, block, event_type)) in settled.into_iter().zip(places) {
            match outcome {
                Ok(settled) => {
                    match settled.outcome {
                        Outcome::Published => tally.answer.counts.published += 1,
                        Outcome::Unchanged => tally.answer.counts.unchanged += 1,
                        Outcome::Stale => tally.answer.counts.stale += 1,
                    }
                    tally.answer.counts.events += settled.events.len() as u64;
                    self.hand_over(&settled.events, reading, tally);
                }
                // Order inside a file is free: what is corrected may stand below its correction.
                Err(reject) if reject.reason == Reason::Orphan && reading.again.is_none() => {
                    reading.early.insert((line, block));
                }
                Err(reject) => {
                    let rejected = Rejected {
                        reject,
                        block,
                        event_type,
                        entity: None,
                    };
                    let origin = origin(reading.mapping, label, digest, line, block);
                    self.refuse(
                        &rejected.reject,
                        origin,
                        Some(&rejected),
                        bytes,
                        bytes.len(),
                        reading,
                        tally,
                    );
                }
            }
        }
        Ok(())
    }

    fn hand_over(&mut self, events: &[Event], reading: &mut Reading<'_>, tally: &mut Tally) {
        for event in events {
            if reading.dry.is_some() {
                if tally.answer.first_events.len() < EVENTS_SHOWN {
                    tally
                        .answer
                        .first_events
                        .extend(serde_json::from_slice::<serde_json::Value>(&encode(event)).ok());
                }
                continue;
            }
            if event.data.keyed().is_none() {
                self.learn(event);
            }
            reading.batch.push(event);
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a dead letter is made of these facts and no other"
    )]
    fn refuse(
        &mut self,
        reject: &Reject,
        origin: Origin,
        rejected: Option<&Rejected>,
        bytes: &[u8],
        size: usize,
        reading: &mut Reading<'_>,
        tally: &mut Tally,
    ) {
        tally.answer.counts.rejected += 1;
        let Origin::File { name, line, block, .. } = &origin else {
            return;
        };
        if tally.answer.rejects.len() < self.config.ingest.rejects_listed_max {
            tally.answer.rejects.push(RefusedRow {
                file: name.clone(),
                line: *line,
                block: *block + 1,
                reason: reject.reason.as_str().to_owned(),
                detail: reject.detail.clone(),
            });
        }
        if let Some(again) = &mut tally.refused_again {
            again.push((*line, *block, reject.clone()));
            return;
        }
        if reading.dry.is_some() {
            return;
        }
        let hash = sha256_hex(bytes);
        let mut letter = DeadLetter::new(
            reject.clone(),
            Stage::Adapter,
            origin,
            reading.received,
            size as u64,
            hash,
        );
        letter.source = self
            .stamper
            .source(reading.mapping.compiled.connection())
            .ok()
            .map(|source| source.to_string());
        letter.event_type = rejected.map(|rejected| rejected.event_type.name().to_owned());
        letter.event_id = rejected.and_then(|rejected| rejected.entity.clone());
        reading.batch.refuse(&letter);
    }
}

fn note_draft(draft: &Draft, tally: &mut Tally) {
    let Some(keyed) = draft.event.data.keyed() else { return };
    tally.last_day = tally.last_day.max(Some(keyed.business_date));
    tally.answer.counts.unknown_reps += u64::from(keyed.flags.has(Flag::RepUnmapped));
    tally.answer.counts.assumed_sites += u64::from(keyed.flags.has(Flag::SiteDefaulted));
}

fn origin(mapping: &Mapping, file_name: &str, digest: &str, line: u64, block: u32) -> Origin {
    Origin::File {
        name: file_name.to_owned(),
        digest: digest.to_owned(),
        line,
        block,
        mapping: mapping.compiled.name().to_owned(),
    }
}
