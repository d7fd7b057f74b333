//! Why an input is refused: a closed list, each with a detail that never holds content.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// One way to be refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// All reasons.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name that tables and pages show.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

reasons! {
    /// No JSON, bad UTF-8, too deeply nested, duplicate keys.
    Malformed = "malformed";
    /// Over a size limit.
    TooLarge = "too_large";
    /// An attribute of the envelope is missing or wrong.
    BadEnvelope = "bad_envelope";
    /// Header against record.
    EnvelopeConflict = "envelope_conflict";
    /// `data` is absent or null.
    NoData = "no_data";
    /// A null value without headers.
    Tombstone = "tombstone";
    /// No event type of that name.
    UnknownType = "unknown_type";
    /// A major version that this release does not know.
    UnsupportedVersion = "unsupported_version";
    /// The registry has no such schema.
    SchemaNotFound = "schema_not_found";
    /// A value has no entry in a map, or a converter does not fit it.
    MappingFailed = "mapping_failed";
    /// A required field is missing.
    MissingField = "missing_field";
    /// A field is of the wrong type or out of range.
    SchemaViolation = "schema_violation";
    /// A time that cannot be read, has no offset, or lies before 2000.
    BadTime = "bad_time";
    /// A time further in the future than the allowed skew.
    ClockSkew = "clock_skew";
    /// An amount that cannot be read or is out of range.
    BadMoney = "bad_money";
    /// An amount without a currency.
    MissingCurrency = "missing_currency";
    /// No rep of that name, where that is refused.
    UnknownRep = "unknown_rep";
    /// An id that another content has used.
    IdConflict = "id_conflict";
    /// A correction of something that was never published.
    Orphan = "orphan";
    /// A fault of the adapter itself.
    AdapterFault = "adapter_fault";
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal: the reason and what a person needs to mend the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Reject {
    /// The reason.
    pub reason: Reason,
    /// Path, limit, measure; never content.
    pub detail: String,
}

impl Reject {
    /// A refusal of `reason` with `detail`.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }

    /// The same refusal, with the path that it concerns in front.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        self.detail = format!("`{path}`: {}", self.detail);
        self
    }

    /// A required field that is missing.
    pub fn missing(path: &str) -> Self {
        Self::new(Reason::MissingField, format!("`{path}` is required"))
    }
}
