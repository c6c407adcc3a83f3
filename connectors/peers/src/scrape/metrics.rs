//! Counters of all scrape loops, under Prometheus's names.

use crate::counter::Counter;

/// What went wrong in scrapes since the start.
#[derive(Debug, Default)]
pub struct ScrapeMetrics {
    /// Scrapes that hit `sample_limit`.
    pub exceeded_sample_limit: Counter,
    /// Scrapes that hit `body_size_limit`.
    pub exceeded_body_size_limit: Counter,
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
}

impl ScrapeMetrics {
    /// Name, help and value of each counter, for the exposition of the server's own metrics.
    pub fn counters(&self) -> [(&'static str, &'static str, u64); 10] {
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
            (
                "prometheus_target_sync_failed_total",
                "Total number of targets that could not be made from their labels.",
                self.sync_failed.get(),
            ),
        ]
    }
}
