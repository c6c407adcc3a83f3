//! An expression over several lines, as Prometheus lays it out: what is longer than a line is broken, and what is
//! inside stands two spaces further to the right.

use super::ast::{AggregateExpr, BinaryExpr, Expr};
use super::print::{SubquerySuffix, write_aggregate_head};

/// Longest text that stays in one line, bytes.
const LINE_BYTES_MAX: usize = 100;
const INDENT: &str = "  ";

/// The pretty form of `expr`.
pub fn pretty(expr: &Expr) -> String {
    at_level(expr, 0)
}

fn at_level(expr: &Expr, level: usize) -> String {
    let indent = INDENT.repeat(level);
    let plain = expr.to_string();
    let fits = plain.len() <= LINE_BYTES_MAX;
    match expr {
        // Signs and subqueries begin with what is inside, which indents itself.
        Expr::Unary(unary) => {
            let inner = at_level(&unary.expr, level);
            format!("{indent}{}{}", unary.op.as_str(), inner.trim())
        }
        Expr::Subquery(_) if fits => plain,
        Expr::Subquery(subquery) => {
            let inner = at_level(&subquery.expr, level);
            format!("{inner}{}", SubquerySuffix(subquery))
        }
        Expr::Vector(_) | Expr::Matrix(_) | Expr::Number(_) | Expr::String(_) => format!("{indent}{plain}"),
        _ if fits => format!("{indent}{plain}"),
        Expr::Aggregate(aggregate) => broken_aggregate(aggregate, level),
        Expr::Binary(binary) => broken_binary(binary, level),
        Expr::Call(call) => {
            let args: Vec<String> = call.args.iter().map(|arg| at_level(arg, level + 1)).collect();
            format!("{indent}{}(\n{}\n{indent})", call.func.name, args.join(",\n"))
        }
        Expr::Paren(paren) => format!("{indent}(\n{}\n{indent})", at_level(&paren.expr, level + 1)),
    }
}

fn broken_aggregate(aggregate: &AggregateExpr, level: usize) -> String {
    let indent = INDENT.repeat(level);
    let mut out = indent.clone();
    write_aggregate_head(aggregate, &mut out).expect("writing to a string cannot fail");
    out.push_str("(\n");
    if let Some(param) = &aggregate.param {
        out.push_str(&at_level(param, level + 1));
        out.push_str(",\n");
    }
    out.push_str(&at_level(&aggregate.expr, level + 1));
    format!("{out}\n{indent})")
}

fn broken_binary(binary: &BinaryExpr, level: usize) -> String {
    let (lhs, rhs) = (at_level(&binary.lhs, level + 1), at_level(&binary.rhs, level + 1));
    let indent = INDENT.repeat(level);
    let bool_word = if binary.return_bool { " bool" } else { "" };
    let matching = binary
        .matching
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    format!("{lhs}\n{indent}{}{bool_word}{matching}\n{rhs}", binary.op)
}

#[cfg(test)]
mod tests {
    use super::super::{ParseOptions, parse_expr};
    use super::*;

    #[test]
    fn long_expressions_are_broken() {
        let long = "x".repeat(60);
        let rate = format!("rate({long}_total{{job=\"node\"}}[5m])");
        for (query, expected) in [
            ("sum( up )".to_owned(), "sum(up)".to_owned()),
            (
                format!("sum by (job) ({rate}) / on (job) group_left () -sum({rate})"),
                format!("  sum by (job) (\n    {rate}\n  )\n/ on (job) group_left ()\n  -sum({rate})"),
            ),
            (
                format!("topk(3, max_over_time(({rate} + {rate})[1h:1m]))"),
                format!(
                    "topk(\n  3,\n  max_over_time(\n    (\n        {rate}\n      +\n        {rate}\n    )[1h:1m]\n  )\n)"
                ),
            ),
        ] {
            let expr = parse_expr(&query, &ParseOptions::ALL).unwrap();
            let shown = pretty(&expr);
            let again = parse_expr(&shown, &ParseOptions::ALL).unwrap();
            assert_eq!(again.to_string(), expr.to_string(), "{shown}");
            assert_eq!(shown, expected);
        }
    }
}
