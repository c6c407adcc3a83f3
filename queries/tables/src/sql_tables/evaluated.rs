//! Series that somebody computes while a query runs, as a table: `labels`, `timestamp`, `value`, `histogram`.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use engine_model::staleness::STALE_NAN;
use engine_model::{FloatHistogram, Labels};
use futures::StreamExt;

use super::columns::{Column, Columns};
use super::histogram_columns::whole_column;
use super::rows::{Run, Samples, column, one_nan};
use crate::operation::{BatchStream, Operation, PlanNode, RunAt};

/// One computed series. A row has a number or a native histogram.
#[derive(Debug, Clone, Default)]
pub struct ComputedSeries {
    /// Its labels.
    pub labels: Labels,
    /// Times of the numbers, ms since the epoch, strictly ascending.
    pub timestamps: Vec<i64>,
    /// The numbers, one a time.
    pub values: Vec<f64>,
    /// Native histograms with their times, strictly ascending.
    pub histograms: Vec<(i64, Arc<FloatHistogram>)>,
}

impl ComputedSeries {
    fn rows(&self) -> usize {
        self.timestamps.len() + self.histograms.len()
    }

    /// Memory of its samples, bytes.
    fn bytes(&self) -> usize {
        let buckets = self
            .histograms
            .iter()
            .map(|(_, one)| one.positive.len() + one.negative.len());
        self.timestamps.len() * (size_of::<i64>() + size_of::<f64>())
            + self.histograms.len() * size_of::<FloatHistogram>()
            + buckets.sum::<usize>() * size_of::<f64>()
    }
}

/// Series with their samples, computed when they are asked for.
#[async_trait]
pub trait EvaluatedSeries: Debug + Send + Sync + 'static {
    /// What is computed, for EXPLAIN.
    fn describe(&self) -> String;

    /// Computes it.
    async fn evaluate(&self) -> Result<Vec<ComputedSeries>>;
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

    fn run(self: Arc<Self>, _inputs: Vec<SendableRecordBatchStream>, at: RunAt<'_>) -> Result<BatchStream> {
        let held = MemoryConsumer::new("EvaluatedRows").register(at.context.memory_pool());
        let rows_max = at.context.session_config().batch_size();
        let batches = futures::stream::once(async move {
            let series = self.series.evaluate().await?;
            held.try_grow(series.iter().map(ComputedSeries::bytes).sum())?;
            Ok(Rest {
                rows: self,
                rows_max,
                series,
                next: Place::default(),
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
    series: Vec<ComputedSeries>,
    next: Place,
    _held: MemoryReservation,
}

/// The next series, its next number and its next histogram.
#[derive(Debug, Default, Clone, Copy)]
struct Place {
    series: usize,
    number: usize,
    histogram: usize,
}

/// Rows of a batch.
#[derive(Default)]
struct Rows {
    timestamps: Vec<i64>,
    values: Vec<f64>,
    /// As many as there are rows, or none where no row has one.
    histograms: Vec<Option<Arc<FloatHistogram>>>,
}

impl Rows {
    /// Adds at most `count` rows of a series, in the order of time; how many they are.
    fn add(&mut self, one: &ComputedSeries, place: &mut Place, count: usize) -> usize {
        let before = self.timestamps.len();
        while self.timestamps.len() - before < count {
            let histogram = one.histograms.get(place.histogram);
            let from = place.number;
            // Numbers up to the next histogram.
            let mut until = one
                .timestamps
                .len()
                .min(from + count - (self.timestamps.len() - before));
            if let Some((at_ms, _)) = histogram {
                until = from + one.timestamps[from..until].partition_point(|number_at| number_at < at_ms);
            }
            if until > from {
                self.timestamps.extend_from_slice(&one.timestamps[from..until]);
                self.values.extend_from_slice(&one.values[from..until]);
                place.number = until;
            } else if let Some((at_ms, histogram)) = histogram {
                self.histograms.resize(self.timestamps.len(), None);
                self.timestamps.push(*at_ms);
                // Shown as null.
                self.values.push(STALE_NAN);
                self.histograms.push(Some(Arc::clone(histogram)));
                place.histogram += 1;
            } else {
                break;
            }
        }
        self.timestamps.len() - before
    }
}

impl Rest {
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        let mut place = self.next;
        let (mut runs, mut rows) = (Vec::new(), Rows::default());
        while rows.timestamps.len() < self.rows_max
            && let Some(one) = self.series.get(place.series)
        {
            let left = self.rows_max - rows.timestamps.len();
            let added = rows.add(one, &mut place, left);
            runs.push(Run {
                labels: &one.labels,
                rows: added,
            });
            if place.number + place.histogram == one.rows() {
                place = Place {
                    series: place.series + 1,
                    ..Place::default()
                };
            }
        }
        let count = rows.timestamps.len();
        if count == 0 {
            return Ok(None);
        }
        one_nan(&mut rows.values);
        rows.histograms.resize(count, None);
        let samples = Samples::new(rows.timestamps, rows.values);
        let columns = &self.rows.columns;
        let arrays: Result<Vec<ArrayRef>> = columns
            .iter()
            .map(|wanted| match wanted {
                Column::WholeHistogram => whole_column(&rows.histograms),
                other => Ok(column(other, &runs, &samples, count)?),
            })
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let made = RecordBatch::try_new_with_options(Arc::clone(columns.schema()), arrays?, &options)?;
        self.next = place;
        Ok(Some((made, self)))
    }
}
