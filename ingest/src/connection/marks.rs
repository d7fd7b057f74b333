//! Marks: a record that was read of each partition, by which a topic is told from another of its name.
//!
//! The client follows a name: a topic that was deleted, made again and filled further than the position is read on in
//! its middle, and nothing tells. So a mark is read again now and then, and it is kept beside the committed position.
//! The invariant: a mark is replaced by a newer one only after it was found where it was.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant as Monotonic};

use paceline_schemas::position::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Message as _};

use super::{Place, list_of};
use crate::error::{Class, Error};
use crate::log::kafka::Options;
use crate::log::kafka::client::{self, Context};
use crate::log::kafka::fault::{self, Meaning};

const POLL: Duration = Duration::from_millis(20);
/// Longest wait for an answer: nothing else is read meanwhile.
const GLANCE: Duration = Duration::from_secs(2);

/// What identifies a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    offset: Offset,
    at_ms: i64,
    crc32c: u32,
}

impl Mark {
    pub(super) fn of(message: &BorrowedMessage<'_>) -> Self {
        Self {
            offset: u64::try_from(message.offset()).unwrap_or(0),
            at_ms: message.timestamp().to_millis().unwrap_or(0),
            crc32c: crc32c::crc32c(message.payload().unwrap_or_default()),
        }
    }

    /// Reads what [`Display`](fmt::Display) writes; the words of another program are no mark.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut words = text.strip_prefix("paceline:")?.split(':');
        let mark = Self {
            offset: words.next()?.parse().ok()?,
            at_ms: words.next()?.parse().ok()?,
            crc32c: u32::from_str_radix(words.next()?, 16).ok()?,
        };
        words.next().is_none().then_some(mark)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "paceline:{}:{}:{:08x}", self.offset, self.at_ms, self.crc32c)
    }
}

/// The marks of a connection.
#[derive(Default)]
pub(super) struct Marks {
    newest: BTreeMap<Place, Mark>,
    /// Those that were found again, or are the first.
    known: BTreeMap<Place, Mark>,
    reader: Option<BaseConsumer<Context>>,
}

impl Marks {
    pub(super) fn known(&self, place: &Place) -> Option<Mark> {
        self.known.get(place).copied()
    }

    /// A mark that was kept beside a position.
    pub(super) fn restore(&mut self, place: Place, mark: Mark) {
        self.known.insert(place, mark);
    }

    pub(super) fn note(&mut self, place: &Place, mark: Mark) {
        self.newest.insert(place.clone(), mark);
        self.known.entry(place.clone()).or_insert(mark);
    }

    /// Looks for a mark of each topic: a topic is made anew as a whole.
    pub(super) fn check(&mut self, options: &Options, topics: &[Arc<str>]) -> Result<(), Error> {
        let options = Options {
            request_timeout: options.request_timeout.min(GLANCE),
            ..options.clone()
        };
        for topic in topics {
            let of_topic = |(place, mark): (&Place, &Mark)| (place.0 == *topic).then(|| (place.clone(), *mark));
            // The newest of the known ones is the last that retention takes.
            let known = self
                .known
                .iter()
                .filter_map(of_topic)
                .max_by_key(|(_, mark)| mark.at_ms);
            let Some((place, mark)) = known else { continue };
            if !self.is_there(&options, &place, mark)? {
                return Err(made_anew(&place, mark));
            }
            let newest = self.newest.iter().filter_map(of_topic);
            self.known.extend(newest.collect::<Vec<_>>());
        }
        Ok(())
    }

    /// Whether the record lies where it lay; what retention or compaction has taken says nothing.
    fn is_there(&mut self, options: &Options, place: &Place, mark: Mark) -> Result<bool, Error> {
        let (topic, partition) = (&*place.0, place.1);
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => client::connect(options, topic)?,
        };
        let reader = self.reader.insert(reader);
        let bounds = client::bounds_of(reader, options, topic, partition)?;
        if mark.offset < bounds.low {
            return Ok(true);
        }
        if mark.offset >= bounds.next {
            return Ok(false);
        }
        let action = format!("look at `{topic}/{partition}`");
        let failed = |error| fault::broker(&action, &error);
        let list = list_of(&[(place.clone(), mark.offset)]).map_err(failed)?;
        reader.assign(&list).map_err(failed)?;
        let found = first(reader, options.request_timeout);
        reader.unassign().map_err(failed)?;
        let found = found.map_err(failed)?;
        Ok(found.is_none_or(|found| found.offset != mark.offset || found == mark))
    }
}

/// The first record that comes; none if there is none.
fn first(reader: &BaseConsumer<Context>, within: Duration) -> Result<Option<Mark>, rdkafka::error::KafkaError> {
    let deadline = Monotonic::now() + within;
    while Monotonic::now() < deadline {
        match reader.poll(POLL) {
            Some(Ok(message)) => return Ok(Some(Mark::of(&message))),
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => return Ok(None),
            Some(Err(error)) if fault::meaning(&error) != Meaning::Passing => return Err(error),
            _ => {}
        }
    }
    Ok(None)
}

fn made_anew((topic, partition): &Place, mark: Mark) -> Error {
    Error::Broker {
        action: format!("read `{topic}/{partition}`"),
        cause: format!(
            "the record that was read at offset {} lies there no more: it is another topic of that name; to read it \
             from its start, give the connection another `group`",
            mark.offset
        ),
        class: Class::Fatal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_other_words_are_none() {
        let mark = Mark {
            offset: 7,
            at_ms: 1_795_427_998_123,
            crc32c: 0x0a33_01c7,
        };
        assert_eq!(Mark::read(&mark.to_string()), Some(mark));
        for text in [
            "",
            "paceline:",
            "paceline:1:2",
            "paceline:1:2:3:4",
            "lag exporter",
            "paceline:-1:2:3",
        ] {
            assert_eq!(Mark::read(text), None, "{text}");
        }
    }
}
