//! PostgreSQL's protocol: its listener, and PromQL for SQL's `promql(…)`.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use queries_promql::{Engine, QueryError, QueryOptions, Value};
use queries_sql::postgres::{PostgresConfig, PostgresServer};
use queries_sql::{PromqlSource, SqlError, StepRange};
use queries_tables::sql_tables::ComputedSeries;
use queries_tables::{Snapshot, StoreSnapshot};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use web_api::StoreGate;

use super::server::Server;

/// Where PostgreSQL's clients connect.
pub(crate) struct Postgres {
    listener: Option<TcpListener>,
    serving: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

impl Postgres {
    /// Takes the address that the command line names, if it names one.
    pub(crate) async fn bind(address: Option<SocketAddr>) -> anyhow::Result<Self> {
        let listener = match address {
            None => None,
            Some(address) => Some(TcpListener::bind(address).await.with_context(|| {
                format!("cannot listen on {address}; choose another --sql.listen-address")
            })?),
        };
        Ok(Self {
            listener,
            serving: None,
        })
    }

    /// Serves from now on.
    pub(crate) fn open(&mut self, server: &Server, gate: StoreGate) -> anyhow::Result<()> {
        let Some(listener) = self.listener.take() else {
            return Ok(());
        };
        let address = listener.local_addr().context("the SQL listener has no address")?;
        let snapshots = move || -> Result<Arc<dyn Snapshot>, String> {
            let store = gate.store().map_err(|not_ready| not_ready.to_string())?;
            match gate.is_ready() {
                true => Ok(Arc::new(StoreSnapshot::pin(store))),
                false => Err("the log of the last run is being replayed; try again".to_owned()),
            }
        };
        let postgres = PostgresServer::new(
            PostgresConfig::default(),
            Arc::clone(&server.sql),
            Arc::new(snapshots),
        );
        let (stop, stopped) = watch::channel(false);
        self.serving = Some((stop, tokio::spawn(postgres.serve(listener, stopped))));
        tracing::info!(%address, database = "weir", "SQL is served to PostgreSQL's clients");
        Ok(())
    }

    /// Lets queries under way end, then closes all connections.
    pub(crate) async fn stop(self) {
        if let Some((stop, task)) = self.serving {
            stop.send_replace(true);
            if let Err(error) = task.await {
                tracing::error!(%error, "serving PostgreSQL's clients panicked");
            }
        }
    }
}

/// Lets SQL ask PromQL.
#[derive(Debug)]
pub(super) struct PromqlForSql(pub(super) Arc<Engine>);

#[async_trait]
impl PromqlSource for PromqlForSql {
    async fn evaluate(
        &self,
        snapshot: Arc<dyn Snapshot>,
        query: &str,
        range: StepRange,
    ) -> Result<Vec<ComputedSeries>, SqlError> {
        let options = QueryOptions::default();
        let result = match range.is_instant() {
            true => self.0.instant(snapshot, query, range.start_ms, options).await,
            false => {
                let StepRange {
                    start_ms,
                    end_ms,
                    step_ms,
                } = range;
                self.0
                    .range(snapshot, query, start_ms, end_ms, step_ms, options)
                    .await
            }
        };
        let result = result.map_err(|error| match error {
            QueryError::Timeout => SqlError::Timeout(self.0.config().timeout),
            QueryError::Canceled => SqlError::Canceled,
            QueryError::Storage(text) => SqlError::Storage(text),
            QueryError::Execution(text) if is_too_large(&text) => {
                SqlError::TooLarge(format!("promql: {text}"))
            }
            other => SqlError::BadQuery(format!("promql: {other}")),
        })?;
        series_of(result.value)
    }
}

/// Whether an error says that the limit on samples or one on memory was met.
fn is_too_large(text: &str) -> bool {
    text.contains("into memory in query execution") || text.contains("bytes in memory: ")
}

/// An answer as series.
fn series_of(value: Value) -> Result<Vec<ComputedSeries>, SqlError> {
    match value {
        Value::Scalar { at_ms, value } => Ok(vec![ComputedSeries {
            timestamps: vec![at_ms],
            values: vec![value],
            ..ComputedSeries::default()
        }]),
        Value::String { .. } => Err(SqlError::BadQuery("promql: a string has no samples".to_owned())),
        Value::Vector(elements) => {
            let series = elements.into_iter().map(|element| {
                let mut one = ComputedSeries {
                    labels: element.labels,
                    ..ComputedSeries::default()
                };
                match element.histogram {
                    Some(histogram) => one.histograms.push((element.at_ms, histogram)),
                    None => (one.timestamps, one.values) = (vec![element.at_ms], vec![element.value]),
                }
                one
            });
            Ok(series.collect())
        }
        Value::Matrix(series) => {
            let series = series.into_iter().map(|range| {
                let (timestamps, values) = range.samples.into_iter().unzip();
                ComputedSeries {
                    labels: range.labels,
                    timestamps,
                    values,
                    histograms: range.histograms,
                }
            });
            Ok(series.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use engine_model::{FloatHistogram, Labels};
    use queries_promql::{QueryOptions, RangeSeries};

    use super::*;

    #[test]
    fn numbers_and_histograms_are_rows() {
        let matrix = Value::Matrix(vec![RangeSeries {
            labels: Labels::from_pairs([("job", "a")]),
            samples: vec![(1, 2.0)],
            histograms: vec![(3, Arc::new(FloatHistogram::default()))],
        }]);
        let rows = series_of(matrix).unwrap();
        assert_eq!(
            (rows.len(), &rows[0].timestamps, &rows[0].values),
            (1, &vec![1], &vec![2.0])
        );
        assert_eq!(rows[0].histograms[0].0, 3);
    }

    #[tokio::test]
    async fn limits_of_promql_are_limits_of_sql() {
        let config = queries_promql::EngineConfig {
            samples_max: 1,
            ..queries_promql::EngineConfig::default()
        };
        let engine = Engine::new(config, tokio::runtime::Handle::current());
        let mut snapshot = queries_tables::MemorySnapshot::default();
        for job in ["a", "b"] {
            snapshot.add(
                &Labels::from_pairs([("__name__", "up"), ("job", job)]),
                &[(0, 1.0)],
            );
        }
        let at = StepRange {
            start_ms: 0,
            end_ms: 0,
            step_ms: 0,
        };
        let refused = engine
            .instant(Arc::new(snapshot.clone()), "up", 0, QueryOptions::default())
            .await;
        assert!(refused.is_err());
        let promql = PromqlForSql(Arc::new(engine));
        let error = promql.evaluate(Arc::new(snapshot), "up", at).await.unwrap_err();
        assert!(matches!(error, SqlError::TooLarge(_)), "{error:?}");
    }
}
