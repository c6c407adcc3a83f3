//! Quantiles of classic histograms: cumulative buckets with upper bounds.

/// One bucket of a classic histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Upper bound, inclusive.
    pub upper_bound: f64,
    /// Observations at or below the bound.
    pub count: f64,
}

/// Counts that differ by less than this share are taken for equal: rates of buckets differ in last bits.
const SMALL_DELTA_TOLERANCE: f64 = 1e-12;

/// A quantile, and what had to be mended to get it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BucketQuantile {
    /// The value.
    pub value: f64,
    /// Set when counts fell from one bucket to the next by more than rounding explains.
    pub fixed: Option<Fixed>,
}

/// Where counts fell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fixed {
    /// Lowest bucket that was raised.
    pub min_bucket: f64,
    /// Highest bucket that was raised.
    pub max_bucket: f64,
    /// Most that a bucket was raised by.
    pub max_diff: f64,
}

/// The quantile `q` of `buckets`, which are sorted and mended in place.
pub fn bucket_quantile(q: f64, buckets: &mut Vec<Bucket>) -> BucketQuantile {
    let plain = |value| BucketQuantile { value, fixed: None };
    if q.is_nan() {
        return plain(f64::NAN);
    }
    if q < 0.0 {
        return plain(f64::NEG_INFINITY);
    }
    if q > 1.0 {
        return plain(f64::INFINITY);
    }
    if !bring_in_order(buckets) {
        return plain(f64::NAN);
    }
    let fixed = ensure_monotonic(buckets);
    let observations = buckets.last().map_or(0.0, |last| last.count);
    if buckets.len() < 2 || observations == 0.0 {
        return BucketQuantile {
            value: f64::NAN,
            fixed,
        };
    }
    BucketQuantile {
        value: interpolate(q * observations, buckets),
        fixed,
    }
}

fn interpolate(mut rank: f64, buckets: &[Bucket]) -> f64 {
    let top = buckets.len() - 1;
    // Counts rise, and where they are not numbers the top bucket answers.
    let reached = |bucket: &Bucket| bucket.count >= rank;
    let at = buckets[..top].partition_point(|bucket| !reached(bucket));
    if at == top {
        return buckets[top - 1].upper_bound;
    }
    if at == 0 && buckets[0].upper_bound <= 0.0 {
        return buckets[0].upper_bound;
    }
    let (mut start, end, mut count) = (0.0, buckets[at].upper_bound, buckets[at].count);
    if at > 0 {
        start = buckets[at - 1].upper_bound;
        count -= buckets[at - 1].count;
        rank -= buckets[at - 1].count;
    }
    start + (end - start) * (rank / count)
}

/// Sorts buckets and makes those of equal bounds one; false when there is none for +Inf, so that nobody
/// knows how many observations there were.
pub(super) fn bring_in_order(buckets: &mut Vec<Bucket>) -> bool {
    buckets.sort_by(|a, b| a.upper_bound.total_cmp(&b.upper_bound));
    if buckets
        .last()
        .is_none_or(|last| last.upper_bound != f64::INFINITY)
    {
        return false;
    }
    coalesce(buckets);
    true
}

fn coalesce(buckets: &mut Vec<Bucket>) {
    let mut kept: Vec<Bucket> = Vec::with_capacity(buckets.len());
    for bucket in buckets.iter() {
        match kept.last_mut() {
            Some(last) if last.upper_bound == bucket.upper_bound => last.count += bucket.count,
            _ => kept.push(*bucket),
        }
    }
    *buckets = kept;
}

/// Raises counts that are lower than the one before.
fn ensure_monotonic(buckets: &mut [Bucket]) -> Option<Fixed> {
    let mut fixed: Option<Fixed> = None;
    let mut highest = buckets.first()?.count;
    for bucket in &mut buckets[1..] {
        if bucket.count == highest {
            continue;
        }
        if almost_equal(highest, bucket.count) {
            bucket.count = highest;
            continue;
        }
        if bucket.count < highest {
            let diff = highest - bucket.count;
            let seen = fixed.get_or_insert(Fixed {
                min_bucket: bucket.upper_bound,
                max_bucket: bucket.upper_bound,
                max_diff: diff,
            });
            seen.min_bucket = seen.min_bucket.min(bucket.upper_bound);
            seen.max_bucket = seen.max_bucket.max(bucket.upper_bound);
            seen.max_diff = seen.max_diff.max(diff);
            bucket.count = highest;
        } else if bucket.count > highest {
            highest = bucket.count;
        }
    }
    fixed
}

/// Prometheus's tolerance: the difference relative to the sum of magnitudes.
fn almost_equal(a: f64, b: f64) -> bool {
    if a == b {
        return true;
    }
    let (sum, diff) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return diff < SMALL_DELTA_TOLERANCE * f64::MIN_POSITIVE;
    }
    diff / sum.min(f64::MAX) < SMALL_DELTA_TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(q: f64, buckets: &[(f64, f64)]) -> BucketQuantile {
        let mut buckets = buckets
            .iter()
            .map(|&(upper_bound, count)| Bucket { upper_bound, count })
            .collect();
        bucket_quantile(q, &mut buckets)
    }

    #[test]
    fn interpolates_and_mends() {
        let inf = f64::INFINITY;
        let buckets = [(0.1, 50.0), (0.2, 100.0), (1.0, 100.0), (inf, 150.0)];
        assert_eq!(of(0.5, &buckets).value, 0.1 + (0.2 - 0.1) * (25.0 / 50.0));
        assert_eq!(of(0.99, &buckets).value, 1.0, "the top bucket has no upper end");
        assert_eq!(of(-1.0, &buckets).value, f64::NEG_INFINITY);
        assert_eq!(of(2.0, &buckets).value, inf);
        assert!(of(0.5, &buckets[..3]).value.is_nan(), "no +Inf bucket");
        assert!(of(0.5, &[(1.0, 0.0), (inf, 0.0)]).value.is_nan());
        assert_eq!(of(0.5, &[(-1.0, 10.0), (inf, 10.0)]).value, -1.0);
        let mended = of(0.5, &[(1.0, 10.0), (2.0, 4.0), (inf, 20.0)]);
        assert_eq!(
            mended.fixed,
            Some(Fixed {
                min_bucket: 2.0,
                max_bucket: 2.0,
                max_diff: 6.0
            })
        );
        assert_eq!(
            of(0.5, &[(1.0, 10.0), (2.0, 10.0 - 1e-12), (inf, 20.0)]).fixed,
            None
        );
    }
}
