//! What groups, rules and alerts are doing right now: behind `GET /api/v1/rules` and
//! `GET /api/v1/alerts`, whose JSON is made where it is served. Instants are ms since the epoch.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::alert_state::{Alert, AlertState};
use crate::rule_file::{Rule, RuleGroup, RuleKind};

/// A group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupStatus {
    /// Name, unique in its file.
    pub name: String,
    /// The file it is written in.
    pub file: Arc<str>,
    /// Time between two evaluations.
    pub interval: Duration,
    /// How far in the past queries are evaluated.
    pub query_offset: Duration,
    /// Most series or alerts of a rule; 0 means no limit.
    pub limit: usize,
    /// How long the last evaluation took.
    pub evaluation_time: Duration,
    /// When the last evaluation began; `None` before the first.
    pub last_evaluation_ms: Option<i64>,
    /// The rules in their order.
    pub rules: Vec<RuleStatus>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleStatus {
    /// Name of the recorded metric or of the alert.
    pub name: String,
    /// The expression as Prometheus prints it.
    pub query: String,
    /// Labels as written, the group's included.
    pub labels: BTreeMap<String, String>,
    /// Whether the last evaluation succeeded.
    pub health: Health,
    /// Why it did not.
    pub last_error: Option<String>,
    /// What the query engine remarked on the last result.
    pub warnings: Vec<String>,
    /// How long the last evaluation took.
    pub evaluation_time: Duration,
    /// When the last evaluation began; `None` before the first.
    pub last_evaluation_ms: Option<i64>,
    /// What only alerting rules have; `None` for a recording rule.
    pub alerting: Option<AlertingStatus>,
}

/// What only alerting rules have.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertingStatus {
    /// State of the most advanced alert; `None` (unknown) before the first evaluation.
    pub state: Option<AlertState>,
    /// How long an element has to stay before its alert fires.
    pub duration: Duration,
    /// How long an alert keeps firing after its element is gone.
    pub keep_firing_for: Duration,
    /// Annotations as written.
    pub annotations: BTreeMap<String, String>,
    /// Pending and firing alerts, ordered by their labels.
    pub alerts: Arc<[Alert]>,
}

/// Whether a rule's last evaluation succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Not evaluated yet.
    Unknown,
    /// It succeeded.
    Good,
    /// It failed.
    Bad,
}

impl Health {
    /// Prometheus's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Good => "ok",
            Self::Bad => "err",
        }
    }
}

impl AlertingStatus {
    /// Prometheus's word for the state.
    pub fn state_str(&self) -> &'static str {
        self.state.map_or("unknown", AlertState::as_str)
    }
}

impl RuleStatus {
    /// Prometheus's word for the kind of rule.
    pub fn kind_str(&self) -> &'static str {
        match self.alerting {
            Some(_) => "alerting",
            None => "recording",
        }
    }

    /// The rule before its first evaluation.
    pub(crate) fn new(rule: &Rule) -> Self {
        let alerting = match &rule.kind {
            RuleKind::Recording { .. } => None,
            RuleKind::Alerting(spec) => Some(AlertingStatus {
                state: None,
                duration: milliseconds(spec.for_ms),
                keep_firing_for: milliseconds(spec.keep_firing_for_ms),
                annotations: spec.annotations.clone(),
                alerts: Arc::new([]),
            }),
        };
        Self {
            name: rule.name().to_owned(),
            query: rule.query.canonical.clone(),
            labels: rule.labels.clone(),
            health: Health::Unknown,
            last_error: None,
            warnings: Vec::new(),
            evaluation_time: Duration::ZERO,
            last_evaluation_ms: None,
            alerting,
        }
    }
}

impl GroupStatus {
    /// The group before its first evaluation.
    pub(crate) fn new(group: &RuleGroup, interval_ms: i64, query_offset_ms: i64) -> Self {
        Self {
            name: group.name.clone(),
            file: Arc::clone(&group.file),
            interval: milliseconds(interval_ms),
            query_offset: milliseconds(query_offset_ms),
            limit: group.limit,
            evaluation_time: Duration::ZERO,
            last_evaluation_ms: None,
            rules: group.rules.iter().map(RuleStatus::new).collect(),
        }
    }
}

fn milliseconds(ms: i64) -> Duration {
    Duration::from_millis(ms.max(0).unsigned_abs())
}
