//! What an error of librdkafka means for us, and what a person does about it.

use std::time::{Duration, Instant as Monotonic};

use paceline_schemas::position::{Offset, Partition};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use crate::error::{Class, Error};
use crate::log::Bounds;

/// How long a passing failure is waited out where an answer is due.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(200);
/// Attempts made at least.
const ATTEMPTS_MIN: u32 = 5;

/// What follows from an error of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The client connects again by itself.
    Passing,
    /// Nobody lets us in until a person does something.
    Withheld,
    /// A position is not held.
    OutOfRange,
    /// Going on could lose or double records.
    Fatal,
}

pub(crate) fn meaning(error: &KafkaError) -> Meaning {
    match (error, error.rdkafka_error_code()) {
        (KafkaError::PartitionEOF(_), _) => Meaning::Passing,
        (_, Some(code)) => meaning_of(code),
        (_, None) => Meaning::Fatal,
    }
}

pub(crate) fn meaning_of(code: Code) -> Meaning {
    match code {
        Code::BrokerTransportFailure
        | Code::AllBrokersDown
        // The client drops the handle of a broker that has left while requests wait for its answer.
        | Code::BrokerDestroy
        | Code::DestroyBroker
        | Code::StaleBrokerEpoch
        | Code::PreferredLeaderNotAvailable
        | Code::KafkaStorageError
        | Code::ListenerNotFound
        | Code::UnstableOffsetCommit
        | Code::ThrottlingQuotaExceeded
        | Code::Resolve
        | Code::OperationTimedOut
        | Code::RequestTimedOut
        | Code::TimedOutQueue
        | Code::MessageTimedOut
        | Code::LeaderNotAvailable
        | Code::NotLeaderForPartition
        | Code::BrokerNotAvailable
        | Code::ReplicaNotAvailable
        | Code::NetworkException
        | Code::CoordinatorLoadInProgress
        | Code::CoordinatorNotAvailable
        | Code::NotCoordinator
        | Code::NotEnoughReplicas
        | Code::NotEnoughReplicasAfterAppend
        | Code::WaitingForCoordinator
        | Code::InProgress
        | Code::PreviousInProgress
        | Code::QueueFull
        | Code::NotController
        | Code::FencedLeaderEpoch
        | Code::UnknownLeaderEpoch
        | Code::OffsetNotAvailable
        | Code::RebalanceInProgress
        | Code::UnknownMemberId
        | Code::IllegalGeneration
        | Code::PartitionEOF
        | Code::PollExceeded
        | Code::PurgeInflight
        | Code::PurgeQueue => Meaning::Passing,
        Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::SSL
        | Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::TransactionalIdAuthorizationFailed
        | Code::UnknownTopic
        | Code::UnknownPartition
        | Code::UnknownTopicId
        | Code::UnknownTopicOrPartition => Meaning::Withheld,
        Code::AutoOffsetReset | Code::OffsetOutOfRange => Meaning::OutOfRange,
        _ => Meaning::Fatal,
    }
}

/// The words of a code without its name: `Name (Broker: Words)`.
fn words(code: Code) -> String {
    let text = code.to_string();
    let inner = text.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    let words = inner.unwrap_or(&text);
    let bare = words.strip_prefix("Broker: ").or_else(|| words.strip_prefix("Local: "));
    bare.unwrap_or(words).to_lowercase()
}

/// Tries again what fails for a passing reason, for a while: leaders move, and connections are made again.
///
/// # Errors
/// The last failure.
pub fn patiently<T>(attempt: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    again_while(|error| error.class() == Class::Transient, attempt)
}

/// Asks again for a topic that was made a moment ago, for a while.
///
/// # Errors
/// The last failure.
pub(super) fn until_known<T>(attempt: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    again_while(|_| true, attempt)
}

