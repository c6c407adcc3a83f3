//! Functions over windows that have native histograms, alone or beside floats. Windows of floats never come here.

use std::sync::Arc;

use engine_model::FloatHistogram;
use queries_tables::histograms::HistogramAt;

use super::extended::EdgeRule;
use super::histogram_sum::HistogramSum;
use super::range::{Evaluate, Samples};
use super::starts::tell_reset;
use super::{histogram_edges, histogram_rate, rate};
use crate::histogram_notes::{HistogramNotes, HistogramOperation};

/// A window with histograms. Its floats may be none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MixedSamples<'a> {
    pub(crate) floats: Samples<'a>,
    /// Time ascending; at least one unless there are start timestamps.
    pub(crate) histograms: &'a [HistogramAt],
    /// Pairs of sample time and start timestamp, ms.
    pub(crate) starts: &'a [(i64, i64)],
}

/// A result of either kind.
#[derive(Debug, Clone)]
pub(crate) enum Sample {
    Float(f64),
    Histogram(Arc<FloatHistogram>),
}

impl Sample {
    pub(super) fn histogram(histogram: FloatHistogram) -> Self {
        Self::Histogram(Arc::new(histogram))
    }
}

/// One sample of a window.
#[derive(Debug, Clone, Copy)]
enum Point<'a> {
    Float(i64, f64),
    Histogram(&'a HistogramAt),
}

impl Point<'_> {
    fn time_ms(self) -> i64 {
        match self {
            Self::Float(at_ms, _) | Self::Histogram(&(at_ms, _)) => at_ms,
        }
    }

    fn sample(self) -> Sample {
        match self {
            Self::Float(_, value) => Sample::Float(value),
            Self::Histogram((_, histogram)) => Sample::Histogram(Arc::clone(histogram)),
        }
    }
}

impl<'a> MixedSamples<'a> {
    /// All samples, time ascending.
    fn points(&self) -> Vec<Point<'a>> {
        let floats = self.floats.timestamps.iter().zip(self.floats.values);
        let floats = floats.map(|(&at_ms, &value)| Point::Float(at_ms, value));
        let mut points: Vec<Point<'a>> = floats
            .chain(self.histograms.iter().map(Point::Histogram))
            .collect();
        points.sort_by_key(|point| point.time_ms());
        points
    }

    /// All samples from the anchor on: the last one at or before the left edge. Nothing when none is after it.
    fn since_anchor(&self) -> Vec<Point<'a>> {
        let mut points = self.points();
        let before = points.partition_point(|point| point.time_ms() <= self.floats.start_ms);
        if before == points.len() {
            return Vec::new();
        }
        points.drain(..before.saturating_sub(1));
        points
    }
}

/// Computes the function called `name`, which is `evaluate` over floats, with the scalar parameters of the step.
pub(crate) fn evaluate(
    (name, evaluate): (&str, Evaluate),
    edges: Option<EdgeRule>,
    window: &MixedSamples<'_>,
    parameters: &[f64],
    notes: &HistogramNotes<'_>,
) -> Option<Sample> {
    let floats = window.floats.len();
    let counter = matches!(name, "rate" | "increase" | "irate");
    match name {
        "rate" | "increase" if window.histograms.is_empty() && edges.is_none() => {
            rate::of_starts(&window.floats, window.starts, name == "rate", notes).map(Sample::Float)
        }
        "irate" => of_two(window, counter, notes),
        "resets" => turns(window, edges, was_reset),
        _ if window.histograms.is_empty() => evaluate(&window.floats, parameters).map(Sample::Float),
        "rate" | "increase" | "delta" | "sum_over_time" | "avg_over_time" if floats > 0 => {
            notes.mixed_kinds();
            None
        }
        "rate" | "increase" | "delta" => match edges {
            Some(rule) => histogram_edges::increase(window, rule, counter, name == "rate", notes),
            None => histogram_rate::extrapolated(window, counter, name == "rate", notes),
        },
        "idelta" => of_two(window, counter, notes),
        "changes" => turns(window, edges, changed),
        "sum_over_time" => sum(window, false, notes),
        "avg_over_time" => sum(window, true, notes),
        "count_over_time" => Some(Sample::Float((floats + window.histograms.len()) as f64)),
        "present_over_time" => Some(Sample::Float(1.0)),
        "first_over_time" => window.points().first().map(|point| point.sample()),
        "last_over_time" => window.points().last().map(|point| point.sample()),
        "ts_of_first_over_time" => seconds(window.points().first()),
        "ts_of_last_over_time" => seconds(window.points().last()),
        _ if floats == 0 => None,
        _ => {
            notes.ignored_in_range();
            evaluate(&window.floats, parameters).map(Sample::Float)
        }
    }
}

