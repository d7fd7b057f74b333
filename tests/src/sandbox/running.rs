//! A command while it runs.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a predicate is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A command that has been started. It is killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Pipe,
    stderr: Pipe,
}

/// What comes out of a pipe, which is read on a thread of its own so that it can never fill up.
#[derive(Debug)]
struct Pipe {
    bytes: Arc<Mutex<Vec<u8>>>,
    /// Nothing ever comes; its other end is dropped with that of the pipe.
    end: Receiver<()>,
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
        let stdout = Pipe::read(child.stdout.take());
        let stderr = Pipe::read(child.stderr.take());
        Self { child, stdout, stderr }
    }

    /// What it has said beside its output so far.
    pub fn said(&self) -> String {
        self.stderr.so_far()
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When the deadline passes.
    pub fn wait(mut self, deadline: Duration) -> Finished {
        let ended = self.has_ended_within(deadline);
        if !ended {
            self.kill();
            panic!("a command took longer than {deadline:?}:\n{}", self.stderr.whole());
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
        self.wait_for(what, deadline, |_| holds());
    }

    /// Waits until the command has said this beside its output.
    ///
    /// # Panics
    /// When the command ends, or when the deadline passes.
    pub fn wait_to_hear(&mut self, words: &str, deadline: Duration) {
        self.wait_for(words, deadline, |running| running.said().contains(words));
    }

    fn wait_for(&mut self, what: &str, deadline: Duration, mut holds: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(
                start.elapsed() < deadline,
                "waited {deadline:?} for {what}:\n{}",
                self.said()
            );
            if self.has_ended_within(LOOK_EVERY) {
                panic!("the command ended before {what}:\n{}", self.stderr.whole());
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

    fn has_ended_within(&self, time: Duration) -> bool {
        self.stdout.has_ended_within(time)
    }

    fn kill(&mut self) {
        // A command that has just ended cannot be killed, which is as good.
        drop(self.child.kill());
        self.child.wait().expect("a child can be waited for");
    }

    fn finish(mut self) -> Finished {
        let status = self.child.wait().expect("a child can be waited for");
        Finished {
            code: status.code(),
            ended: status.to_string(),
            stdout: self.stdout.whole(),
            stderr: self.stderr.whole(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Pipe {
    fn read(pipe: Option<impl Read + Send + 'static>) -> Self {
        let mut pipe = pipe.expect("the pipe was asked for");
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (open, end) = sync_channel(1);
        let read = Arc::clone(&bytes);
        thread::spawn(move || {
            let mut part = [0; 8_192];
            while let Ok(count @ 1..) = pipe.read(&mut part) {
                let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
                read.extend_from_slice(&part[..count]);
            }
            drop(open);
        });
        Self { bytes, end }
    }

    fn so_far(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn has_ended_within(&self, time: Duration) -> bool {
        self.end.recv_timeout(time) == Err(RecvTimeoutError::Disconnected)
    }

    /// Everything, once the other end is closed.
    fn whole(&self) -> String {
        // Only the end answers, as an error.
        self.end.recv().ok();
        self.so_far()
    }
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
    fn what_was_said_can_be_read_while_the_command_runs() {
        let words = ["-c", "echo here >&2; exec tail -f /dev/null"];
        let mut running = Running::start(Command::new("sh").args(words));
        running.wait_to_hear("here\n", Duration::from_secs(10));
        assert_eq!(running.said(), "here\n");
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
