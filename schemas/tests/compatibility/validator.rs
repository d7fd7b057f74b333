//! The part of JSON Schema 2020-12 that the published schemas use. A keyword that it does not know is a fault.

use serde_json::Value;

const ANNOTATIONS: [&str; 9] = [
    "$schema",
    "$id",
    "$comment",
    "title",
    "description",
    "examples",
    "readOnly",
    "format",
    "$defs",
];

/// Where `value` does not fit `schema`; nothing if it fits.
pub(crate) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(schema, value, "$", &mut faults);
    faults
}

fn check(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        let fits = match keyword.as_str() {
            "type" => is_of_type(rule, value),
            "enum" => rule.as_array().is_some_and(|all| all.contains(value)),
            "minimum" => value.as_i64() >= value.as_i64().and(rule.as_i64()),
            "maximum" => value.as_i64() <= value.as_i64().and(rule.as_i64()),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() >= size(rule)),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() <= size(rule)),
            "maxItems" => value.as_array().is_none_or(|items| items.len() <= size(rule)),
            "maxProperties" => value.as_object().is_none_or(|fields| fields.len() <= size(rule)),
            "required" => has_all(rule, value),
            "items" | "properties" | "propertyNames" | "additionalProperties" => {
                check_parts(keyword, rule, value, at, faults);
                true
            }
            other => ANNOTATIONS.contains(&other),
        };
        if !fits {
            faults.push(format!("{at}: `{keyword}` {rule}"));
        }
    }
}

fn check_parts(keyword: &str, rule: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    if keyword == "items" {
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            check(rule, item, &format!("{at}[{index}]"), faults);
        }
        return;
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        let path = format!("{at}.{name}");
        match (keyword, rule.get(name)) {
            ("properties", Some(schema)) => check(schema, field, &path, faults),
            ("properties", None) => {}
            ("propertyNames", _) => check(rule, &Value::from(name.as_str()), &path, faults),
            _ => check(rule, field, &path, faults),
        }
    }
}

fn size(rule: &Value) -> usize {
    rule.as_u64()
        .and_then(|size| usize::try_from(size).ok())
        .expect("a size")
}

fn has_all(names: &Value, value: &Value) -> bool {
    let mut names = names.as_array().expect("names").iter().filter_map(Value::as_str);
    value
        .as_object()
        .is_none_or(|fields| names.all(|name| fields.contains_key(name)))
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    let types = rule
        .as_array()
        .map_or_else(|| vec![rule], |types| types.iter().collect());
    types.into_iter().filter_map(Value::as_str).any(|name| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_i64().is_some(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("`{other}` is no type of JSON"),
    })
}

#[test]
fn every_rule_that_is_broken_is_named() {
    let schema = serde_json::json!({
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string", "minLength": 1, "maxLength": 3},
            "share": {"type": ["integer", "null"], "minimum": 0, "maximum": 10},
            "role": {"enum": ["owner", null]},
            "shifts": {"type": "array", "maxItems": 1, "items": {"type": "object", "required": ["from"]}},
            "labels": {"maxProperties": 1, "propertyNames": {"maxLength": 2}, "additionalProperties": {"type": "string"}},
        },
    });
    for (value, broken) in [
        (
            serde_json::json!({"id": "abc", "share": null, "role": null, "other": []}),
            "",
        ),
        (serde_json::json!({"id": "电话单"}), ""),
        (serde_json::json!({}), "$: `required`"),
        (serde_json::json!([]), "$: `type`"),
        (serde_json::json!({"id": ""}), "$.id: `minLength`"),
        (serde_json::json!({"id": "abcd"}), "$.id: `maxLength`"),
        (serde_json::json!({"id": 7}), "$.id: `type`"),
        (serde_json::json!({"id": "a", "share": -1}), "$.share: `minimum`"),
        (serde_json::json!({"id": "a", "share": 11}), "$.share: `maximum`"),
        (serde_json::json!({"id": "a", "share": 1.5}), "$.share: `type`"),
        (serde_json::json!({"id": "a", "role": "guest"}), "$.role: `enum`"),
        (
            serde_json::json!({"id": "a", "shifts": [{}]}),
            "$.shifts[0]: `required`",
        ),
        (
            serde_json::json!({"id": "a", "shifts": [{"from": 1}, {"from": 2}]}),
            "$.shifts: `maxItems`",
        ),
        (
            serde_json::json!({"id": "a", "labels": {"abc": "x"}}),
            "$.labels.abc: `maxLength`",
        ),
        (serde_json::json!({"id": "a", "labels": {"a": 1}}), "$.labels.a: `type`"),
        (
            serde_json::json!({"id": "a", "labels": {"a": "", "b": ""}}),
            "$.labels: `maxProperties`",
        ),
    ] {
        let found = faults(&schema, &value).join("; ");
        assert!(
            found.starts_with(broken) && found.is_empty() == broken.is_empty(),
            "{value}: {found}"
        );
    }
}
