//! One import: every file row by row, with counts and the first refused rows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use paceline_ingest::dead_letter::{DeadLetter, Origin, Stage, sha256_hex};
use paceline_ingest::draft::Draft;
use paceline_ingest::import::{self, Read};
use paceline_ingest::mapping::{Notes, Rejected};
use paceline_ingest::memory::{self, Memory};
use paceline_ingest::settle::{self, Outcome};
use paceline_schemas::codec::encode;
use paceline_schemas::event::Event;
use paceline_schemas::reject::Reject;
use paceline_schemas::symbol::Flag;
use paceline_schemas::time::{Day, Instant};

use super::batch::Batch;
use super::{Intake, Mapping};
use crate::clock;
use crate::failure::{Exit, Failure};
use crate::imports::{Counts, Import, Imports};
use crate::station::{Answer, ImportOptions, Listener, RefusedRow};

/// Events of a dry run that are shown.
const EVENTS_SHOWN: usize = 20;
/// Rows between two looks at the progress.
const ROWS_PER_LOOK: u64 = 2_000;

/// Gathered over the files of one import.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) answer: Answer,
    /// Refusals of a replay, whose dead letters are there already.
    pub(crate) refused_again: Option<Vec<RefusedAgain>>,
    notes: Notes,
    columns: BTreeSet<String>,
    last_day: Option<Day>,
}

/// What one file is read for.
struct Reading<'a> {
    mapping: &'a Mapping,
    dry: Option<Memory>,
    received: Instant,
    batch: Batch,
    /// Only these lines, where a replay asks for them.
    lines: Option<&'a BTreeSet<u64>>,
}

/// A refusal of a replayed row: line, block, and why.
pub(crate) type RefusedAgain = (u64, u32, Reject);

impl Intake {
    /// Imports `files` as `mapping` says.
    ///
    /// # Errors
    /// A file or the log failed; what was acknowledged before stays.
    pub fn import(
        &mut self,
        files: &[PathBuf],
        mapping: &Mapping,
        options: &ImportOptions,
        listener: &mut dyn Listener,
    ) -> Result<Answer, Failure> {
        self.announce(files, mapping, options, listener)?;
        let imports = Imports::new(&self.config.data);
        let mut tally = Tally::default();
        let mut known = 0;
        for file in files {
            let digest = open(file, mapping)?.file().digest.clone();
            let earlier = imports.find(&digest, &mapping.digest)?;
            tally.answer.files.push(file.display().to_string());
            if let Some(done) = earlier.as_ref().filter(|import| import.complete && !options.dry_run) {
                known += 1;
                let again = Counts {
                    published: 0,
                    events: 0,
                    unchanged: done.counts.published + done.counts.unchanged,
                    ..done.counts
                };
                tally.answer.counts.add(&again);
                listener.note(&format!(
                    "`{}` was imported by this mapping before; nothing is to be done",
                    file.display()
                ));
                continue;
            }
            // A file has one receipt time, also when it is read again after a crash.
            let received = earlier.map_or_else(clock::now, |import| Instant(import.received_us));
            let mut entry = Import {
                file_digest: digest,
                file: std::path::absolute(file).unwrap_or_else(|_| file.clone()),
                mapping_text: mapping.text.clone(),
                received_us: received.0,
                complete: false,
                counts: Counts::default(),
            };
            if !options.dry_run {
                imports.enter(&mapping.digest, &entry)?;
            }
            let before = tally.answer.counts;
            self.read_file(file, mapping, received, options.dry_run, None, &mut tally, listener)?;
            if !options.dry_run {
                entry.complete = true;
                entry.counts = tally.answer.counts.since(&before);
                imports.enter(&mapping.digest, &entry)?;
            }
        }
        if !options.dry_run
            && let Some(day) = options.through.or(tally.last_day)
        {
            self.tick_end_of(day)?;
        }
        let mut answer = tally.answer;
        answer.duplicate_file = known == files.len();
        answer.unmapped_columns = tally.columns.into_iter().collect();
        answer.unmapped_values = tally
            .notes
            .unmapped_values
            .keys()
            .map(|(map, value)| format!("{map}: {value}"))
            .collect();
        Ok(answer)
    }

