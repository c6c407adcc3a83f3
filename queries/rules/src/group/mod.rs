//! A group at work: `evaluate` runs its rules once, `store` commits their samples, `carry` takes over
//! the state of the group that it replaces, `run` does all of it on time.

mod carry;
mod evaluate;
mod run;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use engine_dataflow::EdgeStats;
use engine_model::Labels;
use parking_lot::Mutex;

pub(crate) use run::run;

use crate::alerting::AlertingRule;
use crate::environment::Environment;
use crate::evaluate::PreparedRule;
use crate::metrics::{GroupCounters, GroupMetrics, SharedDurations};
use crate::recording::RecordingRule;
use crate::rule_file::{Rule, RuleGroup, RuleKind};
use crate::schedule::Schedule;
use crate::status::GroupStatus;

/// Evaluations after a start before pending alerts are restored: until then rules and scrapes may
/// not have brought back what the alerts look at. Prometheus's number.
const EVALUATIONS_BEFORE_RESTORE: u32 = 2;

/// A group and the state of its rules.
pub(crate) struct Group {
    spec: Arc<RuleGroup>,
    environment: Arc<Environment>,
    schedule: Schedule,
    query_offset_ms: i64,
    rules: Vec<ActiveRule>,
    /// Series of rules that are no more; they end after the next evaluation.
    abandoned: Vec<Labels>,
    /// Evaluations that are left before alerts are restored; `None` when there is nothing to restore.
    restore_after: Option<u32>,
    shared: Arc<GroupShared>,
}

/// A rule at work.
struct ActiveRule {
    rule: Rule,
    prepared: Option<Box<dyn PreparedRule>>,
    action: Action,
    /// Series that the last evaluation stored.
    stored: HashSet<Labels>,
}

/// What is done with a result.
enum Action {
    Record(RecordingRule),
    Alert(AlertingRule),
}

/// What others see of a group while it works.
#[derive(Debug)]
pub(crate) struct GroupShared {
    pub(crate) status: Mutex<GroupStatus>,
    pub(crate) counters: Arc<GroupCounters>,
    pub(crate) durations: Arc<SharedDurations>,
    /// Counts the elements of results, on the edge from the store to the group.
    pub(crate) read: Arc<EdgeStats>,
    /// Counts alerts that were sent.
    pub(crate) alerts: Arc<EdgeStats>,
}

impl GroupShared {
    /// For a group that has not run yet.
    pub(crate) fn new(
        spec: &RuleGroup,
        environment: &Environment,
        counters: Arc<GroupCounters>,
        durations: Arc<SharedDurations>,
    ) -> Arc<Self> {
        let (interval_ms, query_offset_ms) = timing(spec, environment);
        Arc::new(Self {
            status: Mutex::new(GroupStatus::new(spec, interval_ms, query_offset_ms)),
            counters,
            durations,
            read: EdgeStats::new(1),
            alerts: EdgeStats::new(1),
        })
    }

    /// The group's numbers.
    pub(crate) fn metrics(&self) -> GroupMetrics {
        let status = self.status.lock();
        GroupMetrics {
            interval: status.interval,
            last_evaluation_ms: status.last_evaluation_ms.unwrap_or_default(),
            last_duration: status.evaluation_time,
            last_rule_duration_sum: status.rules.iter().map(|rule| rule.evaluation_time).sum(),
            rules: status.rules.len(),
            ..self.counters.read(format!("{};{}", status.file, status.name))
        }
    }
}

/// Interval and query offset of a group, in ms.
fn timing(spec: &RuleGroup, environment: &Environment) -> (i64, i64) {
    let settings = &environment.settings;
    let interval_ms = spec.interval_ms.unwrap_or(settings.evaluation_interval_ms);
    let query_offset_ms = spec.query_offset_ms.unwrap_or(settings.query_offset_ms);
    (interval_ms.max(1), query_offset_ms)
}

impl Group {
    /// A group without state. `restore` says whether alerts of before a restart are taken up.
    pub(crate) fn new(
        spec: Arc<RuleGroup>,
        environment: Arc<Environment>,
        restore: bool,
        shared: Arc<GroupShared>,
    ) -> Self {
        let (interval_ms, query_offset_ms) = timing(&spec, &environment);
        let rules = spec.rules.iter().map(|rule| ActiveRule::new(rule, &environment));
        let mut group = Self {
            schedule: Schedule::new(&spec.file, &spec.name, interval_ms),
            query_offset_ms,
            rules: rules.collect(),
            abandoned: Vec::new(),
            restore_after: None,
            shared,
            spec,
            environment,
        };
        if restore {
            group.restore_after(Some(EVALUATIONS_BEFORE_RESTORE));
        }
        group
    }

    /// When alerts are restored; until then none of them is written.
    fn restore_after(&mut self, evaluations: Option<u32>) {
        self.restore_after = evaluations;
        for rule in &mut self.rules {
            if let Action::Alert(alerting) = &mut rule.action {
                alerting.restored = evaluations.is_none();
            }
        }
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl ActiveRule {
    fn new(rule: &Rule, environment: &Environment) -> Self {
        let action = match &rule.kind {
            RuleKind::Recording { record } => Action::Record(RecordingRule::new(record, &rule.labels)),
            RuleKind::Alerting(alerting) => Action::Alert(AlertingRule::new(
                alerting,
                &rule.labels,
                &rule.query,
                &environment.settings.external_url,
            )),
        };
        Self {
            prepared: environment.doors.evaluate.prepare(&rule.query),
            rule: rule.clone(),
            action,
            stored: HashSet::new(),
        }
    }
}
