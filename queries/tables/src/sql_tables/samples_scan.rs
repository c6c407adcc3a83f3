//! Samples of a snapshot as rows, series by series.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use futures::StreamExt;

use super::chunks::{Chunk, Chunks};
use super::claims::Claims;
use super::columns::Columns;
use super::rows::{Run, batch};
use super::selection::Selection;
use crate::operation::{BatchStream, Operation, RunAt};

/// Label bytes that the rows of one batch may repeat; Arrow's text columns end at 2 GiB.
const LABEL_BYTES_PER_BATCH: usize = 64 << 20;

/// Reads the samples of the selected series.
#[derive(Debug)]
pub(super) struct SamplesScan {
    pub(super) table: String,
    pub(super) claims: Claims,
    /// Staleness markers are rows too.
    pub(super) stale: bool,
    pub(super) columns: Columns,
    /// Rows that are needed at most, of each partition.
    pub(super) limit: Option<usize>,
    /// Rows that were read so far, by all partitions.
    pub(super) rows: Arc<AtomicU64>,
}

impl SamplesScan {
    /// The same scan, not begun.
    pub(super) fn again(&self) -> Self {
        Self {
            table: self.table.clone(),
            claims: Claims::new(self.selection().clone(), self.claims.partitions()),
            stale: self.stale,
            columns: self.columns.clone(),
            limit: self.limit,
            rows: Arc::default(),
        }
    }

    /// The samples of one partition.
    pub(super) fn chunks(&self, partition: usize, context: &TaskContext) -> Chunks {
        let share = self.claims.join(partition);
        Chunks::new(share, self.stale, Arc::clone(&self.rows), context)
    }

    fn selection(&self) -> &Selection {
        self.claims.selection()
    }
}

impl Operation for SamplesScan {
    fn name(&self) -> &'static str {
        "SamplesScan"
    }

    fn describe(&self) -> String {
        let limit = self
            .limit
            .map_or_else(String::new, |limit| format!(" limit={limit}"));
        format!(
            "table={} {} columns=[{}]{limit}",
            self.table,
            self.selection().describe(),
            self.columns.listed()
        )
    }

    fn details(&self) -> Vec<(&'static str, u64)> {
        let mut details = self.selection().coverage();
        details.push(("rows_read", self.rows.load(Ordering::Relaxed)));
        details
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns.schema())
    }

    fn partitions(&self) -> usize {
        self.claims.partitions()
    }

    fn run(self: Arc<Self>, _inputs: Vec<SendableRecordBatchStream>, at: RunAt<'_>) -> Result<BatchStream> {
        let reader = Reader {
            chunks: self.chunks(at.partition, at.context),
            rows_left: self.limit.unwrap_or(usize::MAX),
            rows_per_batch: at.context.session_config().batch_size(),
            chunk: None,
            place: Place::default(),
            scan: self,
        };
        Ok(futures::stream::try_unfold(reader, Reader::next).boxed())
    }
}

/// Where the next batch starts in the chunk that was read last.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    series: usize,
    row: usize,
}

struct Reader {
    scan: Arc<SamplesScan>,
    chunks: Chunks,
    rows_left: usize,
    rows_per_batch: usize,
    chunk: Option<Chunk>,
    place: Place,
}

impl Reader {
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        while self.rows_left > 0 {
            if let Some(batch) = self.next_in_chunk()? {
                self.rows_left -= batch.num_rows();
                return Ok(Some((batch, self)));
            }
            // Reading does not wait for anything, so this is where a query can be stopped.
            tokio::task::yield_now().await;
            match self.chunks.next()? {
                Some(chunk) => (self.chunk, self.place) = (Some(chunk), Place::default()),
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    fn next_in_chunk(&mut self) -> Result<Option<RecordBatch>> {
        let Some(chunk) = &self.chunk else {
            return Ok(None);
        };
        let mut runs = Vec::new();
        let (mut rows, mut label_bytes) = (0, 0);
        let rows_max = self.rows_per_batch.min(self.rows_left);
        let (start, mut place) = (self.place.row, self.place);
        while place.series < chunk.len() {
            let left = chunk.rows(place.series).end - place.row;
            if left == 0 {
                place.series += 1;
                continue;
            }
            let labels = chunk.labels(place.series);
            let bytes_a_row = labels.encoded().len().max(1);
            let fits = (LABEL_BYTES_PER_BATCH - label_bytes) / bytes_a_row;
            let take = left.min(rows_max - rows).min(fits.max(usize::from(rows == 0)));
            if take == 0 {
                break;
            }
            runs.push(Run { labels, rows: take });
            rows += take;
            label_bytes = (label_bytes + take * bytes_a_row).min(LABEL_BYTES_PER_BATCH);
            place.row += take;
        }
        if rows == 0 {
            return Ok(None);
        }
        let samples = chunk.samples().slice(start..start + rows);
        let made = batch(&self.scan.columns, &runs, &samples)?;
        self.place = place;
        Ok(Some(made))
    }
}
