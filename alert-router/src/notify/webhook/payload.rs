//! The JSON body, byte for byte as Alertmanager writes it: order of fields, Go's times, Go's escapes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use engine_template::functions::alertmanager::alert_status;
use serde::Serialize;

use crate::alert::fingerprint;
use crate::dispatch::NotifiedAlert;
use crate::notify::message::{Message, annotations, labels};

/// Go's zero time, which a firing alert ends at.
const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

#[derive(Serialize)]
struct Body<'a> {
    receiver: &'a str,
    status: &'static str,
    alerts: Vec<BodyAlert<'a>>,
    notification_reason: &'static str,
    #[serde(rename = "groupLabels")]
    group_labels: BTreeMap<&'a str, &'a str>,
    #[serde(rename = "commonLabels")]
    common_labels: &'a BTreeMap<&'a str, &'a str>,
    #[serde(rename = "commonAnnotations")]
    common_annotations: &'a BTreeMap<&'a str, &'a str>,
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
struct BodyAlert<'a> {
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

/// The body.
pub(super) fn encode(message: &Message<'_>) -> String {
    let body = Body {
        receiver: &message.receiver,
        status: alert_status(message.resolved),
        alerts: message.alerts.iter().map(body_alert).collect(),
        notification_reason: message.notification.reason.as_str(),
        group_labels: labels(&message.notification.group_labels),
        common_labels: &message.common_labels,
        common_annotations: &message.common_annotations,
        route_labels: BTreeMap::new(),
        external_url: message.external_url,
        version: "4",
        group_key: &message.notification.group_key,
        truncated_alerts: message.truncated,
    };
    let text = serde_json::to_string(&body).expect("a map with text keys is JSON");
    escape_as_go(&text)
}

fn body_alert(notified: &NotifiedAlert) -> BodyAlert<'_> {
    let alert = &notified.alert;
    BodyAlert {
        status: alert_status(notified.resolved),
        labels: labels(&alert.labels),
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
