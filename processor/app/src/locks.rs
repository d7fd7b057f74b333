//! Locks of a data directory: which processes may work in it, and which one writes to the log.
//!
//! With the embedded log one process does everything. With Kafka processes share the directory, and each shard has
//! one owner by its chain of manifests; only who settles versions must be alone, for its memory is complete only as
//! long as nobody else appends. The system gives a lock back when its holder ends, and never while it merely sleeps.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant as Monotonic};

use fs4::fs_std::FileExt;

use crate::config::{Config, LogKind};
use crate::failure::{Failure, io};

/// Wait between two looks at a lock that another process holds.
const LOOK: Duration = Duration::from_millis(20);

/// A lock, held as long as this lives.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "the open file is the lock")] File);

/// How a process is in a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// No other process is there.
    Alone,
    /// Others are there, or may come.
    Shared,
}

impl Held {
    /// The right to work in the data directory of `config`; none if others are there and it is not to be shared.
    ///
    /// # Errors
    /// The data directory cannot be made or written.
    pub fn folder(config: &Config, company: Company) -> Result<Option<Self>, Failure> {
        let file = open(&config.data, "lock")?;
        let taken = match (config.log.kind, company) {
            (LogKind::Kafka, Company::Shared) => FileExt::try_lock_shared(&file),
            _ => FileExt::try_lock_exclusive(&file),
        };
        match taken {
            Ok(true) => Ok(Some(Self(file))),
            Ok(false) => Ok(None),
            Err(error) => Err(io("lock", &config.data.join("lock"), &error)),
        }
    }

    /// The right to settle versions and to write to the log; none if another process has it. `name` is told to those
    /// who ask for the holder.
    ///
    /// # Errors
    /// The data directory cannot be made or written.
    pub fn writer(data: &Path, name: &str) -> Result<Option<Self>, Failure> {
        let mut file = open(data, WRITER)?;
        let path = data.join(WRITER);
        match FileExt::try_lock_exclusive(&file) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => return Err(io("lock", &path, &error)),
        }
        let noted = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(name.as_bytes()));
        noted.map_err(|error| io("write", &path, &error))?;
        Ok(Some(Self(file)))
    }

    /// The right to publish; none if another process keeps it for as long as `patience`.
    ///
    /// # Errors
    /// The data directory cannot be written.
    pub fn publisher(data: &Path, patience: Duration) -> Result<Option<Self>, Failure> {
        let file = open(data, "publish.lock")?;
        let begun = Monotonic::now();
        loop {
            match FileExt::try_lock_exclusive(&file) {
                Ok(true) => return Ok(Some(Self(file))),
                Ok(false) if begun.elapsed() < patience => std::thread::park_timeout(LOOK),
                Ok(false) => return Ok(None),
                Err(error) => return Err(io("lock", &data.join("publish.lock"), &error)),
            }
        }
    }
}

const WRITER: &str = "writer.lock";

/// Who held the right to write when it was asked for last.
pub fn writer_name(data: &Path) -> String {
    let mut name = String::new();
    let read = File::open(data.join(WRITER)).and_then(|mut file| file.read_to_string(&mut name));
    match read {
        Ok(_) if !name.is_empty() => name,
        _ => "another process".to_owned(),
    }
}

fn open(data: &Path, name: &str) -> Result<File, Failure> {
    std::fs::create_dir_all(data).map_err(|e| io("create", data, &e))?;
    let path = data.join(name);
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path);
    opened.map_err(|e| io("open", &path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_writes_and_the_others_learn_its_name() {
        let data = tempfile::tempdir().expect("a folder");
        assert_eq!(writer_name(data.path()), "another process");
        let first = Held::writer(data.path(), "process 7").expect("a folder");
        assert!(first.is_some());
        assert!(Held::writer(data.path(), "process 8").expect("a folder").is_none());
        assert_eq!(writer_name(data.path()), "process 7");
        drop(first);
        assert!(Held::writer(data.path(), "9").expect("a folder").is_some());
        assert_eq!(writer_name(data.path()), "9");
    }

    #[test]
    fn who_waits_for_a_publisher_goes_on_without_it_in_the_end() {
        let data = tempfile::tempdir().expect("a folder");
        let held = Held::publisher(data.path(), Duration::ZERO).expect("a folder");
        assert!(held.is_some());
        assert!(
            Held::publisher(data.path(), Duration::from_millis(30))
                .expect("a folder")
                .is_none()
        );
    }
}
