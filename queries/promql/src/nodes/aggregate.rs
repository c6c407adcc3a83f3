//! Aggregate: series of a group become one. Groups get a dense number once per series; the samples are
//! then added up by number and step, in the order of the series.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use engine_model::{Labels, METRIC_NAME};
use futures::StreamExt;
use queries_tables::Operation;
use queries_tables::operation::BatchStream;

use super::step_vectors::{StepBatch, StepVectorsBuilder, collect_scalar, step_schema};
use crate::functions::accumulator::{Accumulator, AccumulatorKind};
use crate::grid::Grid;

/// How series are grouped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Labels of `by` or `without`.
    pub labels: Vec<String>,
    /// `without` rather than `by`.
    pub without: bool,
}

impl Grouping {
    /// The labels of the group that a series belongs to.
    pub fn group_of(&self, labels: &Labels) -> Labels {
        let listed = |name: &str| self.labels.iter().any(|label| label == name);
        if self.without {
            labels.filtered(|name| name != METRIC_NAME && !listed(name))
        } else if self.labels.is_empty() {
            Labels::empty()
        } else {
            labels.filtered(listed)
        }
    }

    /// Whether the groups carry the metric name.
    pub fn keeps_name(&self) -> bool {
        !self.without && self.labels.iter().any(|label| label == METRIC_NAME)
    }
}

/// Aggregates by group. Inputs: the vectors, then the parameter of the operators that take one.
#[derive(Debug)]
pub struct Aggregate {
    /// Which aggregation.
    pub kind: AccumulatorKind,
    /// How series are grouped.
    pub grouping: Grouping,
    /// Instants of the query.
    pub grid: Grid,
}

impl Operation for Aggregate {
    fn name(&self) -> &'static str {
        "Aggregate"
    }

    fn describe(&self) -> String {
        let clause = if self.grouping.without { "without" } else { "by" };
        format!(
            "{} {clause} ({})",
            self.kind.name(),
            self.grouping.labels.join(", ")
        )
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.grid.steps())
    }

    fn run(
        self: Arc<Self>,
        inputs: Vec<SendableRecordBatchStream>,
        _context: &TaskContext,
    ) -> Result<BatchStream> {
        Ok(futures::stream::once(async move { self.evaluate(inputs).await }).boxed())
    }
}

#[derive(Default)]
struct Groups {
    by_labels: HashMap<Labels, usize, foldhash::fast::RandomState>,
    labels: Vec<Labels>,
    drop_name: Vec<bool>,
    /// One a group and step, group by group.
    accumulators: Vec<Accumulator>,
}

impl Aggregate {
    async fn evaluate(&self, inputs: Vec<SendableRecordBatchStream>) -> Result<RecordBatch> {
        let steps = self.grid.steps();
        let mut inputs = inputs.into_iter();
        let mut vectors = inputs.next().expect("the vectors are an input");
        let parameter = match inputs.next() {
            Some(input) => collect_scalar(input, steps).await?,
            None => vec![f64::NAN; steps],
        };
        let mut groups = Groups::default();
        while let Some(batch) = vectors.next().await {
            self.add(&StepBatch::new(&batch?), &mut groups);
        }
        let mut builder = StepVectorsBuilder::new(steps);
        let mut accumulators = groups.accumulators.into_iter();
        for (labels, drop_name) in groups.labels.iter().zip(groups.drop_name) {
            let cells = accumulators
                .by_ref()
                .take(steps)
                .zip(&parameter)
                .map(|(a, &p)| a.finish(p));
            builder.push_row(labels.encoded(), drop_name, cells);
        }
        Ok(builder.finish())
    }

    fn add(&self, batch: &StepBatch, groups: &mut Groups) {
        let steps = self.grid.steps();
        for row in 0..batch.len() {
            let group = self.grouping.group_of(&batch.labels(row));
            let number = match groups.by_labels.get(&group) {
                Some(&number) => number,
                None => {
                    let number = groups.labels.len();
                    groups.by_labels.insert(group.clone(), number);
                    groups.labels.push(group);
                    groups.drop_name.push(false);
                    groups
                        .accumulators
                        .extend((0..steps).map(|_| Accumulator::new(self.kind)));
                    number
                }
            };
            // A group that is named by a series whose name is to go loses the name with it.
            groups.drop_name[number] |= batch.drops_name(row) && self.grouping.keeps_name();
            let accumulators = &mut groups.accumulators[number * steps..(number + 1) * steps];
            for (accumulator, cell) in accumulators.iter_mut().zip(batch.row(row)) {
                if let Some(value) = cell {
                    accumulator.add(value);
                }
            }
        }
    }
}
