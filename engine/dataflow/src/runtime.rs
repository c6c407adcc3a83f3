//! Turns a graph into tasks, one a node, and watches them. The handle that remains shows the status;
//! changing and draining the graph are in the modules beside this one.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::edge::{EdgeControl, EdgeReceiver, Output, edge};
use crate::graph::{Graph, NodeCode};
use crate::inputs::Inputs;
use crate::plan::{NodeId, PlanEdge, PlanNode};
use crate::rate::SAMPLE_INTERVAL;
use crate::registry::{EdgeEntry, NodeEntry, Registry, Shared};
use crate::source::Source;
use crate::stats::EdgeStats;
use crate::status::GraphStatus;
use crate::supervise::{run_operator, run_sink, run_source};

/// An operator or a sink ended by an error or a panic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFailure {
    /// Which node.
    pub node: NodeId,
    /// Its error with all causes.
    pub error: String,
}

impl fmt::Display for NodeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "graph node {} failed: {}", self.node, self.error)
    }
}

/// A graph at work; clones are handles to the same one. Dropping the handles does not stop it:
/// [`RunningGraph::drain`] does.
#[derive(Debug, Clone)]
pub struct RunningGraph {
    pub(crate) shared: Arc<Shared>,
}

impl Graph {
    /// Starts a task for every node on `runtime`.
    pub fn start(self, runtime: &Handle) -> RunningGraph {
        let shared = Arc::new(Shared {
            runtime: runtime.clone(),
            registry: Mutex::new(Registry::default()),
            shutdown: CancellationToken::new(),
            failure: watch::Sender::new(None),
        });
        runtime.spawn(sample_rates(Arc::downgrade(&shared)));
        let mut assembly = Assembly::default();
        {
            // Held until everything is listed, so that no task looks for itself too early.
            let mut registry = shared.registry.lock();
            registry.edges = assembly.join(self.plan.edges, self.observed);
            registry.nodes = assembly.spawn(&shared, self.plan.nodes, self.code);
        }
        RunningGraph { shared }
    }
}

impl RunningGraph {
    /// What every node and edge does right now.
    pub fn status(&self) -> GraphStatus {
        self.shared.registry.lock().status(Instant::now())
    }

    /// Resolves when an operator or a sink fails. The graph is poisoned then: its sources are told to
    /// stop, what was queued for the node ends as dropped, and draining is all that is left to do.
    pub async fn failed(&self) -> NodeFailure {
        let mut failure = self.shared.failure.subscribe();
        let failed = failure.wait_for(Option::is_some).await;
        let failed = failed.expect("the sender lives in self");
        NodeFailure::clone(failed.as_ref().expect("waited for it"))
    }
}

/// The ends of the edges while the nodes are being made.
#[derive(Default)]
struct Assembly {
    outputs: HashMap<NodeId, (Output, EdgeControl)>,
    inputs: HashMap<NodeId, Vec<EdgeReceiver>>,
}

impl Assembly {
    fn join(&mut self, edges: Vec<PlanEdge>, observed: Vec<Arc<EdgeStats>>) -> Vec<EdgeEntry> {
        let mut observed = observed.into_iter();
        let entries = edges.into_iter().map(|plan| {
            if plan.observed {
                let stats = observed
                    .next()
                    .expect("the builder keeps one for each observed edge");
                return EdgeEntry::new(plan, stats, None);
            }
            let (output, receiver, control) = edge(plan.capacity);
            self.outputs.insert(plan.from.clone(), (output, control.clone()));
            self.inputs.entry(plan.to.clone()).or_default().push(receiver);
            EdgeEntry::new(plan, Arc::clone(&control.stats), Some(control))
        });
        entries.collect()
    }

    fn spawn(
        &mut self,
        shared: &Arc<Shared>,
        nodes: Vec<PlanNode>,
        mut code: HashMap<NodeId, NodeCode>,
    ) -> Vec<NodeEntry> {
        let entries = nodes.into_iter().map(|PlanNode { id, kind }| {
            let mut entry = NodeEntry::new(id.clone(), kind, shared.shutdown.child_token());
            match code.remove(&id) {
                None => {}
                Some(NodeCode::Source(source)) => {
                    let (output, control) = self.output(&id);
                    entry.task = Some(spawn_source(shared, &entry, source, output, control));
                }
                Some(NodeCode::Operator(operator)) => {
                    let (output, control) = self.output(&id);
                    let inputs = self.inputs(&mut entry);
                    let shared_too = Arc::clone(shared);
                    entry.task = Some(shared.runtime.spawn(async move {
                        let _done = control.upstream_done.drop_guard();
                        run_operator(shared_too, id, operator, inputs, output).await;
                    }));
                }
                Some(NodeCode::Sink(sink)) => {
                    let inputs = self.inputs(&mut entry);
                    let task = run_sink(Arc::clone(shared), id, sink, inputs);
                    entry.task = Some(shared.runtime.spawn(task));
                }
            }
            entry
        });
        entries.collect()
    }

    fn output(&mut self, id: &NodeId) -> (Output, EdgeControl) {
        self.outputs
            .remove(id)
            .expect("a valid plan gives the node an output")
    }

    fn inputs(&mut self, entry: &mut NodeEntry) -> Inputs {
        let (mut inputs, adder) = Inputs::new();
        for receiver in self.inputs.remove(&entry.id).unwrap_or_default() {
            inputs.join(receiver);
        }
        entry.adder = Some(adder);
        inputs
    }
}

/// Starts a source's task; however it ends, its edge takes no more batches after it.
pub(crate) fn spawn_source(
    shared: &Arc<Shared>,
    entry: &NodeEntry,
    source: Box<dyn Source>,
    output: Output,
    control: EdgeControl,
) -> JoinHandle<()> {
    let (id, stop) = (entry.id.clone(), entry.stop.clone());
    let shared_too = Arc::clone(shared);
    shared.runtime.spawn(async move {
        let _done = control.upstream_done.drop_guard();
        run_source(shared_too, id, source, output, stop).await;
    })
}

/// Samples the counters of all edges once a second, as long as the graph is known to anyone.
async fn sample_rates(shared: Weak<Shared>) {
    let mut ticks = interval(SAMPLE_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else { return };
        shared.registry.lock().sample_rates(Instant::now());
    }
}