fn seconds(point: Option<&Point<'_>>) -> Option<Sample> {
    point.map(|point| Sample::Float(point.time_ms() as f64 / 1000.0))
}

/// How often two samples in a row differ in the way that `counts` says.
fn turns(
    window: &MixedSamples<'_>,
    edges: Option<EdgeRule>,
    counts: fn(Point<'_>, Point<'_>, &[(i64, i64)]) -> bool,
) -> Option<Sample> {
    let points = match edges {
        Some(_) => window.since_anchor(),
        None => window.points(),
    };
    let turns = points
        .windows(2)
        .filter(|pair| counts(pair[0], pair[1], window.starts));
    (!points.is_empty()).then(|| Sample::Float(turns.count() as f64))
}

fn changed(before: Point<'_>, after: Point<'_>, _: &[(i64, i64)]) -> bool {
    match (before, after) {
        (Point::Float(_, before), Point::Float(_, after)) => {
            before != after && !(before.is_nan() && after.is_nan())
        }
        (Point::Histogram((_, before)), Point::Histogram((_, after))) => !after.equals(before),
        _ => true,
    }
}

fn was_reset(before: Point<'_>, after: Point<'_>, starts: &[(i64, i64)]) -> bool {
    let told = || tell_reset(starts, before.time_ms(), after.time_ms());
    match (before, after) {
        (Point::Float(_, before), Point::Float(_, after)) => after < before || told(),
        (Point::Histogram((_, before)), Point::Histogram((_, after))) => told() || after.detect_reset(before),
        _ => true,
    }
}

fn of_two(window: &MixedSamples<'_>, counter: bool, notes: &HistogramNotes<'_>) -> Option<Sample> {
    let points = window.points();
    let &[.., before, last] = points.as_slice() else {
        return None;
    };
    match (before, last) {
        (Point::Histogram(before), Point::Histogram(last)) => {
            histogram_rate::of_two([before, last], window.starts, counter, notes)
        }
        (Point::Float(before_ms, _), Point::Float(last_ms, value)) => {
            if counter && tell_reset(window.starts, before_ms, last_ms) {
                return Some(Sample::Float(value / ((last_ms - before_ms) as f64 / 1000.0)));
            }
            let value = match counter {
                true => rate::irate(&window.floats, &[]),
                false => rate::idelta(&window.floats, &[]),
            };
            value.map(Sample::Float)
        }
        _ => {
            notes.mixed_kinds();
            None
        }
    }
}

fn sum(window: &MixedSamples<'_>, mean: bool, notes: &HistogramNotes<'_>) -> Option<Sample> {
    let ((_, first), rest) = window.histograms.split_first()?;
    let mut sum = HistogramSum::new(first, mean);
    let mut reconciled = false;
    for (_, histogram) in rest {
        match sum.add(histogram) {
            Ok(told) => reconciled |= told,
            Err(_) => {
                notes.mixed_buckets();
                return None;
            }
        }
    }
    if sum.collided() {
        notes.collision(HistogramOperation::Aggregation);
    }
    if reconciled {
        notes.reconciled(HistogramOperation::Aggregation);
    }
    match sum.finish() {
        Ok(histogram) => Some(Sample::histogram(histogram)),
        Err(_) => {
            notes.mixed_buckets();
            None
        }
    }
}
