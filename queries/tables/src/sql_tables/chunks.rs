//! Samples of one partition of a scan, some series at a time. A little is read at first, so that `LIMIT 10` is cheap,
//! then more at a time, up to a bound on samples that is the same for any range of time.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use engine_model::Labels;
use engine_model::staleness::is_stale;
use engine_storage::SeriesColumns;

use super::claims::Share;
use super::rows::{Samples, one_nan};
use super::selection::Claimed;
use crate::snapshot::{NeighboursReader, SeriesSet};

/// Samples that one read aims at: 4 MiB of timestamps and values, so that neighbours share decoded pages.
const SAMPLES_PER_READ: usize = 1 << 18;
/// Most series of one read, for series that have few samples in the range: what is kept for each is small beside the
/// page that short neighbours share.
const SERIES_PER_READ_MAX: usize = 8192;
/// How much larger than the last read the next one may be: the average of the first few series says
/// little about the others.
const READ_GROWTH_MAX: usize = 4;

/// Reads one partition's share.
#[derive(Debug)]
pub(super) struct Chunks {
    share: Share,
    /// Staleness markers are samples too.
    stale: bool,
    /// Counts rows.
    rows: Arc<AtomicU64>,
    reservation: MemoryReservation,
    series_per_read: usize,
}

impl Chunks {
    pub(super) fn new(share: Share, stale: bool, rows: Arc<AtomicU64>, context: &TaskContext) -> Self {
        Self {
            share,
            stale,
            rows,
            reservation: MemoryConsumer::new("SamplesScan").register(context.memory_pool()),
            series_per_read: 1,
        }
    }

    /// The next series, of which some may have no sample; none when there are no more.
    pub(super) fn next(&mut self) -> Result<Option<Chunk>> {
        match self.claim()? {
            Some((set, positions)) => {
                let mut reader = set.reader();
                self.read(&set, reader.as_mut(), positions).map(Some)
            }
            None => Ok(None),
        }
    }

    /// Where the next series are, all in one set; none when there are no more. They are to be read.
    pub(super) fn claim(&mut self) -> Result<Option<Claimed>> {
        let claimed = self.share.claim(self.series_per_read)?;
        if claimed.is_none() {
            self.reservation.free();
        }
        Ok(claimed)
    }

    /// The series at `positions` of `set`, by a reader of it, which keeps what the next ones need too.
    pub(super) fn read(
        &mut self,
        set: &Arc<dyn SeriesSet>,
        reader: &mut dyn NeighboursReader,
        positions: Range<usize>,
    ) -> Result<Chunk> {
        let (first, count) = (positions.start, positions.len());
        let mut columns = reader.read(positions)?;
        let samples = columns.sample_count();
        self.reservation
            .try_resize(samples * (size_of::<i64>() + size_of::<f64>()))?;
        if columns.values.iter().any(|value| value.is_nan()) {
            if !self.stale {
                drop_stale(&mut columns);
            }
            one_nan(&mut columns.values);
        }
        self.series_per_read = next_read(count, samples);
        self.rows
            .fetch_add(columns.values.len() as u64, Ordering::Relaxed);
        Ok(Chunk {
            set: Arc::clone(set),
            first,
            samples: Samples::new(columns.timestamps, columns.values),
            ends: columns.ends,
        })
    }
}

/// Some series with their samples.
#[derive(Debug)]
pub(super) struct Chunk {
    set: Arc<dyn SeriesSet>,
    first: usize,
    samples: Samples,
    ends: Vec<usize>,
}

impl Chunk {
    /// Number of series.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Labels of the n-th series.
    pub(super) fn labels(&self, series: usize) -> &Labels {
        self.set.labels(self.first + series)
    }

    /// Where the samples of the n-th series are.
    pub(super) fn rows(&self, series: usize) -> Range<usize> {
        let from = series.checked_sub(1).map_or(0, |before| self.ends[before]);
        from..self.ends[series]
    }

    /// The samples of all.
    pub(super) fn samples(&self) -> &Samples {
        &self.samples
    }
}

/// How many series to read after `series` of them had `samples`.
fn next_read(series: usize, samples: usize) -> usize {
    let average = (samples / series.max(1)).max(1);
    (SAMPLES_PER_READ / average).clamp(1, SERIES_PER_READ_MAX.min(series.max(1) * READ_GROWTH_MAX))
}

fn drop_stale(columns: &mut SeriesColumns) {
    let (mut kept, mut from) = (0, 0);
    for end in &mut columns.ends {
        for row in from..*end {
            if !is_stale(columns.values[row]) {
                columns.timestamps[kept] = columns.timestamps[row];
                columns.values[kept] = columns.values[row];
                kept += 1;
            }
        }
        (from, *end) = (*end, kept);
    }
    columns.timestamps.truncate(kept);
    columns.values.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staleness_markers_go_and_ends_follow() {
        use engine_model::staleness::STALE_NAN;
        let mut columns = SeriesColumns {
            timestamps: vec![1, 2, 1, 1, 2, 3],
            values: vec![1.0, STALE_NAN, STALE_NAN, 4.0, STALE_NAN, 6.0],
            ends: vec![2, 3, 3, 6],
            histograms: Vec::new(),
            starts: Vec::new(),
        };
        drop_stale(&mut columns);
        assert_eq!(columns.timestamps, [1, 1, 3]);
        assert_eq!(columns.values, [1.0, 4.0, 6.0]);
        assert_eq!(columns.ends, [1, 1, 1, 3]);
    }

    #[test]
    fn reads_grow_up_to_their_bound() {
        for (series, samples, next) in [
            (1, 0, 4),
            (1, 10, 4),
            (4, 40, 16),
            (1024, 10_240, 4096),
            (8192, 81_920, 8192),
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
