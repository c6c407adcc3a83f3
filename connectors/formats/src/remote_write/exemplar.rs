//! Exemplars as they are sent.

use std::ops::Range;

use super::labels::{LabelPairs, ReferenceError};

/// An exemplar of the series that it came with.
#[derive(Debug, Clone)]
pub struct SentExemplar {
    /// The observed value.
    pub value: f64,
    /// Milliseconds since the epoch; 0 when it is not said.
    pub timestamp: i64,
    /// Why its labels make no sense; they are empty then. Version 2.0 only.
    pub fault: Option<ReferenceError>,
    /// Where its labels are among those of the series' exemplars.
    pub(super) labels: Range<usize>,
}

/// The exemplars of one series.
#[derive(Debug, Default)]
pub(super) struct Exemplars {
    pub(super) list: Vec<SentExemplar>,
    /// Their labels, one exemplar after the other, in the encoding of a label set.
    pub(super) texts: Vec<u8>,
}

impl Exemplars {
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.texts.clear();
    }

    pub(super) fn labels(&self, exemplar: &SentExemplar) -> LabelPairs<'_> {
        LabelPairs::texts(self.texts.get(exemplar.labels.clone()).unwrap_or_default())
    }
}
