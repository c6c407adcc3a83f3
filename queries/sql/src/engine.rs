//! The SQL engine: plans a statement over a snapshot's tables and runs it within its limits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{FunctionRegistry, SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement;
use futures::StreamExt;
use queries_tables::sql_tables::{CATALOG, GroupInScan, OnlyCatalog, QueryPool, SCHEMA};
use queries_tables::{QueryMemory, Snapshot};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::Instant;

use crate::admission::{Admission, Admitted, OwnPlaces};
use crate::config::SqlConfig;
use crate::error::SqlError;
use crate::floats::{OneOfEqualFloats, extremes};
use crate::pg_catalog::{SqlCatalog, functions};
use crate::promql::{PROMQL, PromqlFunction, PromqlSource};
use crate::result::SqlResult;
use crate::statement::SqlStatement;
use crate::stream::{AbortOnDrop, BATCHES_WAITING_MAX, SqlStream};

/// Stack of a planning thread: six times what the most operators need without optimisation. Only what
/// is touched costs memory.
const PLANNING_STACK_BYTES: usize = 64 << 20;
/// Statements that are described at a time: as much planning as running keeps busy.
const DESCRIBED_MAX: usize = 4;
/// Memory of one query and of all, bytes, where the process says nothing: they stay within a small machine.
const MEMORY_BYTES: (u64, u64) = (256 << 20, 1 << 30);

/// Runs SQL queries. One a process.
#[derive(Debug)]
pub struct SqlEngine {
    config: SqlConfig,
    runtime: Handle,
    /// Functions, rules and options; cloned for each query, which brings its own tables.
    state: SessionState,
    environment: RuntimeEnv,
    admission: Arc<dyn Admission>,
    described: Arc<Semaphore>,
    memory: Arc<QueryMemory>,
    promql: Option<Arc<dyn PromqlSource>>,
}

/// What is known of a statement before it runs.
#[derive(Debug, Clone)]
pub struct Described {
    /// The columns.
    pub schema: SchemaRef,
    /// Types of the parameters `$1`, `$2`, …; `None` where the statement does not say.
    pub parameters: BTreeMap<String, Option<DataType>>,
}

impl SqlEngine {
    /// An engine whose queries run on `runtime`, which should not be the one that serves the network.
    pub fn new(config: SqlConfig, runtime: Handle) -> Self {
        let environment = RuntimeEnvBuilder::new()
            .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
            .build()
            .expect("an environment without a disk needs nothing that can fail");
        let mut state = SessionStateBuilder::new()
            .with_config(session_config(&config))
            .with_runtime_env(Arc::new(environment.clone()))
            .with_default_features()
            .with_analyzer_rule(Arc::new(OneOfEqualFloats))
            .with_physical_optimizer_rule(Arc::new(GroupInScan))
            .build();
        let no_failure = "a registry in memory takes any function";
        for function in functions() {
            // One of the same name is replaced, as `version` is.
            state.register_udf(function).expect(no_failure);
        }
        for function in extremes() {
            state.register_udaf(function).expect(no_failure);
        }
        Self {
            runtime,
            state,
            environment,
            admission: Arc::new(OwnPlaces::new(config.concurrent_max)),
            described: Arc::new(Semaphore::new(DESCRIBED_MAX)),
            memory: Arc::new(QueryMemory::new(MEMORY_BYTES.0, MEMORY_BYTES.1)),
            config,
            promql: None,
        }
    }

    /// The same, within the memory that all queries of the process share.
    #[must_use]
    pub fn within(self, memory: Arc<QueryMemory>) -> Self {
        Self { memory, ..self }
    }

    /// The same, with places that `admission` gives instead of [`SqlConfig::concurrent_max`] of its own.
    #[must_use]
    pub fn admitted_by(self, admission: Arc<dyn Admission>) -> Self {
        Self { admission, ..self }
    }

    /// The limits of queries.
    pub fn config(&self) -> &SqlConfig {
        &self.config
    }

    /// Lets SQL ask `promql('…')`, answered by `promql`.
    #[must_use]
    pub fn with_promql(self, promql: Arc<dyn PromqlSource>) -> Self {
        Self {
            promql: Some(promql),
            ..self
        }
    }

    /// Runs one statement over `snapshot` and keeps its rows. Dropping the future ends the query.
    pub async fn query(&self, snapshot: Arc<dyn Snapshot>, sql: &str) -> Result<SqlResult, SqlError> {
        let stream = self.stream(snapshot, SqlStatement::read(sql)?).await?;
        stream.collect(self.config.rows_max).await
    }

    /// Plans a statement over `snapshot` and begins to run it.
    pub async fn stream(
        &self,
        snapshot: Arc<dyn Snapshot>,
        statement: SqlStatement,
    ) -> Result<SqlStream, SqlError> {
        self.stream_for(snapshot, statement, self.config.timeout).await
    }

    /// The same for at most `timeout` and at most what the engine allows, the wait for a place included.
    pub(crate) async fn stream_for(
        &self,
        snapshot: Arc<dyn Snapshot>,
        statement: SqlStatement,
        timeout: Duration,
    ) -> Result<SqlStream, SqlError> {
        let timeout = timeout.min(self.config.timeout);
        let started = tokio::time::timeout(timeout, self.start(snapshot, statement, timeout));
        started.await.unwrap_or(Err(SqlError::Timeout(timeout)))
    }

