//! PromQL text to a checked syntax tree, and back.
//!
//! Reading order: `token`, `lexer` and `literals` cut the text, `cursor` walks the tokens,
//! `expression` (operators), `selector` (names) and `modifiers` build the tree, `check` types it.

pub mod ast;
pub mod durations;
mod error;
pub mod operators;
pub mod position;
pub mod signatures;
pub mod vocabulary;

mod check;
mod cursor;
mod expression;
mod lexer;
mod literals;
mod modifiers;
mod pretty;
mod print;
mod selector;
mod token;

#[cfg(test)]
mod tests;

use engine_model::{Labels, Matcher};

pub use ast::{Expr, ValueType};
pub use durations::{DurationContext, resolve_durations};
pub use error::ParseError;
pub(crate) use literals::parse_number;
pub use position::{Position, Span};
pub use pretty::pretty;

/// Parts of the language that can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseOptions {
    /// `info`, `limitk`, `sort_by_label` and all others that Prometheus calls experimental.
    pub experimental_functions: bool,
    /// Arithmetic and functions where durations stand.
    pub duration_expressions: bool,
    /// `anchored` and `smoothed`.
    pub extended_range_selectors: bool,
    /// `fill`, `fill_left` and `fill_right`.
    pub binop_fill: bool,
}

impl ParseOptions {
    /// Everything switched on, as test scripts need it.
    pub const ALL: Self = Self {
        experimental_functions: true,
        duration_expressions: true,
        extended_range_selectors: true,
        binop_fill: true,
    };
}

impl Default for ParseOptions {
    /// What a Prometheus 3.14 without feature flags understands.
    fn default() -> Self {
        Self {
            experimental_functions: false,
            duration_expressions: true,
            extended_range_selectors: false,
            binop_fill: false,
        }
    }
}

/// Parses and type-checks an expression.
///
/// Duration expressions are left as they are written; see [`resolve_durations`].
pub fn parse_expr(query: &str, options: &ParseOptions) -> Result<Expr, ParseError> {
    let parsed = cursor::Cursor::new(query, options).run(cursor::Cursor::query);
    parsed
        .and_then(|mut expr| {
            check::check(query, &mut expr)?;
            Ok(expr)
        })
        .map_err(|fault| ParseError::new(query, fault))
}

/// Parses a selector such as the HTTP API's `match[]`. An empty set of matchers is not refused here.
pub fn parse_metric_selector(text: &str) -> Result<Vec<Matcher>, ParseError> {
    let options = ParseOptions::default();
    let parsed = cursor::Cursor::new(text, &options).run(cursor::Cursor::metric_selector);
    parsed.map_err(|fault| ParseError::new(text, fault))
}

/// The text of a literal in single, double or back quotes; `None` if it is none, or not UTF-8.
pub(crate) fn unquote_go(literal: &str) -> Option<String> {
    let options = ParseOptions::default();
    match parse_expr(literal, &options) {
        Ok(Expr::String(text)) if text.not_utf8.is_none() => Some(text.value),
        _ => None,
    }
}

/// Parses a metric with its labels: `name{a="b"}`, `{"name", a="b"}`, `{}`.
pub fn parse_metric(text: &str) -> Result<Labels, ParseError> {
    let options = ParseOptions::default();
    let parsed = cursor::Cursor::new(text, &options).run(cursor::Cursor::metric);
    parsed.map_err(|fault| ParseError::new(text, fault))
}
