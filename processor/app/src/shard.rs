//! One shard: folds the records of its partition, gathers rows, and makes checkpoints of them.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant as Monotonic};

use paceline_ingest::dead_letter::{DeadLetter, Origin, Stage, sha256_hex};
use paceline_ingest::log::{LogSink, Record, Stored};
use paceline_schemas::codec::{Limits, Refused, decode};
use paceline_schemas::event::{Data, Event};
use paceline_schemas::measures::contribution;
use paceline_schemas::position::{Offset, Partition, Topic};
use paceline_schemas::reject::Reject;
use paceline_schemas::time::{Day, Instant};
use paceline_snapshots::manifest::{Books, Fingerprint};
use paceline_snapshots::protocol::resume::Passed;
use paceline_snapshots::rows::{Arrival, Booked, Rows};
use paceline_snapshots::shard::{CheckpointInput, Opened, Owner, TableRows};
use paceline_windows::{Arrived, Effect, ShardState};

use crate::config::SnapshotOptions;
use crate::failure::{Exit, Failure};
use crate::pipeline::FoldContext;
use crate::replay::record_of;

/// The fold of one partition with what it has not checkpointed yet.
#[derive(Debug)]
pub(crate) struct Shard {
    partition: Partition,
    pub(crate) owner: Owner,
    state: ShardState,
    rows: Rows,
    dead_letters: Vec<Record>,
    replay: VecDeque<Passed>,
    output_from: Offset,
    next: Offset,
    books: Books,
    last: Option<Fingerprint>,
    first_day: Option<Day>,
    pending: Option<CheckpointInput>,
    events_since: u64,
    state_records: u64,
    unsaved_since: Option<Monotonic>,
    state_saved: Monotonic,
    effects: Vec<Effect>,
}

/// Silence in which only ticks came, after which they are checkpointed all the same.
const TICKS_ONLY: Duration = Duration::from_secs(3600);

impl Shard {
    pub(crate) fn new(
        partition: Partition,
        owner: Owner,
        opened: Opened,
        context: &FoldContext,
    ) -> Result<Self, Failure> {
        for warning in &opened.warnings {
            tracing::warn!(partition, "{warning}");
        }
        let sites = context.config.sites.clone();
        let options = context.config.windows.clone();
        let state = match &opened.state {
            Some(bytes) => ShardState::decode(bytes, options, sites).map_err(|e| Failure::new(Exit::Failed, e))?,
            None => ShardState::new(options, sites).map_err(|e| Failure::new(Exit::Usage, e))?,
        };
        Ok(Self {
            partition,
            owner,
            state,
            rows: Rows::default(),
            dead_letters: Vec::new(),
            replay: opened.replay.into(),
            output_from: opened.next,
            next: opened.state_next,
            books: Books::default(),
            last: opened.last,
            first_day: None,
            pending: None,
            events_since: 0,
            state_records: 0,
            unsaved_since: None,
            state_saved: Monotonic::now(),
            effects: Vec::new(),
        })
    }

    pub(crate) fn next(&self) -> Offset {
        self.next
    }

    pub(crate) fn watermark(&self) -> Option<Instant> {
        self.state.watermark()
    }

    /// The earliest business date that increments have touched and that was not published yet.
    pub(crate) fn first_day(&self) -> Option<Day> {
        self.first_day
    }

    /// Everything folded so far is published.
    pub(crate) fn note_published(&mut self) {
        self.first_day = None;
    }

    pub(crate) fn fold(&mut self, records: &[Stored]) -> Result<(), Failure> {
        for record in records {
            if record.offset < self.next {
                continue;
            }
            self.fold_one(record)?;
            self.next = record.offset + 1;
            self.pass_replayed()?;
        }
        // A checkpoint is cut between batches only, so the last record of each is the one to remember.
        if let Some(record) = records.last().filter(|record| record.offset + 1 == self.next) {
            self.last = Some(Fingerprint {
                offset: record.offset,
                ts: record.append_time.0,
                crc32c: format!("{:08x}", crc32c::crc32c(&record.payload)),
            });
        }
        Ok(())
    }

