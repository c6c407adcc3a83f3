//! What a running graph knows of its nodes and edges: state, tasks, statistics. One lock, held only
//! to look and to note, never across an await.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::edge::EdgeControl;
use crate::inputs::EdgeAdder;
use crate::plan::{NodeId, NodeKind, PlanEdge};
use crate::rate::RateWindow;
use crate::runtime::NodeFailure;
use crate::stats::EdgeStats;
use crate::status::{EdgeStatus, GraphStatus, NodeState, NodeStatus};

/// Shared by the handles of a running graph and its tasks.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) runtime: Handle,
    pub(crate) registry: Mutex<Registry>,
    /// Stops all sources.
    pub(crate) shutdown: CancellationToken,
    /// The first failure of an operator or a sink.
    pub(crate) failure: watch::Sender<Option<NodeFailure>>,
}

#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) nodes: Vec<NodeEntry>,
    pub(crate) edges: Vec<EdgeEntry>,
    /// Set once; no node is added after it.
    pub(crate) draining: bool,
}

#[derive(Debug)]
pub(crate) struct NodeEntry {
    pub(crate) id: NodeId,
    pub(crate) kind: NodeKind,
    pub(crate) state: NodeState,
    pub(crate) task: Option<JoinHandle<()>>,
    /// Stops a source; unused by other kinds.
    pub(crate) stop: CancellationToken,
    /// Joins edges to an operator or a sink.
    pub(crate) adder: Option<EdgeAdder>,
}

#[derive(Debug)]
pub(crate) struct EdgeEntry {
    pub(crate) plan: PlanEdge,
    pub(crate) stats: Arc<EdgeStats>,
    /// None on an observed edge.
    pub(crate) control: Option<EdgeControl>,
    pub(crate) rates: RateWindow,
}

impl NodeEntry {
    pub(crate) fn new(id: NodeId, kind: NodeKind, stop: CancellationToken) -> Self {
        Self {
            id,
            kind,
            state: NodeState::Running,
            task: None,
            stop,
            adder: None,
        }
    }
}

impl EdgeEntry {
    pub(crate) fn new(plan: PlanEdge, stats: Arc<EdgeStats>, control: Option<EdgeControl>) -> Self {
        let rates = RateWindow::new(Instant::now(), &stats.read());
        Self {
            plan,
            stats,
            control,
            rates,
        }
    }

    fn status(&self, now: Instant) -> EdgeStatus {
        let reading = self.stats.read();
        let (batches_per_second, samples_per_second) = self.rates.rates(now, &reading);
        EdgeStatus {
            from: self.plan.from.clone(),
            to: self.plan.to.clone(),
            batches_per_second,
            samples_per_second,
            depth: reading.depth,
            capacity: reading.capacity,
            blocked_seconds: reading.blocked.as_secs_f64(),
            batches_total: reading.batches,
            samples_total: reading.samples,
            reason: self.plan.reason.clone(),
            observed: self.plan.observed,
        }
    }
}

impl Registry {
    pub(crate) fn node(&self, id: &NodeId) -> Option<&NodeEntry> {
        self.nodes.iter().find(|node| &node.id == id)
    }

    pub(crate) fn node_mut(&mut self, id: &NodeId) -> Option<&mut NodeEntry> {
        self.nodes.iter_mut().find(|node| &node.id == id)
    }

    /// Forgets a node and all its edges.
    pub(crate) fn remove_node(&mut self, id: &NodeId) {
        self.nodes.retain(|node| &node.id != id);
        self.edges
            .retain(|edge| &edge.plan.from != id && &edge.plan.to != id);
    }

    /// Adds a sample of every edge's counters to its window.
    pub(crate) fn sample_rates(&mut self, now: Instant) {
        for edge in &mut self.edges {
            edge.rates.sample(now, &edge.stats.read());
        }
    }

    pub(crate) fn status(&self, now: Instant) -> GraphStatus {
        let nodes = self.nodes.iter().map(|node| NodeStatus {
            id: node.id.clone(),
            kind: node.kind,
            state: node.state.clone(),
        });
        GraphStatus {
            nodes: nodes.collect(),
            edges: self.edges.iter().map(|edge| edge.status(now)).collect(),
        }
    }
}

impl Shared {
    /// Notes how a node is. One that was told to stop is not shown as running again.
    pub(crate) fn set_state(&self, id: &NodeId, state: NodeState) {
        if let Some(node) = self.registry.lock().node_mut(id)
            && !(node.state == NodeState::Stopping && state == NodeState::Running)
        {
            node.state = state;
        }
    }

    /// An operator or a sink failed: the graph is poisoned, so all sources stop.
    pub(crate) fn fail(&self, id: &NodeId, error: String) {
        tracing::error!(node = %id, error, "graph node failed, sources are stopped");
        self.set_state(id, NodeState::Failed { error: error.clone() });
        let node = id.clone();
        self.failure.send_if_modified(|failure| {
            let first = failure.is_none();
            if first {
                *failure = Some(NodeFailure { node, error });
            }
            first
        });
        self.shutdown.cancel();
    }
}
