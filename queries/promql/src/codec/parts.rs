//! Parts that several nodes have: grids, places in the query, matchers, groupings.

use engine_model::{Labels, MatchOp, Matcher};

use super::shape::steps;
use super::words::Word;
use crate::grid::Grid;
use crate::nodes::aggregate::Grouping;
use crate::parser::Span;

/// Instants.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct GridMessage {
    #[prost(sint64, tag = "1")]
    start_ms: i64,
    #[prost(sint64, tag = "2")]
    end_ms: i64,
    #[prost(sint64, tag = "3")]
    step_ms: i64,
    #[prost(uint64, tag = "4")]
    steps: u64,
}

impl From<Grid> for GridMessage {
    fn from(grid: Grid) -> Self {
        Self {
            start_ms: grid.start_ms,
            end_ms: grid.end_ms,
            step_ms: grid.step_ms,
            steps: grid.steps() as u64,
        }
    }
}

/// The grid that was sent; without one the node makes no sense.
pub(super) fn grid(message: Option<GridMessage>) -> Result<Grid, String> {
    let message = message.ok_or("it has no instants")?;
    let steps = steps(message.steps)?;
    Grid::of_parts(message.start_ms, message.end_ms, message.step_ms, steps)
        .ok_or_else(|| "its instants are beyond the range of times".to_owned())
}

/// A place in the query.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct SpanMessage {
    #[prost(uint64, tag = "1")]
    start: u64,
    #[prost(uint64, tag = "2")]
    end: u64,
}

impl From<Span> for SpanMessage {
    fn from(span: Span) -> Self {
        Self {
            start: span.start as u64,
            end: span.end as u64,
        }
    }
}

impl From<SpanMessage> for Span {
    fn from(message: SpanMessage) -> Self {
        Self::new(message.start as usize, message.end as usize)
    }
}

/// The place that was sent; the beginning of the query without one.
pub(super) fn span(message: Option<SpanMessage>) -> Span {
    message.map(Span::from).unwrap_or_default()
}

/// A condition on a label.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct MatcherMessage {
    #[prost(string, tag = "1")]
    op: String,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "3")]
    value: String,
}

/// What is sent of matchers.
pub(super) fn of_matchers(matchers: &[Matcher]) -> Vec<MatcherMessage> {
    let of_one = |matcher: &Matcher| MatcherMessage {
        op: matcher.op.encode(),
        name: matcher.name.clone(),
        value: matcher.value.clone(),
    };
    matchers.iter().map(of_one).collect()
}

/// The matchers that were sent.
pub(super) fn matchers(messages: Vec<MatcherMessage>) -> Result<Vec<Matcher>, String> {
    let one = |message: MatcherMessage| {
        let op = MatchOp::decode(&message.op)?;
        Matcher::new(op, message.name, message.value).map_err(|error| error.to_string())
    };
    messages.into_iter().map(one).collect()
}

/// How series are grouped.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct GroupingMessage {
    #[prost(string, repeated, tag = "1")]
    labels: Vec<String>,
    #[prost(bool, tag = "2")]
    without: bool,
}

impl From<&Grouping> for GroupingMessage {
    fn from(grouping: &Grouping) -> Self {
        Self {
            labels: grouping.labels.clone(),
            without: grouping.without,
        }
    }
}

/// The grouping that was sent.
pub(super) fn grouping(message: Option<GroupingMessage>) -> Result<Grouping, String> {
    let message = message.ok_or("it has no grouping")?;
    Ok(Grouping {
        labels: message.labels,
        without: message.without,
    })
}

/// The labels that were sent.
pub(super) fn labels(encoded: &[u8]) -> Result<Labels, String> {
    Labels::from_encoded(encoded).map_err(|error| error.to_string())
}
