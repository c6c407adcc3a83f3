//! Every node that has an encoding. A node that is missing here cannot travel, and a test says so.

use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use queries_tables::{Operation, PlanNode, SeriesScan};

use super::message::{Kind, NothingMessage};
use super::shape::{Shape, check};
use super::{CodecError, Surroundings};
use crate::division::final_aggregate::FinalAggregate;
use crate::division::gather::Gather;
use crate::division::partial_aggregate::PartialAggregate;
use crate::division::shard_scan::ShardScan;
use crate::division::steps_merge::StepsMerge;
use crate::division::task::Task;
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
use crate::nodes::sort::Sort;
use crate::nodes::subquery::Subquery;
use crate::nodes::topk::TopK;
use crate::nodes::unique::Unique;
use crate::nodes::vector_match::VectorMatch;
use crate::nodes::window::Window;
use crate::plan::Plan;

/// A node that can travel.
pub(super) trait Coded: Operation + Sized {
    /// What is sent.
    type Message;

    /// What to send.
    fn encode(&self) -> Self::Message;

    /// The node that was sent; an error says what makes no sense.
    fn decode(message: Self::Message, around: &Surroundings) -> Result<Self, String>;

    /// What the node reads when it has `count` inputs, one shape an input; an error says how many it needs.
    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String>;
}

/// A node of a decoded message, if its inputs fit.
fn node<O: Coded>(
    kind: &'static str,
    message: O::Message,
    inputs: Vec<Plan>,
    around: &Surroundings,
) -> Result<Plan, CodecError> {
    let invalid = |what: String| CodecError::Invalid { node: kind, what };
    let operation = O::decode(message, around).map_err(invalid)?;
    let shapes = operation.inputs(inputs.len()).map_err(invalid)?;
    check(&shapes, &inputs).map_err(invalid)?;
    Ok(PlanNode::plan(operation, inputs))
}

macro_rules! coded {
    ($($kind:ident),* $(,)?) => {
        /// The types of nodes that have an encoding, by name.
        pub const NODES: &[&str] = &[$(stringify!($kind)),*];

        /// The message of `plan` without its inputs.
        pub(super) fn encode_node(plan: &dyn ExecutionPlan) -> Result<Kind, CodecError> {
            $(
                if let Some(node) = plan.downcast_ref::<PlanNode<$kind>>() {
                    return Ok(Kind::$kind(node.operation().encode()));
                }
            )*
            if plan.is::<EmptyExec>() && plan.schema() == Subquery::rows_schema() {
                return Ok(Kind::Nothing(NothingMessage {}));
            }
            Err(CodecError::NotEncodable(plan.name().to_owned()))
        }

        /// The node of a message over `inputs`.
        pub(super) fn decode_node(
            kind: Kind,
            inputs: Vec<Plan>,
            around: &Surroundings,
        ) -> Result<Plan, CodecError> {
            match kind {
                $(
                    Kind::$kind(message) => node::<$kind>(stringify!($kind), message, inputs, around),
                )*
                Kind::Nothing(_) if inputs.is_empty() => Ok(Arc::new(EmptyExec::new(Subquery::rows_schema()))),
                Kind::Nothing(_) => Err(CodecError::Invalid {
                    node: "Nothing",
                    what: "it has no inputs".to_owned(),
                }),
            }
        }
    };
}

coded!(
    SeriesScan,
    Window,
    Subquery,
    Repeat,
    Constant,
    Scalar,
    Map,
    VectorMatch,
    Aggregate,
    TopK,
    CountValues,
    Absent,
    ClassicHistogram,
    LabelsMap,
    Unique,
    Sort,
    Info,
    ShardScan,
    Gather,
    PartialAggregate,
    FinalAggregate,
    StepsMerge,
    Task,
);
