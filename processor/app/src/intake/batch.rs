//! Batches of events and dead letters on their way to the log.

use paceline_ingest::dead_letter::DeadLetter;
use paceline_ingest::log::Record;
use paceline_ingest::memory::CompleteTo;
use paceline_schemas::codec::encode;
use paceline_schemas::event::Event;
use paceline_schemas::position::{Offset, Partition, Topic};

use super::Intake;
use crate::failure::{Exit, Failure};
use crate::replay::record_of;

/// What waits for the log.
#[derive(Debug, Default)]
pub(super) struct Batch {
    keyed: Vec<Record>,
    people: Vec<Record>,
    dead_letters: Vec<Record>,
}

impl Batch {
    pub(super) fn push(&mut self, event: &Event) {
        let payload = encode(event);
        match event.data.keyed() {
            Some(keyed) => self
                .keyed
                .push(Record::new(keyed.rep_id.as_str().as_bytes().to_vec(), payload)),
            None => self.people.push(Record::to(0, Vec::new(), payload)),
        }
    }

    pub(super) fn refuse(&mut self, letter: &DeadLetter) {
        self.dead_letters.push(record_of(letter));
    }

    pub(super) fn len(&self) -> usize {
        self.keyed.len() + self.people.len() + self.dead_letters.len()
    }
}

impl Intake {
    /// Appends the batch, waits until it is durable, and commits memory.
    pub(super) fn write(&mut self, batch: &mut Batch) -> Result<(), Failure> {
        let reached = self.append(batch)?;
        self.memory.commit(&reached)?;
        Ok(())
    }

    /// Appends the batch and waits until it is durable; memory learns of it when it is opened again.
    pub(super) fn append(&mut self, batch: &mut Batch) -> Result<CompleteTo, Failure> {
        let mut reached = CompleteTo::new();
        let parts = [
            (Topic::DeadLetters, std::mem::take(&mut batch.dead_letters)),
            (Topic::People, std::mem::take(&mut batch.people)),
            (Topic::Events, std::mem::take(&mut batch.keyed)),
        ];
        for (topic, records) in parts {
            if records.is_empty() {
                continue;
            }
            self.appended = true;
            let places = self.log.append(topic, records)?;
            self.check_alone(topic, &places)?;
            for (partition, offset) in places.into_iter().filter(|_| topic != Topic::DeadLetters) {
                let end = reached.entry((topic, partition)).or_insert(0);
                *end = (*end).max(offset + 1);
            }
        }
        Ok(reached)
    }

    /// Refuses to go on where records of others lie before ours: memory does not know them, and may have amended what
    /// they had amended already.
    pub(super) fn check_alone(&mut self, topic: Topic, places: &[(Partition, Offset)]) -> Result<(), Failure> {
        for (partition, offset) in places {
            let Some(end) = self.ends.get_mut(&(topic, *partition)) else {
                continue;
            };
            if *offset > *end {
                let text = format!(
                    "`{}/{partition}` holds {} records from offset {end} on that another process has written: only one \
                     may write to a log; stop the other one, `paceline ingest` or `paceline run` over another data \
                     directory. What it wrote is read before anything else is written here",
                    topic.name(),
                    *offset - *end
                );
                tracing::error!("{text}");
                return Err(Failure::new(Exit::Transient, text));
            }
            *end = (*end).max(*offset + 1);
        }
        Ok(())
    }
}
