//! Which parts of a plan may see some of the series alone, and how they become tasks.

use queries_tables::{PlanNode, SeriesScan};

use super::final_aggregate::FinalAggregate;
use super::gather::Gather;
use super::line::{Distinct, Line, with_scan};
use super::partial_aggregate::PartialAggregate;
use super::shard_scan::{Shard, ShardScan};
use super::steps::steps_of;
use super::steps_merge::StepsMerge;
use super::task::{StepRange, Task};
use super::{any_below, operation, over};
use crate::codec::{CodecError, Surroundings};
use crate::functions::accumulator_state::state_numbers;
use crate::nodes::aggregate::Aggregate;
use crate::plan::Plan;

/// Divides by series, and sends off what is divided.
pub(super) struct Sharding<'a> {
    pub(super) shards: usize,
    pub(super) distinct: &'a Distinct,
    pub(super) around: &'a Surroundings,
}

impl Sharding<'_> {
    /// `plan` with tasks in it; `steps` is the range of steps that it is about, if not all.
    pub(super) fn divide(&self, plan: &Plan, steps: Option<&StepRange>) -> Result<Plan, CodecError> {
        if let Some(merge) = operation::<StepsMerge>(plan) {
            let ranges = merge.ranges();
            let inputs = plan.children().into_iter().zip(ranges);
            let inputs = inputs.map(|(input, range)| self.range(input, range));
            return Ok(over(plan, inputs.collect::<Result<_, _>>()?));
        }
        if self.shards > 1 {
            let all = StepRange::all(steps_of(plan).unwrap_or_default());
            let steps = steps.unwrap_or(&all);
            if let Some(aggregate) = operation::<Aggregate>(plan)
                && state_numbers(aggregate.kind).is_some()
                && let Some(input) = self.line(plan.children()[0])
            {
                let partial = |shard| {
                    let rows = of_shard(input, shard);
                    self.task(
                        &PlanNode::plan(PartialAggregate::of(aggregate), vec![rows]),
                        shard,
                        steps,
                    )
                };
                let partials = self.shards().map(partial).collect::<Result<_, _>>()?;
                return Ok(PlanNode::plan(FinalAggregate::of(aggregate), partials));
            }
            if let Some(line) = self.line(plan) {
                let parts = self
                    .shards()
                    .map(|shard| self.task(&of_shard(line, shard), shard, steps));
                return Ok(Gather::over(plan.schema(), parts.collect::<Result<_, _>>()?));
            }
        }
        let inputs = plan.children().into_iter().map(|input| self.divide(input, steps));
        Ok(over(plan, inputs.collect::<Result<_, _>>()?))
    }

    /// A range of steps: one task where the series stay together.
    fn range(&self, plan: &Plan, range: StepRange) -> Result<Plan, CodecError> {
        let reads = any_below(plan, &|plan| operation::<SeriesScan>(plan).is_some());
        if self.shards == 1 && reads {
            return self.task(plan, Shard::ALL, &range);
        }
        self.divide(plan, Some(&range))
    }

    fn shards(&self) -> impl Iterator<Item = Shard> + use<> {
        let of = self.shards;
        (0..of).map(move |number| Shard { number, of })
    }

    fn line<'p>(&self, plan: &'p Plan) -> Option<&'p Plan> {
        let apart = |scan: &SeriesScan| self.distinct.holds(scan);
        Line::of(plan, &apart).map(|_| plan)
    }

    fn task(&self, plan: &Plan, shard: Shard, steps: &StepRange) -> Result<Plan, CodecError> {
        Ok(PlanNode::plan(
            Task::of(plan, shard, steps.clone(), self.around)?,
            Vec::new(),
        ))
    }
}

/// The line `plan` for the series of `shard`.
fn of_shard(plan: &Plan, shard: Shard) -> Plan {
    with_scan(plan, &|scan: &SeriesScan| {
        let scan = ShardScan {
            scan: scan.clone(),
            shard,
        };
        PlanNode::plan(scan, Vec::new())
    })
}