    /// Says how many rows are of unknown reps or of an assumed site; with several sites those need `accept`.
    fn announce(
        &mut self,
        files: &[PathBuf],
        mapping: &Mapping,
        options: &ImportOptions,
        listener: &mut dyn Listener,
    ) -> Result<(), Failure> {
        if self.config.sites.len() < 2 || options.accept {
            return Ok(());
        }
        let (mut unmapped, mut defaulted) = (0_u64, 0_u64);
        let mut notes = Notes::default();
        for file in files {
            for read in open(file, mapping)? {
                let Read::Row(row) = read.map_err(unreadable)? else {
                    continue;
                };
                for draft in mapping
                    .compiled
                    .drafts(&row, &self.stamper, clock::now(), &mut notes)
                    .into_iter()
                    .flatten()
                {
                    let flags = draft.event.data.keyed().map(|keyed| keyed.flags);
                    unmapped += u64::from(flags.is_some_and(|flags| flags.has(Flag::RepUnmapped)));
                    defaulted += u64::from(flags.is_some_and(|flags| flags.has(Flag::SiteDefaulted)));
                }
            }
        }
        if unmapped + defaulted == 0 {
            return Ok(());
        }
        let text = format!(
            "{unmapped} facts are of reps without an alias, {defaulted} take the default site `{}`; \
             import the people first, or say --accept",
            self.config.default_site
        );
        if options.dry_run {
            listener.note(&text);
            return Ok(());
        }
        Err(Failure::new(Exit::Wanting, text))
    }

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
        let settings = mapping.compiled.settings();
        self.settle.credit = if settings.credit_follows_owner {
            settle::Credit::FollowsOwner
        } else {
            settle::Credit::Stays
        };
        self.settle.retained_within_days = i32::try_from(settings.retained_within_days).unwrap_or(i32::MAX);
        let dry = dry_run.then(|| self.scratch_memory()).transpose()?;
        let mut reading = Reading {
            mapping,
            dry,
            received,
            batch: Batch::default(),
            lines,
        };
        let label = file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut rows = open(file, mapping)?;
        let digest = rows.file().digest.clone();
        while let Some(read) = rows.next() {
            tally.answer.counts.rows += 1;
            self.read_row(read.map_err(unreadable)?, &mut reading, (&label, &digest), tally)?;
            if reading.batch.len() >= self.config.ingest.batch_events {
                self.write(&mut reading.batch)?;
            }
            if tally.answer.counts.rows.is_multiple_of(ROWS_PER_LOOK) {
                let (done, total) = rows.position();
                listener.progress(&label, done, total);
            }
        }
        self.write(&mut reading.batch)?;
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
        Ok(Memory::open(self.log.keyspace("memory")?, options)?)
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
                if reading.lines.is_none_or(|lines| lines.contains(&refused.line)) {
                    let origin = origin(reading.mapping, label, digest, refused.line, 0);
                    self.refuse(&refused.reject, origin, None, &[], refused.size, reading, tally);
                }
                return Ok(());
            }
        };
        if reading.lines.is_some_and(|lines| !lines.contains(&row.line)) {
            return Ok(());
        }
        let drafts = reading
            .mapping
            .compiled
            .drafts(&row, &self.stamper, reading.received, &mut tally.notes);
        if drafts.is_empty() {
            tally.answer.counts.skipped += 1;
        }
        let mut good = Vec::with_capacity(drafts.len());
        for draft in drafts {
            match draft {
                Ok(draft) => good.push(draft),
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
        for draft in &drafts {
            note_draft(draft, tally);
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

fn open(file: &Path, mapping: &Mapping) -> Result<import::Rows, Failure> {
    import::open(file, &mapping.compiled).map_err(unreadable)
}

#[expect(clippy::needless_pass_by_value, reason = "used as the argument of map_err")]
fn unreadable(error: import::Error) -> Failure {
    let exit = match error.class() {
        import::Class::Input => Exit::Usage,
        import::Class::Transient => Exit::Transient,
        import::Class::Fatal => Exit::Failed,
    };
    Failure::new(exit, crate::failure::chain(&error))
}
