//! The log on Kafka: the contract against librdkafka's mock cluster and against the real broker that
//! `PACELINE_TEST_KAFKA` names, `host:port`.

use std::time::{Duration, SystemTime};

use paceline_ingest::error::{Class, Error};
use paceline_ingest::log::kafka::{KafkaLog, Options, RECORD_BYTES_MAX, topics};
use paceline_ingest::log::{Log as _, LogSink as _, LogSource, Record, SourceEvent};
use paceline_schemas::position::{Partition, Topic};
use rdkafka::mocking::MockCluster;

use crate::contract::contract;

fn options(bootstrap: &str) -> Options {
    let mut options = Options::new(bootstrap);
    options.events_partitions = 3;
    options.connect_timeout = Duration::from_secs(60);
    options
}

/// Options of a deployment that nobody else uses, on the real broker.
#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
fn real(test: &str) -> Options {
    let bootstrap = std::env::var("PACELINE_TEST_KAFKA").expect("PACELINE_TEST_KAFKA names a broker");
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos();
    let mut options = options(&bootstrap);
    options.topic_prefix = format!("{test}-{now}-");
    options.group = format!("{test}-{now}");
    options
}

#[test]
fn the_mock_cluster_keeps_the_contract() {
    let cluster = MockCluster::new(1).expect("a mock cluster");
    let mut options = options(&cluster.bootstrap_servers());
    // The mock cluster keeps a member that has left until its session is over.
    for (key, value) in [("session.timeout.ms", "3000"), ("heartbeat.interval.ms", "500")] {
        options.properties.insert(key.to_owned(), value.to_owned());
    }
    for topic in Topic::ALL {
        let partitions = i32::try_from(options.partitions(topic)).expect("few");
        cluster
            .create_topic(&options.topic_name(topic), partitions, 1)
            .expect("created");
    }
    contract(&KafkaLog::open(&options).expect("opens"), RECORD_BYTES_MAX);
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn a_real_broker_keeps_the_contract() {
    let options = real("contract");
    let missing = KafkaLog::open(&options).expect_err("no topics yet");
    assert_eq!(missing.class(), Class::Input);
    assert!(missing.to_string().contains("paceline topics create"), "{missing}");

    let created = topics::create(&options, None).expect("created");
    assert_eq!(created.len(), Topic::ALL.len() + 1, "and that of the live rows");
    assert_eq!(
        topics::create(&options, None).expect("nothing to do"),
        Vec::<String>::new()
    );
    let errors: Vec<_> = topics::check(&options)
        .expect("checked")
        .into_iter()
        .filter(|finding| finding.is_error)
        .collect();
    assert_eq!(errors, []);
    contract(&KafkaLog::open(&options).expect("opens"), RECORD_BYTES_MAX);

    let mut other = options;
    other.events_partitions = 4;
    let refused = KafkaLog::open(&other).expect_err("another count");
    assert!(matches!(refused, Error::PartitionCount { stored: 3, .. }), "{refused}");
    let findings = topics::check(&other).expect("checked");
    assert!(findings.iter().any(|finding| finding.is_error), "{findings:?}");
}

#[test]
fn a_broker_that_is_away_is_waited_for_and_then_named() {
    // A port that was free a moment ago and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let mut options = options(&format!("127.0.0.1:{port}"));
    options.connect_timeout = Duration::ZERO;
    let away = KafkaLog::open(&options).expect_err("nobody is there");
    assert_eq!(away.class(), Class::Transient, "{away}");
    assert!(away.to_string().contains(&options.bootstrap), "{away}");
    assert!(away.to_string().contains("log.kafka.bootstrap"), "{away}");
}

/// Takes events until a partition is given or taken, which is answered: those given begin at 0. Records are dropped.
fn until_rebalanced(source: &mut dyn LogSource) -> Vec<Partition> {
    loop {
        match source.poll(Duration::from_secs(60)).expect("goes on").expect("in time") {
            SourceEvent::Assigned { partitions, reply } => {
                assert!(reply.send(partitions.iter().map(|partition| (*partition, 0)).collect()));
                return partitions;
            }
            SourceEvent::Revoked { partitions, reply } => {
                assert!(reply.send(()));
                return partitions;
            }
            SourceEvent::Batch { .. } | SourceEvent::End { .. } | SourceEvent::Lost { .. } => {}
        }
    }
}

/// Takes events until all of `partition` up to `end` has come.
fn until_read(source: &mut dyn LogSource, partition: Partition, end: u64) {
    let mut next = 0;
    while next < end {
        match source.poll(Duration::from_secs(60)).expect("goes on").expect("in time") {
            SourceEvent::Batch {
                partition: at, records, ..
            } if at == partition => {
                assert_eq!(records.first().map(|record| record.offset), Some(next), "without a gap");
                next = records.last().map_or(next, |record| record.offset + 1);
            }
            SourceEvent::Lost { .. } | SourceEvent::Revoked { .. } => panic!("partitions leave"),
            _ => {}
        }
    }
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn a_partition_that_left_while_it_was_paused_flows_when_it_comes_again() {
    let mut options = real("paused");
    options.events_partitions = 2;
    topics::create(&options, None).expect("created");
    let log = KafkaLog::open(&options).expect("opens");
    // More than may wait of one partition, so that it is paused while nobody takes anything.
    let mut ends = [0, 0];
    for _ in 0..48 {
        let records = (0..2_u32).flat_map(|p| (0..500).map(move |_| Record::to(p, Vec::new(), vec![7; 1_024])));
        for (partition, offset) in log.append(Topic::Events, records.collect()).expect("appended") {
            ends[partition as usize] = offset + 1;
        }
    }
    let mut first = log.subscribe(Topic::Events).expect("subscribes");
    assert_eq!(until_rebalanced(first.as_mut()), [0, 1]);
    let mut second = log.subscribe(Topic::Events).expect("subscribes");
    let early = second.poll(Duration::from_secs(10)).expect("goes on");
    assert!(early.is_none(), "the first still holds everything: {early:?}");
    let moved = until_rebalanced(first.as_mut());
    assert_eq!(moved.len(), 1);
    assert_eq!(until_rebalanced(second.as_mut()), moved);
    drop(second);
    assert_eq!(until_rebalanced(first.as_mut()), moved);
    until_read(first.as_mut(), moved[0], ends[moved[0] as usize]);
}
