//! The slow path of decoding: says which field of a refused record does not fit.

use serde_json::Value;

use crate::event::Family;
use crate::field::{FieldSpec, Kind};
use crate::reject::{Reason, Reject};
use crate::time::{Day, Instant};

/// Deepest nesting of brackets outside of text.
pub(super) fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Where a record stops being JSON, without its content.
pub(super) fn place(error: &sonic_rs::Error) -> String {
    format!("no JSON object at line {} column {}", error.line(), error.column())
}

/// Which field does not fit; the record as a whole where none can be named.
pub(super) fn data(family: Family, raw: &str, error: &sonic_rs::Error) -> Reject {
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(raw) else {
        return Reject::new(Reason::Malformed, format!("`data`: {}", place(error)));
    };
    family
        .fields()
        .iter()
        .find_map(|spec| {
            let value = object.get(spec.name).filter(|value| !value.is_null())?;
            unfit(spec, value)
                .map(|(reason, expected)| Reject::new(reason, format!("`data.{}`: expected {expected}", spec.name)))
        })
        .unwrap_or_else(|| Reject::new(Reason::SchemaViolation, format!("`data`: {}", place(error))))
}

fn unfit(spec: &FieldSpec, value: &Value) -> Option<(Reason, String)> {
    let violation = |expected: &str| Some((Reason::SchemaViolation, expected.to_owned()));
    let integer_from = |min: i64| value.as_i64().is_some_and(|number| number >= min);
    match spec.kind {
        Kind::Text(max) => {
            let fits = value
                .as_str()
                .is_some_and(|text| crate::ids::check_id(text, max).is_ok());
            if fits {
                None
            } else {
                violation(&format!(
                    "printable text of 1 to {max} bytes without spaces at its ends"
                ))
            }
        }
        Kind::Milliseconds | Kind::Count | Kind::BasisPoints if !integer_from(0) => {
            violation("an integer of 0 or more within its limit")
        }
        Kind::Milliseconds => (value.as_i64() > Some(crate::field::Milliseconds::MAX))
            .then(|| (Reason::SchemaViolation, "at most a year in milliseconds".to_owned())),
        Kind::Count | Kind::BasisPoints => None,
        Kind::Minor => {
            let fits = value
                .as_i64()
                .is_some_and(|minor| minor.unsigned_abs() <= crate::field::Minor::MAX.unsigned_abs());
            if fits {
                None
            } else {
                Some((Reason::BadMoney, "integer minor units up to 10^15".to_owned()))
            }
        }
        Kind::Integer if value.as_i64().is_none() => violation("an integer"),
        Kind::Bool if !value.is_boolean() => violation("true or false"),
        Kind::Instant | Kind::LocalHour if value.as_str().is_none_or(|text| Instant::parse(text).is_err()) => {
            violation("RFC 3339 with an offset")
        }
        Kind::Date if value.as_str().is_none_or(|text| Day::parse(text).is_err()) => violation("a date YYYY-MM-DD"),
        Kind::Symbol(symbols) if value.as_str().is_none_or(|text| !symbols.contains(&text)) => {
            violation(&format!("one of {}", symbols.join(", ")))
        }
        Kind::Symbols(_) if !value.is_array() => violation("a list of symbols"),
        Kind::Labels if !value.is_object() => violation("an object of labels"),
        Kind::Object if !value.is_object() && !value.is_array() => violation("an object or list"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_ignores_brackets_inside_text() {
        assert_eq!(depth(br#"{"a":"[[[[","b":[{"c":"\"{"}]}"#), 3);
        assert_eq!(depth(b"[[[["), 4);
    }
}
