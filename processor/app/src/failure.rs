//! Why a command did not do what it was asked, and the exit code that says so.

use std::fmt;

/// How a command ended, as its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Wrong usage, configuration or mapping.
    Usage = 2,
    /// Checked and found wanting: rejected rows, damage.
    Wanting = 3,
    /// A later try may succeed.
    Transient = 4,
    /// A fault of Paceline.
    OurFault = 70,
}

/// A failure for a person to read.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What, where, and what to do.
    pub message: String,
}

impl Failure {
    /// A failure with its exit code.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self {
            exit,
            message: message.to_string(),
        }
    }

    /// The same failure with what was attempted in front.
    #[must_use]
    pub fn during(mut self, action: &str) -> Self {
        self.message = format!("failed to {action}: {}", self.message);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// An error and all its sources in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}

impl From<paceline_ingest::error::Error> for Failure {
    fn from(error: paceline_ingest::error::Error) -> Self {
        use paceline_ingest::error::Class;
        let exit = match error.class() {
            Class::Input => Exit::Usage,
            Class::Transient => Exit::Transient,
            Class::Fatal => Exit::Failed,
        };
        Self::new(exit, chain(&error))
    }
}

impl From<paceline_snapshots::Error> for Failure {
    fn from(error: paceline_snapshots::Error) -> Self {
        use paceline_snapshots::Class;
        let exit = match error.class() {
            Class::Input => Exit::Usage,
            Class::Transient => Exit::Transient,
            Class::Fatal => Exit::Failed,
        };
        Self::new(exit, chain(&error))
    }
}

/// A failed file operation.
pub fn io(action: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
    let full = error.kind() == std::io::ErrorKind::StorageFull;
    let advice = if full {
        "; free space on that disk and run the command again"
    } else {
        ""
    };
    let exit = if full { Exit::Transient } else { Exit::Failed };
    Failure::new(
        exit,
        format!("failed to {action} `{}`: {error}{advice}", path.display()),
    )
}
