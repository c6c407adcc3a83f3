//! Counters of the receiver.

use crate::counter::Counter;

/// What came in since the start.
#[derive(Debug, Default)]
pub struct RemoteWriteMetrics {
    /// Requests that were committed whole.
    pub requests: Counter,
    /// Requests of version 2.0 of which a part was committed.
    pub requests_in_part: Counter,
    /// Float samples that were stored.
    pub samples: Counter,
    /// Native histograms that were stored.
    pub histograms: Counter,
    /// Exemplars that were kept.
    pub exemplars: Counter,
    /// Samples of series whose labels are not valid.
    pub invalid_labels_samples: Counter,
    /// Exemplars whose labels are not valid.
    pub exemplars_invalid: Counter,
    /// Requests refused for their data; not to be sent again.
    pub requests_refused: Counter,
    /// Requests that the store could not take; to be sent again.
    pub requests_unavailable: Counter,
    /// Requests of those that were sent away because too many were under way.
    pub requests_shed: Counter,
}

impl RemoteWriteMetrics {
    /// Name, help and value of each counter, for the exposition of the server's own metrics.
    pub fn counters(&self) -> [(&'static str, &'static str, u64); 10] {
        [
            (
                "weir_remote_write_requests_total",
                "Total number of remote write requests that were stored.",
                self.requests.get(),
            ),
            (
                "weir_remote_write_requests_partial_total",
                "Total number of remote write requests of which a part was stored.",
                self.requests_in_part.get(),
            ),
            (
                "weir_remote_write_samples_total",
                "Total number of samples stored from remote write requests.",
                self.samples.get(),
            ),
            (
                "weir_remote_write_histograms_total",
                "Total number of native histograms stored from remote write requests.",
                self.histograms.get(),
            ),
            (
                "weir_remote_write_exemplars_total",
                "Total number of exemplars kept from remote write requests.",
                self.exemplars.get(),
            ),
            (
                "prometheus_api_remote_write_invalid_labels_samples_total",
                "Total number of received samples that were skipped for invalid labels.",
                self.invalid_labels_samples.get(),
            ),
            (
                "weir_remote_write_exemplars_invalid_total",
                "Total number of received exemplars that were skipped for invalid labels.",
                self.exemplars_invalid.get(),
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
                "weir_remote_write_requests_shed_total",
                "Total number of remote write requests sent away because too many were under way.",
                self.requests_shed.get(),
            ),
        ]
    }
}
