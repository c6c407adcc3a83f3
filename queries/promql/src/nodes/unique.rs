//! Unique: after labels were changed, two series may have become one. Rows whose samples never meet at
//! a step are merged; two samples of one label set at one step are Prometheus's error.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use futures::StreamExt;
use queries_tables::Operation;
use queries_tables::operation::BatchStream;

use super::step_vectors::{StepBatch, StepVectorsBuilder, collect, step_schema};
use crate::error::EvalError;

/// Makes label sets unique.
#[derive(Debug)]
pub struct Unique {
    /// Steps of the rows.
    pub steps: usize,
    /// Whether rows that never meet at a step are merged; otherwise any second row is the error.
    pub merge: bool,
}

impl Operation for Unique {
    fn name(&self) -> &'static str {
        "Unique"
    }

    fn describe(&self) -> String {
        (if self.merge { "merge" } else { "check" }).to_owned()
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
        let merged = async move { self.merge(&collect(input).await?) };
        Ok(futures::stream::once(merged).boxed())
    }
}

struct Row {
    labels: Vec<u8>,
    drop_name: bool,
    cells: Vec<Option<f64>>,
}

impl Unique {
    fn merge(&self, batches: &[StepBatch]) -> Result<RecordBatch> {
        let mut rows: Vec<Row> = Vec::new();
        let mut by_labels: HashMap<Vec<u8>, usize, foldhash::fast::RandomState> = HashMap::default();
        for batch in batches {
            for row in 0..batch.len() {
                let labels = batch.encoded_labels(row);
                let Some(&first) = by_labels.get(labels) else {
                    by_labels.insert(labels.to_vec(), rows.len());
                    let cells = batch.row(row).collect();
                    rows.push(Row {
                        labels: labels.to_vec(),
                        drop_name: batch.drops_name(row),
                        cells,
                    });
                    continue;
                };
                if !self.merge {
                    return Err(DataFusionError::from(EvalError::SameLabelset));
                }
                for (mine, theirs) in rows[first].cells.iter_mut().zip(batch.row(row)) {
                    match (*mine, theirs) {
                        (Some(_), Some(_)) => return Err(DataFusionError::from(EvalError::SameLabelset)),
                        (None, theirs) => *mine = theirs,
                        (Some(_), None) => {}
                    }
                }
            }
        }
        let mut builder = StepVectorsBuilder::new(self.steps);
        for row in rows {
            builder.push_row(&row.labels, row.drop_name, row.cells);
        }
        Ok(builder.finish())
    }
}
