//! What a query took: time to plan and to evaluate, samples, and, when it is asked for, what each node did.

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::physical_plan::ExecutionPlan;
use parking_lot::Mutex;
use queries_tables::{ExplainedNode, SampleBudget, explain};

/// What a query took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryStatistics {
    /// From the syntax tree to the plan.
    pub planning: Duration,
    /// From the plan to the value.
    pub evaluation: Duration,
    /// Samples that steps looked at; one that several steps see counts for each.
    pub samples_looked_at: u64,
    /// Samples that were read.
    pub samples_read: u64,
    /// Most samples that were held at a time.
    pub samples_peak: usize,
    /// The plan and what its nodes did, where it was asked for. A literal text has none.
    pub plan: Option<ExplainedNode>,
}

/// Notes when a query has its plan.
#[derive(Debug)]
pub(crate) struct PlanWatch {
    started: Instant,
    /// The newest plan: a query that failed because labels became equal has a second one.
    planned: Mutex<Option<(Duration, Arc<dyn ExecutionPlan>)>>,
}

impl PlanWatch {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            planned: Mutex::default(),
        }
    }

    pub(crate) fn planned(&self, plan: &Arc<dyn ExecutionPlan>) {
        *self.planned.lock() = Some((self.started.elapsed(), Arc::clone(plan)));
    }

    pub(crate) fn finish(&self, budget: &SampleBudget, explained: bool) -> QueryStatistics {
        let taken = self.started.elapsed();
        let planned = self.planned.lock().take();
        let planning = planned.as_ref().map_or(taken, |(planning, _)| *planning);
        QueryStatistics {
            planning,
            evaluation: taken.saturating_sub(planning),
            samples_looked_at: budget.looked_at(),
            samples_read: budget.samples_read(),
            samples_peak: budget.peak(),
            plan: planned.filter(|_| explained).map(|(_, plan)| explain(&plan)),
        }
    }
}
