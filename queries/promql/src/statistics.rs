//! What a query took: time to plan and to evaluate, samples, and, when it is asked for, what each node did.

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::physical_plan::ExecutionPlan;
use parking_lot::Mutex;
use queries_tables::{ExplainedNode, SampleBudget, explain};

use crate::grid::Grid;
use crate::sample_counts::SampleCounts;
use crate::value::Value;

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
    /// The same by step, where that was asked for.
    pub steps: Option<SampleCounts>,
    /// The plan and what its nodes did, where it was asked for. A literal text has none.
    pub plan: Option<ExplainedNode>,
}

/// What is told of a query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) explain: bool,
    /// Samples by step.
    pub(crate) steps: bool,
    pub(crate) samples_of: SamplesOf,
}

/// What tells which samples a query looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SamplesOf {
    /// The windows of its plan.
    Plan,
    /// Its value: it is the samples of a range selector as they are.
    Value,
}

/// Notes when a query has its plan.
#[derive(Debug)]
pub(crate) struct PlanWatch {
    started: Instant,
    /// The newest plan: a query that failed because labels became equal has a second one.
    planned: Mutex<Option<Planned>>,
}

#[derive(Debug)]
struct Planned {
    taken: Duration,
    /// The plan as a whole: its windows know what was counted, in whatever parts.
    whole: Arc<dyn ExecutionPlan>,
    /// The plan that is run.
    divided: Arc<dyn ExecutionPlan>,
}

impl PlanWatch {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            planned: Mutex::default(),
        }
    }

    pub(crate) fn planned(&self, whole: Arc<dyn ExecutionPlan>, divided: &Arc<dyn ExecutionPlan>) {
        *self.planned.lock() = Some(Planned {
            taken: self.started.elapsed(),
            whole,
            divided: Arc::clone(divided),
        });
    }

    /// What a query at the instants of `grid` took; `value` is what came of it.
    pub(crate) fn finish(
        &self,
        budget: &SampleBudget,
        wanted: Wanted,
        grid: Grid,
        value: &Value,
    ) -> QueryStatistics {
        let taken = self.started.elapsed();
        let planned = self.planned.lock().take();
        let planning = planned.as_ref().map_or(taken, |planned| planned.taken);
        let counts =
            planned
                .as_ref()
                .filter(|_| budget.counts_looks())
                .map(|planned| match wanted.samples_of {
                    SamplesOf::Value => SampleCounts::of_value(value, grid),
                    SamplesOf::Plan => SampleCounts::of(&planned.whole, grid),
                });
        let (looked_at, read) = match &counts {
            Some(counts) => (counts.total().looked_at, counts.total().read),
            None => (budget.looked_at(), budget.samples_read()),
        };
        QueryStatistics {
            planning,
            evaluation: taken.saturating_sub(planning),
            samples_looked_at: looked_at,
            samples_read: read,
            samples_peak: budget.peak(),
            steps: counts.filter(|_| wanted.steps),
            plan: planned
                .filter(|_| wanted.explain)
                .map(|planned| explain(&planned.divided)),
        }
    }
}
