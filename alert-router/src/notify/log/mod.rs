//! Writes each alert of a notification as one log event of target `alert`.

use async_trait::async_trait;

use super::{Notifier, NotifyError};
use crate::dispatch::Notification;

/// Annotations that say in a line what is wrong, the best first.
const SUMMARIES: [&str; 3] = ["summary", "description", "message"];

pub(super) struct LogNotifier;

#[async_trait]
impl Notifier for LogNotifier {
    async fn notify(&self, notification: &Notification) -> Result<(), NotifyError> {
        let receiver = &*notification.integration.receiver;
        let reason = notification.reason.as_str();
        for notified in &notification.alerts {
            let alert = &notified.alert;
            let (name, labels) = (alert.name(), &alert.labels);
            let summary = SUMMARIES
                .iter()
                .find_map(|key| alert.annotations.get(*key))
                .map_or("", String::as_str);
            if notified.resolved {
                tracing::info!(target: "alert", status = "resolved", alertname = name, %labels, summary, receiver, reason, "alert resolved");
            } else {
                tracing::warn!(target: "alert", status = "firing", alertname = name, %labels, summary, receiver, reason, "alert firing");
            }
        }
        Ok(())
    }
}
