//! The connections: every key checked by itself, so that all faults are told with their path.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use paceline_ingest::log::kafka;
use paceline_schemas::position::{REP_WINDOWS, Topic};
use toml::{Table, Value};

use super::Connection;
use super::kafka::flat;
use super::validate::Checks;

const KEYS: [&str; 7] = ["name", "kind", "topics", "mapping", "bootstrap", "group", "properties"];

impl Checks<'_> {
    pub(super) fn connections(&mut self, raw: &[Table], log: &kafka::Options) -> Vec<Connection> {
        let mut names = BTreeSet::new();
        let mut connections = Vec::new();
        for (at, table) in raw.iter().enumerate() {
            let path = format!("connections[{at}]");
            let connection = self.connection(&path, table, log);
            if !names.insert(connection.name.clone()) {
                self.fault(&format!("{path}.name"), format!("`{}` is there twice", connection.name));
            }
            self.check_topics(&path, &connection, log, &connections);
            connections.push(connection);
        }
        connections
    }

    /// A topic is read once, and never one of ours: what is read would be written there again.
    fn check_topics(&mut self, path: &str, connection: &Connection, log: &kafka::Options, others: &[Connection]) {
        for topic in &connection.topics {
            let names = Topic::ALL.map(|topic| log.topic_name(topic));
            let is_ours = connection.kafka.bootstrap == log.bootstrap
                && (names.contains(topic) || *topic == log.prefixed(REP_WINDOWS));
            if is_ours {
                let text = format!("`{topic}` is a topic of Paceline itself; emitters have topics of their own");
                self.fault(&format!("{path}.topics"), text);
            }
            let same = |other: &&Connection| {
                other.kafka.bootstrap == connection.kafka.bootstrap && other.topics.contains(topic)
            };
            if let Some(other) = others.iter().find(same) {
                let text = format!("`{topic}` is read by the connection `{}` already", other.name);
                self.fault(&format!("{path}.topics"), text);
            }
        }
    }

    /// A path that is not absolute begins at the file that names it.
    fn beside_the_file(&self, path: PathBuf) -> PathBuf {
        match self.resolved.origin("connections") {
            "default" | "flag" => path,
            origin if origin.starts_with("environment ") => path,
            file => Path::new(file)
                .parent()
                .map_or_else(|| path.clone(), |folder| folder.join(&path)),
        }
    }

    fn connection(&mut self, path: &str, table: &Table, log: &kafka::Options) -> Connection {
        for key in table.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            let text = format!("unknown key; there are `{}`", KEYS.join("`, `"));
            self.fault(&format!("{path}.{key}"), text);
        }
        let name = self.text(path, table, "name").unwrap_or_default();
        let is_of_names = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || !name.chars().all(is_of_names) {
            self.fault(&format!("{path}.name"), "expected letters, digits, `-`, `_` and `.`");
        }
        if let Some(kind) = self.text(path, table, "kind").filter(|kind| kind != "kafka") {
            self.fault(
                &format!("{path}.kind"),
                format!("`{kind}` is no kind; there is \"kafka\""),
            );
        }
        let properties = match table.get("properties") {
            None => log.properties.clone(),
            Some(Value::Table(properties)) => flat(properties),
            Some(_) => {
                self.fault(&format!("{path}.properties"), "expected a table");
                log.properties.clone()
            }
        };
        let kafka = kafka::Options {
            bootstrap: self
                .text(path, table, "bootstrap")
                .unwrap_or_else(|| log.bootstrap.clone()),
            group: self
                .text(path, table, "group")
                .unwrap_or_else(|| format!("{}-{name}", log.group)),
            properties,
            // A source that is away must not keep commands waiting.
            connect_timeout: Duration::ZERO,
            ..log.clone()
        };
        // Those of the log were told there.
        let own = table.contains_key("properties");
        for fault in kafka.faults().into_iter().filter(|_| own) {
            self.fault(&format!("{path}.properties.{}", fault.property), fault.message);
        }
        Connection {
            topics: self.topics(path, table),
            mapping: self
                .text(path, table, "mapping")
                .map(|mapping| self.beside_the_file(PathBuf::from(mapping))),
            kafka,
            name,
        }
    }

    fn text(&mut self, path: &str, table: &Table, key: &str) -> Option<String> {
        match table.get(key)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            _ => {
                self.fault(&format!("{path}.{key}"), "expected text");
                None
            }
        }
    }

    fn topics(&mut self, path: &str, table: &Table) -> Vec<String> {
        let list = table.get("topics").and_then(Value::as_array);
        let topics: Vec<String> = list
            .into_iter()
            .flatten()
            .filter_map(|topic| topic.as_str().map(str::to_owned))
            .collect();
        if topics.is_empty() || list.is_some_and(|list| list.len() != topics.len()) {
            self.fault(&format!("{path}.topics"), "expected a list of names of topics");
        }
        topics
    }
}
