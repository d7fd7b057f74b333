//! What every log promises.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use paceline_ingest::error::{Class, Error};
use paceline_ingest::log::{Bounds, Log, LogSource, ReadLimit, Record, SourceEvent, Stored};
use paceline_schemas::position::{Offset, Partition, Topic, partition_of};

const LONG: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_millis(20);
const EVENTS: Topic = Topic::Events;

fn record(n: usize) -> Record {
    Record::new(format!("rep-{}", n % 7), format!("payload {n}"))
}

/// The whole contract; the log must be new, with at least two partitions of events.
pub(crate) fn contract(log: &dyn Log, record_bytes_max: usize) {
    let appended = appends_are_dense_ordered_and_placed_by_key(log);
    reads_return_what_was_appended(log, &appended);
    reads_keep_their_limits_and_bounds(log);
    a_read_at_a_former_end_sees_what_came_since(log);
    a_named_partition_wins_over_the_key(log);
    wrong_appends_leave_nothing(log, record_bytes_max);
    a_consumer_gets_all_from_its_positions_then_the_end(log);
    an_append_wakes_a_waiting_consumer(log);
    a_paused_partition_is_silent_and_loses_nothing(log);
    an_assignment_needs_a_position_that_is_held(log);
    concurrent_appends_keep_the_order_of_each_caller(log);
}

pub(crate) type Appended = BTreeMap<(Partition, Offset), Record>;

pub(crate) fn appends_are_dense_ordered_and_placed_by_key(log: &dyn Log) -> Appended {
    assert!(log.partitions(EVENTS) > 1);
    assert!(log.append(EVENTS, Vec::new()).expect("nothing is fine").is_empty());
    let mut next = BTreeMap::<Partition, Offset>::new();
    let mut appended = Appended::new();
    for group in 0..10 {
        let records: Vec<Record> = (0..50).map(|n| record(group * 50 + n)).collect();
        let places = log.append(EVENTS, records.clone()).expect("appended");
        assert_eq!(places.len(), records.len());
        for (place, record) in places.into_iter().zip(records) {
            let expected = next.entry(place.0).or_default();
            assert_eq!(place, (partition_of(&record.key, log.partitions(EVENTS)), *expected));
            *expected += 1;
            appended.insert(place, record);
        }
    }
    assert!(next.len() > 1, "the keys spread");
    for (partition, next) in next {
        assert_eq!(log.bounds(EVENTS, partition).expect("bounds"), Bounds { low: 0, next });
    }
    appended
}

pub(crate) fn reads_return_what_was_appended(log: &dyn Log, appended: &Appended) {
    for partition in 0..log.partitions(EVENTS) {
        let stored = read_all(log, partition, 0);
        let expected: Vec<_> = appended.iter().filter(|((p, _), _)| *p == partition).collect();
        assert_eq!(stored.len(), expected.len());
        for (stored, ((_, offset), record)) in stored.iter().zip(expected) {
            assert_eq!(
                (stored.offset, &stored.key, &stored.payload),
                (*offset, &record.key, &record.payload)
            );
        }
        assert!(stored.is_sorted_by_key(|stored| stored.append_time));
    }
}

fn read_all(log: &dyn Log, partition: Partition, mut from: Offset) -> Vec<Stored> {
    let mut all = Vec::new();
    loop {
        let page = log
            .read(
                EVENTS,
                partition,
                from,
                ReadLimit {
                    records: 64,
                    bytes: usize::MAX,
                },
            )
            .expect("readable");
        let Some(last) = page.last() else { return all };
        from = last.offset + 1;
        all.extend(page);
    }
}

