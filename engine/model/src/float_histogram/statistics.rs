//! Mean, variance and deviation of the observations of a histogram.

use super::{FloatHistogram, kahan};

/// Mean of the observations; NaN of none.
pub fn average(histogram: &FloatHistogram) -> f64 {
    histogram.sum / histogram.count
}

/// Estimated variance of the observations: all of a bucket are taken to be at its middle, which is the geometric
/// mean of exponential bounds, the arithmetic mean of custom ones and 0 in the zero bucket.
pub fn std_var(histogram: &FloatHistogram) -> f64 {
    let mean = average(histogram);
    let (mut variance, mut error) = (0.0, 0.0);
    for bucket in histogram.all_buckets().filter(|bucket| bucket.count != 0.0) {
        let middle = if histogram.uses_custom_buckets() {
            (bucket.upper + bucket.lower) / 2.0
        } else if bucket.lower <= 0.0 && bucket.upper >= 0.0 {
            0.0
        } else {
            (bucket.upper * bucket.lower).sqrt().copysign(bucket.upper)
        };
        let delta = middle - mean;
        kahan::add(bucket.count * delta * delta, &mut variance, &mut error);
    }
    (variance + error) / histogram.count
}

/// Estimated standard deviation of the observations.
pub fn std_dev(histogram: &FloatHistogram) -> f64 {
    std_var(histogram).sqrt()
}
