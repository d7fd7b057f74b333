//! The intake of one process: files become drafts, drafts become events, events go to the log, in that order.
//!
//! Per batch: settle, append, wait for the acknowledgement, commit memory. A crash in between repeats nothing, because
//! memory is read forward from the log when it is opened.

mod batch;
mod closing;
pub(crate) mod feed;
mod rows;
mod run;

pub(crate) use rows::RefusedAgain;
pub(crate) use run::{Tally, open, unreadable};

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use paceline_ingest::dead_letter::sha256_hex;
use paceline_ingest::log::embedded::Keyspace;
use paceline_ingest::log::{Log, LogReader, ReadLimit};
use paceline_ingest::mapping::{self, CompiledMapping};
use paceline_ingest::memory::{self, Memory};
use paceline_ingest::privacy::Pepper;
use paceline_ingest::settle;
use paceline_ingest::stamp::{Rules, Stamper};
use paceline_schemas::codec::{Limits, decode};
use paceline_schemas::event::Event;
use paceline_schemas::position::{Partition, Topic};
use paceline_schemas::time::Instant;

use crate::config::Config;
use crate::failure::{Exit, Failure, io};

/// A mapping with its text, by which an import is named.
#[derive(Debug)]
pub struct Mapping {
    /// The text.
    pub text: String,
    /// SHA-256 of the text, in hex.
    pub digest: String,
    /// What the text says.
    pub compiled: CompiledMapping,
}

/// Reads a mapping.
///
/// # Errors
/// All its faults.
pub fn compile(name: &str, text: &str) -> Result<Mapping, Failure> {
    let compiled = mapping::parse(text).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(|fault| format!("  {fault}")).collect();
        Failure::new(
            Exit::Usage,
            format!("`{name}` has {} faults:\n{}", faults.len(), lines.join("\n")),
        )
    })?;
    Ok(Mapping {
        text: text.to_owned(),
        digest: sha256_hex(text.as_bytes()),
        compiled,
    })
}

/// The intake of one process.
#[derive(Debug)]
pub struct Intake {
    pub(crate) config: Arc<Config>,
    pub(crate) log: Arc<dyn Log>,
    /// What memory lies on.
    store: Keyspace,
    pub(crate) memory: Memory,
    pub(crate) stamper: Stamper,
    pub(crate) settle: settle::Options,
    people_known: u64,
    last_ends: HashMap<Partition, (u64, Instant)>,
    /// Where each partition ends by what was read and appended here.
    ends: memory::CompleteTo,
    appended: bool,
}

impl Intake {
    /// Opens memory and directory and reads them forward to the end of the log.
    ///
    /// # Errors
    /// The log or the memory cannot be read.
    pub fn open(config: Arc<Config>, log: Arc<dyn Log>, store: Keyspace) -> Result<Self, Failure> {
        let options = memory::Options {
            entities_max: config.ingest.memory_entities_max,
        };
        let memory = Memory::open(store.clone(), options)?;
        let pepper = Pepper::first(&pepper(&config, log.as_ref())?);
        let skew_us = i64::try_from(config.ingest.skew_max.as_micros()).unwrap_or(i64::MAX);
        let sites = config.sites.values().cloned().collect();
        let rules = Rules { skew_us_max: skew_us };
        let stamper = Stamper::new(&config.tenant, sites, &config.default_site, pepper, rules)
            .map_err(|e| Failure::new(Exit::Usage, e))?;
        let settle = settle::Options {
            sites: config.sites.clone(),
            ..settle::Options::default()
        };
        let mut intake = Self {
            config,
            log,
            store,
            memory,
            stamper,
            settle,
            people_known: 0,
            last_ends: HashMap::new(),
            ends: memory::CompleteTo::new(),
            appended: false,
        };
        intake.read_forward()?;
        Ok(intake)
    }

    /// Settles from now on as a mapping says; without one by the defaults.
    fn settle_as(&mut self, mapping: Option<&CompiledMapping>) {
        let sites = std::mem::take(&mut self.settle.sites);
        self.settle = settle::Options {
            sites,
            ..settle::Options::default()
        };
        let Some(settings) = mapping.map(CompiledMapping::settings) else {
            return;
        };
        if settings.credit_follows_owner {
            self.settle.credit = settle::Credit::FollowsOwner;
        }
        self.settle.cancelled_wins_stay = settings.cancelled_wins_stay;
        self.settle.retained_within_days = i32::try_from(settings.retained_within_days).unwrap_or(i32::MAX);
    }

