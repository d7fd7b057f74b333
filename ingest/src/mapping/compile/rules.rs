//! Fields of a block against those that its event type has and needs.

use std::collections::BTreeMap;

use paceline_schemas::event::{EventType, Family};
use paceline_schemas::field::{FieldSpec, Kind, Origin};
use paceline_schemas::symbol::CreditRole;

use super::Compiler;
use super::converter::value;
use crate::mapping::block::{Rule, Target};
use crate::mapping::raw::{RawBlock, RawField, RawMapping};
use crate::mapping::value::Value;

const REPS: [&str; 4] = ["rep_id", "from_rep_id", "to_rep_id", "manager_id"];
const ITEMS_MAX: usize = 8;

/// Compiles the fields of a block, its own and those of all blocks.
pub(super) fn compile(
    compiler: &mut Compiler,
    raw: &RawMapping,
    path: &str,
    block: &RawBlock,
    event_type: EventType,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut seen = Vec::new();
    for (name, field) in &block.fields {
        seen.push(name.as_str());
        let path = format!("{path}.fields.{name}");
        if !has_field(event_type, name) {
            compiler.fault(&path, no_field(event_type, name));
        } else if let Some(target) = target(compiler, &path, event_type, name, field) {
            rules.push(Rule {
                name: name.clone(),
                target,
            });
        }
    }
    for (name, field) in &raw.fields {
        if block.fields.contains_key(name) || !has_field(event_type, name) {
            continue;
        }
        seen.push(name.as_str());
        if let Some(target) = target(compiler, &format!("fields.{name}"), event_type, name, field) {
            rules.push(Rule {
                name: name.clone(),
                target,
            });
        }
    }
    check_required(compiler, path, event_type, &seen);
    rules.sort_by_key(|rule| rule.target.rank());
    rules
}

fn spec(event_type: EventType, name: &str) -> Option<&'static FieldSpec> {
    let fields = event_type.family().fields();
    let takes_back = matches!(
        (event_type, name),
        (EventType::RepAbsent, "retracted") | (EventType::DealStageChanged, "reopened")
    );
    fields
        .iter()
        .find(|spec| spec.name == name && (spec.origin == Origin::Given || takes_back))
}

/// True when events of the type have the field in a mapping.
pub(super) fn has_field(event_type: EventType, name: &str) -> bool {
    let family = event_type.family();
    match name {
        "time" | "revision" => true,
        "phone" | "customer_ref" => matches!(family, Family::Call | Family::Deal | Family::Lead),
        "splits" => family == Family::Deal,
        "aliases" => matches!(event_type, EventType::RepHired | EventType::RepAssigned),
        "shifts" => event_type == EventType::RepRostered,
        "customer_key" | "suppression_key" | "native" | "attributes" => false,
        _ => spec(event_type, name).is_some(),
    }
}

fn no_field(event_type: EventType, name: &str) -> String {
    match name {
        "customer_key" => "keys are made here: map `phone` or `customer_ref`".to_owned(),
        "attributes" | "native" => "labels stand in `[attributes]`".to_owned(),
        _ => {
            let names: Vec<&str> = event_type
                .family()
                .fields()
                .iter()
                .map(|spec| spec.name)
                .filter(|name| has_field(event_type, name))
                .collect();
            format!(
                "`{}` has no field `{name}`; it has {}",
                event_type.name(),
                names.join(", ")
            )
        }
    }
}

