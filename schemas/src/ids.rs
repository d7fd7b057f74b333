//! Typed identifiers: printable text of bounded length, compared byte by byte.

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize};

/// Why a text is no identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing is there.
    #[error("an identifier must not be empty")]
    Empty,
    /// More bytes than the identifier may have.
    #[error("an identifier of {len} bytes is over its limit of {max}")]
    TooLong {
        /// Bytes found.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// A space at an end, or a character that does not print.
    #[error("an identifier must be printable, without spaces at its ends")]
    NotPrintable,
}

/// Checks the rule shared by all identifiers.
///
/// # Errors
/// Names the rule that `text` breaks.
pub fn check_id(text: &str, max: usize) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > max {
        return Err(IdError::TooLong { len: text.len(), max });
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        return Err(IdError::NotPrintable);
    }
    Ok(())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($max:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(CompactString);

        impl $name {
            /// Longest identifier of this kind in bytes.
            pub const MAX: usize = $max;

            /// Checks `text` and makes an identifier of it.
            ///
            /// # Errors
            /// Names the rule that `text` breaks.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check_id(text, $max)?;
                Ok(Self(CompactString::new(text)))
            }

            /// The text of the identifier.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// True for the identifier that `Default` makes and no constructor does.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = CompactString::deserialize(deserializer)?;
                check_id(&text, $max).map_err(serde::de::Error::custom)?;
                Ok(Self(text))
            }
        }
    )*};
}

ids! {
    /// The rep that an event counts for.
    RepId(64);
    /// A site: zone, shift boundary, weeks and fiscal year are its configuration.
    SiteId(32);
    /// A node of the organisation: company, site or team.
    NodeId(64);
    /// The vendor's call.
    CallId(128);
    /// One rep's leg of a call.
    LegId(128);
    /// The CRM's deal.
    DealId(128);
    /// A lead of a dialer or a CRM.
    LeadId(128);
    /// A refund of a deal.
    RefundId(128);
    /// Keyed hash of a customer: `<pepper version>:<32 hex>`.
    CustomerKey(64);
    /// Id of an event, unique within its source.
    EventId(128);
    /// `//<tenant>/<vendor>/<connection>`.
    Source(200);
    /// Campaign, list, queue, product, stage, pipeline and other short ids of vendors.
    Label(64);
    /// Further ids of up to 128 bytes: conversation, merged deal.
    LongLabel(128);
    /// Short text: codes as sent, competitors, display names.
    Text64(64);
    /// Names of nodes.
    Text128(128);
    /// Opaque references.
    Text256(256);
    /// A person's words.
    Text1000(1000);
    /// ISO 3166 country.
    Country(2);
    /// ISO 4217 code.
    Currency(3);
}

impl Currency {
    /// Digits after the decimal point of one major unit (ISO 4217 exponent).
    pub fn exponent(&self) -> u32 {
        match self.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
            | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
    }

    /// True for three upper-case ASCII letters.
    pub fn is_iso_form(&self) -> bool {
        self.as_str().len() == 3 && self.as_str().bytes().all(|b| b.is_ascii_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_keep_their_case_and_refuse_what_does_not_print() {
        assert_eq!(
            RepId::new("Moses Frase").map(|id| id.to_string()),
            Ok("Moses Frase".to_owned())
        );
        assert_eq!(RepId::new("李雷").map(|id| id.to_string()), Ok("李雷".to_owned()));
        assert_eq!(RepId::new(""), Err(IdError::Empty));
        assert_eq!(RepId::new(" a"), Err(IdError::NotPrintable));
        assert_eq!(RepId::new("a\u{0}b"), Err(IdError::NotPrintable));
        assert_eq!(SiteId::new(&"x".repeat(33)), Err(IdError::TooLong { len: 33, max: 32 }));
    }

    #[test]
    fn currencies_know_their_exponent() {
        for (code, exponent) in [("JPY", 0), ("CNY", 2), ("USD", 2), ("KWD", 3)] {
            assert_eq!(Currency::new(code).map(|c| c.exponent()), Ok(exponent));
        }
    }
}
