//! Fields of event data: their kinds, and one way to set, test and write any of them.
//!
//! The table of fields that `data!` makes of a struct serves the JSON Schema, the mappings of files, the
//! message about a field that does not fit, and the content by which versions are compared.

use compact_str::CompactString;
use serde::Serialize;

use crate::ids;
use crate::reject::{Reason, Reject};
use crate::time::{Day, Instant, LocalHour};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or text of at most so many bytes.
    Text(usize),
    /// Milliseconds, 0 or more.
    Milliseconds,
    /// A count, 0 or more.
    Count,
    /// Basis points, 0 to 10,000 and above only for overlays.
    BasisPoints,
    /// Integer minor units of a currency.
    Minor,
    /// A signed integer.
    Integer,
    /// True or false.
    Bool,
    /// RFC 3339 instant.
    Instant,
    /// `YYYY-MM-DD`.
    Date,
    /// The start of a local hour, RFC 3339 with the site's offset.
    LocalHour,
    /// One of a closed list.
    Symbol(&'static [&'static str]),
    /// A list of symbols.
    Symbols(&'static [&'static str]),
    /// Small map of labels.
    Labels,
    /// A nested object.
    Object,
}

/// Who fills a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The source.
    Given,
    /// `ingest`; a producer's value is overwritten.
    Stamped,
    /// `ingest`, from what the source said about the version: takes no part in the content.
    Version,
}

/// One field of event data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec {
    /// Name, as in JSON.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Who fills it.
    pub origin: Origin,
    /// Meaning.
    pub doc: &'static str,
}

/// A value for a field, as an adapter has read it.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// Text, identifiers and symbols.
    Text(CompactString),
    /// Counts, durations in ms, minor units, basis points.
    Integer(i64),
    /// True or false.
    Bool(bool),
    /// An instant.
    Instant(Instant),
    /// A date.
    Date(Day),
}

/// A type that may stand in event data.
pub trait Field {
    /// What it holds.
    const KIND: Kind;
    /// True when nothing is there.
    fn is_absent(&self) -> bool;
    /// Takes `value`.
    ///
    /// # Errors
    /// The value does not fit the field.
    fn assign(&mut self, value: &FieldValue) -> Result<(), Reject>;
}

/// A field of some struct, its type forgotten.
pub trait AnyField {
    /// True when nothing is there.
    fn absent(&self) -> bool;
    /// Appends the value as JSON.
    fn write_json(&self, out: &mut Vec<u8>);
}

impl<T: Field + Serialize> AnyField for T {
    fn absent(&self) -> bool {
        self.is_absent()
    }

    fn write_json(&self, out: &mut Vec<u8>) {
        // Writing integers and text into a Vec cannot fail; a map of labels has text keys.
        if serde_json::to_writer(&mut *out, self).is_err() {
            out.extend_from_slice(b"null");
        }
    }
}

/// A refusal of a value of the wrong kind.
pub fn unfit(expected: &str) -> Reject {
    Reject::new(Reason::SchemaViolation, format!("expected {expected}"))
}

macro_rules! id_fields {
    ($($id:ident),* $(,)?) => {$(
        impl Field for ids::$id {
            const KIND: Kind = Kind::Text(ids::$id::MAX);
            fn is_absent(&self) -> bool {
                self.is_empty()
            }
            fn assign(&mut self, value: &FieldValue) -> Result<(), Reject> {
                let FieldValue::Text(text) = value else { return Err(unfit("text")) };
                *self = ids::$id::new(text).map_err(|e| Reject::new(Reason::SchemaViolation, e.to_string()))?;
                Ok(())
            }
        }
    )*};
}

id_fields!(
    RepId,
    SiteId,
    NodeId,
    CallId,
    LegId,
    DealId,
    LeadId,
    RefundId,
    CustomerKey,
    EventId,
    Label,
    LongLabel,
    Text64,
    Text128,
    Text256,
    Text1000,
    Country,
    Currency,
);

impl<T: Field + Default> Field for Option<T> {
    const KIND: Kind = T::KIND;
    fn is_absent(&self) -> bool {
        self.is_none()
    }
    fn assign(&mut self, value: &FieldValue) -> Result<(), Reject> {
        let mut inner = T::default();
        inner.assign(value)?;
        *self = Some(inner);
        Ok(())
    }
}

