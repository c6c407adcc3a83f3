//! Map: each sample becomes another, or none, by a function of one sample or by an operator with a
//! scalar on the other side.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use engine_model::{FloatHistogram, float_histogram};
use futures::{StreamExt, TryStreamExt};
use queries_tables::histograms::HistogramAt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::names::NameHandling;
use super::pace::Pace;
use super::step_vectors::{Cell, StepBatch, StepVectorsBuilder, collect_scalar, step_schema};
use crate::functions::cell::CellFunction;
use crate::functions::histogram_operator::{self, OperatorNotes};
use crate::functions::mixed::Sample;
use crate::functions::operator;
use crate::grid::Grid;
use crate::parser::operators::BinaryOp;

/// What is done to each sample.
#[derive(Debug, Clone)]
pub enum MapKind {
    /// A function; its scalar parameters are the node's further inputs.
    Function(&'static CellFunction),
    /// `sample op scalar`, or `scalar op sample`. The scalar is the node's second input.
    Operator {
        /// Which operator.
        op: BinaryOp,
        /// The scalar stands on the left.
        scalar_on_left: bool,
        /// A comparison gives 0 or 1 instead of filtering.
        return_bool: bool,
        /// Where what the operator notices is told.
        notes: OperatorNotes,
    },
    /// A number that a native histogram has; floats have none.
    Histogram(HistogramFunction),
    /// The sign changes.
    Negate,
    /// The step's time in seconds.
    Timestamp,
    /// No sample passes.
    Nothing,
}

/// A function of one native histogram.
#[derive(Debug, Clone, Copy)]
pub struct HistogramFunction {
    /// Name in the language.
    pub name: &'static str,
    /// The number.
    pub evaluate: fn(&FloatHistogram) -> f64,
}

/// All functions of one native histogram.
static HISTOGRAM_FUNCTIONS: [HistogramFunction; 5] = [
    HistogramFunction {
        name: "histogram_count",
        evaluate: |histogram| histogram.count,
    },
    HistogramFunction {
        name: "histogram_sum",
        evaluate: |histogram| histogram.sum,
    },
    HistogramFunction {
        name: "histogram_avg",
        evaluate: float_histogram::average,
    },
    HistogramFunction {
        name: "histogram_stddev",
        evaluate: float_histogram::std_dev,
    },
    HistogramFunction {
        name: "histogram_stdvar",
        evaluate: float_histogram::std_var,
    },
];

/// The function of a native histogram called `name`.
pub fn histogram_function(name: &str) -> Option<HistogramFunction> {
    HISTOGRAM_FUNCTIONS
        .iter()
        .find(|function| function.name == name)
        .copied()
}

/// Maps samples. Inputs: the vectors, then one scalar for each parameter.
#[derive(Debug, Clone)]
pub struct Map {
    /// What is done.
    pub kind: MapKind,
    /// Instants of the query.
    pub grid: Grid,
    /// What happens to the metric name.
    pub name: NameHandling,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for Map {
    fn name(&self) -> &'static str {
        "Map"
    }

    fn describe(&self) -> String {
        match &self.kind {
            MapKind::Function(function) => function.name.to_owned(),
            MapKind::Operator {
                op,
                scalar_on_left: true,
                ..
            } => format!("scalar {op} vector"),
            MapKind::Operator { op, .. } => format!("vector {op} scalar"),
            MapKind::Histogram(function) => function.name.to_owned(),
            MapKind::Negate => "-vector".to_owned(),
            MapKind::Timestamp => "timestamp".to_owned(),
            MapKind::Nothing => "nothing".to_owned(),
        }
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.grid.steps())
    }

    fn run(self: Arc<Self>, inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        let mut inputs = inputs.into_iter();
        let vectors = inputs.next().expect("a map has an input of vectors");
        let steps = self.grid.steps();
        let parameters = futures::stream::iter(inputs).then(move |input| collect_scalar(input, steps));
        let mapped = async move {
            let parameters: Arc<Vec<Vec<f64>>> = Arc::new(parameters.try_collect().await?);
            Ok::<_, DataFusionError>(vectors.and_then(move |batch| {
                let (map, parameters) = (Arc::clone(&self), Arc::clone(&parameters));
                async move { map.evaluate(&StepBatch::new(&batch), &parameters).await }
            }))
        };
        Ok(futures::stream::once(mapped).try_flatten().boxed())
    }
}

