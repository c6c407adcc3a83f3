//! The trait of all mechanisms, and what they tell.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use tokio::sync::watch;

use super::group::{Groups, TargetGroup};
use super::metrics::DiscoveryMetrics;

/// Finds targets for as long as it runs. A mechanism that asks at intervals, one that is told of changes,
/// and one that does both look alike from outside.
#[async_trait]
pub trait Discoverer: Send {
    /// Runs until it is dropped and publishes each complete list of groups, the first one as soon as
    /// it can. What fails is logged, counted with [`Updates::failed`], and tried again.
    async fn run(&mut self, updates: Updates);
}

/// Publishes what a discoverer finds.
#[derive(Debug, Clone)]
pub struct Updates {
    groups: watch::Sender<Option<Groups>>,
    metrics: Arc<DiscoveryMetrics>,
    mechanism: &'static str,
    /// The job that asked first.
    config: Arc<str>,
}

impl Updates {
    /// For a discoverer of `mechanism`, such as `file`, that `config` asked for first.
    pub fn new(
        groups: watch::Sender<Option<Groups>>,
        metrics: Arc<DiscoveryMetrics>,
        mechanism: &'static str,
        config: &str,
    ) -> Self {
        Self {
            groups,
            metrics,
            mechanism,
            config: Arc::from(config),
        }
    }

    /// Everything that is known now, in place of all before. The same list again is no news.
    pub fn publish(&self, groups: Vec<TargetGroup>) {
        self.groups.send_if_modified(|known| {
            let is_news = known.as_deref() != Some(&groups);
            if is_news {
                *known = Some(Arc::new(groups));
            }
            is_news
        });
    }

    /// Nothing new could be found: what is known stays. Those that wait for a first answer wait no longer.
    pub fn failed(&self) {
        self.metrics.refresh_failed(self.mechanism, &self.config);
        self.groups.send_if_modified(|known| {
            let is_first = known.is_none();
            known.get_or_insert_default();
            is_first
        });
    }

    /// Takes the time of one look for targets.
    pub async fn timed<T>(&self, look: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let found = look.await;
        let seconds = started.elapsed().as_secs_f64();
        self.metrics.refreshed(self.mechanism, &self.config, seconds);
        found
    }

    /// Counters of all discoverers.
    pub fn metrics(&self) -> &DiscoveryMetrics {
        &self.metrics
    }
}
