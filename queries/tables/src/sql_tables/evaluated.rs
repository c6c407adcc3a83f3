//! Series that somebody computes while a query runs, as a table: `labels`, `timestamp`, `value`.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use engine_storage::SeriesSamples;
use futures::StreamExt;

use super::columns::{Column, Columns};
use super::rows::{Run, Samples, batch, one_nan};
use crate::operation::{BatchStream, Operation, PlanNode};

/// Series with their samples, computed when they are asked for.
#[async_trait]
pub trait EvaluatedSeries: Debug + Send + Sync + 'static {
    /// What is computed, for EXPLAIN.
    fn describe(&self) -> String;

    /// Computes it.
    async fn evaluate(&self) -> Result<Vec<SeriesSamples>>;
}

/// A table of computed series.
#[derive(Debug)]
pub struct EvaluatedTable {
    series: Arc<dyn EvaluatedSeries>,
    columns: Columns,
}

impl EvaluatedTable {
    /// The table of `series`.
    pub fn new(series: Arc<dyn EvaluatedSeries>) -> Self {
        Self {
            series,
            columns: Columns::of_evaluated(),
        }
    }
}

#[async_trait]
impl TableProvider for EvaluatedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns.schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let operation = EvaluatedRows {
            series: Arc::clone(&self.series),
            columns: self.columns.project(projection),
        };
        Ok(PlanNode::plan(operation, Vec::new()))
    }
}

#[derive(Debug)]
struct EvaluatedRows {
    series: Arc<dyn EvaluatedSeries>,
    columns: Columns,
}

impl Operation for EvaluatedRows {
    fn name(&self) -> &'static str {
        "EvaluatedRows"
    }

    fn describe(&self) -> String {
        let columns: Vec<&str> = self.columns.iter().map(Column::name).collect();
        format!("{} columns=[{}]", self.series.describe(), columns.join(", "))
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns.schema())
    }

    fn run(
        self: Arc<Self>,
        _inputs: Vec<SendableRecordBatchStream>,
        context: &TaskContext,
    ) -> Result<BatchStream> {
        let held = MemoryConsumer::new("EvaluatedRows").register(context.memory_pool());
        let rows_max = context.session_config().batch_size();
        let batches = futures::stream::once(async move {
            let series = self.series.evaluate().await?;
            let samples: usize = series.iter().map(|one| one.timestamps.len()).sum();
            held.try_grow(samples * (size_of::<i64>() + size_of::<f64>()))?;
            Ok(Rest {
                rows: self,
                rows_max,
                series,
                next: (0, 0),
                _held: held,
            })
        });
        let batches = batches.flat_map(|rest| match rest {
            Ok(rest) => futures::stream::try_unfold(rest, Rest::next).boxed(),
            Err(error) => futures::stream::once(async { Err(error) }).boxed(),
        });
        Ok(batches.boxed())
    }
}

/// What is still to be sent.
struct Rest {
    rows: Arc<EvaluatedRows>,
    rows_max: usize,
    series: Vec<SeriesSamples>,
    /// The next series and its next sample.
    next: (usize, usize),
    _held: MemoryReservation,
}

impl Rest {
    async fn next(mut self) -> Result<Option<(arrow::array::RecordBatch, Self)>> {
        let (mut series, mut sample) = self.next;
        let (mut runs, mut rows) = (Vec::new(), 0);
        let (mut timestamps, mut values) = (Vec::new(), Vec::new());
        while rows < self.rows_max
            && let Some(one) = self.series.get(series)
        {
            let end = one.timestamps.len().min(sample + self.rows_max - rows);
            if sample < end {
                runs.push(Run {
                    labels: &one.labels,
                    rows: end - sample,
                });
                timestamps.extend_from_slice(&one.timestamps[sample..end]);
                values.extend_from_slice(&one.values[sample..end]);
                rows += end - sample;
            }
            (series, sample) = match end == one.timestamps.len() {
                true => (series + 1, 0),
                false => (series, end),
            };
        }
        if rows == 0 {
            return Ok(None);
        }
        one_nan(&mut values);
        let made = batch(&self.rows.columns, &runs, &Samples::new(timestamps, values))?;
        self.next = (series, sample);
        Ok(Some((made, self)))
    }
}
