//! Which parts of a WHERE clause the scan itself can hold, exactly: conditions on labels become matchers,
//! conditions on time become bounds. Everything else stays a filter above the scan.

use datafusion::logical_expr::{Expr, Operator};
use engine_model::Matcher;

use super::columns::Columns;
use super::label_condition::label_condition;
use super::time_condition::{TimeBounds, time_condition};

/// A condition that the scan holds exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// All must hold.
    Labels(Vec<Matcher>),
    Time(TimeBounds),
}

/// Reads one conjunct of a WHERE clause; `None` when the scan cannot hold it exactly.
pub(super) fn condition(expr: &Expr, columns: &Columns) -> Option<Condition> {
    if let Expr::BinaryExpr(binary) = expr
        && binary.op == Operator::And
    {
        return match (
            condition(&binary.left, columns)?,
            condition(&binary.right, columns)?,
        ) {
            (Condition::Labels(mut left), Condition::Labels(right)) => {
                left.extend(right);
                Some(Condition::Labels(left))
            }
            (Condition::Time(left), Condition::Time(right)) => Some(Condition::Time(left.and(right))),
            _ => None,
        };
    }
    match label_condition(expr, columns) {
        Some(matchers) => Some(Condition::Labels(matchers)),
        None => time_condition(expr, columns).map(Condition::Time),
    }
}
