//! Window: from the samples of each series to one value a step, by the newest sample (an instant
//! selector) or by a function over the samples of a range. A window slides over the samples once.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use engine_model::duration::format_duration_ms;
use engine_model::staleness::is_stale;
use futures::{StreamExt, TryStreamExt};
use queries_tables::folded::FoldedBatch;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::looks::{Looks, Seen};
use super::mixed_window::{MixedSeries, with_hints};
use super::names::NameHandling;
use super::pace::Pace;
use super::range_notes::{RangeNotes, Violation};
use super::step_vectors::{StepVectorsBuilder, collect_scalar, step_schema};
use crate::annotations::Annotations;
use crate::functions::extended;
use crate::functions::range::{RangeEvaluation, Samples};
use crate::functions::sweep::{Cells, Edge, Windows, advance};
use crate::grid::Grid;
use crate::parser::Span;

/// Batches that are evaluated at a time: as many as there are threads for queries on a small machine.
const AT_A_TIME: usize = 2;

/// Samples and cells of a batch that is worth a task: some 100 µs of work, a few times what a change of threads takes.
const WORTH_A_TASK: usize = 1 << 15;

/// What of a newest sample is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The sample.
    Sample,
    /// Its time in seconds.
    Time,
    /// Its time in seconds, of an info metric: native histograms are an error.
    InfoTime,
    /// The time in seconds at which what it counts began, 0 if it does not say.
    Start,
}

/// What a window gives.
#[derive(Debug, Clone)]
pub enum WindowKind {
    /// The newest sample of `(t − lookback, t]`, nothing if that is a staleness marker.
    Newest {
        /// How far back a sample counts as current, ms.
        lookback_ms: i64,
        /// What of the sample is asked for.
        shown: Shown,
    },
    /// The value at `t` on the line between its neighbours in `(t − lookback, t + lookback]`.
    Smoothed {
        /// How far away a neighbour may be, ms.
        lookback_ms: i64,
        /// Where annotations go.
        annotations: Arc<Annotations>,
        /// Place of the selector in the query.
        span: Span,
    },
    /// A function over the samples of `(t − range, t]`, staleness markers left out.
    Range {
        /// The function.
        evaluation: RangeEvaluation,
        /// Width of the window, ms.
        range_ms: i64,
        /// What is said about results.
        notes: RangeNotes,
    },
}

impl WindowKind {
    /// How far before (exclusive) and behind the instant at which a window ends it looks at samples, ms.
    pub fn reach_ms(&self) -> (i64, i64) {
        match self {
            Self::Newest { lookback_ms, .. } => (*lookback_ms, 0),
            Self::Smoothed { lookback_ms, .. } => (*lookback_ms, *lookback_ms),
            Self::Range {
                evaluation, range_ms, ..
            } => (range_ms.saturating_add(evaluation.before_ms), evaluation.after_ms),
        }
    }
}

/// Evaluates windows over folded rows. Inputs: the rows, then one scalar for each parameter.
#[derive(Debug, Clone)]
pub struct Window {
    /// What a window gives.
    pub kind: WindowKind,
    /// Instants at which windows end, offset and `@` taken into account.
    pub grid: Grid,
    /// Instants of the query: parameters and functions of time look at these.
    pub query_grid: Grid,
    /// Whether the metric name goes away, now or at the end of the query.
    pub name: NameHandling,
    /// Whether native histograms get hints of what resets they show.
    pub tell_resets: bool,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
    /// Samples by step, counted where the budget says so.
    pub looks: Looks,
}

impl Operation for Window {
    fn name(&self) -> &'static str {
        "Window"
    }

    fn describe(&self) -> String {
        match &self.kind {
            WindowKind::Newest { lookback_ms, .. } => {
                format!("newest [{}]", format_duration_ms(*lookback_ms))
            }
            WindowKind::Smoothed { lookback_ms, .. } => {
                format!("smoothed [{}]", format_duration_ms(*lookback_ms))
            }
            WindowKind::Range { notes, range_ms, .. } => {
                format!("{} [{}]", notes.function.name, format_duration_ms(*range_ms))
            }
        }
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.grid.steps())
    }

    fn run(self: Arc<Self>, inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        let mut inputs = inputs.into_iter();
        let rows = inputs.next().expect("a window has an input of rows");
        let steps = self.grid.steps();
        let parameters = futures::stream::iter(inputs).then(move |input| collect_scalar(input, steps));
        let batches = async move {
            let parameters: Arc<Vec<Vec<f64>>> = Arc::new(parameters.try_collect().await?);
            let evaluated = rows.map(move |batch| {
                let (window, parameters) = (Arc::clone(&self), Arc::clone(&parameters));
                window.evaluate_apart(batch, parameters)
            });
            Ok::<_, DataFusionError>(evaluated.buffered(AT_A_TIME))
        };
        Ok(futures::stream::once(batches).try_flatten().boxed())
    }
}

