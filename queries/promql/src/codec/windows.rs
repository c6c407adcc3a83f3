//! Messages of scans, windows over them, and what stands between steps and samples.

use std::sync::Arc;

use queries_tables::SeriesScan;

use super::Surroundings;
use super::coded::Coded;
use super::parts::{GridMessage, MatcherMessage, SpanMessage, grid, matchers, of_matchers, span};
use super::shape::{Shape, parameters, steps, vectors};
use super::words::Word;
use crate::functions::extended::EdgeRule;
use crate::functions::range::{RangeEvaluation, range_function};
use crate::nodes::looks::Part;
use crate::nodes::names::NameHandling;
use crate::nodes::range_notes::RangeNotes;
use crate::nodes::repeat::Repeat;
use crate::nodes::subquery::Subquery;
use crate::nodes::window::{Shown, Window, WindowKind};

/// A scan: what is selected.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ScanMessage {
    #[prost(message, repeated, tag = "1")]
    matchers: Vec<MatcherMessage>,
    #[prost(sint64, tag = "2")]
    min_ms: i64,
    #[prost(sint64, tag = "3")]
    max_ms: i64,
}

impl Coded for SeriesScan {
    type Message = ScanMessage;

    fn encode(&self) -> ScanMessage {
        ScanMessage {
            matchers: of_matchers(&self.matchers),
            min_ms: self.min_ms,
            max_ms: self.max_ms,
        }
    }

    fn decode(message: ScanMessage, around: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            snapshot: Arc::clone(&around.snapshot),
            matchers: matchers(message.matchers)?,
            min_ms: message.min_ms,
            max_ms: message.max_ms,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, _count: usize) -> Result<Vec<Shape>, String> {
        Ok(Vec::new())
    }
}

/// A window.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct WindowMessage {
    #[prost(message, optional, tag = "1")]
    grid: Option<GridMessage>,
    #[prost(message, optional, tag = "2")]
    query_grid: Option<GridMessage>,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(bool, tag = "4")]
    tell_resets: bool,
    #[prost(oneof = "WindowOf", tags = "5, 6, 7")]
    of: Option<WindowOf>,
    #[prost(message, optional, tag = "8")]
    looks: Option<LooksMessage>,
}

/// Where a window counts samples.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct LooksMessage {
    #[prost(uint32, tag = "1")]
    window: u32,
    #[prost(uint64, tag = "2")]
    first: u64,
    #[prost(uint64, tag = "3")]
    counts_from: u64,
}

impl From<Part> for LooksMessage {
    fn from(part: Part) -> Self {
        Self {
            window: part.window,
            first: part.first as u64,
            counts_from: part.counts_from as u64,
        }
    }
}

