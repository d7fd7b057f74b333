//! Feeds: the topics of a connection, read for as long as the process runs.
//!
//! Per round: take records, settle, append, wait for the acknowledgement, commit memory, commit the positions. What is
//! read again after a crash was published before and gives nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant as Monotonic};

use paceline_ingest::canonical;
use paceline_ingest::connection::{Incoming, KafkaConnection};
use paceline_ingest::dead_letter::{DeadLetter, Origin, Stage, sha256_hex};
use paceline_ingest::draft::Draft;
use paceline_ingest::import::{FileName, Limits as RowLimits, Objects};
use paceline_ingest::log::ReadLimit;
use paceline_ingest::mapping::Notes;
use paceline_ingest::settle;
use paceline_schemas::codec::{Limits, Refused};
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::time::Instant;

use super::batch::Batch;
use super::{Intake, Mapping};
use crate::clock;
use crate::config::Connection;
use crate::failure::{Exit, Failure};
use crate::status::{Board, ConnectionStatus};

/// Wait after a source that could not be read.
const RETRY: Duration = Duration::from_secs(5);
/// A source that has been read for so long is well again; what it fails of then is told anew.
const WELL_AFTER: Duration = Duration::from_secs(60);
/// Failures remembered as told.
const TOLD_MAX: usize = 16;
/// Bytes of one round.
const ROUND_BYTES: usize = 4 << 20;
/// A source whose newest record lies back further is being caught up with.
const BEHIND_US: i64 = 60 * paceline_schemas::time::SECOND_US;

/// A connection and how far it is.
#[derive(Debug)]
pub(crate) struct Feed {
    connection: Connection,
    mapping: Option<(Mapping, Objects)>,
    open: Option<KafkaConnection>,
    opened_at: Monotonic,
    retry_at: Option<Monotonic>,
    /// The last failure, until the source is well again.
    failing: Option<String>,
    /// Failures that were told meanwhile, each once.
    told: BTreeSet<String>,
    /// Receipt of the newest record of the last round.
    newest: Option<(Instant, Monotonic)>,
    taken: u64,
    refused: BTreeMap<&'static str, u64>,
}

impl Feed {
    /// Prepares a connection; nothing is read yet.
    ///
    /// # Errors
    /// The mapping cannot be read, has faults, or is not one for records.
    pub(crate) fn new(connection: &Connection) -> Result<Self, Failure> {
        let mapping = connection.mapping.as_deref().map(|path| {
            let text = crate::commands::mapping_text(path)?;
            let mapping = super::compile(&path.display().to_string(), &text)?;
            check_mapping(connection, &mapping)?;
            let label = FileName {
                name: connection.name.clone(),
                digest: String::new(),
            };
            let objects = Objects::new(&mapping.compiled, Arc::new(label));
            Ok::<_, Failure>((mapping, objects))
        });
        Ok(Self {
            connection: connection.clone(),
            mapping: mapping.transpose()?,
            open: None,
            opened_at: Monotonic::now(),
            retry_at: None,
            failing: None,
            told: BTreeSet::new(),
            newest: None,
            taken: 0,
            refused: BTreeMap::new(),
        })
    }

    /// True while records come that lie back too far for the clock to be believed.
    pub(crate) fn is_behind(&self, within: Duration) -> bool {
        self.newest
            .is_some_and(|(received, at)| at.elapsed() < within && clock::now().0 - received.0 > BEHIND_US)
    }

    /// The next records; none as well where the source cannot be read now.
    fn take(&mut self, records_max: usize) -> Vec<Incoming> {
        if self.retry_at.is_some_and(|at| Monotonic::now() < at) {
            return Vec::new();
        }
        let limit = ReadLimit {
            records: records_max,
            bytes: ROUND_BYTES,
        };
        match self.connected().and_then(|open| Ok(open.take(limit, Duration::ZERO)?)) {
            Ok(mut records) => {
                self.retry_at = None;
                // It opens, and gives nothing, where it may not be read.
                if self.failing.is_some() && (!records.is_empty() || self.opened_at.elapsed() > WELL_AFTER) {
                    tracing::info!(connection = self.connection.name, "it is read again");
                    self.failing = None;
                    self.told.clear();
                }
                self.taken += records.len() as u64;
                // A producer's clock may be ahead; nothing is received later than now.
                let now = clock::now();
                for record in &mut records {
                    record.received = record.received.min(now);
                }
                if let Some(last) = records.last() {
                    self.newest = Some((last.received, Monotonic::now()));
                }
                records
            }
            Err(failure) => {
                self.put_off(&failure);
                Vec::new()
            }
        }
    }

