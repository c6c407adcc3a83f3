//! CountValues: how many elements of a group have each value, the value written into a label.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use engine_model::Labels;
use engine_model::number::format_float;
use futures::StreamExt;
use queries_tables::Operation;
use queries_tables::operation::BatchStream;

use super::aggregate::Grouping;
use super::step_vectors::{StepVectorsBuilder, collect, step_schema};

/// Counts equal values.
#[derive(Debug)]
pub struct CountValues {
    /// Label that gets the value.
    pub label: String,
    /// How series are grouped.
    pub grouping: Grouping,
    /// Steps of the rows.
    pub steps: usize,
}

impl Operation for CountValues {
    fn name(&self) -> &'static str {
        "CountValues"
    }

    fn describe(&self) -> String {
        format!("{} by ({})", self.label, self.grouping.labels.join(", "))
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
        Ok(futures::stream::once(async move { self.evaluate(input).await }).boxed())
    }
}

impl CountValues {
    async fn evaluate(&self, input: SendableRecordBatchStream) -> Result<RecordBatch> {
        let mut rows: Vec<(Labels, Vec<Option<f64>>)> = Vec::new();
        let mut by_labels: HashMap<Labels, usize, foldhash::fast::RandomState> = HashMap::default();
        for batch in collect(input).await? {
            for row in 0..batch.len() {
                let group = self.grouping.group_of(&batch.labels(row));
                for (step, cell) in batch.row(row).enumerate() {
                    let Some(value) = cell else { continue };
                    let labels = group.with(&self.label, &format_float(value));
                    let position = *by_labels.entry(labels.clone()).or_insert_with(|| {
                        rows.push((labels, vec![None; self.steps]));
                        rows.len() - 1
                    });
                    *rows[position].1[step].get_or_insert(0.0) += 1.0;
                }
            }
        }
        let mut builder = StepVectorsBuilder::new(self.steps);
        for (labels, cells) in rows {
            builder.push_row(labels.encoded(), false, cells);
        }
        Ok(builder.finish())
    }
}
