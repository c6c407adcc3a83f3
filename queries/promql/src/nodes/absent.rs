//! Absent: 1 at the steps at which the input has no element.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::Labels;
use futures::StreamExt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::step_vectors::{StepBatch, StepVectorsBuilder, step_schema};

/// Says where nothing is.
#[derive(Debug, Clone)]
pub struct Absent {
    /// Labels of the result: those that the selector fixes.
    pub labels: Labels,
    /// Steps of the rows.
    pub steps: usize,
    /// Whether the labels that say what the metric is go at the end of the query.
    pub drop_name: bool,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for Absent {
    fn name(&self) -> &'static str {
        "Absent"
    }

    fn describe(&self) -> String {
        self.labels.to_string()
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.steps)
    }

    fn run(
        self: Arc<Self>,
        mut inputs: Vec<SendableRecordBatchStream>,
        _at: RunAt<'_>,
    ) -> Result<BatchStream> {
        let input = inputs.remove(0);
        Ok(futures::stream::once(async move { self.evaluate(input).await }).boxed())
    }
}

impl Absent {
    async fn evaluate(&self, mut input: SendableRecordBatchStream) -> Result<RecordBatch> {
        let mut present = vec![false; self.steps];
        while let Some(batch) = input.next().await {
            let batch = StepBatch::new(&batch?);
            for row in 0..batch.len() {
                batch.mark_presence(row, &mut present);
            }
        }
        let mut builder = StepVectorsBuilder::new(self.steps, &self.budget);
        builder.push_row(
            self.labels.encoded(),
            self.drop_name,
            present.into_iter().map(|p| (!p).then_some(1.0)),
        )?;
        Ok(builder.finish())
    }
}
