//! Runs a script against an engine, each evaluation in every way in which it must give the same result.

use std::sync::LazyLock;

use engine_model::Labels;
use regex::Regex;

use super::at_modifier::pinned;
use super::compare::{check_annotations, check_value};
use super::engine::{Engine, EvalOutcome, LoadedPoint, Sample, Value};
use super::expectations::pattern;
use super::native::{NativePoints, converted, of_sequence, shared, with_store_hints};
use super::parse::parse_script;
use super::report::{Failure, ScriptReport};
use super::script::{Command, Eval, Expected, Load, LoadedSeries, When};
use super::series::SequenceValue;
use crate::parser::{ParseOptions, parse_expr};

/// Calls whose value is another one in a range query.
static QUERY_CONTEXT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(start|end|range|step)\(\)"));

/// Runs a script called `name`. The engine is cleared before it.
pub fn run_script(name: &str, text: &str, engine: &mut dyn Engine) -> ScriptReport {
    let mut report = ScriptReport::new(name);
    let script = match parse_script(text) {
        Ok(script) => script,
        Err(error) => {
            report.fail(Failure {
                line: error.line,
                expr: String::new(),
                reason: error.message,
                expected: "a script that can be read".to_owned(),
                got: String::new(),
            });
            return report;
        }
    };
    engine.clear();
    for command in &script.commands {
        match command {
            Command::Clear => engine.clear(),
            Command::Load(load) => match loaded_series(load) {
                Ok(series) => engine.load(&series),
                Err(reason) => report.fail(unloadable(reason)),
            },
            Command::Eval(eval) => match evaluate(eval, engine) {
                Ok(()) => report.pass(),
                Err(failure) => report.fail(*failure),
            },
        }
    }
    report
}

fn unloadable(reason: String) -> Failure {
    Failure {
        line: 0,
        expr: String::new(),
        reason,
        expected: "a load that can be carried out".to_owned(),
        got: String::new(),
    }
}

/// The samples of a load, and what it makes of classic histograms.
fn loaded_series(load: &Load) -> Result<Vec<(Labels, Vec<LoadedPoint>)>, String> {
    let time_ms = |position: usize| position as i64 * load.step_ms;
    let mut loaded: Vec<(Labels, Vec<LoadedPoint>)> = Vec::new();
    let mut floats_by_labels = Vec::new();
    for (labels, series) in &load.series {
        let floats = floats(series, load.step_ms);
        let mut native: NativePoints = of_sequence(&series.values)?
            .into_iter()
            .map(|(position, histogram)| (time_ms(position), histogram))
            .collect();
        with_store_hints(&mut native);
        let mut points = points(&floats, native);
        for point in &mut points {
            let position = (point.at_ms / load.step_ms.max(1)) as usize;
            let offset = series
                .start_offsets_ms
                .as_ref()
                .and_then(|offsets| offsets[position]);
            point.start_ms = offset.map(|offset| point.at_ms + offset);
        }
        loaded.push((labels.clone(), points));
        floats_by_labels.push((labels, floats));
    }
    if load.with_nhcb {
        for (labels, mut native) in converted(floats_by_labels.into_iter()) {
            with_store_hints(&mut native);
            loaded.push((labels, points(&[], native)));
        }
    }
    Ok(loaded)
}

fn floats(series: &LoadedSeries, step_ms: i64) -> Vec<(i64, f64)> {
    let timed = series.values.iter().enumerate();
    let float = |(i, value): (usize, &SequenceValue)| match value {
        SequenceValue::Float(value) => Some((i as i64 * step_ms, *value)),
        SequenceValue::Omitted | SequenceValue::Histogram { .. } => None,
    };
    timed.filter_map(float).collect()
}

fn points(floats: &[(i64, f64)], native: NativePoints) -> Vec<LoadedPoint> {
    let floats = floats
        .iter()
        .map(|(at_ms, value)| (*at_ms, Sample::Float(*value)));
    let native = shared(native)
        .into_iter()
        .map(|(at_ms, h)| (at_ms, Sample::Histogram(h)));
    let mut points: Vec<LoadedPoint> = floats
        .chain(native)
        .map(|(at_ms, sample)| LoadedPoint {
            at_ms,
            sample,
            start_ms: None,
        })
        .collect();
    points.sort_by_key(|point| point.at_ms);
    points
}

/// What one way of running an evaluation comes to.
struct Run<'a> {
    eval: &'a Eval,
    /// The expression as it was run.
    expr: &'a str,
    /// How it was run, for reports.
    how: String,
}

