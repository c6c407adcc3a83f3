//! `/api/v1/query` and `/api/v1/query_range`: PromQL at an instant and over a range; and the syntax of expressions.

mod client;
mod log;
mod metrics;
mod places;
mod render;
mod statistics;
mod syntax;
#[cfg(test)]
mod tests;
mod tree;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use engine_model::labels::Quoted;
use engine_model::time::now_ms;
use queries_promql::parser::Expr;
use queries_promql::{Counting, Engine, Instants, QueryError, QueryOptions, QueryResult, Value};
use queries_tables::{Snapshot, StoreSnapshot};

use crate::envelope::{Answer, ApiError, ErrorKind, Success};
use crate::gate::StoreGate;
use crate::parameters::{Parameters, duration_ns};
use client::Client;
pub use log::{LoggedQuery, QueryLog, QueryOrigin};
pub use metrics::QueryMetrics;
pub use places::{NoPlace, QueryPlace, QueryPlaces};
pub use statistics::Timings;
use statistics::{write_explain, write_statistics};

/// Most points that a range query may give for one series: Prometheus's limit.
const POINTS_MAX: i64 = 11_000;
/// Results with more samples are written on the blocking pool: ten thousand take about a millisecond.
const INLINE_SAMPLES_MAX: usize = 10_000;

/// What queries need. Clones share it.
#[derive(Debug, Clone)]
pub struct QueryState {
    engine: Arc<Engine>,
    gate: StoreGate,
    places: Arc<QueryPlaces>,
    log: Arc<QueryLog>,
    /// Whether `stats=all` tells samples by step.
    tells_steps: bool,
}

impl QueryState {
    /// Queries of the store behind `gate`, as many at a time as there are `places`; more wait for as long as
    /// they may take.
    pub fn new(engine: Arc<Engine>, gate: StoreGate, places: Arc<QueryPlaces>) -> Self {
        Self {
            engine,
            gate,
            places,
            log: Arc::default(),
            tells_steps: false,
        }
    }

    /// The same, telling samples by step where `stats=all` asks for them.
    #[must_use]
    pub fn telling_steps(self, tells_steps: bool) -> Self {
        Self { tells_steps, ..self }
    }

    /// The same, logging queries to `log`.
    #[must_use]
    pub fn with_log(self, log: Arc<QueryLog>) -> Self {
        Self { log, ..self }
    }

