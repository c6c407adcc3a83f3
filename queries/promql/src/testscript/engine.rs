//! What a script needs of a query engine.

use std::sync::Arc;

use engine_model::number::format_go_value;
use engine_model::{FloatHistogram, Labels};

/// A store with a query engine, as scripts drive it.
///
/// Scripts expect: lookback 5 min, 1 min as the default step of subqueries, all parts of the language
/// switched on, names dropped at the end of the evaluation, at most 10,000 samples a query.
pub trait Engine {
    /// Forgets all series.
    fn clear(&mut self);

    /// Adds series with their samples in ascending order. Staleness markers are values.
    fn load(&mut self, series: &[(Labels, Vec<LoadedPoint>)]);

    /// Evaluates at one instant, in ms since the epoch.
    fn instant(&mut self, expr: &str, at_ms: i64) -> EvalOutcome;

    /// Evaluates at `start_ms`, `start_ms + step_ms`, … up to `end_ms`.
    fn range(&mut self, expr: &str, start_ms: i64, end_ms: i64, step_ms: i64) -> EvalOutcome;
}

/// A sample of either kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Sample {
    /// A number.
    Float(f64),
    /// A native histogram.
    Histogram(Arc<FloatHistogram>),
}

impl From<f64> for Sample {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl Sample {
    /// The sample in the notation of results.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Float(value) => format_go_value(*value),
            Self::Histogram(histogram) => histogram.to_string(),
        }
    }
}

/// A sample that is loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedPoint {
    /// Milliseconds since the epoch.
    pub at_ms: i64,
    /// The sample.
    pub sample: Sample,
    /// When what it counts began, ms since the epoch, if it says so.
    pub start_ms: Option<i64>,
}

/// The result of an evaluation, or the text of its error.
pub type EvalOutcome = Result<Evaluated, String>;

/// The result of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// The value.
    pub value: Value,
    /// Warnings as they are shown, with their place in the query.
    pub warnings: Vec<String>,
    /// Info annotations as they are shown, with their place in the query.
    pub infos: Vec<String>,
}

/// A value in the order in which the engine gives it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// One number.
    Scalar(f64),
    /// One text.
    String(String),
    /// Elements of an instant vector.
    Vector(Vec<(Labels, Sample)>),
    /// Series with their points (ms since the epoch, sample).
    Matrix(Vec<(Labels, Vec<(i64, Sample)>)>),
}

impl Value {
    /// What kind of value it is, as errors name it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "scalar",
            Self::String(_) => "string",
            Self::Vector(_) => "vector",
            Self::Matrix(_) => "matrix",
        }
    }

    /// The value in the notation of scripts, a series a line.
    pub(crate) fn describe(&self) -> String {
        let lines: Vec<String> = match self {
            Self::Scalar(value) => vec![format_go_value(*value)],
            Self::String(text) => vec![engine_model::labels::Quoted(text).to_string()],
            Self::Vector(elements) => elements
                .iter()
                .map(|(labels, value)| format!("{labels} {}", value.describe()))
                .collect(),
            Self::Matrix(series) => series
                .iter()
                .map(|(labels, points)| {
                    let points: Vec<String> = points
                        .iter()
                        .map(|(at_ms, value)| format!("{}@{at_ms}", value.describe()))
                        .collect();
                    format!("{labels} {}", points.join(" "))
                })
                .collect(),
        };
        if lines.is_empty() {
            return format!("empty {}", self.kind());
        }
        lines.join("\n")
    }
}
