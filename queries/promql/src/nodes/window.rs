//! Window: from the samples of each series to one value a step, by the newest sample (an instant
//! selector) or by a function over the samples of a range. A window slides over the samples once.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use engine_model::METRIC_NAME;
use engine_model::duration::format_duration_ms;
use engine_model::staleness::is_stale;
use futures::{StreamExt, TryStreamExt};
use queries_tables::Operation;
use queries_tables::folded::FoldedBatch;
use queries_tables::operation::BatchStream;

use super::step_vectors::{StepVectorsBuilder, collect_scalar, step_schema};
use crate::annotations::Annotations;
use crate::functions::range::{RangeFunction, Samples};
use crate::grid::Grid;
use crate::parser::Span;

/// What a window gives.
#[derive(Debug, Clone)]
pub enum WindowKind {
    /// The newest sample of `(t − lookback, t]`, nothing if that is a staleness marker.
    Newest {
        /// How far back a sample counts as current, ms.
        lookback_ms: i64,
        /// The sample's time in seconds rather than its value.
        timestamp: bool,
    },
    /// A function over the samples of `(t − range, t]`, staleness markers left out.
    Range {
        /// The function.
        function: &'static RangeFunction,
        /// Width of the window, ms.
        range_ms: i64,
    },
}

/// Evaluates windows over folded rows. Inputs: the rows, then one scalar for each parameter.
#[derive(Debug)]
pub struct Window {
    /// What a window gives.
    pub kind: WindowKind,
    /// Instants at which windows end, offset and `@` taken into account.
    pub grid: Grid,
    /// Instants of the query: parameters and functions of time look at these.
    pub query_grid: Grid,
    /// Whether the metric name goes away, now or at the end of the query.
    pub name: NameHandling,
    /// Where annotations go.
    pub annotations: Arc<Annotations>,
    /// Place of the selector in the query.
    pub span: Span,
}

/// What happens to the metric name of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameHandling {
    /// It stays.
    Keep,
    /// It goes at once.
    Drop,
    /// It goes at the end of the query (delayed name removal).
    DropLater,
}

impl NameHandling {
    /// Adds a row under the labels that this handling leaves.
    pub(crate) fn push_row(
        self,
        builder: &mut StepVectorsBuilder,
        labels: &[u8],
        drop_name: bool,
        cells: impl IntoIterator<Item = Option<f64>>,
    ) {
        match self {
            Self::Keep => builder.push_row(labels, drop_name, cells),
            Self::DropLater => builder.push_row(labels, true, cells),
            Self::Drop => {
                let labels = queries_tables::folded::decode_labels(labels).without(&[METRIC_NAME]);
                builder.push_row(labels.encoded(), false, cells);
            }
        }
    }
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
            WindowKind::Range { function, range_ms } => {
                format!("{} [{}]", function.name, format_duration_ms(*range_ms))
            }
        }
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.grid.steps())
    }

    fn run(
        self: Arc<Self>,
        inputs: Vec<SendableRecordBatchStream>,
        _context: &TaskContext,
    ) -> Result<BatchStream> {
        let mut inputs = inputs.into_iter();
        let rows = inputs.next().expect("a window has an input of rows");
        let steps = self.grid.steps();
        let parameters = futures::stream::iter(inputs).then(move |input| collect_scalar(input, steps));
        let stream = futures::stream::once(parameters.try_collect::<Vec<Vec<f64>>>());
        let batches = stream.flat_map({
            let mut rows = Some(rows);
            move |parameters| {
                let window = Arc::clone(&self);
                let rows = rows.take().expect("parameters are read once");
                match parameters {
                    Ok(parameters) => rows
                        .map(move |batch| Ok(window.evaluate(&batch?, &parameters)))
                        .boxed(),
                    Err(error) => futures::stream::once(async { Err(error) }).boxed(),
                }
            }
        });
        Ok(batches.boxed())
    }
}

impl Window {
    fn evaluate(&self, batch: &RecordBatch, parameters: &[Vec<f64>]) -> RecordBatch {
        let folded = FoldedBatch::new(batch);
        let mut builder = StepVectorsBuilder::new(self.grid.steps());
        let mut fresh = Fresh::default();
        let mut cells = Vec::with_capacity(self.grid.steps());
        for row in 0..folded.len() {
            let (timestamps, values) = folded.samples(row);
            cells.clear();
            match &self.kind {
                WindowKind::Newest {
                    lookback_ms,
                    timestamp,
                } => {
                    self.newest(timestamps, values, *lookback_ms, *timestamp, &mut cells);
                }
                WindowKind::Range { function, range_ms } => {
                    let (timestamps, values) = fresh.without_stale(timestamps, values);
                    self.range(function, *range_ms, timestamps, values, parameters, &mut cells);
                    self.annotate(function, &folded, row, &cells);
                }
            }
            self.name.push_row(
                &mut builder,
                folded.encoded_labels(row),
                false,
                cells.iter().copied(),
            );
        }
        builder.finish()
    }

    fn newest(
        &self,
        timestamps: &[i64],
        values: &[f64],
        lookback_ms: i64,
        timestamp: bool,
        cells: &mut Vec<Option<f64>>,
    ) {
        let mut until = 0;
        for step in 0..self.grid.steps() {
            let time_ms = self.grid.time_ms(step);
            until += timestamps[until..].iter().take_while(|&&t| t <= time_ms).count();
            let newest = until
                .checked_sub(1)
                .filter(|&i| timestamps[i] > time_ms.saturating_sub(lookback_ms));
            cells.push(newest.filter(|&i| !is_stale(values[i])).map(|i| match timestamp {
                true => timestamps[i] as f64 / 1000.0,
                false => values[i],
            }));
        }
    }

    fn range(
        &self,
        function: &RangeFunction,
        range_ms: i64,
        timestamps: &[i64],
        values: &[f64],
        parameters: &[Vec<f64>],
        cells: &mut Vec<Option<f64>>,
    ) {
        let (mut from, mut until) = (0, 0);
        let mut at = vec![0.0; parameters.len()];
        for step in 0..self.grid.steps() {
            let end_ms = self.grid.time_ms(step);
            let start_ms = end_ms.saturating_sub(range_ms);
            until += timestamps[until..].iter().take_while(|&&t| t <= end_ms).count();
            from += timestamps[from..until]
                .iter()
                .take_while(|&&t| t <= start_ms)
                .count();
            if from == until {
                cells.push(None);
                continue;
            }
            for (slot, parameter) in at.iter_mut().zip(parameters) {
                *slot = parameter[step];
            }
            let samples = Samples {
                timestamps: &timestamps[from..until],
                values: &values[from..until],
                start_ms,
                end_ms,
                time_ms: self.query_grid.time_ms(step),
            };
            cells.push((function.evaluate)(&samples, &at));
        }
    }

    /// Prometheus's hint that a rate is taken of something that is not called like a counter.
    fn annotate(&self, function: &RangeFunction, folded: &FoldedBatch, row: usize, cells: &[Option<f64>]) {
        if !function.wants_counter || cells.iter().all(Option::is_none) {
            return;
        }
        let labels = folded.labels(row);
        let name = labels.metric_name();
        let counter = ["_total", "_sum", "_count", "_bucket"]
            .iter()
            .any(|suffix| name.ends_with(suffix));
        if !name.is_empty() && !counter {
            let text = format!(
                "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {}",
                engine_model::labels::Quoted(name)
            );
            self.annotations.info(&text, self.span);
        }
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
        if !values.iter().any(|&v| is_stale(v)) {
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
