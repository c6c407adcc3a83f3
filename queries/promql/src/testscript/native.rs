//! Native histograms of scripts as samples: literals and their sequences, classic histograms that a load
//! converts, and the reset hints that a store of Prometheus would give them.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine_model::histogram::{CUSTOM_BUCKETS_SCHEMA, ResetHint, Span};
use engine_model::number::parse_float;
use engine_model::staleness::is_stale;
use engine_model::{FloatHistogram, Labels, LabelsBuilder, METRIC_NAME};

use super::histogram::{CounterResetHint, HistogramLiteral};
use super::series::SequenceValue;

/// Native histograms of one series: times in ms since the epoch.
pub(super) type NativePoints = Vec<(i64, FloatHistogram)>;

impl From<&HistogramLiteral> for FloatHistogram {
    fn from(literal: &HistogramLiteral) -> Self {
        let spans = |offset: i64, counts: &[f64]| {
            let span = Span {
                offset: offset as i32,
                length: counts.len() as u32,
            };
            if counts.is_empty() { Vec::new() } else { vec![span] }
        };
        Self {
            schema: literal.schema as i32,
            reset_hint: match literal.counter_reset_hint {
                None | Some(CounterResetHint::Unknown) => ResetHint::Unknown,
                Some(CounterResetHint::Reset) => ResetHint::Reset,
                Some(CounterResetHint::NotReset) => ResetHint::NotReset,
                Some(CounterResetHint::Gauge) => ResetHint::Gauge,
            },
            zero_threshold: literal.zero_threshold,
            zero_count: literal.zero_count,
            count: literal.count,
            sum: literal.sum,
            positive_spans: spans(literal.offset, &literal.buckets),
            negative_spans: spans(literal.negative_offset, &literal.negative_buckets),
            positive: literal.buckets.clone(),
            negative: literal.negative_buckets.clone(),
            custom_values: literal.custom_values.clone(),
        }
    }
}

/// The histograms of a sequence, each with its position. They are added up one after the other.
pub(super) fn of_sequence(values: &[SequenceValue]) -> Result<Vec<(usize, FloatHistogram)>, String> {
    let mut histograms = Vec::new();
    let mut last: Option<FloatHistogram> = None;
    for (position, value) in values.iter().enumerate() {
        let SequenceValue::Histogram { base, step, times } = value else {
            last = None;
            continue;
        };
        let histogram = match (step, last.take(), times) {
            (Some(step), Some(mut sum), 1.. | ..=-1) => {
                let step = FloatHistogram::from(&**step);
                let combined = if *times > 0 {
                    sum.add(&step)
                } else {
                    sum.sub(&step)
                };
                combined.map_err(|error| error.to_string())?;
                sum
            }
            _ => FloatHistogram::from(&**base),
        };
        last = Some(histogram.clone());
        histograms.push((position, histogram));
    }
    Ok(histograms)
}

/// Gives histograms the hints of Prometheus's store: inside a chunk there is no reset, and where one begins nothing
/// is known, because the chunk before may be gone. It begins a chunk where it notices a reset.
pub(super) fn with_store_hints(points: &mut NativePoints) {
    let mut previous: Option<FloatHistogram> = None;
    for (_, histogram) in points {
        let written = histogram.clone();
        if histogram.reset_hint != ResetHint::Gauge && !is_stale(histogram.sum) {
            histogram.reset_hint = match &previous {
                None => ResetHint::Unknown,
                Some(previous) => hint_after(previous, histogram),
            };
        }
        previous = Some(written);
    }
}

