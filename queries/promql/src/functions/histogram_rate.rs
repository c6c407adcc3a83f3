//! `rate` and its kin over native histograms, to the letter of Prometheus's `histogramRate`.

use engine_model::FloatHistogram;
use engine_model::histogram::ResetHint;
use queries_tables::histograms::HistogramAt;

use super::mixed::{MixedSamples, Sample};
use super::rate::{Extrapolation, begun_inside, factor};
use super::starts::{overlap, tell_reset};
use crate::histogram_notes::{HistogramNotes, HistogramOperation};

/// `rate`, `increase` and `delta` over a window of histograms only.
pub(super) fn extrapolated(
    window: &MixedSamples<'_>,
    counter: bool,
    per_second: bool,
    notes: &HistogramNotes<'_>,
) -> Option<Sample> {
    let points = window.histograms;
    let ((first_ms, first), (last_ms, _)) = (points.first()?, points.last()?);
    let starts = if counter { window.starts } else { &[] };
    let begun_ms = begun_inside(starts, window.floats.start_ms, *first_ms);
    let mut result = match (points.len(), begun_ms) {
        (1, None) => return None,
        (1, Some(_)) => FloatHistogram::clone(first),
        (_, None) => difference(points, starts, counter, notes)?,
        (_, Some(_)) => {
            let mut result = difference(points, starts, counter, notes)?;
            combine(&mut result, first, HistogramOperation::Addition, notes)?;
            result
        }
    };
    let to_zero = counter && result.count > 0.0 && first.count >= 0.0;
    let factor = factor(&Extrapolation {
        first_ms: *first_ms,
        last_ms: *last_ms,
        gaps: points.len() - 1,
        start_ms: window.floats.start_ms,
        end_ms: window.floats.end_ms,
        begun_ms,
        share_before_first: to_zero.then(|| first.count / result.count),
        range_seconds: per_second.then(|| window.floats.range_seconds()),
    });
    result.mul(factor);
    Some(Sample::histogram(result))
}

/// The last histogram less the first one, resets accounted for.
fn difference(
    points: &[HistogramAt],
    starts: &[(i64, i64)],
    counter: bool,
    notes: &HistogramNotes<'_>,
) -> Option<FloatHistogram> {
    let ([(_, first), (_, second), ..], [.., (_, last)]) = (points, points) else {
        return None;
    };
    let gauge = |h: &FloatHistogram| h.reset_hint == ResetHint::Gauge;
    if counter && (gauge(first) || gauge(last)) {
        notes.not_counter();
    }
    let mut previous = FloatHistogram::clone(first);
    if counter && (tell_reset(starts, points[0].0, points[1].0) || second.detect_reset(first)) {
        // The first one does not count, so its buckets need not fit.
        previous = FloatHistogram {
            schema: second.schema,
            custom_values: second.custom_values.clone(),
            ..FloatHistogram::default()
        };
    }
    let custom = previous.uses_custom_buckets();
    if last.uses_custom_buckets() != custom {
        notes.mixed_buckets();
        return None;
    }
    let mut schema = last.schema.min(previous.schema);
    if counter {
        for (_, point) in &points[1..points.len() - 1] {
            if gauge(point) {
                notes.not_counter();
            }
            if point.uses_custom_buckets() != custom {
                notes.mixed_buckets();
                return None;
            }
            schema = schema.min(point.schema);
        }
    }
    let mut result = last.copy_to_schema(schema);
    combine(&mut result, &previous, HistogramOperation::Subtraction, notes)?;
    if counter {
        if points
            .windows(2)
            .any(|pair| overlap(starts, pair[0].0, pair[1].0))
        {
            notes.start_overlap();
        }
        for pair in points.windows(2) {
            let point = &pair[1].1;
            if tell_reset(starts, pair[0].0, pair[1].0) || point.detect_reset(&previous) {
                combine(&mut result, &previous, HistogramOperation::Addition, notes)?;
            }
            previous.clone_from(point);
        }
    } else if !gauge(first) || !gauge(last) {
        notes.not_gauge();
    }
    result.reset_hint = ResetHint::Gauge;
    result.compact(0);
    Some(result)
}

/// Adds or subtracts in place; nothing when the buckets do not fit.
pub(super) fn combine(
    result: &mut FloatHistogram,
    other: &FloatHistogram,
    operation: HistogramOperation,
    notes: &HistogramNotes<'_>,
) -> Option<()> {
    let combined = match operation {
        HistogramOperation::Subtraction => result.sub(other),
        HistogramOperation::Addition | HistogramOperation::Aggregation => result.add(other),
    };
    let Ok(told) = combined else {
        notes.mixed_buckets();
        return None;
    };
    if told.nhcb_bounds_reconciled {
        notes.reconciled(operation);
    }
    Some(())
}

/// `irate` and `idelta` over the two newest samples, which are histograms.
pub(super) fn of_two(
    [(before_ms, before), (last_ms, last)]: [&HistogramAt; 2],
    starts: &[(i64, i64)],
    counter: bool,
    notes: &HistogramNotes<'_>,
) -> Option<Sample> {
    let both_gauges = before.reset_hint == ResetHint::Gauge && last.reset_hint == ResetHint::Gauge;
    let any_gauge = before.reset_hint == ResetHint::Gauge || last.reset_hint == ResetHint::Gauge;
    if counter && any_gauge {
        notes.not_counter();
    }
    if !counter && !both_gauges {
        notes.not_gauge();
    }
    let mut result = FloatHistogram::clone(last);
    if !counter || !(tell_reset(starts, *before_ms, *last_ms) || last.detect_reset(before)) {
        combine(&mut result, before, HistogramOperation::Subtraction, notes)?;
    }
    result.reset_hint = ResetHint::Gauge;
    result.compact(0);
    if counter {
        result.div((last_ms - before_ms) as f64 / 1000.0);
    }
    Some(Sample::histogram(result))
}
