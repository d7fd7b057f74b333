//! Configuration: layers of TOML, environment and flags, resolved to one validated value.
//!
//! `raw` is what people write, [`Config`] is what services get. Validation is pure and returns every fault at once.

mod connections;
mod kafka;
mod raw;
mod resolve;
mod shape;
mod units;
mod validate;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use paceline_schemas::ids::SiteId;
use paceline_schemas::site::Site;

pub(crate) use validate::fold_keys;

pub use resolve::{Layer, Layers, Resolved, environment};

/// The built-in layer: complete, commented, and the reference of all keys.
pub const DEFAULT_TOML: &str = include_str!("config/default.toml");

/// One fault of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Path of the key, such as `sites[0].zone`.
    pub path: String,
    /// Layer that the value came from.
    pub origin: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` ({}): {}", self.path, self.origin, self.message)
    }
}

/// A configuration that has passed every check.
#[derive(Debug, Clone)]
pub struct Config {
    /// First part of every source: `//<tenant>/…`.
    pub tenant: String,
    /// Folder of everything that Paceline keeps.
    pub data: PathBuf,
    /// Topics that a running process reads.
    pub connections: Vec<Connection>,
    /// Sites by name.
    pub sites: BTreeMap<SiteId, Site>,
    /// Site of reps that belong to none.
    pub default_site: SiteId,
    /// Secret of the keyed hashes; none: made on first use and kept in the data directory.
    pub pepper_file: Option<PathBuf>,
    /// The log.
    pub log: LogOptions,
    /// Intake.
    pub ingest: IngestOptions,
    /// Windows.
    pub windows: paceline_windows::Options,
    /// Checkpoints and published tables.
    pub snapshots: SnapshotOptions,
    /// Live rows.
    pub live: LiveOptions,
    /// SQL.
    pub query: QueryOptions,
    /// Targets.
    pub targets: TargetOptions,
    /// Where operators look; nowhere if none.
    pub admin: Option<SocketAddr>,
    /// Local HTTP of a running process.
    pub http: HttpOptions,
}

/// Topics of a Kafka cluster to which emitters write.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Name, the last part of the source of its events.
    pub name: String,
    /// The topics.
    pub topics: Vec<String>,
    /// How objects become events; none: the records are CloudEvents.
    pub mapping: Option<PathBuf>,
    /// The cluster, and the group that keeps the positions.
    pub kafka: paceline_ingest::log::kafka::Options,
}

/// The log.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// Where events are kept.
    pub kind: LogKind,
    /// How the cluster is reached, if one is asked for.
    pub kafka: paceline_ingest::log::kafka::Options,
    /// Partitions of the events in the embedded log, fixed when it is created.
    pub partitions: u32,
}

/// Where events are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogKind {
    /// In the data folder.
    Embedded,
    /// On a Kafka cluster.
    Kafka,
}

/// Intake.
#[derive(Debug, Clone)]
pub struct IngestOptions {
    /// Time by which an event may lie after its receipt.
    pub skew_max: Duration,
    /// Events that are appended together.
    pub batch_events: usize,
    /// Entities of the memory that are kept in RAM.
    pub memory_entities_max: usize,
    /// Rejected rows that an import lists; all are counted.
    pub rejects_listed_max: usize,
    /// Silence of a partition after which a tick is appended.
    pub tick_every: Duration,
}

/// Checkpoints and published tables.
#[derive(Debug, Clone)]
pub struct SnapshotOptions {
    /// Longest time between two checkpoints while events come.
    pub checkpoint_every: Duration,
    /// Records after which a checkpoint is made.
    pub checkpoint_records: u64,
    /// Bytes of rows after which a checkpoint is made.
    pub checkpoint_bytes: usize,
    /// Longest time between two stored states.
    pub state_every: Duration,
    /// How long replaced files are kept for readers of older versions.
    pub retention: Duration,
    /// Time between two rounds of maintenance.
    pub maintain_every: Duration,
}

/// Live rows.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    /// Whether they go to a topic.
    pub topic: bool,
    /// Shortest time between two of one row.
    pub every: Duration,
}

/// SQL.
#[derive(Debug, Clone)]
pub struct QueryOptions {
    /// Memory of one query.
    pub memory_bytes: usize,
    /// Longest time of one query.
    pub timeout: Duration,
    /// Rows of one answer at most.
    pub rows_max: usize,
    /// Bytes of one answer at most.
    pub bytes_max: usize,
    /// Threads of one query.
    pub threads: usize,
}

/// Targets.
#[derive(Debug, Clone)]
pub struct TargetOptions {
    /// Whether a running process recalibrates once a week is closed.
    pub weekly: bool,
    /// By what they are planned and moved.
    pub policy: paceline_targets::Policy,
}

/// Local HTTP of a running process.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Loopback port; 0 takes a free one.
    pub port: u16,
}

impl Config {
    /// Resolves `layers` and checks everything.
    ///
    /// # Errors
    /// All faults.
    pub fn load(layers: &Layers) -> Result<(Self, Resolved), Vec<Fault>> {
        let resolved = resolve::resolve(layers)?;
        let config = validate::validate(&resolved)?;
        Ok((config, resolved))
    }
}

#[cfg(test)]
mod tests;