    /// Columns and parameters of a statement, without running it.
    pub async fn describe(
        &self,
        snapshot: Arc<dyn Snapshot>,
        statement: &SqlStatement,
    ) -> Result<Described, SqlError> {
        let place = Arc::clone(&self.described).acquire_owned();
        let place = place.await.map_err(|_| SqlError::Canceled)?;
        let state = self.state_over(snapshot, true);
        let statement = statement.clone().into_ast();
        let described = self.on_own_stack(async move {
            let _place = place;
            describe(statement, &state).await
        });
        tokio::time::timeout(self.config.timeout, described)
            .await
            .unwrap_or(Err(SqlError::Timeout(self.config.timeout)))
    }

    async fn start(
        &self,
        snapshot: Arc<dyn Snapshot>,
        statement: SqlStatement,
        timeout: Duration,
    ) -> Result<SqlStream, SqlError> {
        let deadline = Instant::now() + timeout;
        let place = self.admission.enter(statement.text(), timeout).await?;
        let state = self.state_over(snapshot, false);
        let context = Arc::new(TaskContext::from(&state).with_runtime(self.environment_of_one()));
        let planned = self.on_own_stack(async move {
            // The place is held until the query has really ended, also when its caller has gone meanwhile.
            let mut place = place;
            match plan(statement.into_ast(), &state).await {
                Ok(plan) => Ok((plan, place)),
                Err(error) => {
                    place.ended(Some(&error));
                    Err(error)
                }
            }
        });
        let (plan, place) = planned.await?;
        let (sender, batches) = mpsc::channel(BATCHES_WAITING_MAX);
        let (schema, pool) = (plan.schema(), Arc::clone(context.memory_pool()));
        let running = self.runtime.spawn(async move {
            let sent = send_batches(plan, context, &sender);
            let ended = tokio::time::timeout_at(deadline, sent).await;
            let ended = ended.unwrap_or(Err(SqlError::Timeout(timeout)));
            give_back(place, &ended);
            if let Err(error) = ended {
                // Nobody hears it when the reader has gone.
                drop(sender.send(Err(error)).await);
            }
        });
        Ok(SqlStream::new(schema, batches, &pool, AbortOnDrop(running)))
    }

    /// Plans on a thread of its own, because planning recurses as deep as the query's expressions are.
    async fn on_own_stack<T: Send + 'static>(
        &self,
        planning: impl Future<Output = Result<T, SqlError>> + Send + 'static,
    ) -> Result<T, SqlError> {
        let (answer, planned) = oneshot::channel();
        let runtime = self.runtime.clone();
        let thread = std::thread::Builder::new()
            .name("sql-planning".to_owned())
            .stack_size(PLANNING_STACK_BYTES);
        thread
            // A caller that has gone takes no plan.
            .spawn(move || drop(answer.send(runtime.block_on(planning))))
            .map_err(|error| SqlError::Internal(format!("cannot start a planning thread: {error}")))?;
        planned
            .await
            .unwrap_or_else(|_| Err(SqlError::Internal("planning panicked".to_owned())))
    }

    fn state_over(&self, snapshot: Arc<dyn Snapshot>, described: bool) -> SessionState {
        let mut state = self.state.clone();
        state.mark_start_execution();
        if let Some(promql) = &self.promql {
            let function = PromqlFunction::new(Arc::clone(promql), Arc::clone(&snapshot), described);
            state.register_udtf(PROMQL, Arc::new(function));
        }
        state.register_catalog_list(Arc::new(OnlyCatalog::new(SqlCatalog::new(snapshot))));
        state
    }

    /// A part of the memory of all queries.
    fn environment_of_one(&self) -> Arc<RuntimeEnv> {
        Arc::new(RuntimeEnv {
            memory_pool: Arc::new(QueryPool::new(Arc::clone(&self.memory))),
            ..self.environment.clone()
        })
    }
}

fn give_back(mut place: Box<dyn Admitted>, ended: &Result<(), SqlError>) {
    place.ended(ended.as_ref().err());
}

fn session_config(config: &SqlConfig) -> SessionConfig {
    let mut session = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(false)
        // The catalog has its own.
        .with_information_schema(false)
        .with_target_partitions(config.partitions.max(1))
        .with_collect_statistics(false);
    let options = session.options_mut();
    options.execution.time_zone = Some("UTC".to_owned());
    // Names of metrics and labels are case-exact, with and without quotes.
    options.sql_parser.enable_ident_normalization = false;
    options.optimizer.enable_dynamic_filter_pushdown = false;
    session
}

async fn plan(statement: Statement, state: &SessionState) -> Result<Arc<dyn ExecutionPlan>, SqlError> {
    let plan = logical_plan(statement, state).await?;
    Ok(state.create_physical_plan(&plan).await?)
}

async fn logical_plan(statement: Statement, state: &SessionState) -> Result<LogicalPlan, SqlError> {
    let plan = state.statement_to_plan(statement).await?;
    let reads_only = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    reads_only.verify_plan(&plan)?;
    Ok(plan)
}

async fn describe(statement: Statement, state: &SessionState) -> Result<Described, SqlError> {
    let plan = logical_plan(statement, state).await?;
    let parameters = plan.get_parameter_types()?;
    // Types are decided by the analyzer; what it cannot decide before parameters are known stays as written.
    let analyzed = state
        .analyzer()
        .execute_and_check(plan.clone(), state.config_options(), |_, _| {});
    let plan = analyzed.unwrap_or(plan);
    Ok(Described {
        schema: Arc::new(plan.schema().as_arrow().clone()),
        parameters: parameters.into_iter().collect(),
    })
}

async fn send_batches(
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    sender: &mpsc::Sender<Result<RecordBatch, SqlError>>,
) -> Result<(), SqlError> {
    let mut stream = execute_stream(plan, context)?;
    while let Some(batch) = stream.next().await {
        if sender.send(Ok(batch?)).await.is_err() {
            break;
        }
    }
    Ok(())
}