fn reads_keep_their_limits_and_bounds(log: &dyn Log) {
    let next = log.bounds(EVENTS, 0).expect("bounds").next;
    let all = read_all(log, 0, 0);
    let two = all[..2].iter().map(|r| r.key.len() + r.payload.len()).sum();
    for (records, bytes, expected) in [(3, usize::MAX, 3), (usize::MAX, two, 2), (usize::MAX, 1, 1), (0, 0, 1)] {
        let page = log.read(EVENTS, 0, 0, ReadLimit { records, bytes }).expect("readable");
        assert_eq!(page, all[..expected]);
    }
    assert_eq!(log.read(EVENTS, 0, next, ReadLimit::default()).expect("the end"), []);
    let beyond = log
        .read(EVENTS, 0, next + 1, ReadLimit::default())
        .expect_err("beyond the end");
    assert!(matches!(beyond, Error::OutOfRange { .. }), "{beyond}");
    let unknown = log.partitions(EVENTS);
    assert!(log.read(EVENTS, unknown, 0, ReadLimit::default()).is_err());
    assert!(log.bounds(EVENTS, unknown).is_err());
}

fn a_read_at_a_former_end_sees_what_came_since(log: &dyn Log) {
    let end = log.bounds(EVENTS, 0).expect("bounds").next;
    assert_eq!(read_all(log, 0, 0).len() as u64, end);
    // By the time that a consumer has met the ends, whoever read has been told of them too.
    drop(caught_up(log));
    let places = log
        .append(EVENTS, vec![Record::to(0, "k", "since"); 3])
        .expect("appended");
    assert_eq!(places.len(), read_all(log, 0, end).len());
}

fn a_named_partition_wins_over_the_key(log: &dyn Log) {
    let other = (partition_of(b"rep-1", log.partitions(EVENTS)) + 1) % log.partitions(EVENTS);
    let next = log.bounds(EVENTS, other).expect("bounds").next;
    let places = log
        .append(EVENTS, vec![Record::to(other, "rep-1", "tick")])
        .expect("appended");
    assert_eq!(places, [(other, next)]);
}

fn wrong_appends_leave_nothing(log: &dyn Log, record_bytes_max: usize) {
    let ends = |log: &dyn Log| {
        (0..log.partitions(EVENTS))
            .map(|p| log.bounds(EVENTS, p).ok())
            .collect::<Vec<_>>()
    };
    let before = ends(log);
    let large = Record::new("k", vec![0; record_bytes_max]);
    for wrong in [Record::to(log.partitions(EVENTS), "k", "v"), large] {
        let refused = log.append(EVENTS, vec![record(1), wrong]).expect_err("refused");
        assert_eq!(refused.class(), Class::Input, "{refused}");
    }
    assert_eq!(ends(log), before);
}

/// Subscribes and answers the assignment with `position` for every partition.
fn consume(log: &dyn Log, position: impl Fn(Partition) -> Offset) -> Box<dyn LogSource> {
    let mut source = log.subscribe(EVENTS).expect("subscribed");
    let Some(SourceEvent::Assigned { partitions, reply }) = source.poll(LONG).expect("alive") else {
        panic!("the first event is the assignment")
    };
    assert_eq!(partitions, (0..log.partitions(EVENTS)).collect::<Vec<_>>());
    assert!(
        source.poll(SOON).expect("alive").is_none(),
        "nothing comes before the answer"
    );
    assert!(reply.send(partitions.into_iter().map(|p| (p, position(p))).collect()));
    source
}

/// Offsets delivered per partition, and where each ended.
#[derive(Default)]
struct Seen {
    offsets: BTreeMap<Partition, Vec<Offset>>,
    ends: BTreeMap<Partition, Offset>,
}

impl Seen {
    /// Takes events until `partitions` have ended.
    fn until_end(source: &mut dyn LogSource, partitions: usize) -> Self {
        let mut seen = Self::default();
        while seen.ends.len() < partitions {
            match source.poll(LONG).expect("alive").expect("more to come") {
                SourceEvent::Batch { partition, records, .. } => {
                    assert!(!records.is_empty());
                    seen.offsets
                        .entry(partition)
                        .or_default()
                        .extend(records.iter().map(|r| r.offset));
                }
                SourceEvent::End { partition, next } => {
                    assert_eq!(
                        seen.ends.insert(partition, next),
                        None,
                        "one end until more is appended"
                    );
                }
                other => panic!("unexpected {other:?}"),
            }
        }
        seen
    }
}

