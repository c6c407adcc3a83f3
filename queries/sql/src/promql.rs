//! `promql('…', start, end, step)`: the answer of a PromQL query as a table. Who evaluates is given from
//! outside, so that SQL and PromQL do not know each other.

use std::sync::Arc;

use arrow::datatypes::{DataType, IntervalUnit};
use async_trait::async_trait;
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Expr;
use engine_model::duration::parse_duration_ms;
use engine_model::time::{now_ms, parse_time_ms};
use queries_tables::Snapshot;
use queries_tables::sql_tables::{ComputedSeries, EvaluatedSeries, EvaluatedTable};

use crate::error::SqlError;

/// Name of the function.
pub(crate) const PROMQL: &str = "promql";
const USAGE: &str = "promql takes the query, then nothing, a time, or start, end and step: \
                     promql('rate(x[5m])', now() - interval '1 hour', now(), '1m')";

/// The instants at which a query is evaluated: from `start_ms` to `end_ms`, both included, `step_ms` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepRange {
    /// First instant, ms since the epoch.
    pub start_ms: i64,
    /// Last instant, ms since the epoch.
    pub end_ms: i64,
    /// Distance, ms; above 0, except for one instant.
    pub step_ms: i64,
}

impl StepRange {
    /// Whether it is one instant.
    pub fn is_instant(&self) -> bool {
        self.step_ms == 0
    }
}

/// Evaluates PromQL.
#[async_trait]
pub trait PromqlSource: std::fmt::Debug + Send + Sync {
    /// The series that `query` gives over `snapshot` at the instants of `range`. Dropping the future ends the
    /// evaluation.
    async fn evaluate(
        &self,
        snapshot: Arc<dyn Snapshot>,
        query: &str,
        range: StepRange,
    ) -> Result<Vec<ComputedSeries>, SqlError>;
}

/// The table function.
#[derive(Debug)]
pub(crate) struct PromqlFunction {
    source: Arc<dyn PromqlSource>,
    snapshot: Arc<dyn Snapshot>,
    /// A statement is described before the values of its parameters are known.
    described: bool,
}

impl PromqlFunction {
    pub(crate) fn new(source: Arc<dyn PromqlSource>, snapshot: Arc<dyn Snapshot>, described: bool) -> Self {
        Self {
            source,
            snapshot,
            described,
        }
    }
}

impl TableFunctionImpl for PromqlFunction {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let (query, range) = match self.described {
            true => (String::new(), instant(0)),
            false => arguments(args.exprs())?,
        };
        let evaluation = Evaluation {
            source: Arc::clone(&self.source),
            snapshot: Arc::clone(&self.snapshot),
            query,
            range,
        };
        Ok(Arc::new(EvaluatedTable::new(Arc::new(evaluation))))
    }
}

#[derive(Debug)]
struct Evaluation {
    source: Arc<dyn PromqlSource>,
    snapshot: Arc<dyn Snapshot>,
    query: String,
    range: StepRange,
}

#[async_trait]
impl EvaluatedSeries for Evaluation {
    fn describe(&self) -> String {
        let StepRange {
            start_ms,
            end_ms,
            step_ms,
        } = self.range;
        format!("promql={} time=[{start_ms}..{end_ms}] step={step_ms}", self.query)
    }

    async fn evaluate(&self) -> Result<Vec<ComputedSeries>> {
        let snapshot = Arc::clone(&self.snapshot);
        let series = self.source.evaluate(snapshot, &self.query, self.range).await;
        series.map_err(|error| DataFusionError::External(Box::new(error)))
    }
}

fn instant(at_ms: i64) -> StepRange {
    StepRange {
        start_ms: at_ms,
        end_ms: at_ms,
        step_ms: 0,
    }
}

fn arguments(exprs: &[Expr]) -> Result<(String, StepRange)> {
    let mut values = Vec::with_capacity(exprs.len());
    for expr in exprs {
        match literal(expr) {
            Some(value) => values.push(value),
            None => return plan_err!("the arguments of promql must be constant, not {expr}"),
        }
    }
    let (query, times) = match values.as_slice() {
        [query, times @ ..] => match query.try_as_str().flatten() {
            Some(query) => (query.to_owned(), times),
            None => return plan_err!("{USAGE}"),
        },
        [] => return plan_err!("{USAGE}"),
    };
    let range = match times {
        [] => instant(now_ms()),
        [at] => instant(time_ms(at)?),
        [start, end, step] => StepRange {
            start_ms: time_ms(start)?,
            end_ms: time_ms(end)?,
            step_ms: step_ms(step)?,
        },
        _ => return plan_err!("{USAGE}"),
    };
    if range.end_ms < range.start_ms {
        return plan_err!("the end of promql is before its start");
    }
    Ok((query, range))
}

fn literal(expr: &Expr) -> Option<&ScalarValue> {
    match expr {
        Expr::Literal(value, _) => Some(value),
        Expr::Alias(alias) => literal(&alias.expr),
        _ => None,
    }
}

/// A timestamp, text in RFC 3339 or seconds since the epoch.
fn time_ms(value: &ScalarValue) -> Result<i64> {
    // Other texts may be in SQL's own form, such as '2026-01-01 00:00:00'.
    if let Some(Some(text)) = value.try_as_str()
        && let Some(ms) = parse_time_ms(text)
    {
        return Ok(ms);
    }
    if let ScalarValue::Float64(Some(seconds)) = value {
        return Ok((seconds * 1000.0).round() as i64);
    }
    if let ScalarValue::Int64(Some(seconds)) = value {
        return Ok(seconds.saturating_mul(1000));
    }
    let as_ms = DataType::Timestamp(arrow::datatypes::TimeUnit::Millisecond, None);
    match value.cast_to(&as_ms) {
        Ok(ScalarValue::TimestampMillisecond(Some(ms), _)) => Ok(ms),
        _ => plan_err!("{value} is no time; write a timestamp, RFC 3339 or seconds since 1970"),
    }
}

/// An interval, text such as `1m` or `1 minute`, or seconds.
fn step_ms(value: &ScalarValue) -> Result<i64> {
    let ms = match value {
        ScalarValue::Int64(Some(seconds)) => seconds.saturating_mul(1000),
        ScalarValue::Float64(Some(seconds)) => (seconds * 1000.0).round() as i64,
        other => match other.try_as_str().flatten().map(parse_duration_ms) {
            Some(Ok(ms)) => ms,
            _ => interval_ms(other)?,
        },
    };
    match ms > 0 {
        true => Ok(ms),
        false => plan_err!("the step of promql must be longer than 0"),
    }
}

fn interval_ms(value: &ScalarValue) -> Result<i64> {
    const DAY_MS: i64 = 86_400_000;
    match value.cast_to(&DataType::Interval(IntervalUnit::MonthDayNano)) {
        Ok(ScalarValue::IntervalMonthDayNano(Some(interval))) if interval.months == 0 => {
            Ok(i64::from(interval.days) * DAY_MS + interval.nanoseconds / 1_000_000)
        }
        _ => plan_err!("{value} is no step; write an interval of at most days, or a duration such as '1m'"),
    }
}
