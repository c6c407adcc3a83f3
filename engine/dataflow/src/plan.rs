//! The graph as data: named nodes and the edges between them. What is validated, drawn and diffed.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Names a node, such as `scrape/node`, `remote_write`, `append`, `rules/example`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for NodeId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<String> for NodeId {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl From<&NodeId> for NodeId {
    fn from(id: &NodeId) -> Self {
        id.clone()
    }
}

impl From<NodeId> for Arc<str> {
    fn from(id: NodeId) -> Self {
        id.0
    }
}

impl Borrow<str> for NodeId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// Makes batches.
    Source,
    /// Changes or sheds batches.
    Operator,
    /// Commits batches.
    Sink,
    /// Follows commits, or is fed with something else than batches. The runtime runs nothing for
    /// it: it is declared so that the picture is whole.
    Tap,
}

impl NodeKind {
    /// The lower-case word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Operator => "operator",
            Self::Sink => "sink",
            Self::Tap => "tap",
        }
    }
}

/// A node of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanNode {
    /// Its name, unique in the plan.
    pub id: NodeId,
    /// What it does.
    pub kind: NodeKind,
}

/// A directed edge of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanEdge {
    /// Upstream node.
    pub from: NodeId,
    /// Downstream node.
    pub to: NodeId,
    /// Most batches that may wait in it.
    pub capacity: usize,
    /// Why the capacity is what it is.
    pub reason: String,
    /// Whether the data moves outside the graph (from a ring of commits, say) and the edge only
    /// shows its statistics. Such an edge may lead from a sink back to a source.
    pub observed: bool,
}

/// Nodes and edges, in the order in which they were declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The nodes.
    pub nodes: Vec<PlanNode>,
    /// The edges.
    pub edges: Vec<PlanEdge>,
}

impl Plan {
    /// The node called `id`.
    pub fn node(&self, id: &str) -> Option<&PlanNode> {
        self.nodes.iter().find(|node| node.id.as_str() == id)
    }

    /// The edge along which `id` sends batches, if it has one.
    pub fn output_of(&self, id: &str) -> Option<&PlanEdge> {
        self.edges
            .iter()
            .find(|edge| !edge.observed && edge.from.as_str() == id)
    }
}
