use std::collections::BTreeMap;

use paceline_schemas::codec::{Limits, decode};
use paceline_schemas::time::{HOUR_US, Instant};
use paceline_windows::{Arrived, Effect, Options};

use super::*;

/// Takes what it has room for.
#[derive(Debug)]
struct Topic {
    newest: BTreeMap<String, Option<String>>,
    sent: usize,
    room: usize,
}

impl Topic {
    fn new() -> Self {
        Self {
            newest: BTreeMap::new(),
            sent: 0,
            room: usize::MAX,
        }
    }

    fn dials(&self, key: &str) -> Option<i64> {
        let text = self.newest.get(key)?.as_ref()?;
        let row: serde_json::Value = serde_json::from_str(text).expect("JSON");
        row["dials"].as_i64()
    }
}

impl StateSink for Topic {
    fn send(&mut self, state: &State<'_>) -> Result<bool, Error> {
        if self.room == 0 {
            return Ok(false);
        }
        self.room -= 1;
        self.sent += 1;
        self.newest.insert(state.key.to_owned(), state.value.map(str::to_owned));
        Ok(true)
    }

    fn take_loss(&mut self) -> bool {
        false
    }
}

/// The fold of one shard with its live rows.
struct Shard {
    state: ShardState,
    live: LiveRows,
    next: Offset,
}

impl Shard {
    fn new(every: Duration, silent_until: Offset) -> Self {
        Self {
            state: ShardState::new(Options::default(), BTreeMap::new()).expect("options"),
            live: LiveRows::new(every, silent_until),
            next: 0,
        }
    }

    fn hear(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::RowsChanged { of, windows } = effect {
                self.live.note(of, *windows);
            }
        }
    }

    /// A dial of `rep` that ended at noon of 2026-03-02.
    fn dial(&mut self, rep: &str) {
        let text = format!(
            r#"{{"specversion":"1.0","type":"paceline.call.completed","source":"//t/d/x","id":"{}",
            "time":"2026-03-02T12:00:00Z","datacontenttype":"application/json",
            "dataschema":"urn:paceline:event:call.completed:1.0",
            "data":{{"rep_id":"{rep}","call_id":"c","leg_id":"1","site_id":"main","business_date":"2026-03-02","hour":"2026-03-02T11:00:00Z",
            "started_at":"2026-03-02T11:59:00Z","ended_at":"2026-03-02T12:00:00Z","direction":"outbound",
            "leg_role":"first","disposition":"no_answer","step":"dial","currency":"USD"}}}}"#,
            self.next
        );
        let event = decode(text.as_bytes(), Limits::default()).expect("an event");
        let arrived = Arrived {
            offset: self.next,
            append_time: event.envelope.time,
            content: self.next,
        };
        let mut effects = Vec::new();
        self.state.apply(&event, arrived, &mut effects);
        self.next += 1;
        self.hear(&effects);
    }

    fn advance(&mut self, days: i64) {
        let now = Instant(self.state.as_of().expect("an instant").0 + days * 24 * HOUR_US);
        let mut effects = Vec::new();
        self.state.advance(now, &mut effects);
        self.hear(&effects);
    }

    fn send(&mut self, topic: &mut Topic) {
        let version = Version {
            shard: 3,
            epoch: 2,
            offset: self.next,
        };
        self.live.send(&self.state, version, topic).expect("sent");
    }
}

#[test]
fn what_changes_meanwhile_is_sent_together() {
    let (mut shard, mut topic) = (Shard::new(Duration::from_secs(3_600), 0), Topic::new());
    shard.send(&mut topic);
    shard.dial("a");
    shard.send(&mut topic);
    assert_eq!(topic.dials("a|today|USD"), Some(1));
    let sent = topic.sent;
    (0..5).for_each(|_| shard.dial("a"));
    shard.dial("b");
    shard.send(&mut topic);
    assert_eq!(
        (topic.dials("a|today|USD"), topic.dials("b|today|USD")),
        (Some(1), Some(1))
    );
    assert_eq!(topic.sent, 2 * sent, "only the rows of b were due");

    let mut shard = Shard::new(Duration::ZERO, 0);
    shard.send(&mut topic);
    (0..5).for_each(|_| shard.dial("a"));
    shard.send(&mut topic);
    assert_eq!(topic.dials("a|28d|USD"), Some(5));
}

#[test]
fn a_row_that_falls_to_zero_is_sent_once_and_then_taken_away() {
    let (mut shard, mut topic) = (Shard::new(Duration::ZERO, 0), Topic::new());
    shard.send(&mut topic);
    shard.dial("a");
    shard.send(&mut topic);
    shard.advance(2);
    shard.send(&mut topic);
    assert_eq!(
        (topic.dials("a|today|USD"), topic.dials("a|7d|USD")),
        (Some(0), Some(1))
    );
    shard.send(&mut topic);
    assert_eq!(topic.newest["a|today|USD"], None);
    let sent = topic.sent;
    shard.send(&mut topic);
    assert_eq!(topic.sent, sent, "nothing is left to say");
}

#[test]
fn nothing_is_sent_before_the_fold_is_where_it_was_and_everything_then() {
    let (mut shard, mut topic) = (Shard::new(Duration::ZERO, 3), Topic::new());
    for _ in 0..2 {
        shard.dial("a");
        shard.send(&mut topic);
    }
    assert_eq!(topic.sent, 0);
    shard.dial("b");
    shard.send(&mut topic);
    assert_eq!(
        (topic.dials("a|today|USD"), topic.dials("b|today|USD")),
        (Some(2), Some(1))
    );
}

#[test]
fn rows_of_before_that_are_zero_by_now_are_taken_away_after_a_start() {
    let (mut shard, mut topic) = (Shard::new(Duration::ZERO, 1), Topic::new());
    topic
        .newest
        .insert("a|today|USD".to_owned(), Some("{\"dials\":1}".to_owned()));
    shard.dial("a");
    shard.advance(3);
    shard.send(&mut topic);
    assert_eq!(topic.newest["a|today|USD"], None);
    assert_eq!(topic.dials("a|7d|USD"), Some(1));
}

#[test]
fn a_full_queue_keeps_what_it_does_not_take() {
    let (mut shard, mut topic) = (Shard::new(Duration::ZERO, 0), Topic::new());
    shard.send(&mut topic);
    shard.dial("a");
    shard.dial("b");
    topic.room = 3;
    shard.send(&mut topic);
    assert_eq!(topic.sent, 3);
    topic.room = usize::MAX;
    shard.send(&mut topic);
    shard.send(&mut topic);
    assert_eq!((topic.dials("a|ytd|USD"), topic.dials("b|ytd|USD")), (Some(1), Some(1)));
}
