//! Samples that were not taken, and why.

use std::collections::HashMap;

use engine_model::Labels;

/// Why a sample was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectReason {
    /// Older than the newest sample of its series, and no late samples are accepted.
    OutOfOrder,
    /// Same timestamp as another sample of its series, another value.
    DuplicateTimestamp,
    /// More than an hour older than the newest sample of the store.
    OutOfBounds,
    /// Older than the window in which late samples are accepted.
    TooOld,
    /// Its series reference is not in the series table: the caller must intern the labels again.
    UnknownSeries,
    /// Its series would be a new one, and the store has as many as are allowed.
    SeriesLimit,
}

impl RejectReason {
    /// Prometheus's text for the reason.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutOfOrder => "out of order sample",
            Self::DuplicateTimestamp => "duplicate sample for timestamp",
            Self::OutOfBounds => "out of bounds",
            Self::TooOld => "too old sample",
            Self::UnknownSeries => "unknown series reference",
            Self::SeriesLimit => "limit of series reached",
        }
    }
}

/// One sample that was not taken.
#[derive(Debug, Clone)]
pub struct RejectedSample {
    /// Its series; empty when the reference is unknown.
    pub labels: Labels,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// Why it was not taken.
    pub reason: RejectReason,
    /// Its row in the batch; histograms are rows after the floats.
    pub row: usize,
}

/// Samples that were not taken, counted by reason.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rejected {
    pub(crate) counts: HashMap<RejectReason, usize>,
    pub(crate) first: Option<RejectedSample>,
}

impl Rejected {
    pub(super) fn add(&mut self, labels: Labels, row: usize, timestamp: i64, reason: RejectReason) {
        *self.counts.entry(reason).or_default() += 1;
        self.first.get_or_insert(RejectedSample {
            labels,
            timestamp,
            reason,
            row,
        });
    }

    /// Number of samples that were not taken.
    #[cfg(test)]
    pub(crate) fn total(&self) -> usize {
        self.counts.values().sum()
    }
}
