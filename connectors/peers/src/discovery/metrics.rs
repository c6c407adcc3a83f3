//! What is counted of discovery, under Prometheus's names.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::counter::Counter;
use crate::latest::Latest;

/// The quantiles that Prometheus shows of refreshes.
const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

/// Counters and gauges of all discoverers.
#[derive(Debug, Default)]
pub struct DiscoveryMetrics {
    /// Files of targets that could not be used.
    pub file_read_errors: Counter,
    /// Times that files could not be watched.
    pub file_watcher_errors: Counter,
    /// Requests for targets that failed.
    pub http_failures: Counter,
    /// Questions to name servers.
    pub dns_lookups: Counter,
    /// Questions that were not answered.
    pub dns_lookup_failures: Counter,
    /// Changes that jobs took over.
    pub updates: Counter,
    /// When each file was changed, in seconds since the epoch.
    files: Mutex<BTreeMap<String, f64>>,
    /// By mechanism and the job that asked first.
    refreshes: Mutex<BTreeMap<(&'static str, String), Refreshes>>,
}

#[derive(Debug, Default)]
struct Refreshes {
    /// Discoverers that run under this name: two for a moment while a job's configuration changes.
    running: usize,
    failures: u64,
    seconds: Latest,
}

/// How long the refreshes of one mechanism for one job took.
#[derive(Debug, Clone, PartialEq)]
pub struct RefreshDurations {
    /// Such as `http`.
    pub mechanism: &'static str,
    /// The job that asked first.
    pub config: String,
    /// Quantile and its value in seconds, of the latest refreshes.
    pub quantiles: [(f64, f64); 3],
    /// Sum of all refreshes in seconds.
    pub sum_seconds: f64,
    /// Number of all refreshes.
    pub count: u64,
}

/// Keeps what is counted of one discoverer for as long as it runs.
#[derive(Debug)]
pub(super) struct Counted {
    metrics: Arc<DiscoveryMetrics>,
    mechanism: &'static str,
    config: String,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut refreshes = self.metrics.refreshes.lock();
        let key = (self.mechanism, std::mem::take(&mut self.config));
        if let Some(entry) = refreshes.get_mut(&key) {
            entry.running -= 1;
            if entry.running == 0 {
                refreshes.remove(&key);
            }
        }
    }
}

/// How a family's samples are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
}

/// A metric family for the exposition of the server's own metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The name.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub help: &'static str,
    /// How to read it.
    pub kind: FamilyKind,
    /// Labels and values.
    pub samples: Vec<(Vec<(&'static str, String)>, f64)>,
}

impl DiscoveryMetrics {
    pub(super) fn file_read(&self, name: &str, mtime_seconds: f64) {
        self.files.lock().insert(name.to_owned(), mtime_seconds);
    }

    pub(super) fn file_gone(&self, name: &str) {
        self.files.lock().remove(name);
    }

    /// A discoverer starts. What is counted of it is forgotten when the last of its name has gone.
    pub(super) fn count(self: &Arc<Self>, mechanism: &'static str, config: &str) -> Counted {
        let key = (mechanism, config.to_owned());
        self.refreshes.lock().entry(key).or_default().running += 1;
        Counted {
            metrics: Arc::clone(self),
            mechanism,
            config: config.to_owned(),
        }
    }

    pub(super) fn refreshed(&self, mechanism: &'static str, config: &str, seconds: f64) {
        if let Some(entry) = self.refreshes.lock().get_mut(&(mechanism, config.to_owned())) {
            entry.seconds.observe(seconds);
        }
    }

    pub(super) fn refresh_failed(&self, mechanism: &'static str, config: &str) {
        if let Some(entry) = self.refreshes.lock().get_mut(&(mechanism, config.to_owned())) {
            entry.failures += 1;
        }
    }

    /// How long refreshes took, for the summary of Prometheus's name.
    pub fn refresh_durations(&self) -> Vec<RefreshDurations> {
        let refreshes = self.refreshes.lock();
        let of = |((mechanism, config), refreshes): (&(&'static str, String), &Refreshes)| RefreshDurations {
            mechanism,
            config: config.clone(),
            quantiles: refreshes.seconds.quantiles(QUANTILES),
            sum_seconds: refreshes.seconds.sum,
            count: refreshes.seconds.count,
        };
        refreshes.iter().map(of).collect()
    }

    /// All families with their samples now.
    pub fn families(&self) -> Vec<Family> {
        let mut families = self.counters();
        families.push(self.refresh_failures());
        let files = self.files.lock();
        families.push(Family {
            name: "prometheus_sd_file_mtime_seconds",
            help: "When each file of targets was changed, in seconds since the epoch.",
            kind: FamilyKind::Gauge,
            samples: files
                .iter()
                .map(|(name, at)| (vec![("filename", name.clone())], *at))
                .collect(),
        });
        families
    }

    fn counters(&self) -> Vec<Family> {
        let scrape = vec![("name", "scrape".to_owned())];
        let all = [
            (
                "prometheus_sd_file_read_errors_total",
                "Total number of files of targets that could not be used.",
                vec![],
                &self.file_read_errors,
            ),
            (
                "prometheus_sd_file_watcher_errors_total",
                "Total number of times that files of targets could not be watched.",
                vec![],
                &self.file_watcher_errors,
            ),
            (
                "prometheus_sd_http_failures_total",
                "Total number of requests for targets that failed.",
                vec![],
                &self.http_failures,
            ),
            (
                "prometheus_sd_dns_lookups_total",
                "Total number of questions to name servers.",
                vec![],
                &self.dns_lookups,
            ),
            (
                "prometheus_sd_dns_lookup_failures_total",
                "Total number of questions to name servers that were not answered.",
                vec![],
                &self.dns_lookup_failures,
            ),
            (
                "prometheus_sd_updates_total",
                "Total number of changes of targets that jobs took over.",
                scrape,
                &self.updates,
            ),
        ];
        let family = |(name, help, labels, counter): (_, _, Vec<_>, &Counter)| Family {
            name,
            help,
            kind: FamilyKind::Counter,
            samples: vec![(labels, counter.get() as f64)],
        };
        all.into_iter().map(family).collect()
    }

    fn refresh_failures(&self) -> Family {
        let refreshes = self.refreshes.lock();
        let samples = refreshes.iter().map(|((mechanism, config), refreshes)| {
            let labels = vec![("config", config.clone()), ("mechanism", (*mechanism).to_owned())];
            (labels, refreshes.failures as f64)
        });
        Family {
            name: "prometheus_sd_refresh_failures_total",
            help: "Total number of refreshes that failed, by mechanism.",
            kind: FamilyKind::Counter,
            samples: samples.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_goes_with_the_last_discoverer_of_its_name() {
        let metrics = Arc::<DiscoveryMetrics>::default();
        let first = metrics.count("http", "j");
        metrics.refreshed("http", "j", 0.5);
        metrics.refreshed("http", "j", 1.5);
        let second = metrics.count("http", "j");
        drop(first);
        let all = metrics.refresh_durations();
        assert_eq!((all[0].mechanism, all[0].config.as_str()), ("http", "j"));
        assert_eq!((all[0].count, all[0].sum_seconds), (2, 2.0));
        assert_eq!(all[0].quantiles[2], (0.99, 1.5));
        drop(second);
        metrics.refreshed("http", "j", 0.5);
        assert!(metrics.refresh_durations().is_empty());
    }
}
