//! The folded shape: a row per series with its samples as lists.
//! `labels: Binary` (the encoding of `engine-model`), `timestamps: List<Int64>` ms, `values: List<Float64>`,
//! `histograms` by their times (see `histograms`), `starts: List<Int64>`: pairs of a sample's time and the time at
//! which what it counts began, null for series that do not say.

use std::iter;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, Float64Array, Int64Array, ListArray, RecordBatch,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, SchemaRef};
use engine_model::{FloatHistogram, Labels};
use engine_storage::SeriesColumns;

use crate::histograms::{HistogramAt, Histograms, HistogramsBuilder, histogram_field};
use crate::null_rows::{null_rows, shared_nulls};

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let list = |name, item: &LazyLock<Arc<Field>>, nullable| {
        Arc::new(Field::new(name, DataType::List(Arc::clone(item)), nullable))
    };
    Arc::new(Schema::new(vec![
        Arc::new(Field::new("labels", DataType::Binary, false)),
        list("timestamps", &TIME, false),
        list("values", &VALUE, false),
        histogram_field(),
        list("starts", &TIME, true),
    ]))
});

static TIME: LazyLock<Arc<Field>> = LazyLock::new(|| Arc::new(Field::new("item", DataType::Int64, false)));
static VALUE: LazyLock<Arc<Field>> = LazyLock::new(|| Arc::new(Field::new("item", DataType::Float64, false)));

/// The starts of rows that say none.
static NO_STARTS: LazyLock<ArrayRef> = LazyLock::new(|| shared_nulls(&DataType::List(Arc::clone(&TIME))));

/// The schema of folded batches.
pub fn folded_schema() -> SchemaRef {
    Arc::clone(&SCHEMA)
}

/// The native histograms of series, a row each; none at all where `columns` has none.
pub fn histograms_of(columns: &SeriesColumns) -> HistogramsBuilder {
    let mut histograms = HistogramsBuilder::default();
    if columns.histograms.is_empty() {
        columns.ends.iter().for_each(|_| histograms.push_none());
    }
    for row in &columns.histograms {
        let floats: Vec<(i64, FloatHistogram)> = row
            .iter()
            .map(|(at_ms, histogram)| (*at_ms, FloatHistogram::from_histogram(histogram)))
            .collect();
        histograms.push(floats.iter().map(|(at_ms, histogram)| (*at_ms, histogram)));
    }
    histograms
}

/// Folds the floats of `columns` under `labels` (encoded), with native histograms and start timestamps, a row
/// each.
pub fn fold<'a>(
    labels: impl Iterator<Item = &'a [u8]>,
    columns: SeriesColumns,
    histograms: HistogramsBuilder,
) -> RecordBatch {
    let rows = columns.ends.len();
    let mut encoded = BinaryBuilder::with_capacity(rows, 64 * rows);
    labels.for_each(|labels| encoded.append_value(labels));
    let froms = iter::once(0).chain(columns.ends.iter().copied());
    let lengths = columns.ends.iter().zip(froms).map(|(end, from)| end - from);
    let offsets = OffsetBuffer::from_lengths(lengths);
    let timestamps = Arc::new(Int64Array::from(columns.timestamps)) as ArrayRef;
    let values = Arc::new(Float64Array::from(columns.values)) as ArrayRef;
    let list = |item: &LazyLock<_>, values| ListArray::new(Arc::clone(item), offsets.clone(), values, None);
    let folded: Vec<ArrayRef> = vec![
        Arc::new(encoded.finish()),
        Arc::new(list(&TIME, timestamps)),
        Arc::new(list(&VALUE, values)),
        histograms.finish(),
        starts_column(rows, &columns.starts),
    ];
    RecordBatch::try_new(folded_schema(), folded).expect("columns are built by the schema")
}

