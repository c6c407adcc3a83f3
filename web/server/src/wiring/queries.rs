//! Queries: a runtime of their own, so that a heavy one never delays the network, and the door through
//! which rules ask.

use std::sync::Arc;

use async_trait::async_trait;
use engine_model::Matcher;
use engine_storage::Store;
use queries_promql::{Engine, EngineConfig, QueryError, QueryOptions, Value};
use queries_rules::{Evaluate, EvaluateError, Evaluated, History, LastSample, RuleQuery};
use queries_sql::{SqlConfig, SqlEngine};
use queries_tables::StoreSnapshot;
use tokio::runtime::{Builder, Runtime};

use super::features::Features;
use crate::cli::RunOptions;

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
) -> Arc<Engine> {
    let config = EngineConfig {
        lookback: options.lookback,
        timeout: options.query_timeout,
        samples_max: options.query_samples_max,
        default_step: std::time::Duration::from_millis(evaluation_interval_ms.unsigned_abs()),
        parse: features.parse,
        delayed_name_removal: features.delayed_name_removal,
        type_and_unit_labels: features.type_and_unit_labels,
    };
    Arc::new(Engine::new(config, runtime.handle().clone()))
}

/// The SQL engine, on the same runtime and within the same time-out.
pub(super) fn sql_engine(options: &RunOptions, runtime: &Runtime) -> Arc<SqlEngine> {
    let config = SqlConfig {
        timeout: options.query_timeout,
        ..SqlConfig::default()
    };
    Arc::new(SqlEngine::new(config, runtime.handle().clone()))
}

/// Evaluates the expressions of rules and reads their history, on what is committed when they ask. Both wait
/// until everything is back that was acknowledged before the start, so that no restart fires an alert.
#[derive(Debug, Clone)]
pub(super) struct StoredQueries {
    pub(super) engine: Arc<Engine>,
    pub(super) store: Store,
}

impl StoredQueries {
    /// Rules wait until the log is replayed, so that no alert fires because of a restart.
    async fn ready(&self) -> Result<(), EvaluateError> {
        let ready = self.store.ready().await;
        ready.map_err(|error| EvaluateError::Failed(format!("{:#}", anyhow::Error::new(error))))
    }
}

#[async_trait]
impl Evaluate for StoredQueries {
    async fn instant(&self, query: &RuleQuery, at_ms: i64) -> Result<Evaluated, EvaluateError> {
        self.ready().await?;
        let snapshot = Arc::new(StoreSnapshot::pin(&self.store));
        let result = self
            .engine
            .instant(snapshot, &query.text, at_ms, QueryOptions::default())
            .await;
        let result = result.map_err(|error| match error {
            QueryError::Canceled => EvaluateError::Canceled,
            other => EvaluateError::Failed(other.to_string()),
        })?;
        let evaluated = match result.value {
            Value::Vector(elements) => {
                Evaluated::vector(elements.into_iter().map(|e| (e.labels, e.value)).collect())
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
