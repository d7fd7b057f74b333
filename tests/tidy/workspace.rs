//! What cargo knows of the workspace, as plain lists of names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// One line of a manifest: `from` names `to`, for whatever kind of build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// The packages and how they hang together.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// What the manifests of the members name.
    pub(crate) edges: Vec<Edge>,
    /// What each package uses in the build of this machine, features resolved.
    pub(crate) graph: BTreeMap<String, BTreeSet<String>>,
}

/// Asks cargo for the metadata of the workspace at `root`.
///
/// # Errors
/// When cargo cannot run or refuses, with its own words.
pub(crate) fn metadata(root: &Path) -> Result<Value, String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
            "host-tuple",
        ])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo metadata does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "cargo metadata refuses: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata is no JSON: {error}"))
}

/// Reads the answer of `cargo metadata`.
pub(crate) fn parse(metadata: &Value) -> Workspace {
    let packages = list(metadata, "packages");
    let edges = packages
        .iter()
        .filter(|package| package.get("source").is_none_or(Value::is_null))
        .flat_map(|package| {
            let from = text(package, "name");
            list(package, "dependencies").iter().map(move |to| Edge {
                from: from.clone(),
                to: text(to, "name"),
            })
        })
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let names: BTreeMap<String, String> = packages
        .iter()
        .map(|package| (text(package, "id"), text(package, "name")))
        .collect();
    let name = |id: &str| names.get(id).cloned().unwrap_or_else(|| id.to_owned());
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in metadata
        .get("resolve")
        .map(|resolve| list(resolve, "nodes"))
        .unwrap_or_default()
    {
        let uses = list(node, "dependencies").iter().filter_map(Value::as_str).map(name);
        graph.entry(name(&text(node, "id"))).or_default().extend(uses);
    }
    Workspace { edges, graph }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn manifests_give_edges_and_the_resolution_gives_the_graph() {
        let workspace = parse(&json!({
            "packages": [
                {"id": "1", "name": "a", "source": null, "dependencies": [{"name": "b"}, {"name": "c"}]},
                {"id": "2", "name": "b", "source": "registry", "dependencies": [{"name": "d"}]},
            ],
            "resolve": {"nodes": [{"id": "1", "dependencies": ["2"]}]},
        }));
        let edge = |from: &str, to: &str| Edge {
            from: from.to_owned(),
            to: to.to_owned(),
        };
        assert_eq!(workspace.edges, [edge("a", "b"), edge("a", "c")]);
        assert_eq!(workspace.graph.get("a"), Some(&BTreeSet::from(["b".to_owned()])));
    }
}
