//! A query's work in tasks: each evaluates one shard of the series over one range of the steps, wherever it runs.
//! `divide` decides what may be apart, and leaves whole what may not (README.md); `line` and `marks` know the plan,
//! `steps` and `series` cut it, the other files are the nodes that put the answers together again.

pub mod final_aggregate;
pub mod gather;
pub mod partial_aggregate;
pub mod shard_scan;
pub mod steps_merge;
pub mod task;

mod line;
mod marks;
mod series;
mod steps;

#[cfg(test)]
pub(crate) mod tests;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use queries_tables::{Operation, PlanNode};

use crate::codec::{CodecError, Surroundings};
use crate::plan::Plan;

pub use line::Distinct;

/// Into how many parts a query is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Division {
    /// Parts of the series that a selector selects.
    pub shards: usize,
    /// Parts of the steps; less where there are fewer than two steps for each.
    pub step_ranges: usize,
}

impl Default for Division {
    /// Not at all.
    fn default() -> Self {
        Self {
            shards: 1,
            step_ranges: 1,
        }
    }
}

impl Division {
    /// Whether nothing is divided.
    pub fn is_whole(self) -> bool {
        self.shards <= 1 && self.step_ranges <= 1
    }
}

/// A plan that answers as `plan` does, in tasks as far as it can be divided. `distinct` says of which selections it
/// is known that no two of their series become one without their names; tasks are decoded into `around`.
pub fn divide(
    plan: &Plan,
    division: Division,
    distinct: &Distinct,
    around: &Surroundings,
) -> Result<Plan, CodecError> {
    if division.is_whole() {
        return Ok(Plan::clone(plan));
    }
    let slicer = steps::Slicer {
        distinct,
        budget: &around.budget,
    };
    let in_ranges = slicer.divide(plan, division.step_ranges);
    let sharding = series::Sharding {
        shards: division.shards.max(1),
        distinct,
        around,
    };
    sharding.divide(&in_ranges, None)
}

/// How many cells the rows of `schema` have; nothing where they are samples.
pub(crate) fn cells_of(schema: &SchemaRef) -> Option<usize> {
    match schema.field_with_name("values").ok()?.data_type() {
        DataType::FixedSizeList(_, cells) => usize::try_from(*cells).ok(),
        _ => None,
    }
}

/// The operation of `plan` when it is an `O`.
fn operation<O: Operation>(plan: &Plan) -> Option<&O> {
    Some(plan.downcast_ref::<PlanNode<O>>()?.operation())
}

/// Whether `holds` of `plan` or of anything below it.
fn any_below(plan: &Plan, holds: &dyn Fn(&Plan) -> bool) -> bool {
    holds(plan) || plan.children().into_iter().any(|input| any_below(input, holds))
}

/// The same node over other inputs, as many as it had.
fn over(plan: &Plan, inputs: Vec<Plan>) -> Plan {
    if inputs.is_empty() {
        return Plan::clone(plan);
    }
    let recompute = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
    Plan::clone(plan)
        .replace_children(inputs, recompute)
        .expect("a node takes as many inputs as it had")
}
