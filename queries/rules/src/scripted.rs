//! Doors for tests: answers by script, and notes of what was asked, stored and sent, in one order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine_dataflow::{CommitReceipt, DeliveryError, RejectReason};
use engine_model::staleness::is_stale;
use engine_model::{Labels, Matcher, SampleBatch, SeriesTable};
use parking_lot::Mutex;
use queries_promql::parser::ParseOptions;
use tokio::time::{Instant, sleep};

use crate::environment::{Doors, Environment, RuleSettings};
use crate::evaluate::{Evaluate, EvaluateError, Evaluated, History, LastSample};
use crate::group::{Group, GroupShared};
use crate::metrics::{GroupCounters, SharedDurations};
use crate::output::{AlertSink, AlertSinkError, Append, FiredAlert};
use crate::rule_file::{RuleFile, RuleQuery};
use engine_model::WallClock;

/// The wall clock when a test starts: a whole number of days.
pub(crate) const START_MS: i64 = 1_728_000_000_000;

/// What a query answers: elements as `(labels, value)`, or an error.
pub(crate) type Answer = Result<Vec<(Labels, f64)>, &'static str>;

/// Everything around a group.
#[derive(Clone, Default)]
pub(crate) struct World {
    /// What happened, in order: `ask`, `store`, `send`.
    pub(crate) notes: Arc<Mutex<Vec<String>>>,
    pub(crate) answers: Arc<Mutex<HashMap<String, Answer>>>,
    /// How long queries take.
    pub(crate) query_time: Arc<Mutex<Duration>>,
    pub(crate) sent: Arc<Mutex<Vec<FiredAlert>>>,
    /// Makes the sink refuse.
    pub(crate) sink_is_full: Arc<Mutex<bool>>,
    pub(crate) past: Arc<Mutex<Vec<LastSample>>>,
    /// Makes the store refuse the sample in that row.
    pub(crate) reject_row: Arc<Mutex<Option<usize>>>,
    pub(crate) table: Arc<SeriesTable>,
}

/// A label set from text such as `up{job="a"}`.
pub(crate) fn labels(text: &str) -> Labels {
    queries_promql::parser::parse_metric(text).unwrap()
}

impl World {
    /// From now on the query answers with these elements.
    pub(crate) fn answer(&self, query: &str, elements: &[(&str, f64)]) {
        let elements = elements.iter().map(|(text, value)| (labels(text), *value));
        let answer = Ok(elements.collect());
        self.answers.lock().insert(query.to_owned(), answer);
    }

    /// From now on the query fails.
    pub(crate) fn fail(&self, query: &str, error: &'static str) {
        self.answers.lock().insert(query.to_owned(), Err(error));
    }

    /// What happened since the last call.
    pub(crate) fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock())
    }

    pub(crate) fn doors(&self) -> Doors {
        let started = Instant::now();
        Doors {
            evaluate: Arc::new(self.clone()),
            history: Arc::new(self.clone()),
            alerts: Arc::new(self.clone()),
            series: Arc::clone(&self.table),
            clock: WallClock::from_fn(move || START_MS + started.elapsed().as_millis() as i64),
        }
    }

    /// The first group of a rule file.
    pub(crate) fn group(&self, yaml: &str, settings: RuleSettings, restore: bool) -> Group {
        let file = RuleFile::parse("rules.yml", yaml, &ParseOptions::default()).unwrap();
        let spec = Arc::new(file.groups.into_iter().next().unwrap());
        let doors = self.doors();
        let environment = Arc::new(Environment { doors, settings });
        let counters = Arc::new(GroupCounters::default());
        let shared = GroupShared::new(&spec, &environment, counters, SharedDurations::new());
        Group::new(spec, environment, restore, shared)
    }
}

/// Time since the start, in seconds.
fn seconds(at_ms: i64) -> f64 {
    (at_ms - START_MS) as f64 / 1000.0
}

#[async_trait]
impl Evaluate for World {
    async fn instant(&self, query: &RuleQuery, at_ms: i64) -> Result<Evaluated, EvaluateError> {
        self.notes
            .lock()
            .push(format!("ask {} @{}", query.canonical, seconds(at_ms)));
        let time = *self.query_time.lock();
        sleep(time).await;
        match self.answers.lock().get(&query.canonical) {
            Some(Ok(elements)) => Ok(Evaluated::vector(elements.clone())),
            Some(Err(error)) => Err(EvaluateError::Failed((*error).to_owned())),
            None => Ok(Evaluated::default()),
        }
    }
}

#[async_trait]
impl Append for World {
    async fn append(&self, batch: SampleBatch) -> Result<CommitReceipt, DeliveryError> {
        let mut lines: Vec<String> = batch
            .iter()
            .map(|(series, at_ms, value)| {
                let labels = self.table.labels(series).unwrap();
                let name = labels.metric_name();
                let rest = labels.without(&["__name__"]);
                let value = if is_stale(value) {
                    "stale".to_owned()
                } else {
                    value.to_string()
                };
                format!("store {name}{rest} {value} @{}", seconds(at_ms))
            })
            .collect();
        lines.sort();
        self.notes.lock().extend(lines);
        let mut receipt = CommitReceipt {
            accepted: batch.len(),
            ..CommitReceipt::default()
        };
        if let Some(row) = *self.reject_row.lock() {
            receipt.rejected.add(row, RejectReason::OutOfOrder);
        }
        Ok(receipt)
    }
}

#[async_trait]
impl AlertSink for World {
    async fn send(&self, mut alerts: Vec<FiredAlert>) -> Result<(), AlertSinkError> {
        if *self.sink_is_full.lock() {
            return Err(AlertSinkError("full".to_owned()));
        }
        alerts.sort_by(|a, b| a.labels.cmp(&b.labels));
        for alert in &alerts {
            let state = if alert.resolved_at_ms.is_some() {
                "resolved"
            } else {
                "firing"
            };
            let (from, to) = (seconds(alert.starts_at_ms), seconds(alert.ends_at_ms));
            self.notes
                .lock()
                .push(format!("send {} {state} {from}..{to}", alert.labels));
        }
        self.sent.lock().extend(alerts);
        Ok(())
    }
}

#[async_trait]
impl History for World {
    async fn last_samples(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<LastSample>, EvaluateError> {
        let past = self.past.lock();
        let found = past.iter().filter(|sample| {
            engine_model::matcher::all_match(matchers, &sample.labels)
                && (from_ms..=to_ms).contains(&sample.timestamp_ms)
        });
        Ok(found.cloned().collect())
    }
}
