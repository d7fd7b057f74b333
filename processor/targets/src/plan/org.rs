//! Who is where: the nodes of the organisation and their reps on one day.

use std::collections::BTreeMap;

use paceline_schemas::symbol::NodeKind;
use paceline_schemas::time::Day;

use crate::grid::{GridError, Node, Tree};
use crate::row::reserve_id;

/// A node or rep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgNode {
    /// The node above.
    pub parent: Option<String>,
    /// What it is.
    pub kind: NodeKind,
    /// First day of a rep.
    pub from: Option<Day>,
    /// Last day of a rep.
    pub to: Option<Day>,
    /// The rep who leads this one.
    pub manager: Option<String>,
}

/// The organisation on one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Org {
    nodes: BTreeMap<String, OrgNode>,
}

impl Org {
    /// The organisation of these nodes. Nodes without a rep below them have no targets and are left out.
    pub fn new(nodes: BTreeMap<String, OrgNode>) -> Self {
        let mut peopled: BTreeMap<String, OrgNode> = BTreeMap::new();
        for (rep, node) in nodes.iter().filter(|(_, node)| node.kind == NodeKind::Rep) {
            peopled.insert(rep.clone(), node.clone());
            let mut above = node.parent.as_ref();
            while let Some((id, node)) = above.and_then(|id| nodes.get_key_value(id)) {
                if peopled.insert(id.clone(), node.clone()).is_some() {
                    break;
                }
                above = node.parent.as_ref();
            }
        }
        Self { nodes: peopled }
    }

    /// The part below a node, with that node as its root.
    pub fn below(&self, root: &str) -> Option<Self> {
        let mut nodes = BTreeMap::new();
        let top = self.nodes.get(root)?;
        nodes.insert(
            root.to_owned(),
            OrgNode {
                parent: None,
                ..top.clone()
            },
        );
        for (id, node) in &self.nodes {
            if id != root && self.above(id).any(|above| above == root) {
                nodes.insert(id.clone(), node.clone());
            }
        }
        Some(Self { nodes })
    }

    /// A node or rep.
    pub fn node(&self, id: &str) -> Option<&OrgNode> {
        self.nodes.get(id)
    }

    /// The node above, if there is one.
    pub fn parent(&self, id: &str) -> Option<&str> {
        self.nodes.get(id).and_then(|node| node.parent.as_deref())
    }

    /// The nodes above a node, the nearest first.
    pub fn above<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a str> {
        let first = self.nodes.get(id).and_then(|node| node.parent.as_deref());
        let limit = self.nodes.len();
        std::iter::successors(first, |above| self.parent(above)).take(limit)
    }

    /// The reps in the order of their names.
    pub fn reps(&self) -> impl Iterator<Item = (&str, &OrgNode)> {
        let reps = self.nodes.iter().filter(|(_, node)| node.kind == NodeKind::Rep);
        reps.map(|(id, node)| (id.as_str(), node))
    }

    /// The children of each node that has some.
    pub(super) fn families(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut families: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (id, node) in &self.nodes {
            if let Some(parent) = &node.parent {
                families.entry(parent).or_default().push(id);
            }
        }
        families
    }

    /// Names of all nodes, and of the reserves below those with children.
    pub(super) fn with_reserves(&self) -> Vec<String> {
        let reserves = self.families().into_keys().map(reserve_id).collect::<Vec<_>>();
        self.nodes.keys().cloned().chain(reserves).collect()
    }

    pub(super) fn tree(&self) -> Result<Tree, GridError> {
        let reserves = self.families().into_keys().map(|parent| Node {
            id: reserve_id(parent),
            parent: Some(parent.to_owned()),
        });
        let nodes = self.nodes.iter().map(|(id, node)| Node {
            id: id.clone(),
            parent: node.parent.clone(),
        });
        Tree::new(nodes.chain(reserves.collect::<Vec<_>>()).collect())
    }
}
