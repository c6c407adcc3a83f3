//! Samples of a snapshot as rows, series by series. A little is read at first, so that `LIMIT 10` is
//! cheap, then more at a time, up to a bound on samples that is the same for any range of time.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use engine_model::staleness::is_stale;
use engine_storage::SeriesSamples;
use futures::StreamExt;

use super::columns::Columns;
use super::rows::{Run, batch};
use super::selection::{Cursor, Selection};
use crate::operation::{BatchStream, Operation};

/// Samples that one read aims at: 4 MiB of timestamps and values, so that neighbours share decoded pages.
const SAMPLES_PER_READ: usize = 1 << 18;
/// Most series of one read, for series that have few samples in the range.
const SERIES_PER_READ_MAX: usize = 1024;
/// How much faster than the last read the next one may be: the average of the first few series says
/// little about the others.
const READ_GROWTH_MAX: usize = 4;
/// Label bytes that the rows of one batch may repeat; Arrow's text columns end at 2 GiB.
const LABEL_BYTES_PER_BATCH: usize = 64 << 20;

/// Reads the samples of the selected series.
#[derive(Debug)]
pub(super) struct SamplesScan {
    pub(super) table: String,
    pub(super) selection: Selection,
    /// Staleness markers are rows too.
    pub(super) stale: bool,
    pub(super) columns: Columns,
}

impl Operation for SamplesScan {
    fn name(&self) -> &'static str {
        "SamplesScan"
    }

    fn describe(&self) -> String {
        format!(
            "table={} {} columns=[{}]",
            self.table,
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
            scan: self,
            rows_per_batch: context.session_config().batch_size(),
            reservation: MemoryConsumer::new("SamplesScan").register(context.memory_pool()),
            cursor: Cursor::default(),
            series_per_read: 1,
            chunk: Vec::new(),
            place: Place::default(),
        };
        Ok(futures::stream::try_unfold(reader, Reader::next).boxed())
    }
}

/// Where the next batch starts in the chunk that was read last.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    series: usize,
    sample: usize,
}

struct Reader {
    scan: Arc<SamplesScan>,
    rows_per_batch: usize,
    reservation: MemoryReservation,
    cursor: Cursor,
    series_per_read: usize,
    chunk: Vec<SeriesSamples>,
    place: Place,
}

impl Reader {
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        loop {
            if let Some(batch) = self.next_in_chunk()? {
                return Ok(Some((batch, self)));
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
        let Some(read) = self.cursor.read(&self.scan.selection, self.series_per_read)? else {
            return Ok(false);
        };
        self.chunk = read;
        let samples: usize = self.chunk.iter().map(SeriesSamples::len).sum();
        self.reservation
            .try_resize(samples * (size_of::<i64>() + size_of::<f64>()))?;
        if !self.scan.stale {
            self.chunk.iter_mut().for_each(drop_stale);
        }
        self.series_per_read = next_read(self.chunk.len(), samples);
        self.place = Place::default();
        Ok(true)
    }

    fn next_in_chunk(&mut self) -> Result<Option<RecordBatch>> {
        let mut runs = Vec::new();
        let (mut rows, mut label_bytes) = (0, 0);
        let mut place = self.place;
        while let Some(series) = self.chunk.get(place.series) {
            let left = series.timestamps.len() - place.sample;
            if left == 0 {
                place = Place {
                    series: place.series + 1,
                    sample: 0,
                };
                continue;
            }
            let bytes_a_row = series.labels.encoded().len().max(1);
            let fits = (LABEL_BYTES_PER_BATCH - label_bytes) / bytes_a_row;
            let take = left
                .min(self.rows_per_batch - rows)
                .min(fits.max(usize::from(rows == 0)));
            if take == 0 {
                break;
            }
            let range = place.sample..place.sample + take;
            runs.push(Run {
                labels: &series.labels,
                rows: take,
                timestamps: &series.timestamps[range.clone()],
                values: &series.values[range],
            });
            rows += take;
            label_bytes = (label_bytes + take * bytes_a_row).min(LABEL_BYTES_PER_BATCH);
            place.sample += take;
        }
        if rows == 0 {
            return Ok(None);
        }
        let made = batch(&self.scan.columns, &runs)?;
        self.place = place;
        Ok(Some(made))
    }
}

/// How many series to read after `series` of them had `samples`.
fn next_read(series: usize, samples: usize) -> usize {
    let average = (samples / series.max(1)).max(1);
    (SAMPLES_PER_READ / average).clamp(1, SERIES_PER_READ_MAX.min(series.max(1) * READ_GROWTH_MAX))
}

fn drop_stale(series: &mut SeriesSamples) {
    if !series.values.iter().any(|&value| is_stale(value)) {
        return;
    }
    let fresh = series.timestamps.iter().zip(&series.values);
    let fresh = fresh
        .filter(|(_, value)| !is_stale(**value))
        .map(|(&t, &v)| (t, v));
    (series.timestamps, series.values) = fresh.unzip();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_grow_up_to_their_bound() {
        for (series, samples, next) in [
            (1, 0, 4),
            (1, 10, 4),
            (4, 40, 16),
            (1024, 10_240, 1024),
            (512, 512 * 5_760, 45),
            (1, 50_000_000, 1),
        ] {
            assert_eq!(
                next_read(series, samples),
                next,
                "{series} series, {samples} samples"
            );
        }
    }
}
