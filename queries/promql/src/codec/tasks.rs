//! Messages of what divides a query and puts it together again.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use queries_tables::SeriesScan;
use queries_tables::folded::folded_schema;

use super::Surroundings;
use super::coded::Coded;
use super::parts::{GroupingMessage, SpanMessage, grouping, span};
use super::shape::{STEPS_MAX, Shape, steps, vectors};
use super::windows::ScanMessage;
use super::words::Word;
use crate::division::final_aggregate::FinalAggregate;
use crate::division::gather::Gather;
use crate::division::partial_aggregate::{PartialAggregate, partial_schema};
use crate::division::shard_scan::{Shard, ShardScan};
use crate::division::steps_merge::StepsMerge;
use crate::division::task::{StepRange, Task};
use crate::functions::accumulator::AccumulatorKind;
use crate::functions::accumulator_state::state_numbers;
use crate::nodes::aggregate::Grouping;
use crate::nodes::step_vectors::step_schema;
use crate::nodes::subquery::Subquery;
use crate::parser::Span;

/// A part of a selection.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct ShardMessage {
    #[prost(uint64, tag = "1")]
    number: u64,
    #[prost(uint64, tag = "2")]
    of: u64,
}

impl From<Shard> for ShardMessage {
    fn from(shard: Shard) -> Self {
        Self {
            number: shard.number as u64,
            of: shard.of as u64,
        }
    }
}

fn shard(message: Option<ShardMessage>) -> Result<Shard, String> {
    let ShardMessage { number, of } = message.ok_or("it has no shard")?;
    if number >= of {
        return Err(format!("there is no shard {number} of {of}"));
    }
    Ok(Shard {
        number: number as usize,
        of: of as usize,
    })
}

/// A scan of a part of a selection.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ShardScanMessage {
    #[prost(message, optional, tag = "1")]
    scan: Option<ScanMessage>,
    #[prost(message, optional, tag = "2")]
    shard: Option<ShardMessage>,
}

impl Coded for ShardScan {
    type Message = ShardScanMessage;

    fn encode(&self) -> ShardScanMessage {
        ShardScanMessage {
            scan: Some(self.scan.encode()),
            shard: Some(self.shard.into()),
        }
    }

    fn decode(message: ShardScanMessage, around: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            scan: SeriesScan::decode(message.scan.ok_or("it has no selection")?, around)?,
            shard: shard(message.shard)?,
        })
    }

    fn inputs(&self, _count: usize) -> Result<Vec<Shape>, String> {
        Ok(Vec::new())
    }
}

/// A schema that rows may have.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SchemaMessage {
    /// One of the words below, or the name of an aggregation whose states rows are.
    #[prost(string, tag = "1")]
    rows: String,
    #[prost(uint64, tag = "2")]
    steps: u64,
}

const FOLDED: &str = "samples";
const SUBQUERY: &str = "subquery";
const VECTORS: &str = "steps";

impl SchemaMessage {
    fn of(schema: &SchemaRef) -> Self {
        let of = |rows: &str, steps: usize| Self {
            rows: rows.to_owned(),
            steps: steps as u64,
        };
        if *schema == folded_schema() {
            return of(FOLDED, 0);
        }
        if *schema == Subquery::rows_schema() {
            return of(SUBQUERY, 0);
        }
        let cells = crate::division::cells_of(schema).unwrap_or_default();
        for &kind in AccumulatorKind::ALL {
            let Some(numbers) = state_numbers(kind) else {
                continue;
            };
            let steps = cells.saturating_sub(1) / numbers;
            if *schema == partial_schema(kind, steps) {
                return of(kind.word(), steps);
            }
        }
        of(VECTORS, cells)
    }

    fn schema(self) -> Result<SchemaRef, String> {
        let steps = steps(self.steps)?;
        Ok(match self.rows.as_str() {
            FOLDED => folded_schema(),
            SUBQUERY => Subquery::rows_schema(),
            VECTORS => step_schema(steps),
            kind => partial_schema(decomposable(kind, steps)?, steps),
        })
    }
}

/// The aggregation called `kind`, if its states can travel.
fn decomposable(kind: &str, steps: usize) -> Result<AccumulatorKind, String> {
    let decoded = AccumulatorKind::decode(kind)?;
    let numbers = state_numbers(decoded).ok_or_else(|| format!("{kind} has no parts"))?;
    if numbers * steps >= STEPS_MAX {
        return Err(format!("states of {steps} steps are too many"));
    }
    Ok(decoded)
}

/// Parts that follow each other.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct GatherMessage {
    #[prost(uint64, tag = "1")]
    parts: u64,
    #[prost(message, optional, tag = "2")]
    schema: Option<SchemaMessage>,
}

impl Coded for Gather {
    type Message = GatherMessage;

    fn encode(&self) -> GatherMessage {
        GatherMessage {
            parts: self.parts as u64,
            schema: Some(SchemaMessage::of(&self.schema)),
        }
    }

    fn decode(message: GatherMessage, _around: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            parts: message.parts as usize,
            schema: message.schema.ok_or("it has no schema")?.schema()?,
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        if count != self.parts {
            return Err(format!("it has {count} inputs and {} parts", self.parts));
        }
        Ok(vec![Shape::Same(Arc::clone(&self.schema)); count])
    }
}

