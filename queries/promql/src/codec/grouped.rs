//! Messages of what looks at groups of series: aggregations, absence, classic histograms.

use std::sync::Arc;

use super::Surroundings;
use super::coded::Coded;
use super::parts::{GridMessage, GroupingMessage, SpanMessage, grid, grouping, labels, span};
use super::shape::{Shape, steps, vectors};
use super::words::Word;
use crate::functions::accumulator::AccumulatorKind;
use crate::nodes::absent::Absent;
use crate::nodes::aggregate::{Aggregate, ParameterNotes};
use crate::nodes::classic_histogram::{ClassicHistogram, HistogramQuestion};
use crate::nodes::count_values::CountValues;
use crate::nodes::names::NameHandling;
use crate::nodes::topk::{TopK, TopKind};
use crate::parser::Span;

/// An aggregation.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AggregateMessage {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(message, optional, tag = "2")]
    grouping: Option<GroupingMessage>,
    #[prost(message, optional, tag = "3")]
    grid: Option<GridMessage>,
    #[prost(message, optional, tag = "4")]
    parameter_span: Option<SpanMessage>,
    #[prost(message, optional, tag = "5")]
    vector_span: Option<SpanMessage>,
}

fn notes(parameter: Option<SpanMessage>, around: &Surroundings) -> ParameterNotes {
    ParameterNotes {
        annotations: Arc::clone(&around.annotations),
        span: span(parameter),
    }
}

impl Coded for Aggregate {
    type Message = AggregateMessage;

    fn encode(&self) -> AggregateMessage {
        AggregateMessage {
            kind: self.kind.encode(),
            grouping: Some((&self.grouping).into()),
            grid: Some(self.grid.into()),
            parameter_span: Some(self.notes.span.into()),
            vector_span: Some(self.vector_span.into()),
        }
    }

    fn decode(message: AggregateMessage, around: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            kind: AccumulatorKind::decode(&message.kind)?,
            grouping: grouping(message.grouping)?,
            grid: grid(message.grid)?,
            notes: notes(message.parameter_span, around),
            vector_span: span(message.vector_span),
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        let wanted = match self.kind {
            AccumulatorKind::Quantile => 2..=2,
            _ => 1..=1,
        };
        vectors(count, wanted, self.grid.steps())
    }
}

/// A choice of elements.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct TopKMessage {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(message, optional, tag = "2")]
    grouping: Option<GroupingMessage>,
    #[prost(uint64, tag = "3")]
    steps: u64,
    #[prost(message, optional, tag = "4")]
    parameter_span: Option<SpanMessage>,
    #[prost(message, optional, tag = "5")]
    span: Option<SpanMessage>,
}

impl Coded for TopK {
    type Message = TopKMessage;

    fn encode(&self) -> TopKMessage {
        TopKMessage {
            kind: self.kind.encode(),
            grouping: Some((&self.grouping).into()),
            steps: self.steps as u64,
            parameter_span: Some(self.notes.span.into()),
            span: Some(self.span.into()),
        }
    }

    fn decode(message: TopKMessage, around: &Surroundings) -> Result<Self, String> {
        let steps = steps(message.steps)?;
        if steps == 0 {
            return Err("it has no steps".to_owned());
        }
        Ok(Self {
            kind: TopKind::decode(&message.kind)?,
            grouping: grouping(message.grouping)?,
            steps,
            notes: notes(message.parameter_span, around),
            span: span(message.span),
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        vectors(count, 2..=2, self.steps)
    }
}

/// A count of values.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CountValuesMessage {
    #[prost(string, tag = "1")]
    label: String,
    #[prost(message, optional, tag = "2")]
    grouping: Option<GroupingMessage>,
    #[prost(uint64, tag = "3")]
    steps: u64,
}

impl Coded for CountValues {
    type Message = CountValuesMessage;

    fn encode(&self) -> CountValuesMessage {
        CountValuesMessage {
            label: self.label.clone(),
            grouping: Some((&self.grouping).into()),
            steps: self.steps as u64,
        }
    }

    fn decode(message: CountValuesMessage, around: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            label: message.label,
            grouping: grouping(message.grouping)?,
            steps: steps(message.steps)?,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        vectors(count, 1..=1, self.steps)
    }
}

/// What is absent.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AbsentMessage {
    #[prost(bytes = "vec", tag = "1")]
    labels: Vec<u8>,
    #[prost(uint64, tag = "2")]
    steps: u64,
    #[prost(bool, tag = "3")]
    drop_name: bool,
}

impl Coded for Absent {
    type Message = AbsentMessage;

    fn encode(&self) -> AbsentMessage {
        AbsentMessage {
            labels: self.labels.encoded().to_vec(),
            steps: self.steps as u64,
            drop_name: self.drop_name,
        }
    }

    fn decode(message: AbsentMessage, around: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            labels: labels(&message.labels)?,
            steps: steps(message.steps)?,
            drop_name: message.drop_name,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        vectors(count, 1..=1, self.steps)
    }
}

/// A question about histograms.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct BucketsMessage {
    /// One of the words below.
    #[prost(string, tag = "1")]
    question: String,
    /// The label that quantiles are written into.
    #[prost(string, tag = "2")]
    label: String,
    #[prost(message, optional, tag = "3")]
    grid: Option<GridMessage>,
    #[prost(string, tag = "4")]
    name: String,
    #[prost(message, repeated, tag = "5")]
    parameter_spans: Vec<SpanMessage>,
    #[prost(message, optional, tag = "6")]
    vector_span: Option<SpanMessage>,
}

const QUANTILE: &str = "quantile";
const QUANTILES: &str = "quantiles";
const FRACTION: &str = "fraction";

impl Coded for ClassicHistogram {
    type Message = BucketsMessage;

    fn encode(&self) -> BucketsMessage {
        let (question, label) = match &self.question {
            HistogramQuestion::Quantile => (QUANTILE, ""),
            HistogramQuestion::Quantiles(label) => (QUANTILES, label.as_str()),
            HistogramQuestion::Fraction => (FRACTION, ""),
        };
        BucketsMessage {
            question: question.to_owned(),
            label: label.to_owned(),
            grid: Some(self.grid.into()),
            name: self.name.encode(),
            parameter_spans: self.parameter_spans.iter().map(|span| (*span).into()).collect(),
            vector_span: Some(self.vector_span.into()),
        }
    }

    fn decode(message: BucketsMessage, around: &Surroundings) -> Result<Self, String> {
        let question = match message.question.as_str() {
            QUANTILE => HistogramQuestion::Quantile,
            QUANTILES => HistogramQuestion::Quantiles(message.label),
            FRACTION => HistogramQuestion::Fraction,
            other => return Err(format!("{other:?} is no question about histograms")),
        };
        Ok(Self {
            question,
            grid: grid(message.grid)?,
            name: NameHandling::decode(&message.name)?,
            annotations: Arc::clone(&around.annotations),
            parameter_spans: message.parameter_spans.into_iter().map(Span::from).collect(),
            vector_span: span(message.vector_span),
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        let parameters = match self.question {
            HistogramQuestion::Quantile => 1,
            HistogramQuestion::Fraction => 2,
            HistogramQuestion::Quantiles(_) => self.parameter_spans.len(),
        };
        vectors(count, parameters + 1..=parameters + 1, self.grid.steps())
    }
}
