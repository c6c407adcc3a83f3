//! What a router says of itself: configuration, counters and health.

use std::sync::Arc;

use crate::config::Config;
use crate::notification_log::IntegrationId;

/// The state of a router at an instant. Counters count since its start.
#[derive(Debug, Clone)]
pub struct RouterStatus {
    /// The configuration in force.
    pub config: Arc<Config>,
    /// When the router started, in ms since the epoch.
    pub started_at_ms: i64,
    /// Known alerts; ended ones count until they are forgotten.
    pub alerts: usize,
    /// Groups with alerts.
    pub groups: usize,
    /// Remembered notifications.
    pub log_entries: usize,
    /// Alerts received.
    pub received: ReceivedCounters,
    /// Notifications by integration, in order of their names.
    pub notifications: Vec<NotificationCounters>,
    /// Why the last change could not be made durable, until one can.
    pub journal_error: Option<String>,
}

/// Alerts received, as `alertmanager_alerts_received_total` and its sisters count them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceivedCounters {
    /// Posted and firing.
    pub firing: u64,
    /// Posted and ended.
    pub resolved: u64,
    /// Refused as malformed.
    pub invalid: u64,
    /// Refused because the router was full.
    pub limited: u64,
}

/// What one integration was told.
#[derive(Debug, Clone, PartialEq)]
pub struct NotificationCounters {
    /// Which one.
    pub integration: IntegrationId,
    /// Notifications begun.
    pub notifications: u64,
    /// Notifications given up.
    pub failed: u64,
    /// Attempts made.
    pub requests: u64,
    /// Attempts that failed.
    pub requests_failed: u64,
    /// Seconds that all attempts took together.
    pub seconds: f64,
    /// The last error, until an attempt succeeds.
    pub last_error: Option<String>,
}
