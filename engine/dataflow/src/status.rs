//! What the graph does right now: a node's state, an edge's rates, depth and blocked time.
//! Behind `GET /api/v1/status/graph`, whose JSON is made where it is served.

use crate::plan::{NodeId, NodeKind};

/// A snapshot of the graph.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GraphStatus {
    /// Nodes in the order of their declaration.
    pub nodes: Vec<NodeStatus>,
    /// Edges in the order of their declaration.
    pub edges: Vec<EdgeStatus>,
}

/// One node.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeStatus {
    /// Its name.
    pub id: NodeId,
    /// What it does.
    pub kind: NodeKind,
    /// How it is.
    pub state: NodeState,
}

/// How a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeState {
    /// It runs (a tap: it is declared).
    Running,
    /// A source was told to stop and finishes what it has.
    Stopping,
    /// A source failed and waits for its next run.
    Restarting {
        /// Why it failed last.
        error: String,
        /// Failures in a row.
        failures: u32,
    },
    /// It ended as it should.
    Finished,
    /// It ended by an error, a panic or a drain that ran out of time.
    Failed {
        /// Why.
        error: String,
    },
}

impl NodeState {
    /// The lower-case word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Restarting { .. } => "restarting",
            Self::Finished => "finished",
            Self::Failed { .. } => "failed",
        }
    }

    /// Why it is not well, if it is not.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Restarting { error, .. } | Self::Failed { error } => Some(error),
            Self::Running | Self::Stopping | Self::Finished => None,
        }
    }
}

/// One edge.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeStatus {
    /// Upstream node.
    pub from: NodeId,
    /// Downstream node.
    pub to: NodeId,
    /// Mean over the last 30 s (or since the edge was made, when it is younger).
    pub batches_per_second: f64,
    /// The same, in samples.
    pub samples_per_second: f64,
    /// Batches that wait in the edge.
    pub depth: usize,
    /// Most batches that may wait.
    pub capacity: usize,
    /// Seconds that senders waited for room since the edge was made, summed over senders.
    pub blocked_seconds: f64,
    /// Batches since the edge was made.
    pub batches_total: u64,
    /// Samples since the edge was made.
    pub samples_total: u64,
    /// Why the capacity is what it is.
    pub reason: String,
    /// Whether the data moves outside the graph and the edge only shows its statistics.
    pub observed: bool,
}
