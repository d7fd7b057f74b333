//! The log that the configuration names, with the store of entity memory beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use paceline_ingest::error::Error;
use paceline_ingest::log::Log;
use paceline_ingest::log::embedded::{self, EmbeddedLog, Keyspace};
use paceline_ingest::log::kafka::{self, KafkaLog, topics};

use crate::config::{Config, LogKind};
use crate::failure::{Exit, Failure, io};

/// The log, open.
#[derive(Debug, Clone)]
pub(crate) struct OpenLog {
    pub(crate) log: Arc<dyn Log>,
    memory: MemoryAt,
    /// What weakens a promise, for a person who starts a server.
    pub(crate) warnings: Vec<String>,
}

/// Where entity memory is kept.
#[derive(Debug, Clone)]
enum MemoryAt {
    /// Beside the records of the embedded log.
    Log(Keyspace),
    /// In a folder that only who writes may open.
    Folder(PathBuf),
}

impl OpenLog {
    /// Opens the log of `config`.
    ///
    /// # Errors
    /// The log or the store of the memory cannot be opened; a topic is not as it must be.
    pub(crate) fn open(config: &Config) -> Result<Self, Failure> {
        check_kind(config)?;
        let opened = match config.log.kind {
            LogKind::Embedded => embedded(config),
            LogKind::Kafka => kafka(config, &config.log.kafka),
        };
        opened.map_err(|failure| failure.during("open the log"))
    }

    /// The store of entity memory.
    ///
    /// # Errors
    /// It cannot be opened, or another process has it open.
    pub(crate) fn memory(&self) -> Result<Keyspace, Failure> {
        match &self.memory {
            MemoryAt::Log(keyspace) => Ok(keyspace.clone()),
            MemoryAt::Folder(folder) => match Keyspace::open(folder) {
                // Who held it has given back one lock before the other.
                Err(error @ Error::Locked { .. }) => Err(Failure::new(Exit::Transient, error)),
                opened => Ok(opened?),
            },
        }
    }
}

/// Refuses a data directory whose events lie in a log of the other kind, before anything is written into it.
///
/// # Errors
/// Which configuration is missing.
pub(crate) fn check_kind(config: &Config) -> Result<(), Failure> {
    let has = |name: &str| config.data.join(name).exists();
    let is_elsewhere = match config.log.kind {
        LogKind::Embedded => has("id") && has("shards") && !has("log"),
        LogKind::Kafka => has("log") && has("shards") && !has("id"),
    };
    if !is_elsewhere {
        return Ok(());
    }
    let text = match config.log.kind {
        LogKind::Embedded => format!(
            "the events of `{}` are on a Kafka cluster: name the configuration that says which, `--config FILE`",
            config.data.display()
        ),
        LogKind::Kafka => format!(
            "the events of `{}` are in a log of its own: leave out `--log kafka`, or name another data directory",
            config.data.display()
        ),
    };
    Err(Failure::new(Exit::Usage, text))
}

fn embedded(config: &Config) -> Result<OpenLog, Failure> {
    let mut options = embedded::Options::new(config.data.clone(), crate::clock::now);
    options.events_partitions = config.log.partitions;
    let log = EmbeddedLog::open(&options)?;
    let memory = log.keyspace("memory")?;
    Ok(OpenLog {
        log: Arc::new(log),
        memory: MemoryAt::Log(memory),
        warnings: Vec::new(),
    })
}

fn kafka(config: &Config, options: &kafka::Options) -> Result<OpenLog, Failure> {
    use paceline_ingest::log::LogReader as _;
    let options = &kafka::Options {
        member: member(&config.data)?,
        rep_windows: config.live.topic,
        ..options.clone()
    };
    let warnings = check_topics(options)?;
    let log = kafka::patiently(|| KafkaLog::open(options))?;
    // Memory follows from one log alone.
    let name: String = log
        .cluster_id()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .collect();
    Ok(OpenLog {
        log: Arc::new(log),
        memory: MemoryAt::Folder(config.data.join("memory").join(name)),
        warnings,
    })
}

/// The name of the data directory among the members of a group, made on first use.
fn member(data: &Path) -> Result<String, Failure> {
    let path = data.join("id");
    let name = format!("paceline-{}", uuid::Uuid::new_v4().simple());
    let make = || -> std::io::Result<()> {
        let draft = data.join(format!("{name}.tmp"));
        std::fs::write(&draft, &name)?;
        // Of two processes that start at once one is first.
        let linked = std::fs::hard_link(&draft, &path);
        std::fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    if !path.exists() {
        make().map_err(|e| io("write", &path, &e))?;
    }
    std::fs::read_to_string(&path).map_err(|e| io("read", &path, &e))
}

/// Refuses topics that break a promise, and returns what weakens one.
fn check_topics(options: &kafka::Options) -> Result<Vec<String>, Failure> {
    let (errors, warnings): (Vec<_>, Vec<_>) = kafka::patiently(|| topics::check(options))?
        .into_iter()
        .partition(|finding| finding.is_error);
    if errors.is_empty() {
        return Ok(warnings.iter().map(ToString::to_string).collect());
    }
    let lines: Vec<String> = errors.iter().map(|finding| format!("  {finding}")).collect();
    Err(Failure::new(
        Exit::Usage,
        format!("the topics have {} faults:\n{}", errors.len(), lines.join("\n")),
    ))
}
