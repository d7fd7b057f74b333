//! crm_maven, imported once for all tests that only read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use paceline_tests::sandbox::{Dump, Report, Sandbox, Table, mapping};

use crate::data_set;

/// Rows without any date.
pub(crate) const UNDATED: i64 = 500;
/// All rows.
pub(crate) const ROWS: i64 = 8_800;

/// The imported data and what came of them.
#[derive(Debug)]
pub(crate) struct Baseline {
    pub(crate) folder: PathBuf,
    /// After the people file alone.
    pub(crate) people: Sandbox,
    /// After both files.
    pub(crate) sandbox: Sandbox,
    pub(crate) report: Report,
    pub(crate) dump: Dump,
    /// How long the import of the deals took.
    pub(crate) took: Duration,
}

/// The shared import, or nothing where there are no data.
pub(crate) fn baseline() -> Option<&'static Baseline> {
    static BASELINE: OnceLock<Option<Baseline>> = OnceLock::new();
    BASELINE.get_or_init(|| data_set("crm_maven").map(import)).as_ref()
}

fn import(folder: PathBuf) -> Baseline {
    let people = Sandbox::new();
    let teams = folder.join("sales_teams.csv");
    assert_eq!(people.import(&[&teams], &mapping("crm_maven_people.toml")).rejected, 0);
    let sandbox = people.copy();
    let start = Instant::now();
    let report = sandbox.import(&[&folder.join("sales_pipeline.csv")], &mapping("crm_maven.toml"));
    let took = start.elapsed();
    assert_eq!((report.rows, report.rejected), (ROWS, UNDATED), "{}", report.whole);
    let dump = Dump::of(&sandbox);
    Baseline {
        folder,
        people,
        sandbox,
        report,
        dump,
        took,
    }
}

/// A file with one header line, as header and lines.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    pub(crate) header: String,
    pub(crate) lines: Vec<String>,
}

impl Lines {
    /// Reads a file none of whose fields spans lines.
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut lines = text.lines().map(str::to_owned);
        let header = lines.next().expect("the file has a header");
        Self {
            header,
            lines: lines.collect(),
        }
    }

    /// The text of a file with these lines below the header.
    pub(crate) fn text<'a>(&self, lines: impl IntoIterator<Item = &'a String>) -> String {
        let mut text = self.header.clone() + "\n";
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// The rows of a file of sums, without its header.
pub(crate) fn truth_rows(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    Table::read(&text).rows
}
