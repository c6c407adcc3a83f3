//! What a query evaluates to.

use engine_model::Labels;

/// The value of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// One number at one instant.
    Scalar {
        /// ms since the epoch.
        at_ms: i64,
        /// The number.
        value: f64,
    },
    /// A text.
    String {
        /// ms since the epoch.
        at_ms: i64,
        /// The text.
        value: String,
    },
    /// Series with one sample each.
    Vector(Vec<VectorElement>),
    /// Series with samples over time, ordered by labels.
    Matrix(Vec<RangeSeries>),
}

/// One element of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorElement {
    /// Labels of the series.
    pub labels: Labels,
    /// Instant of the query, ms since the epoch.
    pub at_ms: i64,
    /// The value.
    pub value: f64,
}

/// One series of a range.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeSeries {
    /// Labels of the series.
    pub labels: Labels,
    /// `(ms since the epoch, value)`, ascending.
    pub samples: Vec<(i64, f64)>,
}
