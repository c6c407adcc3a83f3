//! Scalar: what is one number a step: an operator between scalars, or the single sample of a vector.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::Labels;
use futures::StreamExt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::step_vectors::{StepBatch, StepVectorsBuilder, collect_scalar, step_schema};
use crate::functions::{math, operator};
use crate::parser::operators::BinaryOp;

/// How the number of a step comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarKind {
    /// Operator between the two scalar inputs; comparisons give 0 or 1.
    Operator(BinaryOp),
    /// The larger of the two scalar inputs.
    Larger,
    /// The smaller of the two scalar inputs.
    Smaller,
    /// The sample of the only series that has one, else NaN.
    OfVector,
    /// The scalar input with its sign changed.
    Negate,
}

/// One row without labels.
#[derive(Debug, Clone)]
pub struct Scalar {
    /// How the number of a step comes about.
    pub kind: ScalarKind,
    /// Steps of the row.
    pub steps: usize,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for Scalar {
    fn name(&self) -> &'static str {
        "Scalar"
    }

    fn describe(&self) -> String {
        match self.kind {
            ScalarKind::Operator(op) => op.to_string(),
            ScalarKind::Larger => "max_of".to_owned(),
            ScalarKind::Smaller => "min_of".to_owned(),
            ScalarKind::OfVector => "scalar(vector)".to_owned(),
            ScalarKind::Negate => "-scalar".to_owned(),
        }
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.steps)
    }

    fn run(self: Arc<Self>, inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        Ok(futures::stream::once(async move { self.evaluate(inputs).await }).boxed())
    }
}

impl Scalar {
    async fn evaluate(&self, inputs: Vec<SendableRecordBatchStream>) -> Result<RecordBatch> {
        let mut inputs = inputs.into_iter();
        let first = inputs.next().expect("a scalar has an input");
        let values = match self.kind {
            ScalarKind::OfVector => self.single(first).await?,
            _ => collect_scalar(first, self.steps).await?,
        };
        let values = match inputs.next() {
            Some(second) => {
                let second = collect_scalar(second, self.steps).await?;
                let pairs = values.into_iter().zip(second);
                pairs.map(|(l, r)| self.of_two(l, r)).collect()
            }
            None if self.kind == ScalarKind::Negate => values.into_iter().map(|v| -v).collect(),
            None => values,
        };
        let mut builder = StepVectorsBuilder::new(self.steps, &self.budget);
        builder.push_row(Labels::empty().encoded(), false, values.into_iter().map(Some))?;
        Ok(builder.finish())
    }

    fn of_two(&self, left: f64, right: f64) -> f64 {
        match self.kind {
            ScalarKind::Operator(op) => number(op, left, right),
            ScalarKind::Larger => math::max(left, right),
            ScalarKind::Smaller => math::min(left, right),
            ScalarKind::OfVector | ScalarKind::Negate => left,
        }
    }

    async fn single(&self, mut input: SendableRecordBatchStream) -> Result<Vec<f64>> {
        let mut found: Vec<(usize, f64)> = vec![(0, f64::NAN); self.steps];
        while let Some(batch) = input.next().await {
            let batch = StepBatch::new(&batch?);
            for row in 0..batch.len() {
                for (slot, cell) in found.iter_mut().zip(batch.row(row)) {
                    if let Some(value) = cell {
                        *slot = (slot.0 + 1, value);
                    }
                }
            }
        }
        Ok(found
            .into_iter()
            .map(|(count, value)| if count == 1 { value } else { f64::NAN })
            .collect())
    }
}

fn number(op: BinaryOp, left: f64, right: f64) -> f64 {
    let result = operator::apply(op, left, right);
    if op.is_comparison() {
        f64::from(u8::from(result.holds))
    } else {
        result.value
    }
}
