//! Messages of what computes a sample from samples: constants, scalars, maps, matching.

use std::sync::Arc;

use super::Surroundings;
use super::coded::Coded;
use super::parts::{GridMessage, SpanMessage, grid, span};
use super::shape::{Shape, parameters, steps, vectors};
use super::words::Word;
use crate::functions::cell::cell_function;
use crate::functions::histogram_operator::OperatorNotes;
use crate::nodes::constant::{Constant, ConstantKind};
use crate::nodes::map::{Map, MapKind, histogram_function};
use crate::nodes::names::NameHandling;
use crate::nodes::scalar::{Scalar, ScalarKind};
use crate::nodes::vector_match::VectorMatch;
use crate::parser::ast::{Cardinality, VectorMatching};
use crate::parser::operators::BinaryOp;

/// A constant: a number, or the time without one.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct ConstantMessage {
    #[prost(message, optional, tag = "1")]
    grid: Option<GridMessage>,
    #[prost(double, optional, tag = "2")]
    number: Option<f64>,
}

impl Coded for Constant {
    type Message = ConstantMessage;

    fn encode(&self) -> ConstantMessage {
        ConstantMessage {
            grid: Some(self.grid.into()),
            number: match self.kind {
                ConstantKind::Number(number) => Some(number),
                ConstantKind::Time => None,
            },
        }
    }

    fn decode(message: ConstantMessage, around: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            kind: message.number.map_or(ConstantKind::Time, ConstantKind::Number),
            grid: grid(message.grid)?,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, _count: usize) -> Result<Vec<Shape>, String> {
        Ok(Vec::new())
    }
}

/// A scalar: an operator by its spelling, or one of the words below.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ScalarMessage {
    #[prost(uint64, tag = "1")]
    steps: u64,
    #[prost(string, tag = "2")]
    kind: String,
}

const LARGER: &str = "max_of";
const SMALLER: &str = "min_of";
const OF_VECTOR: &str = "scalar";
const NEGATE: &str = "negate";

impl Coded for Scalar {
    type Message = ScalarMessage;

    fn encode(&self) -> ScalarMessage {
        let kind = match self.kind {
            ScalarKind::Operator(op) => op.word(),
            ScalarKind::Larger => LARGER,
            ScalarKind::Smaller => SMALLER,
            ScalarKind::OfVector => OF_VECTOR,
            ScalarKind::Negate => NEGATE,
        };
        ScalarMessage {
            steps: self.steps as u64,
            kind: kind.to_owned(),
        }
    }

    fn decode(message: ScalarMessage, around: &Surroundings) -> Result<Self, String> {
        let kind = match message.kind.as_str() {
            LARGER => ScalarKind::Larger,
            SMALLER => ScalarKind::Smaller,
            OF_VECTOR => ScalarKind::OfVector,
            NEGATE => ScalarKind::Negate,
            op => ScalarKind::Operator(BinaryOp::decode(op)?),
        };
        Ok(Self {
            kind,
            steps: steps(message.steps)?,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        let wanted = match self.kind {
            ScalarKind::Operator(_) | ScalarKind::Larger | ScalarKind::Smaller => 2..=2,
            ScalarKind::OfVector | ScalarKind::Negate => 1..=1,
        };
        vectors(count, wanted, self.steps)
    }
}

/// A map.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct MapMessage {
    #[prost(message, optional, tag = "1")]
    grid: Option<GridMessage>,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(oneof = "MapOf", tags = "3, 4, 5, 6")]
    of: Option<MapOf>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum MapOf {
    /// A function of one number, by name.
    #[prost(string, tag = "3")]
    Function(String),
    /// A function of one native histogram, by name.
    #[prost(string, tag = "4")]
    Histogram(String),
    #[prost(message, tag = "5")]
    Operator(OperatorMessage),
    /// One of the words below.
    #[prost(string, tag = "6")]
    Word(String),
}

#[derive(Clone, PartialEq, prost::Message)]
struct OperatorMessage {
    #[prost(string, tag = "1")]
    op: String,
    #[prost(bool, tag = "2")]
    scalar_on_left: bool,
    #[prost(bool, tag = "3")]
    return_bool: bool,
    #[prost(message, optional, tag = "4")]
    span: Option<SpanMessage>,
}

const TIMESTAMP: &str = "timestamp";
const NOTHING: &str = "nothing";

impl Coded for Map {
    type Message = MapMessage;

