//! Which parts of a query are the same at every step: those whose selectors are all fixed by `@`.

use crate::parser::Expr;

/// Functions whose result depends on the instant of the step, whatever they are applied to.
const UNSAFE: [&str; 15] = [
    "days_in_month",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "hour",
    "minute",
    "month",
    "year",
    "time",
    "timestamp",
    "predict_linear",
    "start",
    "end",
    "step",
    "range",
];

/// Whether evaluating the expression once and repeating it is right and saves work.
pub(super) fn worth_repeating(expr: &Expr) -> bool {
    let mut selects = false;
    expr.walk(&mut |e| selects |= matches!(e, Expr::Vector(_) | Expr::Matrix(_)));
    selects && is_invariant(expr)
}

fn is_invariant(expr: &Expr) -> bool {
    match expr {
        Expr::Vector(selector) => selector.modifiers.at.is_some(),
        Expr::Matrix(matrix) => matrix.selector.modifiers.at.is_some(),
        // With `@` the window is fixed, so what is inside need not be.
        Expr::Subquery(subquery) => subquery.modifiers.at.is_some(),
        Expr::Call(call) if UNSAFE.contains(&call.func.name) => false,
        Expr::Number(_) | Expr::String(_) => true,
        Expr::Aggregate(_) | Expr::Binary(_) | Expr::Call(_) | Expr::Paren(_) | Expr::Unary(_) => {
            expr.children().into_iter().all(is_invariant)
        }
    }
}
