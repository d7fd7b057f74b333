//! Merges layers key by key and remembers where each value came from.

use std::collections::BTreeMap;

use toml::Value;

use super::{DEFAULT_TOML, Fault};

/// One layer of configuration.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Name for messages: a file, `environment` or `flag`.
    pub name: String,
    /// TOML text.
    pub text: String,
}

/// Everything that configuration is read from, so that resolving is pure.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// Files, weakest first.
    pub files: Vec<Layer>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Flags: key path and value.
    pub flags: Vec<(String, String)>,
}

/// The merged value of every key with its origin.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The merged tree.
    pub tree: toml::Table,
    origins: BTreeMap<String, String>,
}

impl Resolved {
    /// The layer that the value at `path` came from; a list belongs to the layer that gave it as a whole.
    pub fn origin(&self, path: &str) -> &str {
        if let Some((_, origin)) = self.origins.iter().find(|(key, _)| is_below(key, path)) {
            return origin;
        }
        let mut at = path;
        loop {
            if let Some(origin) = self.origins.get(at) {
                return origin;
            }
            match at.rfind(['.', '[']) {
                Some(end) => at = at.get(..end).unwrap_or_default(),
                None => return "default",
            }
        }
    }

    /// Key path, value and origin of every leaf.
    pub fn leaves(&self) -> Vec<(String, String, String)> {
        let mut leaves = Vec::new();
        walk("", &Value::Table(self.tree.clone()), &mut leaves);
        leaves
            .into_iter()
            .map(|(path, value)| (path.clone(), value, self.origin(&path).to_owned()))
            .collect()
    }
}

/// A table that only one layer names has no origin of its own; what stands in it has.
fn is_below(key: &str, path: &str) -> bool {
    key.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
}

fn walk(path: &str, value: &Value, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Table(table) => {
            for (key, inner) in table {
                let inner_path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                walk(&inner_path, inner, leaves);
            }
        }
        Value::Array(list) => {
            for (at, inner) in list.iter().enumerate() {
                walk(&format!("{path}[{at}]"), inner, leaves);
            }
        }
        leaf => leaves.push((path.to_owned(), leaf.to_string())),
    }
}

/// The environment of this process.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars()
        .filter(|(key, _)| key.starts_with("PACELINE__"))
        .collect()
}

pub(super) fn resolve(layers: &Layers) -> Result<Resolved, Vec<Fault>> {
    let mut resolved = Resolved {
        tree: toml::Table::new(),
        origins: BTreeMap::new(),
    };
    let mut faults = Vec::new();
    let default = Layer {
        name: "default".to_owned(),
        text: DEFAULT_TOML.to_owned(),
    };
    for layer in std::iter::once(&default).chain(&layers.files) {
        match layer.text.parse::<toml::Table>() {
            Ok(table) => merge(&mut resolved, "", table, &layer.name),
            Err(error) => faults.push(Fault {
                path: String::new(),
                origin: layer.name.clone(),
                message: error.to_string().trim().to_owned(),
            }),
        }
    }
    for (key, value) in &layers.environment {
        let path = key.trim_start_matches("PACELINE__").to_lowercase().replace("__", ".");
        set(&mut resolved, &path, scalar(value), &format!("environment {key}"));
    }
    for (path, value) in &layers.flags {
        set(&mut resolved, path, Value::String(value.clone()), "flag");
    }
    if faults.is_empty() { Ok(resolved) } else { Err(faults) }
}

fn scalar(text: &str) -> Value {
    match (text.parse::<i64>(), text.parse::<bool>()) {
        (Ok(number), _) => Value::Integer(number),
        (_, Ok(flag)) => Value::Boolean(flag),
        _ => Value::String(text.to_owned()),
    }
}

fn merge(resolved: &mut Resolved, path: &str, table: toml::Table, origin: &str) {
    for (key, value) in table {
        let inner = if path.is_empty() { key } else { format!("{path}.{key}") };
        match value {
            Value::Table(table) => merge(resolved, &inner, table, origin),
            leaf => set(resolved, &inner, leaf, origin),
        }
    }
}

fn set(resolved: &mut Resolved, path: &str, value: Value, origin: &str) {
    let mut parts: Vec<&str> = path.split('.').collect();
    let Some(last) = parts.pop() else { return };
    let mut table = &mut resolved.tree;
    for part in parts {
        let entry = table
            .entry(part.to_owned())
            .or_insert_with(|| Value::Table(toml::Table::new()));
        if !entry.is_table() {
            *entry = Value::Table(toml::Table::new());
        }
        let Value::Table(inner) = entry else { return };
        table = inner;
    }
    table.insert(last.to_owned(), value);
    resolved.origins.insert(path.to_owned(), origin.to_owned());
}
