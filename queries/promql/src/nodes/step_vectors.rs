//! Step vectors: a row per series with one value a step.
//! `labels: Binary`, `drop_name: Boolean`, `values: FixedSizeList<Float64>[steps]`, `histograms` by step; a null
//! in `values` is a step without a float, which may have a histogram. `drop_name` says that the metric name goes
//! away at the end of the query (delayed name removal).

use std::mem;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray, BooleanBufferBuilder,
    FixedSizeListArray, Float64Array, RecordBatch,
};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::{FloatHistogram, Labels};
use futures::StreamExt;
use queries_tables::SampleBudget;
use queries_tables::folded::decode_labels;
use queries_tables::histograms::{HistogramAt, Histograms, HistogramsBuilder, histogram_field};

use super::pace::Reservation;
use crate::functions::sweep::Cells;

/// Schema of step vectors over `steps` instants.
pub fn step_schema(steps: usize) -> SchemaRef {
    match steps {
        1 => Arc::clone(&ONE_STEP),
        _ => schema_of(steps),
    }
}

/// The schema of instant queries.
static ONE_STEP: LazyLock<SchemaRef> = LazyLock::new(|| schema_of(1));

fn schema_of(steps: usize) -> SchemaRef {
    let field = |name, data_type| Arc::new(Field::new(name, data_type, false));
    Arc::new(Schema::new(vec![
        field("labels", DataType::Binary),
        field("drop_name", DataType::Boolean),
        field("values", DataType::FixedSizeList(value_item(), steps as i32)),
        histogram_field(),
    ]))
}

fn value_item() -> Arc<Field> {
    static ITEM: LazyLock<Arc<Field>> =
        LazyLock::new(|| Arc::new(Field::new("item", DataType::Float64, true)));
    Arc::clone(&ITEM)
}

/// A sample.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// A number.
    Float(f64),
    /// A native histogram.
    Histogram(&'a Arc<FloatHistogram>),
}

/// Rows of step vectors with their columns at hand.
#[derive(Debug, Clone)]
pub struct StepBatch {
    steps: usize,
    labels: BinaryArray,
    drop_name: BooleanArray,
    values: ScalarBuffer<f64>,
    nulls: Option<NullBuffer>,
    histograms: Histograms,
}

impl StepBatch {
    /// Takes a batch of [`step_schema`].
    pub fn new(batch: &RecordBatch) -> Self {
        let lists = batch.column(2).as_fixed_size_list();
        let values = lists.values().as_primitive::<Float64Type>();
        Self {
            steps: lists.value_length() as usize,
            labels: batch.column(0).as_binary::<i32>().clone(),
            drop_name: batch.column(1).as_boolean().clone(),
            values: values.values().clone(),
            nulls: values.nulls().cloned(),
            histograms: Histograms::of(batch.column(3)),
        }
    }

    /// Number of series.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Labels of the series in `row`, encoded.
    pub fn encoded_labels(&self, row: usize) -> &[u8] {
        self.labels.value(row)
    }

    /// Labels of the series in `row`.
    pub fn labels(&self, row: usize) -> Labels {
        decode_labels(self.labels.value(row))
    }

    /// Whether the metric name of `row` goes away at the end of the query.
    pub fn drops_name(&self, row: usize) -> bool {
        self.drop_name.value(row)
    }

    /// The float of `row` at `step`.
    #[inline]
    pub fn value(&self, row: usize, step: usize) -> Option<f64> {
        let cell = row * self.steps + step;
        match &self.nulls {
            Some(nulls) if nulls.is_null(cell) => None,
            _ => Some(self.values[cell]),
        }
    }

    /// The floats of `row`, if it has one at each step.
    pub fn full_row(&self, row: usize) -> Option<&[f64]> {
        let cells = row * self.steps..(row + 1) * self.steps;
        match &self.nulls {
            Some(nulls) if nulls.slice(cells.start, self.steps).null_count() > 0 => None,
            _ => Some(&self.values[cells]),
        }
    }

    /// Native histograms of `row` by step.
    #[inline]
    pub fn histograms(&self, row: usize) -> &[HistogramAt] {
        self.histograms.row(row)
    }

    /// Whether any row has a native histogram.
    pub fn has_histograms(&self) -> bool {
        !self.histograms.is_empty()
    }

    /// The sample of `row` at `step`, of either kind.
    #[inline]
    pub fn cell(&self, row: usize, step: usize) -> Option<Cell<'_>> {
        match self.value(row, step) {
            Some(value) => Some(Cell::Float(value)),
            None if self.histograms.is_empty() => None,
            None => self.histograms.get(row, step as i64).map(Cell::Histogram),
        }
    }

    /// Whether `row` has a sample at each step, of either kind.
    pub fn mark_presence(&self, row: usize, present: &mut [bool]) {
        for (slot, cell) in present.iter_mut().zip(self.row(row)) {
            *slot |= cell.is_some();
        }
        for (step, _) in self.histograms(row) {
            present[*step as usize] = true;
        }
    }

    /// Number of samples of `row`.
    pub fn count(&self, row: usize) -> usize {
        self.row(row).flatten().count() + self.histograms(row).len()
    }

    /// The floats of `row`, a step each.
    pub fn row(&self, row: usize) -> impl Iterator<Item = Option<f64>> + '_ {
        (0..self.steps).map(move |step| self.value(row, step))
    }
}

/// Collects step vectors row by row. What it holds counts against the query's budget.
#[derive(Debug)]
pub struct StepVectorsBuilder {
    steps: usize,
    held: Reservation,
    labels: BinaryBuilder,
    drop_name: Vec<bool>,
    values: Vec<f64>,
    valid: BooleanBufferBuilder,
    /// Cells of the last row that came one by one.
    row: Cells,
    histograms: HistogramsBuilder,
}

