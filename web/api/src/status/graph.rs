//! `/api/v1/status/graph`: the dataflow with its rates. Weir's own; answers before the server is ready.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use engine_dataflow::status::{EdgeStatus, GraphStatus, NodeStatus};
use serde::Serialize;

use crate::envelope::{Answer, Success};

/// Where the graph's status comes from. Clones share it.
#[derive(Clone)]
pub struct GraphState {
    status: Arc<dyn Fn() -> GraphStatus + Send + Sync>,
}

impl GraphState {
    /// The graph as `status` gives it.
    pub fn new(status: impl Fn() -> GraphStatus + Send + Sync + 'static) -> Self {
        Self {
            status: Arc::new(status),
        }
    }
}

impl fmt::Debug for GraphState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphState").finish_non_exhaustive()
    }
}

/// The route of the graph.
pub(crate) fn graph_routes(state: GraphState) -> Router {
    Router::new()
        .route("/api/v1/status/graph", get(graph))
        .with_state(state)
}

#[derive(Serialize)]
struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    edges: Vec<Edge<'a>>,
}

#[derive(Serialize)]
struct Node<'a> {
    id: &'a str,
    kind: &'static str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct Edge<'a> {
    from: &'a str,
    to: &'a str,
    batches_per_second: f64,
    samples_per_second: f64,
    depth: usize,
    capacity: usize,
    blocked_seconds: f64,
    batches_total: u64,
    samples_total: u64,
    /// Why the capacity is what it is.
    reason: &'a str,
    /// Whether the data moves outside the graph.
    observed: bool,
}

async fn graph(State(state): State<GraphState>) -> Answer {
    let status = (state.status)();
    Ok(Success::of(&Graph {
        nodes: status.nodes.iter().map(node).collect(),
        edges: status.edges.iter().map(edge).collect(),
    }))
}

fn node(node: &NodeStatus) -> Node<'_> {
    Node {
        id: node.id.as_str(),
        kind: node.kind.as_str(),
        state: node.state.as_str(),
        error: node.state.error(),
    }
}

fn edge(edge: &EdgeStatus) -> Edge<'_> {
    Edge {
        from: edge.from.as_str(),
        to: edge.to.as_str(),
        batches_per_second: edge.batches_per_second,
        samples_per_second: edge.samples_per_second,
        depth: edge.depth,
        capacity: edge.capacity,
        blocked_seconds: edge.blocked_seconds,
        batches_total: edge.batches_total,
        samples_total: edge.samples_total,
        reason: &edge.reason,
        observed: edge.observed,
    }
}
