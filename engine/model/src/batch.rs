//! A batch as it flows through the graph: float samples as an Arrow record batch
//! (`series: UInt64, timestamp: Timestamp(ms, UTC), value: Float64`), native histograms and exemplars beside
//! it where there are any, and the table that names its series.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch, TimestampMillisecondArray, UInt64Array};
use arrow::datatypes::{
    DataType, Field, Float64Type, Schema, SchemaRef, TimeUnit, TimestampMillisecondType, UInt64Type,
};

use crate::exemplar::Exemplar;
use crate::histogram::Histogram;
use crate::series::{SeriesRef, SeriesTable};

/// A sample that is a native histogram.
#[derive(Debug, Clone)]
pub struct HistogramSample {
    /// Its series.
    pub series: SeriesRef,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// The histogram; shared, because it travels by reference from parser to log and head.
    pub histogram: Arc<Histogram>,
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("series", DataType::UInt64, false),
        Field::new(
            "timestamp",
            DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            false,
        ),
        Field::new("value", DataType::Float64, false),
    ]))
});

/// The schema of every sample batch.
pub fn sample_schema() -> SchemaRef {
    Arc::clone(&SCHEMA)
}

/// Samples of any number of series, in the order in which they were accepted. One batch is one
/// scrape, one write request or one rule's output, and becomes one commit.
#[derive(Debug, Clone)]
pub struct SampleBatch {
    record: RecordBatch,
    /// Absent for the many batches that have floats only.
    beside: Option<Arc<Beside>>,
    series: Arc<SeriesTable>,
}

/// What a batch has besides float samples.
#[derive(Debug)]
struct Beside {
    histograms: Vec<HistogramSample>,
    exemplars: Vec<Exemplar>,
    starts: Starts,
}

/// When what the samples of a batch count began: ms since the epoch, 0 where it is not said. Each list is empty,
/// or has an entry a sample.
#[derive(Debug, Clone, Default)]
struct Starts {
    floats: Vec<i64>,
    histograms: Vec<i64>,
}

impl SampleBatch {
    /// The Arrow record batch.
    pub fn record(&self) -> &RecordBatch {
        &self.record
    }

    /// The table that names the batch's series.
    pub fn series_table(&self) -> &Arc<SeriesTable> {
        &self.series
    }

    /// Number of float samples.
    pub fn len(&self) -> usize {
        self.record.num_rows()
    }

    /// Whether there is nothing to append: no float sample, no histogram, no exemplar.
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.beside.is_none()
    }

    /// Native histograms, in the order in which they were accepted; they are rows after the float samples
    /// where a row is counted.
    pub fn histograms(&self) -> &[HistogramSample] {
        self.beside.as_deref().map_or(&[], |beside| &beside.histograms)
    }

    /// Exemplars of the batch's series.
    pub fn exemplars(&self) -> &[Exemplar] {
        self.beside.as_deref().map_or(&[], |beside| &beside.exemplars)
    }

    /// When what each float sample counts began, ms since the epoch, 0 where it is not said; empty where none
    /// says so.
    pub fn float_starts(&self) -> &[i64] {
        self.beside.as_deref().map_or(&[], |beside| &beside.starts.floats)
    }

    /// The same of each native histogram.
    pub fn histogram_starts(&self) -> &[i64] {
        self.beside
            .as_deref()
            .map_or(&[], |beside| &beside.starts.histograms)
    }

    /// Series references, one a sample.
    pub fn series(&self) -> &[u64] {
        self.record.column(0).as_primitive::<UInt64Type>().values()
    }

    /// Milliseconds since the epoch, one a sample.
    pub fn timestamps(&self) -> &[i64] {
        self.record
            .column(1)
            .as_primitive::<TimestampMillisecondType>()
            .values()
    }

    /// Values, one a sample; NaN payloads are kept.
    pub fn values(&self) -> &[f64] {
        self.record.column(2).as_primitive::<Float64Type>().values()
    }

    /// Samples as `(series, timestamp ms, value)`.
    pub fn iter(&self) -> impl Iterator<Item = (SeriesRef, i64, f64)> + '_ {
        let (series, timestamps, values) = (self.series(), self.timestamps(), self.values());
        (0..self.len()).map(move |i| (SeriesRef(series[i]), timestamps[i], values[i]))
    }
}

/// Collects samples for one batch.
#[derive(Debug, Clone, Default)]
pub struct SampleBatchBuilder {
    series: Vec<u64>,
    timestamps: Vec<i64>,
    values: Vec<f64>,
    histograms: Vec<HistogramSample>,
    exemplars: Vec<Exemplar>,
    starts: Starts,
}

