//! Checks every value and collects all faults.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use paceline_schemas::ids::{Currency, SiteId};
use paceline_schemas::site::Site;
use paceline_schemas::time::SECOND_US;

use super::raw::{Raw, RawSite, RawTargets};
use super::shape;
use super::units::{DAY, HOUR, MILLISECOND, MINUTE, SECOND, bytes, duration, show_bytes, show_duration};
use super::{
    Config, Fault, HttpOptions, IngestOptions, LiveOptions, QueryOptions, Resolved, SnapshotOptions, TargetOptions,
};

pub(super) fn validate(resolved: &Resolved) -> Result<Config, Vec<Fault>> {
    let (tree, faults) = shape::mend(resolved);
    let mut checks = Checks { resolved, faults };
    let raw = match toml::Value::Table(tree).try_into::<Raw>() {
        Ok(raw) => raw,
        Err(error) => {
            checks.fault("", error.message());
            return Err(checks.faults);
        }
    };
    let config = checks.config(&raw);
    if checks.faults.is_empty() {
        Ok(config)
    } else {
        Err(checks.faults)
    }
}

pub(super) struct Checks<'a> {
    pub(super) resolved: &'a Resolved,
    faults: Vec<Fault>,
}

impl Checks<'_> {
    pub(super) fn fault(&mut self, path: &str, message: impl Into<String>) {
        let origin = self.resolved.origin(path).to_owned();
        self.faults.push(Fault {
            path: path.to_owned(),
            origin,
            message: message.into(),
        });
    }

    pub(super) fn duration(&mut self, path: &str, text: &str, min: Duration, max: Duration) -> Duration {
        match duration(text) {
            Some(value) if (min..=max).contains(&value) => value,
            _ => {
                let range = format!("from {} to {}", show_duration(min), show_duration(max));
                self.fault(path, format!("`{text}` is no duration {range}, such as \"30s\""));
                min
            }
        }
    }

    fn bytes(&mut self, path: &str, text: &str, min: usize, max: usize) -> usize {
        match bytes(text) {
            Some(value) if (min..=max).contains(&value) => value,
            _ => {
                let range = format!("from {} to {}", show_bytes(min), show_bytes(max));
                self.fault(path, format!("`{text}` is no size {range}, such as \"64MiB\""));
                min
            }
        }
    }

    pub(super) fn number<T: TryFrom<i64> + Default>(&mut self, path: &str, value: i64, min: i64, max: i64) -> T {
        let converted = (min..=max).contains(&value).then(|| T::try_from(value).ok()).flatten();
        converted.unwrap_or_else(|| {
            self.fault(path, format!("`{value}` is not from {min} to {max}"));
            T::default()
        })
    }

    fn config(&mut self, raw: &Raw) -> Config {
        let sites = self.sites(&raw.sites);
        let log = self.log(&raw.log);
        let default_site = SiteId::new(&raw.default_site).unwrap_or_default();
        // A site of that name that is at fault itself has been told of already.
        if !raw.sites.iter().any(|site| site.site_id == raw.default_site) {
            self.fault("default_site", format!("`{}` is none of the sites", raw.default_site));
        }
        if raw.tenant.is_empty()
            || !raw
                .tenant
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        {
            self.fault("tenant", "expected letters, digits, `-` and `_`");
        }
        Config {
            tenant: raw.tenant.clone(),
            data: PathBuf::from(&raw.data),
            sites,
            default_site,
            pepper_file: (!raw.pepper_file.is_empty()).then(|| PathBuf::from(&raw.pepper_file)),
            connections: self.connections(&raw.connections, &log.kafka),
            log,
            ingest: self.ingest(raw),
            windows: self.windows(raw),
            snapshots: self.snapshots(raw),
            live: LiveOptions {
                topic: raw.live.topic,
                every: self.duration("live.every", &raw.live.every, 100 * MILLISECOND, MINUTE),
            },
            query: self.query(raw),
            targets: self.targets(&raw.targets),
            admin: self.admin(&raw.admin.listen),
            http: HttpOptions {
                port: self.number("http.port", raw.http.port, 0, 65_535),
            },
        }
    }

    fn targets(&mut self, raw: &RawTargets) -> TargetOptions {
        for fault in raw.policy.faults() {
            self.fault(&format!("targets.policy.{}", fault.key), fault.detail);
        }
        TargetOptions {
            weekly: raw.weekly,
            policy: raw.policy.clone(),
        }
    }

    fn admin(&mut self, listen: &str) -> Option<SocketAddr> {
        if listen.is_empty() {
            return None;
        }
        let parsed = listen.parse().ok();
        if parsed.is_none() {
            self.fault(
                "admin.listen",
                format!("`{listen}` is no address such as \"127.0.0.1:9464\""),
            );
        }
        parsed
    }

    fn ingest(&mut self, raw: &Raw) -> IngestOptions {
        let raw = &raw.ingest;
        IngestOptions {
            skew_max: self.duration("ingest.skew_max", &raw.skew_max, Duration::ZERO, DAY),
            batch_events: self.number("ingest.batch_events", raw.batch_events, 1, 65_536),
            memory_entities_max: self.number("ingest.memory_entities_max", raw.memory_entities_max, 1_000, 10_000_000),
            rejects_listed_max: self.number("ingest.rejects_listed_max", raw.rejects_listed_max, 0, 100_000),
            tick_every: self.duration("ingest.tick_every", &raw.tick_every, SECOND, HOUR),
        }
    }

    fn windows(&mut self, raw: &Raw) -> paceline_windows::Options {
        let skew = self.duration("ingest.skew_max", &raw.ingest.skew_max, Duration::ZERO, DAY);
        let raw = &raw.windows;
        let us = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        let options = paceline_windows::Options {
            minutes_kept_us: us(self.duration("windows.minutes_kept", &raw.minutes_kept, DAY, 7 * DAY)),
            days_kept: self.number("windows.days_kept", raw.days_kept, 92, 1_200),
            lateness_max_us: us(self.duration("windows.lateness_max", &raw.lateness_max, HOUR, 400 * DAY)),
            dedup_horizon_us: us(self.duration("windows.dedup_horizon", &raw.dedup_horizon, HOUR, 30 * DAY)),
            dedup_ids_max: self.number("windows.dedup_ids_max", raw.dedup_ids_max, 1_000, 100_000_000),
            skew_max_us: us(skew),
            ..paceline_windows::Options::default()
        };
        for fault in options.validate() {
            self.fault("windows", fault.to_string());
        }
        options
    }

    fn snapshots(&mut self, raw: &Raw) -> SnapshotOptions {
        let raw = &raw.snapshots;
        SnapshotOptions {
            checkpoint_every: self.duration("snapshots.checkpoint_every", &raw.checkpoint_every, SECOND, 10 * MINUTE),
            checkpoint_records: self.number(
                "snapshots.checkpoint_records",
                raw.checkpoint_records,
                1_000,
                10_000_000,
            ),
            checkpoint_bytes: self.bytes("snapshots.checkpoint_bytes", &raw.checkpoint_bytes, 1 << 20, 1 << 30),
            state_every: self.duration("snapshots.state_every", &raw.state_every, 10 * SECOND, HOUR),
            retention: self.duration("snapshots.retention", &raw.retention, Duration::ZERO, 400 * DAY),
            maintain_every: self.duration("snapshots.maintain_every", &raw.maintain_every, 10 * SECOND, DAY),
        }
    }

    fn query(&mut self, raw: &Raw) -> QueryOptions {
        let raw = &raw.query;
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let threads: usize = self.number("query.threads", raw.threads, 0, 64);
        let options = QueryOptions {
            memory_bytes: self.bytes("query.memory", &raw.memory, 64 << 20, 64 << 30),
            timeout: self.duration("query.timeout", &raw.timeout, SECOND, HOUR),
            rows_max: self.number("query.rows_max", raw.rows_max, 1, 100_000_000),
            bytes_max: self.bytes("query.bytes_max", &raw.bytes_max, 1 << 20, 16 << 30),
            threads: if threads == 0 { cores } else { threads },
        };
        let retention = duration(&self.resolved_text("snapshots", "retention"));
        if retention.is_some_and(|kept| kept < options.timeout && !kept.is_zero()) {
            self.fault(
                "snapshots.retention",
                "is shorter than `query.timeout`: a query could lose its files",
            );
        }
        options
    }

    fn resolved_text(&self, section: &str, key: &str) -> String {
        let value = self.resolved.tree.get(section).and_then(|section| section.get(key));
        value.and_then(toml::Value::as_str).unwrap_or_default().to_owned()
    }

    fn sites(&mut self, raw: &[RawSite]) -> BTreeMap<SiteId, Site> {
        let mut sites = BTreeMap::new();
        if raw.is_empty() {
            self.fault("sites", "at least one site is required");
        }
        for (at, raw_site) in raw.iter().enumerate() {
            let Some(site) = self.site(at, raw_site) else { continue };
            if sites.insert(site.site_id.clone(), site).is_some() {
                self.fault(
                    &format!("sites[{at}].site_id"),
                    format!("`{}` is there twice", raw_site.site_id),
                );
            }
        }
        sites
    }

    fn site(&mut self, at: usize, raw: &RawSite) -> Option<Site> {
        let path = |key: &str| format!("sites[{at}].{key}");
        let before = self.faults.len();
        let site_id = SiteId::new(&raw.site_id)
            .map_err(|e| self.fault(&path("site_id"), e.to_string()))
            .ok();
        let zone = TimeZone::get(&raw.zone)
            .map_err(|_| self.fault(&path("zone"), format!("`{}` is no IANA time zone", raw.zone)))
            .ok();
        let currency = Currency::new(&raw.currency).ok().filter(Currency::is_iso_form);
        if currency.is_none() {
            self.fault(&path("currency"), format!("`{}` is no ISO 4217 code", raw.currency));
        }
        let mut site = Site::utc(site_id.unwrap_or_default(), currency.unwrap_or_default());
        site.zone = zone.unwrap_or(TimeZone::UTC);
        if let Some(text) = &raw.shift_boundary {
            match Time::strptime("%H:%M", text) {
                Ok(time) if time <= Time::constant(12, 0, 0, 0) => site.shift_boundary = time,
                _ => self.fault(
                    &path("shift_boundary"),
                    format!("`{text}` is no local time from 00:00 to 12:00"),
                ),
            }
        }
        if let Some(text) = &raw.week_start {
            match weekday(text) {
                Some(day) => site.week_start = day,
                None => self.fault(&path("week_start"), format!("`{text}` is no day such as \"monday\"")),
            }
        }
        if let Some(month) = raw.fiscal_year_start_month {
            site.fiscal_year_start_month = self.number(&path("fiscal_year_start_month"), month, 1, 12);
        }
        if let Some(country) = &raw.country {
            if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
                self.fault(
                    &path("country"),
                    format!("`{country}` is no ISO 3166 code such as \"CN\""),
                );
            }
            site.country.clone_from(country);
        }
        for (key, text, target) in [
            ("short_call", &raw.short_call, &mut site.short_call_ms),
            ("contact_min", &raw.contact_min, &mut site.contact_min_ms),
            ("callback_on_time", &raw.callback_on_time, &mut site.callback_on_time_ms),
        ] {
            if let Some(text) = text {
                let limit = self.duration(&path(key), text, Duration::ZERO, DAY);
                *target = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
            }
        }
        (self.faults.len() == before).then_some(site)
    }
}