    /// What queries count about themselves.
    pub fn metrics(&self) -> &Arc<QueryMetrics> {
        self.places.metrics()
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

/// The routes of the family that read no samples.
pub(crate) fn syntax_routes(state: QueryState) -> Router {
    Router::new()
        .route("/api/v1/format_query", get(syntax::format).post(syntax::format))
        .route("/api/v1/parse_query", get(syntax::parse).post(syntax::parse))
        .with_state(state)
}

/// The instants that a query is about.
#[derive(Debug, Clone, Copy)]
struct Span {
    start_ms: i64,
    end_ms: i64,
    /// 0 for one instant.
    step_ms: i64,
}

async fn instant(State(state): State<QueryState>, client: Client, parameters: Parameters) -> Answer {
    let limit = parameters.limit()?;
    let at_ms = parameters.time_ms("time", now_ms())?;
    let span = Span {
        start_ms: at_ms,
        end_ms: at_ms,
        step_ms: 0,
    };
    answer(&state, &client, &parameters, span, limit).await
}

async fn range(State(state): State<QueryState>, client: Client, parameters: Parameters) -> Answer {
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
    let span = Span {
        start_ms,
        end_ms,
        step_ms,
    };
    answer(&state, &client, &parameters, span, limit).await
}

/// Parses, waits for a place, evaluates, logs and writes the result.
async fn answer(
    state: &QueryState,
    client: &Client,
    parameters: &Parameters,
    span: Span,
    limit: usize,
) -> Answer {
    let options = options(state, parameters)?;
    let query = parameters.get("query");
    // A query that cannot be parsed does not wait for a place.
    let expr = state.engine.parse(query).map_err(refused)?;
    if span.step_ms > 0 {
        Engine::check_range(&expr).map_err(refused)?;
    }
    let longest = state.engine.config().timeout;
    let timeout = options.timeout.map_or(longest, |timeout| timeout.min(longest));
    let asked = Instant::now();
    let entered = state.places.enter(query, timeout).await;
    let mut timings = Timings::default();
    let result = match entered {
        Ok(place) => {
            timings.queued = place.waited;
            let options = QueryOptions {
                timeout: Some(timeout - place.waited),
                ..options
            };
            evaluate(state, query, expr, span, options).await
        }
        Err(no_place) => {
            timings.queued = asked.elapsed();
            Err(no_place.into())
        }
    };
    timings.executed = asked.elapsed().saturating_sub(timings.queued);
    if let Ok(result) = &result {
        timings.statistics = result.statistics.clone();
        state.metrics().looked_at(result.statistics.samples_looked_at);
    }
    if state.log.is_on() {
        state.log.write(&LoggedQuery {
            query,
            start_ms: span.start_ms,
            end_ms: span.end_ms,
            step_ms: span.step_ms,
            error: result.as_ref().err().map(ToString::to_string),
            timings: timings.clone(),
            origin: client.origin(),
        });
    }
    written(result?, timings, limit, parameters).await
}

async fn evaluate(
    state: &QueryState,
    query: &str,
    expr: Expr,
    span: Span,
    options: QueryOptions,
) -> Result<QueryResult, ApiError> {
    let Span {
        start_ms,
        end_ms,
        step_ms,
    } = span;
    let instants = match step_ms {
        0 => Instants::One(start_ms),
        step_ms => Instants::Range {
            start_ms,
            end_ms,
            step_ms,
        },
    };
    let evaluated = state
        .engine
        .evaluate(state.snapshot()?, query, expr, instants, options);
    evaluated.await.map_err(refused)
}

/// What the parameters say of the evaluation.
fn options(state: &QueryState, parameters: &Parameters) -> Result<QueryOptions, ApiError> {
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
        counting: match parameters.get("stats") {
            "" => Counting::Along,
            "all" if state.tells_steps => Counting::Steps,
            _ => Counting::Exact,
        },
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

async fn written(mut result: QueryResult, timings: Timings, limit: usize, parameters: &Parameters) -> Answer {
    let truncated = limit > 0 && truncate(&mut result.value, limit);
    let stats = parameters.get("stats");
    let explained = parameters.get("explain") == "true";
    let told = (!stats.is_empty()).then_some(timings);
    let odd = (!matches!(stats, "" | "true" | "all")).then(|| {
        format!(
            "value {} for parameter \"stats\" is deprecated and will be rejected in the next major release, \
             use \"true\" or \"all\"",
            Quoted(stats)
        )
    });
    let (warnings, infos) = (result.warnings, result.infos);
    let (value, statistics) = (result.value, result.statistics);
    let large = sample_count(&value) > INLINE_SAMPLES_MAX;
    let write = move || {
        Success::writing(|out| {
            render::write(out, &value);
            // Within the object that the value closed.
            out.pop();
            if let Some(timings) = &told {
                out.push_str(",\"stats\":");
                write_statistics(out, timings);
            }
            if explained {
                out.push_str(",\"explain\":");
                write_explain(out, &statistics);
            }
            out.push('}');
        })
    };
    let success = if large {
        tokio::task::spawn_blocking(write).await?
    } else {
        write()
    };
    Ok(success
        .warn(warnings)
        .truncated(truncated)
        .warn(odd)
        .inform(infos))
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
        Value::Matrix(series) => series
            .iter()
            .map(|series| series.samples.len() + series.histograms.len())
            .sum(),
        Value::Scalar { .. } | Value::String { .. } => 1,
    }
}
