//! Batches of events and dead letters on their way to the log.

use paceline_ingest::dead_letter::DeadLetter;
use paceline_ingest::log::Record;
use paceline_ingest::memory::CompleteTo;
use paceline_schemas::codec::encode;
use paceline_schemas::event::Event;
use paceline_schemas::position::Topic;

use super::Intake;
use crate::failure::Failure;
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
            for (partition, offset) in places.into_iter().filter(|_| topic != Topic::DeadLetters) {
                let end = reached.entry((topic, partition)).or_insert(0);
                *end = (*end).max(offset + 1);
            }
        }
        Ok(reached)
    }
}
