//! Aggregate: series of a group become one. Groups get a dense number once per series; the samples are
//! then added up by number and step, in the order of the series.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::{Labels, METRIC_NAME, filter_encoded};
use futures::StreamExt;
use queries_tables::folded::decode_labels;
use queries_tables::histograms::HistogramAt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::histogram_group::HistogramGroup;
use super::pace::{Pace, Reservation};
use super::range_notes::quantile_warning;
use super::step_vectors::{StepBatch, StepVectorsBuilder, collect_scalar, step_schema};
use crate::annotations::Annotations;
use crate::functions::accumulator::{Accumulator, AccumulatorKind};
use crate::functions::math;
use crate::grid::Grid;
use crate::histogram_notes::HistogramNotes;
use crate::parser::Span;

/// What a group holds at a step, in cells of the budget: a state is some 40 bytes, a cell 16 in Prometheus.
const CELLS_PER_STATE: usize = 2;

/// How series are grouped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Labels of `by` or `without`.
    pub labels: Vec<String>,
    /// `without` rather than `by`.
    pub without: bool,
}

/// As it is written: `by (a, b)`.
impl fmt::Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clause = if self.without { "without" } else { "by" };
        write!(f, "{clause} ({})", self.labels.join(", "))
    }
}

impl Grouping {
    /// Writes the labels (encoded) of the group that a series belongs to over `key`.
    fn write_key(&self, labels: &[u8], key: &mut Vec<u8>) {
        key.clear();
        let listed = |name: &[u8]| self.labels.iter().any(|label| label.as_bytes() == name);
        let written = if self.without {
            let keep = |name: &[u8]| name != METRIC_NAME.as_bytes() && !listed(name);
            filter_encoded(labels, keep, key)
        } else if self.labels.is_empty() {
            Ok(())
        } else {
            filter_encoded(labels, listed, key)
        };
        written.expect("label columns hold encoded label sets");
    }

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
}

/// The parameter of an operator, and where it stands in the query.
#[derive(Debug, Clone)]
pub struct ParameterNotes {
    /// Where annotations go.
    pub annotations: Arc<Annotations>,
    /// Place of the parameter in the query.
    pub span: Span,
}

/// Aggregates by group. Inputs: the vectors, then the parameter of the operators that take one.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// Which aggregation.
    pub kind: AccumulatorKind,
    /// How series are grouped.
    pub grouping: Grouping,
    /// Instants of the query.
    pub grid: Grid,
    /// What is said about the parameter.
    pub notes: ParameterNotes,
    /// Place of the vector in the query.
    pub vector_span: Span,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for Aggregate {
    fn name(&self) -> &'static str {
        "Aggregate"
    }

    fn describe(&self) -> String {
        format!("{} {}", self.kind.name(), self.grouping)
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.grid.steps())
    }

    fn run(self: Arc<Self>, inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        Ok(futures::stream::once(async move { self.evaluate(inputs).await }).boxed())
    }
}

struct Groups {
    /// By their labels, encoded.
    numbers: HashMap<Vec<u8>, usize, foldhash::fast::RandomState>,
    /// Labels of the group that is looked for.
    key: Vec<u8>,
    labels: Vec<Labels>,
    drop_name: Vec<bool>,
    /// One a group and step, group by group.
    accumulators: Vec<Accumulator>,
    /// Native histograms that are added up, by group and step.
    histograms: HashMap<(usize, usize), HistogramGroup, foldhash::fast::RandomState>,
    held: Reservation,
    pace: Pace,
}

impl Aggregate {
    async fn evaluate(&self, inputs: Vec<SendableRecordBatchStream>) -> Result<RecordBatch> {
        let steps = self.grid.steps();
        let mut inputs = inputs.into_iter();
        let mut vectors = inputs.next().expect("the vectors are an input");
        let parameter = match inputs.next() {
            Some(input) => collect_scalar(input, steps).await?,
            None => Vec::new(),
        };
        if self.kind == AccumulatorKind::Quantile {
            self.check_quantiles(&parameter);
        }
        let mut groups = Groups {
            numbers: HashMap::default(),
            key: Vec::new(),
            labels: Vec::new(),
            drop_name: Vec::new(),
            accumulators: Vec::new(),
            histograms: HashMap::default(),
            held: Reservation::new(&self.budget),
            pace: Pace::new(),
        };
        while let Some(batch) = vectors.next().await {
            self.add(&StepBatch::new(&batch?), &mut groups).await?;
        }
        let mut builder = StepVectorsBuilder::new(steps, &self.budget);
        let mut accumulators = groups.accumulators.into_iter();
        for (number, (labels, drop_name)) in groups.labels.iter().zip(groups.drop_name).enumerate() {
            groups.pace.spend(steps).await;
            let cells = accumulators.by_ref().take(steps).enumerate();
            let cells = cells.map(|(step, a)| a.finish(parameter.get(step).copied().unwrap_or(f64::NAN)));
            if groups.histograms.is_empty() {
                builder.push_row(labels.encoded(), drop_name, cells)?;
                continue;
            }
            let mut floats: Vec<Option<f64>> = cells.collect();
            let mut histograms: Vec<HistogramAt> = Vec::new();
            for (step, float) in floats.iter_mut().enumerate() {
                if let Some(group) = groups.histograms.remove(&(number, step)) {
                    let found = group.finish(float.take(), &self.histogram_notes(""));
                    histograms.extend(found.map(|histogram| (step as i64, Arc::new(histogram))));
                }
            }
            builder.push_mixed(labels.encoded(), drop_name, floats, &histograms)?;
        }
        Ok(builder.finish())
    }

