//! The watchdog: a polling thread that hangs in the client ends the process, for nothing else would.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const LOOK: Duration = Duration::from_secs(5);
/// Looks without a poll in between. Looks are counted, for a process that was stopped and goes on has hung in nothing.
const LOOKS_MAX: u32 = 60;

#[derive(Debug, Clone, Default)]
pub(super) struct Watchdog {
    polls: Arc<AtomicU64>,
    resting: Arc<AtomicBool>,
}

impl Watchdog {
    pub(super) fn start() -> Self {
        let dog = Self::default();
        let watching = dog.clone();
        let spawned = thread::Builder::new()
            .name("kafka-watchdog".to_owned())
            .spawn(move || watching.watch());
        if let Err(error) = spawned {
            tracing::warn!(%error, "the Kafka client is not watched");
        }
        dog
    }

    fn watch(&self) {
        let (mut seen, mut looks) = (0, 0);
        while looks < LOOKS_MAX {
            thread::park_timeout(LOOK);
            if self.resting.load(Ordering::Acquire) {
                return;
            }
            let polls = self.polls.load(Ordering::Acquire);
            looks = if polls == seen { looks + 1 } else { 0 };
            seen = polls;
        }
        tracing::error!("the Kafka client has hung for {:?}; the process ends", LOOK * LOOKS_MAX);
        std::process::abort();
    }

    /// A poll has begun.
    pub(super) fn pat(&self) {
        self.polls.fetch_add(1, Ordering::AcqRel);
    }

    /// There is nothing to watch any more.
    pub(super) fn rest(&self) {
        self.resting.store(true, Ordering::Release);
    }
}
