//! Commands about targets, and what they answer.

use serde_json::Value;

use super::Sandbox;

/// What a command about targets has done.
#[derive(Debug, Clone)]
pub struct Told {
    /// Exit code.
    pub code: Option<i32>,
    /// The whole answer.
    pub whole: Value,
    /// What was said to the person.
    pub stderr: String,
}

impl Told {
    /// A number of the answer.
    ///
    /// # Panics
    /// There is no such number.
    pub fn number(&self, name: &str) -> i64 {
        self.whole[name]
            .as_i64()
            .unwrap_or_else(|| panic!("no `{name}` in {}", self.whole))
    }

    /// The name of the proposal.
    ///
    /// # Panics
    /// There is none.
    pub fn proposal(&self) -> String {
        self.whole["proposal"]
            .as_str()
            .unwrap_or_else(|| panic!("no proposal in {}", self.whole))
            .to_owned()
    }

    /// All notes, one a line.
    pub fn notes(&self) -> String {
        let notes = self.whole["notes"].as_array().into_iter().flatten();
        notes.filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
    }
}

impl Sandbox {
    /// Runs `targets` with these words and reads its answer as JSON.
    ///
    /// # Panics
    /// The command failed, or its answer is no JSON.
    pub fn targets(&self, words: &[&str]) -> Told {
        let all = [&["targets"], words, &["--format", "json"]].concat();
        let finished = self.run(&all);
        assert!(
            matches!(finished.code, Some(0 | 3)),
            "{words:?}: {}\n{}",
            finished.ended,
            finished.stderr
        );
        Told {
            code: finished.code,
            whole: serde_json::from_str(&finished.stdout)
                .unwrap_or_else(|e| panic!("{words:?}: {e}: {}", finished.stdout)),
            stderr: finished.stderr,
        }
    }

    /// Approves a proposal as somebody else.
    ///
    /// # Panics
    /// The command failed.
    pub fn approve(&self, proposal: &str, at: &str) {
        self.succeed(&["targets", "approve", proposal, "--by", "ben", "--decided-at", at]);
    }

    /// The decisions of the log in the order of their targets and days: what `verify` compares, as rows.
    pub fn decisions(&self) -> Vec<Vec<String>> {
        let columns = "target_id, as_of, from_version, to_version, outcome, reason_code, old_value, proposed_value, \
                       uncapped_value, theta_ppm, ci_lo_ppm, ci_hi_ppm, evidence_n, numerator, denominator, \
                       confirmations, checks, authority, policy_version, inputs_sha256";
        self.sql(&format!(
            "SELECT {columns} FROM tgt_adjustment ORDER BY target_id, as_of"
        ))
        .rows
    }
}
