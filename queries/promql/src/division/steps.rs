//! Which plans may be evaluated for some of their steps apart, and how a plan looks for some of its steps. A plan
//! may not where a step's answer, or what is told about it, depends on other steps or on the order of the series,
//! which is another one in another range of time.

use std::ops::Range;
use std::sync::Arc;

use datafusion::physical_plan::empty::EmptyExec;
use queries_tables::{Operation, PlanNode, SampleBudget, SeriesScan};

use super::line::{Distinct, Line, is_constant};
use super::marks::Marks;
use super::steps_merge::StepsMerge;
use super::{any_below, cells_of, operation, over};
use crate::functions::accumulator::AccumulatorKind;
use crate::functions::range::ParameterRule;
use crate::grid::Grid;
use crate::nodes::absent::Absent;
use crate::nodes::aggregate::Aggregate;
use crate::nodes::classic_histogram::ClassicHistogram;
use crate::nodes::constant::Constant;
use crate::nodes::count_values::CountValues;
use crate::nodes::info::Info;
use crate::nodes::labels_map::LabelsMap;
use crate::nodes::map::Map;
use crate::nodes::repeat::Repeat;
use crate::nodes::scalar::Scalar;
use crate::nodes::subquery::Subquery;
use crate::nodes::topk::{TopK, TopKind};
use crate::nodes::unique::{Duplicates, Unique};
use crate::nodes::vector_match::VectorMatch;
use crate::nodes::window::{Shown, Window, WindowKind};
use crate::plan::Plan;

/// Fewest steps of a range: with one alone `topk` gives its elements in another order.
const STEPS_MIN: usize = 2;

/// Some of the steps of a part of a plan.
struct Cut {
    steps: Range<usize>,
    /// Samples of steps before this one are counted by the range of steps before this range; 0 in the first one.
    counts_from: usize,
}

/// Cuts plans by steps.
pub(super) struct Slicer<'a> {
    pub(super) distinct: &'a Distinct,
    pub(super) budget: &'a Arc<SampleBudget>,
}

