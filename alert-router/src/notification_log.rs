//! What each receiver was last told of each group. It is what keeps a re-sent alert, a reload or a
//! restart from notifying twice.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use engine_model::Labels;

/// Entries are forgotten after this long at the latest, as Alertmanager's `--data.retention` does.
const RETENTION_MS_MAX: i64 = 120 * 3_600_000;

/// One receiver's integration, as the log and the console name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IntegrationId {
    /// Name of the receiver.
    pub receiver: Arc<str>,
    /// Kind of the integration: `webhook`, `log`.
    pub kind: Arc<str>,
    /// Position among the receiver's integrations of this kind, from 0.
    pub index: usize,
}

/// A group as seen by one integration.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct LogKey {
    /// The group's key text.
    pub(crate) group_key: Arc<str>,
    /// Who was told.
    pub(crate) integration: IntegrationId,
}

/// The last thing that an integration was told of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogEntry {
    /// Alerts that fired.
    pub(crate) firing: BTreeSet<Labels>,
    /// Alerts that had ended.
    pub(crate) resolved: BTreeSet<Labels>,
    /// When the notification had been delivered.
    pub(crate) timestamp_ms: i64,
    /// When the entry may be forgotten.
    pub(crate) expires_at_ms: i64,
}

impl LogEntry {
    /// When an entry of `now_ms` expires: after two repeats, and never later than the retention.
    pub(crate) fn expiry_ms(repeat_interval_ms: i64, now_ms: i64) -> i64 {
        now_ms.saturating_add(repeat_interval_ms.saturating_mul(2).min(RETENTION_MS_MAX))
    }
}

/// Holds the latest entry per group and integration. Bounded by the groups of the last five days.
#[derive(Debug, Default)]
pub(crate) struct NotificationLog {
    entries: HashMap<LogKey, LogEntry>,
}

impl NotificationLog {
    /// The last notification, if one is remembered.
    pub(crate) fn last(&self, key: &LogKey) -> Option<&LogEntry> {
        self.entries.get(key)
    }

    /// Remembers a notification.
    pub(crate) fn record(&mut self, key: LogKey, entry: LogEntry) {
        self.entries.insert(key, entry);
    }

    /// Forgets what has expired and returns how many entries went.
    pub(crate) fn forget_expired(&mut self, now_ms: i64) -> usize {
        let before = self.entries.len();
        self.entries.retain(|_, entry| entry.expires_at_ms > now_ms);
        before - self.entries.len()
    }

    /// Everything remembered, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&LogKey, &LogEntry)> {
        self.entries.iter()
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_expire() {
        let key = |group: &str| LogKey {
            group_key: group.into(),
            integration: IntegrationId {
                receiver: "r".into(),
                kind: "log".into(),
                index: 0,
            },
        };
        let entry = |expires_at_ms| LogEntry {
            firing: BTreeSet::new(),
            resolved: BTreeSet::new(),
            timestamp_ms: 0,
            expires_at_ms,
        };
        let mut log = NotificationLog::default();
        log.record(key("a"), entry(LogEntry::expiry_ms(50, 0)));
        log.record(key("b"), entry(LogEntry::expiry_ms(i64::MAX, 0)));
        assert_eq!(log.forget_expired(99), 0);
        assert_eq!(log.forget_expired(100), 1);
        assert!(log.last(&key("a")).is_none());
        assert_eq!(
            log.last(&key("b")).map(|e| e.expires_at_ms),
            Some(RETENTION_MS_MAX)
        );
    }
}
