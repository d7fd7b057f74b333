//! The real binary in a folder of its own: runs its commands, reads their output, stops it in the middle.
//!
//! Nothing sleeps here: a command has a deadline, and waiting means waiting for its output to end.

mod dump;
mod live_files;
mod report;
mod running;
mod table;
mod targets;

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::civil::Date;
use tempfile::TempDir;

use crate::generator::Floor;

pub use dump::Dump;
pub use live_files::live_files;
pub use report::{Reject, Report};
pub use running::{Finished, Running};
pub use table::Table;
pub use targets::Told;

/// The longest time that a command may take.
pub const DEADLINE: Duration = Duration::from_secs(600);

const PEPPER_FILE: &str = "pepper";

/// A data directory, a configuration and the binary.
#[derive(Debug)]
pub struct Sandbox {
    folder: TempDir,
    data: PathBuf,
    config: Option<PathBuf>,
    environment: Vec<(String, String)>,
}

impl Sandbox {
    /// An empty data directory with the built-in configuration.
    ///
    /// # Panics
    /// When there is no room for temporary files.
    #[expect(
        clippy::new_without_default,
        reason = "it makes a folder: nothing that a default should do"
    )]
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("paceline-").expect("a temporary folder");
        let data = folder.path().join("data");
        let sandbox = Self {
            folder,
            data,
            config: None,
            environment: Vec::new(),
        };
        sandbox.file(PEPPER_FILE, "a secret of the tests, which keeps nothing secret");
        sandbox
    }

    /// An empty data directory with these settings over the built-in ones.
    ///
    /// # Panics
    /// When the settings cannot be written.
    pub fn with_config(settings: &str) -> Self {
        let mut sandbox = Self::new();
        sandbox.config = Some(sandbox.file("config.toml", settings));
        sandbox
    }

    /// The same with a setting, `SECTION__KEY`, over all others.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.environment.push((format!("PACELINE__{key}"), value.to_owned()));
        self
    }

    /// An empty data directory with its log on a Kafka cluster, in topics that nobody else uses.
    ///
    /// # Panics
    /// When the topics cannot be made.
    pub fn on_kafka(bootstrap: &str) -> Self {
        Self::on_kafka_with(bootstrap, "")
    }

    /// The same with these settings over the built-in ones.
    ///
    /// # Panics
    /// When the topics cannot be made.
    pub fn on_kafka_with(bootstrap: &str, settings: &str) -> Self {
        let sandbox = Self::with_config(settings);
        let prefix = sandbox.topic_prefix();
        let sandbox = sandbox
            .with("LOG__KIND", "kafka")
            .with("LOG__KAFKA__BOOTSTRAP", bootstrap)
            .with("LOG__KAFKA__TOPIC_PREFIX", &prefix)
            .with("LOG__KAFKA__GROUP", &prefix)
            // What was killed holds its partitions until its session is over.
            .with("LOG__KAFKA__PROPERTIES__SESSION__TIMEOUT__MS", "8000");
        sandbox.succeed(&["topics", "create"]);
        sandbox
    }

    /// What stands before the names of its topics on a Kafka cluster.
    ///
    /// # Panics
    /// Never: a temporary folder has a name.
    pub fn topic_prefix(&self) -> String {
        let name = self.folder.path().file_name().expect("the folder has a name");
        format!("{}.", name.to_string_lossy())
    }

    /// The same files and settings over a data directory that lies elsewhere.
    #[must_use]
    pub fn over(mut self, data: &Path) -> Self {
        self.data = data.to_path_buf();
        self
    }

    /// A sandbox with a copy of the data directory.
    ///
    /// # Panics
    /// When the copy fails.
    #[must_use]
    pub fn copy(&self) -> Self {
        let mut copy = Self::new();
        copy.environment.clone_from(&self.environment);
        if let Some(config) = &self.config {
            let settings = fs::read_to_string(config).expect("the settings are readable");
            copy.config = Some(copy.file("config.toml", settings));
        }
        let status = Command::new("cp").arg("-a").arg(&self.data).arg(&copy.data).status();
        assert!(
            status.expect("cp runs").success(),
            "copying {} failed",
            self.data.display()
        );
        copy
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Writes an input file beside the data directory.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// A command of the binary over this data directory, ready to be started.
    pub fn command<I: AsRef<OsStr>>(&self, words: &[I]) -> Command {
        let mut command = Command::new(binary());
        command.current_dir(self.folder.path()).arg("--data").arg(&self.data);
        // One secret for all sandboxes: the keys of customers are part of the tables that are compared.
        command.env("PACELINE__PEPPER_FILE", self.folder.path().join(PEPPER_FILE));
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command.args(words);
        command
    }

    /// Starts a command.
    pub fn start<I: AsRef<OsStr>>(&self, words: &[I]) -> Running {
        Running::start(&mut self.command(words))
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// When it takes longer than the deadline, or when it succeeds and yet logs an error.
    pub fn run<I: AsRef<OsStr>>(&self, words: &[I]) -> Finished {
        let finished = self.start(words).wait(DEADLINE);
        let is_quiet = !finished
            .stderr
            .lines()
            .any(|line| line.split_whitespace().any(|word| word == "ERROR"));
        assert!(
            finished.code != Some(0) || is_quiet,
            "a command that succeeds logs an error:\n{}",
            finished.stderr
        );
        finished
    }

    /// Runs a command that must succeed and gives what it prints.
    ///
    /// # Panics
    /// When its exit code is not 0.
    #[track_caller]
    pub fn succeed<I: AsRef<OsStr> + std::fmt::Debug>(&self, words: &[I]) -> String {
        let finished = self.run(words);
        assert_eq!(
            finished.code,
            Some(0),
            "{words:?} failed with {}:\n{}\n{}",
            finished.ended,
            finished.stderr,
            finished.stdout
        );
        finished.stdout
    }

    /// The words of an import, for whoever starts it on their own.
    pub fn import_words(files: &[&Path], mapping: &Path) -> Vec<PathBuf> {
        let mut words = vec![PathBuf::from("import")];
        words.extend(files.iter().map(|file| file.to_path_buf()));
        words.extend([PathBuf::from("--mapping"), mapping.to_path_buf()]);
        words.extend(["--format", "json"].map(PathBuf::from));
        words
    }

    /// Imports files whose rows may be refused in part.
    ///
    /// # Panics
    /// When the exit code is neither 0 nor 3, or does not fit the report.
    #[track_caller]
    pub fn import(&self, files: &[&Path], mapping: &Path) -> Report {
        let finished = self.run(&Self::import_words(files, mapping));
        let report = Report::read(&finished);
        let expected = if report.rejected == 0 { 0 } else { 3 };
        assert_eq!(
            finished.code,
            Some(expected),
            "{}\n{}",
            finished.stdout,
            finished.stderr
        );
        report
    }

    /// Imports the people, calls and deals of a floor by the mappings of the sample; no row may be refused.
    ///
    /// # Panics
    /// When one is.
    #[track_caller]
    pub fn import_floor(&self, floor: &Floor) {
        for (name, csv) in floor.csv() {
            let report = self.import(
                &[&self.file(&format!("{name}.csv"), csv)],
                &mapping(&format!("sample_{name}.toml")),
            );
            assert_eq!(report.rejected, 0, "{name}: {}", report.whole);
        }
    }

    /// The answer to a statement.
    ///
    /// # Panics
    /// When the statement fails.
    #[track_caller]
    pub fn sql(&self, statement: &str) -> Table {
        Table::read(&self.succeed(&["sql", "--format", "csv", statement]))
    }

    /// The last business date with an event, whether it counts anything or not.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn last_business_date(&self) -> Date {
        let days = ["call", "deal", "lead"].map(|kind| format!("SELECT business_date FROM fct_{kind}_event"));
        let last = self.sql(&format!(
            "SELECT MAX(business_date) FROM ({})",
            days.join(" UNION ALL ")
        ));
        last.value().parse().expect("there is an event")
    }

    /// Checks the data directory in every depth.
    ///
    /// # Panics
    /// When anything is damaged.
    #[track_caller]
    pub fn fsck(&self) {
        self.succeed(&["fsck", "--deep"]);
    }
}

/// The binary: named by `PACELINE_BIN`, or built beside the test.
///
/// # Panics
/// When there is none.
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no other place from which to take a path"
)]
pub fn binary() -> PathBuf {
    let named = env::var_os("PACELINE_BIN").map(PathBuf::from);
    let path = named.unwrap_or_else(|| {
        let test = env::current_exe().expect("a test knows its own path");
        let beside = test.ancestors().nth(2).expect("a test lies in `deps` of its profile");
        beside.join(format!("paceline{}", env::consts::EXE_SUFFIX))
    });
    assert!(
        path.is_file(),
        "{}: no binary; build it with `cargo build --release`",
        path.display()
    );
    path
}

/// The root of the repository.
///
/// # Panics
/// Never: the crate lies one folder below it.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie one folder below the root")
}

/// A mapping that the product ships.
pub fn mapping(name: &str) -> PathBuf {
    root().join("deploy").join("mappings").join(name)
}
