//! What the pipeline says of itself: on the board for operators, and to the process around it.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant as Monotonic};

use paceline_schemas::position::Topic;

use super::worker::Worker;

/// Time between two looks at where the log ends.
const ENDS: Duration = Duration::from_secs(5);
/// The same while the log cannot be reached, which each look has to wait for.
const ENDS_AWAY: Duration = Duration::from_secs(30);

impl Worker {
    pub(super) fn tell(&mut self) {
        self.news.keeps_house.store(self.house.is_some(), Ordering::Release);
        let now = Monotonic::now();
        let mut status = self.news.board.status();
        status.folded_at = self.source.as_ref().map(|_| now);
        status.trouble = self.source.as_ref().and_then(|source| source.trouble());
        let owes = self.shards.values().any(|shard| shard.owner.owes_rows());
        status.owed_since = owes.then(|| status.owed_since.unwrap_or(now));
        status.shards.retain(|partition, _| self.shards.contains_key(partition));
        for (partition, shard) in &mut self.shards {
            shard.tell(status.shards.entry(*partition).or_default());
            let news = shard.take_news();
            *status.books.entry(*partition).or_default() += news.books;
            for (reason, count) in news.refused {
                *status.dead_letters.entry(reason).or_default() += count;
            }
        }
        drop(status);
        if now >= self.ends_at {
            let reached = self.tell_ends();
            self.ends_at = now + if reached { ENDS } else { ENDS_AWAY };
        }
    }

    /// Says where the log ends, for the lag; false if it cannot be reached.
    fn tell_ends(&self) -> bool {
        for partition in self.shards.keys() {
            let bounds = self.log.bounds(Topic::Events, *partition);
            let mut status = self.news.board.status();
            let Ok(bounds) = bounds else {
                status.unreached_since.get_or_insert_with(Monotonic::now);
                return false;
            };
            status.unreached_since = None;
            if let Some(shard) = status.shards.get_mut(partition) {
                shard.end = bounds.next;
            }
        }
        true
    }
}
