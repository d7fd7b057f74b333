//! Which dates a job owes: the earliest business date whose sums have changed since the job ran.
//!
//! The note is written before a change is published, and again after it, so neither a crash nor a job that reads in
//! between loses it; a job may do more than it must, never less. All processes of a data directory share one note.

use std::path::{Path, PathBuf};

use fs4::fs_std::FileExt;
use paceline_schemas::time::Day;
use serde::{Deserialize, Serialize};

use crate::failure::{Exit, Failure, io};

/// The note of one data directory.
#[derive(Debug)]
pub struct Due {
    path: PathBuf,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// Changed, and no job has begun since.
    from: Option<Day>,
    /// Being written by a job that has not finished.
    begun: Option<Day>,
}

impl Note {
    fn earliest(self) -> Option<Day> {
        [self.from, self.begun].into_iter().flatten().min()
    }
}

impl Due {
    /// The note of the data directory.
    pub fn new(data: &Path) -> Self {
        let path = data.join("jobs").join("snap_rep_window.json");
        Self { path }
    }

    /// What is noted; nothing is due where nothing is.
    fn read(&self) -> Result<Note, Failure> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or(Note {
                from: Some(Day(10_957)),
                begun: None,
            })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Note::default()),
            Err(error) => Err(io("read", &self.path, &error)),
        }
    }

    /// The earliest date that is due.
    ///
    /// # Errors
    /// The note cannot be read.
    pub fn earliest(&self) -> Result<Option<Day>, Failure> {
        Ok(self.read()?.earliest())
    }

    /// Notes that sums changed from `day` on.
    ///
    /// # Errors
    /// The note cannot be written.
    pub fn changed(&self, day: Day) -> Result<(), Failure> {
        self.update(|note| note.from = Some(note.from.map_or(day, |from| from.min(day))))
    }

    /// A job begins to write every date up to `closed`; returns the first one, none if nothing is due.
    ///
    /// # Errors
    /// The note cannot be written.
    pub fn begin(&self, closed: Day) -> Result<Option<Day>, Failure> {
        let mut begun = None;
        self.update(|note| {
            begun = note.earliest().filter(|first| *first <= closed);
            if begun.is_some() {
                // Each day that closes is due, events or not: what lies before it is in its windows.
                *note = Note {
                    from: Some(closed.plus(1)),
                    begun,
                }
            }
        })?;
        Ok(begun)
    }

    /// The job that began has written its dates.
    ///
    /// # Errors
    /// The note cannot be written.
    pub fn finish(&self) -> Result<(), Failure> {
        self.update(|note| note.begun = None)
    }

    fn update(&self, change: impl FnOnce(&mut Note)) -> Result<(), Failure> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| io("create", folder, &e))?;
        }
        let path = self.path.with_extension("lock");
        let lock = std::fs::File::create(&path).map_err(|e| io("create", &path, &e))?;
        FileExt::lock_exclusive(&lock).map_err(|e| io("lock", &path, &e))?;
        let before = self.read()?;
        let mut note = before;
        change(&mut note);
        if note == before {
            return Ok(());
        }
        let text = serde_json::to_vec(&note).map_err(|e| Failure::new(Exit::OurFault, e))?;
        let draft = self.path.with_extension("tmp");
        let write = |text: &[u8]| {
            use std::io::Write;
            let mut file = std::fs::File::create(&draft)?;
            file.write_all(text)?;
            file.sync_all()?;
            std::fs::rename(&draft, &self.path)
        };
        write(&text).map_err(|e| io("write", &self.path, &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_during_a_job_stays_due_and_a_crash_in_it_repeats_it() {
        let data = tempfile::tempdir().expect("folder");
        let due = Due::new(data.path());
        assert_eq!(due.begin(Day(100)).expect("begin"), None);
        due.changed(Day(40)).expect("note");
        assert_eq!(due.begin(Day(100)).expect("begin"), Some(Day(40)));
        due.changed(Day(70)).expect("note");
        assert_eq!(
            Due::new(data.path()).earliest().expect("note"),
            Some(Day(40)),
            "after a crash"
        );
        due.finish().expect("finish");
        assert_eq!(due.earliest().expect("note"), Some(Day(70)));
        assert_eq!(due.begin(Day(100)).expect("begin"), Some(Day(70)));
        due.finish().expect("finish");
        assert_eq!(due.begin(Day(100)).expect("begin"), None);
        assert_eq!(due.begin(Day(101)).expect("begin"), Some(Day(101)));
    }
}
