//! A group as a source of the graph.

use std::sync::Arc;

use async_trait::async_trait;
use engine_dataflow::{NodeError, Output, Source, SourceContext};
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::group::{self, Group};
use crate::output::EdgeAppend;

/// Runs a group, whose state outlives the source.
pub(super) struct GroupSource {
    pub(super) group: Arc<AsyncMutex<Group>>,
    pub(super) retire: CancellationToken,
    /// Tells that the source is no more, however it went.
    pub(super) _ended: DropGuard,
}

#[async_trait]
impl Source for GroupSource {
    async fn run(&mut self, context: SourceContext, output: Output) -> Result<(), NodeError> {
        let append = EdgeAppend::new(output, context.node.into());
        let mut group = self.group.lock().await;
        group::run(&mut group, &append, &context.shutdown, &self.retire).await;
        Ok(())
    }
}
