//! A graph that is ready to start: a valid plan and the code behind each of its nodes.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::operator::Operator;
use crate::plan::{NodeId, NodeKind, Plan, PlanEdge, PlanNode};
use crate::sink::Sink;
use crate::source::Source;
use crate::stats::EdgeStats;
use crate::validate::{InvalidPlan, validate};

/// The code behind a node.
pub(crate) enum NodeCode {
    Source(Box<dyn Source>),
    Operator(Box<dyn Operator>),
    Sink(Box<dyn Sink>),
}

/// A valid plan with its code. [`Graph::start`] runs it.
pub struct Graph {
    pub(crate) plan: Plan,
    pub(crate) code: HashMap<NodeId, NodeCode>,
    /// Statistics of the observed edges, in the order of the plan's observed edges.
    pub(crate) observed: Vec<Arc<EdgeStats>>,
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph")
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

impl Graph {
    /// An empty graph to declare nodes and edges in.
    pub fn builder() -> GraphBuilder {
        GraphBuilder {
            graph: Self {
                plan: Plan::default(),
                code: HashMap::new(),
                observed: Vec::new(),
            },
        }
    }

    /// The graph as data.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// Declares a graph; nothing is checked before [`GraphBuilder::build`].
#[derive(Debug)]
#[must_use]
pub struct GraphBuilder {
    graph: Graph,
}

impl GraphBuilder {
    /// Declares a source.
    pub fn source(self, id: impl Into<NodeId>, source: Box<dyn Source>) -> Self {
        self.node(id.into(), NodeKind::Source, Some(NodeCode::Source(source)))
    }

    /// Declares an operator.
    pub fn operator(self, id: impl Into<NodeId>, operator: Box<dyn Operator>) -> Self {
        self.node(id.into(), NodeKind::Operator, Some(NodeCode::Operator(operator)))
    }

    /// Declares a sink.
    pub fn sink(self, id: impl Into<NodeId>, sink: Box<dyn Sink>) -> Self {
        self.node(id.into(), NodeKind::Sink, Some(NodeCode::Sink(sink)))
    }

    /// Declares a part that the graph does not run but shows: a follower of commits, the alert router.
    pub fn tap(self, id: impl Into<NodeId>) -> Self {
        self.node(id.into(), NodeKind::Tap, None)
    }

    /// Joins two nodes with an edge that holds at most `capacity` batches, and says why so many.
    pub fn edge(
        mut self,
        from: impl Into<NodeId>,
        to: impl Into<NodeId>,
        capacity: usize,
        reason: &str,
    ) -> Self {
        self.graph.plan.edges.push(PlanEdge {
            from: from.into(),
            to: to.into(),
            capacity,
            reason: reason.to_owned(),
            observed: false,
        });
        self
    }

    /// Declares an edge along which others move data; they count it in `stats`.
    pub fn observed_edge(
        mut self,
        from: impl Into<NodeId>,
        to: impl Into<NodeId>,
        stats: Arc<EdgeStats>,
        reason: &str,
    ) -> Self {
        self.graph.plan.edges.push(PlanEdge {
            from: from.into(),
            to: to.into(),
            capacity: stats.read().capacity,
            reason: reason.to_owned(),
            observed: true,
        });
        self.graph.observed.push(stats);
        self
    }

    /// Checks the plan.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn build(self) -> Result<Graph, InvalidPlan> {
        validate(&self.graph.plan)?;
        Ok(self.graph)
    }

    fn node(mut self, id: NodeId, kind: NodeKind, code: Option<NodeCode>) -> Self {
        let node = PlanNode { id: id.clone(), kind };
        self.graph.plan.nodes.push(node);
        if let Some(code) = code {
            self.graph.code.insert(id, code);
        }
        self
    }
}
