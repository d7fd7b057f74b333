//! What one query may ask for, and what one engine gives to all of them.

use std::time::Duration;

/// A limit on everything; the configuration that they come from lies outside of this crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text.
    pub text_bytes_max: usize,
    /// Tokens of the text, without space and comments.
    pub tokens_max: usize,
    /// Operators of the text; planning is about quadratic in them.
    pub operators_max: usize,
    /// Depth of brackets and of `CASE`.
    pub nesting_max: usize,
    /// Nodes of the plan, views and repeated use of a `WITH` unfolded.
    pub plan_nodes_max: usize,
    /// Memory of one query.
    pub memory_bytes: usize,
    /// Disk that all queries together may spill to.
    pub spill_bytes: u64,
    /// Time from the first look at the text to the last row.
    pub timeout: Duration,
    /// Rows of one answer.
    pub rows_max: usize,
    /// Bytes of one answer.
    pub bytes_max: usize,
    /// Queries that run at the same time.
    pub queries_max: usize,
    /// How long a query waits for its turn.
    pub admission_wait: Duration,
    /// Threads that plan and run; 0: the cores of the machine, at most 8.
    pub threads: usize,
}

const MIB: usize = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_bytes_max: 16 * 1024,
            tokens_max: 2_000,
            operators_max: 200,
            nesting_max: 32,
            plan_nodes_max: 2_000,
            memory_bytes: 512 * MIB,
            spill_bytes: 8 * 1024 * MIB as u64,
            timeout: Duration::from_secs(30),
            rows_max: 100_000,
            bytes_max: 256 * MIB,
            queries_max: 4,
            admission_wait: Duration::from_secs(2),
            threads: 0,
        }
    }
}

impl Limits {
    /// Threads that plan and run, 1 to 64.
    pub fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from).min(8),
            given => given.min(64),
        }
    }
}
