//! The query engine: text in, value out. Parses, plans, runs the plan on the runtime for queries, and
//! gathers the result.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use datafusion::execution::TaskContext;
use futures::FutureExt;
use futures::future::BoxFuture;
use queries_tables::{QueryMemory, SampleBudget, Snapshot};
use tokio::runtime::Handle;

use crate::annotations::{Annotations, shorten};
use crate::division::Division;
use crate::error::QueryError;
use crate::evaluation::Evaluation;
use crate::grid::Grid;
use crate::nodes::looks::Ledger;
use crate::parser::{DurationContext, Expr, ParseOptions, ValueType, parse_expr, resolve_durations};
use crate::plan::{Planner, ToldResets};
use crate::statistics::{PlanWatch, QueryStatistics, SamplesOf, Wanted};
use crate::value::Value;

/// How queries are run.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// How far back a sample counts as current.
    pub lookback: Duration,
    /// Longest that a query may run.
    pub timeout: Duration,
    /// Most samples that a query may hold.
    pub samples_max: usize,
    /// Step of subqueries that name none.
    pub default_step: Duration,
    /// Parts of the language that are switched on.
    pub parse: ParseOptions,
    /// Metric names go at the end of the query rather than at once.
    pub delayed_name_removal: bool,
    /// `rate` and `increase` look at the label `__type__`, not at the name, to tell what is a counter.
    pub type_and_unit_labels: bool,
}

impl Default for EngineConfig {
    /// Prometheus's defaults.
    fn default() -> Self {
        Self {
            lookback: Duration::from_secs(300),
            timeout: Duration::from_secs(120),
            samples_max: 50_000_000,
            default_step: Duration::from_secs(60),
            parse: ParseOptions::default(),
            delayed_name_removal: false,
            type_and_unit_labels: false,
        }
    }
}

/// Settings of one query that differ from the engine's.
#[derive(Debug, Clone, Copy, Default)]
pub struct QueryOptions {
    /// Another lookback.
    pub lookback: Option<Duration>,
    /// A shorter time-out; a longer one has no effect.
    pub timeout: Option<Duration>,
    /// The plan is told with the result.
    pub explain: bool,
    /// How samples are counted.
    pub counting: Counting,
}

/// How the samples of a query are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Counting {
    /// Along with the evaluation: inside of subqueries too, and once where a part is the same at every step.
    #[default]
    Along,
    /// As Prometheus counts them, which takes a look at every step of its own.
    Exact,
    /// The same, told by step.
    Steps,
}

/// When a query is evaluated, ms since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instants {
    /// At one instant.
    One(i64),
    /// At `start_ms`, `start_ms + step_ms`, … up to `end_ms`.
    Range {
        /// First instant.
        start_ms: i64,
        /// Where instants end.
        end_ms: i64,
        /// Distance of instants, above 0.
        step_ms: i64,
    },
}

/// What a query gives.
#[derive(Debug, Clone)]
pub struct QueryResult {
    /// The value.
    pub value: Value,
    /// Warnings, at most ten and a count of the rest.
    pub warnings: Vec<String>,
    /// Infos, at most ten and a count of the rest.
    pub infos: Vec<String>,
    /// What it took.
    pub statistics: QueryStatistics,
}

/// Runs queries. One a process.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    runtime: Handle,
    context: Arc<TaskContext>,
    memory: Option<Arc<QueryMemory>>,
    division: Division,
}

impl Engine {
    /// An engine whose computations run on `runtime`, which should not be the one that serves the network.
    pub fn new(config: EngineConfig, runtime: Handle) -> Self {
        Self {
            config,
            runtime,
            context: Arc::new(TaskContext::default()),
            memory: None,
            division: Division::default(),
        }
    }

    /// The same, whose queries share `memory`.
    #[must_use]
    pub fn within(self, memory: Arc<QueryMemory>) -> Self {
        Self {
            memory: Some(memory),
            ..self
        }
    }

    /// The same, whose queries are divided into tasks.
    #[must_use]
    pub fn divided(self, division: Division) -> Self {
        Self { division, ..self }
    }

    /// The memory that queries share.
    pub fn memory(&self) -> Option<&Arc<QueryMemory>> {
        self.memory.as_ref()
    }

