//! Stopping without loss: sources stop first, each edge empties into the node behind it, and a node
//! ends when all edges into it have; a deadline bounds it all and the report says what it cut off.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::plan::{NodeId, NodeKind};
use crate::runtime::{NodeFailure, RunningGraph};
use crate::status::NodeState;

type Tasks = Vec<(NodeId, JoinHandle<()>)>;

/// How a drain went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DrainReport {
    /// Time that it took.
    pub elapsed: Duration,
    /// Nodes that had not ended in time and were cut off.
    pub timed_out: Vec<NodeId>,
    /// Nodes that ended by an error or a panic, now or before.
    pub failed: Vec<NodeFailure>,
    /// Batches that were still queued at the deadline. Those who wait for them hear
    /// [`crate::DeliveryError::Dropped`].
    pub batches_dropped: usize,
}

impl DrainReport {
    /// Whether every node ended well and every batch was handled.
    pub fn is_clean(&self) -> bool {
        self.timed_out.is_empty() && self.failed.is_empty() && self.batches_dropped == 0
    }
}

impl RunningGraph {
    /// Stops the graph within `timeout`, of which the sources get half at most, so that one that
    /// hangs leaves time to commit what the others sent. The first call drains, later ones only
    /// report what failed. A node inside a computation that never yields is left behind, not waited for.
    pub async fn drain(&self, timeout: Duration) -> DrainReport {
        let started = Instant::now();
        let deadline = started + timeout;
        let (sources, others) = self.begin_drain();
        let mut report = DrainReport::default();
        for (id, task) in sources {
            self.finish(&id, task, started + timeout / 2, &mut report).await;
        }
        for (id, task) in others {
            self.finish(&id, task, deadline, &mut report).await;
        }
        report.failed = self.failures(&report.timed_out);
        report.elapsed = started.elapsed();
        report
    }

    /// Tells the sources to stop, lets the other nodes end with their edges, and takes all tasks.
    fn begin_drain(&self) -> (Tasks, Tasks) {
        let mut sources = Vec::new();
        let mut others = Vec::new();
        let mut registry = self.shared.registry.lock();
        registry.draining = true;
        for node in &mut registry.nodes {
            node.adder = None;
            let Some(task) = node.task.take() else { continue };
            if node.kind == NodeKind::Source {
                if node.state == NodeState::Running {
                    node.state = NodeState::Stopping;
                }
                sources.push((node.id.clone(), task));
            } else {
                others.push((node.id.clone(), task));
            }
        }
        drop(registry);
        self.shared.shutdown.cancel();
        (sources, others)
    }

    /// Waits for a node's task and cuts it off at the deadline.
    pub(crate) async fn finish(
        &self,
        id: &NodeId,
        mut task: JoinHandle<()>,
        deadline: Instant,
        report: &mut DrainReport,
    ) {
        if timeout_at(deadline, &mut task).await.is_ok() {
            return;
        }
        // Read before the cut, which drops what is queued for the node.
        let queued = self.queued_for(id);
        task.abort();
        self.end_output(id);
        tracing::error!(node = %id, queued, "graph node did not end in time and was cut off");
        let error = String::from("did not end in time and was cut off");
        self.shared.set_state(id, NodeState::Failed { error });
        report.timed_out.push(id.clone());
        report.batches_dropped += queued;
    }

    /// Closes a node's edge at once, also when its task is stuck where it cannot be cut off.
    fn end_output(&self, id: &NodeId) {
        for edge in &self.shared.registry.lock().edges {
            if let (true, Some(control)) = (&edge.plan.from == id, &edge.control) {
                control.upstream_done.cancel();
            }
        }
    }

    fn queued_for(&self, id: &NodeId) -> usize {
        let registry = self.shared.registry.lock();
        let inputs = registry
            .edges
            .iter()
            .filter(|edge| !edge.plan.observed && &edge.plan.to == id);
        inputs.map(|edge| edge.stats.read().depth).sum()
    }

    fn failures(&self, timed_out: &[NodeId]) -> Vec<NodeFailure> {
        let registry = self.shared.registry.lock();
        let failed = registry.nodes.iter().filter_map(|node| match &node.state {
            NodeState::Failed { error } if !timed_out.contains(&node.id) => Some(NodeFailure {
                node: node.id.clone(),
                error: error.clone(),
            }),
            _ => None,
        });
        failed.collect()
    }
}
