//! Alerts, groups and status as Alertmanager's API v2 shapes them.

use std::collections::BTreeMap;

use alert_router::{AlertSnapshot, GroupSnapshot};
use serde::Serialize;

use crate::wire_time::{instant, labels_map};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status<'a> {
    pub(super) cluster: Cluster,
    pub(super) version_info: VersionInfo<'a>,
    pub(super) config: Original<'a>,
    /// Since when it runs, in spite of the name.
    pub(super) uptime: String,
}

/// There is one router a server, and no cluster of them.
#[derive(Serialize)]
pub(super) struct Cluster {
    pub(super) status: &'static str,
    pub(super) peers: [&'static str; 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VersionInfo<'a> {
    pub(super) version: &'static str,
    pub(super) revision: &'a str,
    pub(super) branch: &'a str,
    pub(super) build_user: &'static str,
    pub(super) build_date: &'a str,
    pub(super) go_version: &'static str,
}

#[derive(Serialize)]
pub(super) struct Original<'a> {
    pub(super) original: &'a str,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

/// A receiver with the labels by which it can be found: its name alone, since no others can be given yet.
#[derive(Serialize)]
pub(super) struct Receiver<'a> {
    name: &'a str,
    labels: Named<'a>,
}

impl<'a> Receiver<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Self {
            name,
            labels: Named { name },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert<'a> {
    annotations: &'a BTreeMap<String, String>,
    ends_at: String,
    fingerprint: String,
    receivers: Vec<Named<'a>>,
    starts_at: String,
    status: AlertStatus,
    updated_at: String,
    #[serde(rename = "generatorURL", skip_serializing_if = "str::is_empty")]
    generator_url: &'a str,
    labels: BTreeMap<&'a str, &'a str>,
}

/// Nothing silences, inhibits or mutes yet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertStatus {
    inhibited_by: [&'static str; 0],
    muted_by: [&'static str; 0],
    silenced_by: [&'static str; 0],
    state: &'static str,
}

impl<'a> Alert<'a> {
    pub(super) fn new(snapshot: &'a AlertSnapshot) -> Self {
        let alert = &snapshot.alert;
        let receivers = snapshot.receivers.iter();
        Self {
            annotations: &alert.annotations,
            ends_at: instant(Some(alert.ends_at_ms)),
            fingerprint: format!("{:016x}", snapshot.fingerprint),
            receivers: receivers.map(|name| Named { name }).collect(),
            starts_at: instant(Some(alert.starts_at_ms)),
            status: AlertStatus {
                inhibited_by: [],
                muted_by: [],
                silenced_by: [],
                state: "active",
            },
            updated_at: instant(Some(alert.updated_at_ms)),
            generator_url: &alert.generator_url,
            labels: labels_map(&alert.labels),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Group<'a> {
    alerts: Vec<Alert<'a>>,
    labels: BTreeMap<&'a str, &'a str>,
    receiver: Named<'a>,
}

impl<'a> Group<'a> {
    pub(super) fn new(group: &'a GroupSnapshot, alerts: impl Iterator<Item = &'a AlertSnapshot>) -> Self {
        Self {
            alerts: alerts.map(Alert::new).collect(),
            labels: labels_map(&group.labels),
            receiver: Named {
                name: &group.receiver,
            },
        }
    }

    /// Whether the filters left no alert.
    pub(super) fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }
}
