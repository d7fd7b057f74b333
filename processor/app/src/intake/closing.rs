//! Ticks: the end of an import, and the silence of a partition.

use paceline_ingest::log::Record;
use paceline_schemas::codec::encode;
use paceline_schemas::envelope::Envelope;
use paceline_schemas::event::{Data, Event, EventType};
use paceline_schemas::ids::{EventId, Source};
use paceline_schemas::position::{Partition, Topic};
use paceline_schemas::time::{Day, Instant};

use super::Intake;
use crate::clock;
use crate::failure::{Exit, Failure};

impl Intake {
    /// Appends to every partition a tick at the end of `day` where it ends last, never later than now.
    pub(super) fn tick_end_of(&mut self, day: Day) -> Result<(), Failure> {
        let ends = self
            .config
            .sites
            .values()
            .map(|site| site.ends_at(day))
            .max()
            .unwrap_or_default();
        let at = ends.min(clock::now());
        for partition in 0..self.log.partitions(Topic::Events) {
            self.tick(partition, at)?;
        }
        Ok(())
    }

    /// Appends a tick to each partition that has had no record for as long as the configuration says.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn tick_silent(&mut self) -> Result<(), Failure> {
        let now = clock::now();
        let silence_us = i64::try_from(self.config.ingest.tick_every.as_micros()).unwrap_or(i64::MAX);
        for partition in 0..self.log.partitions(Topic::Events) {
            let next = self.log.bounds(Topic::Events, partition)?.next;
            let (seen, since) = *self.last_ends.entry(partition).or_insert((next, now));
            if seen != next {
                self.last_ends.insert(partition, (next, now));
            } else if now.0 - since.0 >= silence_us {
                self.tick(partition, now)?;
                self.last_ends.insert(partition, (next + 1, now));
            }
        }
        Ok(())
    }

    fn tick(&mut self, partition: Partition, at: Instant) -> Result<(), Failure> {
        let ours = |e: paceline_schemas::ids::IdError| Failure::new(Exit::OurFault, e);
        let source = Source::new(&format!("//{}/paceline/ingest", self.config.tenant)).map_err(ours)?;
        let id = EventId::new(&format!("tick:{partition}:{}", at.0)).map_err(ours)?;
        let event = Event {
            envelope: Envelope::new(EventType::ClockTicked, source, id, at),
            data: Data::Tick,
        };
        let places = self
            .log
            .append(Topic::Events, vec![Record::to(partition, Vec::new(), encode(&event))])?;
        self.check_alone(Topic::Events, &places)?;
        // Otherwise a partition with nothing but ticks would be read from where retention has passed.
        let reached = places.into_iter().map(|(at, offset)| ((Topic::Events, at), offset + 1));
        self.memory.commit(&reached.collect())?;
        Ok(())
    }
}
