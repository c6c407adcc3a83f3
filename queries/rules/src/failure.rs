//! Why a rule gave no result. The texts are shown as the rule's last error and are Prometheus's.

use engine_dataflow::{DeliveryError, Rejections};
use thiserror::Error;

use crate::alert_state::StepError;
use crate::evaluate::EvaluateError;

/// Why a rule gave no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum RuleFailure {
    /// The expression has no value.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// The expression gives a range vector or a string.
    #[error("rule result is not a vector or scalar")]
    NotAVector,
    /// Two recorded series became one.
    #[error("vector contains metrics with the same labelset after applying rule labels")]
    SameLabels,
    /// More series than the group's limit.
    #[error("exceeded limit of {series_max} with {series} series")]
    TooManySeries {
        /// The limit.
        series_max: usize,
        /// How many there would be.
        series: usize,
    },
    /// The alerts cannot be told apart, or are too many.
    #[error(transparent)]
    Alerts(#[from] StepError),
    /// The result was not stored.
    #[error("result was not stored: {0}")]
    Append(#[from] DeliveryError),
    /// The store refused samples of the result.
    #[error("{} samples of the result were refused ({})", .0.total(), reasons(.0))]
    Rejected(Rejections),
}

impl RuleFailure {
    /// Whether the evaluation was stopped on purpose.
    pub(crate) fn is_canceled(&self) -> bool {
        matches!(self, Self::Evaluate(EvaluateError::Canceled))
    }
}

fn reasons(rejected: &Rejections) -> String {
    let counts = [
        (rejected.out_of_order, "out of order"),
        (rejected.duplicate, "another value at the same time"),
        (rejected.out_of_bounds, "out of bounds"),
        (rejected.too_old, "too old"),
        (rejected.series_limit, "over the limit of series"),
    ];
    let named = counts.iter().filter(|(count, _)| *count > 0);
    let named: Vec<String> = named.map(|(count, reason)| format!("{count} {reason}")).collect();
    named.join(", ")
}