    fn fold_one(&mut self, record: &Stored) -> Result<(), Failure> {
        self.state_records += 1;
        let booked = match decode(&record.payload, Limits::default()) {
            Ok(event) => self.apply(&event, record),
            Err(refused) => {
                self.state.refuse(record.offset);
                self.refuse(record, &refused.reject, Some(&refused), None);
                Booked::DeadLetter
            }
        };
        self.count(booked);
        Ok(())
    }

    fn apply(&mut self, event: &Event, record: &Stored) -> Booked {
        let mut effects = std::mem::take(&mut self.effects);
        effects.clear();
        let content = xxhash_rust::xxh3::xxh3_64(&record.payload);
        let arrived = Arrived {
            offset: record.offset,
            append_time: record.append_time,
            content,
        };
        let contributed = contribution(event);
        self.state.apply_counted(event, &contributed, arrived, &mut effects);
        let output = record.offset >= self.output_from;
        let mut booked = if matches!(event.data, Data::Tick) {
            Booked::Tick
        } else {
            Booked::Applied { late: false }
        };
        for effect in &effects {
            match effect {
                Effect::Fact { late } => {
                    booked = Booked::Applied { late: *late };
                    let arrival = Arrival {
                        shard: i64::from(self.partition),
                        offset: i64::try_from(record.offset).unwrap_or(i64::MAX),
                        appended_at: record.append_time,
                        late: *late,
                    };
                    if output {
                        self.rows.fact(event, arrival);
                    }
                }
                Effect::Increment { part } if output => {
                    if let Some((place, vector)) = contributed.parts().nth(*part) {
                        self.rows.increment(place, vector);
                        let day = self
                            .first_day
                            .map_or(place.business_date, |day| day.min(place.business_date));
                        self.first_day = Some(day);
                    }
                }
                Effect::Rejected(reject) => {
                    booked = Booked::DeadLetter;
                    self.refuse(record, reject, None, Some(event));
                }
                Effect::Duplicate => booked = Booked::Duplicate,
                Effect::Increment { .. } | Effect::RowsChanged { .. } | Effect::Late { .. } => {}
            }
        }
        self.effects = effects;
        if output {
            let day = event.data.keyed().map(|keyed| keyed.business_date);
            self.rows
                .book(event.envelope.source.as_str(), day, record.append_time, booked);
        }
        booked
    }

    fn refuse(&mut self, record: &Stored, reject: &Reject, refused: Option<&Refused>, event: Option<&Event>) {
        if record.offset < self.output_from {
            return;
        }
        if event.is_none() {
            let source = refused
                .and_then(|refused| refused.source.as_deref())
                .unwrap_or_default();
            self.rows.book(source, None, record.append_time, Booked::DeadLetter);
        }
        let origin = Origin::Record {
            topic: Topic::Events.name().to_owned(),
            partition: self.partition,
            offset: record.offset,
        };
        let (size, hash) = (record.payload.len() as u64, sha256_hex(&record.payload));
        let mut letter = DeadLetter::new(reject.clone(), Stage::Processor, origin, record.append_time, size, hash);
        letter.source = event
            .map(|e| e.envelope.source.to_string())
            .or_else(|| refused?.source.clone());
        letter.event_type = event
            .map(|e| e.envelope.event_type.name().to_owned())
            .or_else(|| refused?.event_type.clone());
        letter.event_id = event.map(|e| e.envelope.id.to_string()).or_else(|| refused?.id.clone());
        self.dead_letters.push(record_of(&letter));
    }

