//! The steps of one durable write. Synchronous; called on blocking threads.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use object_store::PutPayload;

use super::DiskError;

/// Temporary names tried before giving up.
const TEMP_NAMES_MAX: u32 = 10_000;

/// How a complete temporary file gets its final name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// Only if the name is free.
    Link,
    /// In place of what is there: hints that may be lost.
    Replace,
}

pub(super) fn write(root: &Path, path: &Path, payload: &PutPayload, placement: Placement) -> Result<(), DiskError> {
    let (mut file, temp) = create_temp(root, path)?;
    let written = payload.iter().try_for_each(|part| file.write_all(part));
    let need = payload.content_length() as u64;
    let placed = written
        .map_err(|error| full_or_io(error, need))
        .and_then(|()| place(&file, &temp, path, need, placement));
    // A name that stays behind is hidden from listings and swept later.
    fs::remove_file(&temp).ok();
    placed
}

/// Makes the complete temporary file durable under its final name.
pub(super) fn place(file: &File, temp: &Path, path: &Path, len: u64, placement: Placement) -> Result<(), DiskError> {
    let found = file.metadata()?.len();
    if found != len {
        return Err(io::Error::other(format!("{len} bytes were written, {found} are there")).into());
    }
    file.sync_all().map_err(|error| sync_error(error, len))?;
    match placement {
        Placement::Link => fs::hard_link(temp, path),
        Placement::Replace => fs::rename(temp, path),
    }
    .map_err(|error| full_or_io(error, len))?;
    sync_folder(parent(path)?)
}

/// Creates a temporary file beside `path`, under a name that object listings hide, and the folders above it.
pub(super) fn create_temp(root: &Path, path: &Path) -> Result<(File, PathBuf), DiskError> {
    let folder = parent(path)?;
    make_folders(root, folder)?;
    for n in 0..TEMP_NAMES_MAX {
        let mut name = path.as_os_str().to_owned();
        name.push(format!("#{n}"));
        let temp = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).open(&temp) {
            Ok(file) => return Ok((file, temp)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(full_or_io(error, 0)),
        }
    }
    Err(DiskError::Refused(format!(
        "{TEMP_NAMES_MAX} temporary files stand beside `{}`; remove them",
        path.display()
    )))
}

/// Removes temporary files last written before `before`.
pub(super) fn sweep(folder: &Path, before: SystemTime) -> io::Result<usize> {
    let mut swept = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            swept += sweep(&entry.path(), before)?;
        } else if is_temp(&entry.path()) && metadata.modified()? < before {
            fs::remove_file(entry.path())?;
            swept += 1;
        }
    }
    Ok(swept)
}

fn is_temp(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .and_then(|name| name.rsplit_once('#'))
        .is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
}

fn make_folders(root: &Path, folder: &Path) -> Result<(), DiskError> {
    let Ok(inner) = folder.strip_prefix(root) else {
        return Err(DiskError::Refused(format!(
            "`{}` is not below `{}`",
            folder.display(),
            root.display()
        )));
    };
    let mut at = root.to_path_buf();
    for part in inner.components() {
        let above = at.clone();
        at.push(part);
        match fs::symlink_metadata(&at) {
            Ok(metadata) if metadata.is_symlink() => {
                let reason = format!(
                    "`{}` is a symbolic link; data may not be linked, move it instead",
                    at.display()
                );
                return Err(DiskError::Refused(reason));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => make_folder(&at, &above)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn make_folder(folder: &Path, above: &Path) -> Result<(), DiskError> {
    match fs::create_dir(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(full_or_io(error, 0)),
    }
    sync_folder(above)
}

fn sync_folder(folder: &Path) -> Result<(), DiskError> {
    File::open(folder)?.sync_all().map_err(|error| sync_error(error, 0))
}

fn parent(path: &Path) -> Result<&Path, DiskError> {
    path.parent()
        .ok_or_else(|| DiskError::Refused(format!("`{}` has no folder", path.display())))
}

/// Delayed allocation reports a full disk at the sync; the file is abandoned and nothing else is in doubt.
fn sync_error(error: io::Error, need: u64) -> DiskError {
    if is_full(&error) {
        DiskError::Full { need }
    } else {
        DiskError::SyncFailed(error)
    }
}

pub(super) fn full_or_io(error: io::Error, need: u64) -> DiskError {
    if is_full(&error) {
        DiskError::Full { need }
    } else {
        DiskError::Io(error)
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let guard = tempfile::tempdir().expect("folder");
        let root = guard.path().canonicalize().expect("canonical");
        (guard, root)
    }

    #[test]
    fn a_taken_name_is_never_overwritten_and_leaves_no_temporary_file() {
        let (_guard, root) = folder();
        let path = root.join("a/b/c.json");
        write(&root, &path, &PutPayload::from_static(b"first"), Placement::Link).expect("first");
        let second = write(&root, &path, &PutPayload::from_static(b"second"), Placement::Link);
        assert!(matches!(second, Err(DiskError::Io(error)) if error.kind() == ErrorKind::AlreadyExists));
        assert_eq!(fs::read(&path).expect("read"), b"first");
        let names: Vec<_> = fs::read_dir(root.join("a/b")).expect("list").collect();
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn a_hint_is_replaced() {
        let (_guard, root) = folder();
        let path = root.join("hint");
        for text in [&b"one"[..], b"two"] {
            write(&root, &path, &PutPayload::from(text.to_vec()), Placement::Replace).expect("write");
            assert_eq!(fs::read(&path).expect("read"), text);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_below_the_data_directory_is_refused() {
        let (_guard, root) = folder();
        let (_elsewhere, target) = folder();
        std::os::unix::fs::symlink(&target, root.join("tables")).expect("link");
        let refused = write(
            &root,
            &root.join("tables/x"),
            &PutPayload::from_static(b"x"),
            Placement::Link,
        );
        assert!(matches!(refused, Err(DiskError::Refused(_))));
        assert_eq!(fs::read_dir(&target).expect("list").count(), 0);
    }

    #[test]
    fn a_path_outside_the_data_directory_is_refused() {
        let (_guard, root) = folder();
        let (_elsewhere, other) = folder();
        let refused = write(&root, &other.join("x"), &PutPayload::from_static(b"x"), Placement::Link);
        assert!(matches!(refused, Err(DiskError::Refused(_))));
    }

    #[test]
    fn left_temporary_files_are_swept_and_nothing_else() {
        let (_guard, root) = folder();
        for name in ["x.parquet#0", "x.parquet#12", "x.parquet", "y#z"] {
            fs::write(root.join(name), b"x").expect("write");
        }
        assert_eq!(sweep(&root, SystemTime::UNIX_EPOCH).expect("sweep"), 0);
        let later = SystemTime::now() + std::time::Duration::from_secs(60);
        assert_eq!(sweep(&root, later).expect("sweep"), 2);
        assert!(root.join("x.parquet").exists() && root.join("y#z").exists());
    }
}
