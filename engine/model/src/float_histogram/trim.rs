//! The operators `</` and `>/`: a histogram without the observations above or below a value. Buckets that the
//! value divides are interpolated; the sum is estimated from the middles of what is left.

use super::{Bucket, FloatHistogram};

/// Which observations stay.
#[derive(Clone, Copy, PartialEq)]
enum Keep {
    Below(f64),
    Above(f64),
}

impl FloatHistogram {
    /// Drops the observations above `bound`.
    pub fn trim_upper(&mut self, bound: f64) {
        self.trim(Keep::Below(bound));
    }

    /// Drops the observations below `bound`.
    pub fn trim_lower(&mut self, bound: f64) {
        self.trim(Keep::Above(bound));
    }

    fn trim(&mut self, keep: Keep) {
        let custom = self.uses_custom_buckets();
        let mut left = Left::default();
        let above: Vec<Bucket> = self.positive_buckets().collect();
        let below: Vec<Bucket> = self.negative_buckets().collect();
        let zero = self.zero_bucket();
        let sides = [
            (above, &mut self.positive, true),
            (below, &mut self.negative, false),
        ];
        let mut populated = [false, false];
        for ((buckets, counts, positive), populated) in sides.into_iter().zip(&mut populated) {
            for (bucket, count) in buckets.iter().zip(counts) {
                if bucket.count != 0.0 {
                    *populated = true;
                    *count = left.take(bucket, keep, positive, custom);
                }
            }
        }
        if self.zero_count > 0.0 {
            let (count, middle) = part_of_zero(zero, keep, populated);
            left.trimmed |= count != self.zero_count;
            self.zero_count = count;
            left.sum += middle * count;
            left.count += count;
        }
        if left.trimmed {
            self.count = left.count;
            self.sum = left.sum;
            self.compact(0);
        }
    }
}

/// What is left of a histogram so far.
#[derive(Default)]
struct Left {
    count: f64,
    sum: f64,
    trimmed: bool,
}

impl Left {
    /// Takes what stays of a bucket and returns how many observations that are.
    fn take(&mut self, bucket: &Bucket, keep: Keep, positive: bool, custom: bool) -> f64 {
        let (whole, part) = match keep {
            Keep::Below(bound) => (bucket.upper <= bound, bucket.lower < bound),
            Keep::Above(bound) => (bucket.lower >= bound, bucket.upper > bound),
        };
        let (count, middle) = if whole {
            (bucket.count, middle(bucket.lower, bucket.upper, positive, custom))
        } else if part {
            part_of(bucket, keep, positive, custom)
        } else {
            self.trimmed = true;
            return 0.0;
        };
        self.count += count;
        self.sum += middle * count;
        self.trimmed |= count != bucket.count;
        count
    }
}

/// Observations and their middle in what stays of a bucket that the bound divides.
fn part_of(bucket: &Bucket, keep: Keep, positive: bool, custom: bool) -> (f64, f64) {
    if bucket.lower == f64::NEG_INFINITY {
        return part_from_minus_infinity(bucket, keep);
    }
    if bucket.upper == f64::INFINITY {
        return match keep {
            // Some may be above the bound, and it is not known how many.
            Keep::Below(_) => (0.0, bucket.lower),
            Keep::Above(bound) if bound >= bucket.lower => (bucket.count, bound),
            Keep::Above(_) => (0.0, bucket.lower),
        };
    }
    match keep {
        Keep::Below(bound) => {
            let under = under(bucket, bound, custom);
            (under, middle(bucket.lower, bound, positive, custom))
        }
        Keep::Above(bound) => {
            let under = under(bucket, bound, custom);
            (
                bucket.count - under,
                middle(bound, bucket.upper, positive, custom),
            )
        }
    }
}

/// A custom bucket without a lower end is taken to begin at 0 if it ends above.
fn part_from_minus_infinity(bucket: &Bucket, keep: Keep) -> (f64, f64) {
    let finite_upper = bucket.upper != f64::INFINITY;
    let nothing = (
        0.0,
        if bucket.upper.is_infinite() {
            0.0
        } else {
            bucket.upper
        },
    );
    match keep {
        Keep::Below(bound) => {
            if bound >= bucket.upper {
                (bucket.count, 0.0)
            } else if bound > 0.0 && bucket.upper > 0.0 && finite_upper {
                (bucket.count * bound / bucket.upper, bound / 2.0)
            } else if bucket.upper <= 0.0 {
                (bucket.count, bound)
            } else {
                nothing
            }
        }
        Keep::Above(bound) => {
            if bound <= bucket.lower {
                (bucket.count, 0.0)
            } else if bound >= 0.0 && bucket.upper > bound && finite_upper {
                (
                    bucket.count * (1.0 - bound / bucket.upper),
                    (bound + bucket.upper) / 2.0,
                )
            } else {
                nothing
            }
        }
    }
}

/// Observations of the bucket up to `bound`.
fn under(bucket: &Bucket, bound: f64, custom: bool) -> f64 {
    if bound <= bucket.lower {
        0.0
    } else if bound >= bucket.upper {
        bucket.count
    } else {
        bucket.count * bucket.share_below(bound, custom)
    }
}

/// As [`part_of`], for the zero bucket; with observations on one side only it ends at 0 on the other.
fn part_of_zero(zero: Bucket, keep: Keep, [positive, negative]: [bool; 2]) -> (f64, f64) {
    let upper = if negative && !positive { 0.0 } else { zero.upper };
    let lower = if positive && !negative { 0.0 } else { zero.lower };
    let all = (zero.count, (lower + upper) / 2.0);
    let (share, middle) = match keep {
        Keep::Below(bound) if bound <= lower => return (0.0, 0.0),
        Keep::Below(bound) if bound >= upper => return all,
        Keep::Below(bound) => ((bound - lower) / (upper - lower), (lower + bound) / 2.0),
        Keep::Above(bound) if bound <= lower => return all,
        Keep::Above(bound) if bound >= upper => return (0.0, 0.0),
        Keep::Above(bound) => ((upper - bound) / (upper - lower), (bound + upper) / 2.0),
    };
    (zero.count * share, middle)
}

/// Where the observations of an interval are taken to be: in its geometric middle, or in its arithmetic one
/// if buckets are custom; at the end that is known if the other is infinite.
fn middle(lower: f64, upper: f64, positive: bool, custom: bool) -> f64 {
    if lower.is_infinite() {
        return match upper {
            _ if upper.is_infinite() => 0.0,
            _ if upper > 0.0 => upper / 2.0,
            _ => upper,
        };
    }
    if upper.is_infinite() {
        return lower;
    }
    if custom {
        return (lower + upper) / 2.0;
    }
    let geometric = (lower * upper).abs().sqrt();
    if positive { geometric } else { -geometric }
}
