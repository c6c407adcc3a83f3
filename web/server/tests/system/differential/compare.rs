//! What counts as the same answer: everything exact, but for floats that are summed across series.

use std::collections::BTreeSet;

use queries_promql::parser::operators::{AggregateOp, BinaryOp};
use queries_promql::parser::{Expr, ParseOptions, parse_expr};
use serde_json::Value;

use super::answer::{Answer, Data, Point, Series};
use super::catalog::NATIVE;
use super::question::Question;

/// Error texts that the language's reference gives word for word; others may differ in wording.
const EXACT_ERRORS: &[&str] = &[
    "found duplicate series for the match group",
    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
    "multiple matches for labels: grouping labels must ensure unique matches",
    "vector cannot contain metrics with the same labelset",
    "exceeded maximum resolution of 11,000 points per timeseries",
    "vector selector must contain at least one non-empty matcher",
    "match[] must contain at least one non-empty matcher",
    "for range query, must be Scalar or instant Vector",
    "comparisons between scalars must use BOOL modifier",
    "bool modifier can only be used on comparison operators",
    "set operations must always be many-to-many",
    "no grouping allowed for",
    "must not occur in ON and GROUP clause at once",
    "ranges only allowed for vector selectors",
    "subquery is only allowed on instant vector",
    "expected type range vector in call to function",
];

/// Aggregations whose float result depends on the order of the series.
const ORDER_MATTERS: &[&str] = &["sum", "avg", "stddev", "stdvar", "quantile"];
/// Functions that since 3.10 add native histograms without losing the last digits.
const COMPENSATED: &[&str] = &["sum_over_time", "avg_over_time"];
/// Functions that Go computes otherwise than C's library, in the last digits, and on some processors otherwise than on
/// others.
const LIBRARY_MATTERS: &[&str] = &[
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "atan2",
];
/// Relative difference that they may have.
const RELATIVE_MAX: f64 = 1e-12;

/// What of the order of rows is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    None,
    /// By values: where they are equal any order is right.
    ByValues,
    /// As they come.
    Exact,
}

/// The order that the outermost call gives, or a call whose rows set operators let through.
fn order_of(expr: &Expr) -> Order {
    match expr.unwrap_parens() {
        Expr::Call(call) => match call.func.name {
            "sort" | "sort_desc" => Order::ByValues,
            "sort_by_label" | "sort_by_label_desc" => Order::Exact,
            _ => Order::None,
        },
        Expr::Aggregate(aggregate) => match aggregate.op {
            AggregateOp::Topk | AggregateOp::Bottomk => Order::ByValues,
            _ => Order::None,
        },
        Expr::Binary(binary) => match (binary.op, order_of(&binary.lhs)) {
            (BinaryOp::And | BinaryOp::Unless, order) => order,
            (BinaryOp::Or, order) if order_of(&binary.rhs) == order => order,
            _ => Order::None,
        },
        _ => Order::None,
    }
}

/// How much of an answer must be equal, seen from the expression.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strictness {
    relative_max: f64,
    /// Rows of an instant answer come in an order.
    order: Order,
    /// Which of 0 and -0 is first when values are sorted is nobody's business.
    signed_zeros: bool,
}

impl Strictness {
    pub(super) fn of(question: &Question) -> Self {
        let expression = question.expression().unwrap_or_default();
        let words = expression.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let inexact = |word: &str| ORDER_MATTERS.contains(&word) || LIBRARY_MATTERS.contains(&word);
        let compensated = |word: &str| COMPENSATED.contains(&word);
        let of_histograms = NATIVE.iter().any(|name| expression.contains(name));
        let summed = words.clone().any(inexact) || of_histograms && words.clone().any(compensated);
        let order = match parse_expr(expression, &ParseOptions::ALL) {
            Ok(expr) if !question.is_range() => order_of(&expr),
            _ => Order::None,
        };
        Self {
            relative_max: if summed { RELATIVE_MAX } else { 0.0 },
            signed_zeros: !expression.contains("quantile"),
            order,
        }
    }

    /// Objects and lists of numbers that are texts.
    fn same_histogram(self, left: &Value, right: &Value) -> bool {
        match (left, right) {
            (Value::String(left), Value::String(right)) => self.same_value(left, right),
            (Value::Array(left), Value::Array(right)) => {
                let mut pairs = left.iter().zip(right);
                left.len() == right.len() && pairs.all(|(left, right)| self.same_histogram(left, right))
            }
            (Value::Object(left), Value::Object(right)) => {
                let same = |(key, left)| {
                    right
                        .get(key)
                        .is_some_and(|right| self.same_histogram(left, right))
                };
                left.len() == right.len() && left.iter().all(same)
            }
            _ => left == right,
        }
    }

    fn same_value(self, left: &str, right: &str) -> bool {
        if left == right {
            return true;
        }
        let (Ok(left), Ok(right)) = (left.parse::<f64>(), right.parse::<f64>()) else {
            let [left, right] = [left, right].map(serde_json::from_str::<Value>);
            return matches!((left, right), (Ok(left), Ok(right)) if self.same_histogram(&left, &right));
        };
        if left == 0.0 && right == 0.0 {
            return !self.signed_zeros;
        }
        let scale = left.abs().max(right.abs());
        // The same number written otherwise is a difference too.
        left != right && scale.is_finite() && (left - right).abs() <= self.relative_max * scale
    }
}

