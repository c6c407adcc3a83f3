//! Counters of all scrape loops, under Prometheus's names.

use super::interval_lengths::IntervalLengths;
use crate::counter::Counter;

/// What went wrong in scrapes since the start.
#[derive(Debug, Default)]
pub struct ScrapeMetrics {
    /// Scrapes that hit `sample_limit`.
    pub exceeded_sample_limit: Counter,
    /// Scrapes that hit `body_size_limit`.
    pub exceeded_body_size_limit: Counter,
    /// Scrapes with a native histogram of too many buckets.
    pub exceeded_bucket_limit: Counter,
    /// Scrapes with series beyond the job's `series_limit`.
    pub exceeded_series_limit: Counter,
    /// Samples that were not taken because of it.
    pub samples_over_series_limit: Counter,
    /// Zeros that were written where counters begin.
    pub zeros_appended: Counter,
    /// Scrapes that were due while the one before was still under way.
    pub ticks_skipped: Counter,
    /// Scrapes that hit a label limit.
    pub exceeded_label_limits: Counter,
    /// Times that a job's targets hit `target_limit`.
    pub exceeded_target_limit: Counter,
    /// Samples older than the newest of their series.
    pub sample_out_of_order: Counter,
    /// Samples with the timestamp of another one of their series.
    pub sample_duplicate_timestamp: Counter,
    /// Samples too old or too far in the future.
    pub sample_out_of_bounds: Counter,
    /// Samples that were stored.
    pub samples_appended: Counter,
    /// Scrapes whose batch the store did not take.
    pub commit_failed: Counter,
    /// Targets that could not be made.
    pub sync_failed: Counter,
    /// How far scrapes were apart.
    pub interval_lengths: IntervalLengths,
}

impl ScrapeMetrics {
    /// Name, help and value of each counter, for the exposition of the server's own metrics.
    pub fn counters(&self) -> Vec<(&'static str, &'static str, u64)> {
        [&self.limits()[..], &self.samples()[..]].concat()
    }

    /// Scrapes that hit a limit, and scrapes that did not happen.
    fn limits(&self) -> [(&'static str, &'static str, u64); 9] {
        [
            (
                "prometheus_target_scrapes_exceeded_sample_limit_total",
                "Total number of scrapes that hit the sample limit and were rejected.",
                self.exceeded_sample_limit.get(),
            ),
            (
                "prometheus_target_scrapes_exceeded_body_size_limit_total",
                "Total number of scrapes that hit the body size limit.",
                self.exceeded_body_size_limit.get(),
            ),
            (
                "prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total",
                "Total number of scrapes that hit the native histogram bucket limit and were rejected.",
                self.exceeded_bucket_limit.get(),
            ),
            (
                "weir_target_scrapes_exceeded_series_limit_total",
                "Total number of scrapes that had series beyond the series limit of their job.",
                self.exceeded_series_limit.get(),
            ),
            (
                "weir_target_scrapes_sample_over_series_limit_total",
                "Total number of samples that were not taken because of the series limit of their job.",
                self.samples_over_series_limit.get(),
            ),
            (
                "weir_target_scrapes_skipped_total",
                "Total number of scrapes that were due while the one before was still under way.",
                self.ticks_skipped.get(),
            ),
            (
                "prometheus_target_scrape_pool_exceeded_label_limits_total",
                "Total number of scrapes that hit a label limit and were rejected.",
                self.exceeded_label_limits.get(),
            ),
            (
                "prometheus_target_scrape_pool_exceeded_target_limit_total",
                "Total number of times that a job had more targets than its limit.",
                self.exceeded_target_limit.get(),
            ),
            (
                "prometheus_target_sync_failed_total",
                "Total number of targets that could not be made from their labels.",
                self.sync_failed.get(),
            ),
        ]
    }

    /// What became of the samples.
    fn samples(&self) -> [(&'static str, &'static str, u64); 6] {
        [
            (
                "weir_scrape_zeros_appended_total",
                "Total number of zeros that were stored where counters begin.",
                self.zeros_appended.get(),
            ),
            (
                "prometheus_target_scrapes_sample_out_of_order_total",
                "Total number of samples rejected for being older than the newest of their series.",
                self.sample_out_of_order.get(),
            ),
            (
                "prometheus_target_scrapes_sample_duplicate_timestamp_total",
                "Total number of samples rejected for having the timestamp of another value.",
                self.sample_duplicate_timestamp.get(),
            ),
            (
                "prometheus_target_scrapes_sample_out_of_bounds_total",
                "Total number of samples rejected for being outside the accepted time range.",
                self.sample_out_of_bounds.get(),
            ),
            (
                "weir_scrape_samples_appended_total",
                "Total number of scraped samples that were stored.",
                self.samples_appended.get(),
            ),
            (
                "weir_scrape_commits_failed_total",
                "Total number of scrapes whose samples the store did not take.",
                self.commit_failed.get(),
            ),
        ]
    }
}
