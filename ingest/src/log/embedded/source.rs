//! A consumer of the embedded log: one process, so every partition is assigned at once and never
//! revoked; the answer to the assignment and the batches are those of any other log.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant as Monotonic};

use paceline_schemas::position::{Offset, Partition, Topic};

use super::shared::Shared;
use crate::error::Error;
use crate::log::{Answer, LogSource, ReadLimit, Reply, SourceEvent};

/// There is one assignment in the life of a consumer.
const GENERATION: u64 = 1;

#[derive(Debug)]
pub(super) struct Source {
    shared: Arc<Shared>,
    topic: Topic,
    state: State,
    paused: Vec<Partition>,
}

#[derive(Debug)]
enum State {
    Fresh,
    Asked(Answer<Vec<(Partition, Offset)>>),
    Running { cursors: Vec<Cursor>, turn: usize },
}

#[derive(Debug)]
struct Cursor {
    partition: Partition,
    position: Offset,
    /// The end was told and nothing was appended since.
    ended: bool,
}

impl Source {
    pub(super) fn new(shared: Arc<Shared>, topic: Topic) -> Self {
        Self {
            shared,
            topic,
            state: State::Fresh,
            paused: Vec::new(),
        }
    }

    fn partitions(&self) -> Vec<Partition> {
        (0..self.shared.partitions(self.topic)).collect()
    }

    fn ask(&mut self) -> SourceEvent {
        let (reply, answer) = Reply::channel();
        self.state = State::Asked(answer);
        SourceEvent::Assigned {
            partitions: self.partitions(),
            reply,
        }
    }

    fn begin(&mut self, positions: &[(Partition, Offset)]) -> Result<(), Error> {
        let mut cursors = Vec::new();
        let mut missing = Vec::new();
        for partition in self.partitions() {
            match positions.iter().find(|(p, _)| *p == partition) {
                Some(&(_, position)) => {
                    self.shared.check_position(self.topic, partition, position)?;
                    cursors.push(Cursor {
                        partition,
                        position,
                        ended: false,
                    });
                }
                None => missing.push(partition),
            }
        }
        if !missing.is_empty() {
            return Err(Error::Unanswered {
                topic: self.topic,
                partitions: missing,
            });
        }
        self.state = State::Running { cursors, turn: 0 };
        Ok(())
    }

    /// The next batch or end, partitions taking turns.
    fn deliver(&mut self) -> Result<Option<SourceEvent>, Error> {
        let State::Running { cursors, turn } = &mut self.state else {
            return Ok(None);
        };
        let count = cursors.len();
        for index in (0..count).map(|step| (*turn + step) % count) {
            let cursor = &mut cursors[index];
            if self.paused.contains(&cursor.partition) {
                continue;
            }
            let next = self.shared.bounds(self.topic, cursor.partition)?.next;
            if cursor.position == next {
                if cursor.ended {
                    continue;
                }
                cursor.ended = true;
                return Ok(Some(SourceEvent::End {
                    partition: cursor.partition,
                    next,
                }));
            }
            let records = self
                .shared
                .read(self.topic, cursor.partition, cursor.position, ReadLimit::default())?;
            let Some(last) = records.last() else {
                // Nothing is left but an accepted gap that reaches to the end.
                (cursor.position, cursor.ended) = (next, true);
                return Ok(Some(SourceEvent::End {
                    partition: cursor.partition,
                    next,
                }));
            };
            (cursor.position, cursor.ended) = (last.offset + 1, false);
            *turn = (index + 1) % count;
            return Ok(Some(SourceEvent::Batch {
                partition: cursor.partition,
                generation: GENERATION,
                records,
            }));
        }
        Ok(None)
    }

    /// Where each partition that is not paused stands.
    fn positions(&self) -> Vec<(Partition, Offset)> {
        let State::Running { cursors, .. } = &self.state else {
            return Vec::new();
        };
        let running = cursors.iter().filter(|cursor| !self.paused.contains(&cursor.partition));
        running.map(|cursor| (cursor.partition, cursor.position)).collect()
    }
}

impl LogSource for Source {
    fn poll(&mut self, timeout: Duration) -> Result<Option<SourceEvent>, Error> {
        let deadline = Monotonic::now().checked_add(timeout);
        match &self.state {
            State::Fresh => return Ok(Some(self.ask())),
            State::Asked(answer) => match answer.recv_timeout(timeout) {
                Ok(positions) => self.begin(&positions)?,
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::Unanswered {
                        topic: self.topic,
                        partitions: self.partitions(),
                    });
                }
            },
            State::Running { .. } => {}
        }
        loop {
            if let Some(event) = self.deliver()? {
                return Ok(Some(event));
            }
            if !self.shared.wait_beyond(self.topic, &self.positions(), deadline) {
                return Ok(None);
            }
        }
    }

    fn pause(&mut self, partition: Partition) {
        if !self.paused.contains(&partition) {
            self.paused.push(partition);
        }
    }

    fn resume(&mut self, partition: Partition) {
        self.paused.retain(|paused| *paused != partition);
    }
}
