//! Alerting rules: elements of the result become alerts, alerts become samples and are sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine_model::{Labels, LabelsBuilder, METRIC_NAME};

use crate::alert_state::{Alert, AlertLimits, AlertSet, AlertState, Element};
use crate::environment::Environment;
use crate::evaluate::{EvaluateError, Evaluated};
use crate::failure::RuleFailure;
use crate::output::{Annotations, FiredAlert};
use crate::rule_file::{AlertSpec, GroupName, RuleQuery};
use crate::template::{Expander, Template, generator_url};

/// The label that names an alert.
pub(crate) const ALERT_NAME: &str = "alertname";
/// Metric that says which alerts are pending or firing.
const ALERTS: &str = "ALERTS";
/// Label of that metric.
const ALERT_STATE: &str = "alertstate";
/// Metric that holds since when an alert is active, in seconds since the epoch.
pub(crate) const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";

/// An alerting rule and its alerts.
#[derive(Debug)]
pub(crate) struct AlertingRule {
    name: String,
    group: Option<Arc<GroupName>>,
    for_ms: i64,
    keep_firing_for_ms: i64,
    labels: Vec<(String, Template)>,
    annotations: Vec<(String, Template)>,
    generator_url: String,
    pub(crate) alerts: AlertSet,
    /// False while the state of before a restart is still to be taken up. Until then no sample is
    /// written, because it would hide the one that is to be read.
    pub(crate) restored: bool,
}

impl AlertingRule {
    /// The rule without alerts.
    pub(crate) fn new(
        spec: &AlertSpec,
        labels: &BTreeMap<String, String>,
        query: &RuleQuery,
        external_url: &str,
    ) -> Self {
        let template = |(name, text): (&String, &String)| (name.clone(), Template::new(&spec.alert, text));
        Self {
            name: spec.alert.clone(),
            group: query.group.clone(),
            for_ms: spec.for_ms,
            keep_firing_for_ms: spec.keep_firing_for_ms,
            labels: labels.iter().map(template).collect(),
            annotations: spec.annotations.iter().map(template).collect(),
            generator_url: generator_url(external_url, &query.canonical),
            alerts: AlertSet::default(),
            restored: true,
        }
    }

    /// How long an element has to stay, in ms.
    pub(crate) fn for_ms(&self) -> i64 {
        self.for_ms
    }

    /// Name of its alerts.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Applies labels and annotations to the result. Changes nothing yet, so it may be given up.
    pub(crate) async fn elements(
        &self,
        evaluated: Evaluated,
        at_ms: i64,
        environment: &Environment,
    ) -> Result<Vec<Element>, EvaluateError> {
        let expander = Expander::new(environment, at_ms, self.group.clone());
        let mut elements = Vec::with_capacity(evaluated.samples.len());
        for (sample_labels, value) in evaluated.samples {
            let value = value.number();
            let data = expander.data(&sample_labels, value);
            let mut labels = LabelsBuilder::from(&sample_labels);
            labels.remove(METRIC_NAME);
            for (name, template) in &self.labels {
                labels.set(name, &expander.expand(template, &data).await?);
            }
            labels.set(ALERT_NAME, &self.name);
            let mut annotations = Annotations::new();
            for (name, template) in &self.annotations {
                annotations.insert(name.clone(), expander.expand(template, &data).await?);
            }
            elements.push(Element {
                labels: labels.build(),
                annotations: Arc::new(annotations),
                value,
            });
        }
        Ok(elements)
    }

    /// Moves the alerts on and returns the samples that say where they stand.
    pub(crate) fn step(
        &mut self,
        elements: Vec<Element>,
        at_ms: i64,
        alerts_max: usize,
    ) -> Result<Vec<(Labels, f64)>, RuleFailure> {
        let limits = AlertLimits {
            for_ms: self.for_ms,
            keep_firing_for_ms: self.keep_firing_for_ms,
            alerts_max,
        };
        self.alerts.step(elements, at_ms, &limits)?;
        if !self.restored {
            return Ok(Vec::new());
        }
        Ok(self.alerts.active().flat_map(samples).collect())
    }

    /// The alerts that are due to be sent, firing ones valid for four evaluations or resendings, so
    /// that two may be lost.
    pub(crate) fn due(&self, at_ms: i64, interval_ms: i64, resend_delay_ms: i64) -> Vec<FiredAlert> {
        let valid_until_ms = at_ms + 4 * interval_ms.max(resend_delay_ms);
        let fired = |alert: &Alert| FiredAlert {
            labels: alert.labels.clone(),
            annotations: Arc::clone(&alert.annotations),
            value: alert.value,
            starts_at_ms: alert.fired_at_ms.unwrap_or(alert.active_at_ms),
            ends_at_ms: alert.resolved_at_ms.unwrap_or(valid_until_ms),
            resolved_at_ms: alert.resolved_at_ms,
            generator_url: self.generator_url.clone(),
        };
        self.alerts.due(at_ms, resend_delay_ms).map(fired).collect()
    }

    /// Pending and firing alerts as they are shown, ordered by their labels.
    pub(crate) fn shown(&self) -> Arc<[Alert]> {
        let mut alerts: Vec<Alert> = self.alerts.active().cloned().collect();
        alerts.sort_by(|a, b| a.labels.cmp(&b.labels));
        alerts.into()
    }

    /// The state of the rule: that of its most advanced alert.
    pub(crate) fn state(&self) -> AlertState {
        let states = self.alerts.iter().map(|alert| alert.state);
        states.max().unwrap_or(AlertState::Inactive)
    }
}

/// `ALERTS` and `ALERTS_FOR_STATE` of an alert.
fn samples(alert: &Alert) -> [(Labels, f64); 2] {
    let mut labels = LabelsBuilder::from(&alert.labels);
    labels.set(METRIC_NAME, ALERTS_FOR_STATE);
    let for_state = labels.build();
    labels.set(METRIC_NAME, ALERTS);
    labels.set(ALERT_STATE, alert.state.as_str());
    let since_seconds = alert.active_at_ms.div_euclid(1000) as f64;
    [(labels.build(), 1.0), (for_state, since_seconds)]
}
