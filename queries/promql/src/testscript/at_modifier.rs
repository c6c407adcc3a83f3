//! The same expression with all its selectors pinned to one time: it must not matter when it is evaluated.

use crate::parser::ast::{At, Expr};

/// Functions whose result depends on the time of the evaluation even when their arguments do not.
const TIME_DEPENDENT: [&str; 15] = [
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "end",
    "hour",
    "minute",
    "month",
    "predict_linear",
    "range",
    "start",
    "step",
    "time",
    "timestamp",
    "year",
];

/// The expression pinned to `at_ms`, with the times at which it must give the same result.
/// `None` when it calls a function that looks at the time.
pub(super) fn pinned(mut expr: Expr, at_ms: i64) -> Option<(String, Vec<i64>)> {
    if !pin(&mut expr, at_ms) {
        return None;
    }
    let times = match at_ms {
        0 => vec![-1000, 0, 1000],
        t => vec![-10 * t, 0, t / 5, t, 10 * t],
    };
    Some((expr.to_string(), times))
}

/// Pins all selectors and subqueries that are not pinned to a number; false if a function looks at the time.
/// What is inside a pinned subquery is left alone.
fn pin(expr: &mut Expr, at_ms: i64) -> bool {
    let modifiers = match expr {
        Expr::Vector(selector) => Some(&mut selector.modifiers),
        Expr::Matrix(matrix) => Some(&mut matrix.selector.modifiers),
        Expr::Subquery(subquery) => Some(&mut subquery.modifiers),
        Expr::Call(call) if TIME_DEPENDENT.contains(&call.func.name) => return false,
        _ => None,
    };
    if let Some(modifiers) = modifiers {
        if !matches!(modifiers.at, Some(At::Timestamp(_))) {
            modifiers.at = Some(At::Timestamp(at_ms));
        }
        return true;
    }
    expr.children_mut().into_iter().all(|child| pin(child, at_ms))
}
