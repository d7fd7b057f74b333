//! Settings of the clients: what the configuration says, what is ours, and why it differs from the defaults.

use std::collections::BTreeMap;
use std::time::Duration;

use paceline_schemas::position::Topic;
use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;

/// Key and payload of one record together: what a broker with default settings takes, less its own framing.
pub const RECORD_BYTES_MAX: usize = (1 << 20) - (1 << 10);

/// Properties that correctness rests on; no configuration sets them.
const OURS: [&str; 22] = [
    "acks",
    "allow.auto.create.topics",
    "auto.offset.reset",
    "bootstrap.servers",
    "check.crcs",
    "client.id",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "isolation.level",
    "max.in.flight.requests.per.connection",
    "max.poll.interval.ms",
    "message.timeout.ms",
    "metadata.broker.list",
    "partition.assignment.strategy",
    "partitioner",
    "request.required.acks",
    "transactional.id",
];

/// How the log is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Brokers to begin with, `host:port`, separated by commas.
    pub bootstrap: String,
    /// Consumer group of the processors. Default `paceline`.
    pub group: String,
    /// Stands before the names of all topics. Default none.
    pub topic_prefix: String,
    /// Partitions of the events. Default 4.
    pub events_partitions: u32,
    /// Whether live rows go to a topic. Default true.
    pub rep_windows: bool,
    /// Name of the data directory, by which members of the group tell whether they share one. Default `paceline`.
    pub member: String,
    /// Further properties of librdkafka, for security and networks.
    pub properties: BTreeMap<String, String>,
    /// How long one request may take. Default 10 s.
    pub request_timeout: Duration,
    /// How long an opening waits for a broker. Default 5 minutes.
    pub connect_timeout: Duration,
}

impl Options {
    /// The defaults for a cluster.
    pub fn new(bootstrap: &str) -> Self {
        Self {
            bootstrap: bootstrap.to_owned(),
            group: "paceline".to_owned(),
            topic_prefix: String::new(),
            events_partitions: 4,
            rep_windows: true,
            member: "paceline".to_owned(),
            properties: BTreeMap::new(),
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(300),
        }
    }

    /// What is wrong with the properties, all of it.
    pub fn faults(&self) -> Vec<SettingFault> {
        let mut faults: Vec<SettingFault> = self
            .properties
            .keys()
            .filter(|key| OURS.contains(&key.as_str()))
            .map(|key| SettingFault {
                property: key.clone(),
                message: "is set by Paceline; remove it".to_owned(),
            })
            .collect();
        for (key, value) in &self.properties {
            let mut config = ClientConfig::new();
            config.set(key, value);
            if let Err(KafkaError::ClientConfig(_, mut message, ..)) = config.create_native_config() {
                if message.contains("OpenSSL not available") {
                    message.push_str("; build with `--features kafka-tls`");
                }
                faults.push(SettingFault {
                    property: key.clone(),
                    message,
                });
            }
        }
        faults
    }

    /// Name of a topic on the cluster.
    pub fn topic_name(&self, topic: Topic) -> String {
        self.prefixed(topic.name())
    }

    /// Name on the cluster of what is called `name` here.
    pub fn prefixed(&self, name: &str) -> String {
        format!("{}{name}", self.topic_prefix)
    }

    /// Partitions that a topic must have.
    pub fn partitions(&self, topic: Topic) -> u32 {
        if topic == Topic::Events {
            self.events_partitions.max(1)
        } else {
            1
        }
    }

    pub(super) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap)
            .set("client.id", &self.member)
            .set("reconnect.backoff.max.ms", "1000")
            .set("log.connection.close", "false");
        self.with_properties(config)
    }

    /// The configured properties have the last word over what only tunes.
    fn with_properties(&self, mut config: ClientConfig) -> ClientConfig {
        for (key, value) in self.properties.iter().filter(|(key, _)| !OURS.contains(&key.as_str())) {
            config.set(key, value);
        }
        config
    }

    pub(super) fn consumer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("group.id", &self.group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // A start is an explicit offset; nothing is ever skipped in silence.
            .set("auto.offset.reset", "error")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("isolation.level", "read_committed")
            .set("max.poll.interval.ms", "300000")
            .set("session.timeout.ms", "45000")
            .set("heartbeat.interval.ms", "3000")
            .set("check.crcs", "true")
            .set("queued.max.messages.kbytes", "16384")
            .set("queued.min.messages", "10000")
            // With a small queue the default back-off of a second stalls fetching.
            .set("fetch.queue.backoff.ms", "10")
            .set("fetch.wait.max.ms", "100")
            .set("allow.auto.create.topics", "false")
            .set("enable.partition.eof", "true");
        self.with_properties(config)
    }

    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("message.timeout.ms", "120000")
            .set("message.max.bytes", "1048576")
            .set("linger.ms", "5")
            .set("queue.buffering.max.messages", "200000");
        self.with_properties(config)
    }
}

/// A property that cannot be set so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFault {
    /// The property.
    pub property: String,
    /// What is wrong with it.
    pub message: String,
}

/// The client for a configuration of this module.
pub(super) fn client_of<C, T>(config: &ClientConfig, context: C) -> Result<T, KafkaError>
where
    T: rdkafka::config::FromClientConfigAndContext<C>,
    C: rdkafka::ClientContext,
{
    T::from_config_and_context(config, context)
}

#[cfg(test)]
mod tests {
    use rdkafka::config::FromClientConfig as _;
    use rdkafka::consumer::BaseConsumer;

    use super::*;

    #[test]
    fn all_faults_of_the_properties_are_told_at_once() {
        let mut options = Options::new("127.0.0.1:9092");
        for (key, value) in [
            ("acks", "1"),
            ("security.protocoll", "ssl"),
            ("socket.timeout.ms", "soon"),
        ] {
            options.properties.insert(key.to_owned(), value.to_owned());
        }
        let faults: Vec<String> = options.faults().into_iter().map(|fault| fault.property).collect();
        assert_eq!(faults, ["acks", "security.protocoll", "socket.timeout.ms"]);
        options.properties = BTreeMap::from([("socket.timeout.ms".to_owned(), "30000".to_owned())]);
        assert_eq!(options.faults(), []);
    }

    #[test]
    fn librdkafka_knows_every_setting_of_ours() {
        let options = Options::new("127.0.0.1:9092");
        for config in [options.consumer(), options.producer()] {
            config.create_native_config().expect("known");
        }
        assert!(BaseConsumer::from_config(&options.consumer()).is_ok());
        for ours in OURS {
            let mut config = ClientConfig::new();
            config.set(ours, "x");
            let unknown = match config.create_native_config() {
                Err(KafkaError::ClientConfig(result, ..)) => {
                    result == rdkafka::types::RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN
                }
                _ => false,
            };
            assert!(!unknown, "{ours}");
        }
    }
}
