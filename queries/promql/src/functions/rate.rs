//! rate and its kin, to the letter of Prometheus's `extrapolatedRate`: the order of floating-point
//! operations is part of the result.

use super::range::Samples;

/// A gap at an edge that is wider than this many average distances is not extrapolated over.
const EXTRAPOLATION_THRESHOLD: f64 = 1.1;

pub(super) fn rate(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    extrapolated(samples, true, true)
}

pub(super) fn increase(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    extrapolated(samples, true, false)
}

pub(super) fn delta(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    extrapolated(samples, false, false)
}

fn extrapolated(samples: &Samples<'_>, counter: bool, per_second: bool) -> Option<f64> {
    let values = samples.values;
    let (&[first, .., last], &[first_ms, .., last_ms]) = (values, samples.timestamps) else {
        return None;
    };
    let mut result = last - first;
    if counter {
        result = values
            .windows(2)
            .filter(|pair| pair[1] < pair[0])
            .fold(result, |sum, pair| sum + pair[0]);
    }
    let mut to_start = (first_ms - samples.start_ms) as f64 / 1000.0;
    let mut to_end = (samples.end_ms - last_ms) as f64 / 1000.0;
    let sampled = (last_ms - first_ms) as f64 / 1000.0;
    let average = sampled / (values.len() - 1) as f64;
    let threshold = average * EXTRAPOLATION_THRESHOLD;
    if to_start >= threshold {
        to_start = average / 2.0;
    }
    if counter && result > 0.0 && first >= 0.0 {
        // A counter does not go below zero: extrapolate no further back than to where it was zero.
        let to_zero = sampled * (first / result);
        if to_zero < to_start {
            to_start = to_zero;
        }
    }
    if to_end >= threshold {
        to_end = average / 2.0;
    }
    let mut factor = (sampled + to_start + to_end) / sampled;
    if per_second {
        factor /= samples.range_seconds();
    }
    Some(result * factor)
}

pub(super) fn irate(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    let &[.., before, last] = samples.values else {
        return None;
    };
    let &[.., before_ms, last_ms] = samples.timestamps else {
        return None;
    };
    // After a reset the counter has counted from zero.
    let increase = if last < before { last } else { last - before };
    (last_ms != before_ms).then(|| increase / ((last_ms - before_ms) as f64 / 1000.0))
}

pub(super) fn idelta(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    let &[.., before, last] = samples.values else {
        return None;
    };
    Some(last - before)
}

pub(super) fn changes(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    let changed = |pair: &&[f64]| pair[0] != pair[1] && !(pair[0].is_nan() && pair[1].is_nan());
    Some(samples.values.windows(2).filter(changed).count() as f64)
}

pub(super) fn resets(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    Some(samples.values.windows(2).filter(|pair| pair[1] < pair[0]).count() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window<'a>(timestamps: &'a [i64], values: &'a [f64], range_ms: i64) -> Samples<'a> {
        let end_ms = 300_000;
        Samples {
            timestamps,
            values,
            start_ms: end_ms - range_ms,
            end_ms,
            time_ms: end_ms,
        }
    }

    #[test]
    fn extrapolation() {
        let timestamps = [60_000, 120_000, 180_000, 240_000, 300_000];
        let counter = window(&timestamps, &[10.0, 20.0, 30.0, 40.0, 50.0], 300_000);
        assert_eq!(increase(&counter, &[]), Some(50.0));
        assert_eq!(rate(&counter, &[]), Some(40.0 * (300.0 / 240.0 / 300.0)));
        let reset = window(&timestamps, &[10.0, 20.0, 0.0, 10.0, 20.0], 300_000);
        assert_eq!(increase(&reset, &[]), Some(30.0 * (240.0 + 60.0) / 240.0));
        let from_zero = window(&timestamps, &[0.0, 10.0, 20.0, 30.0, 40.0], 300_000);
        assert_eq!(increase(&from_zero, &[]), Some(40.0), "not below zero");
        assert_eq!(delta(&from_zero, &[]), Some(50.0));
        assert_eq!(rate(&window(&[1], &[1.0], 300_000), &[]), None);
    }

    #[test]
    fn of_two_samples() {
        let timestamps = [0, 10_000, 20_000];
        assert_eq!(
            irate(&window(&timestamps, &[0.0, 1.0, 3.0], 300_000), &[]),
            Some(0.2)
        );
        assert_eq!(
            irate(&window(&timestamps, &[0.0, 9.0, 3.0], 300_000), &[]),
            Some(0.3)
        );
        assert_eq!(
            idelta(&window(&timestamps, &[0.0, 9.0, 3.0], 300_000), &[]),
            Some(-6.0)
        );
        let nan = f64::NAN;
        assert_eq!(
            changes(&window(&timestamps, &[nan, nan, 3.0], 300_000), &[]),
            Some(1.0)
        );
        assert_eq!(
            resets(&window(&timestamps, &[5.0, 1.0, 0.0], 300_000), &[]),
            Some(2.0)
        );
    }
}
