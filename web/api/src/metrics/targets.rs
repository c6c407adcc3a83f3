//! Targets as metrics; what goes wrong in scrapes counts itself.

use connectors_peers::scrape::{Health, ScrapeMetrics, TargetsStatus};

use super::exposition::Exposition;

/// Appends the numbers of the jobs' targets and of their scrapes.
pub fn targets_metrics(status: &TargetsStatus, scrapes: &ScrapeMetrics, out: &mut Exposition) {
    for (name, help, value) in scrapes.counters() {
        out.counter(name, help, &[], value as f64);
    }
    for (job, pool) in status.pools() {
        let labels = [("scrape_job", job.as_str())];
        out.gauge(
            "prometheus_target_scrape_pool_targets",
            "Current number of targets in this scrape pool.",
            &labels,
            pool.active.len() as f64,
        );
        out.gauge(
            "prometheus_sd_discovered_targets",
            "Current number of discovered targets.",
            &[("config", &job), ("name", "scrape")],
            (pool.active.len() + pool.dropped_count) as f64,
        );
        for health in [Health::Up, Health::Down, Health::Unknown] {
            let targets = pool.active.iter().filter(|target| target.last().health == health);
            out.gauge(
                "weir_targets",
                "Current number of targets by health.",
                &[("scrape_job", &job), ("health", health.as_str())],
                targets.count() as f64,
            );
        }
    }
}
