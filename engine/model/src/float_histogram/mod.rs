//! Native histograms as queries compute with them: float counts, absolute buckets. Sums and differences meet
//! in the coarser resolution, the wider zero bucket and the bounds that both have, as Prometheus's
//! `model/histogram` decides, with its order of float operations: results are equal to the last bit.
//! `layout`, `merge`, `zero`, `custom` and `bounds` are what `arithmetic` is made of; `bucket` walks, `quantile`,
//! `statistics`, `trim` and `reset` ask, `codec` and `text` write.

mod arithmetic;
mod bounds;
mod bounds_table;
mod bucket;
mod codec;
mod custom;
mod kahan;
mod layout;
mod merge;
mod quantile;
mod reset;
mod statistics;
mod text;
mod trim;
mod zero;

#[cfg(test)]
mod tests;

pub use arithmetic::{AddNotes, IncompatibleBuckets};
pub use bucket::Bucket;
pub use quantile::{QuantileNotes, fraction, quantile};
pub use statistics::{average, std_dev, std_var};

use crate::histogram::{CUSTOM_BUCKETS_SCHEMA, Counts, Histogram, ResetHint, Span};

/// A native histogram with float counts. Fields as in [`Histogram`], but all counts are absolute.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FloatHistogram {
    /// Resolution: bounds grow by 2^(2^−schema), or [`CUSTOM_BUCKETS_SCHEMA`].
    pub schema: i32,
    /// What it says about a counter reset before it.
    pub reset_hint: ResetHint,
    /// Half width of the zero bucket.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// All observations.
    pub count: f64,
    /// Sum of observations.
    pub sum: f64,
    /// Where the positive (or custom) buckets are.
    pub positive_spans: Vec<Span>,
    /// Where the negative buckets are.
    pub negative_spans: Vec<Span>,
    /// Observations in the positive (or custom) buckets.
    pub positive: Vec<f64>,
    /// Observations in the negative buckets.
    pub negative: Vec<f64>,
    /// Upper bounds of custom buckets, ascending, without +Inf.
    pub custom_values: Vec<f64>,
}

impl FloatHistogram {
    /// The same histogram, its counts as floats.
    pub fn from_histogram(histogram: &Histogram) -> Self {
        let (count, zero_count, positive, negative) = match &histogram.counts {
            Counts::Integer {
                count,
                zero,
                positive,
                negative,
            } => (
                *count as f64,
                *zero as f64,
                absolute(positive),
                absolute(negative),
            ),
            Counts::Float {
                count,
                zero,
                positive,
                negative,
            } => (*count, *zero, positive.clone(), negative.clone()),
        };
        Self {
            schema: histogram.schema,
            reset_hint: histogram.reset_hint,
            zero_threshold: histogram.zero_threshold,
            zero_count,
            count,
            sum: histogram.sum,
            positive_spans: histogram.positive_spans.clone(),
            negative_spans: histogram.negative_spans.clone(),
            positive,
            negative,
            custom_values: histogram.custom_values.clone(),
        }
    }

    /// The same histogram as it is stored, with [`Counts::Float`].
    pub fn to_histogram(&self) -> Histogram {
        Histogram {
            schema: self.schema,
            reset_hint: self.reset_hint,
            zero_threshold: self.zero_threshold,
            sum: self.sum,
            positive_spans: self.positive_spans.clone(),
            negative_spans: self.negative_spans.clone(),
            custom_values: self.custom_values.clone(),
            counts: Counts::Float {
                count: self.count,
                zero: self.zero_count,
                positive: self.positive.clone(),
                negative: self.negative.clone(),
            },
        }
    }

    /// Whether the bounds are [`FloatHistogram::custom_values`].
    pub fn uses_custom_buckets(&self) -> bool {
        self.schema == CUSTOM_BUCKETS_SCHEMA
    }

    /// Whether both hold the same data: counts and sum bit by bit, the same buckets, empty ones too, however
    /// spans divide them. Reset hints are not compared.
    pub fn equals(&self, other: &Self) -> bool {
        let custom = self.uses_custom_buckets();
        self.schema == other.schema
            && self.count.to_bits() == other.count.to_bits()
            && self.sum.to_bits() == other.sum.to_bits()
            && (!custom || bounds::custom_bounds_match(&self.custom_values, &other.custom_values))
            && self.zero_threshold == other.zero_threshold
            && self.zero_count.to_bits() == other.zero_count.to_bits()
            && same_buckets(
                (&self.negative_spans, &self.negative),
                (&other.negative_spans, &other.negative),
            )
            && same_buckets(
                (&self.positive_spans, &self.positive),
                (&other.positive_spans, &other.positive),
            )
    }

    /// Whether a count, the sum or a bound is infinite.
    pub fn has_overflow(&self) -> bool {
        let scalars = [self.zero_count, self.count, self.sum];
        let buckets = self.positive.iter().chain(&self.negative);
        let all = scalars.iter().chain(buckets).chain(&self.custom_values);
        all.copied().any(f64::is_infinite)
    }

    /// Merges buckets until the resolution is that of the coarser `schema`. Custom buckets, and histograms
    /// that are as coarse already, stay as they are.
    pub fn reduce_resolution(&mut self, schema: i32) {
        if self.uses_custom_buckets() || schema >= self.schema || schema == CUSTOM_BUCKETS_SCHEMA {
            return;
        }
        let step = (self.schema, schema);
        let positive = layout::coarsen(&self.positive_spans, &self.positive, None, step);
        let negative = layout::coarsen(&self.negative_spans, &self.negative, None, step);
        (self.positive_spans, self.positive) = (positive.spans, positive.counts);
        (self.negative_spans, self.negative) = (negative.spans, negative.counts);
        self.schema = schema;
    }

    /// A copy in the coarser `schema`; what it says about resets is lost if the schema differs.
    pub fn copy_to_schema(&self, schema: i32) -> Self {
        let mut copy = self.clone();
        copy.reduce_resolution(schema);
        if copy.schema != self.schema {
            copy.reset_hint = ResetHint::Unknown;
        }
        copy
    }

    /// Drops empty buckets, but keeps up to `max_empty_buckets` of them between two that are not.
    pub fn compact(&mut self, max_empty_buckets: usize) {
        layout::compact(
            &mut self.positive_spans,
            &mut self.positive,
            None,
            max_empty_buckets,
        );
        layout::compact(
            &mut self.negative_spans,
            &mut self.negative,
            None,
            max_empty_buckets,
        );
    }

    /// Bytes of memory held, itself included.
    pub fn memory_bytes(&self) -> usize {
        let buckets = self.positive.len() + self.negative.len() + self.custom_values.len();
        size_of::<Self>() + 8 * (buckets + self.positive_spans.len() + self.negative_spans.len())
    }
}

fn absolute(deltas: &[i64]) -> Vec<f64> {
    let mut count = 0i64;
    let running = deltas.iter().map(|delta| {
        count = count.wrapping_add(*delta);
        count as f64
    });
    running.collect()
}

fn same_buckets(a: (&[Span], &[f64]), b: (&[Span], &[f64])) -> bool {
    let same_bits = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
    a.1.len() == b.1.len()
        && (a.0 == b.0 || layout::indices(a.0).eq(layout::indices(b.0)))
        && same_bits(a.1, b.1)
}
