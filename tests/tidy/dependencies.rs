//! Which package may name which: the direction of the workspace, and the one home of each heavy library.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::workspace::Edge;

const PREFIX: &str = "paceline-";

/// Each member and the members that it may name.
const DIRECTION: [(&str, &[&str]); 8] = [
    ("schemas", &[]),
    ("ingest", &["schemas"]),
    ("windows", &["schemas"]),
    ("targets", &["schemas"]),
    ("snapshots", &["schemas", "windows", "targets"]),
    ("query", &["schemas", "windows", "targets", "snapshots"]),
    (
        "app",
        &["schemas", "ingest", "windows", "targets", "snapshots", "query"],
    ),
    (
        "tests",
        &["schemas", "ingest", "windows", "targets", "snapshots", "query", "app"],
    ),
];

/// The members that do no I/O and read no clock.
pub(crate) const PURE: [&str; 3] = ["schemas", "windows", "targets"];

/// Each library family with the members that may name it. `query` has the types of the object store for its scans.
const HOMES: [(&str, &[&str]); 7] = [
    ("rdkafka", &["ingest"]),
    ("deltalake", &["snapshots"]),
    ("object_store", &["snapshots", "query"]),
    ("datafusion", &["query"]),
    ("axum", &["app"]),
    ("pgwire", &["app"]),
    ("clap", &["app"]),
];

/// Libraries that must be of one version in the whole build.
const SINGLE: [&str; 5] = ["datafusion", "arrow", "parquet", "object_store", "sqlparser"];

/// Edges between members that run against the direction, and members that the direction does not know.
pub(crate) fn against_the_direction(edges: &[Edge]) -> Vec<String> {
    edges
        .iter()
        .filter_map(|edge| {
            let from = edge.from.strip_prefix(PREFIX)?;
            let to = edge.to.strip_prefix(PREFIX)?;
            match DIRECTION.iter().find(|(member, _)| *member == from) {
                None => Some(format!(
                    "`{from}` has no place in the direction of dependencies: add it to the table in tidy"
                )),
                Some((_, allowed)) if allowed.contains(&to) => None,
                Some(_) => Some(format!(
                    "`{from}` names `{to}`: dependencies point the other way, or not at all"
                )),
            }
        })
        .collect()
}

/// Libraries named outside their home.
pub(crate) fn outside_their_home(edges: &[Edge]) -> Vec<String> {
    edges
        .iter()
        .filter_map(|edge| {
            let from = edge.from.strip_prefix(PREFIX)?;
            let (family, homes) = HOMES.iter().find(|(family, _)| is_of_family(&edge.to, family))?;
            let fault = || {
                format!(
                    "`{from}` names `{}`: only `{}` may name {family}",
                    edge.to,
                    homes.join("` and `")
                )
            };
            (!homes.contains(&from)).then(fault)
        })
        .collect()
}

/// Pure members from which an async runtime can be reached, with the way to it.
pub(crate) fn runtime_in_pure_crates(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    PURE.iter()
        .filter_map(|member| way(graph, &format!("{PREFIX}{member}"), "tokio"))
        .map(|way| format!("a pure crate reaches tokio: {}", way.join(" → ")))
        .collect()
}

/// Libraries of which the lock file holds more than one version.
pub(crate) fn several_versions(lock: &str) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut name = "";
    for line in lock.lines() {
        if let Some(value) = quoted(line, "name = ") {
            name = value;
        } else if let Some(value) = quoted(line, "version = ") {
            versions.entry(name).or_default().insert(value);
        }
    }
    versions
        .into_iter()
        .filter(|(name, versions)| versions.len() > 1 && SINGLE.iter().any(|family| is_of_family(name, family)))
        .map(|(name, versions)| {
            let versions: Vec<&str> = versions.into_iter().collect();
            format!(
                "`{name}` is locked as {}: one version for all, or types do not fit",
                versions.join(" and ")
            )
        })
        .collect()
}

fn is_of_family(name: &str, family: &str) -> bool {
    name.strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

fn quoted<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix('"')?.strip_suffix('"')
}

/// The shortest way from one package to another.
fn way(graph: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> Option<Vec<String>> {
    let mut seen = BTreeSet::from([from.to_owned()]);
    let mut ways = VecDeque::from([vec![from.to_owned()]]);
    while let Some(way) = ways.pop_front() {
        let last = way.last()?;
        if last == to {
            return Some(way);
        }
        for next in graph.get(last).into_iter().flatten() {
            if seen.insert(next.clone()) {
                ways.push_back(way.iter().chain([next]).cloned().collect());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: &str, to: &str) -> Edge {
        Edge {
            from: from.to_owned(),
            to: to.to_owned(),
        }
    }

    #[test]
    fn an_edge_along_the_direction_passes_and_one_against_it_fails() {
        assert!(against_the_direction(&[edge("paceline-query", "paceline-windows")]).is_empty());
        for (from, to) in [
            ("schemas", "windows"),
            ("windows", "targets"),
            ("snapshots", "ingest"),
            ("query", "app"),
        ] {
            let faults = against_the_direction(&[edge(&format!("paceline-{from}"), &format!("paceline-{to}"))]);
            assert_eq!(faults.len(), 1, "{from} to {to}");
        }
    }

    #[test]
    fn a_member_that_the_table_does_not_know_fails() {
        let faults = against_the_direction(&[edge("paceline-extra", "paceline-schemas")]);
        assert!(faults.concat().contains("`extra` has no place"), "{faults:?}");
    }

    #[test]
    fn every_heavy_library_has_one_home() {
        for (family, homes) in HOMES {
            for (member, _) in DIRECTION {
                let faults = outside_their_home(&[edge(&format!("paceline-{member}"), family)]);
                assert_eq!(faults.is_empty(), homes.contains(&member), "{member} and {family}");
            }
        }
        assert_eq!(outside_their_home(&[edge("paceline-app", "deltalake-core")]).len(), 1);
        assert!(outside_their_home(&[edge("paceline-app", "deltalakes")]).is_empty());
    }

    #[test]
    fn a_runtime_behind_another_library_is_found_with_its_way() {
        let uses = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<BTreeSet<String>>()
        };
        let mut graph = BTreeMap::from([
            ("paceline-windows".to_owned(), uses(&["paceline-schemas"])),
            ("paceline-schemas".to_owned(), uses(&["serde"])),
        ]);
        assert!(runtime_in_pure_crates(&graph).is_empty());
        graph.insert("serde".to_owned(), uses(&["tokio"]));
        assert_eq!(
            runtime_in_pure_crates(&graph),
            [
                "a pure crate reaches tokio: paceline-schemas → serde → tokio",
                "a pure crate reaches tokio: paceline-windows → paceline-schemas → serde → tokio",
            ]
        );
    }

    #[test]
    fn a_second_version_of_arrow_fails_and_of_another_library_passes() {
        let package =
            |name: &str, version: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\n");
        let lock = [
            package("syn", "1.0.0"),
            package("syn", "2.0.0"),
            package("arrow-array", "59.3.2"),
        ]
        .concat();
        assert!(several_versions(&lock).is_empty());
        let faults = several_versions(&[lock, package("arrow-array", "58.0.0")].concat());
        assert_eq!(
            faults,
            ["`arrow-array` is locked as 58.0.0 and 59.3.2: one version for all, or types do not fit"]
        );
    }
}
