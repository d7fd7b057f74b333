//! Dead letters: what was refused, why, and where it is to be found again. Never its content.
//!
//! A dead letter is named by its origin, so that the same refusal on a replay is the same letter.

use paceline_schemas::position::{Offset, Partition};
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::time::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::draft;

/// Where in the pipeline it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The HTTP gateway.
    Gateway,
    /// An adapter: mapping, converting, settling.
    Adapter,
    /// Decoding.
    Codec,
    /// The processor.
    Processor,
}

/// What became of a dead letter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Nobody has dealt with it.
    #[default]
    Open,
    /// It was taken on a replay.
    Replayed,
    /// Somebody decided to leave it.
    Discarded,
    /// It was refused again on a replay.
    FailedAgain,
}

/// Where the input lies, or that it is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    /// A row of a file and the block of the mapping that refused it.
    File {
        /// Name of the file, without its folder.
        name: String,
        /// SHA-256 of the file, in hex.
        digest: String,
        /// Line at which the row begins; the header is line 1.
        line: u64,
        /// Block of the mapping.
        block: u32,
        /// The mapping.
        mapping: String,
    },
    /// A record of a topic.
    Record {
        /// The topic.
        topic: String,
        /// Its partition.
        partition: Partition,
        /// Its offset.
        offset: Offset,
    },
    /// A request over HTTP, whose body is not kept.
    Request {
        /// The request.
        request_id: String,
        /// Place of the event in its batch, from 0.
        index: u64,
    },
}

impl From<&draft::Origin> for Origin {
    fn from(origin: &draft::Origin) -> Self {
        Self::File {
            name: origin.file.name.clone(),
            digest: origin.file.digest.clone(),
            line: origin.line,
            block: origin.block,
            mapping: origin.mapping.to_string(),
        }
    }
}

impl Origin {
    /// The id of a dead letter from here: 32 hex digits of the SHA-256 of the position. A file's name is no part of
    /// it: the same file under another name is the same file.
    pub fn dead_letter_id(&self) -> String {
        let position = match self {
            Self::File {
                digest,
                line,
                block,
                mapping,
                ..
            } => format!("file\n{digest}\n{line}\n{block}\n{mapping}"),
            Self::Record {
                topic,
                partition,
                offset,
            } => format!("record\n{topic}\n{partition}\n{offset}"),
            Self::Request { request_id, index } => format!("request\n{request_id}\n{index}"),
        };
        sha256_hex(position.as_bytes()).chars().take(32).collect()
    }
}

/// SHA-256 in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One refused input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Id derived from the origin.
    pub dead_letter_id: String,
    /// Why it was refused.
    pub reason: Reason,
    /// Path, limit and measure.
    pub detail: String,
    /// Where it was refused.
    pub stage: Stage,
    /// Source of the input, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Vendor of the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Version of the adapter that refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter_version: Option<String>,
    /// Where it lies.
    pub origin: Origin,
    /// When it was received first.
    pub received_at: Instant,
    /// Content type, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Schema, as named by the producer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Type of the event, where readable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// Id of the event, where readable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// Size of the input in bytes.
    pub size: u64,
    /// SHA-256 of the input, in hex.
    pub sha256: String,
    /// How often it was tried.
    pub attempt: u32,
    /// What became of it.
    pub resolution: Resolution,
}

impl DeadLetter {
    /// The first refusal of an input of `size` bytes with the hash `sha256`.
    pub fn new(
        reject: Reject,
        stage: Stage,
        origin: Origin,
        received_at: Instant,
        size: u64,
        sha256: impl Into<String>,
    ) -> Self {
        Self {
            dead_letter_id: origin.dead_letter_id(),
            reason: reject.reason,
            detail: reject.detail,
            stage,
            source: None,
            vendor: None,
            adapter_version: None,
            origin,
            received_at,
            content_type: None,
            schema: None,
            event_type: None,
            event_id: None,
            size,
            sha256: sha256.into(),
            attempt: 1,
            resolution: Resolution::Open,
        }
    }

    /// The letter after another attempt: taken, or refused again for `refusal`.
    #[must_use]
    pub fn tried_again(mut self, refusal: Option<Reject>) -> Self {
        self.attempt = self.attempt.saturating_add(1);
        match refusal {
            None => self.resolution = Resolution::Replayed,
            Some(reject) => {
                self.reason = reject.reason;
                self.detail = reject.detail;
                self.resolution = Resolution::FailedAgain;
            }
        }
        self
    }

    /// The letter as it lies in the topic.
    pub fn encode(&self) -> Vec<u8> {
        sonic_rs::to_vec(self).expect("text and integers are JSON")
    }

    /// The letter that `bytes` hold.
    ///
    /// # Errors
    /// `malformed`, with the place.
    pub fn decode(bytes: &[u8]) -> Result<Self, Reject> {
        let text = std::str::from_utf8(bytes).map_err(|error| Reject::new(Reason::Malformed, error.to_string()))?;
        serde_json::from_str(text).map_err(|error| {
            // The message of the parser may quote its input.
            let (line, column) = (error.line(), error.column());
            Reject::new(
                Reason::Malformed,
                format!("no dead letter at line {line} column {column}"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::import::FileName;

    fn letter(line: u64) -> DeadLetter {
        let origin = draft::Origin {
            file: Arc::new(FileName {
                name: "crm.csv".to_owned(),
                digest: sha256_hex(b"file"),
            }),
            line,
            block: 1,
            mapping: "crm-deals".into(),
        };
        let received_at = Instant(1_700_000_000_000_000);
        let reject = Reject::missing("time");
        DeadLetter::new(
            reject,
            Stage::Adapter,
            (&origin).into(),
            received_at,
            80,
            sha256_hex(b"row"),
        )
    }

    #[test]
    fn a_letter_survives_its_encoding() {
        let mut letter = letter(7);
        letter.source = Some("//acme/file/crm".to_owned());
        assert_eq!(DeadLetter::decode(&letter.encode()), Ok(letter));
        assert!(DeadLetter::decode(b"{}").is_err());
    }

    #[test]
    fn the_id_is_that_of_the_origin_and_not_of_the_reason_or_the_name() {
        let first = letter(7);
        let mut renamed = first.origin.clone();
        if let Origin::File { name, .. } = &mut renamed {
            "other.csv".clone_into(name);
        }
        assert_eq!(first.dead_letter_id.len(), 32);
        assert_eq!(renamed.dead_letter_id(), first.dead_letter_id);
        assert_ne!(letter(8).dead_letter_id, first.dead_letter_id);
    }

    #[test]
    fn another_attempt_replays_it_or_names_the_new_reason() {
        let again = letter(7).tried_again(Some(Reject::new(Reason::Orphan, "amends")));
        assert_eq!(
            (again.attempt, again.reason, again.resolution),
            (2, Reason::Orphan, Resolution::FailedAgain)
        );
        assert_eq!(again.tried_again(None).resolution, Resolution::Replayed);
    }
}
