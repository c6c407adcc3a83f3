//! CountValues: how many elements of a group have each value, the value written into a label.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::Labels;
use engine_model::number::format_float;
use futures::StreamExt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::aggregate::Grouping;
use super::pace::{Pace, Reservation};
use super::step_vectors::{StepBatch, StepVectorsBuilder, step_schema};

/// Counts equal values.
#[derive(Debug, Clone)]
pub struct CountValues {
    /// Label that gets the value, before the series are grouped.
    pub label: String,
    /// How series are grouped; `by` names the label of the value too.
    pub grouping: Grouping,
    /// Steps of the rows.
    pub steps: usize,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
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
        _at: RunAt<'_>,
    ) -> Result<BatchStream> {
        let input = inputs.remove(0);
        Ok(futures::stream::once(async move { self.evaluate(input).await }).boxed())
    }
}

/// Counts by group and value, in the order in which they turn up.
struct Counts {
    rows: Vec<(Labels, Vec<Option<f64>>)>,
    by_labels: HashMap<Labels, usize, foldhash::fast::RandomState>,
    held: Reservation,
}

impl CountValues {
    async fn evaluate(&self, mut input: SendableRecordBatchStream) -> Result<RecordBatch> {
        let mut counts = Counts {
            rows: Vec::new(),
            by_labels: HashMap::default(),
            held: Reservation::new(&self.budget),
        };
        let mut pace = Pace::new();
        while let Some(batch) = input.next().await {
            let batch = StepBatch::new(&batch?);
            for row in 0..batch.len() {
                pace.spend(self.steps).await;
                self.count(&batch, row, &mut counts)?;
            }
        }
        let mut builder = StepVectorsBuilder::new(self.steps, &self.budget);
        for (labels, cells) in counts.rows {
            builder.push_row(labels.encoded(), false, cells)?;
            counts.held.shrink(self.steps);
        }
        Ok(builder.finish())
    }

    fn count(&self, batch: &StepBatch, row: usize, counts: &mut Counts) -> Result<()> {
        let labels = batch.labels(row);
        // Labels are built once per value of the series, not once per sample.
        let mut positions: HashMap<u64, usize, foldhash::fast::RandomState> = HashMap::default();
        for (step, cell) in batch.row(row).enumerate() {
            let Some(value) = cell else { continue };
            let position = match positions.get(&value.to_bits()) {
                Some(&position) => position,
                None => {
                    let labels = labels.with(&self.label, &format_float(value));
                    let position = self.position(self.grouping.group_of(&labels), counts)?;
                    positions.insert(value.to_bits(), position);
                    position
                }
            };
            *counts.rows[position].1[step].get_or_insert(0.0) += 1.0;
        }
        for (step, histogram) in batch.histograms(row) {
            let labels = labels.with(&self.label, &histogram.to_string());
            let position = self.position(self.grouping.group_of(&labels), counts)?;
            *counts.rows[position].1[*step as usize].get_or_insert(0.0) += 1.0;
        }
        Ok(())
    }

    fn position(&self, labels: Labels, counts: &mut Counts) -> Result<usize> {
        if let Some(&position) = counts.by_labels.get(&labels) {
            return Ok(position);
        }
        counts.held.grow(self.steps)?;
        let position = counts.rows.len();
        counts.by_labels.insert(labels.clone(), position);
        counts.rows.push((labels, vec![None; self.steps]));
        Ok(position)
    }
}