impl Run<'_> {
    fn failure(&self, reason: impl Into<String>, got: String) -> Box<Failure> {
        Box::new(Failure {
            line: self.eval.line,
            expr: self.eval.expr.clone(),
            reason: format!("{}{}", reason.into(), self.how),
            expected: match &self.eval.fail {
                Some(text) => format!("an error with {}", text.describe()),
                None => self.eval.expected.describe(),
            },
            got,
        })
    }

    /// Judges an outcome; gives the value unless an expected error came.
    fn judge(&self, outcome: EvalOutcome) -> Result<Option<Value>, Box<Failure>> {
        let evaluated = match (outcome, &self.eval.fail) {
            (Err(error), Some(text)) if text.is_match(&error) => return Ok(None),
            (Err(error), Some(_)) => return Err(self.failure("failed with another error", error)),
            (Err(error), None) => return Err(self.failure(format!("failed: {error}"), error)),
            (Ok(evaluated), Some(_)) => {
                return Err(self.failure("succeeded, but must fail", evaluated.value.describe()));
            }
            (Ok(evaluated), None) => evaluated,
        };
        let value = evaluated.value;
        check_annotations(&self.eval.warnings, "warn", &evaluated.warnings)
            .and_then(|()| check_annotations(&self.eval.infos, "info", &evaluated.infos))
            .and_then(|()| check_value(self.eval, &value))
            .map_err(|reason| self.failure(reason, value.describe()))?;
        Ok(Some(value))
    }
}

fn evaluate(eval: &Eval, engine: &mut dyn Engine) -> Result<(), Box<Failure>> {
    let written = Run {
        eval,
        expr: &eval.expr,
        how: String::new(),
    };
    let expr = match parse_expr(&eval.expr, &ParseOptions::ALL) {
        Ok(expr) => expr,
        Err(error) => return written.judge(Err(error.to_string())).map(|_| ()),
    };
    let at_ms = match eval.when {
        When::Instant(at_ms) => at_ms,
        When::Range(grid) => {
            let outcome = engine.range(&eval.expr, grid.start_ms, grid.end_ms, grid.step_ms);
            return written.judge(outcome).map(|_| ());
        }
    };
    instant(&written, at_ms, engine)?;
    let Some((text, times_ms)) = pinned(expr, at_ms) else {
        return Ok(());
    };
    for time_ms in times_ms {
        let run = Run {
            eval,
            expr: &text,
            how: format!(" (run as {text} at {time_ms} ms)"),
        };
        instant(&run, time_ms, engine)?;
    }
    Ok(())
}

/// Runs an instant query, then the same as the middle of a range query.
fn instant(run: &Run<'_>, at_ms: i64, engine: &mut dyn Engine) -> Result<(), Box<Failure>> {
    let Some(value) = run.judge(engine.instant(run.expr, at_ms))? else {
        return Ok(());
    };
    let only_instant = run.eval.range_vector.is_some() || matches!(run.eval.expected, Expected::String(_));
    if only_instant || QUERY_CONTEXT.is_match(run.expr) {
        return Ok(());
    }
    let ranged = Run {
        how: format!("{} (as a range query around {at_ms} ms)", run.how),
        ..*run
    };
    let series = match engine.range(run.expr, at_ms - 60_000, at_ms + 60_000, 60_000) {
        Ok(evaluated) => match evaluated.value {
            Value::Matrix(series) => series,
            other => {
                let reason = format!("a range query must return a matrix, not a {}", other.kind());
                return Err(ranged.failure(reason, other.describe()));
            }
        },
        Err(error) => return Err(ranged.failure(format!("failed: {error}"), error)),
    };
    if run.eval.ordered {
        return Ok(());
    }
    let described = Value::Matrix(series.clone()).describe();
    if let Some(pair) = series.windows(2).find(|pair| pair[0].0 > pair[1].0) {
        let reason = format!("{} stands before {} in a matrix", pair[0].0, pair[1].0);
        return Err(ranged.failure(reason, described));
    }
    let middle: Vec<(Labels, Sample)> = series
        .into_iter()
        .filter_map(|(labels, points)| {
            let point = points.into_iter().find(|(at, _)| *at == at_ms)?;
            Some((labels, point.1))
        })
        .collect();
    let middle = match (value, middle.first()) {
        (Value::Scalar(_), Some((_, Sample::Float(value)))) => Value::Scalar(*value),
        (Value::Scalar(_), _) => {
            return Err(ranged.failure("a scalar must have a value at every step", described));
        }
        _ => Value::Vector(middle),
    };
    check_value(run.eval, &middle).map_err(|reason| ranged.failure(reason, middle.describe()))
}
