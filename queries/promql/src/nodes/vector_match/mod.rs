//! Match: an operator between two instant vectors. Elements find each other by a signature of their
//! labels, which is computed once a series; what must be unique is checked step by step, in
//! Prometheus's words.

mod grouped;
mod set;
mod side;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::{Labels, METRIC_NAME};
use futures::StreamExt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::step_vectors::{collect, step_schema};
use crate::functions::histogram_operator::OperatorNotes;
use crate::parser::ast::VectorMatching;
use crate::parser::operators::BinaryOp;
use side::{Side, Signatures};

/// Matches two vectors. Inputs: left, right.
#[derive(Debug, Clone)]
pub struct VectorMatch {
    /// Which operator.
    pub op: BinaryOp,
    /// A comparison gives 0 or 1 instead of filtering.
    pub return_bool: bool,
    /// Where what the operator notices is told.
    pub notes: OperatorNotes,
    /// How elements find each other.
    pub matching: VectorMatching,
    /// Steps of the rows.
    pub steps: usize,
    /// Whether metric names stay until the end of the query.
    pub delayed_name_removal: bool,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for VectorMatch {
    fn name(&self) -> &'static str {
        "Match"
    }

    fn describe(&self) -> String {
        let clause = if self.matching.on { "on" } else { "ignoring" };
        format!(
            "{} {clause} ({}) {:?}",
            self.op,
            self.matching.labels.join(", "),
            self.matching.card
        )
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.steps)
    }

    fn run(self: Arc<Self>, inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        Ok(futures::stream::once(async move { self.evaluate(inputs).await }).boxed())
    }
}

impl VectorMatch {
    async fn evaluate(&self, inputs: Vec<SendableRecordBatchStream>) -> Result<RecordBatch> {
        let mut inputs = inputs.into_iter();
        let left = inputs.next().expect("the left vector is an input");
        let left = collect(left, &self.budget).await?;
        let right = inputs.next().expect("the right vector is an input");
        let right = collect(right, &self.budget).await?;
        let mut signatures = Signatures::default();
        let mut side = |batches| {
            Side::new(
                batches,
                self.steps,
                |labels| self.signature(labels),
                &mut signatures,
            )
        };
        let (left, right) = (side(&left.batches), side(&right.batches));
        if self.op.is_set() {
            return set::evaluate(self, &left, &right, signatures.len()).await;
        }
        grouped::evaluate(self, &left, &right, &signatures).await
    }

    /// The labels by which an element finds its partner.
    fn signature(&self, labels: &Labels) -> Labels {
        let listed = |name: &str| self.matching.labels.iter().any(|label| label == name);
        match self.matching.on {
            true => labels.filtered(listed),
            false => labels.filtered(|name| name != METRIC_NAME && !listed(name)),
        }
    }
}
