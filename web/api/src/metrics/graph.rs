//! The dataflow graph as metrics.

use engine_dataflow::status::GraphStatus;

use super::exposition::Exposition;

/// Appends the numbers of nodes and edges.
pub fn graph_metrics(status: &GraphStatus, out: &mut Exposition) {
    for node in &status.nodes {
        out.gauge(
            "weir_node_state",
            "State of a node of the graph; the value is 1.",
            &[
                ("node", node.id.as_str()),
                ("kind", node.kind.as_str()),
                ("state", node.state.as_str()),
            ],
            1.0,
        );
    }
    for edge in &status.edges {
        let labels = [("from", edge.from.as_str()), ("to", edge.to.as_str())];
        for (name, help, value) in [
            (
                "weir_edge_batches_total",
                "Total number of batches that entered an edge of the graph.",
                edge.batches_total as f64,
            ),
            (
                "weir_edge_samples_total",
                "Total number of samples that entered an edge of the graph.",
                edge.samples_total as f64,
            ),
            (
                "weir_edge_blocked_seconds_total",
                "Total time that senders waited for room in an edge of the graph.",
                edge.blocked_seconds,
            ),
        ] {
            out.counter(name, help, &labels, value);
        }
        for (name, help, value) in [
            (
                "weir_edge_depth",
                "Batches that wait in an edge of the graph.",
                edge.depth as f64,
            ),
            (
                "weir_edge_capacity",
                "Most batches that may wait in an edge of the graph.",
                edge.capacity as f64,
            ),
        ] {
            out.gauge(name, help, &labels, value);
        }
    }
}
