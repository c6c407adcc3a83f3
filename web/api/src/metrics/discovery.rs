//! Discovery of targets as metrics.

use connectors_peers::discovery::{DiscoveryMetrics, FamilyKind};

use super::exposition::Exposition;

/// Appends what discoverers did and what went wrong.
pub fn discovery_metrics(metrics: &DiscoveryMetrics, out: &mut Exposition) {
    for family in metrics.families() {
        for (labels, value) in &family.samples {
            let labels: Vec<(&str, &str)> = labels
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            match family.kind {
                FamilyKind::Counter => out.counter(family.name, family.help, &labels, *value),
                FamilyKind::Gauge => out.gauge(family.name, family.help, &labels, *value),
            }
        }
    }
    for refreshes in metrics.refresh_durations() {
        out.summary(
            "prometheus_sd_refresh_duration_seconds",
            "Duration of refreshes in seconds, by mechanism.",
            &[("config", &refreshes.config), ("mechanism", refreshes.mechanism)],
            &refreshes.quantiles,
            refreshes.sum_seconds,
            refreshes.count,
        );
    }
}
