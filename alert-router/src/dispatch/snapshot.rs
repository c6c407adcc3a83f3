//! What the router knows at an instant, for APIs and pages.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine_model::Labels;

use super::Dispatcher;
use crate::alert::{Alert, fingerprint, label_set_order};

/// An alert that has not ended, with who is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertSnapshot {
    /// The alert.
    pub alert: Arc<Alert>,
    /// [`fingerprint`] of its labels.
    pub fingerprint: u64,
    /// Names of the receivers of all its routes, sorted.
    pub receivers: Vec<Arc<str>>,
}

/// A group with its alerts that have not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSnapshot {
    /// The labels that make the group.
    pub labels: Labels,
    /// Who is told.
    pub receiver: Arc<str>,
    /// Text that names the group.
    pub key: Arc<str>,
    /// When it is flushed next, in ms since the epoch.
    pub next_flush_ms: i64,
    /// Its alerts, as notifications list them.
    pub alerts: Vec<AlertSnapshot>,
}

impl Dispatcher {
    /// Alerts that have not ended, by fingerprint.
    pub(crate) fn alert_snapshots(&self, now_ms: i64) -> Vec<AlertSnapshot> {
        let firing = self.alerts.values().filter(|alert| !alert.resolved_at(now_ms));
        let mut snapshots: Vec<AlertSnapshot> = firing.map(|alert| self.alert_snapshot(alert)).collect();
        snapshots.sort_by(|a, b| (a.fingerprint, &a.alert.labels).cmp(&(b.fingerprint, &b.alert.labels)));
        snapshots
    }

    /// Groups that have alerts which have not ended, by labels and receiver.
    pub(crate) fn group_snapshots(&self, now_ms: i64) -> Vec<GroupSnapshot> {
        let mut snapshots: Vec<GroupSnapshot> = self
            .groups
            .values()
            .map(|group| GroupSnapshot {
                labels: group.labels.clone(),
                receiver: Arc::clone(&self.routing.tree.route(group.route).receiver),
                key: Arc::clone(&group.key),
                next_flush_ms: group.next_flush_ms,
                alerts: group
                    .sorted_alerts()
                    .iter()
                    .filter(|alert| !alert.resolved_at(now_ms))
                    .map(|alert| self.alert_snapshot(alert))
                    .collect(),
            })
            .filter(|group| !group.alerts.is_empty())
            .collect();
        snapshots.sort_by(|a, b| {
            label_set_order(&a.labels, &b.labels)
                .then_with(|| (&a.receiver, &a.key).cmp(&(&b.receiver, &b.key)))
        });
        snapshots
    }

    fn alert_snapshot(&self, alert: &Arc<Alert>) -> AlertSnapshot {
        let routes = self.routing.tree.matching(&alert.labels);
        let receivers: BTreeSet<Arc<str>> = routes
            .into_iter()
            .map(|index| Arc::clone(&self.routing.tree.route(index).receiver))
            .collect();
        AlertSnapshot {
            alert: Arc::clone(alert),
            fingerprint: fingerprint(&alert.labels),
            receivers: receivers.into_iter().collect(),
        }
    }
}
