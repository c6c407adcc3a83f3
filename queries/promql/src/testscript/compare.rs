//! Judges a result: values with tolerance, labels exactly, annotations by their text.

use std::collections::{BTreeMap, BTreeSet};

use engine_model::float_histogram::Bucket;
use engine_model::histogram::ResetHint;
use engine_model::number::format_go_value;
use engine_model::staleness::is_stale;
use engine_model::{FloatHistogram, Labels};

use super::engine::{Sample, Value};
use super::native::of_sequence;
use super::script::{AnnotationRule, Eval, Expected, Grid, When};
use super::series::SequenceValue;

/// Relative error that is allowed.
const EPSILON: f64 = 1e-6;

type Judged = Result<(), String>;

/// Whether two values count as the same.
pub(super) fn almost_equal(a: f64, b: f64) -> bool {
    if is_stale(a) || is_stale(b) {
        return is_stale(a) && is_stale(b);
    }
    if (a.is_nan() && b.is_nan()) || a == b {
        return true;
    }
    let sum = a.abs() + b.abs();
    let difference = (a - b).abs();
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < EPSILON * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < EPSILON
}

/// Why `value` is not what `eval` expects.
pub(super) fn check_value(eval: &Eval, value: &Value) -> Judged {
    match value {
        Value::Matrix(series) => matrix(eval, series),
        Value::Vector(elements) => vector(eval, elements),
        Value::Scalar(value) => match eval.expected {
            Expected::Scalar(expected) if almost_equal(expected, *value) => Ok(()),
            Expected::Scalar(expected) => Err(format!(
                "expected scalar {} but got {}",
                format_go_value(expected),
                format_go_value(*value)
            )),
            _ => Err("expected a vector or matrix but got a scalar".to_owned()),
        },
        Value::String(text) => match &eval.expected {
            Expected::String(expected) if expected == text => Ok(()),
            Expected::String(expected) => Err(format!("expected string {expected:?} but got {text:?}")),
            _ => Err(format!("got string {text:?} without an `expect string` line")),
        },
    }
}

fn expected_series(eval: &Eval) -> Result<&[(Labels, Vec<SequenceValue>)], String> {
    match &eval.expected {
        Expected::Series(series) => Ok(series),
        Expected::Scalar(_) => Err("expected a scalar".to_owned()),
        Expected::String(_) => Err("expected a string".to_owned()),
    }
}

fn vector(eval: &Eval, elements: &[(Labels, Sample)]) -> Judged {
    let expected = expected_series(eval)?;
    let places: BTreeMap<&Labels, usize> = expected
        .iter()
        .enumerate()
        .map(|(i, (labels, _))| (labels, i))
        .collect();
    let mut seen = BTreeSet::new();
    for (place, (labels, value)) in elements.iter().enumerate() {
        let Some(&wanted_place) = places.get(labels) else {
            let value = value.describe();
            return Err(format!("unexpected element {labels} with value {value}"));
        };
        if eval.ordered && wanted_place != place {
            return Err(format!(
                "expected {labels} at position {} but it is at {}",
                wanted_place + 1,
                place + 1
            ));
        }
        if expected[wanted_place].1.is_empty() {
            return Err(format!("the line of {labels} has no value"));
        }
        let wanted = wanted(&expected[wanted_place].1)?.into_iter().next();
        let wanted = wanted.flatten().unwrap_or(Wanted::Float(0.0));
        wanted
            .check(value)
            .map_err(|(wanted, got)| format!("expected {wanted} for {labels} but got {got}"))?;
        if !seen.insert(labels) {
            return Err(format!("{labels} occurs twice"));
        }
    }
    missing(expected, |labels| seen.contains(labels))
}

fn matrix(eval: &Eval, series: &[(Labels, Vec<(i64, Sample)>)]) -> Judged {
    if eval.ordered {
        return Err("expected an ordered result, but a matrix has no order of its own".to_owned());
    }
    let expected = expected_series(eval)?;
    if let Some(pair) = series.windows(2).find(|pair| pair[0].0 > pair[1].0) {
        return Err(format!(
            "a matrix must be sorted by labels, but {} stands before {}",
            pair[0].0, pair[1].0
        ));
    }
    let grid = match (eval.when, eval.range_vector) {
        (_, Some(grid)) | (When::Range(grid), None) => Some(grid),
        (When::Instant(_), None) => None,
    };
    for (labels, points) in series {
        let Some((_, values)) = expected.iter().find(|(other, _)| other == labels) else {
            return Err(format!("unexpected series {labels} with {} points", points.len()));
        };
        let wanted = expected_points(values, grid).map_err(|e| format!("{e} for {labels}"))?;
        check_points(&wanted, points).map_err(|e| format!("{e} for {labels}"))?;
    }
    missing(expected, |labels| series.iter().any(|(other, _)| other == labels))
}

/// A sample that is expected.
#[derive(Debug, Clone)]
enum Wanted {
    Float(f64),
    /// A histogram, and whether its hint is meant.
    Histogram(FloatHistogram, bool),
}

