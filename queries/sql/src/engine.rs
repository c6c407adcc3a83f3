//! The SQL engine: plans a statement over a snapshot's tables and runs it within its limits.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryConsumer};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement;
use futures::StreamExt;
use queries_tables::sql_tables::{CATALOG, SCHEMA};
use queries_tables::{Snapshot, SnapshotCatalog};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::SqlConfig;
use crate::error::SqlError;
use crate::guard::read_statement;
use crate::result::SqlResult;

/// Stack of a planning thread: six times what the most operators need without optimisation. Only what
/// is touched costs memory.
const PLANNING_STACK_BYTES: usize = 64 << 20;

/// Runs SQL queries. One a process.
#[derive(Debug)]
pub struct SqlEngine {
    config: SqlConfig,
    runtime: Handle,
    /// Functions, rules and options; cloned for each query, which brings its own tables.
    state: SessionState,
    environment: RuntimeEnv,
    places: Arc<Semaphore>,
}

impl SqlEngine {
    /// An engine whose queries run on `runtime`, which should not be the one that serves the network.
    pub fn new(config: SqlConfig, runtime: Handle) -> Self {
        let environment = RuntimeEnvBuilder::new()
            .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
            .build()
            .expect("an environment without a disk needs nothing that can fail");
        let state = SessionStateBuilder::new()
            .with_config(session_config(&config))
            .with_runtime_env(Arc::new(environment.clone()))
            .with_default_features()
            .build();
        Self {
            runtime,
            state,
            environment,
            places: Arc::new(Semaphore::new(config.concurrent_max)),
            config,
        }
    }

    /// The limits of queries.
    pub fn config(&self) -> &SqlConfig {
        &self.config
    }

    /// Runs one statement over `snapshot`. Dropping the future ends the query.
    pub async fn query(&self, snapshot: Arc<dyn Snapshot>, sql: &str) -> Result<SqlResult, SqlError> {
        let statement = read_statement(sql)?;
        let answer = tokio::time::timeout(self.config.timeout, self.run(snapshot, statement));
        answer
            .await
            .unwrap_or(Err(SqlError::Timeout(self.config.timeout)))
    }

    async fn run(&self, snapshot: Arc<dyn Snapshot>, statement: Statement) -> Result<SqlResult, SqlError> {
        let places = Arc::clone(&self.places);
        let place = places.acquire_owned().await.map_err(|_| SqlError::Canceled)?;
        let query = Query {
            statement,
            state: self.state_over(snapshot),
            environment: self.environment_of_one(),
            runtime: self.runtime.clone(),
            rows_max: self.config.rows_max,
            place,
        };
        let mut running = AbortOnDrop(self.runtime.spawn(query.run()));
        match (&mut running.0).await {
            Ok(result) => result,
            Err(failure) if failure.is_panic() => {
                tracing::error!("SQL query panicked");
                Err(SqlError::Internal("the query panicked".to_owned()))
            }
            Err(_) => Err(SqlError::Canceled),
        }
    }

    fn state_over(&self, snapshot: Arc<dyn Snapshot>) -> SessionState {
        let mut state = self.state.clone();
        state.mark_start_execution();
        state.register_catalog_list(Arc::new(SnapshotCatalog::new(snapshot)));
        state
    }

    /// A memory budget of its own, so that one query cannot starve the others.
    fn environment_of_one(&self) -> Arc<RuntimeEnv> {
        Arc::new(RuntimeEnv {
            memory_pool: Arc::new(GreedyMemoryPool::new(self.config.memory_bytes_max)),
            ..self.environment.clone()
        })
    }
}

fn session_config(config: &SqlConfig) -> SessionConfig {
    let mut session = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true)
        .with_target_partitions(config.partitions.max(1))
        .with_collect_statistics(false);
    let options = session.options_mut();
    options.execution.time_zone = Some("UTC".to_owned());
    // Names of metrics and labels are case-exact, with and without quotes.
    options.sql_parser.enable_ident_normalization = false;
    options.optimizer.enable_dynamic_filter_pushdown = false;
    session
}

/// A client that leaves ends its query.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One query on its way.
struct Query {
    statement: Statement,
    state: SessionState,
    environment: Arc<RuntimeEnv>,
    runtime: Handle,
    rows_max: usize,
    /// Given back when the query has really ended, not when its caller has gone.
    place: OwnedSemaphorePermit,
}

impl Query {
    async fn run(self) -> Result<SqlResult, SqlError> {
        let (context, rows_max) = (
            Arc::new(TaskContext::from(&self.state).with_runtime(Arc::clone(&self.environment))),
            self.rows_max,
        );
        let (plan, _place) = self.plan_on_own_stack().await?;
        let (schema, batches) = collect(plan, context, rows_max).await?;
        Ok(SqlResult::new(&schema, batches))
    }

    /// Plans on a thread of its own, because planning recurses as deep as the query's expressions are.
    async fn plan_on_own_stack(self) -> Result<(Arc<dyn ExecutionPlan>, OwnedSemaphorePermit), SqlError> {
        let (answer, planned) = tokio::sync::oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("sql-planning".to_owned())
            .stack_size(PLANNING_STACK_BYTES);
        let planning = move || {
            let runtime = self.runtime.clone();
            let place = self.place;
            let plan = runtime.block_on(plan(self.statement, &self.state));
            // A caller that has gone takes no plan.
            drop(answer.send(plan.map(|plan| (plan, place))));
        };
        thread
            .spawn(planning)
            .map_err(|error| SqlError::Internal(format!("cannot start a planning thread: {error}")))?;
        planned
            .await
            .unwrap_or_else(|_| Err(SqlError::Internal("planning panicked".to_owned())))
    }
}

async fn plan(statement: Statement, state: &SessionState) -> Result<Arc<dyn ExecutionPlan>, SqlError> {
    let plan = state.statement_to_plan(statement).await?;
    let reads_only = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    reads_only.verify_plan(&plan)?;
    Ok(state.create_physical_plan(&plan).await?)
}

async fn collect(
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    rows_max: usize,
) -> Result<(SchemaRef, Vec<RecordBatch>), SqlError> {
    let held = MemoryConsumer::new("result").register(context.memory_pool());
    let mut stream = execute_stream(plan, context)?;
    let mut batches = Vec::new();
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        rows += batch.num_rows();
        if rows > rows_max {
            return Err(SqlError::TooLarge(format!(
                "the result has more than {rows_max} rows; add a LIMIT, a narrower WHERE or a GROUP BY"
            )));
        }
        held.try_grow(bytes_of(&batch)?)?;
        batches.push(batch);
    }
    Ok((stream.schema(), batches))
}

/// Bytes of the rows of `batch`; what it shares with others of which it is a slice is not counted twice.
fn bytes_of(batch: &RecordBatch) -> Result<usize, DataFusionError> {
    let mut bytes = 0;
    for column in batch.columns() {
        bytes += column.to_data().get_slice_memory_size()?;
    }
    Ok(bytes)
}
