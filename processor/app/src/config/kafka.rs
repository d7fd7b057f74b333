//! The log's section: which log, and how a cluster is reached.

use std::collections::BTreeMap;
use std::time::Duration;

use paceline_ingest::log::kafka;
use toml::{Table, Value};

use super::raw::{RawKafka, RawLog};
use super::units::{DAY, MINUTE, SECOND};
use super::validate::Checks;
use super::{LogKind, LogOptions};

impl Checks<'_> {
    pub(super) fn log(&mut self, raw: &RawLog) -> LogOptions {
        let partitions = self.number("log.partitions", raw.partitions, 1, 256);
        let kafka = self.kafka(&raw.kafka);
        let kind = match raw.kind.as_str() {
            "embedded" => LogKind::Embedded,
            "kafka" => LogKind::Kafka,
            other => {
                self.fault("log.kind", format!("`{other}` is neither \"embedded\" nor \"kafka\""));
                LogKind::Embedded
            }
        };
        LogOptions {
            kind,
            kafka,
            partitions,
        }
    }

    fn kafka(&mut self, raw: &RawKafka) -> kafka::Options {
        for (key, value) in [("bootstrap", &raw.bootstrap), ("group", &raw.group)] {
            if value.trim().is_empty() {
                self.fault(&format!("log.kafka.{key}"), "is empty");
            }
        }
        let is_of_topics = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !raw.topic_prefix.chars().all(is_of_topics) || raw.topic_prefix.len() > 200 {
            let text = format!(
                "`{}` is not of up to 200 letters, digits, `.`, `_`, `-`",
                raw.topic_prefix
            );
            self.fault("log.kafka.topic_prefix", text);
        }
        let options = kafka::Options {
            topic_prefix: raw.topic_prefix.clone(),
            group: raw.group.clone(),
            events_partitions: self.number("log.kafka.partitions", raw.partitions, 1, 256),
            properties: flat(&raw.properties),
            request_timeout: self.duration("log.kafka.request_timeout", &raw.request_timeout, SECOND, 5 * MINUTE),
            connect_timeout: self.duration("log.kafka.connect_timeout", &raw.connect_timeout, Duration::ZERO, DAY),
            ..kafka::Options::new(&raw.bootstrap)
        };
        for fault in options.faults() {
            self.fault(&format!("log.kafka.properties.{}", fault.property), fault.message);
        }
        options
    }
}

/// Names of properties have dots, as paths of keys have: both spellings are the same property.
pub(super) fn flat(table: &Table) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                let below = flat(inner)
                    .into_iter()
                    .map(|(rest, value)| (format!("{key}.{rest}"), value));
                properties.extend(below);
            }
            Value::String(text) => drop(properties.insert(key.clone(), text.clone())),
            other => drop(properties.insert(key.clone(), other.to_string())),
        }
    }
    properties
}
