//! Repeat: a part of the query that is the same at every step is evaluated at one and repeated.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use futures::StreamExt;
use queries_tables::Operation;
use queries_tables::operation::BatchStream;

use super::step_vectors::{StepBatch, StepVectorsBuilder, step_schema};

/// Repeats rows of one step over all steps.
#[derive(Debug)]
pub struct Repeat {
    /// Steps of the result.
    pub steps: usize,
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
        _context: &TaskContext,
    ) -> Result<BatchStream> {
        let input = inputs.remove(0);
        let repeated = input.map(move |batch| {
            let batch = StepBatch::new(&batch?);
            let mut builder = StepVectorsBuilder::new(self.steps);
            for row in 0..batch.len() {
                let cell = batch.value(row, 0);
                let cells = std::iter::repeat_n(cell, self.steps);
                builder.push_row(batch.encoded_labels(row), batch.drops_name(row), cells);
            }
            Ok(builder.finish())
        });
        Ok(repeated.boxed())
    }
}
