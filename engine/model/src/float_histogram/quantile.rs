//! Quantiles of a histogram and shares of its observations, interpolated within buckets: on a logarithmic scale
//! in exponential ones, linearly in custom ones and in the zero bucket.

use super::{Bucket, FloatHistogram};
use crate::go_math::{exp2, log2};

/// What a user is told about a quantile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QuantileNotes {
    /// Observations of NaN are taken to be above all others, and the quantile is among them.
    pub nan_result: bool,
    /// Observations of NaN are taken to be above all others, so the quantile is too high.
    pub nan_skew: bool,
}

/// The value below which a share `q` of the observations lies. −Inf and +Inf for `q` outside 0 to 1, NaN without
/// observations.
pub fn quantile(q: f64, histogram: &FloatHistogram) -> (f64, QuantileNotes) {
    let mut notes = QuantileNotes::default();
    if q < 0.0 {
        return (f64::NEG_INFINITY, notes);
    }
    if q > 1.0 {
        return (f64::INFINITY, notes);
    }
    if histogram.count == 0.0 || q.is_nan() {
        return (f64::NAN, notes);
    }
    // Observations of NaN are in no bucket, so only the way up says how many lie below.
    let has_nan = histogram.sum.is_nan();
    let up = has_nan || q < 0.5;
    let (mut ascending, mut descending);
    let (buckets, mut rank): (&mut dyn Iterator<Item = Bucket>, f64) = if up {
        ascending = histogram.all_buckets();
        (&mut ascending, q * histogram.count)
    } else {
        descending = histogram.all_buckets_reversed();
        (&mut descending, (1.0 - q) * histogram.count)
    };
    let (mut bucket, mut count) = (NO_BUCKET, 0.0);
    for next in &mut *buckets {
        bucket = next;
        if bucket.count == 0.0 {
            continue;
        }
        count += bucket.count;
        if count >= rank {
            break;
        }
    }
    if let Some(bound) = natural_bounds(&mut bucket, histogram) {
        return (bound, notes);
    }
    if count > histogram.count {
        // Roundings made it more.
        count = histogram.count;
    }
    if count < rank {
        notes.nan_result = has_nan;
        return (if has_nan { f64::NAN } else { bucket.upper }, notes);
    }
    rank = match up {
        true => rank - (count - bucket.count),
        false => count - rank,
    };
    if has_nan {
        // The loop of the peer ends on the last bucket, and so does this one.
        for next in buckets {
            bucket = next;
            count += bucket.count;
        }
        notes.nan_skew = count < histogram.count;
    }
    (
        within(&bucket, rank / bucket.count, histogram.uses_custom_buckets()),
        notes,
    )
}

const NO_BUCKET: Bucket = Bucket {
    lower: 0.0,
    upper: 0.0,
    lower_inclusive: false,
    upper_inclusive: false,
    count: 0.0,
    index: 0,
};

/// Bounds the zero bucket of a histogram with one side by 0, and the first custom bucket too if it ends above.
/// Returns the quantile where a custom bucket reaches to infinity, for then nothing can be interpolated.
fn natural_bounds(bucket: &mut Bucket, histogram: &FloatHistogram) -> Option<f64> {
    if histogram.uses_custom_buckets() {
        if bucket.lower == f64::NEG_INFINITY {
            if bucket.upper <= 0.0 {
                return Some(bucket.upper);
            }
            bucket.lower = 0.0;
        } else if bucket.upper == f64::INFINITY {
            return Some(bucket.lower);
        }
    } else if bucket.lower < 0.0 && bucket.upper > 0.0 {
        one_sided(bucket, histogram);
    }
    None
}

fn one_sided(bucket: &mut Bucket, histogram: &FloatHistogram) {
    match (histogram.negative.is_empty(), histogram.positive.is_empty()) {
        (true, false) => bucket.lower = 0.0,
        (false, true) => bucket.upper = 0.0,
        _ => {}
    }
}

fn within(bucket: &Bucket, share: f64, custom: bool) -> f64 {
    if custom || (bucket.lower <= 0.0 && bucket.upper >= 0.0) {
        return bucket.lower + (bucket.upper - bucket.lower) * share;
    }
    let (lower, upper) = (log2(bucket.lower.abs()), log2(bucket.upper.abs()));
    if bucket.lower > 0.0 {
        exp2(lower + (upper - lower) * share)
    } else {
        -exp2(upper + (lower - upper) * (1.0 - share))
    }
}

/// The share of the observations between `lower` and `upper`; NaN without observations or for a bound of NaN.
/// The second is true if there are observations of NaN, which are in no interval.
pub fn fraction(lower: f64, upper: f64, histogram: &FloatHistogram) -> (f64, bool) {
    if histogram.count == 0.0 || lower.is_nan() || upper.is_nan() {
        return (f64::NAN, false);
    }
    if lower >= upper {
        return (0.0, false);
    }
    let custom = histogram.uses_custom_buckets();
    let (mut count, mut rank) = (0.0, 0.0);
    let (mut lower_rank, mut upper_rank) = (None, None);
    let mut buckets = histogram.all_buckets();
    for mut bucket in buckets.by_ref() {
        count += bucket.count;
        let around_zero = bucket.lower <= 0.0 && bucket.upper >= 0.0;
        if around_zero {
            one_sided(&mut bucket, histogram);
        }
        let linear = custom || around_zero;
        for (value, found) in [(lower, &mut lower_rank), (upper, &mut upper_rank)] {
            if found.is_none() && bucket.lower >= value {
                *found = Some(rank);
            }
        }
        if lower_rank.is_some() && upper_rank.is_some() {
            break;
        }
        for (value, found) in [(lower, &mut lower_rank), (upper, &mut upper_rank)] {
            if found.is_none() && bucket.lower < value && bucket.upper > value {
                *found = Some(match linear && bucket.lower == f64::NEG_INFINITY {
                    // Nothing is known within it, so all of it counts.
                    true => bucket.count,
                    false => rank + bucket.count * bucket.share_below(value, linear),
                });
            }
        }
        if lower_rank.is_some() && upper_rank.is_some() {
            break;
        }
        rank += bucket.count;
    }
    let mut has_nan = false;
    if histogram.sum.is_nan() {
        count = buckets.fold(count, |count, bucket| count + bucket.count);
        has_nan = count < histogram.count;
    } else {
        count = histogram.count;
    }
    let at_most = |rank: Option<f64>| {
        rank.filter(|rank| *rank <= count || rank.is_nan())
            .unwrap_or(count)
    };
    (
        (at_most(upper_rank) - at_most(lower_rank)) / histogram.count,
        has_nan,
    )
}
