//! PartialAggregate: groups of some of the series, as states that can be put together with those of others. Native
//! histograms that are added up travel as they are: what is told of them depends on what came before.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::Labels;
use futures::StreamExt;
use queries_tables::histograms::HistogramAt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use crate::annotations::Annotations;
use crate::functions::accumulator::{Accumulator, AccumulatorKind};
use crate::functions::accumulator_state::{state_numbers, to_numbers};
use crate::histogram_notes::HistogramNotes;
use crate::nodes::aggregate::{Aggregate, Grouping};
use crate::nodes::pace::{Pace, Reservation};
use crate::nodes::step_vectors::{StepBatch, StepVectorsBuilder, step_schema};
use crate::parser::Span;

/// What a group holds at a step, in cells of the budget, as in the undivided aggregation.
pub(super) const CELLS_PER_STATE: usize = 2;

/// Aggregates some of the series of each group. One batch comes out: a row a group with its states, then a row for
/// each series with native histograms that are added up.
#[derive(Debug, Clone)]
pub struct PartialAggregate {
    /// Which aggregation.
    pub kind: AccumulatorKind,
    /// How series are grouped.
    pub grouping: Grouping,
    /// Steps of the rows that come in.
    pub steps: usize,
    /// Where annotations go.
    pub annotations: Arc<Annotations>,
    /// Place of the vector in the query.
    pub vector_span: Span,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

/// Cells of a row of states: all numbers of a kind side by side, step by step, and one more that is always there,
/// because a row without any would not exist.
pub(super) fn state_cells(kind: AccumulatorKind, steps: usize) -> usize {
    state_numbers(kind).unwrap_or_default() * steps + 1
}

/// Schema of states over `steps` steps: step vectors of [`state_cells`] and `raw`, which says of a row that it is
/// not a group's states but a series' histograms. These are at their step, or `steps` later if floats of their
/// group came before them.
pub(crate) fn partial_schema(kind: AccumulatorKind, steps: usize) -> SchemaRef {
    let rows = step_schema(state_cells(kind, steps));
    let raw = Arc::new(Field::new("raw", DataType::Boolean, false));
    let fields = rows.fields().iter().cloned().chain([raw]);
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

impl Operation for PartialAggregate {
    fn name(&self) -> &'static str {
        "PartialAggregate"
    }

    fn describe(&self) -> String {
        format!("{} {}", self.kind.name(), self.grouping)
    }

    fn schema(&self) -> SchemaRef {
        partial_schema(self.kind, self.steps)
    }

    fn run(
        self: Arc<Self>,
        mut inputs: Vec<SendableRecordBatchStream>,
        _at: RunAt<'_>,
    ) -> Result<BatchStream> {
        let input = inputs.remove(0);
        Ok(futures::stream::once(async move { self.evaluate(input).await }).boxed())
    }
}

/// A series with histograms that are added up later.
struct RawSeries {
    labels: Labels,
    drop_name: bool,
    histograms: Vec<HistogramAt>,
}

struct Groups {
    by_labels: HashMap<Labels, usize, foldhash::fast::RandomState>,
    labels: Vec<Labels>,
    drop_name: Vec<bool>,
    /// One a group and step, group by group.
    states: Vec<Accumulator>,
    raw: Vec<RawSeries>,
    held: Reservation,
}

impl PartialAggregate {
    /// The part of `whole` that sees some of the series.
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

    async fn evaluate(&self, mut input: SendableRecordBatchStream) -> Result<RecordBatch> {
        let mut groups = Groups {
            by_labels: HashMap::default(),
            labels: Vec::new(),
            drop_name: Vec::new(),
            states: Vec::new(),
            raw: Vec::new(),
            held: Reservation::new(&self.budget),
        };
        let mut pace = Pace::new();
        while let Some(batch) = input.next().await {
            let batch = StepBatch::new(&batch?);
            for row in 0..batch.len() {
                pace.spend(self.steps).await;
                self.add(&batch, row, &mut groups)?;
            }
        }
        self.finish(groups, &mut pace).await
    }

    fn add(&self, batch: &StepBatch, row: usize, groups: &mut Groups) -> Result<()> {
        let labels = batch.labels(row);
        let group = self.grouping.group_of(&labels);
        let number = match groups.by_labels.get(&group) {
            Some(&number) => number,
            None => {
                groups.held.grow(self.steps * CELLS_PER_STATE)?;
                let number = groups.labels.len();
                groups.by_labels.insert(group.clone(), number);
                groups.labels.push(group);
                groups.drop_name.push(false);
                let empty = (0..self.steps).map(|_| Accumulator::new(self.kind));
                groups.states.extend(empty);
                number
            }
        };
        groups.drop_name[number] |= batch.drops_name(row);
        let states = &mut groups.states[number * self.steps..(number + 1) * self.steps];
        for (state, cell) in states.iter_mut().zip(batch.row(row)) {
            if let Some(value) = cell {
                state.add(value);
            }
        }
        if batch.histograms(row).is_empty() {
            return Ok(());
        }
        match self.kind {
            AccumulatorKind::Count | AccumulatorKind::Group => {
                for (step, _) in batch.histograms(row) {
                    states[*step as usize].add(1.0);
                }
            }
            AccumulatorKind::Sum | AccumulatorKind::Avg => {
                groups.held.grow(batch.histograms(row).len() * CELLS_PER_STATE)?;
                let placed = batch.histograms(row).iter().map(|(step, histogram)| {
                    let after_floats = !states[*step as usize].is_empty();
                    let place = *step + if after_floats { self.steps as i64 } else { 0 };
                    (place, Arc::clone(histogram))
                });
                let histograms = placed.collect();
                groups.raw.push(RawSeries {
                    labels,
                    drop_name: batch.drops_name(row),
                    histograms,
                });
            }
            _ => {
                let notes = HistogramNotes {
                    annotations: &self.annotations,
                    span: self.vector_span,
                    name: labels.metric_name(),
                };
                notes.ignored_in_aggregation(self.kind.name());
            }
        }
        Ok(())
    }

    async fn finish(&self, groups: Groups, pace: &mut Pace) -> Result<RecordBatch> {
        let cells = state_cells(self.kind, self.steps);
        let numbers = state_numbers(self.kind).unwrap_or_default();
        let mut builder = StepVectorsBuilder::new(cells, &self.budget);
        let states = groups.states.chunks(self.steps.max(1));
        for ((labels, drop_name), states) in groups.labels.iter().zip(&groups.drop_name).zip(states) {
            pace.spend(cells).await;
            let numbers = (0..numbers)
                .flat_map(|number| states.iter().map(move |s| to_numbers(s).map(|all| all[number])));
            builder.push_row(labels.encoded(), *drop_name, numbers.chain([Some(0.0)]))?;
        }
        let mut raw = vec![false; builder.len()];
        for RawSeries {
            labels,
            drop_name,
            histograms,
        } in &groups.raw
        {
            pace.spend(cells).await;
            let none = std::iter::repeat_n(None, cells);
            builder.push_mixed(labels.encoded(), *drop_name, none, histograms)?;
        }
        raw.resize(builder.len(), true);
        let mut columns: Vec<ArrayRef> = builder.finish().columns().to_vec();
        columns.push(Arc::new(BooleanArray::from(raw)));
        let batch = RecordBatch::try_new(self.schema(), columns);
        Ok(batch.expect("columns are built by the schema"))
    }
}
