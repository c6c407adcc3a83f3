//! FinalAggregate: states of parts of the groups become the groups' results, as if one node had seen all series in
//! the order of the parts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::Labels;
use futures::StreamExt;
use queries_tables::histograms::HistogramAt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::partial_aggregate::{CELLS_PER_STATE, state_cells};
use crate::annotations::Annotations;
use crate::functions::accumulator::{Accumulator, AccumulatorKind};
use crate::functions::accumulator_state::{absorb, state_numbers};
use crate::histogram_notes::HistogramNotes;
use crate::nodes::aggregate::{Aggregate, Grouping};
use crate::nodes::histogram_group::HistogramGroup;
use crate::nodes::pace::{Pace, Reservation};
use crate::nodes::step_vectors::{StepBatch, StepVectorsBuilder, step_schema};
use crate::parser::Span;

/// Puts groups together. Inputs: one [`PartialAggregate`](super::partial_aggregate::PartialAggregate) a part, in the
/// order of the series.
#[derive(Debug, Clone)]
pub struct FinalAggregate {
    /// Which aggregation.
    pub kind: AccumulatorKind,
    /// How series are grouped.
    pub grouping: Grouping,
    /// Steps of the result.
    pub steps: usize,
    /// Where annotations go.
    pub annotations: Arc<Annotations>,
    /// Place of the vector in the query.
    pub vector_span: Span,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for FinalAggregate {
    fn name(&self) -> &'static str {
        "FinalAggregate"
    }

    fn describe(&self) -> String {
        format!("{} {}", self.kind.name(), self.grouping)
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.steps)
    }

    fn run(self: Arc<Self>, inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        Ok(futures::stream::once(async move { self.evaluate(inputs).await }).boxed())
    }
}

struct Groups {
    by_labels: HashMap<Labels, usize, foldhash::fast::RandomState>,
    labels: Vec<Labels>,
    drop_name: Vec<bool>,
    /// One a group and step, group by group.
    states: Vec<Accumulator>,
    histograms: HashMap<(usize, usize), HistogramGroup, foldhash::fast::RandomState>,
    held: Reservation,
}

impl FinalAggregate {
    /// The last part of `whole`.
    pub(super) fn of(whole: &Aggregate) -> Self {
        Self {
            kind: whole.kind,
            grouping: whole.grouping.clone(),
            steps: whole.grid.steps(),
            annotations: Arc::clone(&whole.notes.annotations),
            vector_span: whole.vector_span,
            budget: Arc::clone(&whole.budget),
        }
    }

    async fn evaluate(&self, inputs: Vec<SendableRecordBatchStream>) -> Result<RecordBatch> {
        let mut groups = Groups {
            by_labels: HashMap::default(),
            labels: Vec::new(),
            drop_name: Vec::new(),
            states: Vec::new(),
            histograms: HashMap::default(),
            held: Reservation::new(&self.budget),
        };
        let mut pace = Pace::new();
        for mut input in inputs {
            while let Some(batch) = input.next().await {
                self.add(&batch?, &mut groups, &mut pace).await?;
            }
        }
        self.finish(groups, &mut pace).await
    }

    /// Adds one part: first its groups get their numbers, so that groups stand in the order of their first series;
    /// then its histograms, which must not see its floats; then its floats.
    async fn add(&self, batch: &RecordBatch, groups: &mut Groups, pace: &mut Pace) -> Result<()> {
        let raw = batch.column(batch.num_columns() - 1).as_boolean();
        let rows = StepBatch::new(batch);
        let mut numbers = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            let labels = rows.labels(row);
            let group = if raw.value(row) {
                self.grouping.group_of(&labels)
            } else {
                labels
            };
            let number = self.number(group, groups)?;
            groups.drop_name[number] |= rows.drops_name(row);
            numbers.push(number);
        }
        for (row, &number) in numbers.iter().enumerate().filter(|(row, _)| raw.value(*row)) {
            self.add_histograms(&rows, row, number, groups)?;
        }
        let cells = state_cells(self.kind, self.steps);
        let count = state_numbers(self.kind).unwrap_or_default();
        for (row, &number) in numbers.iter().enumerate().filter(|(row, _)| !raw.value(*row)) {
            pace.spend(cells).await;
            let states = &mut groups.states[number * self.steps..(number + 1) * self.steps];
            for (step, state) in states.iter_mut().enumerate() {
                let mut numbers = [0.0; 4];
                let mut any = false;
                for (i, slot) in numbers.iter_mut().enumerate().take(count) {
                    if let Some(value) = rows.value(row, i * self.steps + step) {
                        (*slot, any) = (value, true);
                    }
                }
                if any {
                    absorb(state, numbers);
                }
            }
        }
        Ok(())
    }

    fn number(&self, group: Labels, groups: &mut Groups) -> Result<usize> {
        if let Some(&number) = groups.by_labels.get(&group) {
            return Ok(number);
        }
        groups.held.grow(self.steps * CELLS_PER_STATE)?;
        let number = groups.labels.len();
        groups.by_labels.insert(group.clone(), number);
        groups.labels.push(group);
        groups.drop_name.push(false);
        let empty = (0..self.steps).map(|_| Accumulator::new(self.kind));
        groups.states.extend(empty);
        Ok(number)
    }

    fn notes<'a>(&'a self, name: &'a str) -> HistogramNotes<'a> {
        HistogramNotes {
            annotations: &self.annotations,
            span: self.vector_span,
            name,
        }
    }

    fn add_histograms(&self, rows: &StepBatch, row: usize, number: usize, groups: &mut Groups) -> Result<()> {
        let labels = rows.labels(row);
        let notes = self.notes(labels.metric_name());
        let mean = self.kind == AccumulatorKind::Avg;
        for (place, histogram) in rows.histograms(row) {
            let (step, after_floats) = match (*place as usize).checked_sub(self.steps) {
                Some(step) => (step, true),
                None => (*place as usize, false),
            };
            let floats = after_floats || !groups.states[number * self.steps + step].is_empty();
            match groups.histograms.entry((number, step)) {
                Entry::Occupied(mut group) => group.get_mut().add(histogram, &notes),
                Entry::Vacant(group) => {
                    groups.held.grow(CELLS_PER_STATE)?;
                    group.insert(HistogramGroup::new(histogram, mean, floats));
                }
            }
        }
        Ok(())
    }

    async fn finish(&self, mut groups: Groups, pace: &mut Pace) -> Result<RecordBatch> {
        let mut builder = StepVectorsBuilder::new(self.steps, &self.budget);
        let mut states = groups.states.into_iter();
        for (number, (labels, drop_name)) in groups.labels.iter().zip(groups.drop_name).enumerate() {
            pace.spend(self.steps).await;
            let cells = states.by_ref().take(self.steps);
            let mut floats: Vec<Option<f64>> = cells.map(|state| state.finish(f64::NAN)).collect();
            let mut histograms: Vec<HistogramAt> = Vec::new();
            for (step, float) in floats.iter_mut().enumerate() {
                if let Some(group) = groups.histograms.remove(&(number, step)) {
                    let found = group.finish(float.take(), &self.notes(""));
                    histograms.extend(found.map(|histogram| (step as i64, Arc::new(histogram))));
                }
            }
            builder.push_mixed(labels.encoded(), drop_name, floats, &histograms)?;
        }
        Ok(builder.finish())
    }
}
