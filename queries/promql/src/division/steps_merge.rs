//! StepsMerge: rows of ranges of steps become rows of all steps. A series has a row in each range in which it has
//! samples; ranges follow each other without gaps.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use queries_tables::histograms::HistogramAt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, PlanNode, SampleBudget};

use super::steps::steps_of;
use super::task::StepRange;
use crate::nodes::pace::{Pace, Reservation};
use crate::nodes::step_vectors::{StepBatch, StepVectorsBuilder, step_schema};
use crate::plan::Plan;

/// Puts ranges of steps together. Inputs: the ranges in the order of time.
#[derive(Debug, Clone)]
pub struct StepsMerge {
    /// Steps of each range.
    pub lengths: Vec<usize>,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

/// A row on its way: its cells so far, and how many rows of its labels came before it in the range.
struct Row {
    labels: Vec<u8>,
    drop_name: bool,
    cells: Vec<Option<f64>>,
    histograms: Vec<HistogramAt>,
}

/// Labels, mark, and which of several such rows in one range.
type Key = (Vec<u8>, bool, usize);

impl StepsMerge {
    /// A merge of `slices`, whose rows count against `budget`.
    pub(super) fn over(slices: Vec<Plan>, budget: &Arc<SampleBudget>) -> Plan {
        let merge = Self {
            lengths: slices.iter().map(|s| steps_of(s).unwrap_or_default()).collect(),
            budget: Arc::clone(budget),
        };
        PlanNode::plan(merge, slices)
    }

    fn steps(&self) -> usize {
        self.lengths.iter().sum()
    }

    /// The ranges of steps.
    pub(super) fn ranges(&self) -> Vec<StepRange> {
        let of = self.steps();
        let mut next = 0;
        let range = |length: &usize| {
            let steps = next..next + length;
            next = steps.end;
            StepRange { steps, of }
        };
        self.lengths.iter().map(range).collect()
    }

    async fn merged(&self, inputs: Vec<SendableRecordBatchStream>) -> Result<RecordBatch> {
        let steps = self.steps();
        let mut rows: Vec<Row> = Vec::new();
        let mut by_key: HashMap<Key, usize, foldhash::fast::RandomState> = HashMap::default();
        let mut held = Reservation::new(&self.budget);
        let mut pace = Pace::new();
        for (mut input, range) in inputs.into_iter().zip(self.ranges()) {
            let mut seen: HashMap<(Vec<u8>, bool), usize, foldhash::fast::RandomState> = HashMap::default();
            while let Some(batch) = input.next().await {
                let batch = StepBatch::new(&batch?);
                for row in 0..batch.len() {
                    pace.spend(range.steps.len()).await;
                    let (labels, drop_name) = (batch.encoded_labels(row).to_vec(), batch.drops_name(row));
                    let before = seen.entry((labels.clone(), drop_name)).or_default();
                    let key = (labels, drop_name, *before);
                    *before += 1;
                    let number = match by_key.get(&key) {
                        Some(&number) => number,
                        None => {
                            held.grow(steps)?;
                            rows.push(Row {
                                labels: key.0.clone(),
                                drop_name,
                                cells: vec![None; steps],
                                histograms: Vec::new(),
                            });
                            by_key.insert(key, rows.len() - 1);
                            rows.len() - 1
                        }
                    };
                    rows[number].absorb(&batch, row, range.steps.start);
                }
            }
        }
        let mut builder = StepVectorsBuilder::new(steps, &self.budget);
        for row in rows {
            pace.spend(steps).await;
            builder.push_mixed(&row.labels, row.drop_name, row.cells, &row.histograms)?;
            held.shrink(steps);
        }
        Ok(builder.finish())
    }
}

impl Row {
    /// Takes the samples of a range that begins at step `start`.
    fn absorb(&mut self, batch: &StepBatch, row: usize, start: usize) {
        for (mine, theirs) in self.cells[start..].iter_mut().zip(batch.row(row)) {
            *mine = theirs;
        }
        let later = batch.histograms(row).iter();
        self.histograms
            .extend(later.map(|(step, histogram)| (step + start as i64, Arc::clone(histogram))));
    }
}

impl Operation for StepsMerge {
    fn name(&self) -> &'static str {
        "StepsMerge"
    }

    fn describe(&self) -> String {
        format!("{} ranges of {} steps", self.lengths.len(), self.steps())
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.steps())
    }

    fn run(self: Arc<Self>, inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        Ok(futures::stream::once(async move { self.merged(inputs).await }).boxed())
    }
}
