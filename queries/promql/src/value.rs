//! What a query evaluates to.

use std::sync::Arc;

use engine_model::{FloatHistogram, Labels};

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
    /// The value; 0 when the sample is a native histogram.
    pub value: f64,
    /// The native histogram, when the sample is one.
    pub histogram: Option<Arc<FloatHistogram>>,
}

/// One series of a range.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeSeries {
    /// Labels of the series.
    pub labels: Labels,
    /// `(ms since the epoch, value)`, ascending.
    pub samples: Vec<(i64, f64)>,
    /// Native histograms with their times (ms since the epoch), ascending. A time has a float or a histogram.
    pub histograms: Vec<(i64, Arc<FloatHistogram>)>,
}
