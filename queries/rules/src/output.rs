//! The doors through which results leave: samples to the store, alerts to whoever routes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use engine_dataflow::{CommitReceipt, DeliveryError, DeliveryOptions, Output};
use engine_model::{Labels, SampleBatch};
use thiserror::Error;

/// Commits the results of rules.
#[async_trait]
pub trait Append: Send + Sync {
    /// Commits a batch; when it returns, queries see the batch. Samples that the store refuses are
    /// left out and counted in the receipt.
    async fn append(&self, batch: SampleBatch) -> Result<CommitReceipt, DeliveryError>;
}

/// Commits along a node's edge of the graph.
#[derive(Debug, Clone)]
pub struct EdgeAppend {
    output: Output,
    origin: Arc<str>,
}

impl EdgeAppend {
    /// Sends to `output`; `origin` names the node in logs and counters.
    pub fn new(output: Output, origin: Arc<str>) -> Self {
        Self { output, origin }
    }
}

#[async_trait]
impl Append for EdgeAppend {
    async fn append(&self, batch: SampleBatch) -> Result<CommitReceipt, DeliveryError> {
        // Results can be computed again, so they need not be on disk before the next rule runs.
        let options = DeliveryOptions::pulled(Arc::clone(&self.origin));
        self.output.commit(batch, options).await
    }
}

/// Descriptive texts of an alert; unlike labels they may be empty.
pub type Annotations = BTreeMap<String, String>;

/// An alert as it is sent: it fires, or it fired and is resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct FiredAlert {
    /// Identity of the alert; external labels are not added yet.
    pub labels: Labels,
    /// Descriptive texts.
    pub annotations: Arc<Annotations>,
    /// Value of the expression when it was last seen.
    pub value: f64,
    /// When it began to fire, in ms since the epoch.
    pub starts_at_ms: i64,
    /// When it ended; while it fires, when it is over unless it is sent again. In ms since the epoch.
    pub ends_at_ms: i64,
    /// When it ended, in ms since the epoch; `None` while it fires.
    pub resolved_at_ms: Option<i64>,
    /// Link to the expression's graph.
    pub generator_url: String,
}

/// The alerts were not taken; they are sent again after the next evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("alerts were not taken: {0}")]
pub struct AlertSinkError(pub String);

/// Takes the alerts of rules.
#[async_trait]
pub trait AlertSink: Send + Sync {
    /// Takes the alerts of one evaluation. The group waits for it, so it must not wait for receivers.
    async fn send(&self, alerts: Vec<FiredAlert>) -> Result<(), AlertSinkError>;
}
