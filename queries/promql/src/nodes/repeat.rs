//! Repeat: a part of the query that is the same at every step is evaluated at one and repeated.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use futures::{StreamExt, TryStreamExt};
use queries_tables::histograms::HistogramAt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::pace::Pace;
use super::step_vectors::{StepBatch, StepVectorsBuilder, step_schema};

/// Repeats rows of one step over all steps.
#[derive(Debug, Clone)]
pub struct Repeat {
    /// Steps of the result.
    pub steps: usize,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for Repeat {
    fn name(&self) -> &'static str {
        "Repeat"
    }

    fn describe(&self) -> String {
        format!("{} steps", self.steps)
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
        let repeated = input.and_then(move |batch| {
            let node = Arc::clone(&self);
            async move { node.repeat(&StepBatch::new(&batch)).await }
        });
        Ok(repeated.boxed())
    }
}

impl Repeat {
    async fn repeat(&self, batch: &StepBatch) -> Result<RecordBatch> {
        let mut builder = StepVectorsBuilder::new(self.steps, &self.budget);
        let mut pace = Pace::new();
        for row in 0..batch.len() {
            pace.spend(self.steps).await;
            let cells = std::iter::repeat_n(batch.value(row, 0), self.steps);
            let (labels, drop_name) = (batch.encoded_labels(row), batch.drops_name(row));
            let mut histograms: Vec<HistogramAt> = Vec::new();
            if let Some((_, histogram)) = batch.histograms(row).first() {
                histograms.extend((0..self.steps).map(|step| (step as i64, Arc::clone(histogram))));
            }
            builder.push_mixed(labels, drop_name, cells, &histograms)?;
        }
        Ok(builder.finish())
    }
}