macro_rules! integer_fields {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $min:expr, $max:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            /// Smallest value.
            pub const MIN: i64 = $min;
            /// Largest value.
            pub const MAX: i64 = $max;
        }

        impl Field for $name {
            const KIND: Kind = Kind::$kind;
            fn is_absent(&self) -> bool {
                false
            }
            fn assign(&mut self, value: &FieldValue) -> Result<(), Reject> {
                let FieldValue::Integer(number) = value else { return Err(unfit("an integer")) };
                if !(Self::MIN..=Self::MAX).contains(number) {
                    return Err(unfit(&format!("an integer from {} to {}", Self::MIN, Self::MAX)));
                }
                self.0 = *number;
                Ok(())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let number = i64::deserialize(deserializer)?;
                if !(Self::MIN..=Self::MAX).contains(&number) {
                    return Err(serde::de::Error::custom(format_args!(
                        "{number} is not from {} to {}", Self::MIN, Self::MAX
                    )));
                }
                Ok(Self(number))
            }
        }
    )*};
}

integer_fields! {
    /// Milliseconds of a duration, at most a year.
    Milliseconds = Milliseconds, 0, 366 * 86_400_000;
    /// A count.
    Count = Count, 0, 1_000_000_000_000_000;
    /// Basis points.
    BasisPoints = BasisPoints, 0, 1_000_000;
    /// Minor units of a currency.
    Minor = Minor, -1_000_000_000_000_000, 1_000_000_000_000_000;
}

impl Milliseconds {
    /// Whole seconds, half up.
    pub fn seconds(self) -> i64 {
        (self.0 + 500) / 1000
    }
}

impl Field for i64 {
    const KIND: Kind = Kind::Integer;
    fn is_absent(&self) -> bool {
        false
    }
    fn assign(&mut self, value: &FieldValue) -> Result<(), Reject> {
        let FieldValue::Integer(number) = value else {
            return Err(unfit("an integer"));
        };
        *self = *number;
        Ok(())
    }
}

impl Field for bool {
    const KIND: Kind = Kind::Bool;
    fn is_absent(&self) -> bool {
        !*self
    }
    fn assign(&mut self, value: &FieldValue) -> Result<(), Reject> {
        let FieldValue::Bool(flag) = value else {
            return Err(unfit("true or false"));
        };
        *self = *flag;
        Ok(())
    }
}

impl Field for Instant {
    const KIND: Kind = Kind::Instant;
    fn is_absent(&self) -> bool {
        false
    }
    fn assign(&mut self, value: &FieldValue) -> Result<(), Reject> {
        let FieldValue::Instant(instant) = value else {
            return Err(unfit("an instant"));
        };
        *self = *instant;
        Ok(())
    }
}

impl Field for Day {
    const KIND: Kind = Kind::Date;
    fn is_absent(&self) -> bool {
        false
    }
    fn assign(&mut self, value: &FieldValue) -> Result<(), Reject> {
        let FieldValue::Date(day) = value else {
            return Err(unfit("a date"));
        };
        *self = *day;
        Ok(())
    }
}

impl Field for LocalHour {
    const KIND: Kind = Kind::LocalHour;
    fn is_absent(&self) -> bool {
        false
    }
    fn assign(&mut self, _: &FieldValue) -> Result<(), Reject> {
        Err(unfit("no value: ingest stamps this field"))
    }
}

/// Labels of a producer or vendor: at most 16 keys of 64 bytes with values of 256 bytes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Labels(pub std::collections::BTreeMap<String, serde_json::Value>);

impl Labels {
    /// Keys at most.
    pub const KEYS_MAX: usize = 16;
    /// Bytes of a key at most.
    pub const KEY_BYTES_MAX: usize = 64;
    /// Bytes of a value at most.
    pub const VALUE_BYTES_MAX: usize = 256;

