//! What a source is given when it runs: its name and the sign to stop.

use tokio_util::sync::CancellationToken;

use crate::plan::NodeId;

/// Given to each run of a source.
#[derive(Debug, Clone)]
pub struct SourceContext {
    /// The source's name in the plan.
    pub node: NodeId,
    /// Cancelled when the source has to stop: a drain, its removal, or a graph that failed.
    pub shutdown: CancellationToken,
}
