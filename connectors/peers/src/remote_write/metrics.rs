//! Counters of the receiver.

use crate::counter::Counter;

/// What came in since the start.
#[derive(Debug, Default)]
pub struct RemoteWriteMetrics {
    /// Requests that were committed.
    pub requests: Counter,
    /// Samples that were stored.
    pub samples: Counter,
    /// Samples of series whose labels are not valid.
    pub invalid_labels_samples: Counter,
    /// Requests refused for their data; not to be sent again.
    pub requests_refused: Counter,
    /// Requests that the store could not take; to be sent again.
    pub requests_unavailable: Counter,
    /// Exemplars that came and were not stored.
    pub exemplars_not_stored: Counter,
    /// Native histograms that came and were not stored.
    pub histograms_not_stored: Counter,
    /// Metadata entries that came and were not stored.
    pub metadata_not_stored: Counter,
}

impl RemoteWriteMetrics {
    /// Name, help and value of each counter, for the exposition of the server's own metrics.
    pub fn counters(&self) -> [(&'static str, &'static str, u64); 8] {
        [
            (
                "weir_remote_write_requests_total",
                "Total number of remote write requests that were stored.",
                self.requests.get(),
            ),
            (
                "weir_remote_write_samples_total",
                "Total number of samples stored from remote write requests.",
                self.samples.get(),
            ),
            (
                "prometheus_api_remote_write_invalid_labels_samples_total",
                "Total number of received samples that were skipped for invalid labels.",
                self.invalid_labels_samples.get(),
            ),
            (
                "weir_remote_write_requests_refused_total",
                "Total number of remote write requests refused for their data.",
                self.requests_refused.get(),
            ),
            (
                "weir_remote_write_requests_unavailable_total",
                "Total number of remote write requests that the store could not take.",
                self.requests_unavailable.get(),
            ),
            (
                "weir_remote_write_exemplars_not_stored_total",
                "Total number of received exemplars, which are not stored.",
                self.exemplars_not_stored.get(),
            ),
            (
                "weir_remote_write_histograms_not_stored_total",
                "Total number of received native histograms, which are not stored.",
                self.histograms_not_stored.get(),
            ),
            (
                "weir_remote_write_metadata_not_stored_total",
                "Total number of received metadata entries, which are not stored.",
                self.metadata_not_stored.get(),
            ),
        ]
    }
}
