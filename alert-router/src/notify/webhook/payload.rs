//! The JSON body, byte for byte as Alertmanager writes it: order of fields, Go's times, Go's escapes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use engine_model::Labels;
use serde::Serialize;

use crate::alert::fingerprint;
use crate::dispatch::{Notification, NotifiedAlert};

/// Go's zero time, which a firing alert ends at.
const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

#[derive(Serialize)]
struct Message<'a> {
    receiver: String,
    status: &'static str,
    alerts: Vec<MessageAlert<'a>>,
    notification_reason: &'static str,
    #[serde(rename = "groupLabels")]
    group_labels: BTreeMap<&'a str, &'a str>,
    #[serde(rename = "commonLabels")]
    common_labels: BTreeMap<&'a str, &'a str>,
    #[serde(rename = "commonAnnotations")]
    common_annotations: BTreeMap<&'a str, &'a str>,
    #[serde(rename = "routeLabels")]
    route_labels: BTreeMap<&'a str, &'a str>,
    #[serde(rename = "externalURL")]
    external_url: &'a str,
    version: &'static str,
    #[serde(rename = "groupKey")]
    group_key: &'a str,
    #[serde(rename = "truncatedAlerts")]
    truncated_alerts: usize,
}

#[derive(Serialize)]
struct MessageAlert<'a> {
    status: &'static str,
    labels: BTreeMap<&'a str, &'a str>,
    annotations: BTreeMap<&'a str, &'a str>,
    #[serde(rename = "startsAt")]
    starts_at: String,
    #[serde(rename = "endsAt")]
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
    fingerprint: String,
}

/// The body for at most `alerts_max` alerts (0 means all). What all alerts have in common is taken
/// from those that are left, as Alertmanager does.
pub(super) fn encode(notification: &Notification, alerts_max: usize, external_url: &str) -> String {
    let all = &notification.alerts;
    let count = if alerts_max == 0 {
        all.len()
    } else {
        all.len().min(alerts_max)
    };
    let alerts = &all[..count];
    let message = Message {
        receiver: quote_meta(&notification.integration.receiver),
        status: status(alerts.iter().all(|alert| alert.resolved)),
        alerts: alerts.iter().map(message_alert).collect(),
        notification_reason: notification.reason.as_str(),
        group_labels: pairs(&notification.group_labels),
        common_labels: common(alerts.iter().map(|notified| pairs(&notified.alert.labels))),
        common_annotations: common(alerts.iter().map(annotations)),
        route_labels: BTreeMap::new(),
        external_url,
        version: "4",
        group_key: &notification.group_key,
        truncated_alerts: all.len() - count,
    };
    let text = serde_json::to_string(&message).expect("a map with text keys is JSON");
    escape_as_go(&text)
}

fn message_alert(notified: &NotifiedAlert) -> MessageAlert<'_> {
    let alert = &notified.alert;
    MessageAlert {
        status: status(notified.resolved),
        labels: pairs(&alert.labels),
        annotations: annotations(notified),
        starts_at: go_time(alert.starts_at_ms),
        ends_at: match notified.resolved {
            true => go_time(alert.ends_at_ms),
            false => ZERO_TIME.to_owned(),
        },
        generator_url: &alert.generator_url,
        fingerprint: format!("{:016x}", fingerprint(&alert.labels)),
    }
}

fn status(resolved: bool) -> &'static str {
    if resolved { "resolved" } else { "firing" }
}

fn pairs(labels: &Labels) -> BTreeMap<&str, &str> {
    labels.iter().collect()
}

fn annotations(notified: &NotifiedAlert) -> BTreeMap<&str, &str> {
    let annotations = &notified.alert.annotations;
    annotations
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
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

/// RFC 3339 with as many decimals as are needed.
fn go_time(ms: i64) -> String {
    let Some(time) = DateTime::<Utc>::from_timestamp_millis(ms) else {
        return ZERO_TIME.to_owned();
    };
    let mut text = time.format("%Y-%m-%dT%H:%M:%S").to_string();
    let fraction = ms.rem_euclid(1000);
    if fraction != 0 {
        text.push_str(format!(".{fraction:03}").trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// Receiver names arrive as a regular expression that matches them.
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

/// Go's encoder escapes what HTML or JavaScript could misread, and ends with a newline. Outside of
/// strings none of these characters occurs.
fn escape_as_go(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out.push('\n');
    out
}
