//! Native histograms of a snapshot as rows, series by series.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use engine_model::staleness::is_stale;
use engine_model::{FloatHistogram, Labels};
use futures::StreamExt;

use super::columns::{Column, Columns};
use super::histogram_columns::part_column;
use super::rows::{Run, Samples, column};
use super::selection::{Cursor, Selection};
use crate::operation::{BatchStream, Operation, RunAt};

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

    fn run(self: Arc<Self>, _inputs: Vec<SendableRecordBatchStream>, at: RunAt<'_>) -> Result<BatchStream> {
        let reader = Reader {
            held: MemoryConsumer::new("HistogramsScan").register(at.context.memory_pool()),
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
        let Some((set, positions)) = self.cursor.claim(&self.scan.selection, SERIES_PER_READ)? else {
            return Ok(false);
        };
        self.chunk.clear();
        self.next_row = 0;
        let read = set.reader().read(positions.clone())?;
        // There is no list a series where none has a histogram.
        for (position, histograms) in positions.zip(&read.histograms) {
            let fresh = histograms
                .iter()
                .filter(|(_, histogram)| !is_stale(histogram.sum));
            self.chunk.extend(fresh.map(|(at_ms, histogram)| Row {
                labels: set.labels(position).clone(),
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
    let histograms: Vec<&FloatHistogram> = rows.iter().map(|row| &row.histogram).collect();
    let arrays: Result<Vec<ArrayRef>> = columns
        .iter()
        .map(|wanted| match wanted {
            Column::Histogram(part) => part_column(*part, &histograms),
            other => Ok(column(other, &runs, &times, rows.len())?),
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let schema = Arc::clone(columns.schema());
    Ok(RecordBatch::try_new_with_options(schema, arrays?, &options)?)
}