fn hint_after(previous: &FloatHistogram, histogram: &FloatHistogram) -> ResetHint {
    if histogram.reset_hint == ResetHint::Reset {
        return ResetHint::Unknown;
    }
    if previous.reset_hint == ResetHint::Gauge || is_stale(previous.sum) {
        return ResetHint::Unknown;
    }
    if histogram.count < previous.count {
        return ResetHint::Unknown;
    }
    if histogram.schema != previous.schema || histogram.zero_threshold != previous.zero_threshold {
        return ResetHint::Unknown;
    }
    let other_bounds = histogram.uses_custom_buckets() && histogram.custom_values != previous.custom_values;
    let fell = |before: BTreeMap<i32, f64>, after: BTreeMap<i32, f64>| {
        before
            .iter()
            .any(|(index, &count)| count != 0.0 && after.get(index).copied().unwrap_or_default() < count)
    };
    let positive = |h: &FloatHistogram| h.positive_buckets().map(|b| (b.index, b.count)).collect();
    let negative = |h: &FloatHistogram| h.negative_buckets().map(|b| (b.index, b.count)).collect();
    let reset = other_bounds
        || histogram.zero_count < previous.zero_count
        || fell(positive(previous), positive(histogram))
        || fell(negative(previous), negative(histogram));
    if reset {
        ResetHint::Unknown
    } else {
        ResetHint::NotReset
    }
}

/// A classic histogram at one time.
#[derive(Default)]
struct Classic {
    /// Upper bound and count of all observations below it, ascending.
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
}

/// Native histograms with custom bounds, made of the classic ones among `series`.
pub(super) fn converted<'s>(
    series: impl Iterator<Item = (&'s Labels, Vec<(i64, f64)>)>,
) -> Vec<(Labels, NativePoints)> {
    let mut histograms: BTreeMap<Labels, BTreeMap<i64, Classic>> = BTreeMap::new();
    for (labels, points) in series {
        let name = labels.metric_name();
        let parts = ["_bucket", "_sum", "_count"];
        let found = parts
            .iter()
            .find_map(|part| Some((*part, name.strip_suffix(part)?)));
        let Some((part, base_name)) = found else {
            continue;
        };
        let bound = parse_float(labels.value("le")).filter(|bound| !bound.is_nan());
        if part == "_bucket" && bound.is_none() {
            continue;
        }
        let mut base = LabelsBuilder::from(labels);
        base.set(METRIC_NAME, base_name).remove("le");
        let by_time = histograms.entry(base.build()).or_default();
        for (at_ms, value) in points {
            let classic = by_time.entry(at_ms).or_default();
            match (part, bound) {
                ("_bucket", Some(bound)) => classic.buckets.push((bound, value)),
                ("_count", _) => classic.count = Some(value),
                _ => classic.sum = value,
            }
        }
    }
    let native = |(labels, by_time): (Labels, BTreeMap<i64, Classic>)| {
        let points = by_time
            .into_iter()
            .map(|(at_ms, classic)| (at_ms, classic.native()));
        (labels, points.collect())
    };
    histograms.into_iter().map(native).collect()
}

impl Classic {
    fn native(mut self) -> FloatHistogram {
        self.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.buckets.dedup_by_key(|(bound, _)| bound.to_bits());
        let highest = self.buckets.last().map_or(0.0, |(_, count)| *count);
        let count = self.count.unwrap_or(highest);
        if self
            .buckets
            .last()
            .is_none_or(|(bound, _)| *bound != f64::INFINITY)
        {
            self.buckets.push((f64::INFINITY, count));
        }
        let below = std::iter::once(0.0).chain(self.buckets.iter().map(|(_, count)| *count));
        let mut histogram = FloatHistogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            count,
            sum: self.sum,
            positive_spans: vec![Span {
                offset: 0,
                length: self.buckets.len() as u32,
            }],
            positive: self
                .buckets
                .iter()
                .zip(below)
                .map(|((_, count), below)| count - below)
                .collect(),
            custom_values: self.buckets[..self.buckets.len() - 1]
                .iter()
                .map(|(bound, _)| *bound)
                .collect(),
            ..FloatHistogram::default()
        };
        histogram.compact(0);
        histogram
    }
}

/// Shared, as samples hold them.
pub(super) fn shared(points: NativePoints) -> Vec<(i64, Arc<FloatHistogram>)> {
    points
        .into_iter()
        .map(|(at_ms, histogram)| (at_ms, Arc::new(histogram)))
        .collect()
}