/// Groups of some of the series.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PartialAggregateMessage {
    #[prost(message, optional, tag = "1")]
    groups: Option<GroupsMessage>,
}

/// Groups of all series.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FinalAggregateMessage {
    #[prost(message, optional, tag = "1")]
    groups: Option<GroupsMessage>,
}

/// What both say.
#[derive(Clone, PartialEq, prost::Message)]
struct GroupsMessage {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(message, optional, tag = "2")]
    grouping: Option<GroupingMessage>,
    #[prost(uint64, tag = "3")]
    steps: u64,
    #[prost(message, optional, tag = "4")]
    vector_span: Option<SpanMessage>,
}

impl GroupsMessage {
    fn of(kind: AccumulatorKind, grouping: &Grouping, steps: usize, vector_span: Span) -> Self {
        Self {
            kind: kind.encode(),
            grouping: Some(grouping.into()),
            steps: steps as u64,
            vector_span: Some(vector_span.into()),
        }
    }

    fn read(message: Option<Self>) -> Result<(AccumulatorKind, Grouping, usize, Span), String> {
        let message = message.ok_or("it has no groups")?;
        let steps = steps(message.steps)?;
        let kind = decomposable(&message.kind, steps)?;
        Ok((
            kind,
            grouping(message.grouping)?,
            steps,
            span(message.vector_span),
        ))
    }
}

impl Coded for PartialAggregate {
    type Message = PartialAggregateMessage;

    fn encode(&self) -> PartialAggregateMessage {
        let groups = GroupsMessage::of(self.kind, &self.grouping, self.steps, self.vector_span);
        PartialAggregateMessage { groups: Some(groups) }
    }

    fn decode(message: PartialAggregateMessage, around: &Surroundings) -> Result<Self, String> {
        let (kind, grouping, steps, vector_span) = GroupsMessage::read(message.groups)?;
        Ok(Self {
            kind,
            grouping,
            steps,
            annotations: Arc::clone(&around.annotations),
            vector_span,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        vectors(count, 1..=1, self.steps)
    }
}

impl Coded for FinalAggregate {
    type Message = FinalAggregateMessage;

    fn encode(&self) -> FinalAggregateMessage {
        let groups = GroupsMessage::of(self.kind, &self.grouping, self.steps, self.vector_span);
        FinalAggregateMessage { groups: Some(groups) }
    }

    fn decode(message: FinalAggregateMessage, around: &Surroundings) -> Result<Self, String> {
        let (kind, grouping, steps, vector_span) = GroupsMessage::read(message.groups)?;
        Ok(Self {
            kind,
            grouping,
            steps,
            annotations: Arc::clone(&around.annotations),
            vector_span,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        Ok(vec![Shape::Partial(self.kind, self.steps); count])
    }
}

/// Ranges of steps.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct StepsMergeMessage {
    #[prost(uint64, repeated, tag = "1")]
    lengths: Vec<u64>,
}

impl Coded for StepsMerge {
    type Message = StepsMergeMessage;

    fn encode(&self) -> StepsMergeMessage {
        StepsMergeMessage {
            lengths: self.lengths.iter().map(|length| *length as u64).collect(),
        }
    }

    fn decode(message: StepsMergeMessage, around: &Surroundings) -> Result<Self, String> {
        let lengths: Vec<usize> = message.lengths.into_iter().map(steps).collect::<Result<_, _>>()?;
        steps(lengths.iter().map(|length| *length as u64).sum())?;
        Ok(Self {
            lengths,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, _count: usize) -> Result<Vec<Shape>, String> {
        Ok(self.lengths.iter().map(|length| Shape::Steps(*length)).collect())
    }
}

/// A task.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct TaskMessage {
    #[prost(message, optional, tag = "1")]
    shard: Option<ShardMessage>,
    #[prost(uint64, tag = "2")]
    start: u64,
    #[prost(uint64, tag = "3")]
    end: u64,
    #[prost(uint64, tag = "4")]
    of: u64,
    #[prost(bytes = "vec", tag = "5")]
    plan: Vec<u8>,
    #[prost(message, optional, tag = "6")]
    schema: Option<SchemaMessage>,
}

impl Coded for Task {
    type Message = TaskMessage;

    fn encode(&self) -> TaskMessage {
        TaskMessage {
            shard: Some(self.shard.into()),
            start: self.range.steps.start as u64,
            end: self.range.steps.end as u64,
            of: self.range.of as u64,
            plan: self.plan.clone(),
            schema: Some(SchemaMessage::of(&self.schema)),
        }
    }

    fn decode(message: TaskMessage, around: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            shard: shard(message.shard)?,
            range: StepRange {
                steps: steps(message.start)?..steps(message.end)?,
                of: steps(message.of)?,
            },
            plan: message.plan,
            schema: message.schema.ok_or("it has no schema")?.schema()?,
            around: around.clone(),
        })
    }

    fn inputs(&self, _count: usize) -> Result<Vec<Shape>, String> {
        Ok(Vec::new())
    }
}
