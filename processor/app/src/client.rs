//! Sends a writing command to the process that holds the data directory, over its loopback address.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::failure::{Exit, Failure};
use crate::request::{Answer, WriteCommand};

/// How a running process can be reached; `<data>/run.json`, mode 0600. Believed only while the lock is held.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunFile {
    /// Loopback address of its HTTP.
    pub address: String,
    /// What a command must show.
    pub token: String,
    /// Its process id, for messages.
    pub pid: u32,
}

/// One line of an answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Line {
    /// How far the command is: label, bytes done, bytes in all.
    Progress(String, u64, u64),
    /// Something that a person should read.
    Note(String),
    /// It is done.
    Done(Box<Answer>),
    /// It failed.
    Failed(Failure),
}

/// The file in which a running process says how it can be reached.
pub fn run_file(data: &Path) -> std::path::PathBuf {
    data.join("run.json")
}

/// Sends `command` to the process that holds `data`, and passes on what it says.
///
/// # Errors
/// No process answers there, or the command failed.
pub async fn send(data: &Path, command: &WriteCommand, mut hear: impl FnMut(Line)) -> Result<Answer, Failure> {
    let run = read_run_file(data)?;
    let busy = |error: &dyn std::fmt::Display| {
        let text = format!(
            "`{}` is in use by process {}, which does not answer on {}: {error}; wait for it to end, or stop it",
            data.display(),
            run.pid,
            run.address
        );
        Failure::new(Exit::Transient, text)
    };
    let client = reqwest::Client::builder().no_proxy().build().map_err(|e| busy(&e))?;
    let request = client
        .post(format!("http://{}/v1/commands", run.address))
        .bearer_auth(&run.token);
    let body = serde_json::to_string(command).map_err(|e| Failure::new(Exit::OurFault, e))?;
    let mut response = request.body(body).send().await.map_err(|e| busy(&e))?;
    if !response.status().is_success() {
        return Err(busy(&response.status()));
    }
    let mut pending = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| busy(&e))? {
        pending.extend_from_slice(&chunk);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            match serde_json::from_slice::<Line>(&line) {
                Ok(Line::Done(answer)) => return Ok(*answer),
                Ok(Line::Failed(failure)) => return Err(failure),
                Ok(other) => hear(other),
                Err(error) => return Err(busy(&error)),
            }
        }
    }
    Err(busy(&"it ended before the command did"))
}

fn read_run_file(data: &Path) -> Result<RunFile, Failure> {
    let path = run_file(data);
    let unreachable = || {
        let text = format!(
            "`{}` is in use by another paceline command; wait until that one has ended and try again",
            data.display()
        );
        Failure::new(Exit::Transient, text)
    };
    let bytes = std::fs::read(path).map_err(|_| unreachable())?;
    serde_json::from_slice(&bytes).map_err(|_| unreachable())
}
