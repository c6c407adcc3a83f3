//! What goes into the core and what comes out of it, as values.

use std::sync::Arc;

use engine_model::Labels;

use super::Routing;
use crate::alert::Alert;
use crate::notification_log::{IntegrationId, LogEntry, LogKey};
use crate::stages::dedup::Reason;

/// Names a flush of a group; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FlushId(pub(super) u64);

/// Names a notification with all its attempts; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct DeliveryId(pub(super) u64);

/// What the core is told.
#[derive(Debug)]
pub(crate) enum Event {
    /// Alerts arrived.
    Posted(Vec<Alert>),
    /// Time has passed.
    Tick,
    /// An attempt that [`Action::Notify`] asked for has ended.
    Attempted { delivery: DeliveryId, outcome: Outcome },
    /// The configuration changed.
    Reconfigured(Arc<Routing>),
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The receiver took it.
    Delivered,
    /// It failed and may work later.
    Retry(String),
    /// It failed for good.
    Failed(String),
}

/// What the core wants done, in this order.
#[derive(Debug)]
pub(crate) enum Action {
    /// Try to deliver, and report with [`Event::Attempted`] before the deadline.
    Notify(Attempt),
    /// Make a change durable.
    Save(Change),
    /// Say that a notification was given up; its group tries again at its next flush.
    GiveUp {
        notification: Arc<Notification>,
        attempts: u32,
        error: String,
    },
}

/// One attempt at a notification.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) delivery: DeliveryId,
    /// Counted from 1.
    pub(crate) number: u32,
    /// When it has to be over, in ms.
    pub(crate) deadline_ms: i64,
    pub(crate) notification: Arc<Notification>,
}

/// A change of what must survive a restart.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// An alert is new, changed or ended.
    Alert { alert: Arc<Alert>, resolved: bool },
    /// An alert is forgotten.
    AlertGone(Labels),
    /// A receiver was told.
    Notified(LogKey, LogEntry),
}

/// What one integration is told of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Who is told.
    pub integration: IntegrationId,
    /// Text that names the group.
    pub group_key: Arc<str>,
    /// The labels that all alerts of the group share by configuration.
    pub group_labels: Labels,
    /// Why now.
    pub reason: Reason,
    /// The alerts, in the order in which they are listed; never empty.
    pub alerts: Vec<NotifiedAlert>,
}

/// An alert in a notification, with its state fixed at the flush.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifiedAlert {
    /// The alert; its end is only meaningful when it is resolved.
    pub alert: Arc<Alert>,
    /// Whether it had ended.
    pub resolved: bool,
}

impl Notification {
    /// Whether any of its alerts fires.
    pub fn is_firing(&self) -> bool {
        self.alerts.iter().any(|alert| !alert.resolved)
    }
}
