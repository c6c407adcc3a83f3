//! What the steps of a query looked at and read, summed over its plan as Prometheus sums it: a part that is the same at
//! every step counts at each but is read once; a subquery counts by what it gives, and is read by what it takes.

use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use queries_tables::PlanNode;

use crate::grid::Grid;
use crate::nodes::looks::{StepLooks, units};
use crate::nodes::repeat::Repeat;
use crate::nodes::subquery::Subquery;
use crate::nodes::window::Window;
use crate::value::{RangeSeries, Value};

/// Samples by step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SampleCounts {
    /// First instant, ms.
    pub start_ms: i64,
    /// Time between two instants, ms.
    pub step_ms: i64,
    /// A step an entry.
    pub steps: Vec<StepLooks>,
}

impl SampleCounts {
    /// What the windows of `plan` counted, for a query at the instants of `grid`.
    pub(crate) fn of(plan: &Arc<dyn ExecutionPlan>, grid: Grid) -> Self {
        let mut steps = match operation::<Subquery>(plan) {
            Some(subquery) => of_bare_subquery(plan, subquery, grid),
            None => of_plan(plan),
        };
        steps.resize(grid.steps(), StepLooks::default());
        Self {
            start_ms: grid.start_ms,
            step_ms: grid.step_ms,
            steps,
        }
    }

    /// The samples of a range selector as they are.
    pub(crate) fn of_value(value: &Value, grid: Grid) -> Self {
        let samples = match value {
            Value::Matrix(series) => series.iter().map(samples_of).sum(),
            Value::Scalar { .. } | Value::String { .. } | Value::Vector(_) => 0,
        };
        let all = StepLooks {
            looked_at: samples,
            read: samples,
        };
        Self {
            start_ms: grid.start_ms,
            step_ms: grid.step_ms,
            steps: vec![all],
        }
    }

    /// The sum over all steps.
    pub fn total(&self) -> StepLooks {
        let mut total = StepLooks::default();
        for step in &self.steps {
            total.looked_at += step.looked_at;
            total.read += step.read;
        }
        total
    }
}

fn samples_of(series: &RangeSeries) -> u64 {
    let histograms = series.histograms.iter().map(|(_, histogram)| units(histogram));
    series.samples.len() as u64 + histograms.sum::<u64>()
}

fn operation<O: queries_tables::Operation>(plan: &Arc<dyn ExecutionPlan>) -> Option<&O> {
    Some(plan.downcast_ref::<PlanNode<O>>()?.operation())
}

fn of_plan(plan: &Arc<dyn ExecutionPlan>) -> Vec<StepLooks> {
    if let Some(window) = operation::<Window>(plan) {
        return of_window(plan, window);
    }
    let mut sum = Vec::new();
    for input in plan.children() {
        add(&mut sum, &of_plan(input));
    }
    match operation::<Repeat>(plan) {
        Some(repeat) => repeated(&sum, repeat.steps),
        None => sum,
    }
}

fn add(sum: &mut Vec<StepLooks>, steps: &[StepLooks]) {
    if sum.len() < steps.len() {
        sum.resize(steps.len(), StepLooks::default());
    }
    for (sum, step) in sum.iter_mut().zip(steps) {
        sum.looked_at += step.looked_at;
        sum.read += step.read;
    }
}

/// What one step counted counts at each; it is read at the first.
fn repeated(one: &[StepLooks], steps: usize) -> Vec<StepLooks> {
    let Some(one) = one.first() else { return Vec::new() };
    let later = StepLooks {
        looked_at: one.looked_at,
        read: 0,
    };
    let mut all = vec![later; steps];
    if let Some(first) = all.first_mut() {
        first.read = one.read;
    }
    all
}

fn of_window(plan: &Arc<dyn ExecutionPlan>, window: &Window) -> Vec<StepLooks> {
    let mut steps = window.looks.steps();
    let inputs = plan.children();
    let Some((rows, parameters)) = inputs.split_first() else {
        return steps;
    };
    if let Some(subquery) = operation::<Subquery>(rows) {
        steps.resize(window.grid.steps(), StepLooks::default());
        steps.iter_mut().for_each(|step| step.read = 0);
        let (before_ms, _) = window.kind.reach_ms();
        read_by_subquery(rows, subquery, window.grid, Some(before_ms), &mut steps);
    }
    for parameter in parameters {
        add(&mut steps, &of_plan(parameter));
    }
    steps
}

/// A subquery that is the whole query counts what it takes, at the end.
fn of_bare_subquery(plan: &Arc<dyn ExecutionPlan>, subquery: &Subquery, grid: Grid) -> Vec<StepLooks> {
    let mut steps = vec![StepLooks::default(); grid.steps()];
    read_by_subquery(plan, subquery, grid, None, &mut steps);
    if let (Some(last), Some(input)) = (steps.last_mut(), plan.children().first()) {
        last.looked_at = of_plan(input).iter().map(|step| step.looked_at).sum();
    }
    steps
}

/// Adds what a subquery reads to the steps that look at it first; what no step looks at does not count. `range_ms` is
/// how far the steps look back, if that is limited.
fn read_by_subquery(
    plan: &Arc<dyn ExecutionPlan>,
    subquery: &Subquery,
    outer: Grid,
    range_ms: Option<i64>,
    steps: &mut [StepLooks],
) {
    let inner = plan.children().first().map(|input| of_plan(input));
    for (at, taken) in inner.unwrap_or_default().iter().enumerate() {
        let time_ms = subquery.grid.time_ms(at);
        let step = match outer.step_ms {
            0 => 0,
            step_ms => {
                let after_ms = time_ms.saturating_sub(outer.start_ms).max(0);
                let step = (after_ms as u64).div_ceil(step_ms.unsigned_abs()) as usize;
                step.min(steps.len().saturating_sub(1))
            }
        };
        let in_gap = range_ms.is_some_and(|range_ms| time_ms <= outer.time_ms(step).saturating_sub(range_ms));
        if steps.len() > 1 && in_gap {
            continue;
        }
        if let Some(step) = steps.get_mut(step) {
            step.read += taken.read;
        }
    }
}