    fn read_forward(&mut self) -> Result<(), Failure> {
        let mut reached = memory::CompleteTo::new();
        for topic in [Topic::Events, Topic::People] {
            for partition in 0..self.log.partitions(topic) {
                let known = self.memory.complete_to().get(&(topic, partition)).copied().unwrap_or(0);
                let from = if topic == Topic::People { 0 } else { known };
                self.check_end(topic, partition, known)?;
                let end = self.each_record(topic, partition, from, |intake, offset, event| {
                    if topic == Topic::People {
                        intake.learn(&event);
                    }
                    if offset >= known {
                        intake.memory.observe(&event).map_err(Failure::from)
                    } else {
                        Ok(())
                    }
                })?;
                reached.insert((topic, partition), end);
            }
        }
        self.memory.commit(&reached)?;
        self.ends = reached;
        Ok(())
    }

    /// A topic that ends before what memory knows of it is not the one that memory was made from.
    fn check_end(&self, topic: Topic, partition: Partition, known: u64) -> Result<(), Failure> {
        let next = self.log.bounds(topic, partition)?.next;
        if next >= known {
            return Ok(());
        }
        let text = format!(
            "`{}/{partition}` ends at offset {next}, and {known} were read of it before: {} records are gone, as if it \
             was deleted and made again; restore it, or rebuild into an empty directory",
            topic.name(),
            known - next
        );
        Err(Failure::new(Exit::Failed, text))
    }

    fn each_record(
        &mut self,
        topic: Topic,
        partition: Partition,
        from: u64,
        mut take: impl FnMut(&mut Self, u64, Event) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let mut at = from;
        loop {
            let records = self.log.read(topic, partition, at, ReadLimit::default())?;
            let Some(last) = records.last() else { return Ok(at) };
            at = last.offset + 1;
            for record in records {
                if let Ok(event) = decode(&record.payload, Limits::default()) {
                    take(self, record.offset, event)?;
                }
            }
        }
    }

    /// A command begins.
    pub(crate) fn begin(&mut self) {
        self.appended = false;
    }

    /// Whether the command has settled or appended anything.
    pub(crate) fn has_begun_to_write(&self) -> bool {
        self.appended || self.memory.dirty() > 0
    }

    /// How many events about people are known.
    pub(crate) fn people_known(&self) -> u64 {
        self.people_known
    }

    /// Takes a people event into the directory.
    pub(crate) fn learn(&mut self, event: &Event) {
        self.stamper.directory_mut().observe(event);
        self.people_known += 1;
    }

    /// Reads everything anew from the log: after a failure memory and directory may know what the log does not.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn reopen(&mut self) -> Result<(), Failure> {
        *self = Self::open(Arc::clone(&self.config), Arc::clone(&self.log), self.store.clone())?;
        Ok(())
    }
}

/// The secret of the keyed hashes: the configured file, else one in the data directory, made on first use.
fn pepper(config: &Config, log: &dyn LogReader) -> Result<Vec<u8>, Failure> {
    if let Some(path) = &config.pepper_file {
        return std::fs::read(path).map_err(|e| io("read", path, &e));
    }
    let path = config.data.join("pepper");
    match std::fs::read(&path) {
        Ok(secret) => Ok(secret),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if log.bounds(Topic::Events, 0)?.next > 0 {
                return Err(Failure::new(Exit::Failed, pepper_is_gone(&path)));
            }
            make_pepper(&path)
        }
        Err(error) => Err(io("read", &path, &error)),
    }
}

fn pepper_is_gone(path: &Path) -> String {
    format!(
        "`{}` is not there, and the log holds events already: with another key every customer and every known row would \
         count as new; restore it from a copy or name it by `pepper_file`; a data directory of its own needs a \
         `log.kafka.topic_prefix` of its own",
        path.display()
    )
}

fn make_pepper(path: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let secret: Vec<u8> = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()]
        .iter()
        .flat_map(|id| id.into_bytes())
        .collect();
    let text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let draft: PathBuf = path.with_extension("tmp");
    let write = || {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    write().map_err(|e| io("write", path, &e))?;
    Ok(text.into_bytes())
}
