//! The discoverers that run: one for each configuration, shared by all jobs that have it, stopped when the
//! last of them goes.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::FutureExt;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::config::DiscoveryConfig;
use super::discoverer::Updates;
use super::group::Groups;
use super::metrics::DiscoveryMetrics;

/// A discoverer that panicked is made anew after this long.
const RESTART_DELAY: Duration = Duration::from_secs(30);

/// Starts discoverers and hands out what they find.
#[derive(Debug)]
pub struct Discoveries {
    user_agent: Arc<str>,
    metrics: Arc<DiscoveryMetrics>,
    running: Mutex<Vec<(DiscoveryConfig, Weak<Provider>)>>,
}

/// One running discoverer; it stops when the last subscription goes.
#[derive(Debug)]
struct Provider {
    groups: watch::Receiver<Option<Groups>>,
    _stop: DropGuard,
}

/// What one discoverer finds.
#[derive(Debug)]
pub struct Subscription {
    groups: watch::Receiver<Option<Groups>>,
    _provider: Arc<Provider>,
}

impl Discoveries {
    /// Runs nothing yet; `user_agent` is what servers see.
    pub fn new(user_agent: Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            user_agent,
            metrics: Arc::default(),
            running: Mutex::default(),
        })
    }

    /// Counters of all discoverers.
    pub fn metrics(&self) -> &Arc<DiscoveryMetrics> {
        &self.metrics
    }

    /// Listens to the discoverer of a configuration, which is started if it does not run; `job` is who
    /// asks. To be called within a runtime.
    pub fn subscribe(&self, config: &DiscoveryConfig, job: &str) -> Subscription {
        let mut running = self.running.lock();
        running.retain(|(_, provider)| provider.strong_count() > 0);
        let known = running.iter().find(|(other, _)| other == config);
        if let Some(provider) = known.and_then(|(_, provider)| provider.upgrade()) {
            return Subscription::to(provider);
        }
        let provider = self.start(config, job);
        running.push((config.clone(), Arc::downgrade(&provider)));
        Subscription::to(provider)
    }

    fn start(&self, config: &DiscoveryConfig, job: &str) -> Arc<Provider> {
        let (sender, receiver) = watch::channel(None);
        let stop = CancellationToken::new();
        let updates = Updates::new(sender, Arc::clone(&self.metrics), config.mechanism(), job);
        let run = run(config.clone(), Arc::clone(&self.user_agent), updates);
        let stopped = stop.clone();
        let counted = self.metrics.count(config.mechanism(), job);
        tokio::spawn(async move {
            stopped.run_until_cancelled(run).await;
            drop(counted);
        });
        Arc::new(Provider {
            groups: receiver,
            _stop: stop.drop_guard(),
        })
    }
}

async fn run(config: DiscoveryConfig, user_agent: Arc<str>, updates: Updates) {
    loop {
        let fault = match config.discoverer(&user_agent) {
            Ok(mut discoverer) => {
                let running = std::panic::AssertUnwindSafe(discoverer.run(updates.clone()));
                match running.catch_unwind().await {
                    Ok(()) => "it ended".to_owned(),
                    Err(_) => "it panicked".to_owned(),
                }
            }
            Err(fault) => fault,
        };
        updates.failed();
        tracing::error!(
            mechanism = config.mechanism(),
            fault,
            "discovery failed; it is started again in 30 seconds"
        );
        tokio::time::sleep(RESTART_DELAY).await;
    }
}

impl Subscription {
    fn to(provider: Arc<Provider>) -> Self {
        let mut groups = provider.groups.clone();
        // What is there already counts as news to who begins to listen.
        if groups.borrow().is_some() {
            groups.mark_changed();
        }
        Self {
            groups,
            _provider: provider,
        }
    }

    /// What is known now; `None` before the first answer. Marks it as seen.
    pub fn groups(&mut self) -> Option<Groups> {
        self.groups.borrow_and_update().clone()
    }

    /// Whether there is an answer at all.
    pub fn has_answered(&self) -> bool {
        self.groups.borrow().is_some()
    }

    /// Resolves when there is something that was not seen. Safe to cancel.
    pub async fn changed(&mut self) {
        if self.groups.changed().await.is_err() {
            // The discoverer's task is gone, which happens only when the runtime ends.
            std::future::pending::<()>().await;
        }
    }

    /// What was seen counts as news again.
    pub(super) fn mark_unseen(&mut self) {
        self.groups.mark_changed();
    }

    async fn answered(&mut self) {
        if self.groups.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Resolves at the first answer, which stays unseen. Safe to cancel.
    pub(super) async fn first_answer(&mut self) {
        self.answered().await;
        self.groups.mark_changed();
    }
}
