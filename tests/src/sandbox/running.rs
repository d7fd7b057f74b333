//! A command while it runs.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often a predicate is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A command that has been started. It is killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    ended_with: Option<String>,
}

/// A command that has ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The exit code; nothing for a command that was killed.
    pub code: Option<i32>,
    /// How it ended, in words: `exit status: 0`, `signal: 11 (SIGSEGV)`.
    pub ended: String,
    /// What it printed.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl Running {
    /// Starts the command with its output caught.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        let spawned = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = spawned.expect("the binary starts");
        let stdout = collect(child.stdout.take());
        let stderr = collect(child.stderr.take());
        Self {
            child,
            stdout,
            stderr,
            ended_with: None,
        }
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When the deadline passes.
    pub fn wait(mut self, deadline: Duration) -> Finished {
        let ended = self.has_ended_within(deadline);
        if !ended {
            self.kill();
            panic!(
                "a command took longer than {deadline:?}:\n{}",
                self.stderr.recv().unwrap_or_default()
            );
        }
        self.finish()
    }

    /// Kills the command without warning once that time has passed; nothing comes of one that ended before.
    pub fn kill_after(mut self, time: Duration) -> Option<Finished> {
        let ended = self.has_ended_within(time);
        if !ended {
            self.kill();
        }
        ended.then(|| self.finish())
    }

    /// Waits until the predicate holds while the command runs.
    ///
    /// # Panics
    /// When the command ends, or when the deadline passes.
    pub fn wait_until(&mut self, what: &str, deadline: Duration, mut holds: impl FnMut() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < deadline, "waited {deadline:?} for {what}");
            if self.has_ended_within(LOOK_EVERY) {
                panic!(
                    "the command ended before {what}:\n{}",
                    self.stderr.recv().unwrap_or_default()
                );
            }
        }
    }

    /// Asks the command to stop and waits for its end.
    ///
    /// # Panics
    /// When it does not stop.
    pub fn stop(self) -> Finished {
        self.signal("TERM");
        self.wait(super::DEADLINE)
    }

    /// Sends a signal by name.
    ///
    /// # Panics
    /// When the command is gone.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(status.expect("kill runs").success(), "the command is gone");
    }

    fn has_ended_within(&mut self, time: Duration) -> bool {
        if self.ended_with.is_some() {
            return true;
        }
        match self.stdout.recv_timeout(time) {
            Ok(text) => self.ended_with = Some(text),
            Err(RecvTimeoutError::Disconnected) => self.ended_with = Some(String::new()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        self.ended_with.is_some()
    }

    fn kill(&mut self) {
        // A command that has just ended cannot be killed, which is as good.
        drop(self.child.kill());
        self.child.wait().expect("a child can be waited for");
    }

    fn finish(mut self) -> Finished {
        let status = self.child.wait().expect("a child can be waited for");
        let stdout = self.ended_with.take().unwrap_or_default();
        let stderr = self.stderr.recv().unwrap_or_default();
        Finished {
            code: status.code(),
            ended: status.to_string(),
            stdout,
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads a pipe to its end on a thread of its own, so that neither pipe can fill up.
fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = sync_channel(1);
    let mut pipe = pipe.expect("the pipe was asked for");
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let end = pipe.read_to_end(&mut bytes);
        // Nobody waits for the output of a command that was killed.
        drop((end, sender.send(String::from_utf8_lossy(&bytes).into_owned())));
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_in_time_is_read_and_a_slow_one_is_killed() {
        let finished = Running::start(Command::new("echo").arg("here")).wait(Duration::from_secs(10));
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), "here\n"));
        let killed =
            Running::start(Command::new("tail").args(["-f", "/dev/null"])).kill_after(Duration::from_millis(30));
        assert!(killed.is_none());
    }

    #[test]
    fn waiting_ends_when_the_predicate_holds() {
        let mut looks = 0;
        let mut running = Running::start(Command::new("tail").args(["-f", "/dev/null"]));
        running.wait_until("three looks", Duration::from_secs(10), || {
            looks += 1;
            looks == 3
        });
        assert_eq!(running.stop().code, None);
    }
}
