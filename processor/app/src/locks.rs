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
        let Some(mut file) = locked(data, WRITER, Duration::ZERO)? else {
            return Ok(None);
        };
        let path = data.join(WRITER);
        let noted = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(name.as_bytes()));
        noted.map_err(|error| io("write", &path, &error))?;
        Ok(Some(Self(file)))
    }
}

/// The right to publish, one process after the other.
#[derive(Debug)]
pub struct Turn {
    file: File,
    /// True if the one before has not come to the end of its publication.
    pub was_broken_off: bool,
}

impl Turn {
    /// Waits for the turn; none if another process keeps it for as long as `patience`.
    ///
    /// # Errors
    /// The data directory cannot be written.
    pub fn wait(data: &Path, patience: Duration) -> Result<Option<Self>, Failure> {
        let Some(mut file) = locked(data, "publish.lock", patience)? else {
            return Ok(None);
        };
        let path = data.join("publish.lock");
        let mut mark = String::new();
        let read = file.read_to_string(&mut mark);
        let marked = read
            .and_then(|_| file.rewind())
            .and_then(|()| file.write_all(b"publishing"));
        marked.map_err(|error| io("write", &path, &error))?;
        Ok(Some(Self {
            file,
            was_broken_off: !mark.is_empty(),
        }))
    }

    /// The publication is complete.
    ///
    /// # Errors
    /// The data directory cannot be written.
    pub fn complete(self) -> Result<(), Failure> {
        self.file
            .set_len(0)
            .map_err(|error| io("write", Path::new("publish.lock"), &error))
    }
}

/// The file `name` below `folder`, locked; none if another process keeps it for as long as `patience`.
///
/// # Errors
/// The folder cannot be written.
pub fn locked(folder: &Path, name: &str, patience: Duration) -> Result<Option<File>, Failure> {
    let file = open(folder, name)?;
    let begun = Monotonic::now();
    loop {
        match FileExt::try_lock_exclusive(&file) {
            Ok(true) => return Ok(Some(file)),
            Ok(false) if begun.elapsed() < patience => std::thread::park_timeout(LOOK),
            Ok(false) => return Ok(None),
            Err(error) => return Err(io("lock", &folder.join(name), &error)),
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
    fn who_waits_for_its_turn_goes_on_without_it_in_the_end() {
        let data = tempfile::tempdir().expect("a folder");
        let wait = |ms| Turn::wait(data.path(), Duration::from_millis(ms)).expect("a folder");
        let first = wait(0).expect("its turn");
        assert!(!first.was_broken_off);
        assert!(wait(30).is_none());
        drop(first);
        let second = wait(0).expect("its turn");
        assert!(second.was_broken_off, "the first did not come to its end");
        second.complete().expect("written");
        assert!(!wait(0).expect("its turn").was_broken_off);
    }
}
