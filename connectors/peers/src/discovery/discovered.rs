//! What one job listens to: all its discoverers, told at most every five seconds.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{join_all, select_all};
use tokio::time::{Instant, sleep_until, timeout};

use super::config::DiscoveryConfig;
use super::discoveries::{Discoveries, Subscription};
use super::group::Groups;

/// Least time between two changes of a job's targets, as in Prometheus: a deployment that replaces a
/// hundred instances one by one is a few changes and not a hundred.
pub const SYNC_INTERVAL: Duration = Duration::from_secs(5);

/// All discoverers of a job.
#[derive(Debug, Default)]
pub struct Discovered {
    subscriptions: Vec<Subscription>,
    taken: Option<Instant>,
}

impl Discovered {
    /// Listens to these from now on. Discoverers that are listened to already go on undisturbed, with
    /// what they know.
    pub fn listen(&mut self, discoveries: &Arc<Discoveries>, configs: &[DiscoveryConfig], job: &str) {
        // The new ones first: what both lists name must not stop in between.
        self.subscriptions = configs
            .iter()
            .map(|config| discoveries.subscribe(config, job))
            .collect();
    }

    /// Waits until all have answered once, so that a reload does not drop the targets of a discoverer
    /// that has just begun; at most [`SYNC_INTERVAL`]. Safe to cancel.
    pub async fn settled(&mut self) {
        let waiting = self
            .subscriptions
            .iter_mut()
            .filter(|subscription| !subscription.has_answered());
        // Who does not answer in time has no targets yet.
        drop(timeout(SYNC_INTERVAL, join_all(waiting.map(Subscription::first_answer))).await);
    }

    /// Resolves when there is news and the last was long enough ago. Safe to cancel.
    pub async fn changed(&mut self) {
        if self.subscriptions.is_empty() {
            std::future::pending::<()>().await;
        }
        let changes = self
            .subscriptions
            .iter_mut()
            .map(|subscription| subscription.changed().boxed());
        let (_, index, _) = select_all(changes).await;
        // Marked as not seen again: who cancels the wait below must hear of it next time.
        self.subscriptions[index].mark_unseen();
        if let Some(taken) = self.taken {
            sleep_until(taken + SYNC_INTERVAL).await;
        }
    }

    /// What is known now.
    pub fn take(&mut self) -> Vec<Groups> {
        self.taken = Some(Instant::now());
        self.subscriptions
            .iter_mut()
            .filter_map(Subscription::groups)
            .collect()
    }
}