    fn connected(&mut self) -> Result<&mut KafkaConnection, Failure> {
        if self.open.is_none() {
            self.open = Some(KafkaConnection::open(&self.connection.kafka, &self.connection.topics)?);
            self.opened_at = Monotonic::now();
        }
        self.open
            .as_mut()
            .ok_or_else(|| Failure::new(Exit::OurFault, "a connection was opened and is not there"))
    }

    fn commit(&mut self) {
        let committed = self.open.as_mut().map_or(Ok(()), KafkaConnection::commit);
        if let Err(error) = committed {
            // The records come again and give nothing.
            self.put_off(&error.into());
        }
    }

    /// Leaves the source alone for a while; it begins again at its committed positions.
    pub(crate) fn put_off(&mut self, failure: &Failure) {
        self.open = None;
        self.retry_at = Some(Monotonic::now() + RETRY);
        let text = failure.to_string();
        if !self.told.contains(&text) {
            tracing::error!(connection = self.connection.name, "{text}; tried again every {RETRY:?}");
            if self.told.len() >= TOLD_MAX {
                self.told.clear();
            }
            self.told.insert(text.clone());
        }
        self.failing = Some(text);
    }

    /// Says how it is doing.
    pub(crate) fn tell(&mut self, board: &Board) {
        let mut status = board.status();
        for (reason, count) in std::mem::take(&mut self.refused) {
            *status.dead_letters.entry(reason).or_default() += count;
        }
        match status.connections.get_mut(self.name()) {
            Some(known) => {
                known.records = self.taken;
                known.failing.clone_from(&self.failing);
            }
            None => drop(
                status
                    .connections
                    .insert(self.name().to_owned(), ConnectionStatus::default()),
            ),
        }
    }

    fn name(&self) -> &str {
        &self.connection.name
    }
}

fn check_mapping(connection: &Connection, mapping: &Mapping) -> Result<(), Failure> {
    let fault = |text: String| {
        let text = format!("the mapping of the connection `{}`: {text}", connection.name);
        Err(Failure::new(Exit::Usage, text))
    };
    if mapping.compiled.connection() != connection.name {
        return fault(format!(
            "its `connection` is `{}`, the same name is needed",
            mapping.compiled.connection()
        ));
    }
    if mapping.compiled.is_of_targets() {
        return fault(
            "it makes targets of a sheet, not events: `paceline targets import` reads such a file".to_owned(),
        );
    }
    if mapping.compiled.layout().counts_repeats {
        return fault("it names no `entity`: a record that is read again could not be told from another".to_owned());
    }
    Ok(())
}

impl Intake {
    /// Takes one round of records of a feed; returns how many there were.
    ///
    /// # Errors
    /// The log or the memory failed; the intake is opened again, and the feed begins at its committed positions.
    pub(crate) fn pull(&mut self, feed: &mut Feed) -> Result<usize, Failure> {
        let records = feed.take(self.config.ingest.batch_events);
        if records.is_empty() {
            feed.commit();
            return Ok(0);
        }
        self.settle_as(feed.mapping.as_ref().map(|(mapping, _)| &mapping.compiled));
        let mut batch = Batch::default();
        for record in &records {
            self.take_record(feed, record, &mut batch)?;
        }
        self.write(&mut batch)?;
        feed.commit();
        Ok(records.len())
    }

