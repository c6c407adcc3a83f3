//! rate and its kin, to the letter of Prometheus's `extrapolatedRate`: the order of floating-point
//! operations is part of the result.

use super::range::Samples;
use super::starts::{overlap, start_of, tell_reset};
use crate::histogram_notes::HistogramNotes;

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

/// `rate` and `increase` of floats of which some say when what they count began: resets that values do not
/// show count, and so does what was counted between a start inside the window and the first sample.
pub(super) fn of_starts(
    samples: &Samples<'_>,
    starts: &[(i64, i64)],
    per_second: bool,
    notes: &HistogramNotes<'_>,
) -> Option<f64> {
    let (&first, &last) = (samples.values.first()?, samples.values.last()?);
    let (&first_ms, &last_ms) = (samples.timestamps.first()?, samples.timestamps.last()?);
    let mut result = last - first;
    let mut overlapped = false;
    for (times, values) in samples.timestamps.windows(2).zip(samples.values.windows(2)) {
        overlapped |= overlap(starts, times[0], times[1]);
        if values[1] < values[0] || tell_reset(starts, times[0], times[1]) {
            result += values[0];
        }
    }
    if overlapped {
        notes.start_overlap();
    }
    let begun_ms = begun_inside(starts, samples.start_ms, first_ms);
    if begun_ms.is_some() {
        result += first;
    } else if samples.len() < 2 {
        return None;
    }
    let to_zero = result > 0.0 && first >= 0.0;
    let factor = factor(&Extrapolation {
        first_ms,
        last_ms,
        gaps: samples.len() - 1,
        start_ms: samples.start_ms,
        end_ms: samples.end_ms,
        begun_ms,
        share_before_first: to_zero.then(|| first / result),
        range_seconds: per_second.then(|| samples.range_seconds()),
    });
    Some(result * factor)
}

/// The start timestamp of the first sample, if it lies in the window before it: the counter was zero there.
pub(super) fn begun_inside(starts: &[(i64, i64)], start_ms: i64, first_ms: i64) -> Option<i64> {
    if starts.is_empty() {
        return None;
    }
    let begun_ms = start_of(starts, first_ms);
    (begun_ms != 0 && begun_ms > start_ms && begun_ms < first_ms).then_some(begun_ms)
}

fn extrapolated(samples: &Samples<'_>, counter: bool, per_second: bool) -> Option<f64> {
    let values = samples.values;
    let (&[first, .., last], &[first_ms, .., last_ms]) = (values, samples.timestamps) else {
        return None;
    };
    let mut result = last - first;
    if counter {
        samples.before_falls(|value| result += value);
    }
    let to_zero = counter && result > 0.0 && first >= 0.0;
    let factor = factor(&Extrapolation {
        first_ms,
        last_ms,
        gaps: values.len() - 1,
        start_ms: samples.start_ms,
        end_ms: samples.end_ms,
        begun_ms: None,
        share_before_first: to_zero.then(|| first / result),
        range_seconds: per_second.then(|| samples.range_seconds()),
    });
    Some(result * factor)
}

/// Where the samples of a window lie in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extrapolation {
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
    /// Number of samples less one, at least one unless the counter began inside.
    pub(super) gaps: usize,
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
    /// When the counter began, if inside the window: nothing is extrapolated to the left then.
    pub(super) begun_ms: Option<i64>,
    /// What a counter had counted before the first sample as a share of its increase: it does not go below
    /// zero, so nothing is extrapolated further back than to where it was zero.
    pub(super) share_before_first: Option<f64>,
    /// Width of the window, where the increase per second is asked for.
    pub(super) range_seconds: Option<f64>,
}

impl Extrapolation {
    /// What the seconds are made of, where the width of the window stays: distances of the first and the last
    /// sample from the edges and from each other, ms, and the number of gaps.
    #[inline]
    pub(super) fn place(&self) -> (i64, i64, i64, usize) {
        let (to_start, to_end) = (self.first_ms - self.start_ms, self.end_ms - self.last_ms);
        (to_start, to_end, self.last_ms - self.first_ms, self.gaps)
    }

    /// How far is extrapolated to the start and to the end, and what lies between, in seconds.
    pub(super) fn seconds(&self) -> (f64, f64, f64) {
        let mut to_start = (self.first_ms - self.start_ms) as f64 / 1000.0;
        let mut to_end = (self.end_ms - self.last_ms) as f64 / 1000.0;
        let mut sampled = (self.last_ms - self.first_ms) as f64 / 1000.0;
        let average = match self.gaps {
            0 => 0.0,
            gaps => sampled / gaps as f64,
        };
        let threshold = average * EXTRAPOLATION_THRESHOLD;
        if let Some(begun_ms) = self.begun_ms {
            to_start = 0.0;
            sampled = (self.last_ms - begun_ms) as f64 / 1000.0;
        } else {
            if to_start >= threshold {
                to_start = average / 2.0;
            }
            if let Some(share) = self.share_before_first {
                let to_zero = sampled * share;
                if to_zero < to_start {
                    to_start = to_zero;
                }
            }
        }
        if to_end >= threshold {
            to_end = average / 2.0;
        }
        (to_start, to_end, sampled)
    }
}

/// What an increase between the first and the last sample is multiplied with.
pub(super) fn factor(window: &Extrapolation) -> f64 {
    let (to_start, to_end, sampled) = window.seconds();
    let factor = (sampled + to_start + to_end) / sampled;
    match window.range_seconds {
        Some(seconds) => factor / seconds,
        None => factor,
    }
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
