//! A file system without room.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use paceline_tests::generator::{Floor, Plan, write_calls};
use paceline_tests::sandbox::{Dump, Sandbox, mapping};
use tempfile::TempDir;

use crate::deals_file::import_people;
use crate::recount::assert_counts;

/// A small file system in memory, taken away when it is dropped.
#[derive(Debug)]
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Nothing where the machine does not let a test mount one.
    fn mount(mebibytes: u32) -> Option<Self> {
        let folder = TempDir::with_prefix("paceline-disk-").expect("a temporary folder");
        let size = format!("size={mebibytes}m");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .output();
        mount
            .is_ok_and(|output| output.status.success())
            .then_some(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all room but that many kibibytes.
    fn fill_but(&self, kibibytes: u64) -> PathBuf {
        let filler = self.path().join("filler");
        let mut file = fs::File::create(&filler).expect("there is room for a name");
        let block = vec![1_u8; 16 << 10];
        let mut written = 0_u64;
        // The last block fails, or is cut short: that is the end of the room.
        while let Ok(count) = file.write(&block) {
            written += u64::try_from(count).expect("a block is small");
        }
        file.set_len(written.saturating_sub(kibibytes << 10))
            .expect("a file can be cut");
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmount = Command::new("umount").arg("-l").arg(self.folder.path()).status();
        assert!(
            unmount.is_ok_and(|status| status.success()),
            "{} stays mounted",
            self.folder.path().display()
        );
    }
}

#[test]
fn a_full_disk_stops_an_import_which_ends_well_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(512) else {
        writeln!(
            io::stderr(),
            "skipped: this machine lets nobody mount a small file system"
        )
        .expect("it is open");
        return;
    };
    let floor = Floor::new(&Plan {
        seed: 15,
        days: 20,
        dials_a_day: 60,
        ..Plan::sample()
    });
    let mut text = Vec::new();
    write_calls(&mut text, &floor.calls, true).expect("a vector takes everything");
    let reps: Vec<(&str, &str)> = floor
        .people
        .iter()
        .map(|person| (person.rep_id.as_str(), "main"))
        .collect();

    let roomy = Sandbox::new();
    import_people(&roomy, &reps);
    roomy.import(&[&roomy.file("calls.csv", &text)], &mapping("sample_calls.toml"));

    let sandbox = Sandbox::new().over(&disk.path().join("data"));
    import_people(&sandbox, &reps);
    let filler = disk.fill_but(64);
    let file = sandbox.file("calls.csv", &text);
    let words = Sandbox::import_words(&[&file], &mapping("sample_calls.toml"));
    let finished = sandbox.run(&words);
    assert!(matches!(finished.code, Some(1 | 4)), "{finished:?}");
    assert!(
        finished.stderr.to_lowercase().contains("no space"),
        "{}",
        finished.stderr
    );
    fs::remove_file(filler).expect("the filler is there");
    sandbox.import(&[&file], &mapping("sample_calls.toml"));
    Dump::of(&sandbox).assert_same(&Dump::of(&roomy), "after a full disk");
    let calls_only = Floor {
        deals: Vec::new(),
        ..floor
    };
    assert_counts(&sandbox, &crate::recount::recount(&calls_only), "after a full disk");
    sandbox.fsck();
}
