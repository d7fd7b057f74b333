//! The text files of the repository, read from the folder that holds it. What a build leaves behind is not walked.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::source::Source;

const FOLDERS_SKIPPED: [&str; 6] = [
    "target",
    ".git",
    ".venv",
    "node_modules",
    "paceline-data",
    "__pycache__",
];
const FILES_SKIPPED: [&str; 2] = ["Cargo.lock", "LICENSE"];
const BYTES_MAX: u64 = 1 << 20;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .expect("the tests lie one folder below the root")
}

/// Every text file below `root` of at most 1 MiB, in the order of their paths.
///
/// # Errors
/// When a folder or file cannot be read.
pub(crate) fn read(root: &Path) -> io::Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() && is_walked(&entry.path()) {
                folders.push(entry.path());
            } else if kind.is_file() {
                sources.extend(read_file(root, &entry.path())?);
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn is_walked(folder: &Path) -> bool {
    // A build folder of any name carries this file.
    let is_build = folder.join("CACHEDIR.TAG").exists();
    let is_named = folder
        .file_name()
        .is_some_and(|name| FOLDERS_SKIPPED.iter().any(|skipped| name == *skipped));
    !is_build && !is_named
}

fn read_file(root: &Path, path: &Path) -> io::Result<Option<Source>> {
    let is_skipped = path
        .file_name()
        .is_some_and(|name| FILES_SKIPPED.iter().any(|skipped| name == *skipped));
    if is_skipped || fs::metadata(path)?.len() > BYTES_MAX {
        return Ok(None);
    }
    let Ok(text) = String::from_utf8(fs::read(path)?) else {
        return Ok(None);
    };
    let relative = path
        .strip_prefix(root)
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/");
    Ok(Some(Source::new(&relative, &text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_and_builds_and_binaries_are_left_out() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |path: &str, bytes: &[u8]| {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
            fs::write(file, bytes).expect("a file");
        };
        write("b/src/lib.rs", b"fn a() {}\n");
        write("a.md", b"text\n");
        write("picture.png", &[0xff, 0xfe]);
        write("target/x.rs", b"x");
        write("out/CACHEDIR.TAG", b"x");
        write("out/x.rs", b"x");
        let paths: Vec<String> = read(folder.path())
            .expect("a tree")
            .into_iter()
            .map(|source| source.path)
            .collect();
        assert_eq!(paths, ["a.md", "b/src/lib.rs"]);
    }
}
