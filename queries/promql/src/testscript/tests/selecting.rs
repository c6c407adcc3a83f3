//! An engine that knows numbers, strings and selectors: enough to judge the runner.

use engine_model::Labels;
use engine_model::matcher::all_match;
use engine_model::staleness::is_stale;

use crate::parser::ast::{At, Expr, VectorSelector};
use crate::parser::{ParseOptions, parse_expr};
use crate::testscript::{Engine, EvalOutcome, Evaluated, LoadedPoint, Sample, Value};

const LOOKBACK_MS: i64 = 300_000;

/// A series with its points.
pub(super) type Series = (Labels, Vec<(i64, f64)>);

/// Keeps what is loaded, and counts the queries.
#[derive(Default)]
pub(super) struct SelectingEngine {
    pub(super) series: Vec<Series>,
    pub(super) queries: Vec<String>,
    /// Added to what a range query selects, to see whether the runner notices.
    pub(super) range_error: f64,
}

impl SelectingEngine {
    fn at(&self, expr: &Expr, at_ms: i64) -> EvalOutcome {
        let (mut warnings, mut infos) = (Vec::new(), Vec::new());
        let value = match expr {
            Expr::Number(number) => Value::Scalar(number.value),
            Expr::String(text) => Value::String(text.value.clone()),
            Expr::Vector(selector) => Value::Vector(as_samples(self.select(selector, at_ms))),
            Expr::Matrix(matrix) => {
                let end = pinned_time(&matrix.selector, at_ms);
                let inside = |(t, _): &&(i64, f64)| *t > end - matrix.range_ms && *t <= end;
                let window = |(labels, points): &Series| {
                    let points = points.iter().filter(inside);
                    (
                        labels.clone(),
                        points.map(|(t, v)| (*t, Sample::Float(*v))).collect(),
                    )
                };
                Value::Matrix(self.matching(&matrix.selector).map(window).collect())
            }
            Expr::Paren(paren) => {
                warnings.push("PromQL warning: parentheses (1:1)".to_owned());
                infos.push("PromQL info: round ones (1:1)".to_owned());
                return self.at(&paren.expr, at_ms).map(|inner| Evaluated {
                    warnings,
                    infos,
                    ..inner
                });
            }
            other => return Err(format!("cannot evaluate {other}")),
        };
        Ok(Evaluated {
            value,
            warnings,
            infos,
        })
    }

    fn matching<'a>(&'a self, selector: &'a VectorSelector) -> impl Iterator<Item = &'a Series> {
        self.series
            .iter()
            .filter(|(labels, _)| all_match(&selector.matchers, labels))
    }

    fn select(&self, selector: &VectorSelector, at_ms: i64) -> Vec<(Labels, f64)> {
        let at_ms = pinned_time(selector, at_ms);
        let newest = |(labels, points): &Series| {
            let inside = |(t, _): &&(i64, f64)| *t > at_ms - LOOKBACK_MS && *t <= at_ms;
            let (_, value) = points.iter().rfind(inside)?;
            (!is_stale(*value)).then(|| (labels.clone(), *value))
        };
        self.matching(selector).filter_map(newest).collect()
    }
}

fn as_samples(elements: Vec<(Labels, f64)>) -> Vec<(Labels, Sample)> {
    let sample = |(labels, value)| (labels, Sample::Float(value));
    elements.into_iter().map(sample).collect()
}

fn pinned_time(selector: &VectorSelector, at_ms: i64) -> i64 {
    match selector.modifiers.at {
        Some(At::Timestamp(pinned)) => pinned,
        _ => at_ms,
    }
}

impl Engine for SelectingEngine {
    fn clear(&mut self) {
        self.series.clear();
    }

    fn load(&mut self, series: &[(Labels, Vec<LoadedPoint>)]) {
        let float = |point: &LoadedPoint| match point.sample {
            Sample::Float(value) => Some((point.at_ms, value)),
            Sample::Histogram(_) => None,
        };
        for (labels, points) in series {
            let floats = points.iter().filter_map(float).collect();
            self.series.push((labels.clone(), floats));
        }
        self.series.sort_by(|a, b| a.0.cmp(&b.0));
    }

    fn instant(&mut self, expr: &str, at_ms: i64) -> EvalOutcome {
        self.queries.push(format!("{expr} at {at_ms}"));
        let parsed = parse_expr(expr, &ParseOptions::ALL).map_err(|e| e.to_string())?;
        self.at(&parsed, at_ms)
    }

    fn range(&mut self, expr: &str, start_ms: i64, end_ms: i64, step_ms: i64) -> EvalOutcome {
        self.queries
            .push(format!("{expr} from {start_ms} to {end_ms} step {step_ms}"));
        let parsed = parse_expr(expr, &ParseOptions::ALL).map_err(|e| e.to_string())?;
        let mut matrix: Vec<(Labels, Vec<(i64, Sample)>)> = Vec::new();
        let mut last = None;
        let steps = (end_ms - start_ms) / step_ms;
        for at_ms in (0..=steps).map(|k| start_ms + k * step_ms) {
            let evaluated = self.at(&parsed, at_ms)?;
            let elements = match &evaluated.value {
                Value::Scalar(value) => vec![(Labels::empty(), Sample::Float(*value))],
                Value::Vector(elements) => elements.clone(),
                other => return Err(format!("invalid type for a range query: {other:?}")),
            };
            for (labels, value) in elements {
                let Sample::Float(value) = value else { continue };
                let point = (at_ms, Sample::Float(value + self.range_error));
                match matrix.iter_mut().find(|(other, _)| *other == labels) {
                    Some((_, points)) => points.push(point),
                    None => matrix.push((labels, vec![point])),
                }
            }
            last = Some(evaluated);
        }
        matrix.sort_by(|a, b| a.0.cmp(&b.0));
        let last = last.ok_or("no steps")?;
        Ok(Evaluated {
            value: Value::Matrix(matrix),
            ..last
        })
    }
}
