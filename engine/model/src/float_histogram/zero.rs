//! Making the zero buckets of two histograms equally wide, so that no bucket that has observations is cut.

use super::{FloatHistogram, kahan, layout};

impl FloatHistogram {
    /// Observations in the zero bucket if its threshold were `threshold`, which is not below the present one;
    /// the threshold, which moves to the end of a bucket with observations that it would cut; and the
    /// compensation of the count. Adds the compensations of buckets that `compensation` has.
    pub(super) fn zero_count_for(&self, mut threshold: f64, compensation: Option<&Self>) -> (f64, f64, f64) {
        let mut error = compensation.map_or(0.0, |c| c.zero_count);
        if threshold == self.zero_threshold {
            return (self.zero_count, threshold, error);
        }
        loop {
            let mut count = self.zero_count;
            let mut take = |bucket: f64, i: usize, side: Option<&Vec<f64>>| {
                kahan::add(bucket, &mut count, &mut error);
                if let Some(side) = side {
                    let own = side.get(i).copied().unwrap_or_default();
                    kahan::add(own, &mut count, &mut error);
                }
            };
            for (i, bucket) in self.positive_buckets().enumerate() {
                if bucket.lower >= threshold {
                    break;
                }
                take(bucket.count, i, compensation.map(|c| &c.positive));
                if bucket.upper > threshold {
                    if bucket.count != 0.0 {
                        threshold = bucket.upper;
                    }
                    break;
                }
            }
            let mut widened = false;
            for (i, bucket) in self.negative_buckets().enumerate() {
                if bucket.upper <= -threshold {
                    break;
                }
                take(bucket.count, i, compensation.map(|c| &c.negative));
                if bucket.lower < -threshold {
                    if bucket.count != 0.0 {
                        threshold = -bucket.lower;
                        widened = true;
                    }
                    break;
                }
            }
            // A wider threshold takes in more positive buckets, so they are counted again.
            if !widened {
                return (count, threshold, error);
            }
        }
    }

    /// Widens the zero bucket, and that of `compensation`, until it is as wide as `other`'s would have to be.
    /// Returns the observations that `other` then has in its zero bucket, and their compensation.
    pub(super) fn meet_zero_bucket(
        &mut self,
        other: &Self,
        mut compensation: Option<&mut Self>,
    ) -> (f64, f64) {
        let (mut count, mut threshold, mut error) = (other.zero_count, other.zero_threshold, 0.0);
        while threshold != self.zero_threshold {
            if self.zero_threshold > threshold {
                (count, threshold, error) = other.zero_count_for(self.zero_threshold, None);
            }
            if threshold > self.zero_threshold {
                let own = self.zero_count_for(threshold, compensation.as_deref());
                (self.zero_count, self.zero_threshold) = (own.0, own.1);
                if let Some(compensation) = compensation.as_deref_mut() {
                    compensation.zero_count = own.2;
                }
                self.drop_buckets_in_zero_bucket(compensation.as_deref_mut());
            }
            if threshold.is_nan() || self.zero_threshold.is_nan() {
                break;
            }
        }
        (count, error)
    }

    fn drop_buckets_in_zero_bucket(&mut self, compensation: Option<&mut Self>) {
        let threshold = self.zero_threshold;
        let positive = self
            .positive_buckets()
            .take_while(|b| b.lower < threshold)
            .count();
        let negative = self
            .negative_buckets()
            .take_while(|b| b.upper > -threshold)
            .count();
        self.positive[..positive].fill(0.0);
        self.negative[..negative].fill(0.0);
        let Some(compensation) = compensation else {
            self.compact(0);
            return;
        };
        let (above, below) = (&mut compensation.positive, &mut compensation.negative);
        above.iter_mut().take(positive).for_each(|c| *c = 0.0);
        below.iter_mut().take(negative).for_each(|c| *c = 0.0);
        layout::compact(&mut self.positive_spans, &mut self.positive, Some(above), 0);
        layout::compact(&mut self.negative_spans, &mut self.negative, Some(below), 0);
    }
}