impl Slicer<'_> {
    /// `plan` in `ranges` ranges of its steps as far as that is possible: the whole of it, or what is below the nodes
    /// that do not care in which order rows come.
    pub(super) fn divide(&self, plan: &Plan, ranges: usize) -> Plan {
        let Some(steps) = steps_of(plan) else {
            return Plan::clone(plan);
        };
        let ranges = ranges.min(steps / STEPS_MIN);
        if ranges < 2 || !any_below(plan, &|plan| operation::<SeriesScan>(plan).is_some()) {
            return Plan::clone(plan);
        }
        let slices = parts(steps, ranges).map(|steps| {
            let counts_from = steps.start;
            self.slice(plan, &Cut { steps, counts_from })
        });
        if let Some(slices) = slices.collect::<Option<Vec<Plan>>>() {
            return StepsMerge::over(slices, self.budget);
        }
        if !is_roof(plan) {
            return Plan::clone(plan);
        }
        let inputs = plan.children().into_iter();
        over(plan, inputs.map(|input| self.divide(input, ranges)).collect())
    }

    /// `plan` at `at` alone, or nothing where what it gives there depends on other steps.
    fn slice(&self, plan: &Plan, cut: &Cut) -> Option<Plan> {
        if operation::<Window>(plan).is_some() {
            return self.window(plan, cut);
        }
        if operation::<Repeat>(plan).is_some() {
            return repeat(plan, cut);
        }
        if !self.may_be_sliced(plan) {
            return None;
        }
        let inputs = plan.children().into_iter().map(|input| self.slice(input, cut));
        let inputs: Vec<Plan> = inputs.collect::<Option<_>>()?;
        let (at, steps) = (&cut.steps, cut.steps.len());
        changed::<Constant>(plan, &inputs, |node| node.grid = node.grid.slice(at.clone()))
            .or_else(|| changed::<Map>(plan, &inputs, |node| node.grid = node.grid.slice(at.clone())))
            .or_else(|| changed::<Aggregate>(plan, &inputs, |node| node.grid = node.grid.slice(at.clone())))
            .or_else(|| {
                changed::<ClassicHistogram>(plan, &inputs, |node| node.grid = node.grid.slice(at.clone()))
            })
            .or_else(|| changed::<Scalar>(plan, &inputs, |node| node.steps = steps))
            .or_else(|| changed::<VectorMatch>(plan, &inputs, |node| node.steps = steps))
            .or_else(|| changed::<TopK>(plan, &inputs, |node| node.steps = steps))
            .or_else(|| changed::<CountValues>(plan, &inputs, |node| node.steps = steps))
            .or_else(|| changed::<Absent>(plan, &inputs, |node| node.steps = steps))
            .or_else(|| changed::<LabelsMap>(plan, &inputs, |node| node.steps = steps))
            .or_else(|| changed::<Unique>(plan, &inputs, |node| node.steps = steps))
    }

    /// Whether the node itself takes each step for itself, if its inputs do.
    fn may_be_sliced(&self, plan: &Plan) -> bool {
        let inputs = plan.children();
        let alike = |input: usize| Marks::of(inputs[input]) != Marks::Mixed;
        if let Some(aggregate) = operation::<Aggregate>(plan) {
            return alike(0)
                && match aggregate.kind {
                    // Roundings differ with the order in which series come.
                    AccumulatorKind::Stddev | AccumulatorKind::Stdvar => false,
                    // The worst parameter of all steps is told.
                    AccumulatorKind::Quantile => is_constant(inputs[1]),
                    _ => true,
                };
        }
        if let Some(top) = operation::<TopK>(plan) {
            // Equal elements are chosen by their order, except by hash; parameters are judged together.
            return top.kind == TopKind::Share && is_constant(inputs[1]);
        }
        if operation::<VectorMatch>(plan).is_some() {
            return alike(0) && alike(1) && Marks::of(plan) != Marks::Mixed;
        }
        if let Some(unique) = operation::<Unique>(plan) {
            let apart = |scan: &SeriesScan| self.distinct.holds(scan);
            return match unique.duplicates {
                Duplicates::Merge | Duplicates::Unexpected(_) => alike(0),
                // It refuses series of equal labels even where they never meet at a step.
                Duplicates::Refuse => Line::of(plan, &apart).is_some(),
            };
        }
        true
    }

    /// A window with what it reads: samples of the windows that are left, and no others.
    fn window(&self, plan: &Plan, cut: &Cut) -> Option<Plan> {
        let at = &cut.steps;
        let window = operation::<Window>(plan)?;
        let inputs = plan.children();
        let (rows, parameters) = inputs.split_first()?;
        let judged = match &window.kind {
            WindowKind::Range { notes, .. } => notes.function.parameters != ParameterRule::Any,
            WindowKind::Newest { .. } | WindowKind::Smoothed { .. } => false,
        };
        if judged && !parameters.iter().all(|parameter| is_constant(parameter)) {
            return None;
        }
        let ends = window.grid.slice(at.clone());
        let sliced = Window {
            grid: ends,
            query_grid: window.query_grid.slice(at.clone()),
            looks: window.looks.slice(at, cut.counts_from),
            ..window.clone()
        };
        let rows = self.rows(rows, window, ends, cut)?;
        let parameters = parameters.iter().map(|parameter| self.slice(parameter, cut));
        let inputs: Option<Vec<Plan>> = std::iter::once(Some(rows)).chain(parameters).collect();
        Some(PlanNode::plan(sliced, inputs?))
    }

    /// What `window` reads at its windows of `cut`, which end at `ends`.
    fn rows(&self, rows: &Plan, window: &Window, ends: Grid, cut: &Cut) -> Option<Plan> {
        let (before_ms, after_ms) = window.kind.reach_ms();
        if let Some(scan) = operation::<SeriesScan>(rows) {
            let min_ms = ends.start_ms.saturating_sub(before_ms).saturating_add(1);
            // What came before tells whether a histogram was reset, and whether a series says when it began.
            let looks_back = window.tell_resets
                || matches!(
                    window.kind,
                    WindowKind::Newest {
                        shown: Shown::Start,
                        ..
                    }
                );
            let sliced = SeriesScan {
                min_ms: if looks_back { scan.min_ms } else { min_ms },
                max_ms: ends.last_ms().saturating_add(after_ms),
                ..scan.clone()
            };
            return Some(PlanNode::plan(sliced, Vec::new()));
        }
        if rows.is::<EmptyExec>() {
            return Some(Plan::clone(rows));
        }
        let subquery = operation::<Subquery>(rows)?;
        let inner = rows.children()[0];
        if counts(inner) {
            return None;
        }
        // Inner instants are multiples of the step wherever the windows begin.
        let all = subquery.grid;
        let left_ms = ends.start_ms.saturating_sub(before_ms);
        let first = (0..all.steps())
            .find(|&i| all.time_ms(i) > left_ms)
            .unwrap_or(all.steps());
        let until = (first..all.steps())
            .find(|&i| all.time_ms(i) > ends.last_ms())
            .unwrap_or(all.steps());
        if first == until {
            return Some(Arc::new(EmptyExec::new(Subquery::rows_schema())));
        }
        let sliced = Subquery {
            grid: all.slice(first..until),
            ..subquery.clone()
        };
        // Ranges that overlap evaluate the same inner instants, and count them once.
        let counts_from = match cut.counts_from {
            0 => 0,
            counted => (first..until)
                .find(|&i| all.time_ms(i) > window.grid.time_ms(counted - 1))
                .unwrap_or(until),
        };
        let inner_cut = Cut {
            steps: first..until,
            counts_from,
        };
        let inner = self.slice(inner, &inner_cut)?;
        Some(PlanNode::plan(sliced, vec![inner]))
    }
}