    fn count(&mut self, booked: Booked) {
        self.books.consumed += 1;
        match booked {
            Booked::Applied { late } => {
                self.books.applied += 1;
                self.books.late += u64::from(late);
            }
            Booked::Duplicate => self.books.duplicate += 1,
            Booked::DeadLetter => self.books.dead += 1,
            Booked::Tick => self.books.ticks += 1,
        }
        self.events_since += u64::from(booked != Booked::Tick);
        self.unsaved_since.get_or_insert_with(Monotonic::now);
    }

    /// Compares the books at each cut of the replay with those of its manifest.
    fn pass_replayed(&mut self) -> Result<(), Failure> {
        while let Some(passed) = self.replay.front().filter(|passed| passed.next <= self.next) {
            if passed.next == self.next && passed.books != self.books {
                let text = format!(
                    "shard {} at offset {}: the replay counts {:?}, manifest {} says {:?}; \
                     this release folds otherwise than the one that wrote it: use that release",
                    self.partition, self.next, self.books, passed.seq, passed.books
                );
                return Err(Failure::new(Exit::Failed, text));
            }
            self.replay.pop_front();
            self.books = Books::default();
            self.events_since = 0;
            self.unsaved_since = None;
        }
        Ok(())
    }

    /// True when something waits for a checkpoint.
    pub(crate) fn has_unsaved(&self) -> bool {
        self.pending.is_some() || (self.next > self.owner.next() && self.next >= self.output_from)
    }

    pub(crate) fn checkpoint_due(&self, options: &SnapshotOptions) -> bool {
        let Some(since) = self.unsaved_since.filter(|_| self.has_unsaved()) else {
            return self.pending.is_some();
        };
        let age = since.elapsed();
        let by_time = if self.events_since > 0 {
            age >= options.checkpoint_every
        } else {
            age >= TICKS_ONLY
        };
        by_time || self.events_since >= options.checkpoint_records || self.rows.bytes() >= options.checkpoint_bytes
    }

    /// STAGE and MANIFEST. After a failure the same rows are tried again by the next call.
    pub(crate) async fn checkpoint(
        &mut self,
        context: &FoldContext,
        with_state: bool,
        sink: &dyn LogSink,
        at: Instant,
    ) -> Result<(), Failure> {
        let state_stale = self.state_records > 0 && self.state_saved.elapsed() >= context.config.snapshots.state_every;
        if self.pending.is_none() {
            if !self.has_unsaved() {
                return Ok(());
            }
            self.pending = Some(self.cut(context, with_state || state_stale));
        }
        if !self.dead_letters.is_empty() {
            sink.append(Topic::DeadLetters, self.dead_letters.clone())?;
            self.dead_letters.clear();
        }
        if let Some(input) = &self.pending {
            self.owner.checkpoint(input, at).await?;
            if input.state.is_some() {
                self.state_saved = Monotonic::now();
                self.state_records = 0;
            }
            self.pending = None;
        }
        Ok(())
    }

    fn cut(&mut self, context: &FoldContext, with_state: bool) -> CheckpointInput {
        self.events_since = 0;
        self.unsaved_since = None;
        CheckpointInput {
            rows: self
                .rows
                .take()
                .into_iter()
                .map(|(table, rows)| TableRows { table, rows })
                .collect(),
            next: self.next,
            watermark: self.state.watermark(),
            last: self.last.clone(),
            books: std::mem::take(&mut self.books),
            state: with_state.then(|| self.state.encode().into()),
            config: context.fold_config.clone(),
            accepted_loss: Vec::new(),
        }
    }
}

/// Limits that a replay must use again, as the manifest keeps them.
pub(crate) fn params(options: &paceline_windows::Options) -> BTreeMap<String, i64> {
    let second = paceline_schemas::time::SECOND_US;
    BTreeMap::from([
        ("dedup_s".to_owned(), options.dedup_horizon_us / second),
        ("skew_s".to_owned(), options.skew_max_us / second),
        ("lateness_s".to_owned(), options.lateness_max_us / second),
    ])
}
