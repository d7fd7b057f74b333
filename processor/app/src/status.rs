//! How a running process is doing: what the pipeline and the intake last said of themselves, and what follows for
//! health.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Monotonic};

use paceline_schemas::position::{Offset, Partition};
use paceline_schemas::time::Instant;
use paceline_snapshots::manifest::Books;

/// A loop that has not turned for this long is stuck; opening every shard of a process may take as long.
const STUCK: Duration = Duration::from_secs(300);
/// Checkpoints that may be missed before a process counts as not ready.
const MISSED_MAX: u32 = 5;

/// One shard of this process.
#[derive(Debug, Clone, Default)]
pub struct ShardStatus {
    /// Offset of the record to be folded next.
    pub next: Offset,
    /// Where the log ended when it was asked last.
    pub end: Offset,
    /// Append time of the last record folded.
    pub appended_at: Option<Instant>,
    /// The watermark.
    pub watermark: Option<Instant>,
    /// When the last checkpoint was made.
    pub checkpoint_at: Option<Instant>,
    /// Since when a folded record waits for a checkpoint.
    pub unsaved_since: Option<Monotonic>,
    /// What became of the records since the shard came here.
    pub books: Books,
}

impl ShardStatus {
    /// Records that are not folded yet.
    pub fn lag_records(&self) -> u64 {
        self.end.saturating_sub(self.next)
    }

    /// How far behind the clock the fold is, in seconds; 0 once it has caught up.
    pub fn lag_seconds(&self, now: Instant) -> f64 {
        match self.appended_at.filter(|_| self.lag_records() > 0) {
            Some(at) => seconds(now.0.saturating_sub(at.0).max(0)),
            None => 0.0,
        }
    }
}

/// One connection of this process.
#[derive(Debug, Clone, Default)]
pub struct ConnectionStatus {
    /// Records taken.
    pub records: u64,
    /// Why it cannot be read now.
    pub failing: Option<String>,
}

/// What a process last said of itself.
#[derive(Debug, Default)]
pub struct Status {
    /// True once everything is open.
    pub is_open: bool,
    /// When the main loop turned last; nothing while a command is carried out.
    pub turned_at: Option<Monotonic>,
    /// When the pipeline turned last; nothing without one.
    pub folded_at: Option<Monotonic>,
    /// Longest time between two checkpoints.
    pub checkpoint_every: Duration,
    /// The shards that are here.
    pub shards: BTreeMap<Partition, ShardStatus>,
    /// When something was published last.
    pub published_at: Option<Instant>,
    /// Since when rows wait for publication.
    pub owed_since: Option<Monotonic>,
    /// Whether this process writes to the log.
    pub writes: bool,
    /// Who does, where this one stands by for it.
    pub standing_by_for: Option<String>,
    /// Connections by name.
    pub connections: BTreeMap<String, ConnectionStatus>,
    /// Dead letters by reason.
    pub dead_letters: BTreeMap<&'static str, u64>,
}

/// Where the parts of a process say how they are doing.
#[derive(Debug, Default)]
pub struct Board(Mutex<Status>);

impl Board {
    /// The status, to be read or written.
    pub fn status(&self) -> MutexGuard<'_, Status> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Status {
    /// Loops that are stuck.
    pub fn stuck(&self) -> Vec<String> {
        let loops = [("main loop", self.turned_at), ("pipeline", self.folded_at)];
        let late = loops.into_iter().filter_map(|(name, at)| Some((name, at?.elapsed())));
        late.filter(|(_, since)| *since > STUCK)
            .map(|(name, since)| format!("the {name} has not turned for {} s", since.as_secs()))
            .collect()
    }

    /// What keeps the process from doing its work, and since when.
    pub fn not_ready(&self) -> Vec<String> {
        if !self.is_open {
            return vec!["it is starting".to_owned()];
        }
        let patience = self.checkpoint_every * MISSED_MAX;
        let mut reasons = self.stuck();
        for (partition, shard) in &self.shards {
            let waits = shard.unsaved_since.map(|since| since.elapsed());
            if let Some(waits) = waits.filter(|waits| *waits > patience) {
                reasons.push(format!(
                    "shard {partition} has had no checkpoint for {} s",
                    waits.as_secs()
                ));
            }
        }
        if let Some(owed) = self
            .owed_since
            .map(|since| since.elapsed())
            .filter(|owed| *owed > patience)
        {
            reasons.push(format!("rows wait for publication for {} s", owed.as_secs()));
        }
        for (name, connection) in &self.connections {
            if let Some(why) = &connection.failing {
                reasons.push(format!("the connection `{name}` cannot be read: {why}"));
            }
        }
        reasons
    }
}

/// Microseconds as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "metrics are floats, and a double holds microseconds of centuries"
)]
pub fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_is_named_and_what_is_not_is_not() {
        let mut status = Status::default();
        assert_eq!(status.not_ready(), ["it is starting"]);
        status.is_open = true;
        status.checkpoint_every = Duration::from_secs(1);
        let long_ago = Monotonic::now().checked_sub(Duration::from_secs(6));
        status.shards.insert(
            2,
            ShardStatus {
                unsaved_since: Some(Monotonic::now()),
                ..ShardStatus::default()
            },
        );
        assert_eq!(status.not_ready(), Vec::<String>::new());
        status.shards.entry(2).or_default().unsaved_since = long_ago;
        status.owed_since = long_ago;
        let reasons = status.not_ready();
        assert_eq!(reasons.len(), 2, "{reasons:?}");
        assert!(reasons[0].contains("shard 2"), "{reasons:?}");
    }

    #[test]
    fn a_shard_lags_while_records_are_not_folded() {
        let mut shard = ShardStatus {
            next: 7,
            end: 10,
            appended_at: Some(Instant(1_000_000)),
            ..ShardStatus::default()
        };
        assert_eq!(shard.lag_records(), 3);
        assert!((shard.lag_seconds(Instant(3_500_000)) - 2.5).abs() < 1e-9);
        shard.next = 10;
        assert!(shard.lag_seconds(Instant(3_500_000)).abs() < 1e-9);
    }
}