impl Map {
    async fn evaluate(&self, batch: &StepBatch, parameters: &[Vec<f64>]) -> Result<RecordBatch> {
        let mut builder = StepVectorsBuilder::new(self.grid.steps(), &self.budget);
        let mut pace = Pace::new();
        let mut at = vec![0.0; parameters.len()];
        for row in 0..batch.len() {
            pace.spend(self.grid.steps()).await;
            let cells = batch.row(row).enumerate().map(|(step, cell)| {
                for (slot, parameter) in at.iter_mut().zip(parameters) {
                    *slot = parameter[step];
                }
                self.cell(cell?, &at, step)
            });
            if !batch.histograms(row).is_empty() {
                let mut floats: Vec<Option<f64>> = cells.collect();
                let histograms = self.histograms(batch.histograms(row), parameters, &mut floats);
                let (labels, drop_name) = (batch.encoded_labels(row), batch.drops_name(row));
                self.name
                    .push_mixed(&mut builder, labels, drop_name, floats, &histograms)?;
                continue;
            }
            self.name.push_row(
                &mut builder,
                batch.encoded_labels(row),
                batch.drops_name(row),
                cells,
            )?;
        }
        Ok(builder.finish())
    }

    fn cell(&self, value: f64, parameters: &[f64], step: usize) -> Option<f64> {
        match &self.kind {
            MapKind::Function(function) => (function.evaluate)(value, parameters),
            MapKind::Histogram(_) | MapKind::Nothing => None,
            MapKind::Negate => Some(-value),
            MapKind::Timestamp => Some(self.grid.time_ms(step) as f64 / 1000.0),
            MapKind::Operator {
                op,
                scalar_on_left,
                return_bool,
                notes,
            } => {
                if op.is_trim() {
                    notes.incompatible(*op, "float", "float");
                    return None;
                }
                let (left, right) = if *scalar_on_left {
                    (parameters[0], value)
                } else {
                    (value, parameters[0])
                };
                let result = operator::apply(*op, left, right);
                match (op.is_comparison(), return_bool) {
                    (false, _) => Some(result.value),
                    (true, true) => Some(f64::from(u8::from(result.holds))),
                    // A filter keeps the vector's sample, whichever side it is on.
                    (true, false) => result.holds.then_some(value),
                }
            }
        }
    }

    /// What becomes of the native histograms of a row: those that become numbers go into `floats`.
    fn histograms(
        &self,
        row: &[HistogramAt],
        parameters: &[Vec<f64>],
        floats: &mut [Option<f64>],
    ) -> Vec<HistogramAt> {
        let mut kept = Vec::new();
        for (at, histogram) in row {
            let step = *at as usize;
            match self.histogram(histogram, parameters, step) {
                Some(Sample::Float(value)) => floats[step] = Some(value),
                Some(Sample::Histogram(histogram)) => kept.push((*at, histogram)),
                None => {}
            }
        }
        kept
    }

    fn histogram(
        &self,
        histogram: &Arc<FloatHistogram>,
        parameters: &[Vec<f64>],
        step: usize,
    ) -> Option<Sample> {
        match &self.kind {
            // Functions of numbers leave histograms out.
            MapKind::Function(_) | MapKind::Nothing => None,
            MapKind::Histogram(function) => Some(Sample::Float((function.evaluate)(histogram))),
            MapKind::Negate => {
                let mut negated = FloatHistogram::clone(histogram);
                negated.mul(-1.0);
                Some(Sample::Histogram(Arc::new(negated)))
            }
            MapKind::Timestamp => Some(Sample::Float(self.grid.time_ms(step) as f64 / 1000.0)),
            MapKind::Operator {
                op,
                scalar_on_left,
                return_bool,
                notes,
            } => {
                let (scalar, vector) = (Cell::Float(parameters[0][step]), Cell::Histogram(histogram));
                let result = match scalar_on_left {
                    true => histogram_operator::apply(*op, scalar, vector, notes)?,
                    false => histogram_operator::apply(*op, vector, scalar, notes)?,
                };
                if *return_bool {
                    return Some(Sample::Float(f64::from(u8::from(result.holds))));
                }
                match result.histogram {
                    _ if !result.holds => None,
                    Some(histogram) => Some(Sample::Histogram(histogram)),
                    None => Some(Sample::Float(result.value)),
                }
            }
        }
    }
}
