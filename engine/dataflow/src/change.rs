//! Changing a graph while it runs: sources and taps come and go, the rest is not disturbed.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use crate::drain::DrainReport;
use crate::edge::edge;
use crate::plan::{NodeId, NodeKind, PlanEdge};
use crate::registry::{EdgeEntry, NodeEntry, Registry};
use crate::runtime::{RunningGraph, spawn_source};
use crate::source::Source;
use crate::stats::EdgeStats;
use crate::status::NodeState;
use crate::validate::{PlanProblem, check_edge};

/// Why a running graph was not changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// The change would make the plan invalid.
    #[error("cannot change the graph")]
    Invalid(#[source] PlanProblem),
    /// There is no such node.
    #[error("there is no node {0} in the graph")]
    UnknownNode(NodeId),
    /// Only sources and taps come and go.
    #[error("node {id} is no {wanted}", wanted = .wanted.as_str())]
    WrongKind {
        /// The node.
        id: NodeId,
        /// What it should be.
        wanted: NodeKind,
    },
    /// The graph is draining or has failed.
    #[error("the graph is stopping")]
    Stopping,
}

impl RunningGraph {
    /// Adds a source that sends to `to`, an operator or a sink, and runs it.
    ///
    /// # Errors
    /// The name is taken, the edge is not valid, or the graph is stopping.
    pub async fn add_source(
        &self,
        id: impl Into<NodeId>,
        source: Box<dyn Source>,
        to: impl Into<NodeId>,
        capacity: usize,
        reason: &str,
    ) -> Result<(), ChangeError> {
        let (id, to) = (id.into(), to.into());
        let plan = PlanEdge {
            from: id.clone(),
            to: to.clone(),
            capacity,
            reason: reason.to_owned(),
            observed: false,
        };
        let adder = {
            let registry = self.shared.registry.lock();
            self.check_running(&registry)?;
            check_new_node(&registry, &id)?;
            check_new_edge(&registry, &plan, Some(NodeKind::Source))?;
            let target = registry.node(&to).ok_or(ChangeError::UnknownNode(to))?;
            target.adder.clone().ok_or(ChangeError::Stopping)?
        };
        // Room first, so that nothing is half done when the caller goes away while it waits.
        let joining = adder.reserve_owned().await.map_err(|_| ChangeError::Stopping)?;
        let mut registry = self.shared.registry.lock();
        self.check_running(&registry)?;
        check_new_node(&registry, &id)?;
        let (output, receiver, control) = edge(capacity);
        joining.send(receiver);
        let mut entry = NodeEntry::new(id, NodeKind::Source, self.shared.shutdown.child_token());
        entry.task = Some(spawn_source(
            &self.shared,
            &entry,
            source,
            output,
            control.clone(),
        ));
        registry.nodes.push(entry);
        let stats = Arc::clone(&control.stats);
        registry.edges.push(EdgeEntry::new(plan, stats, Some(control)));
        Ok(())
    }

    /// Stops one source, lets its edge empty, and forgets both. A source that has not stopped after
    /// half of `timeout` is cut off; batches that are still queued at its end are handled later.
    ///
    /// # Errors
    /// There is no such source.
    pub async fn remove_source(
        &self,
        id: impl Into<NodeId>,
        timeout: Duration,
    ) -> Result<DrainReport, ChangeError> {
        let id = id.into();
        let started = Instant::now();
        let (task, control) = {
            let mut registry = self.shared.registry.lock();
            check_kind(&registry, &id, NodeKind::Source)?;
            let edges = registry.edges.iter().filter(|edge| edge.plan.from == id);
            let control = edges.filter_map(|edge| edge.control.clone()).next();
            let node = registry
                .node_mut(&id)
                .ok_or(ChangeError::UnknownNode(id.clone()))?;
            if node.state == NodeState::Running {
                node.state = NodeState::Stopping;
            }
            node.stop.cancel();
            (node.task.take(), control)
        };
        let mut report = DrainReport::default();
        if let Some(task) = task {
            self.finish(&id, task, started + timeout / 2, &mut report).await;
        }
        if let Some(control) = control
            && timeout_at(started + timeout, control.ended.cancelled())
                .await
                .is_err()
        {
            let queued = control.stats.read().depth;
            tracing::warn!(node = %id, queued, "source was removed before its edge was empty");
        }
        self.shared.registry.lock().remove_node(&id);
        report.elapsed = started.elapsed();
        Ok(report)
    }