    fn encode(&self) -> MapMessage {
        let of = match &self.kind {
            MapKind::Function(function) => MapOf::Function(function.name.to_owned()),
            MapKind::Histogram(function) => MapOf::Histogram(function.name.to_owned()),
            MapKind::Operator {
                op,
                scalar_on_left,
                return_bool,
                notes,
            } => MapOf::Operator(OperatorMessage {
                op: op.encode(),
                scalar_on_left: *scalar_on_left,
                return_bool: *return_bool,
                span: Some(notes.span.into()),
            }),
            MapKind::Negate => MapOf::Word(NEGATE.to_owned()),
            MapKind::Timestamp => MapOf::Word(TIMESTAMP.to_owned()),
            MapKind::Nothing => MapOf::Word(NOTHING.to_owned()),
        };
        MapMessage {
            grid: Some(self.grid.into()),
            name: self.name.encode(),
            of: Some(of),
        }
    }

    fn decode(message: MapMessage, around: &Surroundings) -> Result<Self, String> {
        let unknown = |name: &str| format!("{name}() is unknown");
        let kind = match message.of.ok_or("it is no kind of map that is known")? {
            MapOf::Function(name) => MapKind::Function(cell_function(&name).ok_or_else(|| unknown(&name))?),
            MapOf::Histogram(name) => {
                MapKind::Histogram(histogram_function(&name).ok_or_else(|| unknown(&name))?)
            }
            MapOf::Operator(operator) => MapKind::Operator {
                op: BinaryOp::decode(&operator.op)?,
                scalar_on_left: operator.scalar_on_left,
                return_bool: operator.return_bool,
                notes: OperatorNotes {
                    annotations: Arc::clone(&around.annotations),
                    span: span(operator.span),
                },
            },
            MapOf::Word(word) => match word.as_str() {
                NEGATE => MapKind::Negate,
                TIMESTAMP => MapKind::Timestamp,
                NOTHING => MapKind::Nothing,
                _ => return Err(unknown(&word)),
            },
        };
        Ok(Self {
            kind,
            grid: grid(message.grid)?,
            name: NameHandling::decode(&message.name)?,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        let scalars = match &self.kind {
            MapKind::Function(function) => parameters(function.name),
            MapKind::Operator { .. } => 1..=1,
            MapKind::Histogram(_) | MapKind::Negate | MapKind::Timestamp | MapKind::Nothing => 0..=0,
        };
        vectors(count, scalars.start() + 1..=scalars.end() + 1, self.grid.steps())
    }
}

/// An operator between vectors.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct MatchMessage {
    #[prost(string, tag = "1")]
    op: String,
    #[prost(bool, tag = "2")]
    return_bool: bool,
    #[prost(message, optional, tag = "3")]
    span: Option<SpanMessage>,
    #[prost(string, tag = "4")]
    card: String,
    #[prost(string, repeated, tag = "5")]
    labels: Vec<String>,
    #[prost(bool, tag = "6")]
    on: bool,
    #[prost(string, repeated, tag = "7")]
    include: Vec<String>,
    #[prost(double, optional, tag = "8")]
    fill_left: Option<f64>,
    #[prost(double, optional, tag = "9")]
    fill_right: Option<f64>,
    #[prost(uint64, tag = "10")]
    steps: u64,
    #[prost(bool, tag = "11")]
    delayed_name_removal: bool,
}

impl Coded for VectorMatch {
    type Message = MatchMessage;

    fn encode(&self) -> MatchMessage {
        MatchMessage {
            op: self.op.encode(),
            return_bool: self.return_bool,
            span: Some(self.notes.span.into()),
            card: self.matching.card.encode(),
            labels: self.matching.labels.clone(),
            on: self.matching.on,
            include: self.matching.include.clone(),
            fill_left: self.matching.fill_left,
            fill_right: self.matching.fill_right,
            steps: self.steps as u64,
            delayed_name_removal: self.delayed_name_removal,
        }
    }

    fn decode(message: MatchMessage, around: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            op: BinaryOp::decode(&message.op)?,
            return_bool: message.return_bool,
            notes: OperatorNotes {
                annotations: Arc::clone(&around.annotations),
                span: span(message.span),
            },
            matching: VectorMatching {
                card: Cardinality::decode(&message.card)?,
                labels: message.labels,
                on: message.on,
                include: message.include,
                fill_left: message.fill_left,
                fill_right: message.fill_right,
            },
            steps: steps(message.steps)?,
            delayed_name_removal: message.delayed_name_removal,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        vectors(count, 2..=2, self.steps)
    }
}
