//! Subquery: step vectors become samples again, for a window to slide over.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::FloatHistogram;
use engine_model::histogram::ResetHint;
use engine_storage::SeriesColumns;
use futures::{StreamExt, TryStreamExt};
use queries_tables::folded::{fold, folded_schema};
use queries_tables::histograms::HistogramsBuilder;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::pace::{Pace, Reservation};
use super::step_vectors::StepBatch;
use crate::grid::Grid;

/// Folded rows, and whether the metric name of each goes away at the end of the query.
static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let flag = Field::new("drop_name", DataType::Boolean, false);
    let folded = folded_schema();
    let fields = folded.fields().iter().cloned();
    Arc::new(Schema::new(fields.chain([Arc::new(flag)]).collect::<Vec<_>>()))
});

/// Folds step vectors.
#[derive(Debug, Clone)]
pub struct Subquery {
    /// Instants of the inner expression, which become timestamps.
    pub grid: Grid,
    /// Limit on what the query holds.
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
        Arc::clone(&SCHEMA)
    }

    fn run(
        self: Arc<Self>,
        mut inputs: Vec<SendableRecordBatchStream>,
        _at: RunAt<'_>,
    ) -> Result<BatchStream> {
        let input = inputs.remove(0);
        let folded = input.and_then(move |batch| {
            let node = Arc::clone(&self);
            async move { node.fold(&StepBatch::new(&batch)).await }
        });
        Ok(folded.boxed())
    }
}

impl Subquery {
    /// Schema of the rows that come out.
    pub(crate) fn rows_schema() -> SchemaRef {
        Arc::clone(&SCHEMA)
    }

    async fn fold(&self, batch: &StepBatch) -> Result<RecordBatch> {
        let mut held = Reservation::new(&self.budget);
        let mut pace = Pace::new();
        let mut series = SeriesColumns::default();
        let mut dropped = Vec::with_capacity(batch.len());
        let mut histograms = HistogramsBuilder::default();
        for row in 0..batch.len() {
            pace.spend(self.grid.steps()).await;
            held.grow(batch.count(row))?;
            for (step, cell) in batch.row(row).enumerate() {
                if let Some(value) = cell {
                    series.timestamps.push(self.grid.time_ms(step));
                    series.values.push(value);
                }
            }
            series.ends.push(series.timestamps.len());
            let unhinted: Vec<(i64, FloatHistogram)> = batch
                .histograms(row)
                .iter()
                .map(|(step, histogram)| (self.grid.time_ms(*step as usize), without_hint(histogram)))
                .collect();
            histograms.push(unhinted.iter().map(|(at_ms, histogram)| (*at_ms, histogram)));
            dropped.push(batch.drops_name(row));
        }
        let labels = (0..batch.len()).map(|row| batch.encoded_labels(row));
        let mut columns: Vec<ArrayRef> = fold(labels, series, histograms).columns().to_vec();
        columns.push(Arc::new(BooleanArray::from(dropped)));
        let folded = RecordBatch::try_new(Arc::clone(&SCHEMA), columns);
        Ok(folded.expect("columns are built by the schema"))
    }
}

/// What a histogram says about a reset before it is about the sample before it, which is not the one that
/// the subquery sees.
fn without_hint(histogram: &FloatHistogram) -> FloatHistogram {
    let mut histogram = histogram.clone();
    if matches!(histogram.reset_hint, ResetHint::Reset | ResetHint::NotReset) {
        histogram.reset_hint = ResetHint::Unknown;
    }
    histogram
}
