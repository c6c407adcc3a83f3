//! Samples of a snapshot, grouped and aggregated where they are read: their labels are looked at once a series, no column
//! of labels is made, and the groups of rows need no hash table of rows. What comes out is what DataFusion's own first
//! step of an aggregation gives, by its own accumulators.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{and, filter_record_batch};
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use futures::StreamExt;

use super::accumulators::Accumulators;
use super::chunks::Chunk;
use super::columns::Columns;
use super::groups::Groups;
use super::rows::{Run, Samples, batch};
use super::samples_scan::SamplesScan;
use super::time_keys::TimeKey;
use crate::operation::{BatchStream, Operation, RunAt};

/// Rows that accumulators get at a time, at least where there are so many: their arrays stay in the cache.
const ROWS_PER_UPDATE: usize = 8192;

/// What rows are grouped by, in the order of the columns that come out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    /// The n-th expression over labels.
    Labels(usize),
    /// The n-th expression over time.
    Time(usize),
}

/// One aggregate.
#[derive(Debug)]
pub(super) struct Aggregate {
    pub(super) function: Arc<AggregateFunctionExpr>,
    pub(super) arguments: Vec<Arc<dyn PhysicalExpr>>,
    /// Rows that count.
    pub(super) filter: Option<Arc<dyn PhysicalExpr>>,
}

/// What is computed of the samples of a scan.
#[derive(Debug)]
pub(super) struct GroupedSamples {
    pub(super) scan: SamplesScan,
    pub(super) keys: Vec<Key>,
    /// Columns for the expressions over labels, which are computed once a series.
    pub(super) series_columns: Columns,
    pub(super) labels: Vec<Arc<dyn PhysicalExpr>>,
    /// Columns for all other expressions.
    pub(super) sample_columns: Columns,
    /// Columns for the functions of time.
    pub(super) time_columns: Columns,
    pub(super) times: Vec<TimeKey>,
    /// Rows that are there at all.
    pub(super) condition: Option<Arc<dyn PhysicalExpr>>,
    pub(super) aggregates: Vec<Aggregate>,
    /// Whether the states of the accumulators come out, for a step that merges them, or their values.
    pub(super) states: bool,
    pub(super) schema: SchemaRef,
}

impl Operation for GroupedSamples {
    fn name(&self) -> &'static str {
        "GroupedSamples"
    }

    fn describe(&self) -> String {
        let times = self.times.iter().map(|key| &key.expression);
        let all = self.labels.iter().chain(times).map(ToString::to_string);
        let aggregates = self.aggregates.iter().map(|one| one.function.name().to_owned());
        let condition = self.condition.as_ref();
        format!(
            "by=[{}] aggregates=[{}]{} SamplesScan: {}",
            all.collect::<Vec<_>>().join(", "),
            aggregates.collect::<Vec<_>>().join(", "),
            condition.map_or_else(String::new, |condition| format!(" where={condition}")),
            self.scan.describe()
        )
    }

    fn details(&self) -> Vec<(&'static str, u64)> {
        self.scan.details()
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn partitions(&self) -> usize {
        self.scan.partitions()
    }

    fn run(self: Arc<Self>, _inputs: Vec<SendableRecordBatchStream>, at: RunAt<'_>) -> Result<BatchStream> {
        let rows_max = at.context.session_config().batch_size();
        let mut chunks = self.scan.chunks(at.partition, at.context);
        let mut grouping = Grouping::new(self, at.context)?;
        let grouped = async move {
            if let Some((set, mut positions)) = chunks.claim()? {
                let mut reader = set.reader();
                loop {
                    grouping.add(&chunks.read(&set, reader.as_mut(), positions)?)?;
                    // Reading does not wait for anything, so this is where a query can be stopped.
                    tokio::task::yield_now().await;
                    match chunks.claim()? {
                        Some((_, next)) => positions = next,
                        None => break,
                    }
                }
            }
            grouping.finish()
        };
        let slices = futures::stream::once(grouped).flat_map(move |made| match made {
            Ok(all) => {
                let starts = (0..all.num_rows()).step_by(rows_max);
                let slices = starts.map(move |at| Ok(all.slice(at, rows_max.min(all.num_rows() - at))));
                futures::stream::iter(slices).boxed()
            }
            Err(error) => futures::stream::once(async { Err(error) }).boxed(),
        });
        Ok(slices.boxed())
    }
}

/// What one partition has found so far.
struct Grouping {
    node: Arc<GroupedSamples>,
    groups: Groups,
    accumulators: Accumulators,
    /// Groups with a row that fulfils the condition, where there is one.
    seen: Vec<bool>,
    /// The group of each row of an update.
    of_rows: Vec<usize>,
    held: MemoryReservation,
}