fn part(message: Option<LooksMessage>) -> Result<Part, String> {
    let message = message.ok_or("it does not say where it counts")?;
    Ok(Part {
        window: message.window,
        first: steps(message.first)?,
        counts_from: steps(message.counts_from)?,
    })
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum WindowOf {
    #[prost(message, tag = "5")]
    Newest(NewestMessage),
    #[prost(message, tag = "6")]
    Smoothed(SmoothedMessage),
    #[prost(message, tag = "7")]
    Range(RangeMessage),
}

#[derive(Clone, PartialEq, prost::Message)]
struct NewestMessage {
    #[prost(sint64, tag = "1")]
    lookback_ms: i64,
    #[prost(string, tag = "2")]
    shown: String,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct SmoothedMessage {
    #[prost(sint64, tag = "1")]
    lookback_ms: i64,
    #[prost(message, optional, tag = "2")]
    span: Option<SpanMessage>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RangeMessage {
    #[prost(string, tag = "1")]
    function: String,
    /// How the edges of the window are treated, if not plainly.
    #[prost(string, optional, tag = "2")]
    edges: Option<String>,
    #[prost(sint64, tag = "3")]
    before_ms: i64,
    #[prost(sint64, tag = "4")]
    after_ms: i64,
    #[prost(sint64, tag = "5")]
    range_ms: i64,
    #[prost(bool, tag = "6")]
    type_and_unit_labels: bool,
    #[prost(message, optional, tag = "7")]
    span: Option<SpanMessage>,
}

impl RangeMessage {
    fn decode(self, around: &Surroundings) -> Result<WindowKind, String> {
        let function =
            range_function(&self.function).ok_or_else(|| format!("{}() is unknown", self.function))?;
        let edges = self.edges.as_deref().map(EdgeRule::decode).transpose()?;
        let evaluate = match edges {
            None => Some(function.evaluate),
            Some(EdgeRule::Anchored) => function.anchored,
            Some(EdgeRule::Smoothed) => function.smoothed,
        };
        let evaluation = RangeEvaluation {
            evaluate: evaluate.ok_or_else(|| {
                let edges = self.edges.as_deref().unwrap_or_default();
                format!("{}() has no {edges} form", function.name)
            })?,
            edges,
            before_ms: self.before_ms,
            after_ms: self.after_ms,
        };
        let notes = RangeNotes {
            function,
            type_and_unit_labels: self.type_and_unit_labels,
            annotations: Arc::clone(&around.annotations),
            span: span(self.span),
        };
        Ok(WindowKind::Range {
            evaluation,
            range_ms: self.range_ms,
            notes,
        })
    }
}

impl Coded for Window {
    type Message = WindowMessage;

    fn encode(&self) -> WindowMessage {
        let of = match &self.kind {
            WindowKind::Newest { lookback_ms, shown } => WindowOf::Newest(NewestMessage {
                lookback_ms: *lookback_ms,
                shown: shown.encode(),
            }),
            WindowKind::Smoothed {
                lookback_ms, span, ..
            } => WindowOf::Smoothed(SmoothedMessage {
                lookback_ms: *lookback_ms,
                span: Some((*span).into()),
            }),
            WindowKind::Range {
                evaluation,
                range_ms,
                notes,
            } => WindowOf::Range(RangeMessage {
                function: notes.function.name.to_owned(),
                edges: evaluation.edges.map(Word::encode),
                before_ms: evaluation.before_ms,
                after_ms: evaluation.after_ms,
                range_ms: *range_ms,
                type_and_unit_labels: notes.type_and_unit_labels,
                span: Some(notes.span.into()),
            }),
        };
        WindowMessage {
            grid: Some(self.grid.into()),
            query_grid: Some(self.query_grid.into()),
            name: self.name.encode(),
            tell_resets: self.tell_resets,
            of: Some(of),
            looks: Some(self.looks.part().into()),
        }
    }

    fn decode(message: WindowMessage, around: &Surroundings) -> Result<Self, String> {
        let kind = match message.of.ok_or("it is no kind of window that is known")? {
            WindowOf::Newest(newest) => WindowKind::Newest {
                lookback_ms: newest.lookback_ms,
                shown: Shown::decode(&newest.shown)?,
            },
            WindowOf::Smoothed(smoothed) => WindowKind::Smoothed {
                lookback_ms: smoothed.lookback_ms,
                annotations: Arc::clone(&around.annotations),
                span: span(smoothed.span),
            },
            WindowOf::Range(range) => range.decode(around)?,
        };
        let (grid, query_grid) = (grid(message.grid)?, grid(message.query_grid)?);
        if grid.steps() > query_grid.steps() {
            return Err("it has more windows than the query has steps".to_owned());
        }
        Ok(Self {
            kind,
            grid,
            query_grid,
            name: NameHandling::decode(&message.name)?,
            tell_resets: message.tell_resets,
            budget: Arc::clone(&around.budget),
            looks: around.ledger.of_part(part(message.looks)?),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        let parameters = match &self.kind {
            WindowKind::Range { notes, .. } => parameters(notes.function.name),
            WindowKind::Newest { .. } | WindowKind::Smoothed { .. } => 0..=0,
        };
        let of_parameters = vectors(count.saturating_sub(1), parameters, self.grid.steps())?;
        Ok(std::iter::once(Shape::Folded).chain(of_parameters).collect())
    }
}

/// A subquery.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct SubqueryMessage {
    #[prost(message, optional, tag = "1")]
    grid: Option<GridMessage>,
}

impl Coded for Subquery {
    type Message = SubqueryMessage;

    fn encode(&self) -> SubqueryMessage {
        SubqueryMessage {
            grid: Some(self.grid.into()),
        }
    }

    fn decode(message: SubqueryMessage, around: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            grid: grid(message.grid)?,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        vectors(count, 1..=1, self.grid.steps())
    }
}

/// Steps that are all the same.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct RepeatMessage {
    #[prost(uint64, tag = "1")]
    steps: u64,
}

impl Coded for Repeat {
    type Message = RepeatMessage;

    fn encode(&self) -> RepeatMessage {
        RepeatMessage {
            steps: self.steps as u64,
        }
    }

    fn decode(message: RepeatMessage, around: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            steps: steps(message.steps)?,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        vectors(count, 1..=1, 1)
    }
}