fn weekday(text: &str) -> Option<Weekday> {
    const NAMES: [&str; 7] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let at = NAMES.iter().position(|name| *name == text)?;
    i8::try_from(at)
        .ok()
        .and_then(|at| Weekday::from_monday_zero_offset(at).ok())
}

/// What the fold reads of the configuration, as text per key: the manifest keeps a hash of each.
pub(crate) fn fold_keys(config: &Config) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    for (site_id, site) in &config.sites {
        let zone = site.zone.iana_name().unwrap_or("UTC");
        keys.insert(format!("site.{site_id}.zone"), zone.to_owned());
        keys.insert(
            format!("site.{site_id}.shift_boundary"),
            site.shift_boundary.to_string(),
        );
        keys.insert(format!("site.{site_id}.week_start"), format!("{:?}", site.week_start));
        keys.insert(
            format!("site.{site_id}.fiscal_year_start_month"),
            site.fiscal_year_start_month.to_string(),
        );
    }
    let names: Vec<_> = paceline_schemas::measure::Measure::ALL
        .iter()
        .map(|measure| measure.name())
        .collect();
    keys.insert("measures".to_owned(), names.join(","));
    keys.insert(
        "skew_max_us".to_owned(),
        (config.windows.skew_max_us / SECOND_US * SECOND_US).to_string(),
    );
    keys
}
