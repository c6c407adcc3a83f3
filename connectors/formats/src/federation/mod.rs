//! Federation: the newest samples of series as an exposition, in text or as protobuf messages. Nothing is known of
//! types, so floats are untyped. Source of the rules: Prometheus's `web/federate.go` and `expfmt`.

mod negotiate;
mod protobuf;
mod text;

use std::sync::Arc;

use engine_model::Histogram;
use engine_model::histogram::{CUSTOM_BUCKETS_SCHEMA, ResetHint};

pub use negotiate::{Format, Names, negotiate};
pub use protobuf::write_delimited;
pub use text::write_text;

/// Metrics of one name and kind.
#[derive(Debug, Clone)]
pub struct Family {
    /// Name of the metrics.
    pub name: String,
    /// Kind of the metrics.
    pub kind: FamilyKind,
    /// The metrics.
    pub metrics: Vec<Metric>,
}

/// Kinds of families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// Floats.
    Untyped,
    /// Histograms that count.
    Histogram,
    /// Histograms that go up and down.
    GaugeHistogram,
}

/// One series with its newest sample.
#[derive(Debug, Clone)]
pub struct Metric {
    /// Labels without the name, in the order in which they are written.
    pub labels: Vec<(String, String)>,
    /// Time of the sample, ms since the epoch.
    pub timestamp_ms: i64,
    /// The sample.
    pub value: Newest,
}

/// A newest sample.
#[derive(Debug, Clone)]
pub enum Newest {
    /// A float.
    Float(f64),
    /// A native histogram.
    Histogram(Arc<Histogram>),
}

impl Newest {
    /// The kind of the family that it belongs to.
    pub fn kind(&self) -> FamilyKind {
        match self {
            Self::Float(_) => FamilyKind::Untyped,
            Self::Histogram(histogram) if histogram.reset_hint == ResetHint::Gauge => {
                FamilyKind::GaugeHistogram
            }
            Self::Histogram(_) => FamilyKind::Histogram,
        }
    }

    /// Whether text can say it: of native histograms only those with custom bounds, as classic ones.
    pub fn fits_text(&self) -> bool {
        match self {
            Self::Float(_) => true,
            Self::Histogram(histogram) => histogram.schema == CUSTOM_BUCKETS_SCHEMA,
        }
    }
}

/// Bounds and cumulative counts of a histogram with custom bounds, without +Inf.
fn classic_buckets(histogram: &engine_model::FloatHistogram) -> Vec<(f64, f64)> {
    let mut counts = vec![0.0; histogram.custom_values.len() + 1];
    let mut index = 0i64;
    let mut buckets = histogram.positive.iter();
    for span in &histogram.positive_spans {
        index += i64::from(span.offset);
        for _ in 0..span.length {
            let count = buckets.next().copied().unwrap_or_default();
            if let Some(slot) = usize::try_from(index)
                .ok()
                .and_then(|index| counts.get_mut(index))
            {
                *slot += count;
            }
            index += 1;
        }
    }
    let mut sum = 0.0;
    let bounds = histogram.custom_values.iter().zip(counts);
    bounds
        .map(|(bound, count)| {
            sum += count;
            (*bound, sum)
        })
        .collect()
}

#[cfg(test)]
mod tests;