    /// Adds a tap that follows `from`; whoever moves the data counts it in the statistics returned.
    ///
    /// # Errors
    /// The name is taken, the edge is not valid, or the graph is stopping.
    pub fn add_tap(
        &self,
        id: impl Into<NodeId>,
        from: impl Into<NodeId>,
        capacity: usize,
        reason: &str,
    ) -> Result<Arc<EdgeStats>, ChangeError> {
        let (id, from) = (id.into(), from.into());
        let mut registry = self.shared.registry.lock();
        self.check_running(&registry)?;
        check_new_node(&registry, &id)?;
        let plan = PlanEdge {
            from,
            to: id.clone(),
            capacity,
            reason: reason.to_owned(),
            observed: true,
        };
        if registry.node(&plan.from).is_none() {
            return Err(ChangeError::UnknownNode(plan.from));
        }
        check_new_edge(&registry, &plan, None)?;
        let stats = EdgeStats::new(capacity);
        let stop = self.shared.shutdown.child_token();
        registry.nodes.push(NodeEntry::new(id, NodeKind::Tap, stop));
        registry
            .edges
            .push(EdgeEntry::new(plan, Arc::clone(&stats), None));
        Ok(stats)
    }

    /// Shows one more observed edge between nodes of the graph, as from a sink to a new source that
    /// follows its commits. It goes when either of its nodes does.
    ///
    /// # Errors
    /// A node is missing, the edge is there already, or the graph is stopping.
    pub fn add_observed_edge(
        &self,
        from: impl Into<NodeId>,
        to: impl Into<NodeId>,
        stats: Arc<EdgeStats>,
        reason: &str,
    ) -> Result<(), ChangeError> {
        let plan = PlanEdge {
            from: from.into(),
            to: to.into(),
            capacity: stats.read().capacity,
            reason: reason.to_owned(),
            observed: true,
        };
        let mut registry = self.shared.registry.lock();
        self.check_running(&registry)?;
        for id in [&plan.from, &plan.to] {
            if registry.node(id).is_none() {
                return Err(ChangeError::UnknownNode(id.clone()));
            }
        }
        check_new_edge(&registry, &plan, None)?;
        registry.edges.push(EdgeEntry::new(plan, stats, None));
        Ok(())
    }

    /// Forgets a tap and its edges.
    ///
    /// # Errors
    /// There is no such tap.
    pub fn remove_tap(&self, id: impl Into<NodeId>) -> Result<(), ChangeError> {
        let id = id.into();
        let mut registry = self.shared.registry.lock();
        check_kind(&registry, &id, NodeKind::Tap)?;
        registry.remove_node(&id);
        Ok(())
    }

    fn check_running(&self, registry: &Registry) -> Result<(), ChangeError> {
        if registry.draining || self.shared.shutdown.is_cancelled() {
            Err(ChangeError::Stopping)
        } else {
            Ok(())
        }
    }
}

fn check_kind(registry: &Registry, id: &NodeId, wanted: NodeKind) -> Result<(), ChangeError> {
    match registry.node(id) {
        None => Err(ChangeError::UnknownNode(id.clone())),
        Some(node) if node.kind != wanted => Err(ChangeError::WrongKind {
            id: id.clone(),
            wanted,
        }),
        Some(_) => Ok(()),
    }
}

fn check_new_node(registry: &Registry, id: &NodeId) -> Result<(), ChangeError> {
    if id.as_str().is_empty() {
        Err(ChangeError::Invalid(PlanProblem::EmptyName))
    } else if registry.node(id).is_some() {
        Err(ChangeError::Invalid(PlanProblem::DuplicateNode(id.clone())))
    } else {
        Ok(())
    }
}

fn check_new_edge(
    registry: &Registry,
    plan: &PlanEdge,
    from_kind: Option<NodeKind>,
) -> Result<(), ChangeError> {
    let to_kind = registry.node(&plan.to).map(|node| node.kind);
    let mut edges = registry.edges.iter();
    let duplicate = edges.any(|edge| edge.plan.from == plan.from && edge.plan.to == plan.to);
    match check_edge(plan, from_kind, to_kind, duplicate).into_iter().next() {
        Some(problem) => Err(ChangeError::Invalid(problem)),
        None => Ok(()),
    }
}
