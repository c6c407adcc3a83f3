//! The `*_over_time` family.

use super::compensated::{CompensatedMean, CompensatedSum};
use super::range::Samples;

pub(super) fn sum(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    let sum = samples
        .values
        .iter()
        .fold(CompensatedSum::default(), |sum, &v| sum.plus(v));
    Some(if sum.sum.is_infinite() {
        sum.sum
    } else {
        sum.value()
    })
}

pub(super) fn avg(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    let mut mean = CompensatedMean::default();
    samples.values.iter().for_each(|&value| mean.add(value));
    Some(mean.value())
}

pub(super) fn count(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    Some(samples.len() as f64)
}

/// NaN only when all samples are.
pub(super) fn min(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    samples.values.iter().copied().reduce(smaller)
}

/// NaN only when all samples are.
pub(super) fn max(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    samples.values.iter().copied().reduce(larger)
}

/// The smaller one, `best` if neither is; NaN loses.
pub(super) fn smaller(best: f64, value: f64) -> f64 {
    if value < best || best.is_nan() {
        value
    } else {
        best
    }
}

/// The larger one, `best` if neither is; NaN loses.
pub(super) fn larger(best: f64, value: f64) -> f64 {
    if value > best || best.is_nan() {
        value
    } else {
        best
    }
}

pub(super) fn last(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    samples.values.last().copied()
}

pub(super) fn first(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    samples.values.first().copied()
}

pub(super) fn present(_: &Samples<'_>, _: &[f64]) -> Option<f64> {
    Some(1.0)
}

pub(super) fn stdvar(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    let mut count = 0.0;
    let mut mean = CompensatedSum::default();
    let mut squares = CompensatedSum::default();
    for &value in samples.values {
        count += 1.0;
        let delta = value - mean.value();
        mean = mean.plus(delta / count);
        squares = squares.plus(delta * (value - mean.value()));
    }
    Some(squares.value() / count)
}

pub(super) fn stddev(samples: &Samples<'_>, parameters: &[f64]) -> Option<f64> {
    stdvar(samples, parameters).map(f64::sqrt)
}

pub(super) fn quantile_of(samples: &Samples<'_>, parameters: &[f64]) -> Option<f64> {
    Some(quantile(parameters[0], &mut samples.values.to_vec()))
}

/// Median of the distances from the median; NaN when any sample is.
pub(super) fn mad(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    if samples.values.iter().any(|v| v.is_nan()) {
        return Some(f64::NAN);
    }
    let median = quantile(0.5, &mut samples.values.to_vec());
    let mut distances: Vec<f64> = samples.values.iter().map(|v| (v - median).abs()).collect();
    Some(quantile(0.5, &mut distances))
}

pub(super) fn ts_of_first(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    samples.timestamps.first().map(|&t| t as f64 / 1000.0)
}

pub(super) fn ts_of_last(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    samples.timestamps.last().map(|&t| t as f64 / 1000.0)
}

pub(super) fn ts_of_min(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    ts_of(samples, |value, best| value <= best)
}

pub(super) fn ts_of_max(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    ts_of(samples, |value, best| value >= best)
}

/// Time of the last sample that holds against all others; NaN does against nothing.
fn ts_of(samples: &Samples<'_>, holds: fn(f64, f64) -> bool) -> Option<f64> {
    let mut best = 0;
    for (i, &value) in samples.values.iter().enumerate() {
        if holds(value, samples.values[best]) || samples.values[best].is_nan() {
            best = i;
        }
    }
    samples.timestamps.get(best).map(|&t| t as f64 / 1000.0)
}

/// The quantile `q` of `values`, which are sorted in place with NaN first: linear between neighbours,
/// −Inf below 0, +Inf above 1, NaN of nothing.
pub(crate) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(|a, b| match (a.is_nan(), b.is_nan()) {
        (true, true) => std::cmp::Ordering::Equal,
        (true, false) => std::cmp::Ordering::Less,
        (false, true) => std::cmp::Ordering::Greater,
        (false, false) => a.partial_cmp(b).expect("neither is NaN"),
    });
    let rank = q * (values.len() as f64 - 1.0);
    let lower = rank.floor().max(0.0);
    let upper = (values.len() as f64 - 1.0).min(lower + 1.0);
    let weight = rank - rank.floor();
    values[lower as usize] * (1.0 - weight) + values[upper as usize] * weight
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(function: fn(&Samples<'_>, &[f64]) -> Option<f64>, values: &[f64], parameters: &[f64]) -> f64 {
        let timestamps: Vec<i64> = (1..=values.len() as i64).map(|i| i * 1000).collect();
        let samples = Samples {
            timestamps: &timestamps,
            values,
            start_ms: 0,
            end_ms: 9000,
            time_ms: 9000,
        };
        function(&samples, parameters).unwrap()
    }

    #[test]
    fn tables() {
        let nan = f64::NAN;
        assert_eq!(eval(sum, &[1.0, 1e100, 1.0, -1e100], &[]), 2.0);
        assert_eq!(eval(avg, &[1.0, 2.0, 6.0], &[]), 3.0);
        assert_eq!(eval(min, &[nan, 2.0, 1.0], &[]), 1.0);
        assert_eq!(eval(max, &[nan, 2.0, 1.0], &[]), 2.0);
        assert!(eval(max, &[nan], &[]).is_nan());
        assert!((eval(stdvar, &[0.0, 8.0, 8.0, 2.0, 3.0], &[]) - 10.56).abs() < 1e-12);
        assert_eq!(eval(quantile_of, &[0.0, 1.0, 2.0], &[0.75]), 1.5);
        assert_eq!(eval(quantile_of, &[0.0], &[2.0]), f64::INFINITY);
        assert_eq!(eval(mad, &[4.0, 6.0, 2.0, 1.0, 999.0, 1.0, 2.0], &[]), 1.0);
        // The last of equal extremes, as of 3.14.
        assert_eq!(eval(ts_of_max, &[nan, 3.0, 3.0, 1.0], &[]), 3.0);
        assert_eq!(eval(ts_of_min, &[nan, 3.0, 3.0, 4.0], &[]), 3.0);
        assert_eq!(eval(ts_of_last, &[1.0, 3.0], &[]), 2.0);
    }
}
