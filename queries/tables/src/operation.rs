//! An operation as an execution plan. DataFusion asks a lot of a plan node that is the same for all of
//! ours (one partition, bounded, no expressions of its own); an operation says only what it computes.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions, SchedulingType,
};
use datafusion::physical_plan::metrics::{Count, Metric, MetricValue, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::stream::BoxStream;

use crate::observed::{Counters, Observed};

/// What comes out of an operation.
pub type BatchStream = BoxStream<'static, Result<RecordBatch>>;

/// Which partition of a node is computed, and in what it runs.
#[derive(Debug, Clone, Copy)]
pub struct RunAt<'a> {
    /// Number of the partition; 0 where there is one.
    pub partition: usize,
    /// Memory and settings.
    pub context: &'a TaskContext,
}

/// What one plan node computes.
pub trait Operation: fmt::Debug + Any + Send + Sync + 'static {
    /// Name of the node in EXPLAIN.
    fn name(&self) -> &'static str;

    /// Parameters of the node in EXPLAIN, such as `rate[5m]`.
    fn describe(&self) -> String;

    /// Numbers that EXPLAIN ANALYZE shows besides rows, bytes and time.
    fn details(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// Schema of the batches that come out.
    fn schema(&self) -> SchemaRef;

    /// Partitions that come out; each is computed by a [`run`](Self::run) of its own.
    fn partitions(&self) -> usize {
        1
    }

    /// Starts the computation of one partition over the streams of the node's inputs. Nothing is computed before the
    /// result is polled, and dropping it stops the work.
    fn run(self: Arc<Self>, inputs: Vec<SendableRecordBatchStream>, at: RunAt<'_>) -> Result<BatchStream>;
}

/// A plan node around an [`Operation`].
#[derive(Debug)]
pub struct PlanNode<O> {
    operation: Arc<O>,
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    properties: Arc<PlanProperties>,
    counters: Arc<Counters>,
}

impl<O: Operation> PlanNode<O> {
    /// Puts `operation` over `inputs`.
    pub fn plan(operation: O, inputs: Vec<Arc<dyn ExecutionPlan>>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self::new(Arc::new(operation), inputs))
    }

    /// The operation.
    pub fn operation(&self) -> &O {
        &self.operation
    }

    fn new(operation: Arc<O>, inputs: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(operation.schema()),
            Partitioning::UnknownPartitioning(operation.partitions()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::Cooperative);
        Self {
            operation,
            inputs,
            properties: Arc::new(properties),
            counters: Arc::default(),
        }
    }
}

impl<O: Operation> DisplayAs for PlanNode<O> {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation.name(), self.operation.describe())
    }
}

impl<O: Operation> ExecutionPlan for PlanNode<O> {
    fn name(&self) -> &str {
        self.operation.name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.len() != self.inputs.len() {
            return Err(DataFusionError::Internal(format!(
                "{} has {} inputs, not {}",
                self.operation.name(),
                self.inputs.len(),
                children.len()
            )));
        }
        Ok(Arc::new(Self::new(Arc::clone(&self.operation), children)))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(
            children,
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
        )
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let inputs: Result<Vec<_>> = self
            .inputs
            .iter()
            .map(|input| input.execute(partition, Arc::clone(&context)))
            .collect();
        let at = RunAt {
            partition,
            context: &context,
        };
        let stream = Arc::clone(&self.operation).run(inputs?, at)?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.operation.schema(),
            Observed::new(stream, Arc::clone(&self.counters)),
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        let mut metrics = self.counters.metrics();
        for (name, number) in self.operation.details() {
            let count = Count::new();
            count.add(usize::try_from(number).unwrap_or(usize::MAX));
            let value = MetricValue::Count {
                name: name.into(),
                count,
            };
            metrics.push(Arc::new(Metric::new(value, None)));
        }
        Some(metrics)
    }
}
