//! The witness: whether the topic that is consumed is still the one whose partitions were given.
//!
//! The client follows a name. A topic that was deleted and made again goes on for it where the old one ended, and if it
//! has grown further meanwhile nothing tells; partitions that were added move keys. So the record that was the last one
//! a look ago is read again, and the partitions are counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant as Monotonic};

use paceline_schemas::position::{Offset, Partition};

use super::assignment::Group;
use super::reader::Reader;
use super::settings::Options;
use super::{client, fault};
use crate::error::{Class, Error};
use crate::log::{ReadLimit, Stored};

/// Time between two looks.
const LOOK: Duration = Duration::from_secs(10);
/// Time between two looks while a partition that was just given has no mark.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// Time between two looks at what the poller has handed over.
const NAP: Duration = Duration::from_millis(100);
const ONE: ReadLimit = ReadLimit { records: 1, bytes: 1 };

pub(super) struct Witness {
    group: Arc<Group>,
    reader: Option<Reader>,
    /// A record of each partition, where one can be read, with the generation of the assignment.
    marks: BTreeMap<Partition, (u64, Option<Stored>)>,
}

/// A partition as the poller knows it.
struct Seen {
    generation: u64,
    next: Offset,
    last: Option<Stored>,
}

impl Witness {
    /// Looks until the owner leaves; what is wrong ends the consumer.
    pub(super) fn start(group: Arc<Group>) {
        let witness = Self {
            group,
            reader: None,
            marks: BTreeMap::new(),
        };
        let spawned = thread::Builder::new()
            .name("kafka-witness".to_owned())
            .spawn(move || witness.run());
        if let Err(error) = spawned {
            tracing::warn!(%error, "whether the topic is made anew is not watched");
        }
    }

    fn run(mut self) {
        let mut looked_at = Monotonic::now();
        while !self.group.stopping.load(Ordering::Acquire) {
            thread::park_timeout(NAP);
            let wait = if self.mark_first_records() { LOOK } else { FIRST_LOOK };
            if looked_at.elapsed() < wait {
                continue;
            }
            match self.look() {
                Ok(None) => {}
                Ok(Some(verdict)) => return self.group.fail(verdict),
                // A broker that is away, or refuses, is heard of where records are awaited.
                Err(error) => tracing::debug!(%error, "the topic was not looked at"),
            }
            looked_at = Monotonic::now();
        }
    }

    fn seen(&self) -> BTreeMap<Partition, Seen> {
        let held = self.group.held();
        let seen = held.next.iter().map(|(partition, next)| {
            let seen = Seen {
                generation: held.generations.get(partition).copied().unwrap_or(0),
                next: *next,
                last: held.last.get(partition).cloned(),
            };
            (*partition, seen)
        });
        seen.collect()
    }

    /// Marks what came first since an assignment; false if a partition with records has no mark.
    fn mark_first_records(&mut self) -> bool {
        let seen = self.seen();
        self.marks
            .retain(|partition, (of, _)| seen.get(partition).is_some_and(|seen| seen.generation == *of));
        let mut complete = true;
        for (partition, seen) in seen.into_iter().filter(|(_, seen)| seen.next > 0) {
            if self.marks.contains_key(&partition) {
                continue;
            }
            match seen.last {
                Some(last) => drop(self.marks.insert(partition, (seen.generation, Some(last)))),
                None => complete = false,
            }
        }
        complete
    }

    /// What is wrong with the topic, if that can be found out.
    fn look(&mut self) -> Result<Option<Error>, Error> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => connect(&self.group)?,
        };
        let outcome = self.examine(&reader);
        reader.rest();
        self.reader = Some(reader);
        outcome
    }

    fn examine(&mut self, reader: &Reader) -> Result<Option<Error>, Error> {
        let (options, topic) = (&self.group.options, self.group.topic);
        let name = options.topic_name(topic);
        let (count, configured) = (reader.partitions(topic)?, options.partitions(topic));
        if count != configured {
            return Ok(Some(Error::Broker {
                action: format!("consume `{name}`"),
                cause: format!("it {}", fault::other_count(count, configured)),
                class: Class::Input,
            }));
        }
        // Taken before the marks are compared: a topic that still holds those held these.
        let seen = self.seen();
        for (partition, seen) in seen {
            let known = self.marks.get(&partition).filter(|(of, _)| *of == seen.generation);
            if let Some((_, Some(mark))) = known
                && !self.holds(reader, partition, mark)?
            {
                let what = format!("another record lies at offset {} than did", mark.offset);
                return Ok(Some(fault::made_anew(&name, partition, &what)));
            }
            let newest = match (seen.last, known, seen.next.checked_sub(1)) {
                (Some(last), ..) => Some(last),
                (None, None, Some(before)) => {
                    let read = reader.read(topic, partition, before, ONE);
                    read.ok().and_then(|records| records.into_iter().next())
                }
                _ => continue,
            };
            self.marks.insert(partition, (seen.generation, newest));
        }
        Ok(None)
    }

    fn holds(&self, reader: &Reader, partition: Partition, mark: &Stored) -> Result<bool, Error> {
        match reader.read(self.group.topic, partition, mark.offset, ONE) {
            Ok(found) => Ok(found.first() == Some(mark)),
            // What retention has taken says nothing.
            Err(Error::OutOfRange { low, .. }) => Ok(mark.offset < low),
            Err(error) => Err(error),
        }
    }
}

fn connect(group: &Group) -> Result<Reader, Error> {
    let options = Options {
        connect_timeout: Duration::ZERO,
        ..group.options.clone()
    };
    let client = client::connect(&options, &options.topic_name(group.topic))?;
    Ok(Reader::new(&options, client))
}
