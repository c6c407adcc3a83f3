//! One evaluation of a group: rules in their order, each result committed before the next rule asks.

use std::time::Duration;

use engine_model::Labels;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Action, ActiveRule, Group};
use crate::alert_state::Element;
use crate::environment::Environment;
use crate::evaluate::{EvaluateError, Evaluated, RuleValue};
use crate::failure::RuleFailure;
use crate::metrics::count;
use crate::output::Append;
use crate::restore::restore;
use crate::status::Health;

/// A result that changed nothing yet.
enum Computed {
    Series(Vec<(Labels, RuleValue)>),
    Elements(Vec<Element>),
}

/// What an evaluation of a rule came to.
struct Outcome {
    samples: usize,
    warnings: Vec<String>,
}

impl Group {
    /// Evaluates all rules at `at_ms`. Cancelling `stop` gives up the query that runs; what was
    /// computed before is kept.
    pub(crate) async fn evaluate(&mut self, at_ms: i64, append: &dyn Append, stop: &CancellationToken) {
        let began = Instant::now();
        let began_ms = self.environment.doors.clock.now_ms();
        let mut samples = 0;
        for index in 0..self.rules.len() {
            if stop.is_cancelled() {
                return;
            }
            samples += self.evaluate_rule(index, at_ms, append, stop).await;
        }
        self.end_abandoned(at_ms, append).await;
        let counters = &self.shared.counters;
        counters.set_last_evaluation_samples(samples);
        let took = began.elapsed();
        self.shared.durations.groups.lock().observe(took);
        let mut status = self.shared.status.lock();
        status.evaluation_time = took;
        status.last_evaluation_ms = Some(began_ms);
    }

    /// Evaluates one rule and returns how many samples it gave.
    async fn evaluate_rule(
        &mut self,
        index: usize,
        at_ms: i64,
        append: &dyn Append,
        stop: &CancellationToken,
    ) -> usize {
        let began = Instant::now();
        let began_ms = self.environment.doors.clock.now_ms();
        let outcome = self.try_rule(index, at_ms, append, stop).await;
        if matches!(&outcome, Err(failure) if failure.is_canceled()) {
            return 0;
        }
        count(&self.shared.counters.evaluations, 1);
        if let Err(failure) = &outcome {
            count(&self.shared.counters.evaluation_failures, 1);
            let rule = &self.rules[index].rule;
            tracing::warn!(
                file = &*self.spec.file,
                group = self.spec.name,
                rule = rule.name(),
                index,
                error = %failure,
                "evaluating rule failed"
            );
        }
        let took = began.elapsed();
        self.shared.durations.evaluations.lock().observe(took);
        let samples = outcome.as_ref().map_or(0, |outcome| outcome.samples);
        self.show(index, outcome, began_ms, took);
        samples
    }

    async fn try_rule(
        &mut self,
        index: usize,
        at_ms: i64,
        append: &dyn Append,
        stop: &CancellationToken,
    ) -> Result<Outcome, RuleFailure> {
        let limit = self.spec.limit;
        let query_ms = at_ms - self.query_offset_ms;
        let rule = &mut self.rules[index];
        let mut evaluated = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(EvaluateError::Canceled.into()),
            evaluated = rule.ask(query_ms, &self.environment) => evaluated?,
        };
        self.shared.read.passed(evaluated.samples.len());
        let warnings = std::mem::take(&mut evaluated.warnings);
        let computed = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(EvaluateError::Canceled.into()),
            computed = rule.compute(evaluated, at_ms, limit, &self.environment) => computed?,
        };
        let samples = match (computed, &mut rule.action) {
            (Computed::Elements(elements), Action::Alert(alerting)) => {
                let samples = alerting.step(elements, at_ms, limit)?;
                let samples = samples
                    .into_iter()
                    .map(|(labels, value)| (labels, RuleValue::Float(value)));
                let samples = samples.collect();
                self.send_alerts(index, at_ms).await;
                samples
            }
            (Computed::Series(series), _) => series,
            (Computed::Elements(_), Action::Record(_)) => unreachable!("only alerting rules give elements"),
        };
        let outcome = Outcome {
            samples: samples.len(),
            warnings,
        };
        self.store(index, samples, query_ms, append).await?;
        Ok(outcome)
    }

    async fn send_alerts(&mut self, index: usize, at_ms: i64) {
        let Action::Alert(alerting) = &mut self.rules[index].action else {
            return;
        };
        let resend_delay_ms = self.environment.settings.resend_delay_ms;
        let due = alerting.due(at_ms, self.schedule.interval_ms(), resend_delay_ms);
        if due.is_empty() {
            return;
        }
        let alerts = due.len();
        match self.environment.doors.alerts.send(due).await {
            Ok(()) => {
                alerting.alerts.mark_sent(at_ms, resend_delay_ms);
                self.shared.alerts.passed(alerts);
            }
            Err(error) => {
                tracing::error!(alertname = alerting.name(), alerts, %error, "sending alerts failed")
            }
        }
    }

    /// Restores pending alerts when it is time for that.
    pub(crate) async fn restore_when_due(&mut self) {
        let Some(left) = self.restore_after else { return };
        if left > 1 {
            self.restore_after = Some(left - 1);
            return;
        }
        let began = Instant::now();
        let now_ms = self.environment.doors.clock.now_ms();
        for rule in &mut self.rules {
            if let Action::Alert(alerting) = &mut rule.action
                && !alerting.restored
            {
                restore(alerting, now_ms, &self.environment).await;
            }
        }
        self.restore_after = None;
        *self.shared.counters.last_restore.lock() = began.elapsed();
    }

    /// Shows how a rule's evaluation went.
    fn show(&self, index: usize, outcome: Result<Outcome, RuleFailure>, began_ms: i64, took: Duration) {
        let alerts = match &self.rules[index].action {
            Action::Alert(alerting) => Some((alerting.state(), alerting.shown())),
            Action::Record(_) => None,
        };
        let mut group = self.shared.status.lock();
        let status = &mut group.rules[index];
        status.evaluation_time = took;
        status.last_evaluation_ms = Some(began_ms);
        match outcome {
            Ok(outcome) => {
                status.health = Health::Good;
                status.last_error = None;
                status.warnings = outcome.warnings;
            }
            Err(failure) => {
                status.health = Health::Bad;
                status.last_error = Some(failure.to_string());
            }
        }
        if let (Some(status), Some((state, alerts))) = (&mut status.alerting, alerts) {
            status.state = Some(state);
            status.alerts = alerts;
        }
    }
}

impl ActiveRule {
    /// The value of the expression.
    async fn ask(&mut self, query_ms: i64, environment: &Environment) -> Result<Evaluated, RuleFailure> {
        if !self.rule.query.is_vector_or_scalar() {
            return Err(RuleFailure::NotAVector);
        }
        let evaluated = match &mut self.prepared {
            Some(prepared) => prepared.evaluate(query_ms).await,
            None => {
                let evaluate = &environment.doors.evaluate;
                evaluate.instant(&self.rule.query, query_ms).await
            }
        };
        Ok(evaluated?)
    }

    /// What the rule makes of the value.
    async fn compute(
        &self,
        evaluated: Evaluated,
        at_ms: i64,
        limit: usize,
        environment: &Environment,
    ) -> Result<Computed, RuleFailure> {
        match &self.action {
            Action::Record(recording) => recording.apply(evaluated, limit).map(Computed::Series),
            Action::Alert(alerting) => {
                let elements = alerting.elements(evaluated, at_ms, environment).await?;
                Ok(Computed::Elements(elements))
            }
        }
    }
}