/// The first difference in words, if there is one.
pub(super) fn difference(expected: &Answer, actual: &Answer, strictness: Strictness) -> Option<String> {
    match (expected, actual) {
        (Answer::Data(expected), Answer::Data(actual)) => data(expected, actual, strictness),
        (Answer::Data(_), Answer::Refused { .. }) => Some("only Weir refuses".to_owned()),
        (Answer::Refused { .. }, Answer::Data(_)) => Some("only Prometheus refuses".to_owned()),
        (
            Answer::Refused { status, kind, text },
            Answer::Refused {
                status: other_status,
                kind: other_kind,
                text: other_text,
            },
        ) => {
            let codes = (status, kind) != (other_status, other_kind);
            let exact = EXACT_ERRORS.iter().any(|exact| text.contains(exact));
            let texts = exact && without_pair(text) != without_pair(other_text);
            match (codes, texts) {
                (true, _) => Some("other codes".to_owned()),
                (_, true) => Some("other error text".to_owned()),
                _ => None,
            }
        }
    }
}

/// The text without the group and the two series that an ambiguous match names: 3.5 takes the first that it meets.
fn without_pair(text: &str) -> (&str, &str, &str) {
    let cut = |from: &str, to: &str| -> Option<(usize, usize)> {
        Some((text.find(from)? + from.len(), text.find(to)?))
    };
    let group = cut("the match group {", "} on the ");
    let pair = cut(" operation: [", "];many-to-many");
    match (group, pair) {
        (Some((group, after)), Some((pair, end))) => (&text[..group], &text[after..pair], &text[end..]),
        _ => (text, "", ""),
    }
}

/// Wording that differs where it may: errors, warnings, infos.
pub(super) fn wording(expected: &Answer, actual: &Answer) -> Option<(String, String)> {
    match (expected, actual) {
        (Answer::Data(expected), Answer::Data(actual)) => {
            let all = |data: &Data| -> BTreeSet<String> {
                data.warnings.iter().chain(&data.infos).cloned().collect()
            };
            let (expected, actual) = (all(expected), all(actual));
            (expected != actual).then(|| (format!("{expected:?}"), format!("{actual:?}")))
        }
        (Answer::Refused { text, .. }, Answer::Refused { text: other, .. }) => {
            (text != other).then(|| (text.clone(), other.clone()))
        }
        _ => None,
    }
}

fn data(expected: &Data, actual: &Data, strictness: Strictness) -> Option<String> {
    if expected.kind != actual.kind {
        return Some(format!("result type {}, not {}", actual.kind, expected.kind));
    }
    for (name, expected, actual) in [
        ("warnings", &expected.warnings, &actual.warnings),
        ("infos", &expected.infos, &actual.infos),
    ] {
        if expected.is_empty() != actual.is_empty() {
            return Some(format!("{name}: expected {expected:?}, got {actual:?}"));
        }
    }
    if expected.series.len() != actual.series.len() {
        let (expected, actual) = (expected.series.len(), actual.series.len());
        return Some(format!("{actual} rows, not {expected}"));
    }
    let (expected, actual) = match strictness.order {
        Order::ByValues => return sorted(&expected.series, &actual.series, strictness),
        Order::Exact => (expected.series.iter().collect(), actual.series.iter().collect()),
        Order::None => (in_order(expected), in_order(actual)),
    };
    let mut pairs = expected.into_iter().zip(actual);
    pairs.find_map(|(expected, actual)| row(expected, actual, strictness))
}

/// Rows as they came where their order is defined: in a matrix and in a list of texts.
fn in_order(data: &Data) -> Vec<&Series> {
    let mut rows: Vec<&Series> = data.series.iter().collect();
    if data.kind == "vector" || data.kind == "list" && rows.iter().all(|row| row.points.is_empty()) {
        rows.sort_by(|a, b| a.labels.cmp(&b.labels));
    }
    rows
}

fn row(expected: &Series, actual: &Series, strictness: Strictness) -> Option<String> {
    if expected.labels != actual.labels {
        return Some(format!("labels {:?}, not {:?}", actual.labels, expected.labels));
    }
    let labels = &expected.labels;
    if let Some(point) = points(&expected.points, &actual.points, strictness) {
        return Some(format!("{labels:?}: {point}"));
    }
    None
}

fn points(expected: &[Point], actual: &[Point], strictness: Strictness) -> Option<String> {
    for (expected, actual) in expected.iter().zip(actual) {
        if expected.time != actual.time {
            return Some(format!("a point at {}, not {}", actual.time, expected.time));
        }
        if !strictness.same_value(&expected.value, &actual.value) {
            let (right, wrong, time) = (&expected.value, &actual.value, &expected.time);
            return Some(format!("{wrong}, not {right}, at {time}"));
        }
    }
    let (expected, actual) = (expected.len(), actual.len());
    (expected != actual).then(|| format!("{actual} points, not {expected}"))
}

/// Rows in order of their values; where values are equal any order is right.
fn sorted(expected: &[Series], actual: &[Series], strictness: Strictness) -> Option<String> {
    let mut rest: Vec<&Series> = actual.iter().collect();
    for (number, row) in expected.iter().enumerate() {
        if let Some(point) = points(&row.points, &actual[number].points, strictness) {
            return Some(format!("row {number}: {point}"));
        }
        let found = rest.iter().position(|other| {
            other.labels == row.labels && points(&row.points, &other.points, strictness).is_none()
        });
        match found {
            Some(at) => drop(rest.swap_remove(at)),
            None => return Some(format!("no row {:?}", row.labels)),
        }
    }
    None
}
