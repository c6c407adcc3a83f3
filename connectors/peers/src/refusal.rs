//! What a sender hears of a sample that the store refused, and when it may come again.

use engine_dataflow::RejectReason;
use engine_model::{SampleBatch, SeriesRef};

/// Seconds after which a sender that was sent away may try again; senders have a backoff of their own above it.
pub(crate) const RETRY_AFTER_SECONDS: &str = "5";

/// Prometheus's text, and which sample.
pub(crate) fn refusal(batch: &SampleBatch, row: usize, reason: RejectReason) -> Option<String> {
    let text = match reason {
        RejectReason::OutOfOrder => "out of order sample",
        RejectReason::Duplicate => "duplicate sample for timestamp",
        RejectReason::OutOfBounds => "out of bounds",
        RejectReason::TooOld => "too old sample",
        RejectReason::SeriesLimit => "the limit of series is reached, remove series or raise it",
    };
    let (series, timestamp) = match row.checked_sub(batch.len()) {
        None => (*batch.series().get(row)?, *batch.timestamps().get(row)?),
        Some(row) => {
            let histogram = batch.histograms().get(row)?;
            (histogram.series.0, histogram.timestamp)
        }
    };
    let labels = batch.series_table().labels(SeriesRef(series))?;
    Some(format!("{text}: sample at {timestamp} ms for series {labels}"))
}
