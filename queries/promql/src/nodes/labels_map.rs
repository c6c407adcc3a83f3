//! LabelsMap: the labels of each series change, its samples do not.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::Labels;
use futures::StreamExt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::step_vectors::{StepBatch, StepVectorsBuilder, step_schema};
use crate::functions::label::{LabelChange, METADATA_LABELS};

/// What happens to the labels.
#[derive(Debug, Clone)]
pub enum LabelsKind {
    /// `label_replace` or `label_join`.
    Change(LabelChange),
    /// Metric names that were marked to be dropped at the end of the query go now.
    DropMarkedNames,
    /// All labels go: `vector(scalar)` makes the series without labels.
    Clear,
}

/// Changes labels.
#[derive(Debug, Clone)]
pub struct LabelsMap {
    /// What happens.
    pub kind: LabelsKind,
    /// Steps of the rows.
    pub steps: usize,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for LabelsMap {
    fn name(&self) -> &'static str {
        "LabelsMap"
    }

    fn describe(&self) -> String {
        match &self.kind {
            LabelsKind::Change(LabelChange::Replace { target, .. }) => format!("label_replace {target}"),
            LabelsKind::Change(LabelChange::Join { target, .. }) => format!("label_join {target}"),
            LabelsKind::DropMarkedNames => "drop names".to_owned(),
            LabelsKind::Clear => "vector".to_owned(),
        }
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
        let changed = input.map(move |batch| {
            let batch = StepBatch::new(&batch?);
            let mut builder = StepVectorsBuilder::new(self.steps, &self.budget);
            for row in 0..batch.len() {
                let (labels, drop_name) = self.change(&batch.labels(row), batch.drops_name(row));
                let histograms = batch.histograms(row);
                builder.push_mixed(labels.encoded(), drop_name, batch.row(row), histograms)?;
            }
            Ok(builder.finish())
        });
        Ok(changed.boxed())
    }
}

impl LabelsMap {
    fn change(&self, labels: &Labels, drop_name: bool) -> (Labels, bool) {
        match &self.kind {
            LabelsKind::Change(change) => {
                let (labels, named) = change.apply(labels);
                // A name that was just written is meant to stay.
                (labels, drop_name && !named)
            }
            LabelsKind::DropMarkedNames if drop_name => (labels.without(&METADATA_LABELS), false),
            LabelsKind::DropMarkedNames => (labels.clone(), false),
            LabelsKind::Clear => (Labels::empty(), false),
        }
    }
}
