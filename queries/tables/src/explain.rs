//! What a plan did, as a tree of plain data: rows, bytes and time of each node, and what its operation tells.

use std::sync::Arc;
use std::time::Duration;

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricValue;

/// A node of a plan that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedNode {
    /// Name of the operation, such as `Window`.
    pub name: String,
    /// Its parameters.
    pub description: String,
    /// Rows that came out.
    pub rows: u64,
    /// Memory of the batches that came out, bytes.
    pub bytes: u64,
    /// Time that the node computed, without its inputs.
    pub elapsed: Duration,
    /// Numbers that only this kind of node has, such as `segments_touched`.
    pub details: Vec<(String, u64)>,
    /// The inputs.
    pub inputs: Vec<Self>,
}

/// The tree of `plan`; without runs all numbers are 0.
pub fn explain(plan: &Arc<dyn ExecutionPlan>) -> ExplainedNode {
    explain_with_inputs(plan).0
}

/// The node, and the time that it and its inputs took.
fn explain_with_inputs(plan: &Arc<dyn ExecutionPlan>) -> (ExplainedNode, Duration) {
    let (mut inputs, mut below) = (Vec::new(), Duration::ZERO);
    for input in plan.children() {
        let (node, elapsed) = explain_with_inputs(input);
        inputs.push(node);
        below += elapsed;
    }
    let metrics = plan.metrics().unwrap_or_default();
    let elapsed = metrics.elapsed_compute().unwrap_or_default();
    let elapsed = Duration::from_nanos(elapsed as u64);
    let bytes = metrics.sum(|metric| matches!(metric.value(), MetricValue::OutputBytes(_)));
    let details = metrics.iter().filter_map(|metric| match metric.value() {
        MetricValue::Count { name, count } => Some((name.to_string(), count.value() as u64)),
        _ => None,
    });
    let shown = datafusion::physical_plan::displayable(plan.as_ref());
    let shown = shown.one_line().to_string();
    let (name, description) = shown.trim_end().split_once(": ").unwrap_or((plan.name(), ""));
    let node = ExplainedNode {
        name: name.to_owned(),
        description: description.to_owned(),
        rows: metrics.output_rows().unwrap_or_default() as u64,
        bytes: bytes.map_or(0, |bytes| bytes.as_usize()) as u64,
        elapsed: elapsed.saturating_sub(below),
        details: details.collect(),
        inputs,
    };
    (node, elapsed)
}
