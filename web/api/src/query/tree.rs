//! A syntax tree as JSON, with the keys that Prometheus's `parse_query` has, in their alphabetical order.

use engine_model::Matcher;
use engine_model::number::format_float;
use queries_promql::parser::ast::{
    AggregateExpr, At, BinaryExpr, Call, Cardinality, DurationExpr, DurationKind, Edges, Expr, NumberLiteral,
    SubqueryExpr, VectorMatching, VectorSelector,
};
use queries_promql::parser::signatures::Arity;
use serde_json::{Value, json};

/// The tree of `expr`.
pub(super) fn of(expr: &Expr) -> Value {
    match expr {
        Expr::Aggregate(aggregate) => of_aggregate(aggregate),
        Expr::Binary(binary) => of_binary(binary),
        Expr::Call(call) => of_call(call),
        Expr::Matrix(matrix) => {
            let mut tree = of_selector(&matrix.selector, "matrixSelector");
            tree["range"] = matrix.range_ms.into();
            tree["rangeExpr"] = of_duration(matrix.range_expr.as_deref());
            sorted(tree)
        }
        Expr::Number(number) => json!({"type": "numberLiteral", "val": format_float(number.value)}),
        Expr::Paren(paren) => json!({"expr": of(&paren.expr), "type": "parenExpr"}),
        Expr::String(text) => json!({"type": "stringLiteral", "val": text.value}),
        Expr::Subquery(subquery) => of_subquery(subquery),
        Expr::Unary(unary) => {
            json!({"expr": of(&unary.expr), "op": unary.op.as_str(), "type": "unaryExpr"})
        }
        Expr::Vector(selector) => of_selector(selector, "vectorSelector"),
    }
}

fn of_aggregate(aggregate: &AggregateExpr) -> Value {
    json!({
        "expr": of(&aggregate.expr),
        "grouping": aggregate.grouping,
        "op": aggregate.op.as_str(),
        "param": aggregate.param.as_deref().map(of),
        "type": "aggregation",
        "without": aggregate.without,
    })
}

fn of_binary(binary: &BinaryExpr) -> Value {
    json!({
        "bool": binary.return_bool,
        "lhs": of(&binary.lhs),
        "matching": binary.matching.as_ref().map(of_matching),
        "op": binary.op.as_str(),
        "rhs": of(&binary.rhs),
        "type": "binaryExpr",
    })
}

fn of_matching(matching: &VectorMatching) -> Value {
    let card = match matching.card {
        Cardinality::OneToOne => "one-to-one",
        Cardinality::ManyToOne => "many-to-one",
        Cardinality::OneToMany => "one-to-many",
        Cardinality::ManyToMany => "many-to-many",
    };
    json!({
        "card": card,
        "fillValues": {"lhs": matching.fill_left, "rhs": matching.fill_right},
        "include": matching.include,
        "labels": matching.labels,
        "on": matching.on,
    })
}

fn of_call(call: &Call) -> Value {
    let types: Vec<&str> = call.func.args.iter().map(|kind| kind.internal()).collect();
    // Prometheus's count: −1 without a limit, else how many arguments are optional.
    let variadic = match call.func.arity {
        Arity::Exact => 0,
        Arity::UpTo(most) => most as i64,
        Arity::Unlimited => -1,
    };
    let args: Vec<Value> = call.args.iter().map(of).collect();
    json!({
        "args": args,
        "func": {
            "argTypes": types,
            "name": call.func.name,
            "returnType": call.func.returns.internal(),
            "variadic": variadic,
        },
        "type": "call",
    })
}

fn of_selector(selector: &VectorSelector, kind: &str) -> Value {
    let (timestamp, start_or_end) = of_at(selector.modifiers.at);
    let matchers: Vec<Value> = selector.matchers.iter().map(of_matcher).collect();
    json!({
        "anchored": selector.edges == Edges::Anchored,
        "matchers": matchers,
        "name": selector.name,
        "offset": selector.modifiers.offset_ms,
        "offsetExpr": of_duration(selector.modifiers.offset_expr.as_deref()),
        "smoothed": selector.edges == Edges::Smoothed,
        "startOrEnd": start_or_end,
        "timestamp": timestamp,
        "type": kind,
    })
}

fn of_subquery(subquery: &SubqueryExpr) -> Value {
    let (timestamp, start_or_end) = of_at(subquery.modifiers.at);
    json!({
        "expr": of(&subquery.expr),
        "offset": subquery.modifiers.offset_ms,
        "offsetExpr": of_duration(subquery.modifiers.offset_expr.as_deref()),
        "range": subquery.range_ms,
        "rangeExpr": of_duration(subquery.range_expr.as_deref()),
        "startOrEnd": start_or_end,
        "step": subquery.step_ms,
        "stepExpr": of_duration(subquery.step_expr.as_deref()),
        "timestamp": timestamp,
        "type": "subquery",
    })
}

fn of_at(at: Option<At>) -> (Option<i64>, Option<&'static str>) {
    match at {
        None => (None, None),
        Some(At::Timestamp(ms)) => (Some(ms), None),
        Some(At::Start) => (None, Some("start")),
        Some(At::End) => (None, Some("end")),
    }
}

fn of_matcher(matcher: &Matcher) -> Value {
    json!({"name": matcher.name, "type": matcher.op.as_str(), "value": matcher.value})
}

fn of_duration(duration: Option<&DurationExpr>) -> Value {
    let Some(duration) = duration else {
        return Value::Null;
    };
    let (op, lhs, rhs) = match &duration.kind {
        DurationKind::Number(number) => return of_duration_number(number),
        DurationKind::Step => ("step", None, None),
        DurationKind::Range => ("range", None, None),
        DurationKind::Unary(op, operand) => (op.as_str(), None, Some(operand)),
        DurationKind::Binary(op, lhs, rhs) => (op.as_str(), Some(lhs), Some(rhs)),
    };
    json!({
        "lhs": of_duration(lhs.map(|lhs| &**lhs)),
        "op": op,
        "rhs": of_duration(rhs.map(|rhs| &**rhs)),
        "type": "durationExpr",
        "wrapped": duration.wrapped,
    })
}

fn of_duration_number(number: &NumberLiteral) -> Value {
    json!({"duration": number.duration, "type": "numberLiteral", "val": format_float(number.value)})
}

/// The same object with its keys in order.
fn sorted(tree: Value) -> Value {
    let Value::Object(object) = tree else { return tree };
    let mut pairs: Vec<(String, Value)> = object.into_iter().collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(pairs.into_iter().collect())
}
