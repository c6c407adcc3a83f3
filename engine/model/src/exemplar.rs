//! Exemplars: one observation behind a sample, with labels that lead to it, such as a trace id.

use crate::labels::Labels;
use crate::series::SeriesRef;

/// An exemplar's labels may have this many characters, names and values together (OpenMetrics 1.0).
pub const LABELS_CHARS_MAX: usize = 128;

/// An exemplar of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// The series that it belongs to.
    pub series: SeriesRef,
    /// Its own labels.
    pub labels: Labels,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// The observed value.
    pub value: f64,
}

impl Exemplar {
    /// Whether the labels keep within [`LABELS_CHARS_MAX`].
    pub fn labels_fit(&self) -> bool {
        let chars = |text: &str| text.chars().count();
        self.labels
            .iter()
            .map(|(name, value)| chars(name) + chars(value))
            .sum::<usize>()
            <= LABELS_CHARS_MAX
    }
}
