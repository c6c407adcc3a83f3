//! A decompressed request to a batch. Pure: time is an argument.

use std::sync::Arc;

use connectors_formats::remote_write::WireError;
use connectors_formats::remote_write::v1::{self, NotStored, Sample};
use engine_model::{Labels, SampleBatch, SampleBatchBuilder, SeriesTable};

use super::labels::label_set;

/// A sample may be this far ahead of the clock, as in Prometheus.
const AHEAD_MAX_MS: i64 = 600_000;

/// Why a request is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    #[error("cannot decode the protobuf message: {0}")]
    Wire(#[from] WireError),
    /// Prometheus's text, and which sample.
    #[error("out of bounds: sample at {timestamp} ms for series {labels} is too far in the future")]
    OutOfBounds { labels: Labels, timestamp: i64 },
}

/// What a request holds.
#[derive(Debug)]
pub(super) struct Request {
    series: Vec<(Labels, usize)>,
    samples: Vec<Sample>,
    /// Samples of series that were skipped for their labels.
    pub(super) invalid_labels_samples: usize,
    /// What came beside samples.
    pub(super) not_stored: NotStored,
}

impl Request {
    /// Decodes and checks a message. Nothing is interned yet, so a refused request leaves no trace.
    pub(super) fn decode(message: &[u8], now_ms: i64) -> Result<Self, RequestError> {
        let mut series = Vec::new();
        let mut samples = Vec::new();
        let mut invalid_labels_samples = 0;
        let mut ahead = None;
        let mut buffer = Vec::new();
        let newest_ms = now_ms.saturating_add(AHEAD_MAX_MS);
        let not_stored = v1::decode(message, |sent| {
            let Some(labels) = label_set(&sent.labels, &mut buffer) else {
                invalid_labels_samples += sent.samples.len() + sent.histograms;
                return;
            };
            if ahead.is_none()
                && let Some(sample) = sent.samples.iter().find(|sample| sample.timestamp > newest_ms)
            {
                ahead = Some((labels.clone(), sample.timestamp));
            }
            series.push((labels, sent.samples.len()));
            samples.extend_from_slice(&sent.samples);
        })?;
        if let Some((labels, timestamp)) = ahead {
            return Err(RequestError::OutOfBounds { labels, timestamp });
        }
        Ok(Self {
            series,
            samples,
            invalid_labels_samples,
            not_stored,
        })
    }

    /// The request as one batch.
    pub(super) fn into_batch(self, table: &Arc<SeriesTable>) -> SampleBatch {
        let mut builder = SampleBatchBuilder::with_capacity(self.samples.len());
        let mut samples = self.samples.into_iter();
        for (labels, count) in self.series {
            if count == 0 {
                continue;
            }
            let series = table.intern(&labels);
            for sample in samples.by_ref().take(count) {
                builder.push(series, sample.timestamp, sample.value);
            }
        }
        builder.finish(table)
    }
}
