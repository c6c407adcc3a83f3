//! Counters of the text import.

use crate::counter::Counter;

/// What came in since the start.
#[derive(Debug, Default)]
pub struct ImportMetrics {
    /// Requests that were stored whole.
    pub requests: Counter,
    /// Requests that were answered with a fault of their data; what is good of them is stored.
    pub requests_refused: Counter,
    /// Requests that ended early because the store could not take them; to be sent again.
    pub requests_unavailable: Counter,
    /// Requests that were sent away because too many were under way.
    pub requests_shed: Counter,
    /// Samples that were stored.
    pub samples: Counter,
    /// Samples that the store refused.
    pub samples_refused: Counter,
}

impl ImportMetrics {
    /// Name, help and value of each counter, for the exposition of the server's own metrics.
    pub fn counters(&self) -> [(&'static str, &'static str, u64); 6] {
        [
            (
                "weir_import_requests_total",
                "Total number of text imports that were stored.",
                self.requests.get(),
            ),
            (
                "weir_import_requests_refused_total",
                "Total number of text imports with faults in their data.",
                self.requests_refused.get(),
            ),
            (
                "weir_import_requests_unavailable_total",
                "Total number of text imports that the store could not take.",
                self.requests_unavailable.get(),
            ),
            (
                "weir_import_requests_shed_total",
                "Total number of text imports sent away because too many were under way.",
                self.requests_shed.get(),
            ),
            (
                "weir_import_samples_total",
                "Total number of samples stored from text imports.",
                self.samples.get(),
            ),
            (
                "weir_import_samples_refused_total",
                "Total number of samples of text imports that the store refused.",
                self.samples_refused.get(),
            ),
        ]
    }
}