/// What is repeated is evaluated for each range, and counted by the first.
fn repeat(plan: &Plan, cut: &Cut) -> Option<Plan> {
    let inputs = plan.children().into_iter();
    let inputs: Vec<Plan> = match cut.counts_from {
        0 => inputs.cloned().collect(),
        _ => inputs.map(uncounted).collect(),
    };
    if inputs.iter().any(counts) {
        return None;
    }
    changed::<Repeat>(plan, &inputs, |node| node.steps = cut.steps.len())
}

/// `plan` with windows that count nothing: those of another range do.
fn uncounted(plan: &Plan) -> Plan {
    let inputs: Vec<Plan> = plan.children().into_iter().map(uncounted).collect();
    let muted = changed::<Window>(plan, &inputs, |window| {
        let steps = window.grid.steps();
        window.looks = window.looks.slice(&(0..steps), steps);
    });
    muted.unwrap_or_else(|| over(plan, inputs))
}

/// Whether anything in `plan` counts what it tells of, so that it must not see a step twice.
fn counts(plan: &Plan) -> bool {
    any_below(plan, &|plan| operation::<ClassicHistogram>(plan).is_some())
}

/// The node of `plan` with a change, if it is an `O`.
fn changed<O: Operation + Clone>(plan: &Plan, inputs: &[Plan], change: impl FnOnce(&mut O)) -> Option<Plan> {
    let mut node = operation::<O>(plan)?.clone();
    change(&mut node);
    Some(PlanNode::plan(node, inputs.to_vec()))
}

/// Whether it does not matter to the node, nor to what may be above it, in which order its rows come.
fn is_roof(plan: &Plan) -> bool {
    let unordered = |kind| {
        matches!(
            kind,
            AccumulatorKind::Sum | AccumulatorKind::Avg | AccumulatorKind::Count | AccumulatorKind::Group
        )
    };
    operation::<Unique>(plan).is_some()
        || operation::<Map>(plan).is_some()
        || operation::<LabelsMap>(plan).is_some()
        || operation::<Absent>(plan).is_some()
        || operation::<Scalar>(plan).is_some()
        || operation::<VectorMatch>(plan).is_some()
        || operation::<Info>(plan).is_some()
        || operation::<CountValues>(plan).is_some()
        || operation::<ClassicHistogram>(plan).is_some()
        || operation::<Aggregate>(plan).is_some_and(|aggregate| unordered(aggregate.kind))
}

/// How many steps the rows of `plan` have; nothing where they are samples.
pub(super) fn steps_of(plan: &Plan) -> Option<usize> {
    cells_of(&plan.schema())
}

/// `count` ranges of about equal length that are `0..length` together.
pub(super) fn parts(length: usize, count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).map(move |i| length * i / count..length * (i + 1) / count)
}
