//! Warnings and infos that a query gives besides its result, each once, with its place in the query.

use std::collections::BTreeSet;

use parking_lot::Mutex;

use crate::parser::{Position, Span};

/// Most warnings, and most infos, that one answer carries; the rest is counted.
const SHOWN_MAX: usize = 10;

/// Collects annotations while a query runs. Shared by all nodes of its plan.
#[derive(Debug)]
pub struct Annotations {
    query: String,
    warnings: Mutex<BTreeSet<String>>,
    infos: Mutex<BTreeSet<String>>,
}

impl Annotations {
    /// No annotations yet, for `query`.
    pub fn new(query: &str) -> Self {
        Self {
            query: query.to_owned(),
            warnings: Mutex::default(),
            infos: Mutex::default(),
        }
    }

    /// Adds a warning about the part of the query at `span`.
    pub fn warn(&self, message: &str, span: Span) {
        let text = format!(
            "PromQL warning: {message} ({})",
            Position::of(&self.query, span.start)
        );
        self.warnings.lock().insert(text);
    }

    /// Adds an info about the part of the query at `span`.
    pub fn info(&self, message: &str, span: Span) {
        let text = format!(
            "PromQL info: {message} ({})",
            Position::of(&self.query, span.start)
        );
        self.infos.lock().insert(text);
    }

    /// All warnings.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().iter().cloned().collect()
    }

    /// All infos.
    pub fn infos(&self) -> Vec<String> {
        self.infos.lock().iter().cloned().collect()
    }
}

/// At most ten of `all`, with a line that counts what was left out; `kind` is `warning` or `info`.
pub fn shorten(mut all: Vec<String>, kind: &str) -> Vec<String> {
    if all.len() > SHOWN_MAX {
        let omitted = all.len() - SHOWN_MAX;
        all.truncate(SHOWN_MAX);
        all.push(format!("{omitted} more {kind} annotations omitted"));
    }
    all
}
