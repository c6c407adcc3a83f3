//! A source that others push into: HTTP handlers hold its handle and send while the graph runs.

use std::sync::Arc;

use async_trait::async_trait;
use engine_model::SampleBatch;
use parking_lot::Mutex;

use crate::context::SourceContext;
use crate::edge::Output;
use crate::message::{CommitReceipt, DeliveryError, DeliveryOptions};
use crate::source::{NodeError, Source};

/// The node that stands in the graph for pushed data.
#[derive(Debug)]
pub struct Inlet {
    open: Arc<Mutex<Option<Output>>>,
}

/// Sends into an [`Inlet`]; cheap to clone.
#[derive(Debug, Clone)]
pub struct InletHandle {
    open: Arc<Mutex<Option<Output>>>,
}

impl Inlet {
    /// An inlet for the graph and the handle for those who push.
    pub fn new() -> (Self, InletHandle) {
        let open = Arc::new(Mutex::new(None));
        let handle = InletHandle {
            open: Arc::clone(&open),
        };
        (Self { open }, handle)
    }
}

impl InletHandle {
    /// The output while the graph takes batches: not before it starts, nor once it drains.
    pub fn output(&self) -> Option<Output> {
        self.open.lock().clone()
    }

    /// Sends a batch and waits for its commit.
    ///
    /// # Errors
    /// [`DeliveryError::Closed`] when the graph takes no batches, or whatever kept this one from
    /// being committed.
    pub async fn commit(
        &self,
        batch: SampleBatch,
        options: DeliveryOptions,
    ) -> Result<CommitReceipt, DeliveryError> {
        let output = self.output().ok_or(DeliveryError::Closed)?;
        output.commit(batch, options).await
    }
}

#[async_trait]
impl Source for Inlet {
    async fn run(&mut self, context: SourceContext, output: Output) -> Result<(), NodeError> {
        *self.open.lock() = Some(output);
        context.shutdown.cancelled().await;
        *self.open.lock() = None;
        Ok(())
    }
}