fn a_consumer_gets_all_from_its_positions_then_the_end(log: &dyn Log) {
    let start = |partition: Partition| if partition == 0 { 5 } else { 0 };
    let mut source = consume(log, start);
    let count = log.partitions(EVENTS);
    let seen = Seen::until_end(source.as_mut(), count as usize);
    for partition in 0..count {
        let next = log.bounds(EVENTS, partition).expect("bounds").next;
        assert_eq!(seen.ends[&partition], next);
        let delivered = seen.offsets.get(&partition).cloned().unwrap_or_default();
        assert_eq!(delivered, (start(partition)..next).collect::<Vec<_>>());
    }
    assert!(source.poll(SOON).expect("alive").is_none(), "caught up is silent");
}

/// A consumer that has told every end.
fn caught_up(log: &dyn Log) -> Box<dyn LogSource> {
    let mut source = consume(log, |p| log.bounds(EVENTS, p).expect("bounds").next);
    let seen = Seen::until_end(source.as_mut(), log.partitions(EVENTS) as usize);
    assert!(seen.offsets.is_empty());
    source
}

fn an_append_wakes_a_waiting_consumer(log: &dyn Log) {
    let mut source = caught_up(log);
    thread::scope(|scope| {
        let waiting = scope.spawn(move || source.poll(LONG).expect("alive").expect("woken"));
        let places = log.append(EVENTS, vec![record(1)]).expect("appended");
        let SourceEvent::Batch { partition, records, .. } = waiting.join().expect("no panic") else {
            panic!("a batch was due")
        };
        assert_eq!(places, [(partition, records[0].offset)]);
    });
}

fn a_paused_partition_is_silent_and_loses_nothing(log: &dyn Log) {
    let mut source = caught_up(log);
    source.pause(0);
    let places = log
        .append(
            EVENTS,
            vec![
                Record::to(0, "k", "a"),
                Record::to(1, "k", "b"),
                Record::to(0, "k", "c"),
            ],
        )
        .expect("appended");
    let seen = Seen::until_end(source.as_mut(), 1);
    assert_eq!(seen.offsets, BTreeMap::from([(1, vec![places[1].1])]));
    assert!(source.poll(SOON).expect("alive").is_none());
    source.resume(0);
    let seen = Seen::until_end(source.as_mut(), 1);
    assert_eq!(seen.offsets, BTreeMap::from([(0, vec![places[0].1, places[2].1])]));
}

fn an_assignment_needs_a_position_that_is_held(log: &dyn Log) {
    let mut ahead = consume(log, |p| log.bounds(EVENTS, p).expect("bounds").next + 1);
    let refused = ahead.poll(LONG).expect_err("beyond the end");
    assert!(matches!(refused, Error::OutOfRange { .. }), "{refused}");

    for answer in [None, Some(vec![(0, 0)])] {
        let mut source = log.subscribe(EVENTS).expect("subscribed");
        let Some(SourceEvent::Assigned { reply, .. }) = source.poll(LONG).expect("alive") else {
            panic!()
        };
        if let Some(answer) = answer {
            assert!(reply.send(answer));
        } else {
            drop(reply);
        }
        let refused = source.poll(LONG).expect_err("no position");
        assert!(matches!(refused, Error::Unanswered { .. }), "{refused}");
    }
}

fn concurrent_appends_keep_the_order_of_each_caller(log: &dyn Log) {
    let from: Vec<Offset> = (0..log.partitions(EVENTS))
        .map(|p| log.bounds(EVENTS, p).expect("bounds").next)
        .collect();
    thread::scope(|scope| {
        for caller in 0..4 {
            scope.spawn(move || {
                for n in 0..50 {
                    let records = vec![Record::new(format!("caller-{caller}"), format!("{n:04}")); 2];
                    log.append(EVENTS, records).expect("appended");
                }
            });
        }
    });
    let mut seen = BTreeMap::<String, Vec<String>>::new();
    for (partition, from) in (0..).zip(from) {
        for stored in read_all(log, partition, from) {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
            seen.entry(text(&stored.key)).or_default().push(text(&stored.payload));
        }
    }
    assert_eq!(seen.len(), 4);
    for payloads in seen.values() {
        assert_eq!(payloads.len(), 100);
        assert!(payloads.is_sorted());
    }
}