impl Grouping {
    fn new(node: Arc<GroupedSamples>, context: &TaskContext) -> Result<Self> {
        let of =
            |expression: &Arc<dyn PhysicalExpr>, columns: &Columns| expression.data_type(columns.schema());
        let labels = node.labels.iter().map(|one| of(one, &node.series_columns));
        let labels = labels.collect::<Result<_>>()?;
        let times = node
            .times
            .iter()
            .map(|one| of(&one.expression, &node.time_columns));
        let times = times.collect::<Result<_>>()?;
        Ok(Self {
            groups: Groups::new(labels, times)?,
            accumulators: Accumulators::new(&node)?,
            seen: Vec::new(),
            of_rows: Vec::new(),
            held: MemoryConsumer::new("GroupedSamples").register(context.memory_pool()),
            node,
        })
    }

    fn add(&mut self, chunk: &Chunk) -> Result<()> {
        let series: Vec<usize> = (0..chunk.len())
            .filter(|&one| !chunk.rows(one).is_empty())
            .collect();
        let groups = self.groups_of(chunk, &series)?;
        let node = Arc::clone(&self.node);
        let mut rest = series.into_iter().zip(groups).peekable();
        while let Some(&(first, _)) = rest.peek() {
            let start = chunk.rows(first).start;
            let (mut runs, mut end) = (Vec::new(), start);
            self.of_rows.clear();
            while end - start < ROWS_PER_UPDATE
                && let Some((one, group)) = rest.next()
            {
                let rows = chunk.rows(one);
                self.of_rows.resize(rows.end - start, group);
                end = rows.end;
                runs.push(Run {
                    labels: chunk.labels(one),
                    rows: rows.len(),
                });
            }
            let samples = chunk.samples().slice(start..end);
            let times = node
                .times
                .iter()
                .map(|key| key.values(&node.time_columns, &runs, &samples));
            self.groups
                .by_time(&mut self.of_rows, &times.collect::<Result<Vec<_>>>()?);
            self.update(&batch(&node.sample_columns, &runs, &samples)?)?;
        }
        self.held
            .try_resize(self.groups.bytes() + self.accumulators.bytes())
    }

    /// The groups of series by their labels.
    fn groups_of(&mut self, chunk: &Chunk, series: &[usize]) -> Result<Vec<usize>> {
        let row = |&one: &usize| Run {
            labels: chunk.labels(one),
            rows: 1,
        };
        let runs: Vec<Run<'_>> = series.iter().map(row).collect();
        let rows = batch(&self.node.series_columns, &runs, &Samples::none())?;
        let columns = evaluate(&self.node.labels, &rows)?;
        self.groups.of_series(&columns, series.len())
    }

    /// Adds rows whose groups are in `of_rows`.
    fn update(&mut self, rows: &RecordBatch) -> Result<()> {
        let condition = self
            .node
            .condition
            .as_ref()
            .map(|condition| truth(condition, rows));
        let condition = condition.transpose()?;
        if let Some(condition) = &condition {
            self.seen.resize(self.groups.len(), false);
            for (row, &group) in self.of_rows.iter().enumerate() {
                self.seen[group] |= condition.is_valid(row) && condition.value(row);
            }
        }
        let groups = (self.of_rows.as_slice(), self.groups.len());
        for (at, aggregate) in self.node.aggregates.iter().enumerate() {
            let own = aggregate.filter.as_ref().map(|filter| truth(filter, rows));
            let filter = match (own.transpose()?, &condition) {
                (Some(own), Some(condition)) => Some(and(&own, condition)?),
                (own, condition) => own.or_else(|| condition.clone()),
            };
            let values = evaluate(&aggregate.arguments, rows)?;
            self.accumulators.update(at, &values, groups, filter.as_ref())?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<RecordBatch> {
        let node = Arc::clone(&self.node);
        if self.groups.len() == 0 && !node.keys.is_empty() {
            return Ok(RecordBatch::new_empty(Arc::clone(&node.schema)));
        }
        let (labels, times) = self.groups.columns()?;
        let key = |key: &Key| match *key {
            Key::Labels(at) => Arc::clone(&labels[at]),
            Key::Time(at) => Arc::clone(&times[at]),
        };
        let mut columns: Vec<ArrayRef> = node.keys.iter().map(key).collect();
        columns.extend(self.accumulators.finish(node.states)?);
        let rows = if node.keys.is_empty() {
            1
        } else {
            self.groups.len()
        };
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::clone(&node.schema);
        let all = RecordBatch::try_new_with_options(schema, columns, &options)?;
        if node.condition.is_none() || node.keys.is_empty() {
            return Ok(all);
        }
        self.seen.resize(self.groups.len(), false);
        Ok(filter_record_batch(&all, &BooleanArray::from(self.seen))?)
    }
}

fn evaluate(expressions: &[Arc<dyn PhysicalExpr>], rows: &RecordBatch) -> Result<Vec<ArrayRef>> {
    let each = expressions.iter();
    each.map(|expression| expression.evaluate(rows)?.into_array(rows.num_rows()))
        .collect()
}

fn truth(expression: &Arc<dyn PhysicalExpr>, rows: &RecordBatch) -> Result<BooleanArray> {
    let values = expression.evaluate(rows)?.into_array(rows.num_rows())?;
    Ok(values.as_boolean().clone())
}
