//! One shard: folds the records of its partition, gathers rows, and makes checkpoints of them.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant as Monotonic};

use paceline_ingest::dead_letter::{DeadLetter, Origin, Stage, sha256_hex};
use paceline_ingest::log::{LogSink, Record, StateSink, Stored};
use paceline_schemas::codec::{Limits, Refused, decode};
use paceline_schemas::event::{Data, Event};
use paceline_schemas::measures::contribution;
use paceline_schemas::position::{Offset, Partition, Topic};
use paceline_schemas::reject::Reject;
use paceline_schemas::time::Instant;
use paceline_snapshots::Error;
use paceline_snapshots::manifest::{Books, Fingerprint};
use paceline_snapshots::protocol::resume::Passed;
use paceline_snapshots::rows::{Arrival, Booked, Rows};
use paceline_snapshots::shard::{CheckpointInput, Opened, Owner, TableRows};
use paceline_windows::{Arrived, Effect, ShardState};

use crate::config::SnapshotOptions;
use crate::failure::{Exit, Failure};
use crate::live::{LiveRows, Version};
use crate::pipeline::FoldContext;
use crate::replay::record_of;
use crate::status::ShardStatus;

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
    pending: Option<CheckpointInput>,
    events_since: u64,
    /// The last checkpoint held ticks alone: who waits for the end of a day has it.
    has_told_silence: bool,
    state_records: u64,
    unsaved_since: Option<Monotonic>,
    state_saved: Monotonic,
    effects: Vec<Effect>,
    epoch: u64,
    live: Option<LiveRows>,
    /// What became of the records since the shard came here.
    news: ShardNews,
    checkpoint_at: Option<Instant>,
    appended_at: Option<Instant>,
}

/// What has become of records.
#[derive(Debug, Default)]
pub(crate) struct ShardNews {
    pub(crate) books: Books,
    /// Dead letters by reason.
    pub(crate) refused: BTreeMap<&'static str, u64>,
}

/// What came of a checkpoint.
#[derive(Debug)]
pub(crate) enum Saved {
    /// Everything folded so far is durable.
    Done,
    /// Another owner has gone on with the shard; what told so.
    Superseded(String),
}

/// Silence in which only ticks came, after which they are checkpointed all the same.
const TICKS_ONLY: Duration = Duration::from_secs(3600);

impl Shard {
    pub(crate) fn new(
        partition: Partition,
        owner: Owner,
        opened: Opened,
        context: &FoldContext,
        live: Option<LiveRows>,
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
            pending: None,
            events_since: 0,
            has_told_silence: false,
            state_records: 0,
            unsaved_since: None,
            state_saved: Monotonic::now(),
            effects: Vec::new(),
            epoch: opened.epoch.0,
            live,
            news: ShardNews::default(),
            checkpoint_at: None,
            appended_at: None,
        })
    }

    pub(crate) fn next(&self) -> Offset {
        self.next
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
            self.appended_at = Some(record.append_time);
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
        self.count(booked, record.offset >= self.output_from);
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
                    }
                }
                Effect::Rejected(reject) => {
                    booked = Booked::DeadLetter;
                    self.refuse(record, reject, None, Some(event));
                }
                Effect::Duplicate => booked = Booked::Duplicate,
                Effect::RowsChanged { of, windows } => {
                    if let Some(live) = &mut self.live {
                        live.note(of, *windows);
                    }
                }
                Effect::Increment { .. } | Effect::Late { .. } => {}
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
        *self.news.refused.entry(reject.reason.as_str()).or_default() += 1;
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

    fn count(&mut self, booked: Booked, is_output: bool) {
        // What is replayed was told of before.
        let mut unheard = Books::default();
        let told = if is_output { &mut self.news.books } else { &mut unheard };
        for books in [&mut self.books, told] {
            books.consumed += 1;
            match booked {
                Booked::Applied { late } => {
                    books.applied += 1;
                    books.late += u64::from(late);
                }
                Booked::Duplicate => books.duplicate += 1,
                Booked::DeadLetter => books.dead += 1,
                Booked::Tick => books.ticks += 1,
            }
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

    /// Says how it is doing.
    pub(crate) fn tell(&self, status: &mut ShardStatus) {
        status.next = self.next;
        status.end = status.end.max(self.next);
        status.appended_at = self.appended_at;
        status.watermark = self.state.watermark();
        status.checkpoint_at = self.checkpoint_at;
        // Ticks alone may wait.
        let waits = self.pending.is_some() || (self.has_unsaved() && self.events_since > 0);
        status.unsaved_since = self.unsaved_since.filter(|_| waits);
    }

    /// What has become of records since this was asked last.
    pub(crate) fn take_news(&mut self) -> ShardNews {
        std::mem::take(&mut self.news)
    }

    /// Shows the rows as of `now`.
    pub(crate) fn advance(&mut self, now: Instant) {
        let Some(live) = &mut self.live else { return };
        self.effects.clear();
        self.state.advance(now, &mut self.effects);
        for effect in &self.effects {
            if let Effect::RowsChanged { of, windows } = effect {
                live.note(of, *windows);
            }
        }
    }

    /// Live rows did not arrive.
    pub(crate) fn note_live_loss(&mut self, wait: Duration) {
        if let Some(live) = &mut self.live {
            live.note_loss(wait);
        }
    }

    /// Sends live rows that have changed.
    pub(crate) fn send_live(&mut self, sink: &mut dyn StateSink) -> Result<(), Failure> {
        let version = Version {
            shard: self.partition,
            epoch: self.epoch,
            offset: self.next,
        };
        let Some(live) = &mut self.live else { return Ok(()) };
        Ok(live.send(&self.state, version, sink)?)
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
        let by_time = if self.events_since > 0 || !self.has_told_silence {
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
    ) -> Result<Saved, Failure> {
        let state_stale = self.state_records > 0 && self.state_saved.elapsed() >= context.config.snapshots.state_every;
        if self.pending.is_none() {
            let owes_state = with_state && self.state_records > 0 && self.next >= self.output_from;
            if !self.has_unsaved() && !owes_state {
                return Ok(Saved::Done);
            }
            self.pending = Some(self.cut(context, with_state || state_stale));
        }
        if !self.dead_letters.is_empty() {
            sink.append(Topic::DeadLetters, self.dead_letters.clone())?;
            self.dead_letters.clear();
        }
        if let Some(input) = &self.pending {
            match self.owner.checkpoint(input, at).await {
                Ok(_) => {}
                Err(Error::Superseded { detail, .. }) => return Ok(Saved::Superseded(detail)),
                Err(error) => return Err(error.into()),
            }
            if input.state.is_some() {
                self.state_saved = Monotonic::now();
                self.state_records = 0;
            }
            self.checkpoint_at = Some(at);
            self.pending = None;
        }
        Ok(Saved::Done)
    }

    fn cut(&mut self, context: &FoldContext, with_state: bool) -> CheckpointInput {
        self.has_told_silence = self.events_since == 0;
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
