//! The messages that hold a plan: the nodes in the order in which they can be built, inputs before what uses them,
//! so that a plan of any depth is read without recursion. Tags are never used twice.

use super::grouped::{AbsentMessage, AggregateMessage, BucketsMessage, CountValuesMessage, TopKMessage};
use super::labelled::{InfoMessage, LabelsMapMessage, SortMessage, UniqueMessage};
use super::sampled::{ConstantMessage, MapMessage, MatchMessage, ScalarMessage};
use super::tasks::{
    FinalAggregateMessage, GatherMessage, PartialAggregateMessage, ShardScanMessage, StepsMergeMessage,
    TaskMessage,
};
use super::windows::{RepeatMessage, ScanMessage, SubqueryMessage, WindowMessage};

/// Version of the encoding. Another one is refused: all machines that share a query run the same program.
pub const VERSION: u32 = 1;

/// A plan.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PlanMessage {
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    /// The last one is the root.
    #[prost(message, repeated, tag = "2")]
    pub(super) nodes: Vec<NodeMessage>,
}

/// A node.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct NodeMessage {
    /// How many of the nodes before it that nobody has used yet are its inputs.
    #[prost(uint32, tag = "1")]
    pub(super) inputs: u32,
    #[prost(
        oneof = "Kind",
        tags = "2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25"
    )]
    pub(super) kind: Option<Kind>,
}

/// No rows of a subquery that has no steps.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct NothingMessage {}

/// What a node does.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Kind {
    #[prost(message, tag = "2")]
    SeriesScan(ScanMessage),
    #[prost(message, tag = "3")]
    Window(WindowMessage),
    #[prost(message, tag = "4")]
    Subquery(SubqueryMessage),
    #[prost(message, tag = "5")]
    Repeat(RepeatMessage),
    #[prost(message, tag = "6")]
    Constant(ConstantMessage),
    #[prost(message, tag = "7")]
    Scalar(ScalarMessage),
    #[prost(message, tag = "8")]
    Map(MapMessage),
    #[prost(message, tag = "9")]
    VectorMatch(MatchMessage),
    #[prost(message, tag = "10")]
    Aggregate(AggregateMessage),
    #[prost(message, tag = "11")]
    TopK(TopKMessage),
    #[prost(message, tag = "12")]
    CountValues(CountValuesMessage),
    #[prost(message, tag = "13")]
    Absent(AbsentMessage),
    #[prost(message, tag = "14")]
    ClassicHistogram(BucketsMessage),
    #[prost(message, tag = "15")]
    LabelsMap(LabelsMapMessage),
    #[prost(message, tag = "16")]
    Unique(UniqueMessage),
    #[prost(message, tag = "17")]
    Sort(SortMessage),
    #[prost(message, tag = "18")]
    Info(InfoMessage),
    #[prost(message, tag = "19")]
    ShardScan(ShardScanMessage),
    #[prost(message, tag = "20")]
    Gather(GatherMessage),
    #[prost(message, tag = "21")]
    PartialAggregate(PartialAggregateMessage),
    #[prost(message, tag = "22")]
    FinalAggregate(FinalAggregateMessage),
    #[prost(message, tag = "23")]
    StepsMerge(StepsMergeMessage),
    #[prost(message, tag = "24")]
    Task(TaskMessage),
    #[prost(message, tag = "25")]
    Nothing(NothingMessage),
}
