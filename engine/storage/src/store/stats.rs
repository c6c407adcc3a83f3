//! What the store tells about itself.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Store;
use crate::head::{RejectReason, Rejected};
use crate::segment::Segment;

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts since the start.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) samples_appended: Counter,
    pub(super) log_failures: Counter,
    pub(super) fsyncs: Counter,
    pub(super) torn_bytes: Counter,
    pub(super) cuts: Counter,
    pub(super) compactions: Counter,
    out_of_order: Counter,
    duplicate_timestamp: Counter,
    out_of_bounds: Counter,
}

impl Counters {
    pub(super) fn count_rejected(&self, rejected: &Rejected) {
        for (reason, count) in &rejected.counts {
            let counter = match reason {
                RejectReason::OutOfOrder => &self.out_of_order,
                RejectReason::DuplicateTimestamp => &self.duplicate_timestamp,
                RejectReason::OutOfBounds => &self.out_of_bounds,
                // The scraper interns again and retries: not a property of the data.
                RejectReason::UnknownSeries => continue,
            };
            counter.add(*count as u64);
        }
    }
}

/// A label and what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelStats {
    /// Label name.
    pub name: String,
    /// Values with the number of series of each.
    pub values: Vec<(String, usize)>,
}

/// The store at a glance; counters count since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Series in the head.
    pub head_series: usize,
    /// Samples in the head.
    pub head_samples: usize,
    /// Oldest timestamp in the head, ms.
    pub head_min_ms: Option<i64>,
    /// Newest timestamp ever accepted, ms.
    pub head_max_ms: Option<i64>,
    /// Newest commit.
    pub commit: u64,
    /// Samples appended.
    pub samples_appended: u64,
    /// Batches that the log could not take.
    pub log_failures: u64,
    /// Times that the log was synced.
    pub fsyncs: u64,
    /// Bytes of a torn tail that the last replay cut off.
    pub torn_bytes: u64,
    /// Cuts of the head.
    pub cuts: u64,
    /// Compactions.
    pub compactions: u64,
    /// Refused samples, older than the newest of their series.
    pub out_of_order: u64,
    /// Refused samples, another value at the same timestamp.
    pub duplicate_timestamp: u64,
    /// Refused samples, too old for the store.
    pub out_of_bounds: u64,
    /// Segments.
    pub segments: usize,
    /// Bytes of the segments' files.
    pub segment_bytes: u64,
    /// Samples in the segments.
    pub segment_samples: u64,
}

impl Store {
    /// The store at a glance. Costs a pass over the head's series.
    pub fn stats(&self) -> StoreStats {
        let version = self.shared.version.load();
        let counters = &self.shared.counters;
        let head = self.shared.head.read();
        StoreStats {
            head_series: head.series_count(),
            head_samples: head.sample_count(),
            head_min_ms: head.oldest_ms(),
            head_max_ms: head.newest_ms(),
            commit: version.commit,
            samples_appended: counters.samples_appended.get(),
            log_failures: counters.log_failures.get(),
            fsyncs: counters.fsyncs.get(),
            torn_bytes: counters.torn_bytes.get(),
            cuts: counters.cuts.get(),
            compactions: counters.compactions.get(),
            out_of_order: counters.out_of_order.get(),
            duplicate_timestamp: counters.duplicate_timestamp.get(),
            out_of_bounds: counters.out_of_bounds.get(),
            segments: version.segments.len(),
            segment_bytes: version.segments.iter().map(Segment::bytes).sum(),
            segment_samples: version.segments.iter().map(Segment::sample_count).sum(),
        }
    }

    /// Label names of the head with their values and series counts, for cardinality pages.
    pub fn head_label_stats(&self) -> Vec<LabelStats> {
        let cardinality = self.shared.head.read().cardinality();
        cardinality
            .into_iter()
            .map(|(name, values)| LabelStats { name, values })
            .collect()
    }
}
