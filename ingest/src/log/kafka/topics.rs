//! The canonical topics on a cluster: making them, and checking that they are what the promises rest on.

use std::collections::BTreeMap;
use std::fmt;

use futures::executor::block_on;
use paceline_schemas::position::{REP_WINDOWS, Topic};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode as Code;

use super::settings::{Options, client_of};
use super::{client, fault};
use crate::error::{Class, Error};

/// Least retention of the events: state is kept for three days, and seven leave time to mend.
const RETENTION_MS_MIN: i64 = 7 * 24 * 60 * 60 * 1_000;
/// Retention of topics made here: the events can be folded again for a year and a month.
const RETENTION_MS: &str = "34560000000";

/// What is wrong with a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name of the topic on the cluster.
    pub topic: String,
    /// True where a promise is broken, false where it is only weaker than it could be.
    pub is_error: bool,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.topic, self.message)
    }
}

/// Makes the topics that are not there; returns the names of those made.
///
/// `replication` copies of each partition; none: three, or as many as there are brokers.
///
/// # Errors
/// The cluster cannot be reached or refuses.
pub fn create(options: &Options, replication: Option<u32>) -> Result<Vec<String>, Error> {
    let connected = client::connect(options, &options.topic_name(Topic::Events))?;
    let action = "ask for the brokers";
    let metadata = connected
        .fetch_metadata(None, options.request_timeout)
        .map_err(|error| fault::broker(action, &error))?;
    let brokers = metadata.brokers().len().clamp(1, 3);
    let copies = replication.map_or(brokers, |copies| copies as usize);
    let copies = i32::try_from(copies).unwrap_or(i32::MAX);
    let there = |name: &str| metadata.topics().iter().any(|topic| topic.name() == name);
    let kinds = Kind::all(options);
    let new: Vec<NewTopic<'_>> = kinds
        .iter()
        .filter(|(_, name)| !there(name))
        .map(|(kind, name)| new_topic(options, *kind, name, copies))
        .collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let made = block_on(admin(options)?.create_topics(&new, &request(options)))
        .map_err(|error| fault::broker("create topics", &error))?;
    let mut created = Vec::new();
    for outcome in made {
        match outcome {
            Ok(name) => created.push(name),
            Err((_, Code::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(fault::coded(&format!("create the topic `{name}`"), code, None)),
        }
    }
    // A broker answers before every broker knows.
    for name in &created {
        fault::until_known(|| client::partitions_of(&connected, options, name))?;
    }
    Ok(created)
}

/// What a topic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Records of the log.
    Log(Topic),
    /// The newest state per key.
    States,
}

impl Kind {
    /// All topics with their names on the cluster.
    fn all(options: &Options) -> Vec<(Self, String)> {
        let logs = Topic::ALL.map(|topic| (Self::Log(topic), options.topic_name(topic)));
        logs.into_iter()
            .chain(
                options
                    .rep_windows
                    .then(|| (Self::States, options.prefixed(REP_WINDOWS))),
            )
            .collect()
    }

    fn partitions(self, options: &Options) -> u32 {
        match self {
            Self::Log(topic) => options.partitions(topic),
            Self::States => options.partitions(Topic::Events),
        }
    }

    fn policy(self) -> (&'static str, &'static str) {
        match self {
            Self::Log(_) => ("delete", "compaction would take events away"),
            Self::States => ("compact", "otherwise the rows of quiet reps are taken away"),
        }
    }

    /// Who was hired is read from the beginning at every start, however long ago that was.
    fn is_kept_for_ever(self) -> bool {
        matches!(self, Self::Log(Topic::People | Topic::Targets))
    }
}

fn new_topic<'a>(options: &Options, kind: Kind, name: &'a str, copies: i32) -> NewTopic<'a> {
    let partitions = i32::try_from(kind.partitions(options)).unwrap_or(i32::MAX);
    let new = NewTopic::new(name, partitions, TopicReplication::Fixed(copies))
        .set("cleanup.policy", kind.policy().0)
        .set("unclean.leader.election.enable", "false");
    let new = match kind {
        Kind::Log(_) => new.set("message.timestamp.type", "LogAppendTime").set(
            "retention.ms",
            if kind.is_kept_for_ever() { "-1" } else { RETENTION_MS },
        ),
        // Old rows make way within the hour, and a reader that was away for a day still hears of those taken away.
        Kind::States => new.set("segment.ms", "3600000").set("delete.retention.ms", "86400000"),
    };
    if copies >= 3 {
        new.set("min.insync.replicas", "2")
    } else {
        new
    }
}

