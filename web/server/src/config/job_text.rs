//! The text of a scrape job as the API shows it: what is written, secrets hidden, then the values that hold without being
//! written.

use std::collections::BTreeMap;

use connectors_peers::scrape::ScrapeConfig;
use connectors_peers::scrape::config::NameValidation;
use engine_model::duration::format_duration_ms;
use engine_settings::{Document, Value};

/// The texts of the jobs that were decoded from the `scrape_configs` of a document, by their names.
pub(super) fn of_jobs(document: &Document, jobs: &[ScrapeConfig]) -> BTreeMap<String, String> {
    let list = document.root().get("scrape_configs");
    let Some(Value::List(items)) = list.map(|list| &list.value) else {
        return BTreeMap::new();
    };
    let texts = items.iter().zip(jobs).map(|(item, job)| {
        let mut text = document.part_to_yaml(item);
        for (key, value) in effective(job) {
            if item.get(key).is_none() {
                text.push_str(&format!("{key}: {value}\n"));
            }
        }
        (job.job_name.clone(), text)
    });
    texts.collect()
}

/// What Prometheus shows of every job; limits only where there is one.
fn effective(job: &ScrapeConfig) -> Vec<(&'static str, String)> {
    let protocols: Vec<&str> = job
        .asked_protocols()
        .into_iter()
        .map(|protocol| protocol.as_str())
        .collect();
    let validation = match job.names.validation {
        NameValidation::Utf8 => "utf8",
        NameValidation::Legacy => "legacy",
    };
    let always = [
        ("honor_timestamps", job.honor_timestamps.to_string()),
        (
            "track_timestamps_staleness",
            job.track_timestamps_staleness.to_string(),
        ),
        ("scrape_interval", format_duration_ms(job.scrape_interval_ms)),
        ("scrape_timeout", format_duration_ms(job.scrape_timeout_ms)),
        ("scrape_protocols", format!("[{}]", protocols.join(", "))),
        ("scrape_native_histograms", job.histograms.native.to_string()),
        (
            "always_scrape_classic_histograms",
            job.histograms.always_classic.to_string(),
        ),
        (
            "convert_classic_histograms_to_nhcb",
            job.histograms.classic_to_custom.to_string(),
        ),
        ("metrics_path", job.metrics_path.clone()),
        ("scheme", job.scheme.clone()),
        ("enable_compression", job.enable_compression.to_string()),
        ("metric_name_validation_scheme", validation.to_owned()),
        (
            "metric_name_escaping_scheme",
            job.names.escaping.as_str().to_owned(),
        ),
        ("extra_scrape_metrics", job.extra_scrape_metrics.to_string()),
        ("follow_redirects", job.http.follow_redirects.to_string()),
        ("enable_http2", job.http.enable_http2.to_string()),
    ];
    let limits = &job.limits;
    let limits = [
        ("body_size_limit", limits.body_bytes),
        ("sample_limit", limits.samples),
        ("target_limit", limits.targets),
        ("label_limit", limits.labels),
        ("label_name_length_limit", limits.label_name_bytes),
        ("label_value_length_limit", limits.label_value_bytes),
        ("keep_dropped_targets", job.keep_dropped_targets),
    ];
    let limited = limits.into_iter().filter(|(_, limit)| *limit > 0);
    always
        .into_iter()
        .chain(limited.map(|(key, limit)| (key, limit.to_string())))
        .collect()
}
