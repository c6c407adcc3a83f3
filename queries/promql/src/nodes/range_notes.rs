//! What is said about the results of functions over windows: Prometheus's hints and complaints.

use std::sync::Arc;

use datafusion::error::Result;
use engine_model::labels::Quoted;
use engine_model::number::format_go_value;
use engine_model::{Labels, METRIC_TYPE};

use crate::annotations::Annotations;
use crate::error::EvalError;
use crate::functions::range::{ParameterRule, RangeFunction};
use crate::parser::Span;

/// Annotations and errors of one call.
#[derive(Debug, Clone)]
pub struct RangeNotes {
    /// The function that is called.
    pub function: &'static RangeFunction,
    /// Counters are told by `__type__` rather than by their name.
    pub type_and_unit_labels: bool,
    /// Where annotations go.
    pub annotations: Arc<Annotations>,
    /// Place of the first argument in the query.
    pub span: Span,
}

/// What is wrong with the parameters of a step. It is told when a series has samples there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A warning.
    Warning(String),
    /// The query fails.
    Error(String),
}

impl RangeNotes {
    /// Violations by step, or nothing at all when all parameters are fine.
    pub(crate) fn violations(&self, parameters: &[Vec<f64>]) -> Vec<Option<Violation>> {
        let violations: Vec<Option<Violation>> = match (self.function.parameters, parameters) {
            (ParameterRule::Quantile, [quantiles]) => {
                quantiles.iter().map(|&q| quantile_violation(q)).collect()
            }
            (ParameterRule::SmoothingFactors, [smoothing, trend]) => smoothing
                .iter()
                .zip(trend)
                .map(|(&sf, &tf)| {
                    factor_violation("smoothing", "sf", sf).or_else(|| factor_violation("trend", "tf", tf))
                })
                .collect(),
            _ => Vec::new(),
        };
        if violations.iter().all(Option::is_none) {
            return Vec::new();
        }
        violations
    }

    pub(crate) fn tell(&self, violation: Violation) -> Result<()> {
        match violation {
            Violation::Warning(text) => {
                self.annotations.warn(&text, self.span);
                Ok(())
            }
            Violation::Error(text) => Err(EvalError::Invalid(text).into()),
        }
    }

    /// Hints that a rate is taken of something that does not look like a counter.
    pub(crate) fn of_series(&self, labels: impl FnOnce() -> Labels) {
        if !self.function.wants_counter {
            return;
        }
        let labels = labels();
        let name = labels.metric_name();
        if name.is_empty() {
            return;
        }
        let text = if self.type_and_unit_labels {
            let metric_type = labels.value(METRIC_TYPE);
            if matches!(metric_type, "counter" | "histogram") {
                return;
            }
            format!(
                "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got {}: {}",
                Quoted(metric_type),
                Quoted(name)
            )
        } else {
            let suffixes = ["_total", "_sum", "_count", "_bucket"];
            if suffixes.iter().any(|suffix| name.ends_with(suffix)) {
                return;
            }
            format!(
                "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {}",
                Quoted(name)
            )
        };
        self.annotations.info(&text, self.span);
    }
}

/// The warning about a quantile that is none; nothing when it is one.
pub(crate) fn quantile_warning(quantile: f64) -> Option<String> {
    let text = || {
        format!(
            "quantile value should be between 0 and 1, got {}",
            format_go_value(quantile)
        )
    };
    (!(0.0..=1.0).contains(&quantile)).then(text)
}

fn quantile_violation(quantile: f64) -> Option<Violation> {
    quantile_warning(quantile).map(Violation::Warning)
}

/// NaN passes, as it does in Prometheus.
fn factor_violation(name: &str, short: &str, factor: f64) -> Option<Violation> {
    (factor <= 0.0 || factor >= 1.0).then(|| {
        let got = match factor.is_infinite() {
            true => format_go_value(factor),
            false => format!("{factor:.6}"),
        };
        Violation::Error(format!(
            "invalid {name} factor. Expected: 0 < {short} < 1, got: {got}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        assert_eq!(quantile_warning(0.5), None);
        let nan = quantile_warning(f64::NAN).unwrap();
        assert_eq!(nan, "quantile value should be between 0 and 1, got NaN");
        assert_eq!(
            factor_violation("trend", "tf", 2.0),
            Some(Violation::Error(
                "invalid trend factor. Expected: 0 < tf < 1, got: 2.000000".to_owned()
            ))
        );
        assert_eq!(factor_violation("trend", "tf", f64::NAN), None);
    }
}