/// Checks the topics.
///
/// # Errors
/// The cluster cannot be reached. A topic that is wrong is a finding.
pub fn check(options: &Options) -> Result<Vec<Finding>, Error> {
    let connected = client::connect(options, &options.topic_name(Topic::Events))?;
    let mut findings = Vec::new();
    let mut there = Vec::new();
    for (kind, name) in Kind::all(options) {
        let wanted = kind.partitions(options);
        let mut find = |is_error, message: String| {
            findings.push(Finding {
                topic: name.clone(),
                is_error,
                message,
            });
        };
        match client::partitions_of(&connected, options, &name) {
            // Nothing is read back from states: any number will do.
            Ok(count) if count == wanted || kind == Kind::States => {}
            Ok(count) => find(true, fault::other_count(count, wanted)),
            Err(error) if error.class() == Class::Input => {
                find(true, error.to_string());
                continue;
            }
            Err(error) => return Err(error),
        }
        if kind == Kind::Log(Topic::Events) {
            let metadata = connected
                .fetch_metadata(Some(&name), options.request_timeout)
                .map_err(|error| fault::broker("ask for the copies of a topic", &error))?;
            let copies = metadata.topics().iter().flat_map(|topic| topic.partitions());
            if let Some(least) = copies.map(|partition| partition.replicas().len()).min()
                && least < 3
            {
                find(
                    false,
                    format!("has {least} of the three copies with which nothing is lost with a broker"),
                );
            }
        }
        there.push(name);
    }
    findings.extend(check_settings(options, &there)?);
    Ok(findings)
}

fn check_settings(options: &Options, names: &[String]) -> Result<Vec<Finding>, Error> {
    let resources: Vec<ResourceSpecifier<'_>> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
    if resources.is_empty() {
        return Ok(Vec::new());
    }
    let described = block_on(admin(options)?.describe_configs(&resources, &request(options)))
        .map_err(|error| fault::broker("ask for the settings of the topics", &error))?;
    let mut findings = Vec::new();
    for (name, settings) in names.iter().zip(described) {
        let mut find = |is_error, message: String| {
            findings.push(Finding {
                topic: name.clone(),
                is_error,
                message,
            });
        };
        let settings = match settings {
            Ok(settings) => settings,
            Err(code) => {
                find(
                    false,
                    format!("its settings cannot be read ({code}); check them by hand"),
                );
                continue;
            }
        };
        let values: BTreeMap<&str, &str> = settings
            .entries
            .iter()
            .filter_map(|entry| Some((entry.name.as_str(), entry.value.as_deref()?)))
            .collect();
        let kind = Kind::all(options).into_iter().find(|(_, known)| known == name);
        judge(&values, kind.map_or(Kind::States, |(kind, _)| kind), &mut find);
    }
    Ok(findings)
}

fn judge(values: &BTreeMap<&str, &str>, kind: Kind, find: &mut impl FnMut(bool, String)) {
    let (policy, why) = kind.policy();
    let mut rules = vec![("cleanup.policy", policy, why)];
    if kind != Kind::States {
        rules.push((
            "message.timestamp.type",
            "LogAppendTime",
            "otherwise a producer with a wrong clock moves the watermark",
        ));
    }
    for (key, wanted, why) in rules {
        // States may be deleted by age as well.
        let fits =
            |value: &str| value == wanted || (kind == Kind::States && value.split(',').any(|part| part == wanted));
        if let Some(value) = values.get(key).filter(|value| !fits(value)) {
            find(true, format!("`{key}` is `{value}`, set it to `{wanted}`: {why}"));
        }
    }
    let is_events = kind == Kind::Log(Topic::Events);
    let retention = values.get("retention.ms").and_then(|value| value.parse::<i64>().ok());
    if is_events && retention.is_some_and(|ms| (0..RETENTION_MS_MIN).contains(&ms)) {
        find(
            true,
            format!(
                "`retention.ms` is {}, set it to {RETENTION_MS_MIN} or more: a state must be able to read the log on",
                retention.unwrap_or(0)
            ),
        );
    }
    if kind.is_kept_for_ever() && retention.is_some_and(|ms| ms >= 0) {
        find(
            true,
            format!(
                "`retention.ms` is {}, set it to -1: it is read from its beginning at every start",
                retention.unwrap_or(0)
            ),
        );
    }
    if is_events && values.get("min.insync.replicas").is_some_and(|value| *value == "1") {
        find(
            false,
            "`min.insync.replicas` is 1: an acknowledged event may be lost with one broker".to_owned(),
        );
    }
    if values
        .get("unclean.leader.election.enable")
        .is_some_and(|value| *value == "true")
    {
        find(
            false,
            "`unclean.leader.election.enable` is true: acknowledged events may be lost".to_owned(),
        );
    }
}

fn admin(options: &Options) -> Result<AdminClient<DefaultClientContext>, Error> {
    client_of(&options.client(), DefaultClientContext).map_err(|error| fault::broker("start an admin client", &error))
}

fn request(options: &Options) -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(options.request_timeout))
        .operation_timeout(Some(options.request_timeout))
}
