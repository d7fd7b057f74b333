//! Programs of others that the tests call: DuckDB, Polars, a Kafka client, readers of YAML and JSON Schema, in a
//! Python environment of their own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::sandbox::root;

/// The interpreter of that environment, which lies below `temporary`: `CARGO_TARGET_TMPDIR` of the test.
///
/// # Panics
/// When the environment cannot be made.
pub fn python(temporary: &Path) -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let setup = Command::new(root().join("tests").join("clients").join("setup.sh"))
            .arg(temporary.join("clients"))
            .output();
        let output = setup.expect("bash runs");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "the programs of others cannot be installed:\n{message}"
        );
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    })
}
