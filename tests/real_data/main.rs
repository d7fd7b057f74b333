//! Files that others made, with sums that others computed: crm_maven, bank_marketing, adventureworks_sales.
//!
//! The folder is named by `PACELINE_REAL_DATA`; without it every test says so and passes. The data are not shipped.

mod adventureworks;
mod bank;
mod clients;
mod crm;
mod kafka;
mod kills;
mod month_ends;
mod targets;
mod truth;
mod variants;

use std::env;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// The folder of one data set, or nothing, with a note, where there are no data.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the test says here where the data lie"
)]
fn data_set(name: &str) -> Option<PathBuf> {
    let Some(folder) = env::var_os("PACELINE_REAL_DATA") else {
        writeln!(io::stderr(), "skipped: PACELINE_REAL_DATA names no folder").expect("standard error is open");
        return None;
    };
    let folder = PathBuf::from(folder).join(name);
    assert!(folder.is_dir(), "{}: no such folder", folder.display());
    Some(folder.canonicalize().expect("the folder is there"))
}
