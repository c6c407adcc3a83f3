//! The scan: series of a snapshot as folded batches, a bounded number of series at a time.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use engine_model::Matcher;
use futures::StreamExt;

use crate::budget::SampleBudget;
use crate::folded::{fold, fold_with, folded_schema, histograms_of};
use crate::operation::{BatchStream, Operation};
use crate::snapshot::{SeriesSet, Snapshot};

/// Series read at a time: enough to share the decoding of Parquet pages between neighbours, few enough
/// that a batch of a day at 15 s (5,760 samples a series) stays near 25 MiB.
const SERIES_PER_BATCH: usize = 256;

/// Batches that are read at a time by a scan of many series.
const READ_AHEAD: usize = 2;

/// Reads the series that satisfy `matchers`, with their samples in `[min_ms, max_ms]`.
#[derive(Debug)]
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

    fn run(
        self: Arc<Self>,
        _inputs: Vec<SendableRecordBatchStream>,
        _context: &TaskContext,
    ) -> Result<BatchStream> {
        let select = futures::stream::once(async move {
            let set = self
                .snapshot
                .select_unordered(&self.matchers, self.min_ms, self.max_ms)?;
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
    fn batches(self: Arc<Self>, set: Arc<dyn SeriesSet>) -> BatchStream {
        let starts = (0..set.len()).step_by(SERIES_PER_BATCH);
        let read_ahead = if set.len() > SERIES_PER_BATCH {
            READ_AHEAD
        } else {
            1
        };
        let batches = futures::stream::iter(starts).map(move |start| {
            let (scan, set) = (Arc::clone(&self), Arc::clone(&set));
            let read = move || scan.batch(set.as_ref(), start..(start + SERIES_PER_BATCH).min(set.len()));
            async move {
                match read_ahead {
                    1 => read(),
                    // A task of its own, so that the next batch is read while this one is computed with.
                    _ => SpawnedTask::spawn(async move { read() })
                        .join_unwind()
                        .await
                        .map_err(|e| DataFusionError::External(Box::new(e)))?,
                }
            }
        });
        batches.buffered(read_ahead).boxed()
    }

    fn batch(&self, set: &dyn SeriesSet, positions: Range<usize>) -> Result<RecordBatch> {
        let series = set.read(positions.clone())?;
        let samples: usize = series.iter().map(engine_storage::SeriesSamples::len).sum();
        self.budget.read(samples);
        self.budget.take(samples)?;
        // Once folded, a batch lives as long as one step of the nodes above; the limit is on what
        // is held at one time.
        self.budget.give_back(samples);
        let starts: Vec<&[(i64, i64)]> = positions.map(|position| set.starts(position)).collect();
        if starts.iter().all(|starts| starts.is_empty()) {
            return Ok(fold(series));
        }
        let histograms = histograms_of(&series);
        Ok(fold_with(series, histograms, &starts))
    }
}
