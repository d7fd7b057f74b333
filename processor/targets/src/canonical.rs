//! JSON in its one form (RFC 8785): members sorted, no spaces. Only integers and text stand in decisions, so numbers
//! need no further rule.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The one form of `value`. What is no integer, text, list or object of these is written as null.
pub(crate) fn of(value: &impl Serialize) -> String {
    let mut out = String::new();
    write(&serde_json::to_value(value).unwrap_or_default(), &mut out);
    out
}

/// SHA-256 of some parts, each closed by a line feed, in hex.
pub(crate) fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => list(out, ('[', ']'), items, write),
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            list(out, ('{', '}'), sorted, |(key, member), out| {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(member, out);
            });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
}

fn list<T>(
    out: &mut String,
    (open, close): (char, char),
    items: impl IntoIterator<Item = T>,
    each: impl Fn(T, &mut String),
) {
    out.push(open);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_sorted_by_utf_16_and_nothing_is_spaced() {
        let value =
            serde_json::json!({"b": [1, {"z": null, "a": true}], "a": "x\n\"", "é": 1, "\u{10000}": 2, "\u{ffff}": 3});
        assert_eq!(
            of(&value),
            "{\"a\":\"x\\n\\\"\",\"b\":[1,{\"a\":true,\"z\":null}],\"é\":1,\"\u{10000}\":2,\"\u{ffff}\":3}"
        );
    }

    #[test]
    fn a_digest_is_of_parts_and_not_of_their_sum() {
        assert_ne!(digest(["ab", "c"]), digest(["a", "bc"]));
        assert_eq!(
            digest([""]),
            "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"
        );
    }
}