impl Wanted {
    /// Whether `got` is this; what was wanted and what came otherwise.
    fn check(&self, got: &Sample) -> Result<(), (String, String)> {
        let same = match (self, got) {
            (Self::Float(wanted), Sample::Float(got)) => almost_equal(*wanted, *got),
            (Self::Histogram(wanted, hinted), Sample::Histogram(got)) => {
                same_histogram(wanted, got) && (!hinted || wanted.reset_hint == got.reset_hint)
            }
            _ => false,
        };
        if same {
            return Ok(());
        }
        let told = |hint: ResetHint, hinted: bool| {
            if hinted {
                format!(" {hint:?}")
            } else {
                String::new()
            }
        };
        let (wanted, hinted) = match self {
            Self::Float(value) => (format_go_value(*value), false),
            Self::Histogram(histogram, hinted) => (
                format!(
                    "{histogram} schema {}{}",
                    histogram.schema,
                    told(histogram.reset_hint, *hinted)
                ),
                *hinted,
            ),
        };
        let got = match got {
            Sample::Float(value) => format_go_value(*value),
            Sample::Histogram(histogram) => {
                format!(
                    "{histogram} schema {}{}",
                    histogram.schema,
                    told(histogram.reset_hint, hinted)
                )
            }
        };
        Err((wanted, got))
    }
}

fn same_histogram(a: &FloatHistogram, b: &FloatHistogram) -> bool {
    let [a, b] = [a, b].map(|histogram| {
        let mut histogram = histogram.clone();
        histogram.compact(0);
        histogram
    });
    let numbers = [(a.count, b.count), (a.sum, b.sum), (a.zero_count, b.zero_count)];
    let same = |mut a: Box<dyn Iterator<Item = Bucket> + '_>,
                mut b: Box<dyn Iterator<Item = Bucket> + '_>| loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a.index == b.index && almost_equal(a.count, b.count) => {}
            _ => return false,
        }
    };
    a.schema == b.schema
        && a.zero_threshold == b.zero_threshold
        && a.custom_values == b.custom_values
        && numbers.iter().all(|(a, b)| almost_equal(*a, *b))
        && same(Box::new(a.positive_buckets()), Box::new(b.positive_buckets()))
        && same(Box::new(a.negative_buckets()), Box::new(b.negative_buckets()))
}

/// What a line of values stands for, a sample or none each.
fn wanted(values: &[SequenceValue]) -> Result<Vec<Option<Wanted>>, String> {
    let mut wanted: Vec<Option<Wanted>> = values
        .iter()
        .map(|value| match value {
            SequenceValue::Float(value) => Some(Wanted::Float(*value)),
            SequenceValue::Omitted | SequenceValue::Histogram { .. } => None,
        })
        .collect();
    for (position, histogram) in of_sequence(values)? {
        let SequenceValue::Histogram { base, .. } = &values[position] else {
            continue;
        };
        wanted[position] = Some(Wanted::Histogram(histogram, base.counter_reset_hint.is_some()));
    }
    Ok(wanted)
}

/// The points that a line of values stands for.
fn expected_points(values: &[SequenceValue], grid: Option<Grid>) -> Result<Vec<(i64, Wanted)>, String> {
    let mut points = Vec::new();
    for (i, value) in wanted(values)?.into_iter().enumerate() {
        let at_ms = grid.map(|g| g.start_ms + i as i64 * g.step_ms);
        let Some(at_ms) = at_ms.filter(|at| grid.is_some_and(|g| *at <= g.end_ms)) else {
            return Err(format!(
                "expected {} points, but the time range cannot have as many",
                values.len()
            ));
        };
        points.extend(value.map(|value| (at_ms, value)));
    }
    Ok(points)
}

fn check_points(wanted: &[(i64, Wanted)], points: &[(i64, Sample)]) -> Judged {
    if wanted.len() != points.len() {
        return Err(format!(
            "expected {} points but got {}",
            wanted.len(),
            points.len()
        ));
    }
    for (i, ((wanted_at, wanted), (at, sample))) in wanted.iter().zip(points).enumerate() {
        if wanted_at != at {
            return Err(format!(
                "expected point {i} at {wanted_at} ms but it is at {at} ms"
            ));
        }
        wanted.check(sample).map_err(|(wanted, got)| {
            format!("expected point {i} (at {at} ms) to be {wanted} but it is {got}")
        })?;
    }
    Ok(())
}

fn missing(expected: &[(Labels, Vec<SequenceValue>)], seen: impl Fn(&Labels) -> bool) -> Judged {
    match expected.iter().find(|(labels, _)| !seen(labels)) {
        Some((labels, _)) => Err(format!("expected {labels}, which is missing")),
        None => Ok(()),
    }
}

/// Why annotations of one severity are not as demanded.
pub(super) fn check_annotations(rule: &AnnotationRule, name: &str, got: &[String]) -> Judged {
    if (rule.some || !rule.each.is_empty()) && got.is_empty() {
        return Err(format!("expected {name} annotations but got none"));
    }
    if rule.none && !got.is_empty() {
        return Err(format!("expected no {name} annotations but got {got:?}"));
    }
    if rule.each.is_empty() {
        return Ok(());
    }
    if let Some(unmet) = rule
        .each
        .iter()
        .find(|m| !got.iter().any(|text| m.is_match(text)))
    {
        let wanted = unmet.describe();
        return Err(format!(
            "expected {wanted} among the {name} annotations but got {got:?}"
        ));
    }
    match got
        .iter()
        .find(|text| !rule.each.iter().any(|m| m.is_match(text)))
    {
        Some(text) => Err(format!("unexpected {name} annotation {text:?}")),
        None => Ok(()),
    }
}