fn again_while<T>(
    may_pass: impl Fn(&Error) -> bool,
    mut attempt: impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let begun = Monotonic::now();
    // Time passes for a process that is stopped, too; attempts do not.
    let mut attempts = 0;
    loop {
        attempts += 1;
        match attempt() {
            Err(error) if may_pass(&error) && (begun.elapsed() < PATIENCE || attempts < ATTEMPTS_MIN) => {
                std::thread::park_timeout(PAUSE);
            }
            outcome => return outcome,
        }
    }
}

/// What a person does about it.
fn advice(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::BrokerTransportFailure | Code::AllBrokersDown | Code::Resolve | Code::OperationTimedOut => {
            "check that the brokers of `log.kafka.bootstrap` run and can be reached from here"
        }
        Code::MessageTimedOut | Code::NotEnoughReplicas | Code::NotEnoughReplicasAfterAppend => {
            "check that enough brokers run for the topic's `min.insync.replicas`"
        }
        Code::Authentication | Code::SaslAuthenticationFailed => {
            "check user and password in `log.kafka.properties` (`sasl.username`, `sasl.password`, `sasl.mechanism`)"
        }
        Code::SSL => "check `ssl.ca.location` and the names in the broker's certificate",
        Code::TopicAuthorizationFailed => {
            "let the user read, write and describe the topics of Paceline, and describe their configuration"
        }
        Code::GroupAuthorizationFailed => "let the user read the consumer group `log.kafka.group`",
        Code::ClusterAuthorizationFailed => "let the user write idempotently to the cluster",
        Code::UnknownTopic | Code::UnknownPartition | Code::UnknownTopicId | Code::UnknownTopicOrPartition => {
            "make the topics by `paceline topics create`; one that was deleted is another log: see `paceline fsck`"
        }
        _ => return None,
    })
}

/// Our error for one of the client.
pub(crate) fn broker(action: &str, error: &KafkaError) -> Error {
    match error.rdkafka_error_code() {
        Some(code) => coded(action, code, None),
        None => Error::Broker {
            action: action.to_owned(),
            cause: error.to_string(),
            class: Class::Fatal,
        },
    }
}

/// Our error for a code, with what the client said of it.
pub(crate) fn coded(action: &str, code: Code, said: Option<&str>) -> Error {
    let mut cause = said.map_or_else(|| words(code), str::to_owned);
    if let Some(advice) = advice(code) {
        cause.push_str("; ");
        cause.push_str(advice);
    }
    Error::Broker {
        action: action.to_owned(),
        cause,
        class: match meaning_of(code) {
            Meaning::Passing => Class::Transient,
            Meaning::Withheld => Class::Input,
            Meaning::OutOfRange | Meaning::Fatal => Class::Fatal,
        },
    }
}

/// Other records lie under the offsets that were read or written before.
pub(super) fn made_anew(name: &str, partition: Partition, what: &str) -> Error {
    Error::Broker {
        action: format!("read `{name}/{partition}`"),
        cause: format!(
            "{what}: the topic was deleted and made again, or has lost acknowledged records; restore the topic, or \
             rebuild into an empty directory"
        ),
        class: Class::Fatal,
    }
}

/// Why a position that was held a moment ago is not any more.
pub(super) fn no_longer_held(name: &str, partition: Partition, position: Offset, bounds: Bounds) -> Option<Error> {
    if position > bounds.next {
        let what = format!("it held {position} records and ends at {} now", bounds.next);
        return Some(made_anew(name, partition, &what));
    }
    (position < bounds.low).then(|| Error::Broker {
        action: format!("read `{name}/{partition}`"),
        cause: format!(
            "`{}` records from {position} on were deleted before they were read: its `retention.ms` is too short, or \
             somebody deleted them; restore the topic, or rebuild into an empty directory",
            bounds.low - position
        ),
        class: Class::Fatal,
    })
}

/// What is wrong with a topic of another partition count than that which is configured.
pub(super) fn other_count(count: u32, configured: u32) -> String {
    format!(
        "has {count} partitions where {configured} are configured, and with another count the events of a rep lie in \
         other partitions than before: set `log.kafka.partitions` to the count of its creation; if partitions were \
         added since, make topics with another `log.kafka.topic_prefix` and rebuild into an empty directory"
    )
}
