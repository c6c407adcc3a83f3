//! Unique: after labels were changed, two series may have become one. Two samples of one label set at one
//! step are Prometheus's error; where a function allows it, rows that never meet at a step are merged.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use queries_tables::folded::decode_labels;
use queries_tables::histograms::HistogramAt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::pace::{Pace, Reservation};
use super::step_vectors::{StepBatch, StepVectorsBuilder, step_schema};
use crate::error::EvalError;

/// What is done about rows with equal labels.
#[derive(Debug, Clone)]
pub enum Duplicates {
    /// They are merged, unless two samples meet at a step.
    Merge,
    /// They are the error, even if their samples never meet: the rule of functions over windows.
    Refuse,
    /// None is expected, so rows pass one by one. If there is one nevertheless the flag is raised and the
    /// query fails; it is then planned again with [`Self::Merge`].
    Unexpected(Arc<AtomicBool>),
}

/// Makes label sets unique.
#[derive(Debug, Clone)]
pub struct Unique {
    /// Steps of the rows.
    pub steps: usize,
    /// What is done about rows with equal labels.
    pub duplicates: Duplicates,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for Unique {
    fn name(&self) -> &'static str {
        "Unique"
    }

    fn describe(&self) -> String {
        match self.duplicates {
            Duplicates::Merge => "merge",
            Duplicates::Refuse => "refuse",
            Duplicates::Unexpected(_) => "expect none",
        }
        .to_owned()
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.steps)
    }

    fn run(
        self: Arc<Self>,
        mut inputs: Vec<SendableRecordBatchStream>,
        _at: RunAt<'_>,
    ) -> Result<BatchStream> {
        let input = inputs.remove(0);
        if let Duplicates::Merge = self.duplicates {
            return Ok(futures::stream::once(async move { self.merge(input).await }).boxed());
        }
        let mut seen = HashSet::new();
        Ok(input.map(move |batch| self.pass(batch?, &mut seen)).boxed())
    }
}

struct Row {
    labels: Vec<u8>,
    drop_name: bool,
    cells: Vec<Option<f64>>,
    histograms: Vec<HistogramAt>,
}

impl Unique {
    /// Lets a batch through when none of its rows came before.
    fn pass(&self, batch: RecordBatch, seen: &mut HashSet<u128>) -> Result<RecordBatch> {
        let rows = StepBatch::new(&batch);
        for row in 0..rows.len() {
            if !seen.insert(decode_labels(rows.encoded_labels(row)).fingerprint()) {
                if let Duplicates::Unexpected(flag) = &self.duplicates {
                    flag.store(true, Ordering::Relaxed);
                }
                return Err(DataFusionError::from(EvalError::SameLabelset));
            }
        }
        Ok(batch)
    }

    async fn merge(&self, mut input: SendableRecordBatchStream) -> Result<RecordBatch> {
        let mut rows: Vec<Row> = Vec::new();
        let mut by_labels: HashMap<Vec<u8>, usize, foldhash::fast::RandomState> = HashMap::default();
        let mut held = Reservation::new(&self.budget);
        let mut pace = Pace::new();
        while let Some(batch) = input.next().await {
            let batch = StepBatch::new(&batch?);
            for row in 0..batch.len() {
                pace.spend(self.steps).await;
                let labels = batch.encoded_labels(row);
                if let Some(&first) = by_labels.get(labels) {
                    rows[first].absorb(&batch, row)?;
                    continue;
                }
                held.grow(self.steps)?;
                by_labels.insert(labels.to_vec(), rows.len());
                rows.push(Row {
                    labels: labels.to_vec(),
                    drop_name: batch.drops_name(row),
                    cells: batch.row(row).collect(),
                    histograms: batch.histograms(row).to_vec(),
                });
            }
        }
        let mut builder = StepVectorsBuilder::new(self.steps, &self.budget);
        for row in rows {
            pace.spend(self.steps).await;
            builder.push_mixed(&row.labels, row.drop_name, row.cells, &row.histograms)?;
            held.shrink(self.steps);
        }
        Ok(builder.finish())
    }
}

impl Row {
    /// Takes the samples of another row of the same labels.
    fn absorb(&mut self, batch: &StepBatch, row: usize) -> Result<()> {
        let meets = || Err(DataFusionError::from(EvalError::SameLabelset));
        if !self.histograms.is_empty() || !batch.histograms(row).is_empty() {
            let mut present: Vec<bool> = self.cells.iter().map(Option::is_some).collect();
            for (step, _) in &self.histograms {
                present[*step as usize] = true;
            }
            if (0..present.len()).any(|step| present[step] && batch.cell(row, step).is_some()) {
                return meets();
            }
            self.histograms.extend_from_slice(batch.histograms(row));
            self.histograms.sort_by_key(|(step, _)| *step);
        }
        for (mine, theirs) in self.cells.iter_mut().zip(batch.row(row)) {
            match (*mine, theirs) {
                (Some(_), Some(_)) => return meets(),
                (None, theirs) => *mine = theirs,
                (Some(_), None) => {}
            }
        }
        Ok(())
    }
}
