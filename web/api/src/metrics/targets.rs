//! Targets as metrics; what goes wrong in scrapes counts itself.

use connectors_peers::scrape::{Health, PoolStatus, ScrapeMetrics, TargetsStatus};
use engine_model::duration::format_duration_ms;

use super::exposition::Exposition;

/// Appends the numbers of the jobs' targets and of their scrapes.
pub fn targets_metrics(status: &TargetsStatus, scrapes: &ScrapeMetrics, out: &mut Exposition) {
    for (name, help, value) in scrapes.counters() {
        out.counter(name, help, &[], value as f64);
    }
    for length in scrapes.interval_lengths.all() {
        let interval = format_duration_ms(length.interval_ms);
        out.summary(
            "prometheus_target_interval_length_seconds",
            "Actual intervals between scrapes.",
            &[("interval", &interval)],
            &length.quantiles,
            length.sum_seconds,
            length.count,
        );
    }
    for (job, pool) in status.pools() {
        pool_metrics(&job, &pool, out);
        series_metrics(&job, &pool, out);
    }
}

/// The targets of one job.
fn pool_metrics(job: &str, pool: &PoolStatus, out: &mut Exposition) {
    let labels = [("scrape_job", job)];
    out.gauge(
        "prometheus_target_scrape_pool_targets",
        "Current number of targets in this scrape pool.",
        &labels,
        pool.active.len() as f64,
    );
    out.gauge(
        "prometheus_target_scrape_pool_target_limit",
        "Maximum number of targets allowed in this scrape pool.",
        &labels,
        pool.target_limit as f64,
    );
    out.counter(
        "prometheus_target_scrape_pool_sync_total",
        "Total number of syncs that were executed on a scrape pool.",
        &labels,
        pool.syncs as f64,
    );
    out.gauge(
        "prometheus_sd_discovered_targets",
        "Current number of discovered targets.",
        &[("config", job), ("name", "scrape")],
        (pool.active.len() + pool.dropped_count) as f64,
    );
    for health in [Health::Up, Health::Down, Health::Unknown] {
        let targets = pool.active.iter().filter(|target| target.last().health == health);
        out.gauge(
            "weir_targets",
            "Current number of targets by health.",
            &[("scrape_job", job), ("health", health.as_str())],
            targets.count() as f64,
        );
    }
}

/// What the targets of one job expose.
fn series_metrics(job: &str, pool: &PoolStatus, out: &mut Exposition) {
    let labels = [("scrape_job", job)];
    out.gauge(
        "weir_target_scrape_pool_series",
        "Current number of series that the targets of this scrape pool expose.",
        &labels,
        pool.series.used() as f64,
    );
    out.gauge(
        "weir_target_scrape_pool_series_limit",
        "Maximum number of series allowed in this scrape pool, 0 for any number.",
        &labels,
        pool.series.max() as f64,
    );
    let metadata = || pool.active.iter().map(|target| target.metadata_size());
    out.gauge(
        "prometheus_target_metadata_cache_entries",
        "Total number of metric metadata entries in the cache.",
        &labels,
        metadata().map(|(families, _)| families).sum::<usize>() as f64,
    );
    out.gauge(
        "prometheus_target_metadata_cache_bytes",
        "The number of bytes that are currently used for storing metric metadata in the cache.",
        &labels,
        metadata().map(|(_, bytes)| bytes).sum::<usize>() as f64,
    );
}
