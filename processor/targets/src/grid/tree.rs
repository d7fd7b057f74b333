//! The nodes of a plan: one root, each node with children holds one reserve, no cycles.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

use super::error::GridError;

/// Most nodes of one tree.
pub const NODES_MAX: usize = 1 << 18;

/// What the name of a reserve begins with; the name of its node follows.
pub const RESERVE_PREFIX: &str = "~reserve.";

/// A node as given: company, site, team, rep or reserve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub id: String,
    /// The node above it; none for the root.
    pub parent: Option<String>,
}

/// A node of a tree, by its place in the order of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeIndex(usize);

/// One value per node.
#[derive(Debug, Clone)]
pub(super) struct PerNode<T>(Vec<T>);

/// A checked tree. Nodes without children are its leaves.
#[derive(Debug, Clone)]
pub struct Tree {
    entries: PerNode<Entry>,
    /// Parents before their children.
    order: Vec<NodeIndex>,
}

#[derive(Debug, Clone)]
struct Entry {
    id: String,
    is_reserve: bool,
    parent: Option<NodeIndex>,
    /// In the order of names.
    children: Vec<NodeIndex>,
}

impl Tree {
    /// Checks and orders the nodes; the order in which they come does not matter.
    ///
    /// # Errors
    /// There is no root or more than one; a node is there twice, has an unknown parent or is its own ancestor; a node
    /// with children has no reserve, or a reserve has children or another parent than its name says; there are more
    /// than [`NODES_MAX`] nodes.
    pub fn new(mut nodes: Vec<Node>) -> Result<Self, GridError> {
        if nodes.len() > NODES_MAX {
            return Err(GridError::TooManyNodes {
                count: nodes.len(),
                max: NODES_MAX,
            });
        }
        nodes.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        if let Some((node, _)) = nodes.iter().zip(nodes.iter().skip(1)).find(|(a, b)| a.id == b.id) {
            return Err(GridError::DuplicateNode { id: node.id.clone() });
        }
        let entries = linked(nodes)?;
        let order = ordered(&entries)?;
        let tree = Self { entries, order };
        tree.check_reserves()?;
        Ok(tree)
    }

    /// The name of the root.
    pub fn root_id(&self) -> &str {
        self.id(self.root())
    }

    /// Names of the nodes without children, reserves included, in their order.
    pub fn leaf_ids(&self) -> impl Iterator<Item = &str> {
        let entries = self.entries.0.iter();
        entries
            .filter(|entry| entry.children.is_empty())
            .map(|entry| entry.id.as_str())
    }

    pub(super) fn root(&self) -> NodeIndex {
        *self.order.first().expect("a tree has a root")
    }

    pub(super) fn find(&self, id: &str) -> Option<NodeIndex> {
        let found = self.entries.0.binary_search_by(|entry| entry.id.as_str().cmp(id));
        found.ok().map(NodeIndex)
    }

    pub(super) fn id(&self, node: NodeIndex) -> &str {
        &self.entries[node].id
    }

    pub(super) fn is_reserve(&self, node: NodeIndex) -> bool {
        self.entries[node].is_reserve
    }

    pub(super) fn children(&self, node: NodeIndex) -> &[NodeIndex] {
        &self.entries[node].children
    }

    /// Every node after its parent; backwards, every node after its children.
    pub(super) fn parents_first(&self) -> impl DoubleEndedIterator<Item = NodeIndex> + '_ {
        self.order.iter().copied()
    }

    /// One value per node, made in the order of names.
    pub(super) fn per_node<T>(&self, make: impl FnMut(NodeIndex) -> T) -> PerNode<T> {
        PerNode((0..self.entries.0.len()).map(NodeIndex).map(make).collect())
    }

    fn check_reserves(&self) -> Result<(), GridError> {
        for (index, entry) in (0..).map(NodeIndex).zip(&self.entries.0) {
            let parent = entry.parent.map(|parent| self.id(parent));
            let named = entry.id.strip_prefix(RESERVE_PREFIX);
            if named.is_some() && (named != parent || !entry.children.is_empty()) {
                return Err(GridError::MisplacedReserve { id: entry.id.clone() });
            }
            let is_held = |child: &NodeIndex| self.is_reserve(*child);
            if !entry.children.is_empty() && !self.children(index).iter().any(is_held) {
                return Err(GridError::MissingReserve { id: entry.id.clone() });
            }
        }
        Ok(())
    }
}

/// Nodes in the order of their names, with their parents and children found.
fn linked(nodes: Vec<Node>) -> Result<PerNode<Entry>, GridError> {
    let by_id: BTreeMap<String, NodeIndex> = nodes
        .iter()
        .map(|node| node.id.clone())
        .zip((0..).map(NodeIndex))
        .collect();
    let mut entries = Vec::with_capacity(nodes.len());
    for node in nodes {
        let found = node.parent.as_ref().map(|parent| by_id.get(parent).copied());
        if found == Some(None) {
            return Err(GridError::UnknownParent {
                id: node.id,
                parent: node.parent.unwrap_or_default(),
            });
        }
        entries.push(Entry {
            is_reserve: node.id.starts_with(RESERVE_PREFIX),
            id: node.id,
            parent: found.flatten(),
            children: Vec::new(),
        });
    }
    let parents: Vec<Option<NodeIndex>> = entries.iter().map(|entry| entry.parent).collect();
    let mut entries = PerNode(entries);
    for (index, parent) in (0..).map(NodeIndex).zip(parents) {
        if let Some(parent) = parent {
            entries[parent].children.push(index);
        }
    }
    Ok(entries)
}

/// Parents before their children, from the one root on.
fn ordered(entries: &PerNode<Entry>) -> Result<Vec<NodeIndex>, GridError> {
    let mut order: Vec<NodeIndex> = (0..)
        .map(NodeIndex)
        .zip(&entries.0)
        .filter(|(_, entry)| entry.parent.is_none())
        .map(|(index, _)| index)
        .collect();
    if order.len() > 1 {
        let ids = order.iter().map(|root| entries[*root].id.clone()).collect();
        return Err(GridError::SeveralRoots { ids });
    }
    let mut next = 0;
    while let Some(node) = order.get(next).copied() {
        order.extend(&entries[node].children);
        next += 1;
    }
    if order.len() < entries.0.len() {
        let mut is_reached = PerNode(vec![false; entries.0.len()]);
        for node in &order {
            is_reached[*node] = true;
        }
        let unreached = entries.0.iter().zip(&is_reached.0).filter(|(_, reached)| !**reached);
        let ids = unreached.map(|(entry, _)| entry.id.clone()).collect();
        return Err(GridError::Cycle { ids });
    }
    if order.is_empty() {
        return Err(GridError::NoRoot);
    }
    Ok(order)
}

impl<T> PerNode<T> {
    pub(super) fn map<U>(&self, change: impl FnMut(&T) -> U) -> PerNode<U> {
        PerNode(self.0.iter().map(change).collect())
    }
}

impl<T> Index<NodeIndex> for PerNode<T> {
    type Output = T;

    fn index(&self, node: NodeIndex) -> &T {
        self.0.get(node.0).expect("a node of the same tree")
    }
}

impl<T> IndexMut<NodeIndex> for PerNode<T> {
    fn index_mut(&mut self, node: NodeIndex) -> &mut T {
        self.0.get_mut(node.0).expect("a node of the same tree")
    }
}
