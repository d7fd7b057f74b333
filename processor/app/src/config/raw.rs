//! The configuration as people write it. Unknown keys are faults.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) tenant: String,
    pub(super) data: String,
    pub(super) default_site: String,
    pub(super) pepper_file: String,
    pub(super) connections: Vec<toml::Table>,
    pub(super) sites: Vec<RawSite>,
    pub(super) log: RawLog,
    pub(super) ingest: RawIngest,
    pub(super) windows: RawWindows,
    pub(super) snapshots: RawSnapshots,
    pub(super) live: RawLive,
    pub(super) query: RawQuery,
    pub(super) targets: RawTargets,
    pub(super) admin: RawAdmin,
    pub(super) http: RawHttp,
}

/// A site; what is left out is as in the built-in site.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSite {
    pub(super) site_id: String,
    pub(super) zone: String,
    pub(super) shift_boundary: Option<String>,
    pub(super) week_start: Option<String>,
    pub(super) fiscal_year_start_month: Option<i64>,
    pub(super) currency: String,
    pub(super) country: Option<String>,
    pub(super) short_call: Option<String>,
    pub(super) contact_min: Option<String>,
    pub(super) callback_on_time: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    pub(super) kind: String,
    pub(super) partitions: i64,
    pub(super) kafka: RawKafka,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKafka {
    pub(super) bootstrap: String,
    pub(super) partitions: i64,
    pub(super) topic_prefix: String,
    pub(super) group: String,
    pub(super) request_timeout: String,
    pub(super) connect_timeout: String,
    #[serde(default)]
    pub(super) properties: toml::Table,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIngest {
    pub(super) skew_max: String,
    pub(super) batch_events: i64,
    pub(super) memory_entities_max: i64,
    pub(super) rejects_listed_max: i64,
    pub(super) tick_every: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWindows {
    pub(super) minutes_kept: String,
    pub(super) days_kept: i64,
    pub(super) lateness_max: String,
    pub(super) dedup_horizon: String,
    pub(super) dedup_ids_max: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSnapshots {
    pub(super) checkpoint_every: String,
    pub(super) checkpoint_records: i64,
    pub(super) checkpoint_bytes: String,
    pub(super) state_every: String,
    pub(super) retention: String,
    pub(super) maintain_every: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLive {
    pub(super) topic: bool,
    pub(super) every: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAdmin {
    pub(super) listen: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawQuery {
    pub(super) memory: String,
    pub(super) timeout: String,
    pub(super) rows_max: i64,
    pub(super) bytes_max: String,
    pub(super) threads: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTargets {
    pub(super) weekly: bool,
    pub(super) policy: paceline_targets::Policy,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    pub(super) port: i64,
}