fn target(compiler: &mut Compiler, path: &str, event_type: EventType, name: &str, raw: &RawField) -> Option<Target> {
    let mut plain = |kind: Kind| value(compiler, path, name, kind, raw);
    match name {
        "time" => plain(Kind::Instant).map(Target::Time),
        "revision" => plain(Kind::Integer).map(Target::Revision),
        "phone" => plain(Kind::Text(64)).map(Target::Phone),
        "customer_ref" => plain(Kind::Text(128)).map(Target::Account),
        "currency" => plain(Kind::Text(3)).map(Target::Currency),
        "splits" => {
            let role = Kind::Symbol(CreditRole::SYMBOLS);
            let kinds = [("rep_id", Kind::Text(64)), ("role", role), ("bp", Kind::BasisPoints)];
            let items = list(compiler, path, raw, kinds)?;
            Some(Target::Splits(
                items.into_iter().map(|[rep, role, bp]| (rep, role, bp)).collect(),
            ))
        }
        "aliases" => {
            let kinds = [("source", Kind::Text(200)), ("native_id", Kind::Text(64))];
            let items = list(compiler, path, raw, kinds)?;
            Some(Target::Aliases(
                items.into_iter().map(|[source, id]| (source, id)).collect(),
            ))
        }
        "shifts" => {
            let kinds = [
                ("starts_at", Kind::Instant),
                ("ends_at", Kind::Instant),
                ("paid_ms", Kind::Milliseconds),
            ];
            let items = list(compiler, path, raw, kinds)?;
            Some(Target::Shifts(
                items.into_iter().map(|[start, end, paid]| (start, end, paid)).collect(),
            ))
        }
        _ => {
            let spec = spec(event_type, name)?;
            let value = plain(spec.kind)?;
            Some(if REPS.contains(&name) {
                Target::Rep(spec, value)
            } else {
                Target::Field(spec, value)
            })
        }
    }
}

// A list of tables that all have exactly the keys of `kinds`.
fn list<const N: usize>(
    compiler: &mut Compiler,
    path: &str,
    raw: &RawField,
    kinds: [(&str, Kind); N],
) -> Option<Vec<[Value; N]>> {
    let RawField::List(items) = raw else {
        compiler.fault(
            path,
            format!(
                "expected a list of tables with {}",
                kinds.map(|(key, _)| key).join(", ")
            ),
        );
        return None;
    };
    if items.is_empty() || items.len() > ITEMS_MAX {
        compiler.fault(path, format!("expected 1 to {ITEMS_MAX} tables"));
        return None;
    }
    let compiled: Vec<Option<[Value; N]>> = items
        .iter()
        .enumerate()
        .map(|(at, item)| list_item(compiler, &format!("{path}[{at}]"), item, kinds))
        .collect();
    compiled.into_iter().collect()
}

fn list_item<const N: usize>(
    compiler: &mut Compiler,
    path: &str,
    item: &BTreeMap<String, RawField>,
    kinds: [(&str, Kind); N],
) -> Option<[Value; N]> {
    for key in item.keys().filter(|key| !kinds.iter().any(|(known, _)| known == key)) {
        compiler.fault(
            &format!("{path}.{key}"),
            format!("expected {}", kinds.map(|(key, _)| key).join(", ")),
        );
    }
    let values = kinds.map(|(key, kind)| match item.get(key) {
        Some(field) => value(compiler, &format!("{path}.{key}"), key, kind, field),
        None => {
            compiler.fault(path, format!("lacks `{key}`"));
            None
        }
    });
    let complete: Option<Vec<Value>> = values.into_iter().collect();
    complete?.try_into().ok()
}

fn check_required(compiler: &mut Compiler, path: &str, event_type: EventType, seen: &[&str]) {
    let has = |name: &str| seen.contains(&name);
    let needs_time = matches!(event_type.family(), Family::Deal | Family::Lead);
    let timed: &[&str] = if needs_time { &["time"] } else { &[] };
    let required = event_type
        .required()
        .iter()
        .filter(|name| spec(event_type, name).is_some());
    for name in required.chain(timed) {
        let follows = match *name {
            "call_id" | "deal_id" | "lead_id" | "leg_id" | "currency" => true,
            "rep_id" => event_type.family() == Family::Call || has("splits") || has("to_rep_id"),
            "ended_at" => has("time"),
            _ => false,
        };
        if !follows && !has(name) {
            compiler.fault(
                &format!("{path}.fields"),
                format!("`{}` needs `{name}`", event_type.name()),
            );
        }
    }
}