impl SampleBatchBuilder {
    /// An empty builder with room for `samples`.
    pub fn with_capacity(samples: usize) -> Self {
        Self {
            series: Vec::with_capacity(samples),
            timestamps: Vec::with_capacity(samples),
            values: Vec::with_capacity(samples),
            ..Self::default()
        }
    }

    /// A builder that holds these float samples: series references, milliseconds since the epoch, values.
    ///
    /// # Panics
    /// When the columns differ in length.
    pub fn from_columns(series: Vec<u64>, timestamps: Vec<i64>, values: Vec<f64>) -> Self {
        assert!(
            series.len() == timestamps.len() && series.len() == values.len(),
            "columns of one batch have one length"
        );
        Self {
            series,
            timestamps,
            values,
            ..Self::default()
        }
    }

    /// Adds a sample; `timestamp` in milliseconds since the epoch.
    #[inline]
    pub fn push(&mut self, series: SeriesRef, timestamp: i64, value: f64) {
        self.series.push(series.0);
        self.timestamps.push(timestamp);
        self.values.push(value);
    }

    /// Adds a native histogram; `timestamp` in milliseconds since the epoch.
    pub fn push_histogram(&mut self, series: SeriesRef, timestamp: i64, histogram: Arc<Histogram>) {
        self.histograms.push(HistogramSample {
            series,
            timestamp,
            histogram,
        });
    }

    /// Adds an exemplar.
    pub fn push_exemplar(&mut self, exemplar: Exemplar) {
        self.exemplars.push(exemplar);
    }

    /// Says when what the first float samples count began: ms since the epoch, 0 where it is not known. Those
    /// after the last entry say nothing.
    pub fn set_float_starts(&mut self, starts: Vec<i64>) {
        self.starts.floats = starts;
    }

    /// The same of the first native histograms.
    pub fn set_histogram_starts(&mut self, starts: Vec<i64>) {
        self.starts.histograms = starts;
    }

    /// Number of float samples so far.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.histograms.is_empty() && self.exemplars.is_empty()
    }

    /// The batch; `table` must have made the references.
    pub fn finish(self, table: &Arc<SeriesTable>) -> SampleBatch {
        let starts = Starts {
            floats: padded(self.starts.floats, self.values.len()),
            histograms: padded(self.starts.histograms, self.histograms.len()),
        };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from(self.series)),
            Arc::new(TimestampMillisecondArray::from(self.timestamps).with_timezone("UTC")),
            Arc::new(Float64Array::from(self.values)),
        ];
        let record = RecordBatch::try_new(sample_schema(), columns).expect("columns are built by the schema");
        let beside = Beside {
            histograms: self.histograms,
            exemplars: self.exemplars,
            starts,
        };
        let has_more =
            !(beside.histograms.is_empty() && beside.exemplars.is_empty() && beside.starts.floats.is_empty());
        SampleBatch {
            record,
            beside: has_more.then(|| Arc::new(beside)),
            series: Arc::clone(table),
        }
    }
}

/// An entry a sample; none at all where no sample says anything.
fn padded(mut starts: Vec<i64>, samples: usize) -> Vec<i64> {
    if starts.iter().all(|&start| start == 0) {
        return Vec::new();
    }
    starts.resize(samples, 0);
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;
    use crate::staleness::{STALE_NAN, is_stale};

    #[test]
    fn keeps_order_and_payloads() {
        let table = Arc::new(SeriesTable::new());
        let up = table.intern(&Labels::from_pairs([("__name__", "up")]));
        let mut builder = SampleBatchBuilder::with_capacity(2);
        builder.push(up, 1000, 1.0);
        builder.push(up, 2000, STALE_NAN);
        let batch = builder.finish(&table);
        let samples: Vec<_> = batch.iter().collect();
        assert_eq!(samples[0], (up, 1000, 1.0));
        assert_eq!(samples[1].1, 2000);
        assert!(is_stale(samples[1].2));
        assert!(batch.float_starts().is_empty() && batch.histogram_starts().is_empty());
    }

    #[test]
    fn starts_are_beside_the_samples() {
        let table = Arc::new(SeriesTable::new());
        let up = table.intern(&Labels::from_pairs([("__name__", "up")]));
        let of = |starts: Vec<i64>| {
            let mut builder = SampleBatchBuilder::from_columns(vec![up.0; 3], vec![1, 2, 3], vec![0.0; 3]);
            builder.set_float_starts(starts);
            builder.finish(&table)
        };
        assert_eq!(of(vec![0, 5]).float_starts(), [0, 5, 0]);
        assert_eq!(of(vec![0, 0]).float_starts(), [0i64; 0], "nobody says anything");
    }
}