    /// Checks the limits of keys and values.
    ///
    /// # Errors
    /// Names the limit that is broken.
    pub fn check(&self) -> Result<(), Reject> {
        let scalar = |v: &serde_json::Value| !v.is_object() && !v.is_array();
        let size = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string().len(), str::len);
        if self.0.len() > Self::KEYS_MAX {
            return Err(unfit("at most 16 labels"));
        }
        if self.0.iter().any(|(key, value)| {
            key.len() > Self::KEY_BYTES_MAX || !scalar(value) || size(value) > Self::VALUE_BYTES_MAX
        }) {
            return Err(unfit("labels of 64 bytes with plain values of 256 bytes"));
        }
        Ok(())
    }
}

impl Field for Labels {
    const KIND: Kind = Kind::Labels;
    fn is_absent(&self) -> bool {
        self.0.is_empty()
    }
    fn assign(&mut self, _: &FieldValue) -> Result<(), Reject> {
        Err(unfit("labels, which a mapping sets one by one"))
    }
}

impl<T: Field> Field for Box<T> {
    const KIND: Kind = T::KIND;
    fn is_absent(&self) -> bool {
        (**self).is_absent()
    }
    fn assign(&mut self, value: &FieldValue) -> Result<(), Reject> {
        (**self).assign(value)
    }
}

/// Reads a field of which `null` means the same as its absence.
pub(crate) fn absent_if_null<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Ok(<Option<T> as serde::Deserialize>::deserialize(deserializer)?.unwrap_or_default())
}

/// Declares a struct of event data and the table of its fields.
macro_rules! data {
    ($(#[$meta:meta])* $name:ident { $($origin:ident $field:ident: $kind:ty, $doc:literal;)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $(
                #[doc = $doc]
                #[serde(
                    default,
                    deserialize_with = "crate::field::absent_if_null",
                    skip_serializing_if = "crate::field::Field::is_absent"
                )]
                pub $field: $kind,
            )*
        }

        impl $name {
            /// The fields in the order of their declaration.
            pub const FIELDS: &'static [crate::field::FieldSpec] = &[$(
                crate::field::FieldSpec {
                    name: stringify!($field),
                    kind: <$kind as crate::field::Field>::KIND,
                    origin: crate::field::Origin::$origin,
                    doc: $doc,
                },
            )*];

            /// Sets the field `name`.
            ///
            /// # Errors
            /// There is no such field, or the value does not fit it.
            pub fn set(&mut self, name: &str, value: &crate::field::FieldValue) -> Result<(), crate::reject::Reject> {
                match name {
                    $(stringify!($field) => crate::field::Field::assign(&mut self.$field, value),)*
                    _ => Err(crate::field::unfit("a field of this event")),
                }
                .map_err(|reject| reject.at(name))
            }

            /// All fields, in the order of [`Self::FIELDS`].
            pub fn fields(&self) -> Vec<&dyn crate::field::AnyField> {
                vec![$(&self.$field,)*]
            }

            /// True when the field `name` is absent or unknown.
            pub fn lacks(&self, name: &str) -> bool {
                match name {
                    $(stringify!($field) => crate::field::Field::is_absent(&self.$field),)*
                    _ => true,
                }
            }
        }
    };
}
pub(crate) use data;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_round_half_up_to_seconds() {
        for (ms, seconds) in [(0, 0), (499, 0), (500, 1), (1499, 1), (1500, 2)] {
            assert_eq!(Milliseconds(ms).seconds(), seconds);
        }
    }

    #[test]
    fn values_out_of_range_are_refused() {
        let mut count = Count::default();
        assert!(count.assign(&FieldValue::Integer(-1)).is_err());
        assert!(count.assign(&FieldValue::Text("1".into())).is_err());
        assert!(count.assign(&FieldValue::Integer(3)).is_ok());
        assert_eq!(count, Count(3));
    }

    #[test]
    fn labels_hold_plain_values_within_their_limits() {
        let labels = |json: &str| serde_json::from_str::<Labels>(json).expect("json");
        assert!(labels(r#"{"batch":"7","n":3}"#).check().is_ok());
        assert!(labels(r#"{"deep":{"a":1}}"#).check().is_err());
        assert!(labels(&format!(r#"{{"k":"{}"}}"#, "x".repeat(257))).check().is_err());
    }
}
