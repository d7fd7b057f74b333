//! A cluster of one test.

use std::path::Path;
use std::process::Command;

use paceline_tests::sandbox::root;
use tempfile::TempDir;

/// Brokers that live as long as this.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: TempDir,
    pub(crate) address: String,
}

impl Cluster {
    /// Starts a cluster with these settings over the usual ones, `KEY=VALUE`, or `ACL=1`.
    pub(crate) fn start(brokers: u32, settings: &[&str]) -> Self {
        let folder = TempDir::with_prefix("paceline-kafka-").expect("a temporary folder");
        let mut cluster = Self {
            folder,
            address: String::new(),
        };
        let count = brokers.to_string();
        let mut words = vec![count.as_str()];
        words.extend(settings.iter().filter(|setting| !setting.starts_with("ACL=")));
        let acl = settings.contains(&"ACL=1");
        cluster.address = cluster.script("start", &words, acl);
        cluster
    }

    /// Ends broker `number` as a crash does.
    pub(crate) fn kill(&self, number: u32) {
        self.script("kill", &[&number.to_string()], false);
    }

    /// Starts broker `number` again.
    pub(crate) fn restart(&self, number: u32) {
        self.script("restart", &[&number.to_string()], false);
    }

    fn script(&self, command: &str, words: &[&str], acl: bool) -> String {
        let mut script = Command::new(script());
        script.arg(command).arg(self.folder.path()).args(words);
        script.env("PACELINE_KAFKA_HEAP", "384m");
        if acl {
            script.env("ACL", "1");
        }
        let output = script.output().expect("bash runs");
        assert!(
            output.status.success(),
            "kafka.sh {command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped = Command::new(script()).arg("stop").arg(self.folder.path()).status();
        let is_stopped = stopped.is_ok_and(|status| status.success());
        assert!(is_stopped || std::thread::panicking(), "the brokers do not stop");
    }
}

fn script() -> &'static Path {
    static SCRIPT: std::sync::OnceLock<std::path::PathBuf> = std::sync::OnceLock::new();
    SCRIPT.get_or_init(|| root().join("deploy").join("kafka").join("kafka.sh"))
}
