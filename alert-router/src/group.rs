//! A group: alerts of one route that have the same group labels and are notified together.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use engine_model::Labels;
use engine_model::labels::Quoted;

use crate::alert::Alert;
use crate::dispatch::FlushId;
use crate::route::{Route, RouteIndex};

/// Alerts that are waiting for, or have had, their notification.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) route: RouteIndex,
    /// Text that names the group to receivers and in the notification log.
    pub(crate) key: Arc<str>,
    pub(crate) labels: Labels,
    pub(crate) alerts: BTreeMap<Labels, Arc<Alert>>,
    /// When the next flush is due, in ms.
    pub(crate) next_flush_ms: i64,
    /// The flush under way. One at a time.
    pub(crate) flushing: Option<FlushId>,
    /// Whether a flush came due while another was under way.
    pub(crate) overdue: bool,
}

impl Group {
    pub(crate) fn new(index: RouteIndex, route: &Route, labels: Labels, next_flush_ms: i64) -> Self {
        Self {
            route: index,
            key: group_key(&route.key, &labels).into(),
            labels,
            alerts: BTreeMap::new(),
            next_flush_ms,
            flushing: None,
            overdue: false,
        }
    }

    /// The alerts as a notification lists them.
    pub(crate) fn sorted_alerts(&self) -> Vec<Arc<Alert>> {
        let mut alerts: Vec<Arc<Alert>> = self.alerts.values().map(Arc::clone).collect();
        alerts.sort_by(|a, b| a.notification_order(b));
        alerts
    }

    /// Takes out alerts unless they were posted again since.
    pub(crate) fn remove_unmodified(&mut self, alerts: &[Arc<Alert>]) {
        for alert in alerts {
            let unmodified = self
                .alerts
                .get(&alert.labels)
                .is_some_and(|current| Arc::ptr_eq(current, alert));
            if unmodified {
                self.alerts.remove(&alert.labels);
            }
        }
    }
}

/// `{}/{team="db"}:{alertname="Down"}`: the route's key and the group labels, names never in quotes.
fn group_key(route_key: &str, labels: &Labels) -> String {
    let mut key = format!("{route_key}:{{");
    for (i, (name, value)) in labels.iter().enumerate() {
        let separator = if i > 0 { ", " } else { "" };
        write!(key, "{separator}{name}={}", Quoted(value)).expect("writing to a string cannot fail");
    }
    key.push('}');
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let labels = Labels::from_pairs([("alertname", "a\"b"), ("a.b", "é\n")]);
        assert_eq!(
            group_key("{}/{x=\"1\"}", &labels),
            "{}/{x=\"1\"}:{a.b=\"é\\n\", alertname=\"a\\\"b\"}"
        );
        assert_eq!(group_key("{}", &Labels::empty()), "{}:{}");
    }
}
