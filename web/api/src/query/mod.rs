//! `/api/v1/query` and `/api/v1/query_range`: PromQL at an instant and over a range.

mod metrics;
mod render;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use engine_model::time::now_ms;
use queries_promql::{Engine, QueryError, QueryOptions, QueryResult, Value};
use queries_tables::{Snapshot, StoreSnapshot};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::envelope::{Answer, ApiError, ErrorKind, Success};
use crate::gate::StoreGate;
use crate::parameters::{Parameters, duration_ns};
pub use metrics::QueryMetrics;

/// Most points that a range query may give for one series: Prometheus's limit.
const POINTS_MAX: i64 = 11_000;
/// Results with more samples are written on the blocking pool: ten thousand take about a millisecond.
const INLINE_SAMPLES_MAX: usize = 10_000;

/// What queries need. Clones share it.
#[derive(Debug, Clone)]
pub struct QueryState {
    engine: Arc<Engine>,
    gate: StoreGate,
    /// Places of queries that run; the rest waits.
    places: Arc<Semaphore>,
    metrics: Arc<QueryMetrics>,
}

impl QueryState {
    /// Queries of the store behind `gate`, at most `concurrent_max` at a time; more wait for as long as
    /// they may take.
    pub fn new(engine: Arc<Engine>, gate: StoreGate, concurrent_max: usize) -> Self {
        Self {
            engine,
            gate,
            places: Arc::new(Semaphore::new(concurrent_max)),
            metrics: Arc::new(QueryMetrics::new(concurrent_max)),
        }
    }

    /// What queries count about themselves.
    pub fn metrics(&self) -> &Arc<QueryMetrics> {
        &self.metrics
    }

    /// Waits for a place, and gives back what is left of the time that the query may take.
    async fn enter(&self, options: QueryOptions) -> Result<(SemaphorePermit<'_>, QueryOptions), ApiError> {
        let longest = self.engine.config().timeout;
        let timeout = options.timeout.map_or(longest, |timeout| timeout.min(longest));
        let waited_from = Instant::now();
        let place = tokio::time::timeout(timeout, self.places.acquire()).await;
        let waited = waited_from.elapsed();
        self.metrics.waited(waited);
        let refuse = |kind, text| Err(ApiError::new(kind, text));
        match place {
            Ok(Ok(place)) if waited < timeout => {
                let options = QueryOptions {
                    timeout: Some(timeout - waited),
                    ..options
                };
                Ok((place, options))
            }
            Ok(Err(_)) => refuse(ErrorKind::Canceled, "query was canceled in query queue"),
            Ok(Ok(_)) | Err(_) => refuse(ErrorKind::Timeout, "query timed out in query queue"),
        }
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, ApiError> {
        Ok(Arc::new(StoreSnapshot::pin(self.gate.store()?)))
    }
}

/// The routes of the family.
pub(crate) fn query_routes(state: QueryState) -> Router {
    Router::new()
        .route("/api/v1/query", get(instant).post(instant))
        .route("/api/v1/query_range", get(range).post(range))
        .with_state(state)
}

async fn instant(State(state): State<QueryState>, parameters: Parameters) -> Answer {
    let limit = parameters.limit()?;
    let at_ms = parameters.time_ms("time", now_ms())?;
    let options = options(&parameters)?;
    let query = parameters.get("query");
    // A query that cannot be parsed does not wait for a place.
    state.engine.parse(query).map_err(refused)?;
    let (_place, options) = state.enter(options).await?;
    let timer = state.metrics.start();
    let result = state
        .engine
        .instant(state.snapshot()?, query, at_ms, options)
        .await;
    drop(timer);
    answer(result.map_err(refused)?, limit, &parameters).await
}

async fn range(State(state): State<QueryState>, parameters: Parameters) -> Answer {
    let limit = parameters.limit()?;
    let start_ms = parameters.required_time_ms("start")?;
    let end_ms = parameters.required_time_ms("end")?;
    if end_ms < start_ms {
        let why = "end timestamp must not be before start time";
        return Err(ApiError::bad_parameter("end", why));
    }
    let step = duration_ns(parameters.get("step")).map_err(|why| ApiError::bad_parameter("step", why))?;
    let step_ms = step / 1_000_000;
    if step_ms <= 0 {
        return Err(ApiError::bad_parameter(
            "step",
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        ));
    }
    if end_ms.saturating_sub(start_ms) / step_ms > POINTS_MAX {
        return Err(ApiError::bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. \
             Try decreasing the query resolution (?step=XX)",
        ));
    }
    let options = options(&parameters)?;
    let query = parameters.get("query");
    state.engine.parse(query).map_err(refused)?;
    let (_place, options) = state.enter(options).await?;
    let timer = state.metrics.start();
    let result = state
        .engine
        .range(state.snapshot()?, query, start_ms, end_ms, step_ms, options)
        .await;
    drop(timer);
    answer(result.map_err(refused)?, limit, &parameters).await
}

