//! TopK: the k largest (or smallest) elements of each group, chosen anew at each step.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use engine_model::Labels;
use futures::StreamExt;
use queries_tables::Operation;
use queries_tables::operation::BatchStream;

use super::aggregate::Grouping;
use super::step_vectors::{StepBatch, StepVectorsBuilder, collect, collect_scalar, step_schema};
use crate::error::EvalError;

/// Which elements are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopKind {
    /// The largest.
    Largest,
    /// The smallest.
    Smallest,
    /// The first ones.
    First,
}

/// Keeps k elements of each group. Inputs: the vectors, then k.
#[derive(Debug)]
pub struct TopK {
    /// Which elements are kept.
    pub kind: TopKind,
    /// How series are grouped.
    pub grouping: Grouping,
    /// Steps of the rows.
    pub steps: usize,
}

impl Operation for TopK {
    fn name(&self) -> &'static str {
        "TopK"
    }

    fn describe(&self) -> String {
        format!("{:?} by ({})", self.kind, self.grouping.labels.join(", "))
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.steps)
    }

    fn run(
        self: Arc<Self>,
        inputs: Vec<SendableRecordBatchStream>,
        _context: &TaskContext,
    ) -> Result<BatchStream> {
        Ok(futures::stream::once(async move { self.evaluate(inputs).await }).boxed())
    }
}

/// A series: its batch and row.
type Place = (usize, usize);

impl TopK {
    async fn evaluate(&self, inputs: Vec<SendableRecordBatchStream>) -> Result<RecordBatch> {
        let mut inputs = inputs.into_iter();
        let batches = collect(inputs.next().expect("the vectors are an input")).await?;
        let parameter = collect_scalar(inputs.next().expect("k is an input"), self.steps).await?;
        if parameter.iter().any(|k| k.is_nan()) {
            return Err(EvalError::Invalid("Parameter value is NaN".to_owned()).into());
        }
        let groups = self.groups(&batches);
        let mut builder = StepVectorsBuilder::new(self.steps);
        for group in &groups {
            if self.steps == 1 {
                for (place, value) in self.chosen(&batches, group, 0, parameter[0]) {
                    let batch = &batches[place.0];
                    builder.push_row(
                        batch.encoded_labels(place.1),
                        batch.drops_name(place.1),
                        [Some(value)],
                    );
                }
                continue;
            }
            self.push_range(&batches, group, &parameter, &mut builder);
        }
        Ok(builder.finish())
    }

    fn groups(&self, batches: &[StepBatch]) -> Vec<Vec<Place>> {
        let mut groups: Vec<Vec<Place>> = Vec::new();
        let mut by_labels: HashMap<Labels, usize, foldhash::fast::RandomState> = HashMap::default();
        for (b, batch) in batches.iter().enumerate() {
            for row in 0..batch.len() {
                let group = self.grouping.group_of(&batch.labels(row));
                let number = *by_labels.entry(group).or_insert_with(|| {
                    groups.push(Vec::new());
                    groups.len() - 1
                });
                groups[number].push((b, row));
            }
        }
        groups
    }

    fn push_range(
        &self,
        batches: &[StepBatch],
        group: &[Place],
        parameter: &[f64],
        builder: &mut StepVectorsBuilder,
    ) {
        let mut cells: HashMap<Place, Vec<Option<f64>>> = HashMap::new();
        for (step, &k) in parameter.iter().enumerate() {
            for (place, value) in self.chosen(batches, group, step, k) {
                cells.entry(place).or_insert_with(|| vec![None; self.steps])[step] = Some(value);
            }
        }
        for &place in group {
            if let Some(cells) = cells.remove(&place) {
                let batch = &batches[place.0];
                builder.push_row(batch.encoded_labels(place.1), batch.drops_name(place.1), cells);
            }
        }
    }

    /// The kept elements of one group at one step, best first. NaN loses to every number.
    fn chosen(&self, batches: &[StepBatch], group: &[Place], step: usize, k: f64) -> Vec<(Place, f64)> {
        if k < 1.0 {
            return Vec::new();
        }
        let present = group
            .iter()
            .filter_map(|&(b, row)| Some(((b, row), batches[b].value(row, step)?)));
        let mut elements: Vec<(Place, f64)> = present.collect();
        if self.kind != TopKind::First {
            elements.sort_by(|a, b| match (a.1.is_nan(), b.1.is_nan()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) if self.kind == TopKind::Largest => {
                    b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal)
                }
                (false, false) => a.1.partial_cmp(&b.1).unwrap_or(Ordering::Equal),
            });
        }
        elements.truncate(k.min(usize::MAX as f64) as usize);
        elements
    }
}
