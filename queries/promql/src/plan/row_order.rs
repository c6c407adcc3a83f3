//! The order of an instant vector's rows: what sorts, and what keeps the order that it is given. Over a range rows
//! come by their labels, whatever the expression says.

use std::sync::Arc;

use engine_model::Matcher;
use queries_tables::{SeriesSet, Snapshot, SnapshotError};

use crate::parser::Expr;
use crate::parser::ast::{AggregateExpr, BinaryExpr, Call, Cardinality, ValueType};
use crate::parser::operators::{AggregateOp, BinaryOp};

/// Functions whose rows are not those of their vector one by one: made of several, or found in no order.
const WITHOUT_ORDER: [&str; 9] = [
    "absent",
    "histogram_fraction",
    "histogram_quantile",
    "histogram_quantiles",
    "info",
    "max_of",
    "min_of",
    "scalar",
    "vector",
];

/// Whether the order of the rows is part of what `expr` says at an instant: something sorts, and what is done
/// with its rows leaves them in their order, as Prometheus does.
pub(crate) fn is_given(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(paren) => is_given(&paren.expr),
        Expr::Unary(unary) => is_given(&unary.expr),
        Expr::Call(call) => is_given_by_call(call),
        Expr::Aggregate(aggregate) => is_given_by_aggregation(aggregate),
        Expr::Binary(binary) => is_given_by_operator(binary),
        Expr::Vector(_) | Expr::Matrix(_) | Expr::Subquery(_) | Expr::Number(_) | Expr::String(_) => false,
    }
}

fn is_given_by_call(call: &Call) -> bool {
    if call.func.name.starts_with("sort") {
        return true;
    }
    let vector = call.args.iter().find(|arg| arg.value_type() == ValueType::Vector);
    !WITHOUT_ORDER.contains(&call.func.name) && vector.is_some_and(is_given)
}

/// Groups come in the order in which their first elements do.
fn is_given_by_aggregation(aggregate: &AggregateExpr) -> bool {
    match aggregate.op {
        AggregateOp::Topk | AggregateOp::Bottomk => true,
        AggregateOp::CountValues | AggregateOp::Limitk | AggregateOp::LimitRatio => false,
        _ => is_given(&aggregate.expr),
    }
}

/// Results come in the order of the side of which each element has its own.
fn is_given_by_operator(binary: &BinaryExpr) -> bool {
    let many_on_the_right = binary
        .matching
        .as_ref()
        .is_some_and(|matching| matching.card == Cardinality::OneToMany);
    match (binary.lhs.value_type(), binary.rhs.value_type()) {
        (ValueType::Vector, ValueType::Vector) if binary.op == BinaryOp::Or => {
            is_given(&binary.lhs) || is_given(&binary.rhs)
        }
        (ValueType::Vector, ValueType::Vector) if many_on_the_right => is_given(&binary.rhs),
        (ValueType::Vector, _) => is_given(&binary.lhs),
        (_, ValueType::Vector) => is_given(&binary.rhs),
        _ => false,
    }
}

/// Whether rows that `expr`, which orders them, leaves as they are found must come by their labels: elements of equal
/// value, groups, and what is joined to sorted rows. The largest of all elements need it not, and there may be many.
pub(crate) fn needs_stored_order(expr: &Expr) -> bool {
    is_given(expr)
        && match expr.unwrap_parens() {
            Expr::Aggregate(aggregate) if aggregate.grouping.is_empty() && !aggregate.without => {
                needs_stored_order(&aggregate.expr)
            }
            _ => true,
        }
}

/// Stored series by their labels, always.
#[derive(Debug)]
pub(crate) struct ByLabels(pub(crate) Arc<dyn Snapshot>);

impl Snapshot for ByLabels {
    fn select(
        &self,
        matchers: &[Matcher],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Arc<dyn SeriesSet>, SnapshotError> {
        self.0.select(matchers, min_ms, max_ms)
    }

    fn coverage(&self, matchers: &[Matcher], min_ms: i64, max_ms: i64) -> Vec<(&'static str, u64)> {
        self.0.coverage(matchers, min_ms, max_ms)
    }

    fn tells_starts(&self) -> bool {
        self.0.tells_starts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::{ParseOptions, parse_expr};

    #[test]
    fn what_sorts_and_what_keeps_the_order() {
        for (query, given, stored) in [
            ("x", false, false),
            ("sort(x)", true, true),
            ("-(sort_desc(x))", true, true),
            ("abs(sort(x)) * 2", true, true),
            ("2 ^ sort(x)", true, true),
            ("sort_desc(x) and y", true, true),
            ("x and sort_desc(y)", false, false),
            ("x unless sort(y)", false, false),
            ("x or sort(y)", true, true),
            ("sort(x) + on (job) group_left y", true, true),
            ("sort(x) + on (job) group_right y", false, false),
            ("x > on (job) group_right sort(y)", true, true),
            ("topk(3, x)", true, false),
            ("topk(3, sort(x))", true, true),
            ("topk by (job) (3, x)", true, true),
            ("limitk(3, sort(x))", false, false),
            ("sum by (job) (sort(x))", true, true),
            ("sum(sort(x))", true, true),
            ("count_values(\"v\", sort(x))", false, false),
            ("label_replace(sort(x), \"a\", \"\", \"b\", \"\")", true, true),
            ("sort_by_label(x, \"job\")", true, true),
            ("histogram_quantile(0.5, sort(x))", false, false),
            ("info(sort(x))", false, false),
            ("rate(x[5m])", false, false),
            ("max_over_time(sort(x)[5m:1m])", false, false),
        ] {
            let expr = parse_expr(query, &ParseOptions::ALL).unwrap();
            let found = (is_given(&expr), needs_stored_order(&expr));
            assert_eq!(found, (given, stored), "{query}");
        }
    }
}
