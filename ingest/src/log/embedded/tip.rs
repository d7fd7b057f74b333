//! The tip file: next offsets that were acknowledged, kept apart from the store.
//!
//! The store cuts its journal at the first entry it cannot decode. After a crash that is a group
//! nobody was told of; damage further in would cut acknowledged records as silently. The tip tells
//! the two apart, blind only to what was acknowledged since its last write.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use paceline_schemas::position::{Offset, Partition, Topic};

use crate::error::Error;

/// Next offset per partition.
pub(super) type Nexts = BTreeMap<(Topic, Partition), Offset>;

const HEAD: &str = "paceline log tip 1";

/// What the file holds, or nothing if there is none.
pub(super) fn read(path: &Path) -> Result<Option<Nexts>, Error> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(Error::Io {
                action: "read",
                path: path.to_owned(),
                source,
            });
        }
    };
    let damaged = || {
        let source = io::Error::new(io::ErrorKind::InvalidData, "the checksum or a line is wrong");
        Error::Io {
            action: "read",
            path: path.to_owned(),
            source,
        }
    };
    decode(&text).map(Some).ok_or_else(damaged)
}

/// Replaces the file; after a crash the old or the new one is there, whole.
pub(super) fn write(path: &Path, nexts: &Nexts) -> Result<(), Error> {
    let temp = path.with_extension("tip-new");
    let failed = |action, path: &Path| {
        let path: PathBuf = path.to_owned();
        move |source| Error::Io { action, path, source }
    };
    let mut file = File::create(&temp).map_err(failed("create", &temp))?;
    file.write_all(encode(nexts).as_bytes())
        .map_err(failed("write", &temp))?;
    file.sync_all().map_err(failed("sync", &temp))?;
    fs::rename(&temp, path).map_err(failed("replace", path))?;
    sync_parent(path)
}

/// Makes the entry of `path` in its folder durable.
pub(super) fn sync_parent(path: &Path) -> Result<(), Error> {
    let Some(folder) = path.parent() else { return Ok(()) };
    let failed = |source| Error::Io {
        action: "sync",
        path: folder.to_owned(),
        source,
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn encode(nexts: &Nexts) -> String {
    let mut text = format!("{HEAD}\n");
    for ((topic, partition), next) in nexts {
        writeln!(text, "{}/{partition} {next}", topic.name()).expect("a string takes any text");
    }
    let crc = crc32c::crc32c(text.as_bytes());
    writeln!(text, "{crc:08x}").expect("a string takes any text");
    text
}

fn decode(text: &str) -> Option<Nexts> {
    let mut nexts = Nexts::new();
    let mut lines = text.lines();
    if lines.next()? != HEAD {
        return None;
    }
    for line in lines {
        // The checksum is the one line without a blank, and the last: encoding again proves it.
        let Some((place, next)) = line.split_once(' ') else {
            break;
        };
        let (topic, partition) = place.split_once('/')?;
        nexts.insert((Topic::from_name(topic)?, partition.parse().ok()?), next.parse().ok()?);
    }
    (encode(&nexts) == text).then_some(nexts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nexts() -> Nexts {
        Nexts::from([
            ((Topic::Events, 0), 12),
            ((Topic::Events, 1), 0),
            ((Topic::Market, 0), u64::MAX),
        ])
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().expect("temp dir");
        let path = folder.path().join("log.tip");
        assert_eq!(read(&path).expect("readable"), None);
        for tip in [Nexts::new(), nexts()] {
            write(&path, &tip).expect("writable");
            assert_eq!(read(&path).expect("readable"), Some(tip));
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let text = encode(&nexts());
        for bit in 0..text.len() * 8 {
            let mut damaged = text.clone().into_bytes();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let found = String::from_utf8(damaged).ok().and_then(|text| decode(&text));
            assert_eq!(found, None, "bit {bit}");
        }
        for len in 0..text.len() {
            assert_eq!(text.get(..len).and_then(decode), None, "cut at {len}");
        }
    }
}
