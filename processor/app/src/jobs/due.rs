//! Which dates a job owes: the earliest business date whose sums have changed since the job ran.
//!
//! The note is written before a change is published, and again after it, so neither a crash nor a job that reads in
//! between loses it; a job may do more than it must, never less. All processes of a data directory share one note.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use paceline_schemas::time::Day;
use serde::{Deserialize, Serialize};

use crate::failure::{Exit, Failure, io};
use crate::locks::locked;

/// The note of one data directory.
#[derive(Debug)]
pub struct Due {
    path: PathBuf,
}

/// Longest wait for another process that writes the note.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// Changed, and no job has begun since.
    from: Option<Day>,
    /// Being written, by the run that writes them.
    begun: BTreeMap<String, Day>,
}

impl Note {
    fn earliest(&self) -> Option<Day> {
        self.from.into_iter().chain(self.begun.values().copied()).min()
    }
}

/// A run of a job, which says so when it is done.
#[derive(Debug)]
pub struct Run {
    token: String,
    /// The first date that it writes.
    pub first: Day,
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
                begun: BTreeMap::new(),
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

    /// A job begins to write every date up to `closed`; none if nothing is due. What runs before it began and did not
    /// end, it does too.
    ///
    /// # Errors
    /// The note cannot be written.
    pub fn begin(&self, closed: Day) -> Result<Option<Run>, Failure> {
        let token = uuid::Uuid::new_v4().simple().to_string();
        let mut begun = None;
        self.update(|note| {
            begun = note.earliest().filter(|first| *first <= closed);
            if let Some(first) = begun {
                // Each day that closes is due, events or not: what lies before it is in its windows.
                *note = Note {
                    from: Some(closed.plus(1)),
                    begun: BTreeMap::from([(token.clone(), first)]),
                }
            }
        })?;
        Ok(begun.map(|first| Run { token, first }))
    }

    /// The run has written its dates. Those of one that has taken it over stay due.
    ///
    /// # Errors
    /// The note cannot be written.
    pub fn finish(&self, run: &Run) -> Result<(), Failure> {
        self.update(|note| note.begun.retain(|token, _| *token != run.token))
    }

    fn update(&self, change: impl FnOnce(&mut Note)) -> Result<(), Failure> {
        let (folder, name) = (
            self.path.parent().unwrap_or_else(|| Path::new(".")),
            "snap_rep_window.lock",
        );
        let Some(_lock) = locked(folder, name, PATIENCE)? else {
            let text = format!(
                "another process has been writing `{}` for {PATIENCE:?}",
                self.path.display()
            );
            return Err(Failure::new(Exit::Transient, text));
        };
        let before = self.read()?;
        let mut note = before.clone();
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

    fn begin(due: &Due, closed: i32) -> Option<Run> {
        due.begin(Day(closed)).expect("begin")
    }

    #[test]
    fn a_change_during_a_job_stays_due_and_a_crash_in_it_repeats_it() {
        let data = tempfile::tempdir().expect("folder");
        let due = Due::new(data.path());
        assert!(begin(&due, 100).is_none());
        due.changed(Day(40)).expect("note");
        let run = begin(&due, 100).expect("a run");
        assert_eq!(run.first, Day(40));
        due.changed(Day(70)).expect("note");
        let after_a_crash = Due::new(data.path()).earliest().expect("note");
        assert_eq!(after_a_crash, Some(Day(40)));
        due.finish(&run).expect("finish");
        assert_eq!(due.earliest().expect("note"), Some(Day(70)));
        let run = begin(&due, 100).expect("a run");
        assert_eq!(run.first, Day(70));
        due.finish(&run).expect("finish");
        assert!(begin(&due, 100).is_none());
        assert_eq!(begin(&due, 101).expect("a run").first, Day(101));
    }

    #[test]
    fn the_end_of_one_run_is_not_that_of_another() {
        let data = tempfile::tempdir().expect("folder");
        let due = Due::new(data.path());
        due.changed(Day(40)).expect("note");
        let sleeper = begin(&due, 100).expect("a run");
        due.changed(Day(30)).expect("note");
        let successor = begin(&due, 100).expect("a run");
        assert_eq!(successor.first, Day(30));
        due.finish(&sleeper).expect("finish");
        assert_eq!(
            due.earliest().expect("note"),
            Some(Day(30)),
            "the successor has not ended"
        );
        due.finish(&successor).expect("finish");
        assert_eq!(due.earliest().expect("note"), Some(Day(101)));
    }
}
