//! A source makes batches: a scrape pool, a listener, a rule group.

use async_trait::async_trait;

use crate::context::SourceContext;
use crate::edge::Output;

/// Why a node failed. The runtime logs it with all its causes and shows it in the status.
pub type NodeError = Box<dyn std::error::Error + Send + Sync>;

/// Makes batches and sends them to its one output.
#[async_trait]
pub trait Source: Send {
    /// Runs until `context.shutdown` is cancelled, then finishes what it has and returns.
    ///
    /// Clones of `output` may be given to tasks of the source's own; join them before returning,
    /// because the edge is closed to all clones then. An error or a panic makes the runtime call
    /// `run` again after a growing delay, so keep in `self` only what survives a sudden end.
    /// Returning `Ok` before the shutdown means that the source is exhausted: it is not run again.
    async fn run(&mut self, context: SourceContext, output: Output) -> Result<(), NodeError>;
}
