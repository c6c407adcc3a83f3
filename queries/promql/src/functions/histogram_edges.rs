//! `anchored` and `smoothed` over native histograms: the histogram at an edge is the last one before it, or
//! lies on the line between its neighbours.

use engine_model::FloatHistogram;
use engine_model::histogram::ResetHint;
use queries_tables::histograms::HistogramAt;

use super::extended::EdgeRule;
use super::histogram_rate::combine;
use super::mixed::{MixedSamples, Sample};
use crate::histogram_notes::{HistogramNotes, HistogramOperation};

/// `rate`, `increase` and `delta` between the edges of a window.
pub(super) fn increase(
    window: &MixedSamples<'_>,
    rule: EdgeRule,
    counter: bool,
    per_second: bool,
    notes: &HistogramNotes<'_>,
) -> Option<Sample> {
    let points = window.histograms;
    let (start_ms, end_ms) = (window.floats.start_ms, window.floats.end_ms);
    let smoothed = rule == EdgeRule::Smoothed;
    let newest = points.len().checked_sub(1)?;
    let first = points[..newest]
        .partition_point(|(t, _)| *t <= start_ms)
        .saturating_sub(1);
    let last = match rule {
        EdgeRule::Anchored => newest,
        EdgeRule::Smoothed => points[..newest].partition_point(|(t, _)| *t < end_ms),
    };
    if points[last].0 <= start_ms || (smoothed && points[first].0 > end_ms) {
        return None;
    }
    check(&points[first..=last], counter, notes)?;
    let left = if smoothed && points[first].0 < start_ms {
        interpolate(&points[first], &points[first + 1], start_ms, counter, notes)?
    } else {
        FloatHistogram::clone(&points[first].1)
    };
    let right = if smoothed && last > 0 && points[last].0 > end_ms {
        interpolate(&points[last - 1], &points[last], end_ms, counter, notes)?
    } else {
        FloatHistogram::clone(&points[last].1)
    };
    let gauge = |h: &FloatHistogram| h.reset_hint == ResetHint::Gauge;
    if !counter && (!gauge(&left) || !gauge(&right)) {
        notes.not_gauge();
    }
    let mut result = right.clone();
    combine(&mut result, &left, HistogramOperation::Subtraction, notes)?;
    if counter {
        let spanned = smoothed && points[first].0 < start_ms;
        let correction = correction(points, (first, last), (&left, &right), spanned, notes)?;
        if let Some(correction) = correction {
            combine(&mut result, &correction, HistogramOperation::Addition, notes)?;
        }
    }
    if per_second {
        result.div(window.floats.range_seconds());
    }
    result.reset_hint = ResetHint::Gauge;
    result.compact(0);
    Some(Sample::histogram(result))
}

/// Says what is odd about the histograms; nothing when their buckets do not fit.
fn check(points: &[HistogramAt], counter: bool, notes: &HistogramNotes<'_>) -> Option<()> {
    let custom = points.first()?.1.uses_custom_buckets();
    for (_, point) in points {
        if point.uses_custom_buckets() != custom {
            notes.mixed_buckets();
            return None;
        }
        if counter && point.reset_hint == ResetHint::Gauge {
            notes.not_counter();
        }
    }
    Some(())
}

/// What resets between the edges took away, if there were any; `None` when buckets do not fit. `spanned` says
/// that the left edge lies between the first two histograms.
fn correction(
    points: &[HistogramAt],
    (first, last): (usize, usize),
    (left, right): (&FloatHistogram, &FloatHistogram),
    spanned: bool,
    notes: &HistogramNotes<'_>,
) -> Option<Option<FloatHistogram>> {
    let mut from = first + 1;
    let mut previous = left;
    if spanned && points[first + 1].1.detect_reset(&points[first].1) {
        // The left edge accounts for this reset.
        previous = &points[first + 1].1;
        from += 1;
    }
    if from > last {
        return Some(None);
    }
    let mut correction: Option<FloatHistogram> = None;
    let between = points[from..last].iter().map(|(_, point)| &**point);
    for point in between.chain([right]) {
        if point.detect_reset(previous) {
            match &mut correction {
                None => correction = Some(previous.clone()),
                Some(sum) => combine(sum, previous, HistogramOperation::Addition, notes)?,
            }
        }
        previous = point;
    }
    Some(correction)
}

/// The histogram at `at_ms` on the line between two; a counter that was reset between them counts from zero.
fn interpolate(
    (from_ms, from): &HistogramAt,
    (to_ms, to): &HistogramAt,
    at_ms: i64,
    counter: bool,
    notes: &HistogramNotes<'_>,
) -> Option<FloatHistogram> {
    if at_ms == *from_ms {
        return Some(FloatHistogram::clone(from));
    }
    let mut result = FloatHistogram::clone(to);
    if at_ms == *to_ms {
        return Some(result);
    }
    let share = (at_ms - from_ms) as f64 / (to_ms - from_ms) as f64;
    if counter && to.detect_reset(from) {
        result.mul(share);
        return Some(result);
    }
    combine(&mut result, from, HistogramOperation::Subtraction, notes)?;
    result.mul(share);
    combine(&mut result, from, HistogramOperation::Addition, notes)?;
    Some(result)
}

/// The smoothed histogram at an instant: the one there, else on the line between its neighbours, else the one
/// before.
pub(crate) fn value_at(
    points: &[HistogramAt],
    at_ms: i64,
    notes: &HistogramNotes<'_>,
) -> Option<FloatHistogram> {
    let next = points.partition_point(|(t, _)| *t < at_ms);
    if let Some((t, there)) = points.get(next)
        && *t == at_ms
    {
        return Some(FloatHistogram::clone(there));
    }
    let before = &points[next.checked_sub(1)?];
    let Some(after) = points.get(next) else {
        let mut held = FloatHistogram::clone(&before.1);
        held.reset_hint = ResetHint::Unknown;
        return Some(held);
    };
    if before.1.uses_custom_buckets() != after.1.uses_custom_buckets() {
        notes.mixed_buckets();
        return None;
    }
    let gauges = before.1.reset_hint == ResetHint::Gauge && after.1.reset_hint == ResetHint::Gauge;
    interpolate(before, after, at_ms, !gauges, notes)
}
