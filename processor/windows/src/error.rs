//! What can go wrong: options that do not fit each other, and states that cannot be read.

use std::fmt;

/// Who can mend an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What was given is wrong; the same call fails again.
    Input,
    /// The same call may succeed later.
    Transient,
    /// Going on could lose or double data; the shard stops.
    Fatal,
}

/// One fault of the options.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {message}")]
pub struct Fault {
    /// The option.
    pub key: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

/// Options that were refused, with every fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct OptionsError {
    /// The faults, never empty.
    pub faults: Vec<Fault>,
}

impl OptionsError {
    /// Options are what a person wrote.
    pub fn class(&self) -> Class {
        Class::Input
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("use the window options")?;
        for (at, fault) in self.faults.iter().enumerate() {
            write!(f, "{}{fault}", if at == 0 { ": " } else { "; " })?;
        }
        Ok(())
    }
}

/// A state that cannot be resumed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are no state, or not all of it.
    #[error("decode the state: {what} at byte `{at}`; take the state before it")]
    Damaged {
        /// Where reading stopped.
        at: usize,
        /// What was found wrong.
        what: &'static str,
    },
    /// A version of the format that this release does not read.
    #[error(
        "decode the state: it is of version `{found}`, this release reads `{known}`; use the release that wrote it"
    )]
    Version {
        /// Version found.
        found: u32,
        /// Version known.
        known: u32,
    },
    /// The options do not fit each other.
    #[error("decode the state")]
    Options(#[from] OptionsError),
}

impl DecodeError {
    /// A damaged or foreign state must not be folded on.
    pub fn class(&self) -> Class {
        match self {
            Self::Damaged { .. } | Self::Version { .. } => Class::Fatal,
            Self::Options(error) => error.class(),
        }
    }
}
