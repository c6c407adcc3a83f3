//! Runs a script against an engine, each evaluation in every way in which it must give the same result.

use std::sync::LazyLock;

use engine_model::matcher::all_match;
use engine_model::{Labels, LabelsBuilder, METRIC_NAME, Matcher};
use regex::Regex;

use super::at_modifier::pinned;
use super::compare::{check_annotations, check_value};
use super::engine::{Engine, EvalOutcome, Value};
use super::expectations::pattern;
use super::parse::parse_script;
use super::report::{Failure, ScriptReport};
use super::script::{Command, Eval, Expected, Load, LoadedSeries, When};
use super::series::SequenceValue;
use crate::parser::ast::Expr;
use crate::parser::{ParseOptions, parse_expr};

/// Calls whose value is another one in a range query.
static QUERY_CONTEXT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(start|end|range|step)\(\)"));

const NATIVE_HISTOGRAMS: &str = "not implemented: native histograms";
const START_TIMESTAMPS: &str = "not implemented: start timestamps";

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
    let mut unsupported = Unsupported::default();
    for command in &script.commands {
        match command {
            Command::Clear => {
                engine.clear();
                unsupported.series.clear();
            }
            Command::Load(load) => {
                unsupported.note(load);
                engine.load(&float_series(load));
            }
            Command::Eval(eval) => match evaluate(eval, engine, &unsupported) {
                Ok(()) => report.pass(),
                Err(failure) => report.fail(*failure),
            },
        }
    }
    report
}

/// Loaded series with something that the engine cannot hold yet, and what that is.
#[derive(Default)]
struct Unsupported {
    series: Vec<(Labels, &'static str)>,
}

impl Unsupported {
    fn note(&mut self, load: &Load) {
        for (labels, series) in &load.series {
            if series
                .values
                .iter()
                .any(|v| matches!(v, SequenceValue::Histogram { .. }))
            {
                self.series.push((labels.clone(), NATIVE_HISTOGRAMS));
            }
            if series.start_offsets_ms.iter().flatten().any(Option::is_some) {
                self.series.push((labels.clone(), START_TIMESTAMPS));
            }
            if load.with_nhcb
                && let Some(base) = classic_histogram_base(labels)
            {
                self.series.push((base, NATIVE_HISTOGRAMS));
            }
        }
    }

    /// Why an evaluation cannot be judged.
    fn reason(&self, eval: &Eval, expr: &Expr) -> Option<&'static str> {
        if let Expected::Series(series) = &eval.expected {
            let mut values = series.iter().flat_map(|(_, values)| values);
            if values.any(|v| matches!(v, SequenceValue::Histogram { .. })) {
                return Some(NATIVE_HISTOGRAMS);
            }
        }
        let mut reason = None;
        expr.walk(&mut |part| {
            let matchers: &[Matcher] = match part {
                Expr::Vector(selector) => &selector.matchers,
                Expr::Matrix(matrix) => &matrix.selector.matchers,
                // Joins info series that no selector names.
                Expr::Call(call) if call.func.name == "info" => &[],
                _ => return,
            };
            let touched = self.series.iter().find(|(labels, _)| all_match(matchers, labels));
            reason = reason.or(touched.map(|(_, reason)| *reason));
        });
        reason
    }
}

/// Labels of the native histogram that a series of a classic one belongs to.
fn classic_histogram_base(labels: &Labels) -> Option<Labels> {
    let name = labels.metric_name();
    let base = ["_bucket", "_sum", "_count"]
        .iter()
        .find_map(|s| name.strip_suffix(s))?;
    let mut builder = LabelsBuilder::from(labels);
    builder.set(METRIC_NAME, base).remove("le");
    Some(builder.build())
}

fn float_series(load: &Load) -> Vec<(Labels, Vec<(i64, f64)>)> {
    let samples = |series: &LoadedSeries| {
        let timed = series.values.iter().enumerate();
        timed
            .filter_map(|(i, value)| match value {
                SequenceValue::Float(value) => Some((i as i64 * load.step_ms, *value)),
                SequenceValue::Omitted | SequenceValue::Histogram { .. } => None,
            })
            .collect()
    };
    load.series
        .iter()
        .map(|(labels, series)| (labels.clone(), samples(series)))
        .collect()
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

fn evaluate(eval: &Eval, engine: &mut dyn Engine, unsupported: &Unsupported) -> Result<(), Box<Failure>> {
    let written = Run {
        eval,
        expr: &eval.expr,
        how: String::new(),
    };
    let expr = match parse_expr(&eval.expr, &ParseOptions::ALL) {
        Ok(expr) => expr,
        Err(error) => return written.judge(Err(error.to_string())).map(|_| ()),
    };
    if let Some(reason) = unsupported.reason(eval, &expr) {
        return Err(written.failure(reason, String::new()));
    }
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
    let middle: Vec<(Labels, f64)> = series
        .into_iter()
        .filter_map(|(labels, points)| {
            let point = points.into_iter().find(|(at, _)| *at == at_ms)?;
            Some((labels, point.1))
        })
        .collect();
    let middle = match (value, middle.first()) {
        (Value::Scalar(_), Some((_, value))) => Value::Scalar(*value),
        (Value::Scalar(_), None) => {
            return Err(ranged.failure("a scalar must have a value at every step", described));
        }
        _ => Value::Vector(middle),
    };
    check_value(run.eval, &middle).map_err(|reason| ranged.failure(reason, middle.describe()))
}