    /// How queries are run.
    pub fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// Parses a query with the engine's options.
    pub fn parse(&self, query: &str) -> Result<Expr, QueryError> {
        Ok(parse_expr(query, &self.config.parse)?)
    }

    /// Refuses what cannot be evaluated over a range.
    pub fn check_range(expr: &Expr) -> Result<(), QueryError> {
        let value_type = expr.value_type();
        if matches!(value_type, ValueType::Scalar | ValueType::Vector) {
            return Ok(());
        }
        Err(QueryError::BadData(format!(
            "invalid expression type \"{}\" for range query, must be Scalar or instant Vector",
            value_type.documented()
        )))
    }

    /// Evaluates `query` at one instant (ms since the epoch).
    pub async fn instant(
        &self,
        snapshot: Arc<dyn Snapshot>,
        query: &str,
        at_ms: i64,
        options: QueryOptions,
    ) -> Result<QueryResult, QueryError> {
        let expr = self.parse(query)?;
        self.evaluate(snapshot, query, expr, Instants::One(at_ms), options)
            .await
    }

    /// Evaluates `query` at each instant of `start_ms`, `start_ms + step_ms`, … up to `end_ms`.
    pub async fn range(
        &self,
        snapshot: Arc<dyn Snapshot>,
        query: &str,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
        options: QueryOptions,
    ) -> Result<QueryResult, QueryError> {
        let expr = self.parse(query)?;
        let instants = Instants::Range {
            start_ms,
            end_ms,
            step_ms,
        };
        self.evaluate(snapshot, query, expr, instants, options).await
    }

    /// Evaluates `expr`, which is `query` as [`parse`](Self::parse) reads it.
    pub async fn evaluate(
        &self,
        snapshot: Arc<dyn Snapshot>,
        query: &str,
        expr: Expr,
        instants: Instants,
        options: QueryOptions,
    ) -> Result<QueryResult, QueryError> {
        let (grid, instant) = match instants {
            Instants::One(at_ms) => (Grid::instant(at_ms), true),
            Instants::Range { step_ms, .. } if step_ms <= 0 => {
                return Err(QueryError::BadData(
                    "zero or negative query resolution step widths are not accepted. Try a positive integer"
                        .to_owned(),
                ));
            }
            Instants::Range {
                start_ms,
                end_ms,
                step_ms,
            } => {
                Self::check_range(&expr)?;
                (Grid::range(start_ms, end_ms, step_ms), false)
            }
        };
        self.run(snapshot, query, expr, grid, options, instant).await
    }

    async fn evaluated(&self, query: &str, task: Evaluation, timeout: Duration) -> Result<Value, QueryError> {
        let begins_here = may_begin_here(&task.expr, task.grid);
        let mut task = AssertUnwindSafe(task.run()).catch_unwind().boxed();
        let begun = if begins_here {
            self.begin(&mut task).await
        } else {
            Poll::Pending
        };
        let ended = match begun {
            Poll::Ready(ended) => ended,
            Poll::Pending => {
                let mut running = AbortOnDrop(self.runtime.spawn(task));
                let ended = tokio::time::timeout(timeout, &mut running.0).await;
                let ended = ended.map_err(|_| QueryError::Timeout)?;
                ended.map_err(|_| QueryError::Canceled)?
            }
        };
        ended.unwrap_or_else(|_| {
            tracing::error!(query, "query panicked");
            Err(QueryError::Execution(
                "internal error: the evaluation panicked".to_owned(),
            ))
        })
    }

    /// Runs a query up to its first rest where it was asked: a small one ends there, and two changes of threads
    /// would take longer than it. What it spawns runs on the runtime for queries.
    async fn begin<T>(&self, task: &mut BoxFuture<'static, T>) -> Poll<T> {
        poll_fn(|context| {
            let _spawning_there = self.runtime.enter();
            Poll::Ready(task.poll_unpin(context))
        })
        .await
    }

