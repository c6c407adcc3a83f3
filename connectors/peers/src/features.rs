//! What Prometheus does with what comes in only when a feature flag asks for it.

/// Switches of ingestion; all off unless they are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IngestFeatures {
    /// Exposed and pushed start timestamps become zeros before the first sample: `created-timestamp-zero-ingestion`.
    pub start_timestamp_zeros: bool,
    /// They are kept with their samples: `st-storage`. Those of zeros and staleness markers are not known.
    pub start_timestamps: bool,
    /// Cumulative series of a scrape that say no start get one, and are counted from their first value:
    /// `st-synthesis`.
    pub synthesized_starts: bool,
    /// The type and the unit of a metric become labels of its series: `type-and-unit-labels`. A unit is its own
    /// family's only; Prometheus carries it on to the families of a page that say none.
    pub type_and_unit_labels: bool,
}

impl IngestFeatures {
    /// Whether start timestamps are read at all: targets are then asked for protobuf first, which has one with
    /// every sample, and the `_created` series of OpenMetrics are no series of their own.
    pub(crate) fn reads_starts(self) -> bool {
        self.start_timestamp_zeros || self.start_timestamps
    }
}
