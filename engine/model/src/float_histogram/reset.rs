//! Whether a counter was reset between two histograms of a series.

use super::FloatHistogram;
use super::bounds::common_bounds;
use super::bounds::{coarser_index, custom_bounds_match, exponential_bound};
use super::custom::target;
use super::layout::indices;
use crate::histogram::{ResetHint, Span};

impl FloatHistogram {
    /// Whether a count fell, or a bucket with observations went missing, since `previous`; what the
    /// histogram itself says comes first. A finer resolution or a narrower zero bucket is a reset, as is a zero
    /// bucket that now ends within a bucket that had observations.
    pub fn detect_reset(&self, previous: &Self) -> bool {
        match self.reset_hint {
            ResetHint::Reset => return true,
            ResetHint::NotReset => return false,
            // Functions for counters treat a gauge as one, with a warning.
            ResetHint::Unknown | ResetHint::Gauge => {}
        }
        if self.count < previous.count {
            return true;
        }
        if self.uses_custom_buckets() {
            if !previous.uses_custom_buckets() {
                return true;
            }
            if !custom_bounds_match(&self.custom_values, &previous.custom_values) {
                return self.fell_over_common_bounds(previous);
            }
        }
        if self.schema > previous.schema || self.zero_threshold < previous.zero_threshold {
            return true;
        }
        let (zero_count, threshold, _) = previous.zero_count_for(self.zero_threshold, None);
        if threshold != self.zero_threshold || self.zero_count < zero_count {
            return true;
        }
        let fell = |now: (&[Span], &[f64]), before: (&[Span], &[f64])| {
            bucket_fell(
                self.beyond_zero(now, self.schema),
                self.beyond_zero(before, previous.schema),
            )
        };
        fell(
            (&self.positive_spans, &self.positive),
            (&previous.positive_spans, &previous.positive),
        ) || fell(
            (&self.negative_spans, &self.negative),
            (&previous.negative_spans, &previous.negative),
        )
    }

    /// Buckets of schema `from` in this histogram's schema, without those in its zero bucket.
    fn beyond_zero<'a>(
        &'a self,
        (spans, counts): (&'a [Span], &'a [f64]),
        from: i32,
    ) -> impl Iterator<Item = (i32, f64)> + 'a {
        let (schema, threshold, custom) = (self.schema, self.zero_threshold, self.uses_custom_buckets());
        let coarse = move |index| match custom {
            true => index,
            false => coarser_index(index, from, schema),
        };
        let mut buckets = indices(spans).map(coarse).zip(counts.iter().copied()).peekable();
        let merged = std::iter::from_fn(move || {
            let (index, mut count) = buckets.next()?;
            while let Some((_, more)) = buckets.next_if(|(next, _)| *next == index) {
                count += more;
            }
            Some((index, count))
        });
        let inside =
            move |index| !custom && threshold != 0.0 && exponential_bound(index, schema) <= threshold;
        merged.skip_while(move |(index, _)| inside(*index))
    }

    /// Whether the observations between two bounds that both have fell.
    fn fell_over_common_bounds(&self, previous: &Self) -> bool {
        let common = common_bounds(&self.custom_values, &previous.custom_values);
        let sums = |histogram: &Self| {
            let mut sums = vec![0.0; common.len() + 1];
            for (index, count) in indices(&histogram.positive_spans).zip(&histogram.positive) {
                sums[target(index, &histogram.custom_values, &common)] += count;
            }
            sums
        };
        sums(self)
            .iter()
            .zip(sums(previous))
            .any(|(now, before)| *now < before)
    }
}

fn bucket_fell(now: impl Iterator<Item = (i32, f64)>, before: impl Iterator<Item = (i32, f64)>) -> bool {
    let mut now = now.peekable();
    for (index, count) in before {
        while now.next_if(|(own, _)| *own < index).is_some() {}
        let fell = match now.peek() {
            Some((own, own_count)) if *own == index => *own_count < count,
            _ => count != 0.0,
        };
        if fell {
            return true;
        }
    }
    false
}
