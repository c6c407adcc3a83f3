//! Operators with a native histogram on one side at least.

use std::sync::Arc;

use engine_model::FloatHistogram;
use engine_model::histogram::ResetHint;

use super::operator;
use crate::annotations::Annotations;
use crate::histogram_notes::{HistogramNotes, HistogramOperation};
use crate::nodes::Cell;
use crate::parser::Span;
use crate::parser::operators::BinaryOp;

/// Where an operator tells what it notices.
#[derive(Debug, Clone)]
pub struct OperatorNotes {
    /// Where annotations go.
    pub annotations: Arc<Annotations>,
    /// Place of the whole expression in the query.
    pub span: Span,
}

/// What an operator gives.
#[derive(Debug, Clone)]
pub(crate) struct Applied {
    /// A number, or the left number of a comparison.
    pub(crate) value: f64,
    /// A histogram, or the left one of a comparison.
    pub(crate) histogram: Option<Arc<FloatHistogram>>,
    /// Whether the element stays.
    pub(crate) holds: bool,
}

impl OperatorNotes {
    fn histograms(&self) -> HistogramNotes<'_> {
        HistogramNotes {
            annotations: &self.annotations,
            span: self.span,
            name: "",
        }
    }

    /// The operator knows nothing to do with the two kinds.
    pub(crate) fn incompatible(&self, op: BinaryOp, left: &str, right: &str) {
        let text = format!(
            "incompatible sample types encountered for binary operator \"{op}\": {left} {op} {right}"
        );
        self.annotations.info(&text, self.span);
    }

    fn incompatible_buckets(&self, op: BinaryOp) {
        let text = format!("incompatible bucket layout encountered for binary operator {op}");
        self.annotations.warn(&text, self.span);
    }
}

/// Applies `op`; nothing when it does not work on the two, which is told.
#[inline]
pub(crate) fn apply(op: BinaryOp, left: Cell<'_>, right: Cell<'_>, notes: &OperatorNotes) -> Option<Applied> {
    match (left, right) {
        (Cell::Float(_), Cell::Float(_)) if matches!(op, BinaryOp::TrimLower | BinaryOp::TrimUpper) => {
            notes.incompatible(op, "float", "float");
            None
        }
        (Cell::Float(left), Cell::Float(right)) => {
            let result = operator::apply(op, left, right);
            Some(Applied {
                value: result.value,
                histogram: None,
                holds: result.holds,
            })
        }
        (Cell::Float(factor), Cell::Histogram(histogram)) => {
            let scaled = match op {
                BinaryOp::Mul => changed(histogram, |h| h.mul(factor)),
                _ => {
                    notes.incompatible(op, "float", "histogram");
                    return None;
                }
            };
            Some(scaled)
        }
        (Cell::Histogram(histogram), Cell::Float(number)) => match op {
            BinaryOp::Mul => Some(changed(histogram, |h| h.mul(number))),
            BinaryOp::Div => Some(changed(histogram, |h| h.div(number))),
            BinaryOp::TrimUpper => Some(trimmed(histogram, |h| h.trim_upper(number))),
            BinaryOp::TrimLower => Some(trimmed(histogram, |h| h.trim_lower(number))),
            _ => {
                notes.incompatible(op, "histogram", "float");
                None
            }
        },
        (Cell::Histogram(left), Cell::Histogram(right)) => of_histograms(op, left, right, notes),
    }
}

fn trimmed(histogram: &FloatHistogram, change: impl FnOnce(&mut FloatHistogram)) -> Applied {
    let mut result = histogram.clone();
    change(&mut result);
    Applied {
        value: 0.0,
        histogram: Some(Arc::new(result)),
        holds: true,
    }
}

fn changed(histogram: &FloatHistogram, change: impl FnOnce(&mut FloatHistogram)) -> Applied {
    trimmed(histogram, |result| {
        change(result);
        result.compact(0);
    })
}

fn of_histograms(
    op: BinaryOp,
    left: &Arc<FloatHistogram>,
    right: &FloatHistogram,
    notes: &OperatorNotes,
) -> Option<Applied> {
    let compared = |holds| {
        Some(Applied {
            value: 0.0,
            histogram: Some(Arc::clone(left)),
            holds,
        })
    };
    let operation = match op {
        BinaryOp::Equal => return compared(left.equals(right)),
        BinaryOp::NotEqual => return compared(!left.equals(right)),
        BinaryOp::Add => HistogramOperation::Addition,
        BinaryOp::Sub => HistogramOperation::Subtraction,
        _ => {
            notes.incompatible(op, "histogram", "histogram");
            return None;
        }
    };
    let mut result = FloatHistogram::clone(left);
    let combined = match operation {
        HistogramOperation::Subtraction => result.sub(right),
        HistogramOperation::Addition | HistogramOperation::Aggregation => result.add(right),
    };
    let Ok(told) = combined else {
        notes.incompatible_buckets(op);
        return None;
    };
    if operation == HistogramOperation::Subtraction {
        result.reset_hint = ResetHint::Gauge;
    }
    if told.counter_reset_collision {
        // Prometheus leaves the element out, with this warning alone.
        notes.histograms().collision(operation);
        return None;
    }
    if told.nhcb_bounds_reconciled {
        notes.histograms().reconciled(operation);
    }
    result.compact(0);
    Some(Applied {
        value: 0.0,
        histogram: Some(Arc::new(result)),
        holds: true,
    })
}
