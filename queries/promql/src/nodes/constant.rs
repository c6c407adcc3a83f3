//! Constant: a scalar that needs no input: a number, or the time of each step.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::Labels;
use futures::StreamExt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::step_vectors::{StepVectorsBuilder, step_schema};
use crate::grid::Grid;

/// What a constant is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ConstantKind {
    /// The same number at every step.
    Number(f64),
    /// The step's time in seconds.
    Time,
}

/// One row without labels.
#[derive(Debug, Clone)]
pub struct Constant {
    /// What it is.
    pub kind: ConstantKind,
    /// Instants of the query.
    pub grid: Grid,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for Constant {
    fn name(&self) -> &'static str {
        "Constant"
    }

    fn describe(&self) -> String {
        match self.kind {
            ConstantKind::Number(value) => engine_model::number::format_float(value),
            ConstantKind::Time => "time()".to_owned(),
        }
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.grid.steps())
    }

    fn run(self: Arc<Self>, _inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        Ok(futures::stream::once(async move { self.row() }).boxed())
    }
}

impl Constant {
    fn row(&self) -> Result<RecordBatch> {
        let steps = self.grid.steps();
        let mut builder = StepVectorsBuilder::new(steps, &self.budget);
        let cells = (0..steps).map(|step| {
            Some(match self.kind {
                ConstantKind::Number(value) => value,
                ConstantKind::Time => self.grid.time_ms(step) as f64 / 1000.0,
            })
        });
        builder.push_row(Labels::empty().encoded(), false, cells)?;
        Ok(builder.finish())
    }
}