    /// Warns of quantiles that are none: the largest, the smallest, and NaN.
    fn check_quantiles(&self, quantiles: &[f64]) {
        let (least, most) = extremes(quantiles);
        let nan = quantiles.iter().any(|q| q.is_nan()).then_some(f64::NAN);
        for quantile in [least, most].into_iter().filter(|q| !q.is_nan()).chain(nan) {
            if let Some(text) = quantile_warning(quantile) {
                self.notes.annotations.warn(&text, self.notes.span);
            }
        }
    }

    async fn add(&self, batch: &StepBatch, groups: &mut Groups) -> Result<()> {
        let steps = self.grid.steps();
        for row in 0..batch.len() {
            groups.pace.spend(steps).await;
            self.grouping
                .write_key(batch.encoded_labels(row), &mut groups.key);
            let number = match groups.numbers.get(&groups.key) {
                Some(&number) => number,
                None => self.new_group(groups)?,
            };
            // A group with a series that is no longer its metric is none either.
            groups.drop_name[number] |= batch.drops_name(row);
            if self.kind == AccumulatorKind::Quantile {
                groups.held.grow(steps)?;
            }
            let accumulators = &mut groups.accumulators[number * steps..(number + 1) * steps];
            match batch.full_row(row) {
                Some(values) => {
                    for (accumulator, value) in accumulators.iter_mut().zip(values) {
                        accumulator.add(*value);
                    }
                }
                None => {
                    for (accumulator, cell) in accumulators.iter_mut().zip(batch.row(row)) {
                        cell.into_iter().for_each(|value| accumulator.add(value));
                    }
                }
            }
            if !batch.histograms(row).is_empty() {
                self.add_histograms(batch, row, number, groups)?;
            }
        }
        Ok(())
    }

    fn histogram_notes<'a>(&'a self, name: &'a str) -> HistogramNotes<'a> {
        HistogramNotes {
            annotations: &self.notes.annotations,
            span: self.vector_span,
            name,
        }
    }

    /// Native histograms are counted and added up; aggregations of numbers leave them out.
    fn add_histograms(
        &self,
        batch: &StepBatch,
        row: usize,
        number: usize,
        groups: &mut Groups,
    ) -> Result<()> {
        let steps = self.grid.steps();
        let labels = batch.labels(row);
        let notes = self.histogram_notes(labels.metric_name());
        for (step, histogram) in batch.histograms(row) {
            let step = *step as usize;
            match self.kind {
                AccumulatorKind::Count | AccumulatorKind::Group => {
                    groups.accumulators[number * steps + step].add(1.0);
                }
                AccumulatorKind::Sum | AccumulatorKind::Avg => {
                    let mean = self.kind == AccumulatorKind::Avg;
                    let floats = !groups.accumulators[number * steps + step].is_empty();
                    let group = groups.histograms.entry((number, step));
                    match group {
                        Entry::Occupied(mut group) => group.get_mut().add(histogram, &notes),
                        Entry::Vacant(group) => {
                            groups.held.grow(CELLS_PER_STATE)?;
                            group.insert(HistogramGroup::new(histogram, mean, floats));
                        }
                    }
                }
                _ => notes.ignored_in_aggregation(self.kind.name()),
            }
        }
        Ok(())
    }

    fn new_group(&self, groups: &mut Groups) -> Result<usize> {
        let steps = self.grid.steps();
        groups.held.grow(steps * CELLS_PER_STATE)?;
        let number = groups.labels.len();
        groups.numbers.insert(groups.key.clone(), number);
        groups.labels.push(decode_labels(&groups.key));
        groups.drop_name.push(false);
        groups
            .accumulators
            .extend((0..steps).map(|_| Accumulator::new(self.kind)));
        Ok(number)
    }
}

/// The smallest and the largest value as Go's `math.Min` and `math.Max` find them: NaN when any is.
pub(super) fn extremes(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::MAX, f64::MIN), |(least, most), &value| {
        (math::min(least, value), math::max(most, value))
    })
}
