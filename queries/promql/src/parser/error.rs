//! The error of a query that cannot be parsed.

use std::fmt;

use super::position::{Position, Span};

/// Why a query cannot be parsed. Displays as `1:5: parse error: …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Where the offending part begins; `None` only for an empty query.
    pub position: Option<Position>,
    /// The offending bytes.
    pub span: Span,
    /// What is wrong, worded as Prometheus words it.
    pub message: String,
}

impl ParseError {
    pub(super) fn new(query: &str, fault: Fault) -> Self {
        Self {
            position: (!query.is_empty()).then(|| Position::of(query, fault.span.start)),
            span: fault.span,
            message: fault.message,
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "{position}: parse error: {}", self.message),
            None => write!(f, "unknown position: parse error: {}", self.message),
        }
    }
}

impl std::error::Error for ParseError {}

/// A fault found by the lexer, the parser or the type check, before it is tied to the query's lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) span: Span,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
        }
    }
}
