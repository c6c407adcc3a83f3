//! The sample that stands where a counter began: 0, or for native histograms the empty one.

use engine_model::histogram::{Counts, Histogram, ResetHint};

/// The histogram that was there before the first observation: of the same buckets, so that both fit together.
pub(crate) fn empty_histogram(of: &Histogram) -> Histogram {
    Histogram {
        schema: of.schema,
        reset_hint: ResetHint::Reset,
        zero_threshold: of.zero_threshold,
        sum: 0.0,
        positive_spans: Vec::new(),
        negative_spans: Vec::new(),
        custom_values: of.custom_values.clone(),
        counts: match &of.counts {
            Counts::Integer { .. } => Counts::Integer {
                count: 0,
                zero: 0,
                positive: Vec::new(),
                negative: Vec::new(),
            },
            Counts::Float { .. } => Counts::Float {
                count: 0.0,
                zero: 0.0,
                positive: Vec::new(),
                negative: Vec::new(),
            },
        },
    }
}
