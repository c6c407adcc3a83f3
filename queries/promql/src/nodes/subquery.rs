//! Subquery: step vectors become samples again, for a window to slide over.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use engine_storage::SeriesSamples;
use futures::StreamExt;
use queries_tables::folded::{fold, folded_schema};
use queries_tables::operation::BatchStream;
use queries_tables::{Operation, SampleBudget};

use super::step_vectors::StepBatch;
use crate::grid::Grid;

/// Folds step vectors.
#[derive(Debug)]
pub struct Subquery {
    /// Instants of the inner expression, which become timestamps.
    pub grid: Grid,
    /// Limit on the samples that the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for Subquery {
    fn name(&self) -> &'static str {
        "Subquery"
    }

    fn describe(&self) -> String {
        format!("{} steps", self.grid.steps())
    }

    fn schema(&self) -> SchemaRef {
        folded_schema()
    }

    fn run(
        self: Arc<Self>,
        mut inputs: Vec<SendableRecordBatchStream>,
        _context: &TaskContext,
    ) -> Result<BatchStream> {
        let input = inputs.remove(0);
        let folded = input.map(move |batch| {
            let batch = StepBatch::new(&batch?);
            let mut series = Vec::with_capacity(batch.len());
            for row in 0..batch.len() {
                let mut samples = SeriesSamples::new(batch.labels(row));
                for (step, cell) in batch.row(row).enumerate() {
                    if let Some(value) = cell {
                        samples.timestamps.push(self.grid.time_ms(step));
                        samples.values.push(value);
                    }
                }
                self.budget.take(samples.len())?;
                series.push(samples);
            }
            self.budget.give_back(series.iter().map(SeriesSamples::len).sum());
            Ok(fold(series))
        });
        Ok(folded.boxed())
    }
}