impl Window {
    /// Evaluates a batch, a large one in a task of its own: neighbours are then computed side by side.
    async fn evaluate_apart(
        self: Arc<Self>,
        batch: Result<RecordBatch>,
        parameters: Arc<Vec<Vec<f64>>>,
    ) -> Result<RecordBatch> {
        let batch = batch?;
        let work = FoldedBatch::new(&batch).sample_count() + batch.num_rows() * self.grid.steps();
        let evaluate = async move { self.evaluate(&batch, &parameters).await };
        if work < WORTH_A_TASK {
            return evaluate.await;
        }
        let evaluated = SpawnedTask::spawn(evaluate).join_unwind().await;
        evaluated.map_err(|e| DataFusionError::External(Box::new(e)))?
    }

    async fn evaluate(&self, batch: &RecordBatch, parameters: &[Vec<f64>]) -> Result<RecordBatch> {
        let folded = FoldedBatch::new(batch);
        let dropped_names = dropped_names(batch);
        let mut builder = StepVectorsBuilder::new(self.grid.steps(), &self.budget);
        let mut fresh = Fresh::default();
        let mut cells = Cells::default();
        let mut pace = Pace::new();
        let mut violations = self.violations(parameters);
        for row in 0..folded.len() {
            let (timestamps, values) = folded.samples(row);
            pace.spend(timestamps.len() + self.grid.steps()).await;
            cells.clear();
            self.count_looks(&folded, row);
            let starts = folded.starts(row);
            if !folded.histograms(row).is_empty() || !starts.is_empty() {
                let hinted = self.tell_resets.then(|| with_hints(folded.histograms(row)));
                let series = MixedSeries {
                    labels: folded.labels(row),
                    timestamps,
                    values,
                    histograms: hinted.as_deref().unwrap_or(folded.histograms(row)),
                    starts: &starts,
                };
                let mixed = self.mixed(series, parameters, &mut violations, &mut pace).await?;
                let dropped = dropped_names.is_some_and(|flags| flags.value(row));
                let labels = folded.encoded_labels(row);
                self.name
                    .push_mixed(&mut builder, labels, dropped, mixed.floats, &mixed.histograms)?;
                continue;
            }
            match &self.kind {
                WindowKind::Newest { lookback_ms, shown } => {
                    self.newest(timestamps, values, *lookback_ms, *shown, &mut cells);
                    self.budget.look_at(cells.count() as u64);
                }
                WindowKind::Smoothed { lookback_ms, .. } => {
                    let (timestamps, values) = fresh.without_stale(timestamps, values);
                    self.smoothed(timestamps, values, *lookback_ms, &mut cells);
                }
                WindowKind::Range {
                    evaluation,
                    range_ms,
                    notes,
                } => {
                    let (timestamps, values) = fresh.without_stale(timestamps, values);
                    let mut slide = Slide {
                        window: self,
                        evaluation: *evaluation,
                        range_ms: *range_ms,
                        notes,
                        violations: &mut violations,
                        pace: &mut pace,
                    };
                    slide.over(timestamps, values, parameters, &mut cells).await?;
                    if cells.count() > 0 {
                        notes.of_series(|| folded.labels(row));
                    }
                }
            }
            let dropped = dropped_names.is_some_and(|flags| flags.value(row));
            let labels = folded.encoded_labels(row);
            self.name.push_cells(&mut builder, labels, dropped, &cells)?;
        }
        Ok(builder.finish())
    }

    /// Notes what the steps look at of a series, where somebody asks.
    fn count_looks(&self, folded: &FoldedBatch, row: usize) {
        if self.budget.counts_looks() {
            let (timestamps, values) = folded.samples(row);
            let series = Seen {
                timestamps,
                values,
                histograms: folded.histograms(row),
            };
            self.looks.note(&self.kind, self.grid, series);
        }
    }

    /// What is wrong with the parameters at each step; empty when nothing is.
    fn violations(&self, parameters: &[Vec<f64>]) -> Vec<Option<Violation>> {
        match &self.kind {
            WindowKind::Range { notes, .. } => notes.violations(parameters),
            WindowKind::Newest { .. } | WindowKind::Smoothed { .. } => Vec::new(),
        }
    }

