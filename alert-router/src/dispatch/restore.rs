//! Beginning again with what was known before a restart.

use std::sync::Arc;

use super::Dispatcher;
use crate::alert::Alert;
use crate::notification_log::{LogEntry, LogKey};

/// What survived a restart.
#[derive(Debug, Default)]
pub(crate) struct Restored {
    /// Alerts, each with whether it was known to have ended.
    pub(crate) alerts: Vec<(Alert, bool)>,
    /// What each receiver was last told.
    pub(crate) notified: Vec<(LogKey, LogEntry)>,
}

impl Dispatcher {
    /// Takes in what survived, before any event. An alert that fired is given the resolve timeout to
    /// be posted again: that nobody could post while the router was down does not mean it ended.
    pub(crate) fn restore(&mut self, restored: Restored, resolve_timeout_ms: i64, now_ms: i64) {
        for (key, entry) in restored.notified {
            if entry.expires_at_ms > now_ms {
                self.log.record(key, entry);
            }
        }
        let mut alerts = restored.alerts;
        alerts.sort_by(|(a, _), (b, _)| (a.starts_at_ms, &a.labels).cmp(&(b.starts_at_ms, &b.labels)));
        for (mut alert, resolved) in alerts {
            let patience_ends_ms = now_ms.saturating_add(resolve_timeout_ms);
            if !resolved && alert.ends_at_ms < patience_ends_ms {
                alert.ends_at_ms = patience_ends_ms;
                alert.timeout = true;
            }
            let alert = Arc::new(alert);
            self.alerts.insert(alert.labels.clone(), Arc::clone(&alert));
            self.group(alert, now_ms);
        }
    }

    /// Everything that must survive a restart, as [`Dispatcher::restore`] takes it.
    pub(crate) fn durable_state(&self, now_ms: i64) -> Restored {
        Restored {
            alerts: self
                .alerts
                .values()
                .map(|alert| (Alert::clone(alert), alert.resolved_at(now_ms)))
                .collect(),
            notified: self.log.iter().map(|(k, e)| (k.clone(), e.clone())).collect(),
        }
    }
}
