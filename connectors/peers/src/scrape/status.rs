//! What is known of each target now, for `/api/v1/targets`.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::metadata::{FamilyMetadata, TargetMetadata};
use super::series_limit::SeriesLimit;
use super::target::{DroppedTarget, Target, TargetSet};

/// Whether the latest scrape worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// Not scraped yet.
    #[default]
    Unknown,
    /// It did.
    Up,
    /// It did not.
    Down,
}

impl Health {
    /// Prometheus's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// The latest scrape of a target.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LastScrape {
    /// Whether it worked.
    pub health: Health,
    /// Why it did not; empty when it did.
    pub error: String,
    /// When it started, in ms since the epoch; `None` before the first.
    pub started_ms: Option<i64>,
    /// How long it took, in seconds.
    pub duration_seconds: f64,
}

/// A target and its latest scrape. The loop writes, the API reads.
#[derive(Debug)]
pub struct ActiveTarget {
    target: Mutex<Arc<Target>>,
    last: Mutex<LastScrape>,
    metadata: Arc<Mutex<TargetMetadata>>,
}

impl ActiveTarget {
    /// A target that was not scraped yet.
    pub fn new(target: Arc<Target>) -> Self {
        Self {
            target: Mutex::new(target),
            last: Mutex::default(),
            metadata: Arc::default(),
        }
    }

    /// The target.
    pub fn target(&self) -> Arc<Target> {
        Arc::clone(&self.target.lock())
    }

    /// Replaces the target by one of the same identity, whose discovered labels may differ.
    pub(super) fn rediscovered(&self, target: Arc<Target>) {
        *self.target.lock() = target;
    }

    /// The latest scrape.
    pub fn last(&self) -> LastScrape {
        self.last.lock().clone()
    }

    /// What the target says of its metric families now, in no particular order; families that it does not
    /// have any more are kept for ten scrapes.
    pub fn metadata(&self) -> Vec<Arc<FamilyMetadata>> {
        self.metadata.lock().families().map(Arc::clone).collect()
    }

    /// What the target says of one metric family.
    pub fn family_metadata(&self, name: &str) -> Option<Arc<FamilyMetadata>> {
        self.metadata.lock().family(name).map(Arc::clone)
    }

    /// How many metric families the target has told of, and the bytes of what it said.
    pub fn metadata_size(&self) -> (usize, usize) {
        let metadata = self.metadata.lock();
        let sizes = metadata.families().map(|family| family.text_bytes());
        sizes.fold((0, 0), |(families, all), bytes| (families + 1, all + bytes))
    }

    pub(super) fn shared_metadata(&self) -> Arc<Mutex<TargetMetadata>> {
        Arc::clone(&self.metadata)
    }

    pub(super) fn report(&self, last: LastScrape) {
        *self.last.lock() = last;
    }
}

/// The targets of one job.
#[derive(Debug, Clone, Default)]
pub struct PoolStatus {
    /// What is scraped.
    pub active: Vec<Arc<ActiveTarget>>,
    /// What was dropped, as far as it is kept.
    pub dropped: Vec<DroppedTarget>,
    /// How many were dropped.
    pub dropped_count: usize,
    /// How many series the job has and may have.
    pub series: Arc<SeriesLimit>,
    /// How many targets the job may have; 0 means any number.
    pub target_limit: u64,
    /// How often its targets were made so far.
    pub syncs: u64,
}

/// The targets of all jobs, shared between the sources and the API.
#[derive(Debug, Default)]
pub struct TargetsStatus {
    pools: RwLock<BTreeMap<String, PoolStatus>>,
}

impl TargetsStatus {
    /// The jobs by name with their targets. Cheap: targets are shared, not copied.
    pub fn pools(&self) -> BTreeMap<String, PoolStatus> {
        self.pools.read().clone()
    }

    pub(super) fn publish(
        &self,
        job_name: &str,
        active: Vec<Arc<ActiveTarget>>,
        set: &TargetSet,
        series: &Arc<SeriesLimit>,
        target_limit: u64,
    ) {
        let mut pools = self.pools.write();
        let pool = PoolStatus {
            active,
            dropped: set.dropped.clone(),
            dropped_count: set.dropped_count,
            series: Arc::clone(series),
            target_limit,
            syncs: pools.get(job_name).map_or(0, |before| before.syncs) + 1,
        };
        pools.insert(job_name.to_owned(), pool);
    }

    pub(super) fn remove(&self, job_name: &str) {
        self.pools.write().remove(job_name);
    }
}

/// Where this server is reached from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalAddress {
    /// `http` or `https`.
    pub scheme: String,
    /// `host` or `host:port` of the external URL.
    pub host: String,
    /// The port that the server listens on.
    pub listen_port: u16,
}

/// A scrape URL as others can open it: a local host is replaced by this server's external name, and
/// by its whole external address when the port is the server's own.
pub fn global_url(scrape_url: &str, external: &ExternalAddress) -> String {
    let Some((scheme, rest)) = scrape_url.split_once("://") else {
        return scrape_url.to_owned();
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (address, path) = rest.split_at(end);
    let Some((host, port)) = address.rsplit_once(':') else {
        return scrape_url.to_owned();
    };
    if !matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
        return scrape_url.to_owned();
    }
    if port == external.listen_port.to_string() {
        return format!("{}://{}{path}", external.scheme, external.host);
    }
    let name = match external.host.rsplit_once(':') {
        Some((name, digits)) if digits.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => &external.host,
    };
    format!("{scheme}://{name}:{port}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn global_urls() {
        let external = ExternalAddress {
            scheme: "https".to_owned(),
            host: "weir.example:8443".to_owned(),
            listen_port: 9090,
        };
        for (url, expected) in [
            (
                "http://localhost:9090/metrics",
                "https://weir.example:8443/metrics",
            ),
            (
                "http://127.0.0.1:9100/metrics?a=b",
                "http://weir.example:9100/metrics?a=b",
            ),
            ("http://[::1]:9100/", "http://weir.example:9100/"),
            ("http://node:9090/metrics", "http://node:9090/metrics"),
            ("http://localhost/metrics", "http://localhost/metrics"),
        ] {
            assert_eq!(global_url(url, &external), expected);
        }
    }
}
