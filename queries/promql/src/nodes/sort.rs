//! Sort: the elements of an instant vector in order of their values.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use futures::StreamExt;
use queries_tables::Operation;
use queries_tables::operation::BatchStream;

use super::step_vectors::{StepVectorsBuilder, collect, step_schema};

/// Sorts rows of one step by value, NaN last either way.
#[derive(Debug)]
pub struct Sort {
    /// Largest first.
    pub descending: bool,
}

impl Operation for Sort {
    fn name(&self) -> &'static str {
        "Sort"
    }

    fn describe(&self) -> String {
        (if self.descending {
            "descending"
        } else {
            "ascending"
        })
        .to_owned()
    }

    fn schema(&self) -> SchemaRef {
        step_schema(1)
    }

    fn run(
        self: Arc<Self>,
        mut inputs: Vec<SendableRecordBatchStream>,
        _context: &TaskContext,
    ) -> Result<BatchStream> {
        let input = inputs.remove(0);
        Ok(futures::stream::once(async move { self.sorted(input).await }).boxed())
    }
}

impl Sort {
    async fn sorted(&self, input: SendableRecordBatchStream) -> Result<RecordBatch> {
        let batches = collect(input).await?;
        let mut rows: Vec<(f64, usize, usize)> = Vec::new();
        for (b, batch) in batches.iter().enumerate() {
            rows.extend((0..batch.len()).filter_map(|row| Some((batch.value(row, 0)?, b, row))));
        }
        rows.sort_by(|x, y| match (x.0.is_nan(), y.0.is_nan()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) if self.descending => y.0.total_cmp(&x.0),
            (false, false) => x.0.total_cmp(&y.0),
        });
        let mut builder = StepVectorsBuilder::new(1);
        for (value, b, row) in rows {
            builder.push_row(
                batches[b].encoded_labels(row),
                batches[b].drops_name(row),
                [Some(value)],
            );
        }
        Ok(builder.finish())
    }
}
