//! The connection: the first answer of a broker, the partitions of a topic, the identity of the cluster.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as Monotonic};

use paceline_schemas::position::{Partition, Topic};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use super::fault::{self, Meaning};
use super::settings::{Options, client_of};
use crate::error::{Class, Error};
use crate::log::Bounds;

/// One attempt to reach a broker.
const ATTEMPT: Duration = Duration::from_secs(5);
/// The one attempt of who does not wait.
const GLANCE: Duration = Duration::from_secs(2);

/// What a client of ours hears beside its answers.
#[derive(Debug, Default)]
pub(crate) struct Context {
    last: Mutex<Option<(Code, String)>>,
}

impl Context {
    /// The last thing that the client complained of; what a person has to mend before what passes by itself.
    pub(crate) fn last_error(&self) -> Option<(Code, String)> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let Some(code) = error.rdkafka_error_code() else {
            return;
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_grave = |code| fault::meaning_of(code) != Meaning::Passing;
        // That no broker is left follows a refusal and says less.
        if is_grave(code) || last.as_ref().is_none_or(|(known, _)| !is_grave(*known)) {
            *last = Some((code, reason.to_owned()));
        }
    }
}

impl ConsumerContext for Context {}

/// Lines of the client are lines of our log; what it calls errors are mostly connections that it makes again.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(facility, "{message}");
        }
        RDKafkaLogLevel::Error => tracing::warn!(facility, "{message}"),
        RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(facility, "{message}");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(facility, "{message}"),
    }
}

/// A client that a broker has answered about `topic`.
pub(crate) fn connect(options: &Options, topic: &str) -> Result<BaseConsumer<Context>, Error> {
    let failed = |error: KafkaError| fault::broker("connect to Kafka", &error);
    let client: BaseConsumer<Context> = client_of(&options.consumer(), Context::default()).map_err(failed)?;
    let attempt = if options.connect_timeout.is_zero() {
        GLANCE
    } else {
        ATTEMPT
    };
    let begun = Monotonic::now();
    let mut told = false;
    loop {
        let error = match client.fetch_metadata(Some(topic), attempt) {
            Ok(_) => return Ok(client),
            Err(error) => error,
        };
        // Complaints wait in the queue until it is polled.
        while client.poll(Duration::ZERO).is_some() {}
        let complaint = client.context().last_error();
        let (code, said) = match &complaint {
            Some((code, said)) => (*code, Some(said.as_str())),
            None => (error.rdkafka_error_code().unwrap_or(Code::OperationTimedOut), None),
        };
        let action = format!("connect to Kafka at `{}`", options.bootstrap);
        let failure = fault::coded(&action, code, said);
        if fault::meaning_of(code) != Meaning::Passing || begun.elapsed() >= options.connect_timeout {
            return Err(failure);
        }
        if !std::mem::replace(&mut told, true) {
            tracing::warn!(
                "{failure}; trying again for {:?}, as `log.kafka.connect_timeout` says",
                options.connect_timeout
            );
        }
    }
}

/// Partitions of a topic; none is an error that says how topics are made.
pub(super) fn partitions(client: &BaseConsumer<Context>, options: &Options, topic: Topic) -> Result<u32, Error> {
    partitions_of(client, options, &options.topic_name(topic))
}

pub(crate) fn partitions_of(client: &BaseConsumer<Context>, options: &Options, name: &str) -> Result<u32, Error> {
    let action = format!("find the topic `{name}`");
    let metadata = client
        .fetch_metadata(Some(name), options.request_timeout)
        .map_err(|error| fault::broker(&action, &error))?;
    let found = metadata.topics().iter().find(|found| found.name() == name);
    match found.map(|found| (found.error(), found.partitions().len())) {
        Some((None, count)) if count > 0 => Ok(u32::try_from(count).unwrap_or(u32::MAX)),
        Some((Some(error), _)) => Err(fault::coded(&action, Code::from(error), None)),
        _ => Err(fault::coded(&action, Code::UnknownTopicOrPartition, None)),
    }
}

/// Refuses a group in which a member has another name: each data directory would get a part of the events.
pub(super) fn check_members<C: ConsumerContext>(client: &BaseConsumer<C>, options: &Options) -> Result<(), Error> {
    let groups = match client.fetch_group_list(Some(&options.group), options.request_timeout) {
        Ok(groups) => groups,
        // Every broker is asked, also one that does not answer just now.
        Err(error) => {
            tracing::debug!(%error, "the members of the group are not known");
            return Ok(());
        }
    };
    let members = groups.groups().iter().flat_map(rdkafka::groups::GroupInfo::members);
    let others: Vec<String> = members
        .filter(|member| member.client_id() != options.member)
        .map(|member| format!("`{}` at {}", member.client_id(), member.client_host()))
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(Error::Broker {
        action: format!("join the group `{}`", options.group),
        cause: format!(
            "members of another data directory are in it: {}; give this one a `log.kafka.group` and a \
             `log.kafka.topic_prefix` of its own, or stop the others",
            others.join(", ")
        ),
        class: Class::Input,
    })
}

/// The offsets that a partition holds, by the broker.
pub(crate) fn bounds_of<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    options: &Options,
    name: &str,
    partition: Partition,
) -> Result<Bounds, Error> {
    let action = format!("ask for the offsets of `{name}/{partition}`");
    let (low, high) = client
        .fetch_watermarks(name, number(partition), options.request_timeout)
        .map_err(|error| fault::broker(&action, &error))?;
    Ok(Bounds {
        low: u64::try_from(low).unwrap_or(0),
        next: u64::try_from(high).unwrap_or(0),
    })
}

/// A partition as librdkafka writes it.
pub(crate) fn number(partition: Partition) -> i32 {
    i32::try_from(partition).unwrap_or(i32::MAX)
}

pub(super) fn cluster_id(client: &BaseConsumer<Context>, options: &Options) -> Result<String, Error> {
    client
        .client()
        .fetch_cluster_id(options.request_timeout)
        .ok_or_else(|| Error::Broker {
            action: "ask for the identity of the cluster".to_owned(),
            cause: "the broker names none".to_owned(),
            class: Class::Fatal,
        })
}
