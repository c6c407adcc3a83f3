//! Native histograms within limits: buckets are merged pairwise until they are few or wide enough.
//! Source of the rules: Prometheus's `scrape/target.go` and `model/histogram`.

use engine_model::histogram::{Counts, Histogram, SCHEMA_MAX, SCHEMA_MIN, Span};

/// Exponential schemas that Prometheus reserves; those above [`SCHEMA_MAX`] can be merged down to it.
const RESERVED_SCHEMAS: std::ops::RangeInclusive<i32> = -9..=52;
/// The factor that stands for "no factor": the growth of the finest schema's buckets.
const FINEST_FACTOR: f64 = 1.00271;

/// What a job, or without one the store, allows of a native histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolution {
    /// Most buckets, both sides together; 0 means any number.
    buckets_max: u64,
    /// Finest schema.
    schema_max: i32,
}

/// A histogram that has too many buckets even in the coarsest schema, or custom ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyBuckets;

impl Default for Resolution {
    fn default() -> Self {
        Self::new(0, 0.0)
    }
}

impl Resolution {
    /// `native_histogram_bucket_limit` and `native_histogram_min_bucket_factor`; 0 means none.
    pub(crate) fn new(bucket_limit: u64, min_bucket_factor: f64) -> Self {
        Self {
            buckets_max: bucket_limit,
            schema_max: schema_of(min_bucket_factor),
        }
    }

    /// Merges buckets as far as the limits ask for.
    pub(crate) fn limit(self, histogram: &mut Histogram) -> Result<(), TooManyBuckets> {
        if RESERVED_SCHEMAS.contains(&histogram.schema) && histogram.schema > self.schema_max {
            reduce(histogram, self.schema_max);
        }
        if self.buckets_max == 0 {
            return Ok(());
        }
        while (histogram.counts.positive_len() + histogram.counts.negative_len()) as u64 > self.buckets_max {
            if !(SCHEMA_MIN + 1..=SCHEMA_MAX).contains(&histogram.schema) {
                return Err(TooManyBuckets);
            }
            reduce(histogram, histogram.schema - 1);
        }
        Ok(())
    }
}

/// Merges the buckets of a histogram that is finer than the store knows down to its finest schema, as Prometheus
/// does with what is pushed.
pub(crate) fn make_storable(histogram: &mut Histogram) {
    if RESERVED_SCHEMAS.contains(&histogram.schema) && histogram.schema > SCHEMA_MAX {
        reduce(histogram, SCHEMA_MAX);
    }
}

/// The finest schema whose buckets grow by at least `factor`.
fn schema_of(factor: f64) -> i32 {
    let factor = if factor <= 1.0 { FINEST_FACTOR } else { factor };
    let schema = (-factor.log2().log2()).floor();
    schema.clamp(f64::from(SCHEMA_MIN), f64::from(SCHEMA_MAX)) as i32
}

/// Rewrites exponential buckets in a coarser schema. A histogram whose spans and counts do not agree stays
/// as it is: validation refuses it.
fn reduce(histogram: &mut Histogram, schema: i32) {
    let buckets = |spans: &[Span]| spans.iter().map(|span| span.length as usize).sum::<usize>();
    let counts = &histogram.counts;
    if buckets(&histogram.positive_spans) != counts.positive_len()
        || buckets(&histogram.negative_spans) != counts.negative_len()
    {
        return;
    }
    let shift = (histogram.schema - schema).unsigned_abs();
    histogram.schema = schema;
    let (positive_spans, negative_spans) = (&mut histogram.positive_spans, &mut histogram.negative_spans);
    match &mut histogram.counts {
        Counts::Integer {
            positive, negative, ..
        } => {
            merge_deltas(positive_spans, positive, shift);
            merge_deltas(negative_spans, negative, shift);
        }
        Counts::Float {
            positive, negative, ..
        } => {
            *positive_spans = merge(positive_spans, positive, shift);
            *negative_spans = merge(negative_spans, negative, shift);
        }
    }
}

fn merge_deltas(spans: &mut Vec<Span>, deltas: &mut Vec<i64>, shift: u32) {
    let mut count = 0i64;
    let mut counts: Vec<i64> = Vec::with_capacity(deltas.len());
    for delta in deltas.iter() {
        count = count.wrapping_add(*delta);
        counts.push(count);
    }
    *spans = merge(spans, &mut counts, shift);
    let mut before = 0i64;
    deltas.clear();
    for count in counts {
        deltas.push(count.wrapping_sub(before));
        before = count;
    }
}