    async fn run(
        &self,
        snapshot: Arc<dyn Snapshot>,
        query: &str,
        mut expr: Expr,
        grid: Grid,
        options: QueryOptions,
        instant: bool,
    ) -> Result<QueryResult, QueryError> {
        let watch = Arc::new(PlanWatch::new());
        let budget =
            SampleBudget::new(self.config.samples_max).counting_looks(options.counting != Counting::Along);
        let budget = Arc::new(match &self.memory {
            Some(memory) => budget.within(memory),
            None => budget,
        });
        let durations = DurationContext {
            step_ms: if instant { 0 } else { grid.step_ms },
            range_ms: grid.end_ms - grid.start_ms,
        };
        resolve_durations(&mut expr, durations).map_err(|error| QueryError::Execution(error.to_string()))?;
        let planner = Planner {
            snapshot,
            budget: Arc::clone(&budget),
            collision: Some(Arc::default()),
            annotations: Arc::new(Annotations::new(query)),
            lookback_ms: options.lookback.unwrap_or(self.config.lookback).as_millis() as i64,
            default_step_ms: self.config.default_step.as_millis() as i64,
            delayed_name_removal: self.config.delayed_name_removal,
            type_and_unit_labels: self.config.type_and_unit_labels,
            ledger: Ledger::default(),
            query_grid: grid,
            resets: ToldResets::No,
        };
        let timeout = options
            .timeout
            .map_or(self.config.timeout, |t| t.min(self.config.timeout));
        let wanted = Wanted {
            explain: options.explain,
            steps: options.counting == Counting::Steps,
            samples_of: match expr.unwrap_parens() {
                Expr::Matrix(_) => SamplesOf::Value,
                _ => SamplesOf::Plan,
            },
        };
        let task = Evaluation {
            planner: planner.clone(),
            expr,
            grid,
            instant,
            context: Arc::clone(&self.context),
            division: self.division,
            watch: Arc::clone(&watch),
        };
        let value = self.evaluated(query, task, timeout).await?;
        let statistics = watch.finish(&budget, wanted, grid, &value);
        Ok(QueryResult {
            value,
            warnings: shorten(planner.annotations.warnings(), "warning"),
            infos: shorten(planner.annotations.infos(), "info"),
            statistics,
        })
    }
}

/// Steps of a query that may begin where it is asked: a row of cells is some microseconds of work.
const QUICK_STEPS: usize = 2048;

/// Whether a query does little before it reads series, and rests there if there are many.
fn may_begin_here(expr: &Expr, grid: Grid) -> bool {
    let mut expands = false;
    expr.walk(&mut |part| expands |= matches!(part, Expr::Subquery(_)));
    grid.steps() <= QUICK_STEPS && !expands
}

/// A client that leaves ends its query.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;
    use queries_tables::MemorySnapshot;

    use super::*;
    use crate::parser::parse_metric;

    /// An engine whose runtime does nothing: only what needs no thread for queries comes to an end.
    #[tokio::test]
    async fn small_queries_end_where_they_are_asked() {
        let idle = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let engine = Engine::new(EngineConfig::default(), idle.handle().clone());
        let mut memory = MemorySnapshot::default();
        for number in 0..10 {
            let metric = parse_metric(&format!("m{{a=\"{number}\"}}")).unwrap();
            memory.add(&metric, &[(0, 1.0), (60_000, f64::from(number))]);
        }
        let snapshot: Arc<dyn Snapshot> = Arc::new(memory);
        let ask = |query, end_ms| {
            let snapshot = Arc::clone(&snapshot);
            engine.range(snapshot, query, 0, end_ms, 60_000, QueryOptions::default())
        };
        for small in [
            "m",
            "sum(rate(m[5m]))",
            "m{a=\"3\"} * 2",
            "1 + 1",
            "absent(n)",
            "m{a=~\"1|2\"}",
        ] {
            let mut asked = Box::pin(ask(small, 60_000));
            let answer = poll!(&mut asked);
            assert!(matches!(answer, Poll::Ready(Ok(_))), "{small}: {answer:?}");
        }
        for (large, end_ms) in [
            ("m{a=~\"1.*\"}", 60_000),
            ("{a=\"1\"}", 60_000),
            ("sum_over_time(m[1h:1s])", 60_000),
            ("m", 60_000 * 10_000),
            ("rate(m[7d])", 60_000),
        ] {
            let mut asked = Box::pin(ask(large, end_ms));
            assert!(poll!(&mut asked).is_pending(), "{large}");
        }
        idle.shutdown_background();
    }
}
