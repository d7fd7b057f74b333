//! Which file systems keep the promises of a local disk.

use std::path::Path;

/// Kinds of file systems on which hard links and syncs do not mean what they mean on a local disk.
const REMOTE: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "sshfs",
];

/// The kind of the remote or user-space file system that `path` lies on, as told by the text of `/proc/self/mounts`.
pub fn remote_kind(mounts: &str, path: &Path) -> Option<String> {
    let longest = mounts
        .lines()
        .filter_map(mount)
        .filter(|(point, _)| path.starts_with(point))
        .enumerate();
    let (_, (_, kind)) = longest.max_by_key(|(line, (point, _))| (point.len(), *line))?;
    (REMOTE.contains(&kind) || kind == "fuse" || kind.starts_with("fuse.")).then(|| kind.to_owned())
}

fn mount(line: &str) -> Option<(String, &str)> {
    let mut words = line.split(' ').skip(1);
    let point = words
        .next()?
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\134", "\\");
    Some((point, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_decides() {
        let mounts = "/dev/sda / ext4 rw 0 0\nserver:/x /mnt nfs4 rw 0 0\n/dev/sdb /mnt/local\\040disk xfs rw 0 0\nb /home/u/b fuse.sshfs rw 0 0";
        for (path, kind) in [
            ("/var/paceline", None),
            ("/mnt/paceline", Some("nfs4")),
            ("/mnt/local disk/paceline", None),
            ("/home/u/b/paceline", Some("fuse.sshfs")),
            ("/mntx", None),
        ] {
            assert_eq!(remote_kind(mounts, Path::new(path)).as_deref(), kind, "{path}");
        }
    }
}
