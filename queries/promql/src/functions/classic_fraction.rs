//! The share of a classic histogram's observations that lie between two bounds.

use super::classic_quantile::{Bucket, bring_in_order};

/// Share of the observations in `(lower, upper]`, linear inside a bucket. `buckets` are sorted in place.
/// NaN without a bucket for +Inf, without observations, and for bounds that are NaN.
pub fn bucket_fraction(lower: f64, upper: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if !bring_in_order(buckets) {
        return f64::NAN;
    }
    let observations = buckets.last().map_or(0.0, |last| last.count);
    if observations == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let rank = |bound| {
        let rank = rank_of(bound, buckets);
        // What lies above all bounds is all there is.
        if rank > observations { observations } else { rank }
    };
    (rank(upper) - rank(lower)) / observations
}

/// Observations at or below `bound`, estimated.
fn rank_of(bound: f64, buckets: &[Bucket]) -> f64 {
    // Buckets with positive bounds start at 0, others have no lower end.
    let mut from = if buckets[0].upper_bound > 0.0 {
        0.0
    } else {
        f64::NEG_INFINITY
    };
    let mut below = 0.0;
    for bucket in buckets {
        if from >= bound {
            return below;
        }
        if bucket.upper_bound > bound {
            // A bucket without a lower end counts whole, one without an upper end not at all.
            return if from == f64::NEG_INFINITY {
                bucket.count
            } else {
                below + (bucket.count - below) * (bound - from) / (bucket.upper_bound - from)
            };
        }
        (from, below) = (bucket.upper_bound, bucket.count);
    }
    f64::INFINITY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        let inf = f64::INFINITY;
        let of = |lower, upper, bounds: &[(f64, f64)]| {
            let bucket = |&(upper_bound, count)| Bucket { upper_bound, count };
            bucket_fraction(lower, upper, &mut bounds.iter().map(bucket).collect())
        };
        let buckets = [(1.0, 10.0), (2.0, 30.0), (inf, 40.0)];
        assert_eq!(of(0.0, 1.0, &buckets), 0.25);
        assert_eq!(of(0.5, 1.5, &buckets), (20.0 - 5.0) / 40.0);
        assert_eq!(of(-inf, inf, &buckets), 1.0);
        assert_eq!(of(2.0, inf, &buckets), 0.25);
        assert_eq!(
            of(0.0, 100.0, &buckets),
            0.75,
            "nobody knows where the last ten are"
        );
        assert_eq!(of(2.0, 1.0, &buckets), 0.0);
        assert!(of(f64::NAN, 1.0, &buckets).is_nan());
        assert!(of(0.0, 1.0, &buckets[..2]).is_nan(), "no bucket for +Inf");
        assert_eq!(of(-2.0, 5.0, &[(-1.0, 4.0), (5.0, 8.0), (inf, 8.0)]), 0.5);
    }
}
