//! The door to the query engine: a rule asks for its expression's value at an instant and does not
//! know whether a query or an operator with window state answers.

use std::sync::Arc;

use async_trait::async_trait;
use engine_model::{Histogram, Labels, Matcher};
use thiserror::Error;

use crate::rule_file::RuleQuery;

/// The value of one element.
#[derive(Debug, Clone)]
pub enum RuleValue {
    /// A number.
    Float(f64),
    /// A native histogram.
    Histogram(Arc<Histogram>),
}

impl RuleValue {
    /// The number that alerts and templates see; as in Prometheus, 0 for a histogram.
    pub fn number(&self) -> f64 {
        match self {
            Self::Float(value) => *value,
            Self::Histogram(_) => 0.0,
        }
    }
}

impl PartialEq for RuleValue {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Histogram(a), Self::Histogram(b)) => a.is_identical(b),
            _ => false,
        }
    }
}

/// The value of an expression at one instant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluated {
    /// The elements of the instant vector; a scalar is one element without labels.
    pub samples: Vec<(Labels, RuleValue)>,
    /// Warnings, worded for people.
    pub warnings: Vec<String>,
    /// Remarks that are less than warnings.
    pub infos: Vec<String>,
}

impl Evaluated {
    /// An instant vector of numbers.
    pub fn vector(samples: Vec<(Labels, f64)>) -> Self {
        let samples = samples
            .into_iter()
            .map(|(labels, value)| (labels, RuleValue::Float(value)));
        Self {
            samples: samples.collect(),
            ..Self::default()
        }
    }

    /// A scalar.
    pub fn scalar(value: f64) -> Self {
        Self::vector(vec![(Labels::empty(), value)])
    }
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvaluateError {
    /// The evaluation was stopped on purpose; it is no fault of the rule.
    #[error("query was canceled")]
    Canceled,
    /// The query failed, in the engine's words.
    #[error("{0}")]
    Failed(String),
}

/// Evaluates expressions.
#[async_trait]
pub trait Evaluate: Send + Sync {
    /// The value of `query` at `at_ms`. Everything that was committed before the call is seen.
    async fn instant(&self, query: &RuleQuery, at_ms: i64) -> Result<Evaluated, EvaluateError>;

    /// An evaluator that is kept for one rule and may hold state between its evaluations.
    /// `None` means that [`Evaluate::instant`] answers each time.
    fn prepare(&self, query: &Arc<RuleQuery>) -> Option<Box<dyn PreparedRule>> {
        let _ = query;
        None
    }
}

/// The evaluator of one rule; the instants that it is asked for ascend.
#[async_trait]
pub trait PreparedRule: Send + Sync {
    /// The rule's value at `at_ms`, equal to what [`Evaluate::instant`] gives.
    async fn evaluate(&mut self, at_ms: i64) -> Result<Evaluated, EvaluateError>;
}

/// The newest sample of a series in a time range.
#[derive(Debug, Clone, PartialEq)]
pub struct LastSample {
    /// The series, with its metric name.
    pub labels: Labels,
    /// When, in ms since the epoch.
    pub timestamp_ms: i64,
    /// The value; a staleness marker is a value here.
    pub value: f64,
}

/// Reads what was stored, for the state that rules take up again after a restart.
#[async_trait]
pub trait History: Send + Sync {
    /// The newest sample, markers included, of every series that satisfies `matchers` and has one
    /// from `from_ms` to `to_ms`, both included.
    async fn last_samples(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<LastSample>, EvaluateError>;
}
