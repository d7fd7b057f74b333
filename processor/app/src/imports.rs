//! The register of imports: which file was read by which mapping, and how it ended.
//!
//! An import is named by SHA-256 of file and mapping, so the same file twice is one. Dead letters are replayed from
//! here: the register knows where the file lies and keeps the mapping's text.

use std::fs;
use std::path::{Path, PathBuf};

use paceline_schemas::time::Day;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, io};

/// One import as it stands in the register.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Import {
    /// SHA-256 of the file.
    pub file_digest: String,
    /// Where the file lay.
    pub file: PathBuf,
    /// Text of the mapping.
    pub mapping_text: String,
    /// When the file was received first, in microseconds.
    pub received_us: i64,
    /// Whether every row was published or refused.
    pub complete: bool,
    /// Counts of the run that completed it.
    pub counts: Counts,
    /// Latest business date of its facts.
    #[serde(default)]
    pub last_day: Option<Day>,
    /// Whether the tick that ends its latest date was written.
    #[serde(default)]
    pub ticked: bool,
    /// How many events about people were known when it was read.
    #[serde(default)]
    pub people_known: u64,
}

impl Import {
    /// True when reading the file again would give nothing: it was read, and of the reps that it names either all were
    /// known or no more are known since.
    pub fn is_done(&self, people_known: u64) -> bool {
        self.complete && (self.counts.unknown_reps == 0 || self.people_known == people_known)
    }
}

/// What became of the rows of a file; a row counts once per matching block of its mapping.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows read.
    pub rows: u64,
    /// Facts of which something was published.
    pub published: u64,
    /// Events written to the log.
    pub events: u64,
    /// Facts that were known already.
    pub unchanged: u64,
    /// Facts older than what is known.
    pub stale: u64,
    /// Facts refused.
    pub rejected: u64,
    /// Rows that no block of the mapping matched.
    pub skipped: u64,
    /// Facts of reps that no people event names.
    pub unknown_reps: u64,
    /// Facts whose site was assumed.
    pub assumed_sites: u64,
}

impl Counts {
    /// What was counted since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            rows: self.rows - before.rows,
            published: self.published - before.published,
            events: self.events - before.events,
            unchanged: self.unchanged - before.unchanged,
            stale: self.stale - before.stale,
            rejected: self.rejected - before.rejected,
            skipped: self.skipped - before.skipped,
            unknown_reps: self.unknown_reps - before.unknown_reps,
            assumed_sites: self.assumed_sites - before.assumed_sites,
        }
    }

    /// Adds the counts of another file.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.published += other.published;
        self.events += other.events;
        self.unchanged += other.unchanged;
        self.stale += other.stale;
        self.rejected += other.rejected;
        self.skipped += other.skipped;
        self.unknown_reps += other.unknown_reps;
        self.assumed_sites += other.assumed_sites;
    }
}

/// The register in a data directory.
#[derive(Debug, Clone)]
pub struct Imports {
    folder: PathBuf,
}

impl Imports {
    /// The register of the data directory `data`.
    pub fn new(data: &Path) -> Self {
        Self {
            folder: data.join("imports"),
        }
    }

    /// The import of that file by that mapping, if there was one.
    ///
    /// # Errors
    /// The entry cannot be read.
    pub fn find(&self, file_digest: &str, mapping_digest: &str) -> Result<Option<Import>, Failure> {
        let path = self.path(file_digest, mapping_digest);
        match fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io("read", &path, &error)),
        }
    }

    /// Enters an import, replacing an earlier entry.
    ///
    /// # Errors
    /// The entry cannot be written.
    pub fn enter(&self, mapping_digest: &str, import: &Import) -> Result<(), Failure> {
        fs::create_dir_all(&self.folder).map_err(|e| io("create", &self.folder, &e))?;
        let path = self.path(&import.file_digest, mapping_digest);
        let text = serde_json::to_vec_pretty(import).map_err(|e| Failure::new(crate::failure::Exit::OurFault, e))?;
        let draft = path.with_extension("tmp");
        fs::write(&draft, text).map_err(|e| io("write", &draft, &e))?;
        fs::rename(&draft, &path).map_err(|e| io("write", &path, &e))
    }

    /// All imports, the newest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn all(&self) -> Result<Vec<Import>, Failure> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io("read", &self.folder, &error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(|e| io("read", &self.folder, &e))?.path();
            if path.extension().is_some_and(|end| end == "json") {
                let bytes = fs::read(&path).map_err(|e| io("read", &path, &e))?;
                found.extend(serde_json::from_slice::<Import>(&bytes).ok());
            }
        }
        found.sort_by_key(|import| std::cmp::Reverse(import.received_us));
        Ok(found)
    }

    fn path(&self, file_digest: &str, mapping_digest: &str) -> PathBuf {
        self.folder.join(format!("{file_digest}-{mapping_digest}.json"))
    }
}