/// Adds up buckets that fall into one of the coarser schema, in place; returns their spans.
fn merge<T: Copy + std::ops::Add<Output = T>>(spans: &[Span], counts: &mut Vec<T>, shift: u32) -> Vec<Span> {
    let mut merged: Vec<Span> = Vec::new();
    let (mut index, mut last, mut read, mut written) = (0i64, 0i64, 0, 0);
    for span in spans {
        index += i64::from(span.offset);
        for _ in 0..span.length {
            let target = ((index - 1) >> shift) + 1;
            let count = counts[read];
            match merged.last_mut() {
                Some(_) if target == last => counts[written - 1] = counts[written - 1] + count,
                Some(open) if target == last + 1 => {
                    open.length += 1;
                    counts[written] = count;
                    written += 1;
                }
                before => {
                    let gap = if before.is_some() {
                        target - last - 1
                    } else {
                        target
                    };
                    merged.push(Span {
                        offset: gap as i32,
                        length: 1,
                    });
                    counts[written] = count;
                    written += 1;
                }
            }
            last = target;
            read += 1;
            index += 1;
        }
    }
    counts.truncate(written);
    merged
}

#[cfg(test)]
mod tests {
    use engine_model::histogram::ResetHint;

    use super::*;

    fn span(offset: i32, length: u32) -> Span {
        Span { offset, length }
    }

    fn histogram(schema: i32, positive_spans: Vec<Span>, positive: Vec<i64>) -> Histogram {
        Histogram {
            schema,
            reset_hint: ResetHint::Unknown,
            zero_threshold: 0.0,
            sum: 1.0,
            positive_spans,
            negative_spans: Vec::new(),
            custom_values: Vec::new(),
            counts: Counts::Integer {
                count: 0,
                zero: 0,
                positive,
                negative: Vec::new(),
            },
        }
    }

    /// Bucket counts by index, in the schema of `histogram`.
    fn buckets(histogram: &Histogram) -> Vec<(i32, i64)> {
        let Counts::Integer { positive, .. } = &histogram.counts else {
            panic!("integer")
        };
        let (mut out, mut index, mut count, mut next) = (Vec::new(), 0, 0, 0);
        for span in &histogram.positive_spans {
            index += span.offset;
            for _ in 0..span.length {
                count += positive[next];
                out.push((index, count));
                next += 1;
                index += 1;
            }
        }
        out
    }

    #[test]
    fn buckets_are_merged_by_their_bounds() {
        // Indexes -3..=-1, 1..=4, 9 with counts 1, 2, …, 8.
        let spans = vec![span(-3, 3), span(1, 4), span(4, 1)];
        let mut fine = histogram(3, spans, vec![1; 8]);
        let limit = Resolution::new(6, 0.0);
        assert_eq!(limit.limit(&mut fine), Ok(()));
        assert_eq!(fine.schema, 2);
        // The bucket of index i goes to ceil(i / 2).
        assert_eq!(
            buckets(&fine),
            [(-1, 1 + 2), (0, 3), (1, 4 + 5), (2, 6 + 7), (5, 8)]
        );
        assert_eq!(fine.positive_spans, [span(-1, 4), span(2, 1)]);
    }

    #[test]
    fn what_cannot_be_merged_fails() {
        let limit = Resolution::new(1, 0.0);
        let mut far = histogram(-3, vec![span(1, 1), span(1000, 1)], vec![1, 0]);
        assert_eq!(limit.limit(&mut far), Err(TooManyBuckets));
        let mut custom = histogram(-53, vec![span(0, 2)], vec![1, 0]);
        custom.custom_values = vec![1.0];
        assert_eq!(limit.limit(&mut custom), Err(TooManyBuckets));
        assert_eq!(Resolution::new(2, 0.0).limit(&mut custom), Ok(()));
    }

    #[test]
    fn factors_choose_the_schema() {
        for (factor, schema) in [
            (0.0, 8),
            (1.0, 8),
            (1.0028, 7),
            (1.1, 2),
            (1.5, 0),
            (2.0, 0),
            (4.0, -1),
            (1e9, -4),
        ] {
            let mut fine = histogram(8, vec![span(1, 1)], vec![1]);
            Resolution::new(0, factor).limit(&mut fine).expect("no limit");
            assert_eq!(fine.schema, schema, "{factor}");
        }
        let mut reserved = histogram(10, vec![span(4, 2)], vec![1, 0]);
        Resolution::new(0, 0.0).limit(&mut reserved).expect("no limit");
        assert_eq!((reserved.schema, buckets(&reserved)), (8, vec![(1, 1), (2, 1)]));
    }
}
