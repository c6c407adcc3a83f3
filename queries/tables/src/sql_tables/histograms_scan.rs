//! Native histograms of a snapshot as rows, series by series.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int32Array, ListArray, RecordBatch, RecordBatchOptions, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use engine_model::staleness::is_stale;
use engine_model::{FloatHistogram, Labels};
use futures::StreamExt;

use super::columns::{Column, Columns, HistogramColumn, bucket_fields, bucket_item};
use super::rows::{Run, Samples, column};
use super::selection::{Cursor, Selection};
use crate::operation::{BatchStream, Operation};

/// Series of one read: their histograms of a day are some 100 MiB.
const SERIES_PER_READ: usize = 16;
/// Rows of a batch: with a hundred buckets each they are 2 MiB.
const ROWS_PER_BATCH: usize = 1024;
/// Memory that a histogram is counted with beside its buckets, bytes.
const HISTOGRAM_BYTES: usize = 256;

/// Reads the native histograms of the selected series.
#[derive(Debug)]
pub(super) struct HistogramsScan {
    pub(super) selection: Selection,
    pub(super) columns: Columns,
}

impl Operation for HistogramsScan {
    fn name(&self) -> &'static str {
        "HistogramsScan"
    }

    fn describe(&self) -> String {
        format!(
            "{} columns=[{}]",
            self.selection.describe(),
            self.columns.listed()
        )
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns.schema())
    }

    fn run(
        self: Arc<Self>,
        _inputs: Vec<SendableRecordBatchStream>,
        context: &TaskContext,
    ) -> Result<BatchStream> {
        let reader = Reader {
            held: MemoryConsumer::new("HistogramsScan").register(context.memory_pool()),
            scan: self,
            cursor: Cursor::default(),
            chunk: Vec::new(),
            next_row: 0,
        };
        Ok(futures::stream::try_unfold(reader, Reader::next).boxed())
    }
}

/// One histogram.
struct Row {
    labels: Labels,
    at_ms: i64,
    histogram: FloatHistogram,
}

struct Reader {
    scan: Arc<HistogramsScan>,
    held: MemoryReservation,
    cursor: Cursor,
    chunk: Vec<Row>,
    next_row: usize,
}

impl Reader {
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        loop {
            let end = self.chunk.len().min(self.next_row + ROWS_PER_BATCH);
            if self.next_row < end {
                let made = batch(&self.scan.columns, &self.chunk[self.next_row..end])?;
                self.next_row = end;
                return Ok(Some((made, self)));
            }
            // Reading does not wait for anything, so this is where a query can be stopped.
            tokio::task::yield_now().await;
            if !self.read_chunk()? {
                return Ok(None);
            }
        }
    }

    /// Reads the next series; false when there are no more.
    fn read_chunk(&mut self) -> Result<bool> {
        let Some(read) = self.cursor.read(&self.scan.selection, SERIES_PER_READ)? else {
            return Ok(false);
        };
        self.chunk.clear();
        self.next_row = 0;
        for series in read {
            let fresh = series
                .histograms
                .iter()
                .filter(|(_, histogram)| !is_stale(histogram.sum));
            self.chunk.extend(fresh.map(|(at_ms, histogram)| Row {
                labels: series.labels.clone(),
                at_ms: *at_ms,
                histogram: FloatHistogram::from_histogram(histogram),
            }));
        }
        let bytes = self.chunk.iter().map(|row| {
            let buckets = row.histogram.positive.len() + row.histogram.negative.len();
            HISTOGRAM_BYTES + buckets * size_of::<f64>()
        });
        self.held.try_resize(bytes.sum())?;
        Ok(true)
    }
}

fn batch(columns: &Columns, rows: &[Row]) -> Result<RecordBatch> {
    let times = Samples::new(rows.iter().map(|row| row.at_ms).collect(), Vec::new());
    let mut runs: Vec<Run<'_>> = Vec::with_capacity(rows.len());
    for Row { labels, .. } in rows {
        runs.push(Run { labels, rows: 1 });
    }
    let arrays: Result<Vec<ArrayRef>> = columns
        .iter()
        .map(|wanted| match wanted {
            Column::Histogram(part) => part_column(*part, rows),
            other => Ok(column(other, &runs, &times, rows.len())?),
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let schema = Arc::clone(columns.schema());
    Ok(RecordBatch::try_new_with_options(schema, arrays?, &options)?)
}

fn part_column(part: HistogramColumn, rows: &[Row]) -> Result<ArrayRef> {
    let floats = |of: fn(&FloatHistogram) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(
            rows.iter().map(|row| of(&row.histogram)),
        ))
    };
    Ok(match part {
        HistogramColumn::Count => floats(|histogram| histogram.count),
        HistogramColumn::Sum => floats(|histogram| histogram.sum),
        HistogramColumn::ZeroThreshold => floats(|histogram| histogram.zero_threshold),
        HistogramColumn::ZeroCount => floats(|histogram| histogram.zero_count),
        HistogramColumn::Schema => {
            let schemas = rows.iter().map(|row| row.histogram.schema);
            Arc::new(Int32Array::from_iter_values(schemas))
        }
        HistogramColumn::Buckets => buckets(rows)?,
    })
}

fn buckets(rows: &[Row]) -> Result<ArrayRef> {
    let (mut lower, mut upper, mut count) = (Vec::new(), Vec::new(), Vec::new());
    let mut lengths = Vec::with_capacity(rows.len());
    for row in rows {
        let before = count.len();
        for bucket in row.histogram.all_buckets().filter(|bucket| bucket.count != 0.0) {
            lower.push(bucket.lower);
            upper.push(bucket.upper);
            count.push(bucket.count);
        }
        lengths.push(count.len() - before);
    }
    let columns = [lower, upper, count].map(|column| Arc::new(Float64Array::from(column)) as ArrayRef);
    let items = StructArray::try_new(bucket_fields(), columns.to_vec(), None)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    let lists = ListArray::try_new(bucket_item(), offsets, Arc::new(items), None)?;
    Ok(Arc::new(lists))
}