impl StepVectorsBuilder {
    /// An empty builder for rows of `steps` cells.
    pub fn new(steps: usize, budget: &Arc<SampleBudget>) -> Self {
        Self {
            steps,
            held: Reservation::new(budget),
            labels: BinaryBuilder::with_capacity(0, 0),
            drop_name: Vec::new(),
            values: Vec::new(),
            valid: BooleanBufferBuilder::new(0),
            row: Cells::default(),
            histograms: HistogramsBuilder::default(),
        }
    }

    /// Adds a row; one without any sample is left out, because a series without samples does not exist.
    /// Fails, before it allocates, when the query holds too much already.
    pub fn push_row(
        &mut self,
        labels: &[u8],
        drop_name: bool,
        cells: impl IntoIterator<Item = Option<f64>>,
    ) -> Result<()> {
        self.push_mixed(labels, drop_name, cells, &[])
    }

    /// Adds a row with native histograms at some of the steps that have no float.
    pub fn push_mixed(
        &mut self,
        labels: &[u8],
        drop_name: bool,
        cells: impl IntoIterator<Item = Option<f64>>,
        histograms: &[HistogramAt],
    ) -> Result<()> {
        let mut row = mem::take(&mut self.row);
        row.clear();
        cells.into_iter().for_each(|cell| row.push(cell));
        let pushed = self.push_cells(labels, drop_name, &row, histograms);
        self.row = row;
        pushed
    }

    /// The same of cells that were gathered.
    pub(crate) fn push_cells(
        &mut self,
        labels: &[u8],
        drop_name: bool,
        cells: &Cells,
        histograms: &[HistogramAt],
    ) -> Result<()> {
        debug_assert_eq!(cells.values.len(), self.steps, "a row has one cell a step");
        if cells.count() > 0 || !histograms.is_empty() {
            self.held.grow(self.steps)?;
            let start = self.values.len();
            self.values.extend_from_slice(&cells.values);
            self.valid.append_n(self.steps, true);
            for hole in &cells.holes {
                self.valid.set_bit(start + hole, false);
            }
            self.labels.append_value(labels);
            self.drop_name.push(drop_name);
            if histograms.is_empty() {
                self.histograms.push_none();
            } else {
                self.histograms
                    .push(histograms.iter().map(|(step, histogram)| (*step, &**histogram)));
            }
        }
        Ok(())
    }

    /// Adds a row of one step.
    pub fn push_cell(&mut self, labels: &[u8], drop_name: bool, cell: Cell<'_>) -> Result<()> {
        match cell {
            Cell::Float(value) => self.push_row(labels, drop_name, [Some(value)]),
            Cell::Histogram(histogram) => {
                self.push_mixed(labels, drop_name, [None], &[(0, Arc::clone(histogram))])
            }
        }
    }

    /// Number of rows so far.
    pub fn len(&self) -> usize {
        self.drop_name.len()
    }

    /// Whether there is no row yet.
    pub fn is_empty(&self) -> bool {
        self.drop_name.is_empty()
    }

    /// The batch, no longer counted here: whoever keeps it counts it.
    pub fn finish(mut self) -> RecordBatch {
        let nulls = NullBuffer::new(self.valid.finish());
        let nulls = (nulls.null_count() > 0).then_some(nulls);
        let values = Arc::new(Float64Array::new(self.values.into(), nulls)) as ArrayRef;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.labels.finish()),
            Arc::new(BooleanArray::from(self.drop_name)),
            Arc::new(FixedSizeListArray::new(
                value_item(),
                self.steps as i32,
                values,
                None,
            )),
            self.histograms.finish(),
        ];
        RecordBatch::try_new(step_schema(self.steps), columns).expect("columns are built by the schema")
    }
}

/// A whole input, held in memory and counted against the query's budget as long as this lives.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) batches: Vec<StepBatch>,
    _held: Reservation,
}

/// Reads a whole input.
pub(crate) async fn collect(
    mut input: SendableRecordBatchStream,
    budget: &Arc<SampleBudget>,
) -> Result<Gathered> {
    let mut batches = Vec::new();
    let mut held = Reservation::new(budget);
    while let Some(batch) = input.next().await {
        let batch = StepBatch::new(&batch?);
        held.grow(batch.len() * batch.steps)?;
        batches.push(batch);
    }
    Ok(Gathered { batches, _held: held })
}

/// Reads a scalar input: one value a step, NaN where it has none.
pub(crate) async fn collect_scalar(mut input: SendableRecordBatchStream, steps: usize) -> Result<Vec<f64>> {
    while let Some(batch) = input.next().await {
        let batch = StepBatch::new(&batch?);
        if !batch.is_empty() {
            return Ok(batch.row(0).map(|value| value.unwrap_or(f64::NAN)).collect());
        }
    }
    Ok(vec![f64::NAN; steps])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_samples_are_left_out() {
        let labels = Labels::from_pairs([("a", "1")]);
        let budget = Arc::new(SampleBudget::new(3));
        let mut builder = StepVectorsBuilder::new(2, &budget);
        builder.push_row(labels.encoded(), false, [None, None]).unwrap();
        builder
            .push_row(labels.encoded(), true, [None, Some(f64::NAN)])
            .unwrap();
        builder
            .push_row(labels.encoded(), true, [Some(1.0), None])
            .unwrap_err();
        let batch = StepBatch::new(&builder.finish());
        assert_eq!(batch.len(), 1);
        assert!(batch.drops_name(0) && batch.value(0, 0).is_none() && batch.value(0, 1).is_some());
        assert_eq!(batch.labels(0), labels);
    }
}
