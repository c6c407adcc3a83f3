//! All rule groups of a configuration, each a source of the graph: started, changed with their state
//! kept, and ended. A group that did not change is not touched by a reload.

mod change;
mod source;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use engine_dataflow::{ChangeError, NodeId, RunningGraph};
use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::sync::CancellationToken;

use crate::environment::{Doors, RuleSettings};
use crate::group::{Group, GroupShared};
use crate::metrics::{RuleMetrics, SharedDurations};
use crate::rule_file::RuleGroup;
use crate::status::GroupStatus;

/// Where groups stand in the graph.
#[derive(Debug, Clone)]
pub struct Wiring {
    /// The graph to which groups are added.
    pub graph: RunningGraph,
    /// The node that takes their results: the one that commits, or an operator before it.
    pub append: NodeId,
    /// The node that stands for whoever takes their alerts, to draw the edge to it.
    pub alerts: Option<NodeId>,
}

/// All rule groups. Clones are handles to the same ones.
#[derive(Debug, Clone)]
pub struct RuleManager {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    wiring: Wiring,
    doors: Doors,
    durations: Arc<SharedDurations>,
    /// Held while groups change.
    groups: AsyncMutex<Groups>,
    /// What is shown, so that showing waits for nothing.
    shown: Mutex<Vec<Arc<GroupShared>>>,
}

#[derive(Debug, Default)]
struct Groups {
    /// The settings in force; `None` before the first configuration.
    settings: Option<RuleSettings>,
    running: Vec<Running>,
    /// Groups that are no more and whose series are about to end.
    retiring: Vec<Running>,
}

/// A group in the graph.
#[derive(Debug)]
struct Running {
    node: NodeId,
    spec: Arc<RuleGroup>,
    group: Arc<AsyncMutex<Group>>,
    shared: Arc<GroupShared>,
    /// Cancel to make the group end its series and finish.
    retire: CancellationToken,
    /// Cancelled when its source is no more.
    ended: CancellationToken,
}

impl Running {
    /// Whether this is the group of that file and name.
    fn is(&self, spec: &RuleGroup) -> bool {
        self.spec.file == spec.file && self.spec.name == spec.name
    }
}

impl RuleManager {
    /// No groups yet.
    pub fn new(wiring: Wiring, doors: Doors) -> Self {
        let inner = Inner {
            wiring,
            doors,
            durations: SharedDurations::new(),
            groups: AsyncMutex::default(),
            shown: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Makes these the groups, under these settings. The first call starts them and restores pending
    /// alerts; later ones leave equal groups alone, change others with their state kept, and end those
    /// that are no more. Of groups with the same file and name the first counts. The groups stop when
    /// the graph drains.
    ///
    /// # Errors
    /// The graph is stopping or lacks a node of the wiring. Groups before the one at fault are changed.
    pub async fn apply(&self, groups: Vec<RuleGroup>, settings: RuleSettings) -> Result<(), ChangeError> {
        let mut state = self.inner.groups.lock().await;
        let result = change::change(&self.inner, &mut state, groups, settings).await;
        let mut shown: Vec<_> = state
            .running
            .iter()
            .map(|running| Arc::clone(&running.shared))
            .collect();
        shown.sort_by_cached_key(|shared| {
            let status = shared.status.lock();
            (Arc::clone(&status.file), status.name.clone())
        });
        *self.inner.shown.lock() = shown;
        result
    }

    /// What every group does right now, ordered by file and name.
    pub fn status(&self) -> Vec<GroupStatus> {
        let shown = self.inner.shown.lock();
        shown.iter().map(|shared| shared.status.lock().clone()).collect()
    }

    /// What the groups count about themselves.
    pub fn metrics(&self) -> RuleMetrics {
        let groups = self.inner.shown.lock();
        RuleMetrics {
            groups: groups.iter().map(|shared| shared.metrics()).collect(),
            evaluation_durations: *self.inner.durations.evaluations.lock(),
            group_durations: *self.inner.durations.groups.lock(),
        }
    }
}
