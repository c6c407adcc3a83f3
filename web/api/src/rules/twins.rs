//! Groups, rules and alerts as Prometheus's API shapes them.

use std::collections::BTreeMap;

use engine_model::number::format_exponent;
use queries_rules::status::{AlertingStatus, GroupStatus, RuleStatus};
use serde::Serialize;

use crate::wire_time::{instant, labels_map};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Groups<'a> {
    pub(super) groups: Vec<Group<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group_next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group<'a> {
    name: &'a str,
    file: &'a str,
    rules: Vec<Rule<'a>>,
    interval: f64,
    limit: usize,
    evaluation_time: f64,
    last_evaluation: String,
}

impl<'a> Group<'a> {
    pub(super) fn new(group: &'a GroupStatus, rules: Vec<Rule<'a>>) -> Self {
        Self {
            name: &group.name,
            file: &group.file,
            rules,
            interval: group.interval.as_secs_f64(),
            limit: group.limit,
            evaluation_time: group.evaluation_time.as_secs_f64(),
            last_evaluation: instant(group.last_evaluation_ms),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    name: &'a str,
    query: &'a str,
    labels: &'a BTreeMap<String, String>,
    #[serde(flatten)]
    alerting: Option<Alerting<'a>>,
    health: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<&'a str>,
    evaluation_time: f64,
    last_evaluation: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// What only alerting rules have.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alerting<'a> {
    duration: f64,
    keep_firing_for: f64,
    annotations: &'a BTreeMap<String, String>,
    /// `null` where alerts are not asked for.
    alerts: Option<Vec<Alert<'a>>>,
}

impl<'a> Rule<'a> {
    pub(super) fn new(rule: &'a RuleStatus, with_alerts: bool) -> Self {
        let alerting = rule.alerting.as_ref();
        Self {
            state: alerting.map(AlertingStatus::state_str),
            name: &rule.name,
            query: &rule.query,
            labels: &rule.labels,
            alerting: alerting.map(|alerting| Alerting {
                duration: alerting.duration.as_secs_f64(),
                keep_firing_for: alerting.keep_firing_for.as_secs_f64(),
                annotations: &alerting.annotations,
                alerts: with_alerts.then(|| alerting.alerts.iter().map(Alert::new).collect()),
            }),
            health: rule.health.as_str(),
            last_error: rule.last_error.as_deref().filter(|error| !error.is_empty()),
            evaluation_time: rule.evaluation_time.as_secs_f64(),
            last_evaluation: instant(rule.last_evaluation_ms),
            kind: rule.kind_str(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Alerts<'a> {
    pub(super) alerts: Vec<Alert<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert<'a> {
    labels: BTreeMap<&'a str, &'a str>,
    annotations: &'a BTreeMap<String, String>,
    state: &'static str,
    active_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_firing_since: Option<String>,
    value: String,
}

impl<'a> Alert<'a> {
    pub(super) fn new(alert: &'a queries_rules::alert_state::Alert) -> Self {
        Self {
            labels: labels_map(&alert.labels),
            annotations: &alert.annotations,
            state: alert.state.as_str(),
            active_at: instant(Some(alert.active_at_ms)),
            keep_firing_since: alert.keep_firing_since_ms.map(|ms| instant(Some(ms))),
            value: format_exponent(alert.value),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alertmanagers<'a> {
    pub(super) active_alertmanagers: Vec<Alertmanager<'a>>,
    pub(super) dropped_alertmanagers: Vec<Alertmanager<'a>>,
}

#[derive(Serialize)]
pub(super) struct Alertmanager<'a> {
    pub(super) url: &'a str,
}