fn starts_column(rows: usize, starts: &[Vec<(i64, i64)>]) -> ArrayRef {
    if starts.is_empty() {
        return null_rows(&NO_STARTS, rows);
    }
    let of_row = |row: usize| starts.get(row).map_or(&[][..], Vec::as_slice);
    let flat: Vec<i64> = starts
        .iter()
        .flat_map(|pairs| pairs.iter().flat_map(|(at_ms, start_ms)| [*at_ms, *start_ms]))
        .collect();
    let valid: Vec<bool> = (0..rows).map(|row| !of_row(row).is_empty()).collect();
    Arc::new(ListArray::new(
        Arc::clone(&TIME),
        OffsetBuffer::from_lengths((0..rows).map(|row| of_row(row).len() * 2)),
        Arc::new(Int64Array::from(flat)),
        Some(NullBuffer::from(valid)),
    ))
}

/// A folded batch with its columns at hand.
#[derive(Debug, Clone)]
pub struct FoldedBatch {
    labels: BinaryArray,
    offsets: OffsetBuffer<i32>,
    timestamps: ScalarBuffer<i64>,
    values: ScalarBuffer<f64>,
    histograms: Histograms,
    /// Present when any row has start timestamps.
    starts: Option<ListArray>,
}

impl FoldedBatch {
    /// Takes a batch of [`folded_schema`].
    pub fn new(batch: &RecordBatch) -> Self {
        let timestamps = batch.column(1).as_list::<i32>();
        let values = batch.column(2).as_list::<i32>();
        Self {
            labels: batch.column(0).as_binary::<i32>().clone(),
            offsets: timestamps.offsets().clone(),
            timestamps: timestamps.values().as_primitive::<Int64Type>().values().clone(),
            values: values.values().as_primitive::<Float64Type>().values().clone(),
            histograms: Histograms::of(batch.column(3)),
            starts: Some(batch.column(4).as_list::<i32>().clone()).filter(|s| s.null_count() < s.len()),
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

    /// Timestamps (ms) and values of the series in `row`.
    pub fn samples(&self, row: usize) -> (&[i64], &[f64]) {
        let range = self.offsets[row] as usize..self.offsets[row + 1] as usize;
        (&self.timestamps[range.clone()], &self.values[range])
    }

    /// Native histograms of the series in `row`, with their times in ms.
    pub fn histograms(&self, row: usize) -> &[HistogramAt] {
        self.histograms.row(row)
    }

    /// Start timestamps of the series in `row`: pairs of sample time and start, ms, ascending.
    pub fn starts(&self, row: usize) -> Vec<(i64, i64)> {
        let Some(lists) = &self.starts else {
            return Vec::new();
        };
        let pairs = lists.value(row);
        let pairs = pairs.as_primitive::<Int64Type>().values();
        pairs.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    }

    /// Samples in the batch.
    pub fn sample_count(&self) -> usize {
        let first = self.offsets.first().copied().unwrap_or_default();
        let floats = self.offsets.last().copied().unwrap_or_default() - first;
        floats as usize + self.histograms.len()
    }
}

/// Labels of a batch's label column, which only this workspace writes.
pub fn decode_labels(encoded: &[u8]) -> Labels {
    Labels::from_encoded(encoded).expect("label columns hold encoded label sets")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_and_unfolds() {
        let labels = ["a", "b", "c"].map(|name| Labels::from_pairs([("__name__", name)]));
        let columns = SeriesColumns {
            timestamps: vec![1, 2, 3],
            values: vec![0.5, 1.0, 1.5],
            ends: vec![2, 2, 3],
            histograms: Vec::new(),
            starts: vec![Vec::new(), Vec::new(), vec![(3, 1)]],
        };
        let histograms = histograms_of(&columns);
        let batch = fold(labels.iter().map(Labels::encoded), columns, histograms);
        let folded = FoldedBatch::new(&batch.slice(1, 2));
        assert_eq!((folded.len(), folded.sample_count()), (2, 1));
        assert_eq!(folded.labels(1).metric_name(), "c");
        assert_eq!(folded.samples(0).0, [0i64; 0]);
        assert_eq!(folded.samples(1), (&[3][..], &[1.5][..]));
        assert_eq!((folded.starts(0), folded.starts(1)), (Vec::new(), vec![(3, 1)]));
    }
}
