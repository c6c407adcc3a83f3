//! Queries: a runtime of their own, so that a heavy one never delays the network, and the door through
//! which rules ask.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use async_trait::async_trait;
use engine_model::Matcher;
use engine_storage::Store;
use queries_promql::{Engine, EngineConfig, QueryError, QueryOptions, QueryResult, Value};
use queries_rules::{Evaluate, EvaluateError, Evaluated, History, LastSample, RuleQuery, RuleValue};
use queries_tables::{QueryMemory, StoreSnapshot};
use tokio::runtime::{Builder, Runtime};
use web_api::{LoggedQuery, QueryLog, QueryOrigin, QueryPlaces, Timings};

use super::features::Features;
use crate::cli::RunOptions;

/// Memory that a machine is taken to have where it does not tell.
const MEMORY_BYTES_UNKNOWN: u64 = 2 << 30;

/// The threads on which queries compute.
pub(super) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .thread_name("weir-query")
        .enable_time()
        .build()
}

/// The query engine with the settings of the command line.
pub(super) fn engine(
    options: &RunOptions,
    features: Features,
    evaluation_interval_ms: i64,
    runtime: &Runtime,
    memory: Arc<QueryMemory>,
) -> Arc<Engine> {
    let config = EngineConfig {
        lookback: options.lookback,
        timeout: options.query_timeout,
        samples_max: options.query_samples_max,
        default_step: std::time::Duration::from_millis(evaluation_interval_ms.unsigned_abs()),
        parse: features.parse,
        delayed_name_removal: features.delayed_name_removal,
        type_and_unit_labels: features.ingest.type_and_unit_labels,
    };
    Arc::new(Engine::new(config, runtime.handle().clone()).within(memory))
}

/// The memory that PromQL and SQL share.
pub(super) fn memory(options: &RunOptions) -> Arc<QueryMemory> {
    let memory = machine_memory_bytes();
    Arc::new(QueryMemory::new(
        options.query_memory_max.unwrap_or(memory / 4),
        options.query_memory_total_max.unwrap_or(memory / 2),
    ))
}

/// What this process may use: the machine's memory, or less where its control group says so.
fn machine_memory_bytes() -> u64 {
    let of_machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kilobytes << 10)
    });
    let of_group = std::fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()
        .and_then(|text| text.trim().parse::<u64>().ok());
    match (of_machine, of_group) {
        (Some(machine), Some(group)) => machine.min(group),
        (machine, group) => machine.or(group).unwrap_or(MEMORY_BYTES_UNKNOWN),
    }
}

/// The places of queries, written to the folder of the storage.
pub(super) fn places(options: &RunOptions) -> anyhow::Result<Arc<QueryPlaces>> {
    QueryPlaces::tracked(options.query_concurrency_max, &options.storage_path).with_context(|| {
        format!(
            "cannot keep the list of running queries in {}",
            options.storage_path.display()
        )
    })
}

/// Evaluates the expressions of rules and reads their history, on what is committed when they ask. Both wait
/// until everything is back that was acknowledged before the start, so that no restart fires an alert.
#[derive(Debug, Clone)]
pub(super) struct StoredQueries {
    pub(super) engine: Arc<Engine>,
    pub(super) store: Store,
    pub(super) places: Arc<QueryPlaces>,
    pub(super) log: Arc<QueryLog>,
}

impl StoredQueries {
    /// Queries of rules take places as those of people do, and are logged.
    async fn logged(&self, query: &RuleQuery, at_ms: i64) -> Result<QueryResult, EvaluateError> {
        let longest = self.engine.config().timeout;
        let place = self.places.enter(&query.text, longest).await;
        let place = place.map_err(|error| EvaluateError::Failed(error.to_string()))?;
        let started = Instant::now();
        let snapshot = Arc::new(StoreSnapshot::pin(&self.store));
        let result = self
            .engine
            .instant(snapshot, &query.text, at_ms, QueryOptions::default())
            .await;
        if self.log.is_on() {
            let statistics = result.as_ref().map(|result| result.statistics.clone());
            self.log.write(&LoggedQuery {
                query: &query.text,
                start_ms: at_ms,
                end_ms: at_ms,
                step_ms: 0,
                error: result.as_ref().err().map(ToString::to_string),
                timings: Timings {
                    queued: place.waited,
                    executed: started.elapsed(),
                    statistics: statistics.unwrap_or_default(),
                },
                origin: origin_of(query),
            });
        }
        result.map_err(|error| match error {
            QueryError::Canceled => EvaluateError::Canceled,
            other => EvaluateError::Failed(other.to_string()),
        })
    }

    /// Rules wait until the log is replayed, so that no alert fires because of a restart.
    async fn ready(&self) -> Result<(), EvaluateError> {
        let ready = self.store.ready().await;
        ready.map_err(|error| EvaluateError::Failed(format!("{:#}", anyhow::Error::new(error))))
    }
}

/// The group that asks; outside of groups there is none to name.
fn origin_of(query: &RuleQuery) -> QueryOrigin<'_> {
    let group = query.group.as_deref();
    QueryOrigin::Rule {
        file: group.map_or("", |group| &group.file),
        group: group.map_or("", |group| &group.name),
    }
}

#[async_trait]
impl Evaluate for StoredQueries {
    async fn instant(&self, query: &RuleQuery, at_ms: i64) -> Result<Evaluated, EvaluateError> {
        self.ready().await?;
        let result = self.logged(query, at_ms).await?;
        let evaluated = match result.value {
            Value::Vector(elements) => {
                let samples = elements.into_iter().map(|element| {
                    let value = match element.histogram {
                        Some(histogram) => RuleValue::Histogram(Arc::new(histogram.to_histogram())),
                        None => RuleValue::Float(element.value),
                    };
                    (element.labels, value)
                });
                Evaluated {
                    samples: samples.collect(),
                    ..Evaluated::default()
                }
            }
            Value::Scalar { value, .. } => Evaluated::scalar(value),
            Value::Matrix(_) | Value::String { .. } => {
                return Err(EvaluateError::Failed(
                    "rule result is not a vector or scalar".to_owned(),
                ));
            }
        };
        Ok(Evaluated {
            warnings: result.warnings,
            infos: result.infos,
            ..evaluated
        })
    }
}

#[async_trait]
impl History for StoredQueries {
    async fn last_samples(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<LastSample>, EvaluateError> {
        self.ready().await?;
        let store = self.store.clone();
        let matchers = matchers.to_vec();
        let read = tokio::task::spawn_blocking(move || {
            let version = store.pin();
            let selected = version.select(&matchers, from_ms, to_ms)?;
            version.read(&selected, from_ms, to_ms)
        });
        let series = read.await.map_err(|_| EvaluateError::Canceled)?;
        let series =
            series.map_err(|error| EvaluateError::Failed(format!("{:#}", anyhow::Error::new(error))))?;
        let newest = series.into_iter().filter_map(|series| {
            let (timestamp_ms, value) = (*series.timestamps.last()?, *series.values.last()?);
            Some(LastSample {
                labels: series.labels,
                timestamp_ms,
                value,
            })
        });
        Ok(newest.collect())
    }
}