    fn newest(&self, timestamps: &[i64], values: &[f64], lookback_ms: i64, shown: Shown, cells: &mut Cells) {
        let mut until = 0;
        for step in 0..self.grid.steps() {
            let time_ms = self.grid.time_ms(step);
            until += timestamps[until..].iter().take_while(|&&t| t <= time_ms).count();
            let newest = until
                .checked_sub(1)
                .filter(|&i| timestamps[i] > time_ms.saturating_sub(lookback_ms));
            let fresh = newest.filter(|&i| !is_stale(values[i]));
            cells.push(fresh.map(|i| match shown {
                Shown::Sample => values[i],
                Shown::Time | Shown::InfoTime => timestamps[i] as f64 / 1000.0,
                Shown::Start => 0.0,
            }));
        }
    }

    fn smoothed(&self, timestamps: &[i64], values: &[f64], lookback_ms: i64, cells: &mut Cells) {
        let (mut from, mut until) = (0, 0);
        for step in 0..self.grid.steps() {
            let time_ms = self.grid.time_ms(step);
            until = advance(timestamps, until, time_ms.saturating_add(lookback_ms));
            from = advance(timestamps, from, time_ms.saturating_sub(lookback_ms)).min(until);
            cells.push(extended::value_at(
                &timestamps[from..until],
                &values[from..until],
                time_ms,
            ));
        }
    }
}

/// Rows whose name goes at the end of the query, where the input says so (a subquery).
pub(crate) fn dropped_names(batch: &RecordBatch) -> Option<&BooleanArray> {
    let flags = batch.columns().get(5)?;
    flags.as_boolean_opt()
}

/// A range function on its way over one series.
struct Slide<'a> {
    window: &'a Window,
    evaluation: RangeEvaluation,
    range_ms: i64,
    notes: &'a RangeNotes,
    violations: &'a mut [Option<Violation>],
    pace: &'a mut Pace,
}

impl Slide<'_> {
    async fn over(
        &mut self,
        timestamps: &[i64],
        values: &[f64],
        parameters: &[Vec<f64>],
        cells: &mut Cells,
    ) -> Result<()> {
        let sweep = self.notes.function.sweep;
        if let Some(sweep) = sweep.filter(|_| self.evaluation.edges.is_none()) {
            let windows = Windows {
                timestamps,
                values,
                grid: self.window.grid,
                range_ms: self.range_ms,
            };
            self.window.budget.look_at(sweep(&windows, cells));
            return Ok(());
        }
        let (mut left, mut right) = (Edge::default(), Edge::default());
        let mut at = vec![0.0; parameters.len()];
        let mut looked_at = 0;
        for step in 0..self.window.grid.steps() {
            let end_ms = self.window.grid.time_ms(step);
            let start_ms = end_ms.saturating_sub(self.range_ms);
            let until = right.advance(timestamps, end_ms.saturating_add(self.evaluation.after_ms));
            let seen_from_ms = start_ms.saturating_sub(self.evaluation.before_ms);
            let from = left.advance(timestamps, seen_from_ms).min(until);
            looked_at += until - from;
            if from == until {
                cells.push(None);
                continue;
            }
            for (slot, parameter) in at.iter_mut().zip(parameters) {
                *slot = parameter[step];
            }
            if let Some(violation) = self.violations.get_mut(step).and_then(Option::take) {
                self.notes.tell(violation)?;
            }
            let time_ms = self.window.query_grid.time_ms(step);
            let samples = Samples {
                timestamps: &timestamps[from..until],
                values: &values[from..until],
                start_ms,
                end_ms,
                time_ms,
            };
            cells.push((self.evaluation.evaluate)(&samples, &at));
            if self.pace.tires(until - from) {
                tokio::task::yield_now().await;
            }
        }
        self.window.budget.look_at(looked_at as u64);
        Ok(())
    }
}

/// Buffers for samples without staleness markers, used only by series that have some.
#[derive(Debug, Default)]
struct Fresh {
    timestamps: Vec<i64>,
    values: Vec<f64>,
}

impl Fresh {
    fn without_stale<'a>(&'a mut self, timestamps: &'a [i64], values: &'a [f64]) -> (&'a [i64], &'a [f64]) {
        // NaN is looked for first, many values at a time.
        let has_nan = |values: &[f64]| values.iter().fold(false, |nan, v| nan | v.is_nan());
        let stale = |values: &[f64]| has_nan(values) && values.iter().any(|&v| is_stale(v));
        if !values.chunks(128).any(stale) {
            return (timestamps, values);
        }
        self.timestamps.clear();
        self.values.clear();
        for (&timestamp, &value) in timestamps.iter().zip(values).filter(|(_, v)| !is_stale(**v)) {
            self.timestamps.push(timestamp);
            self.values.push(value);
        }
        (&self.timestamps, &self.values)
    }
}
