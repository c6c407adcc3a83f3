//! The value of a sample of either kind.

use std::sync::Arc;

use engine_model::Histogram;

/// A sample's value.
#[derive(Debug, Clone)]
pub(crate) enum SampleValue {
    /// Bits of a float.
    Float(u64),
    /// A native histogram.
    Histogram(Arc<Histogram>),
}

impl SampleValue {
    pub(crate) fn is_identical(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Histogram(a), Self::Histogram(b)) => a.is_identical(b),
            _ => false,
        }
    }
}
