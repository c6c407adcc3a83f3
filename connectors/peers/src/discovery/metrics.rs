//! What is counted of discovery, under Prometheus's names.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::counter::Counter;

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

#[derive(Debug, Clone, Copy, Default)]
struct Refreshes {
    count: u64,
    failures: u64,
    seconds: f64,
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

    pub(super) fn refreshed(&self, mechanism: &'static str, config: &str, seconds: f64) {
        let mut refreshes = self.refreshes.lock();
        let entry = refreshes.entry((mechanism, config.to_owned())).or_default();
        entry.count += 1;
        entry.seconds += seconds;
    }

    pub(super) fn refresh_failed(&self, mechanism: &'static str, config: &str) {
        let mut refreshes = self.refreshes.lock();
        refreshes
            .entry((mechanism, config.to_owned()))
            .or_default()
            .failures += 1;
    }

    /// All families with their samples now.
    pub fn families(&self) -> Vec<Family> {
        let mut families = self.counters();
        families.extend(self.by_refresh());
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

    fn by_refresh(&self) -> Vec<Family> {
        type Value = fn(&Refreshes) -> f64;
        let all: [(&str, &str, Value); 3] = [
            (
                "prometheus_sd_refresh_failures_total",
                "Total number of refreshes that failed, by mechanism.",
                |refreshes| refreshes.failures as f64,
            ),
            (
                "prometheus_sd_refresh_duration_seconds_count",
                "Total number of refreshes, by mechanism.",
                |refreshes| refreshes.count as f64,
            ),
            (
                "prometheus_sd_refresh_duration_seconds_sum",
                "Total time of refreshes in seconds, by mechanism.",
                |refreshes| refreshes.seconds,
            ),
        ];
        let refreshes = self.refreshes.lock();
        let family = |(name, help, value): (&'static str, &'static str, Value)| Family {
            name,
            help,
            kind: FamilyKind::Counter,
            samples: refreshes
                .iter()
                .map(|((mechanism, config), refreshes)| {
                    let labels = vec![("config", config.clone()), ("mechanism", (*mechanism).to_owned())];
                    (labels, value(refreshes))
                })
                .collect(),
        };
        all.into_iter().map(family).collect()
    }
}
