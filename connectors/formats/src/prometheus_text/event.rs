//! What one line of exposition text says.

use crate::exposition::MetricType;

/// One line's content; borrowed from the input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// A sample.
    Sample(Sample<'a>),
    /// `# TYPE name type`.
    Type {
        /// Name of the metric family, escapes not resolved.
        name: &'a [u8],
        /// Its type.
        metric_type: MetricType,
    },
    /// `# HELP name text`.
    Help {
        /// Name of the metric family, escapes not resolved.
        name: &'a [u8],
        /// The text, escapes not resolved.
        text: &'a str,
    },
    /// Any other comment, `#` included.
    Comment(&'a [u8]),
}

/// One sample line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample<'a> {
    /// The bytes that name the series: from the name or brace to the last byte before the value's
    /// white space. Equal bytes under the same type name the same series.
    pub series: &'a [u8],
    /// The value; a parsed `NaN` has the canonical payload.
    pub value: f64,
    /// Explicit timestamp in ms since the epoch.
    pub timestamp: Option<i64>,
}