    fn take_record(&mut self, feed: &mut Feed, record: &Incoming, batch: &mut Batch) -> Result<(), Failure> {
        let drafts = match &mut feed.mapping {
            Some((mapping, objects)) if !canonical::is_cloud_event(&record.headers) => {
                self.by_mapping(mapping, objects, record)
            }
            _ => vec![self.by_envelope(feed.name(), record)],
        };
        let mut good = Vec::with_capacity(drafts.len());
        for draft in drafts {
            match draft {
                Ok(draft) => good.push(draft),
                Err(refused) => self.refuse_record(feed, record, &refused, batch),
            }
        }
        let named: Vec<Refused> = good.iter().map(named).collect();
        let settled = settle::settle_record(&mut self.memory, &self.settle, good, record.received)?;
        for (outcome, named) in settled.into_iter().zip(named) {
            match outcome {
                Ok(settled) => {
                    for event in &settled.events {
                        if event.data.keyed().is_none() {
                            self.learn(event);
                        }
                        batch.push(event);
                    }
                }
                Err(reject) => self.refuse_record(feed, record, &Refused { reject, ..named }, batch),
            }
        }
        Ok(())
    }

    fn by_envelope(&self, connection: &str, record: &Incoming) -> Result<Draft, Refused> {
        let event = canonical::read(&record.headers, record.value.as_deref(), Limits::default()).map_err(|e| *e)?;
        let envelope = &event.envelope;
        let named = Refused {
            reject: Reject::missing("time"),
            source: Some(envelope.source.to_string()),
            id: Some(envelope.id.to_string()),
            event_type: Some(envelope.event_type.name().to_owned()),
        };
        canonical::draft(event, &self.stamper, connection, record.received)
            .map_err(|reject| Refused { reject, ..named })
    }

    fn by_mapping(&self, mapping: &Mapping, objects: &mut Objects, record: &Incoming) -> Vec<Result<Draft, Refused>> {
        let unread = |reject| {
            vec![Err(Refused {
                reject,
                source: None,
                id: None,
                event_type: None,
            })]
        };
        let Some(value) = record.value.as_deref().filter(|value| !value.is_empty()) else {
            return unread(Reject::new(Reason::Tombstone, "an empty record"));
        };
        let limit = RowLimits::default().row_bytes_max;
        if value.len() > limit {
            let detail = format!("{} bytes are over the limit of {limit}", value.len());
            return unread(Reject::new(Reason::TooLarge, detail));
        }
        let row = match objects.row(value, record.offset) {
            Ok(row) => row,
            Err(detail) => return unread(Reject::new(Reason::Malformed, detail)),
        };
        let mut notes = Notes::default();
        let drafts = mapping
            .compiled
            .drafts(&row, &self.stamper, record.received, &mut notes);
        drafts
            .into_iter()
            .map(|draft| {
                draft.map_err(|rejected| Refused {
                    reject: rejected.reject,
                    source: None,
                    id: rejected.entity,
                    event_type: Some(rejected.event_type.name().to_owned()),
                })
            })
            .collect()
    }

    fn refuse_record(&self, feed: &mut Feed, record: &Incoming, refused: &Refused, batch: &mut Batch) {
        *feed.refused.entry(refused.reject.reason.as_str()).or_default() += 1;
        let origin = Origin::Record {
            topic: record.topic.to_string(),
            partition: record.partition,
            offset: record.offset,
        };
        let value = record.value.as_deref().unwrap_or_default();
        let (size, hash) = (value.len() as u64, sha256_hex(value));
        let mut letter = DeadLetter::new(
            refused.reject.clone(),
            Stage::Adapter,
            origin,
            record.received,
            size,
            hash,
        );
        let of_mapping = || self.stamper.source(feed.name()).ok().map(|source| source.to_string());
        letter.source = refused
            .source
            .clone()
            .or_else(|| feed.mapping.as_ref().and_then(|_| of_mapping()));
        letter.event_type.clone_from(&refused.event_type);
        letter.event_id.clone_from(&refused.id);
        batch.refuse(&letter);
    }
}

/// What a refusal of a draft says about it.
fn named(draft: &Draft) -> Refused {
    let envelope = &draft.event.envelope;
    Refused {
        reject: Reject::missing("time"),
        source: Some(envelope.source.to_string()),
        id: Some(draft.entity.clone()),
        event_type: Some(envelope.event_type.name().to_owned()),
    }
}
