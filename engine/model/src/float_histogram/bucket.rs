//! Buckets with their bounds, in the orders in which functions walk them.

use std::fmt;

use super::FloatHistogram;
use super::bounds::bound;
use super::layout::{indices, indices_reversed};
use crate::go_math::log2;
use crate::number::format_go_value;

/// A bucket: its interval and how many observations fell into it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Whether observations of the lower bound are in it.
    pub lower_inclusive: bool,
    /// Whether observations of the upper bound are in it.
    pub upper_inclusive: bool,
    /// Observations.
    pub count: f64,
    /// Index within its schema and side; 0 of the zero bucket.
    pub index: i32,
}

impl Bucket {
    /// The share of the bucket that lies below `value`, which is within it: on a linear scale, or on a
    /// logarithmic one, on which exponential buckets are all equally wide.
    pub(super) fn share_below(&self, value: f64, linear: bool) -> f64 {
        if linear {
            return (value - self.lower) / (self.upper - self.lower);
        }
        let (lower, upper) = (log2(self.lower.abs()), log2(self.upper.abs()));
        let at = log2(value.abs());
        if value > 0.0 {
            (at - lower) / (upper - lower)
        } else {
            1.0 - ((at - upper) / (lower - upper))
        }
    }
}

/// An interval in the notation of mathematics and the count: `(0.5,1]:3`.
impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = if self.lower_inclusive { '[' } else { '(' };
        let close = if self.upper_inclusive { ']' } else { ')' };
        let [lower, upper, count] = [self.lower, self.upper, self.count].map(format_go_value);
        write!(f, "{open}{lower},{upper}{close}:{count}")
    }
}

impl FloatHistogram {
    /// The positive (or custom) buckets, ascending, those without observations too.
    pub fn positive_buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        let counts = self.positive.iter();
        indices(&self.positive_spans)
            .zip(counts)
            .map(|(index, &count)| self.positive_bucket(index, count))
    }

    /// The positive (or custom) buckets, descending.
    pub fn positive_buckets_reversed(&self) -> impl Iterator<Item = Bucket> + '_ {
        let counts = self.positive.iter().rev();
        indices_reversed(&self.positive_spans)
            .zip(counts)
            .map(|(index, &count)| self.positive_bucket(index, count))
    }

    /// The negative buckets from zero down.
    pub fn negative_buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        let counts = self.negative.iter();
        indices(&self.negative_spans)
            .zip(counts)
            .map(|(index, &count)| self.negative_bucket(index, count))
    }

    /// The negative buckets up to zero.
    pub fn negative_buckets_reversed(&self) -> impl Iterator<Item = Bucket> + '_ {
        let counts = self.negative.iter().rev();
        indices_reversed(&self.negative_spans)
            .zip(counts)
            .map(|(index, &count)| self.negative_bucket(index, count))
    }

    /// The zero bucket.
    pub fn zero_bucket(&self) -> Bucket {
        Bucket {
            lower: -self.zero_threshold,
            upper: self.zero_threshold,
            lower_inclusive: true,
            upper_inclusive: true,
            count: self.zero_count,
            index: 0,
        }
    }

    /// All buckets, ascending; the zero bucket only if it has observations. Bounds of a bucket that reaches
    /// into the zero bucket are cut to the zero threshold.
    pub fn all_buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        let below = self.negative_buckets_reversed();
        let above = self.positive_buckets();
        let outer = |bucket| self.outside_zero(bucket);
        below.map(outer).chain(self.zero_if_any()).chain(above.map(outer))
    }

    /// All buckets, descending; see [`FloatHistogram::all_buckets`].
    pub fn all_buckets_reversed(&self) -> impl Iterator<Item = Bucket> + '_ {
        let above = self.positive_buckets_reversed();
        let below = self.negative_buckets();
        let outer = |bucket| self.outside_zero(bucket);
        above.map(outer).chain(self.zero_if_any()).chain(below.map(outer))
    }

    fn zero_if_any(&self) -> Option<Bucket> {
        (self.zero_count > 0.0).then(|| self.zero_bucket())
    }

    fn outside_zero(&self, mut bucket: Bucket) -> Bucket {
        let threshold = self.zero_threshold;
        if bucket.upper < 0.0 && bucket.upper > -threshold {
            bucket.upper = -threshold;
        } else if bucket.lower > 0.0 && bucket.lower < threshold {
            bucket.lower = threshold;
        }
        bucket
    }

    fn positive_bucket(&self, index: i32, count: f64) -> Bucket {
        let bound = |index| bound(index, self.schema, &self.custom_values);
        self.bucket((bound(index.wrapping_sub(1)), bound(index)), index, count)
    }

    fn negative_bucket(&self, index: i32, count: f64) -> Bucket {
        let bound = |index| -bound(index, self.schema, &[]);
        self.bucket((bound(index), bound(index.wrapping_sub(1))), index, count)
    }

    fn bucket(&self, (lower, upper): (f64, f64), index: i32, count: f64) -> Bucket {
        let custom = self.uses_custom_buckets();
        Bucket {
            lower,
            upper,
            lower_inclusive: if custom { index == 0 } else { lower < 0.0 },
            upper_inclusive: custom || upper > 0.0,
            count,
            index,
        }
    }
}
