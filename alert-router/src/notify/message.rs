//! What every kind of message says of a notification, whatever form it takes.

use std::collections::BTreeMap;

use engine_model::Labels;
use engine_template::Time;
use engine_template::functions::alertmanager::{AlertData, NotificationData};

use crate::alert::fingerprint;
use crate::dispatch::{Notification, NotifiedAlert};

/// A notification as its receiver sees it. What the alerts have in common is taken from those that are
/// left after the cut, as Alertmanager does.
pub(super) struct Message<'a> {
    pub(super) notification: &'a Notification,
    /// The receiver's name as a regular expression that matches it.
    pub(super) receiver: String,
    /// Whether all alerts that are shown have ended.
    pub(super) resolved: bool,
    pub(super) alerts: &'a [NotifiedAlert],
    /// Alerts that were cut off.
    pub(super) truncated: usize,
    pub(super) common_labels: BTreeMap<&'a str, &'a str>,
    pub(super) common_annotations: BTreeMap<&'a str, &'a str>,
    pub(super) external_url: &'a str,
}

impl<'a> Message<'a> {
    /// Shows at most `alerts_max` alerts; 0 means all.
    pub(super) fn new(notification: &'a Notification, alerts_max: usize, external_url: &'a str) -> Self {
        let all = &notification.alerts;
        let count = match alerts_max {
            0 => all.len(),
            max => all.len().min(max),
        };
        let alerts = &all[..count];
        Self {
            notification,
            receiver: quote_meta(&notification.integration.receiver),
            resolved: alerts.iter().all(|alert| alert.resolved),
            alerts,
            truncated: all.len() - count,
            common_labels: common(alerts.iter().map(|notified| labels(&notified.alert.labels))),
            common_annotations: common(alerts.iter().map(annotations)),
            external_url,
        }
    }

    /// The dot of templates.
    pub(super) fn template_data(&self) -> NotificationData {
        NotificationData {
            receiver: self.receiver.clone(),
            alerts: self.alerts.iter().map(alert_data).collect(),
            group_labels: owned(labels(&self.notification.group_labels)),
            common_labels: owned(self.common_labels.clone()),
            common_annotations: owned(self.common_annotations.clone()),
            route_labels: Vec::new(),
            external_url: self.external_url.to_owned(),
            notification_reason: self.notification.reason.as_str().to_owned(),
        }
    }
}

fn alert_data(notified: &NotifiedAlert) -> AlertData {
    let alert = &notified.alert;
    let time = |ms| Time::from_unix_ms(ms).unwrap_or_else(Time::zero);
    AlertData {
        resolved: notified.resolved,
        labels: owned(labels(&alert.labels)),
        annotations: owned(annotations(notified)),
        starts_at: time(alert.starts_at_ms),
        ends_at: match notified.resolved {
            true => time(alert.ends_at_ms),
            false => Time::zero(),
        },
        generator_url: alert.generator_url.clone(),
        fingerprint: format!("{:016x}", fingerprint(&alert.labels)),
    }
}

/// Labels by name.
pub(super) fn labels(labels: &Labels) -> BTreeMap<&str, &str> {
    labels.iter().collect()
}

/// Annotations by name.
pub(super) fn annotations(notified: &NotifiedAlert) -> BTreeMap<&str, &str> {
    let annotations = &notified.alert.annotations;
    annotations
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect()
}

fn owned(pairs: BTreeMap<&str, &str>) -> Vec<(String, String)> {
    pairs
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect()
}

/// The pairs that all maps have.
fn common<'a>(mut maps: impl Iterator<Item = BTreeMap<&'a str, &'a str>>) -> BTreeMap<&'a str, &'a str> {
    let mut common = maps.next().unwrap_or_default();
    for map in maps {
        // As in Go, where a missing key reads as the empty text.
        common.retain(|name, value| map.get(name).copied().unwrap_or_default() == *value);
    }
    common
}

/// Go's `regexp.QuoteMeta`.
fn quote_meta(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if "\\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
