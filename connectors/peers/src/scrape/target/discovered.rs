//! The labels of an address before relabelling.

use std::collections::BTreeMap;

use engine_model::duration::format_duration_ms;
use engine_model::{Labels, LabelsBuilder};

use super::super::config::ScrapeConfig;

/// The target's own labels, its group's, and the job's settings where those are not set.
pub(super) fn discovered_labels(
    config: &ScrapeConfig,
    target: &BTreeMap<String, String>,
    group: &BTreeMap<String, String>,
) -> Labels {
    let mut builder = LabelsBuilder::default();
    for (name, value) in group.iter().chain(target) {
        builder.set(name, value);
    }
    let interval = format_duration_ms(config.scrape_interval_ms);
    let timeout = format_duration_ms(config.scrape_timeout_ms);
    let mut default = |name: &str, value: &str| {
        if builder.value(name).is_empty() {
            builder.set(name, value);
        }
    };
    default("job", &config.job_name);
    default("__scrape_interval__", &interval);
    default("__scrape_timeout__", &timeout);
    default("__metrics_path__", &config.metrics_path);
    default("__scheme__", &config.scheme);
    let mut histograms = config.histograms;
    for (name, _, option) in histograms.labels() {
        default(name, if *option { "true" } else { "false" });
    }
    for (name, values) in &config.params {
        if let Some(first) = values.first() {
            default(&format!("__param_{name}"), first);
        }
    }
    builder.build()
}
