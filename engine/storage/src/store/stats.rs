//! What the store tells about itself.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Store;
use super::upkeep::UpkeepStats;
use crate::head::{Cardinality, RejectReason, Rejected};
use crate::segment::Segment;

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts since the start.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) samples_appended: Counter,
    pub(super) log_failures: Counter,
    pub(super) fsyncs: Counter,
    pub(super) fsync_us: Counter,
    pub(super) group_batches: Counter,
    pub(super) replay_us: Counter,
    pub(super) late_accepted: Counter,
    pub(super) exemplars_appended: Counter,
    pub(super) series_limit_hits: Counter,
    pub(super) torn_bytes: Counter,
    pub(super) cuts: Counter,
    pub(super) compactions: Counter,
    out_of_order: Counter,
    duplicate_timestamp: Counter,
    out_of_bounds: Counter,
    too_old: Counter,
}

impl Counters {
    pub(super) fn count_rejected(&self, rejected: &Rejected) {
        for (reason, count) in &rejected.counts {
            let counter = match reason {
                RejectReason::OutOfOrder => &self.out_of_order,
                RejectReason::DuplicateTimestamp => &self.duplicate_timestamp,
                RejectReason::OutOfBounds => &self.out_of_bounds,
                RejectReason::TooOld => &self.too_old,
                // The scraper interns again and retries: not a property of the data.
                RejectReason::UnknownSeries => continue,
                // Batches are counted, where the limit is looked at.
                RejectReason::SeriesLimit => continue,
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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoreStats {
    /// Series in the head.
    pub head_series: usize,
    /// Samples in the head.
    pub head_samples: usize,
    /// Bytes of memory of the head's states, index and samples, without the labels' texts.
    pub head_bytes: usize,
    /// Of these, bytes of samples.
    pub head_sample_bytes: usize,
    /// Exemplars that are kept.
    pub exemplars: usize,
    /// Exemplars appended.
    pub exemplars_appended: u64,
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
    /// Seconds that were spent in them.
    pub fsync_seconds: f64,
    /// Batches that waited for them: divided by `fsyncs`, the size of a group.
    pub fsync_batches: u64,
    /// Bytes of the current log file.
    pub log_file_bytes: u64,
    /// Seconds that the replay took.
    pub replay_seconds: f64,
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
    /// Refused samples, older than the window for late ones.
    pub too_old: u64,
    /// Late samples that were accepted.
    pub late_accepted: u64,
    /// Batches that were refused because of the limit of series.
    pub series_limit_hits: u64,
    /// Segments.
    pub segments: usize,
    /// Bytes of the segments' files.
    pub segment_bytes: u64,
    /// Samples in the segments.
    pub segment_samples: u64,
    /// Bytes of decompressed pages that are kept for queries.
    pub page_cache_bytes: u64,
    /// Pages that queries looked for and found there.
    pub page_cache_hits: u64,
    /// Pages that they did not find there.
    pub page_cache_misses: u64,
    /// Compaction, retention and deletes.
    pub upkeep: UpkeepStats,
}

impl Store {
    /// The store at a glance. Costs a pass over the head's index.
    pub fn stats(&self) -> StoreStats {
        let version = self.shared.version.load();
        let counters = &self.shared.counters;
        let pages = self.shared.pages.as_ref().map(|pages| pages.stats());
        let (page_cache_bytes, page_cache_hits, page_cache_misses) = pages.unwrap_or_default();
        let head = self.shared.head.read();
        StoreStats {
            head_series: head.series_count(),
            head_samples: head.sample_count(),
            head_bytes: head.memory_bytes(),
            head_sample_bytes: head.data_bytes(),
            exemplars: head.exemplar_count(),
            exemplars_appended: counters.exemplars_appended.get(),
            fsync_seconds: counters.fsync_us.get() as f64 / 1e6,
            fsync_batches: counters.group_batches.get(),
            log_file_bytes: self.shared.logged_bytes(),
            replay_seconds: counters.replay_us.get() as f64 / 1e6,
            too_old: counters.too_old.get(),
            late_accepted: counters.late_accepted.get(),
            series_limit_hits: counters.series_limit_hits.get(),
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
            page_cache_bytes,
            page_cache_hits,
            page_cache_misses,
            upkeep: self.shared.upkeep.stats(&version.tombstones),
        }
    }

    /// Label names of the head with their values and series counts. Builds all of it: for inspection; a page
    /// asks for [`Store::cardinality`].
    pub fn head_label_stats(&self) -> Vec<LabelStats> {
        let labels = self.shared.head.read().label_values();
        labels
            .into_iter()
            .map(|(name, values)| LabelStats { name, values })
            .collect()
    }

    /// What labels cost in the head: the `limit` largest of each kind.
    pub fn cardinality(&self, limit: usize) -> Cardinality {
        self.shared.head.read().cardinality(limit)
    }
}