/// `timeout` and `lookback_delta`.
fn options(parameters: &Parameters) -> Result<QueryOptions, ApiError> {
    let timeout = match parameters.get("timeout") {
        "" => None,
        text => {
            let ns = duration_ns(text).map_err(|why| ApiError::bad_parameter("timeout", why))?;
            Some(Duration::from_nanos(ns.max(0).unsigned_abs()))
        }
    };
    let lookback = match parameters.get("lookback_delta") {
        "" => None,
        text => {
            let ns = duration_ns(text)
                .map_err(|why| ApiError::bad_data(format!("error parsing lookback delta duration: {why}")))?;
            // As in Prometheus, a lookback that is not positive means the default.
            (ns > 0).then(|| Duration::from_nanos(ns.unsigned_abs()))
        }
    };
    let explain = parameters.get("explain") == "true";
    Ok(QueryOptions {
        lookback,
        timeout,
        explain,
    })
}

/// The error of a query, by what Prometheus answers.
fn refused(error: QueryError) -> ApiError {
    let kind = match &error {
        QueryError::Parse(_) | QueryError::BadData(_) => return ApiError::bad_parameter("query", error),
        QueryError::NotImplemented(_) | QueryError::Execution(_) => ErrorKind::Execution,
        QueryError::Timeout => ErrorKind::Timeout,
        QueryError::Canceled => ErrorKind::Canceled,
        QueryError::Storage(_) => ErrorKind::Internal,
    };
    ApiError::new(kind, error.to_string())
}

async fn answer(mut result: QueryResult, limit: usize, parameters: &Parameters) -> Answer {
    let truncated = limit > 0 && truncate(&mut result.value, limit);
    let statistics = (!parameters.get("stats").is_empty())
        .then(|| "parameter \"stats\" is not supported yet; the answer has no statistics".to_owned());
    let (warnings, infos) = (result.warnings, result.infos);
    let value = result.value;
    let success = if sample_count(&value) > INLINE_SAMPLES_MAX {
        tokio::task::spawn_blocking(move || Success::writing(|out| render::write(out, &value))).await?
    } else {
        Success::writing(|out| render::write(out, &value))
    };
    let success = success.warn(warnings).truncated(truncated);
    Ok(success.warn(statistics).inform(infos))
}

/// Cuts a vector or a matrix to `limit` series; whether something was cut.
fn truncate(value: &mut Value, limit: usize) -> bool {
    let series = match value {
        Value::Vector(elements) => {
            let series = elements.len();
            elements.truncate(limit);
            series
        }
        Value::Matrix(rows) => {
            let series = rows.len();
            rows.truncate(limit);
            series
        }
        Value::Scalar { .. } | Value::String { .. } => 0,
    };
    series > limit
}

fn sample_count(value: &Value) -> usize {
    match value {
        Value::Vector(elements) => elements.len(),
        Value::Matrix(series) => series.iter().map(|series| series.samples.len()).sum(),
        Value::Scalar { .. } | Value::String { .. } => 1,
    }
}
