//! The scan: series of a snapshot as folded batches, a bounded number of series at a time.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use engine_model::{METRIC_NAME, MatchOp, Matcher};
use futures::{StreamExt, TryStreamExt};

use crate::budget::SampleBudget;
use crate::folded::{fold, folded_schema, histograms_of};
use crate::operation::{BatchStream, Operation, RunAt};
use crate::snapshot::{NeighboursReader, SeriesSet, Snapshot};

/// Samples that one batch aims at: 2 MiB of timestamps and values, which stay in the caches until a window has
/// slid over them.
const SAMPLES_PER_BATCH: i64 = 1 << 17;
/// Most series of one batch, for series that have few samples in the range.
const SERIES_PER_BATCH_MAX: i64 = 1024;
/// Batches that one task reads, one after the other: the page that a batch ends in is the next one's first.
const BATCHES_PER_TASK: usize = 8;
/// What series are expected to be sampled at, ms: a guess, which only sizes batches.
const USUAL_STEP_MS: i64 = 15_000;

/// Samples that a query reads without a rest, in which it may be moved to where long computations are: some 200 µs
/// of work, a few times what the move costs.
const QUICK_SAMPLES: u64 = 1 << 15;

/// Tasks that read at a time for a scan of many series.
const READ_AHEAD: usize = 2;

/// Reads the series that satisfy `matchers`, with their samples in `[min_ms, max_ms]`.
#[derive(Debug, Clone)]
pub struct SeriesScan {
    /// What is read.
    pub snapshot: Arc<dyn Snapshot>,
    /// Conditions on the labels; all must hold.
    pub matchers: Vec<Matcher>,
    /// Oldest timestamp, inclusive.
    pub min_ms: i64,
    /// Newest timestamp, inclusive.
    pub max_ms: i64,
    /// Limit on the samples that the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for SeriesScan {
    fn name(&self) -> &'static str {
        "SeriesScan"
    }

    fn describe(&self) -> String {
        let matchers: Vec<String> = self.matchers.iter().map(ToString::to_string).collect();
        format!("{{{}}} [{}, {}]", matchers.join(","), self.min_ms, self.max_ms)
    }

    fn details(&self) -> Vec<(&'static str, u64)> {
        self.snapshot.coverage(&self.matchers, self.min_ms, self.max_ms)
    }

    fn schema(&self) -> SchemaRef {
        folded_schema()
    }

    fn run(self: Arc<Self>, _inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        let select = futures::stream::once(async move {
            if !self.is_quickly_selected() {
                tokio::task::yield_now().await;
            }
            let set = self
                .snapshot
                .select_unordered(&self.matchers, self.min_ms, self.max_ms)?;
            if !self.is_quickly_read(set.as_ref()) {
                tokio::task::yield_now().await;
            }
            Ok::<_, DataFusionError>((self, set))
        });
        let batches = select.flat_map(|selected| match selected {
            Ok((scan, set)) => scan.batches(set),
            Err(error) => futures::stream::once(async { Err(error) }).boxed(),
        });
        Ok(batches.boxed())
    }
}

impl SeriesScan {
    /// Whether the series are found in the index by the values that the matchers say.
    fn is_quickly_selected(&self) -> bool {
        let named = |matcher: &Matcher| matcher.op == MatchOp::Equal && matcher.name == METRIC_NAME;
        let by_values = |matcher: &Matcher| matcher.set_matches().is_some();
        self.matchers.iter().any(named) && self.matchers.iter().all(by_values)
    }

    /// Whether reading takes no longer than a change of threads would.
    fn is_quickly_read(&self, set: &dyn SeriesSet) -> bool {
        let left = QUICK_SAMPLES.saturating_sub(self.budget.samples_read());
        set.is_at_hand(left)
    }

    fn batches(self: Arc<Self>, set: Arc<dyn SeriesSet>) -> BatchStream {
        let series_per_batch = series_per_batch(self.max_ms.saturating_sub(self.min_ms));
        let series_per_task = series_per_batch * BATCHES_PER_TASK;
        if set.len() <= series_per_batch {
            let batch = move || self.batch(set.as_ref(), set.reader().as_mut(), 0..set.len());
            return futures::stream::once(async move { batch() }).boxed();
        }
        let starts = (0..set.len()).step_by(series_per_task);
        let tasks = starts.map(move |start| {
            let (scan, set) = (Arc::clone(&self), Arc::clone(&set));
            let positions = start..(start + series_per_task).min(set.len());
            // A task of its own, so that the next batches are read while these are computed with.
            async move {
                let read = async move { scan.read(set.as_ref(), positions, series_per_batch).await };
                let read = SpawnedTask::spawn(read).join_unwind().await;
                read.map_err(|e| DataFusionError::External(Box::new(e)))?
            }
        });
        let read = futures::stream::iter(tasks).buffered(READ_AHEAD);
        read.map_ok(|batches| futures::stream::iter(batches.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }

    async fn read(
        &self,
        set: &dyn SeriesSet,
        positions: Range<usize>,
        series_per_batch: usize,
    ) -> Result<Vec<RecordBatch>> {
        let mut batches = Vec::with_capacity(BATCHES_PER_TASK);
        let mut reader = set.reader();
        for start in positions.clone().step_by(series_per_batch) {
            let end = (start + series_per_batch).min(positions.end);
            batches.push(self.batch(set, reader.as_mut(), start..end)?);
            // A query that was cancelled ends here.
            tokio::task::yield_now().await;
        }
        Ok(batches)
    }

    fn batch(
        &self,
        set: &dyn SeriesSet,
        reader: &mut dyn NeighboursReader,
        positions: Range<usize>,
    ) -> Result<RecordBatch> {
        let columns = reader.read(positions.clone())?;
        let samples = columns.sample_count();
        self.budget.read(samples);
        self.budget.take(samples)?;
        // Once folded, a batch lives as long as one step of the nodes above; the limit is on what
        // is held at one time.
        self.budget.give_back(samples);
        let histograms = histograms_of(&columns);
        let labels = positions.map(|position| set.labels(position).encoded());
        Ok(fold(labels, columns, histograms))
    }
}

/// Series of a batch, by the width of the range.
fn series_per_batch(range_ms: i64) -> usize {
    let samples = (range_ms / USUAL_STEP_MS).max(1);
    (SAMPLES_PER_BATCH / samples).clamp(1, SERIES_PER_BATCH_MAX) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_of_a_size() {
        for (range_ms, series) in [(0, 1024), (300_000, 1024), (86_400_000, 22), (i64::MAX, 1)] {
            assert_eq!(series_per_batch(range_ms), series, "{range_ms}");
        }
    }
}
