//! Trends: least squares with compensated sums, and double exponential smoothing.

use super::compensated::CompensatedSum;
use super::range::Samples;

/// Slope (per second) and the value at `intercept_ms` of the line through the samples.
fn linear_regression(samples: &Samples<'_>, intercept_ms: i64) -> (f64, f64) {
    let first = samples.values[0];
    if samples.values.iter().all(|&v| v == first) {
        // A constant has no slope; a constant infinity has no line.
        return if first.is_infinite() {
            (f64::NAN, f64::NAN)
        } else {
            (0.0, first)
        };
    }
    let (mut count, zero) = (0.0, CompensatedSum::default());
    let (mut sum_x, mut sum_y, mut sum_xy, mut sum_x2) = (zero, zero, zero, zero);
    for (&timestamp, &y) in samples.timestamps.iter().zip(samples.values) {
        count += 1.0;
        let x = (timestamp - intercept_ms) as f64 / 1e3;
        sum_x = sum_x.plus(x);
        sum_y = sum_y.plus(y);
        sum_xy = sum_xy.plus(x * y);
        sum_x2 = sum_x2.plus(x * x);
    }
    let (x, y, xy, x2) = (sum_x.value(), sum_y.value(), sum_xy.value(), sum_x2.value());
    let covariance = xy - x * y / count;
    let variance = x2 - x * x / count;
    let slope = covariance / variance;
    (slope, y / count - slope * x / count)
}

pub(super) fn deriv(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    // Relative to the first sample, because large times lose the digits of small values.
    (samples.len() >= 2).then(|| linear_regression(samples, samples.timestamps[0]).0)
}

pub(super) fn predict_linear(samples: &Samples<'_>, parameters: &[f64]) -> Option<f64> {
    if samples.len() < 2 {
        return None;
    }
    let (slope, intercept) = linear_regression(samples, samples.time_ms);
    Some(slope * parameters[0] + intercept)
}

/// Holt's linear method with smoothing factor and trend factor.
pub(super) fn double_exponential_smoothing(samples: &Samples<'_>, parameters: &[f64]) -> Option<f64> {
    let &[first, second, ..] = samples.values else {
        return None;
    };
    let &[smoothing, trend_factor] = parameters else {
        return None;
    };
    let (mut previous, mut level, mut trend) = (0.0, first, second - first);
    for (i, &value) in samples.values.iter().enumerate().skip(1) {
        let scaled = smoothing * value;
        if i > 1 {
            trend = trend_factor * (level - previous) + (1.0 - trend_factor) * trend;
        }
        let carried = (1.0 - smoothing) * (level + trend);
        previous = level;
        level = scaled + carried;
    }
    Some(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let (timestamps, values) = ([0, 10_000, 20_000], [0.0, 10.0, 20.0]);
        let samples = Samples {
            timestamps: &timestamps,
            values: &values,
            start_ms: -1,
            end_ms: 20_000,
            time_ms: 30_000,
        };
        assert_eq!(deriv(&samples, &[]), Some(1.0));
        assert_eq!(predict_linear(&samples, &[10.0]), Some(40.0));
        assert_eq!(double_exponential_smoothing(&samples, &[0.5, 0.5]), Some(20.0));
        let flat = [f64::INFINITY; 3];
        assert!(
            deriv(
                &Samples {
                    values: &flat,
                    ..samples
                },
                &[]
            )
            .unwrap()
            .is_nan()
        );
    }
}
